import type { Issue } from './exchange';
import type { MessageLog } from './ports/message-log';

/**
 * Issued is issued: what stands in a partition of `clearances` from a position on, read forward only as far as the fold needs it, so
 * that a rebuild of a million dossiers holds a few thousand records at a time.
 */
const CHUNK_RECORDS = 5_000;

interface Issued {
  value: string;
  offset: number;
  basis: number;
}

export class IssuedClearances {
  private readonly log: MessageLog;
  private readonly partition: number;
  /** Read and not yet taken, in the order of the log. */
  private readonly waiting = new Map<string, Issued>();
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
    while (this.cursor < this.endAtStart && this.basisRead <= basisOffset) await this.readChunk(Math.min(this.cursor + CHUNK_RECORDS, this.endAtStart));
  }

  /** What was issued under an id (clearanceId, or that of a rejection), once. */
  take(id: string): string | undefined {
    const issued = this.waiting.get(id);
    this.waiting.delete(id);
    return issued?.value;
  }

  /** Where a later owner has to read from, when everything up to `basisOffset` is folded: what waits longer was void or differs. */
  positionAfter(basisOffset: number): number {
    for (const [id, issued] of this.waiting) {
      if (issued.basis > basisOffset) return issued.offset;
      this.waiting.delete(id);
    }
    return this.cursor < this.endAtStart ? this.cursor : this.expected;
  }

  /**
   * After an append: `ours` are the offsets that our records of `clearances` got. Reads what other owners wrote in between; where that
   * has the same id the earlier record stands and `issuing` is corrected. Returns how many of ours are void.
   */
  async settle(ours: number[], issuing: Issue[]): Promise<number> {
    if (ours.length === 0) return 0;
    const last = Math.max(...ours);
    let voided = 0;
    if (last + 1 - this.expected > ours.length) {
      const mine = new Set(ours);
      const byId = new Map(issuing.map((issue) => [issue.id, issue]));
      await this.log.read('clearances', [{ partition: this.partition, from: this.expected, to: last }], (batch) => {
        for (const record of batch.records) {
          const issue = mine.has(record.offset) ? undefined : byId.get(record.headers['ce_id'] ?? '');
          if (issue === undefined) continue;
          voided++;
          issue.value = record.value.toString();
        }
      });
    }
    this.expected = last + 1;
    return voided;
  }

  private async readChunk(to: number): Promise<void> {
    await this.log.read('clearances', [{ partition: this.partition, from: this.cursor, to }], (batch) => {
      for (const record of batch.records) {
        const id = record.headers['ce_id'];
        const value = record.value.toString();
        const basis = basisOffsetOf(value);
        // The first record of an id is that version; a later different one is void.
        if (id !== undefined && !this.waiting.has(id)) this.waiting.set(id, { value, offset: record.offset, basis });
        this.basisRead = Math.max(this.basisRead, basis);
      }
    });
    this.cursor = to;
  }
}

function basisOffsetOf(value: string): number {
  try {
    return (JSON.parse(value) as { basis?: { offset?: number } }).basis?.offset ?? -1;
  } catch {
    return -1;
  }
}
