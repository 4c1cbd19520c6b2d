import { hashAfter, NO_HASH, signedPartOf, type AuditRecord, type ChainHead, type PartitionHead } from './audit-chain';
import { canonicalJson } from './canonical-json';
import { digestOf } from './identifiers';

/**
 * Judges the topic `audit` record by record (guarantees.md I9): partitions in any order, the records of each in theirs. What was changed,
 * dropped, put in or moved shows; what was cut off the end shows against a head from outside, or one that another chain signed.
 */
export interface PlacedAuditRecord {
  partition: number;
  offset: number;
  /** As parsed from the record's value; undefined: no JSON. */
  record: unknown;
}

export interface AuditFinding {
  fault:
    | 'unreadable'
    | 'changed'
    | 'signature-invalid'
    | 'start-missing'
    | 'record-missing'
    | 'out-of-order'
    | 'not-linked'
    | 'after-stop'
    | 'end-unsigned'
    | 'head-missing'
    | 'partition-cut';
  chain: string;
  n: number;
  /** `partition-offset`, where there is a record. */
  at?: string;
}

export interface AuditReport {
  records: number;
  chains: number;
  signatures: number;
  /** Records that stand there again after a doubtful append: no fault. */
  repeats: number;
  findings: AuditFinding[];
  /** The last place of each chain: to be copied elsewhere. */
  heads: ChainHead[];
}

export interface AuditExpectations {
  /** Whether the record's signature is of a key of ours. */
  verifies(signature: string, signedPart: string): boolean;
  /** Heads kept elsewhere: each must stand in its chain. */
  heads?: readonly ChainHead[];
  /** Retention has removed the beginning: chains may begin later than with 0. */
  isTrimmed?: boolean;
  /** Not all records are given: chains may begin later, and what they say of records that are not there is left out. */
  isPart?: boolean;
}

/** An append that may be repeated has so many records at most, so a repeat is never further back. */
const REPEAT_WITHIN = 200;

interface Chain {
  n: number;
  hash: string;
  isSigned: boolean;
  isStopped: boolean;
  /** Hashes of the last records, by place. */
  recent: Map<number, string>;
}

export class AuditVerifier {
  private readonly expected: AuditExpectations;
  private readonly wanted = new Map<string, ChainHead>();
  private readonly chains = new Map<string, Chain>();
  private readonly findings: AuditFinding[] = [];
  /** SHA-256 of each record's value, by `partition-offset`; and what chains say of them. */
  private readonly digests = new Map<string, string>();
  private readonly firstOffsets = new Map<number, number>();
  private readonly claims: { finding: AuditFinding; partition: number; offset: number; digest: string }[] = [];
  private readonly count = { records: 0, signatures: 0, repeats: 0 };

  constructor(expected: AuditExpectations) {
    this.expected = expected;
    for (const head of expected.heads ?? []) this.wanted.set(`${head.chain} ${head.n}`, head);
  }

  add({ partition, offset, record }: PlacedAuditRecord): void {
    this.count.records++;
    const at = `${partition}-${offset}`;
    if (!isRecord(record)) {
      this.findings.push({ fault: 'unreadable', chain: '', n: -1, at });
      return;
    }
    this.digests.set(at, digestOf(canonicalJson(record)));
    this.firstOffsets.set(partition, Math.min(offset, this.firstOffsets.get(partition) ?? offset));
    this.claim(record, at);
    const { chain: name, n, hash, previous, signature } = record;
    const find = (fault: AuditFinding['fault']) => void this.findings.push({ fault, chain: name, n, at });
    const { previous: _previous, hash: _hash, signature: _signature, ...entry } = record;
    if (hashAfter(previous, entry) !== hash) find('changed');
    if (signature !== undefined) {
      this.count.signatures++;
      if (!this.expected.verifies(signature, signedPartOf(record))) find('signature-invalid');
    }
    const head = this.wanted.get(`${name} ${n}`);
    if (head?.hash === hash) this.wanted.delete(`${name} ${n}`);
    const chain = this.chains.get(name);
    if (chain === undefined) {
      const begins = n === 0 && previous === NO_HASH;
      if (!begins && this.expected.isTrimmed !== true && this.expected.isPart !== true) find('start-missing');
    } else if (n <= chain.n) {
      if (chain.recent.get(n) === hash) this.count.repeats++;
      else find('out-of-order');
      return;
    } else if (n > chain.n + 1) find('record-missing');
    else if (previous !== chain.hash) find('not-linked');
    if (chain?.isStopped === true) find('after-stop');
    const recent = chain?.recent ?? new Map<number, string>();
    recent.set(n, hash);
    recent.delete(n - REPEAT_WITHIN);
    this.chains.set(name, { n, hash, isSigned: signature !== undefined, isStopped: record.action === 'process.stop', recent });
  }

  private claim({ chain, n, detail }: AuditRecord, at: string): void {
    const heads = detail?.['audit'];
    if (!Array.isArray(heads)) return;
    for (const { partition, end, digest } of heads as PartitionHead[])
      if (digest !== undefined) this.claims.push({ finding: { fault: 'partition-cut', chain, n, at }, partition, offset: end - 1, digest });
  }

  /** What a chain names as the last record of a partition must still stand there, unless retention has come so far. */
  private cutPartitions(): AuditFinding[] {
    const isGone = ({ partition, offset }: { partition: number; offset: number }): boolean =>
      (this.expected.isTrimmed === true && offset < (this.firstOffsets.get(partition) ?? Infinity)) ||
      (this.expected.isPart === true && !this.digests.has(`${partition}-${offset}`));
    return this.claims
      .filter((claim) => !isGone(claim) && this.digests.get(`${claim.partition}-${claim.offset}`) !== claim.digest)
      .map(({ finding }) => finding);
  }

  /** After the last record. */
  report(): AuditReport {
    const ends = [...this.chains].filter(([, { isSigned }]) => !isSigned);
    const findings = [
      ...this.findings,
      ...ends.map(([chain, { n }]): AuditFinding => ({ fault: 'end-unsigned', chain, n })),
      ...this.cutPartitions(),
      ...[...this.wanted.values()].map(({ chain, n }): AuditFinding => ({ fault: 'head-missing', chain, n })),
    ];
    const heads = [...this.chains].map(([chain, { n, hash }]) => ({ chain, n, hash }));
    return { ...this.count, chains: heads.length, findings, heads };
  }
}

function isRecord(value: unknown): value is AuditRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { chain, n, previous, hash, signature } = value as Partial<Record<keyof AuditRecord, unknown>>;
  return (
    typeof chain === 'string' &&
    Number.isSafeInteger(n) &&
    typeof hash === 'string' &&
    typeof previous === 'string' &&
    /^[0-9a-f]{64}$/.test(previous) &&
    (signature === undefined || typeof signature === 'string')
  );
}
