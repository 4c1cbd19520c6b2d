import { canonicalJson } from './canonical-json';
import { digestOf } from './identifiers';

/**
 * The audit chain (guarantees.md §5 "Evidence"): each process chains its own entries, h(n) = SHA-256(h(n−1) ‖ canonical JSON of entry n),
 * so that an entry cannot be changed, dropped, put in or moved without every later hash showing it. What a chain cannot show of itself,
 * that its end is missing, shows against signed heads: those that other chains hold, and one that was copied elsewhere.
 */

/** Who acted. Names are those of credentials, never of persons declared. */
export interface AuditActor {
  role: 'agent' | 'agency' | 'operator' | 'auditor' | 'gateway';
  /** Of the credential. */
  name: string;
  tenant?: string;
  agency?: string;
}

/**
 * What was done. Operators' actions are `operator.<verb>`. Entries say what is about to be done: they are durable before it is, so that one
 * whose action then failed may stand there, and never an action without its entry.
 */
export type AuditAction =
  | 'process.start'
  | 'process.head'
  | 'process.stop'
  | 'access.signed-in'
  | 'access.refused'
  | 'task.read'
  | 'decision.submit'
  | 'evidence.read'
  | 'evidence.raw'
  | 'audit.read'
  | `operator.${string}`;

export interface AuditEntry {
  action: AuditAction;
  by: AuditActor;
  /** What it was done to: ids only. */
  subject?: Readonly<Record<string, string>>;
  /** What else is worth knowing; small, JSON, no personal values (those only as keyed HMAC). */
  detail?: Readonly<Record<string, unknown>>;
}

/** An entry in its place, as it stands in the topic `audit` (as canonical JSON). */
export interface AuditRecord extends AuditEntry {
  /** Random, of one process from its start to its end. */
  chain: string;
  /** From 0, without a gap. */
  n: number;
  /** ISO 8601 UTC, of the process's clock. */
  at: string;
  /** Hash of entry n − 1; of the first one 64 zeros. */
  previous: string;
  hash: string;
  /** Detached JWS over the canonical JSON of the record without it; the last record of each append has one. */
  signature?: string;
}

/** A place in a chain: what is copied elsewhere, and compared with. */
export interface ChainHead {
  chain: string;
  n: number;
  hash: string;
}

/** The last record of a partition at some time: its offset + 1, and the SHA-256 of its value (none in an empty partition). */
export interface PartitionHead {
  partition: number;
  end: number;
  digest?: string;
}

/** What `process.start`, `process.head` and `process.stop` say of the log. */
export interface LogHeads {
  dossiers: PartitionHead[];
  audit: PartitionHead[];
}

export const NO_HASH = '0'.repeat(64);

/** Puts an entry after a head; undefined: first of the chain. */
export function chained(entry: AuditEntry, chain: string, at: string, after: ChainHead | undefined): AuditRecord {
  const { action, by, subject, detail } = entry;
  const unhashed = {
    chain,
    n: after === undefined ? 0 : after.n + 1,
    at,
    action,
    by,
    ...(subject === undefined ? {} : { subject }),
    ...(detail === undefined ? {} : { detail }),
  };
  const previous = after?.hash ?? NO_HASH;
  return { ...unhashed, previous, hash: hashAfter(previous, unhashed) };
}

/** h(n) = SHA-256(h(n−1) ‖ entry): 32 bytes, then the UTF-8 of the canonical JSON. */
export function hashAfter(previous: string, entry: unknown): string {
  return digestOf(Buffer.concat([Buffer.from(previous, 'hex'), Buffer.from(canonicalJson(entry))]));
}

/** What the signature of a record is over. */
export function signedPartOf(record: AuditRecord): string {
  const { signature: _signature, ...signed } = record;
  return canonicalJson(signed);
}
