import type { Database, RootDatabase } from 'lmdb';
import { LogOutcomeUnknown, LogUnavailable, RecordTooLarge } from '../../core/exchange-error';
import type { AppendedPosition, LogRecord, OutgoingRecord, TopicSpec } from '../../ports/message-log';
import { decodeRecord, encodeRecord, timestampOf } from './record-bytes';

/**
 * Topics, partitions, records and committed offsets in lmdb. One writer at a time, group commit: everything that arrives while
 * a transaction is being flushed joins the next one. Knows nothing of consumers but whom to wake.
 */
export interface StoredPartition {
  readonly topic: string;
  readonly partition: number;
  /** Number of the partition in keys. */
  readonly id: number;
  /** First offset kept. */
  start: number;
  /** Offset after the last record that is on disk: what may be read. */
  end: number;
  /** Called when `end` or `start` has moved. */
  readonly listeners: Set<() => void>;
}

interface StoredTopic {
  name: string;
  maxRecordBytes: number;
  retentionMs: number;
  partitions: WritablePartition[];
}

interface WritablePartition extends StoredPartition {
  /** Offset of the next record: ahead of `end` while a flush is under way. */
  next: number;
  lastTimestampMs: number;
}

interface TopicRow {
  ids: number[];
  maxRecordBytes: number;
  retentionMs: number;
}

interface PendingAppend {
  records: OutgoingRecord[];
  partitions: WritablePartition[];
  bytes: number;
  resolve(positions: AppendedPosition[]): void;
  reject(error: Error): void;
}

/** Contract: bodies and records up to 8 MiB, topics sized for 16 MiB. */
const DEFAULT_MAX_RECORD_BYTES = 16 * 1024 * 1024;
const KEEP_FOR_EVER = -1;
const MAX_COMMIT_BYTES = 16 * 1024 * 1024;
/** Back-pressure: more than this waiting, and append says so. */
const MAX_QUEUED_BYTES = 96 * 1024 * 1024;
/** lmdb never tells that a flush has failed. */
const FLUSH_WITHIN_MS = 10_000;
const KEY_BYTES = 10;
const MAX_OFFSET = 2 ** 48 - 1;
const TRIM_AT_ONCE = 5_000;
const RECORDS = 'message-log';
const FACTS = 'message-log-facts';

const storages = new WeakMap<RootDatabase, LogStorage>();

/** The storage of an environment: one, however many logs are opened on it. */
export function storageOf(environment: RootDatabase, nowMs: () => number): LogStorage {
  let storage = storages.get(environment);
  if (!storage) storages.set(environment, (storage = new LogStorage(environment, nowMs)));
  return storage;
}

export class LogStorage {
  readonly #records: Database<Buffer, Buffer>;
  readonly #facts: Database<unknown, string[]>;
  readonly #nowMs: () => number;
  readonly #topics = new Map<string, StoredTopic>();
  readonly #groups = new Map<string, number>();
  #nextId: number;
  #queue: PendingAppend[] = [];
  #queuedBytes = 0;
  #running: Promise<void> | undefined;

  constructor(environment: RootDatabase, nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#records = environment.openDB<Buffer, Buffer>(RECORDS, { encoding: 'binary', keyEncoding: 'binary' });
    this.#facts = environment.openDB<unknown, string[]>(FACTS, { encoding: 'json' });
    this.#nextId = 1;
    for (const { key, value } of this.#facts.getRange({ start: ['topic'], end: ['topic~'] })) {
      const name = key[1] ?? '';
      const row = value as TopicRow;
      this.#topics.set(name, this.#topicOf(name, row));
      for (const id of row.ids) this.#nextId = Math.max(this.#nextId, id + 1);
    }
    for (const { key, value } of this.#facts.getRange({ start: ['group'], end: ['group~'] })) {
      this.#groups.set(key.slice(1).join(' '), value as number);
    }
  }

  topics(): { name: string; partitions: number }[] {
    return [...this.#topics.values()].map(({ name, partitions }) => ({ name, partitions: partitions.length }));
  }

  partitions(topic: string): readonly StoredPartition[] | undefined {
    return this.#topics.get(topic)?.partitions;
  }

  /** False when the topic is there already. Resolves once it is on disk. */
  async createTopic(name: string, spec: TopicSpec): Promise<boolean> {
    if (this.#topics.has(name)) return false;
    const row: TopicRow = {
      ids: Array.from({ length: spec.partitions }, () => this.#nextId++),
      maxRecordBytes: spec.maxRecordBytes ?? DEFAULT_MAX_RECORD_BYTES,
      retentionMs: spec.retentionMs ?? KEEP_FOR_EVER,
    };
    this.#topics.set(name, this.#topicOf(name, row));
    try {
      await this.#committed(this.#facts.put(['topic', name], row));
      await this.#flushed();
    } catch (cause) {
      this.#topics.delete(name);
      throw new LogUnavailable(`topic ${name} cannot be created`, cause);
    }
    return true;
  }

  append(records: OutgoingRecord[], names: string[]): Promise<AppendedPosition[]> {
    return new Promise((resolve, reject) => {
      const partitions: WritablePartition[] = [];
      let bytes = 0;
      for (const [i, record] of records.entries()) {
        const topic = this.#topics.get(names[i] ?? '');
        const partition = topic?.partitions[record.partition];
        if (!topic || !partition) {
          reject(new LogUnavailable(`there is no partition ${record.partition} of ${record.topic}`));
          return;
        }
        const size = record.value.length + (record.key?.length ?? 0);
        if (size > topic.maxRecordBytes) {
          reject(new RecordTooLarge(`a record of ${size} bytes is larger than ${record.topic} takes (${topic.maxRecordBytes})`));
          return;
        }
        partitions.push(partition);
        bytes += size;
      }
      if (this.#queuedBytes > 0 && this.#queuedBytes + bytes > MAX_QUEUED_BYTES) {
        reject(new LogUnavailable(`${this.#queuedBytes} bytes are waiting for the disk already`));
        return;
      }
      this.#queue.push({ records, partitions, bytes, resolve, reject });
      this.#queuedBytes += bytes;
      this.#running ??= this.#write();
    });
  }

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  /** Records from an offset on, at most `limit` and about `maxBytes`, only what is on disk. */
  read(partition: StoredPartition, from: number, to: number, limit: number, maxBytes: number): LogRecord[] {
    const records: LogRecord[] = [];
    const last = Math.min(to, partition.end);
    if (from >= last) return records;
    let bytes = 0;
    const range = this.#records.getRange({ start: recordKey(partition.id, from), end: recordKey(partition.id, last), limit });
    for (const { key, value } of range) {
      records.push(decodeRecord(value, partition.topic, partition.partition, key.readUIntBE(4, 6)));
      bytes += value.length;
      if (bytes >= maxBytes) break;
    }
    return records;
  }

  committed(group: string, topic: string, partition: number): number {
    return this.#groups.get(groupKey(group, topic, partition).slice(1).join(' ')) ?? -1;
  }

  /** Not waited for on disk: lmdb keeps the order of its transactions, so a committed offset never outlives its records. */
  async commit(group: string, topic: string, partition: number, offset: number): Promise<void> {
    const key = groupKey(group, topic, partition);
    this.#groups.set(key.slice(1).join(' '), offset);
    await this.#committed(this.#facts.put(key, offset));
  }

  /** Deletes the records before `before`, as retention does. */
  async deleteUntil(partition: StoredPartition, before: number): Promise<void> {
    const end = Math.min(before, partition.end);
    if (end <= partition.start) return;
    for (let from = partition.start; from < end;) {
      const to = Math.min(end, from + TRIM_AT_ONCE);
      const keys = [...this.#records.getKeys({ start: recordKey(partition.id, from), end: recordKey(partition.id, to) })];
      // In one transaction with the new start: offsets must go on from here when everything is gone.
      const writes = keys.map((key) => this.#records.remove(key));
      writes.push(this.#facts.put(['start', String(partition.id)], to));
      partition.start = to;
      await Promise.all(writes.map((write) => this.#committed(write)));
      from = to;
    }
    for (const wake of partition.listeners) wake();
  }

  /** Forgets what is older than its topic keeps. */
  async trim(): Promise<void> {
    for (const { retentionMs, partitions } of this.#topics.values()) {
      if (retentionMs === KEEP_FOR_EVER) continue;
      const oldest = this.#nowMs() - retentionMs;
      for (const partition of partitions) await this.deleteUntil(partition, this.#firstSince(partition, oldest));
    }
  }

  /** By halving: timestamps of a partition never fall. */
  #firstSince(partition: StoredPartition, timestampMs: number): number {
    let [low, high] = [partition.start, partition.end];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const bytes = this.#records.get(recordKey(partition.id, middle));
      if (bytes && timestampOf(bytes) >= timestampMs) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #topicOf(name: string, row: TopicRow): StoredTopic {
    const partitions = row.ids.map((id, partition): WritablePartition => {
      const start = (this.#facts.get(['start', String(id)]) as number | undefined) ?? 0;
      // No `end`: lmdb leaves that key itself out, which would be the only record of a partition with one.
      const [lastKey] = this.#records.getKeys({ start: recordKey(id, MAX_OFFSET), reverse: true, limit: 1 });
      // A key of another partition when this one is empty.
      const last = lastKey?.readUInt32BE(0) === id ? lastKey : undefined;
      const end = Math.max(start, last ? last.readUIntBE(4, 6) + 1 : 0);
      const bytes = last ? this.#records.get(last) : undefined;
      const lastTimestampMs = bytes ? timestampOf(bytes) : 0;
      return { topic: name, partition, id, start, end, next: end, lastTimestampMs, listeners: new Set() };
    });
    return { name, maxRecordBytes: row.maxRecordBytes, retentionMs: row.retentionMs, partitions };
  }

  async #write(): Promise<void> {
    // What arrives in the same turn of the event loop joins the first transaction.
    await Promise.resolve();
    try {
      while (this.#queue.length > 0) {
        const appends: PendingAppend[] = [];
        let bytes = 0;
        for (const append of this.#queue) {
          if (bytes > 0 && bytes + append.bytes > MAX_COMMIT_BYTES) break;
          appends.push(append);
          bytes += append.bytes;
        }
        this.#queue = this.#queue.slice(appends.length);
        await this.#writeTogether(appends);
        this.#queuedBytes -= bytes;
      }
    } finally {
      // In the same step as the last look at the queue: an append between the two would wait for ever.
      this.#running = undefined;
    }
  }

  async #writeTogether(appends: PendingAppend[]): Promise<void> {
    const nowMs = this.#nowMs();
    const touched = new Map<WritablePartition, { next: number; timestampMs: number }>();
    const answers: AppendedPosition[][] = [];
    try {
      const writes = new Set<Promise<boolean>>();
      for (const { records, partitions } of appends) {
        const positions: AppendedPosition[] = [];
        for (const [i, record] of records.entries()) {
          const partition = partitions[i] as WritablePartition;
          let state = touched.get(partition);
          // The clock may be set back, the time of a partition not.
          if (!state) touched.set(partition, (state = { next: partition.next, timestampMs: Math.max(nowMs, partition.lastTimestampMs) }));
          const offset = state.next++;
          writes.add(this.#records.put(recordKey(partition.id, offset), encodeRecord(record, state.timestampMs)));
          positions.push({ topic: record.topic, partition: record.partition, offset });
        }
        answers.push(positions);
      }
      // All puts of one turn are one transaction: all of them, or none.
      await Promise.all([...writes].map((write) => this.#committed(write)));
    } catch (cause) {
      for (const { reject } of appends) reject(new LogUnavailable('the disk did not take the records', cause));
      return;
    }
    for (const [partition, { next, timestampMs }] of touched) {
      partition.next = next;
      partition.lastTimestampMs = timestampMs;
    }
    try {
      await this.#flushed();
    } catch (cause) {
      for (const { reject } of appends) reject(new LogOutcomeUnknown('the records may not have reached the disk', cause));
      return;
    }
    for (const partition of touched.keys()) partition.end = partition.next;
    for (const [i, { resolve }] of appends.entries()) resolve(answers[i] ?? []);
    for (const partition of touched.keys()) for (const wake of partition.listeners) wake();
  }

  async #flushed(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`no flush within ${FLUSH_WITHIN_MS} ms`)), FLUSH_WITHIN_MS);
    });
    try {
      await Promise.race([this.#records.flushed, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** lmdb hands the reason of a failed commit over as a promise of its own that rejects. */
  async #committed(write: Promise<boolean>): Promise<void> {
    try {
      await write;
    } catch (cause) {
      const reason = (cause as { commitError?: Promise<never> }).commitError;
      throw reason ? await reason.catch((error: unknown) => error) : cause;
    }
  }
}

function recordKey(partitionId: number, offset: number): Buffer {
  const key = Buffer.allocUnsafe(KEY_BYTES);
  key.writeUInt32BE(partitionId, 0);
  key.writeUIntBE(offset, 4, 6);
  return key;
}

function groupKey(group: string, topic: string, partition: number): string[] {
  return ['group', group, topic, String(partition)];
}
