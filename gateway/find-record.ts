import type { LogRecord, MessageLog } from './ports/message-log';

/**
 * Finds records of a partition by identity (`ce_id`) and time (`ce_time`) where nobody has kept their offset. Topics are nearly in the
 * order of their times: a request takes its stamp a moment before it is appended, and processes' clocks differ a little. So the time is
 * looked for by halving, then a little around it is read, then more.
 *
 * Costs two halvings of the partition (about 20 reads of one record each in a million) and the records within 2 s of the time; within
 * 15 s and 2 min only where it is not found there. Holds one batch at a time, and what it has found.
 */
export interface WantedRecord {
  topic: string;
  partition: number;
  /** `ce_id`. */
  id: string;
  /** Of its `ce_time`. */
  atMs: number;
}

const WINDOWS_MS = [2_000, 15_000, 120_000];
/** Records that are looked at in all, found or not. */
const MAX_SCANNED = 200_000;

/** All records of that identity: an append that was in doubt was made twice. @throws LogUnavailable */
export async function findRecords(log: MessageLog, { topic, partition, id, atMs }: WantedRecord): Promise<LogRecord[]> {
  const bounds = (await log.offsets(topic)).find((entry) => entry.partition === partition);
  if (bounds === undefined) return [];
  const seen = new Map<number, number>();
  const found: LogRecord[] = [];
  let scanned: { from: number; to: number } | undefined;
  let left = MAX_SCANNED;
  for (const windowMs of WINDOWS_MS) {
    const from = await firstAt(log, topic, partition, bounds, atMs - windowMs, seen);
    const to = await firstAt(log, topic, partition, bounds, atMs + windowMs + 1, seen);
    for (const range of scanned === undefined ? [{ from, to }] : beside(scanned, { from, to })) {
      const until = Math.min(range.to, range.from + left);
      left -= Math.max(0, until - range.from);
      if (range.from >= until) continue;
      await log.read(topic, [{ partition, from: range.from, to: until }], ({ records }) => {
        for (const record of records) if (record.headers['ce_id'] === id) found.push(record);
      });
    }
    if (found.length > 0) break;
    scanned = scanned === undefined ? { from, to } : { from: Math.min(from, scanned.from), to: Math.max(to, scanned.to) };
  }
  return found;
}

/** What a wider range has beside one that was read. */
function beside(read: { from: number; to: number }, wider: { from: number; to: number }): { from: number; to: number }[] {
  return [
    { from: wider.from, to: Math.min(read.from, wider.to) },
    { from: Math.max(read.to, wider.from), to: wider.to },
  ];
}

/** The first offset whose record has a time of `ms` or later, as if the times were in order; the end where there is none. */
async function firstAt(
  log: MessageLog,
  topic: string,
  partition: number,
  { start, end }: { start: number; end: number },
  ms: number,
  seen: Map<number, number>,
): Promise<number> {
  let low = start;
  let high = end;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const at = seen.get(middle) ?? (await timeAt(log, topic, partition, middle, high));
    seen.set(middle, at);
    if (at < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Time of the first record from an offset on: a compacted topic has holes. Infinity where there is none before `end`. */
async function timeAt(log: MessageLog, topic: string, partition: number, offset: number, end: number): Promise<number> {
  for (let from = offset, size = 1; from < end; from += size, size *= 8) {
    let at: number | undefined;
    await log.read(topic, [{ partition, from, to: Math.min(from + size, end) }], ({ records }) => {
      for (const { headers, timestampMs } of records) at ??= timeOf(headers['ce_time']) ?? timestampMs;
    });
    if (at !== undefined) return at;
  }
  return Infinity;
}

function timeOf(text: string | undefined): number | undefined {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}
