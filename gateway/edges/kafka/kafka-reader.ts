import { setTimeout as sleep } from 'node:timers/promises';
import { LogUnavailable } from '../../core/exchange-error';
import type { LogBatch, ReadRange } from '../../ports/message-log';
import { answerOf, describe, refusalOf, unavailable, within } from './kafka-faults';
import type { FetchedRecords } from './kafka-fetch';

/**
 * Reading outside any group: ranges, and where partitions start and end. One source, replaced after any error. The same with every client
 * library.
 */
export interface KafkaReader {
  read(topic: string, ranges: ReadRange[], onBatch: (batch: LogBatch) => Promise<void> | void): Promise<void>;
  offsets(topic: string): Promise<{ partition: number; start: number; end: number }[]>;
  close(): Promise<void>;
}

/** What a reader asks of a client library: one lives from its first request to the first error. Topics are named with their prefix. */
export interface RecordSource {
  bounds(topicName: string): Promise<{ partition: number; start: number; end: number }[]>;
  /** One fetch from each leader. */
  fetch(topicName: string, wanted: { partition: number; offset: number }[]): Promise<FetchedRecords[]>;
  /** Destroys its connections; what is pending rejects. */
  discard(): void;
}

export interface ReaderOptions {
  topicPrefix: string;
  onWarning?(message: string, context: Record<string, unknown>): void;
  /** A new source, not connected yet. */
  openSource(): RecordSource;
}

/** offsets() is asked before answering a client (503 `not-yet`), so it must not hang. */
const OFFSETS_WITHIN_MS = 4_000;
/** A read gives up after this many failures without one record between them: about 6 s. */
const MAX_FAILURES = 6;
const FIRST_PAUSE_MS = 100;

export function openKafkaReader(options: ReaderOptions): KafkaReader {
  let current: RecordSource | undefined;
  let closed = false;

  function source(): RecordSource {
    if (closed) throw new LogUnavailable('the log is closed');
    return (current ??= options.openSource());
  }

  function discard(failed = current): void {
    if (!current || current !== failed) return;
    current = undefined;
    failed.discard();
  }

  const boundsOf = async (topic: string): Promise<{ partition: number; start: number; end: number }[]> =>
    (await source().bounds(options.topicPrefix + topic)).sort((a, b) => a.partition - b.partition);

  async function offsets(topic: string, withinMs = OFFSETS_WITHIN_MS): Promise<{ partition: number; start: number; end: number }[]> {
    const untilMs = performance.now() + withinMs;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= 2) {
      try {
        const left = Math.max(1, untilMs - performance.now());
        return await within(boundsOf(topic), left, () => new LogUnavailable(`the offsets of ${topic} were not answered in time`));
      } catch (cause) {
        discard();
        if (closed || refusalOf(cause) !== undefined || performance.now() + pauseMs >= untilMs)
          throw unavailable(`the offsets of ${topic} cannot be read`, cause);
        await sleep(pauseMs);
      }
    }
  }

  async function read(topic: string, ranges: ReadRange[], onBatch: (batch: LogBatch) => Promise<void> | void): Promise<void> {
    const name = options.topicPrefix + topic;
    const bounds = new Map((await offsets(topic)).map((bound) => [bound.partition, bound]));
    const open = new Map<number, { next: number; to: number }>();
    for (const range of ranges) {
      const bound = bounds.get(range.partition);
      if (!bound) throw new LogUnavailable(`${topic} has no partition ${range.partition}`);
      const next = Math.max(range.from, bound.start);
      const to = Math.min(range.to, bound.end);
      if (next < to) open.set(range.partition, { next, to });
    }
    let failures = 0;
    while (open.size > 0) {
      let from: RecordSource | undefined;
      let fetched: LogBatch[];
      try {
        from = source();
        fetched = await fetchOnce(from, topic, name, open);
        failures = 0;
      } catch (cause) {
        discard(from);
        if (closed || refusalOf(cause) !== undefined || ++failures >= MAX_FAILURES) throw unavailable(`${topic} cannot be read`, cause);
        options.onWarning?.('reading is tried again', { topic, reason: describe(cause), attempt: failures });
        await sleep(FIRST_PAUSE_MS * 2 ** (failures - 1));
        // Retention may have deleted the start meanwhile; the end can only have grown.
        if (answerOf(cause) === 'OFFSET_OUT_OF_RANGE') await skipDeleted(topic, open);
        continue;
      }
      for (const batch of fetched) if (batch.records.length > 0) await onBatch(batch);
    }
  }

  async function skipDeleted(topic: string, open: Map<number, { next: number; to: number }>): Promise<void> {
    for (const { partition, start, end } of await offsets(topic)) {
      const range = open.get(partition);
      if (!range) continue;
      range.next = Math.max(range.next, start);
      range.to = Math.min(range.to, end);
      if (range.next >= range.to) open.delete(partition);
    }
  }

  /** One fetch from each leader; moves the ranges on and closes those that are finished. */
  async function fetchOnce(
    from: RecordSource,
    topic: string,
    name: string,
    open: Map<number, { next: number; to: number }>,
  ): Promise<LogBatch[]> {
    const wanted = [...open].map(([partition, { next }]) => ({ partition, offset: next }));
    const batches: LogBatch[] = [];
    for (const { partition, records, lastOffset, highWatermark } of await from.fetch(name, wanted)) {
      const range = open.get(partition);
      if (!range) continue;
      const { to } = range;
      batches.push({ topic, partition, records: records.filter(({ offset }) => offset < to), endOffset: highWatermark });
      // By what came: what is left out (markers of transactions) counts as read.
      range.next = Math.max(range.next, lastOffset + 1);
      if (range.next >= to) open.delete(partition);
    }
    return batches;
  }

  return {
    read,
    offsets: (topic) => offsets(topic),
    close: () => {
      closed = true;
      discard();
      return Promise.resolve();
    },
  };
}
