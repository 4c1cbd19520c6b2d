import type { LogRecord, MessageLog } from './ports/message-log';

/**
 * Issued is issued: what stands in a partition of `clearances` from a position on, read forward only as far as the fold needs it, so
 * that a rebuild of a million dossiers holds a few thousand records at a time.
 */
const CHUNK_RECORDS = 5_000;

/** On a record that was copied from another prefix: where the record that it was issued for is here; its bytes name the place there. */
export const BASIS_OFFSET_HEADER = 'basis_offset';

/** Something issued in `clearances`: now, or before (then `value` is what was issued). */
export interface Issue {
  kind: 'clearance' | 'rejection';
  id: string;
  dossierId: string;
  version: number;
  value: Buffer;
}

interface Issued {
  value: Buffer;
  offset: number;
  /** Offset in `dossiers` of the record that it was issued for. */
  basis: number;
}

export class IssuedClearances {
  private readonly log: MessageLog;
  private readonly partition: number;
  /** Read and not yet taken. */
  private readonly waiting = new Map<string, Issued>();
  /** Ids by the record that they were issued for. */
  private readonly byBasis = new Map<number, string[]>();
  /** Offset of the next record to read of those that were there at the take-over. */
  private cursor: number;
  /** Offset after the last record that was there at the take-over. */
  private readonly endAtStart: number;
  /** Offset that our next record should get. */
  private expected: number;
  /** Highest basis offset read so far: issued records stand in the order of what they folded. */
  private basisRead = -1;

  private constructor(log: MessageLog, partition: number, from: number, end: number) {
    this.log = log;
    this.partition = partition;
    this.cursor = from;
    this.endAtStart = end;
    this.expected = end;
  }

  static async open(log: MessageLog, partition: number, from: number): Promise<IssuedClearances> {
    const offsets = (await log.offsets('clearances')).find((entry) => entry.partition === partition);
    const end = offsets?.end ?? 0;
    return new IssuedClearances(log, partition, Math.min(Math.max(from, offsets?.start ?? 0), end), end);
  }

  /** Reads until everything that was issued for records up to `basisOffset` is known. */
  async readTo(basisOffset: number): Promise<void> {
    while (this.cursor < this.endAtStart && this.basisRead <= basisOffset) {
      const to = Math.min(this.cursor + CHUNK_RECORDS, this.endAtStart);
      await this.log.read('clearances', [{ partition: this.partition, from: this.cursor, to }], (batch) => {
        for (const record of batch.records) {
          this.basisRead = Math.max(this.basisRead, this.keep(record));
        }
      });
      this.cursor = to;
    }
  }

  /** What was issued under an id (clearanceId, or that of a rejection), once. */
  take(id: string): Buffer | undefined {
    const issued = this.waiting.get(id);
    this.waiting.delete(id);
    return issued?.value;
  }

  /** What was issued for a record and not yet taken, in the order of the log; it stays until it is taken. */
  issuedFor(basisOffset: number): Buffer[] {
    return (this.byBasis.get(basisOffset) ?? []).flatMap((id) => this.waiting.get(id)?.value ?? []);
  }

  /** Whether this one, and nothing else, was issued for a record and not yet taken. */
  holdsOnly(id: string, basisOffset: number): boolean {
    const ids = this.byBasis.get(basisOffset);
    return ids?.length === 1 && ids[0] === id && this.waiting.has(id);
  }

  /** Where a later owner has to read from, when everything up to `basisOffset` is folded: what waits longer was void. */
  positionAfter(basisOffset: number): number {
    let position = this.cursor < this.endAtStart ? this.cursor : this.expected;
    for (const [id, issued] of this.waiting) {
      if (issued.basis > basisOffset) position = Math.min(position, issued.offset);
      else this.waiting.delete(id);
    }
    for (const basis of this.byBasis.keys()) if (basis <= basisOffset) this.byBasis.delete(basis);
    return position;
  }

  /**
   * After an append: `ours` says where our records of `clearances` went. Reads what other owners wrote in between: where that has the
   * same id and came first it stands and `issuing` is corrected; what it says of records that we have yet to fold is kept for `take`.
   * Returns how many of ours are void.
   */
  async settle(ours: readonly { id: string; offset: number }[], issuing: readonly Issue[]): Promise<number> {
    if (ours.length === 0) return 0;
    const last = Math.max(...ours.map(({ offset }) => offset));
    let voided = 0;
    if (last + 1 - this.expected > ours.length) {
      const oursAt = new Map(ours.map(({ id, offset }) => [id, offset]));
      const offsets = new Set(oursAt.values());
      const byId = new Map(issuing.map((issue) => [issue.id, issue]));
      await this.log.read('clearances', [{ partition: this.partition, from: this.expected, to: last }], (batch) => {
        for (const record of batch.records) {
          if (offsets.has(record.offset)) continue;
          const id = record.headers['ce_id'] ?? '';
          const at = oursAt.get(id);
          const issue = byId.get(id);
          if (issue === undefined) this.keep(record);
          else if (at !== undefined && record.offset < at) {
            oursAt.delete(id);
            voided++;
            issue.value = record.value;
          }
        }
      });
    }
    this.expected = last + 1;
    return voided;
  }

  /** Keeps what was issued until its record is folded. The first record of an id is that version; a later different one is void. */
  private keep(record: LogRecord): number {
    const { offset, headers, value } = record;
    const id = headers['ce_id'];
    const moved = headers[BASIS_OFFSET_HEADER];
    const basis = moved === undefined ? basisOffsetOf(value) : Number(moved);
    if (id === undefined || this.waiting.has(id)) return basis;
    this.waiting.set(id, { value, offset, basis });
    const ids = this.byBasis.get(basis);
    if (ids === undefined) this.byBasis.set(basis, [id]);
    else ids.push(id);
    return basis;
  }
}

/** The ce_id of a rejection in `clearances`: a declaration may be rejected more than once. */
export function rejectionIdOf(declarationId: string, basisOffset: number): string {
  return `${declarationId}-rejected-${basisOffset}`;
}

const BASIS_OFFSET = Buffer.from('"basis":{"offset":');

/** Canonical JSON of ours has it as text: within a string its quotes would be escaped, and no other member is called so. */
function basisOffsetOf(value: Buffer): number {
  const at = value.indexOf(BASIS_OFFSET);
  if (at >= 0) return parseInt(value.toString('latin1', at + BASIS_OFFSET.length, at + BASIS_OFFSET.length + 16), 10);
  try {
    return (JSON.parse(value.toString()) as { basis?: { offset?: number } }).basis?.offset ?? -1;
  } catch {
    return -1;
  }
}
