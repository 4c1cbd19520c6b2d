import type { LogRecord } from '../../ports/message-log';

/** Bytes that the tails of all partitions may hold together. */
export interface TailBudget {
  bytesLeft: number;
}

/**
 * The last records of a partition, as far as its readers have yet to read them: what was appended a moment ago is not read from disk.
 * Consecutive up to the end of the partition, or empty.
 */
export class Tail {
  readonly #budget: TailBudget;
  #pieces: { records: readonly LogRecord[]; bytes: number }[] = [];

  constructor(budget: TailBudget) {
    this.#budget = budget;
  }

  /** Offset of the first record held; undefined when there is none. */
  get start(): number | undefined {
    return this.#pieces[0]?.records[0]?.offset;
  }

  /** Takes what now ends the partition, at least one record. Where there is no room it lets everything go: readers find it on disk. */
  push(records: readonly LogRecord[], bytes: number): void {
    const last = this.#pieces.at(-1)?.records.at(-1);
    const isConsecutive = last === undefined || last.offset + 1 === records[0]?.offset;
    if (!isConsecutive || bytes > this.#budget.bytesLeft) this.forgetBefore(Infinity);
    if (bytes > this.#budget.bytesLeft) return;
    this.#budget.bytesLeft -= bytes;
    this.#pieces.push({ records, bytes });
  }

  /** Records from an offset that is held on, before `to`, at most `limit` and about `maxBytes`. */
  read(from: number, to: number, limit: number, maxBytes: number): LogRecord[] {
    const found: LogRecord[] = [];
    let bytes = 0;
    for (const piece of this.#pieces) {
      if ((piece.records.at(-1)?.offset ?? -1) < from) continue;
      for (const record of piece.records) {
        if (record.offset < from) continue;
        if (record.offset >= to || found.length === limit || bytes >= maxBytes) return found;
        found.push(record);
        bytes += record.value.length;
      }
    }
    return found;
  }

  /** Lets go what nobody needs before an offset. */
  forgetBefore(offset: number): void {
    let count = 0;
    for (const { records, bytes } of this.#pieces) {
      if ((records.at(-1)?.offset ?? -1) >= offset) break;
      this.#budget.bytesLeft += bytes;
      count++;
    }
    if (count > 0) this.#pieces = this.#pieces.slice(count);
  }
}
