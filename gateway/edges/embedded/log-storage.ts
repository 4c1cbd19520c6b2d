import type { Database, RootDatabase } from 'lmdb';
import { LogOutcomeUnknown, LogUnavailable, RecordTooLarge } from '../../core/exchange-error';
import type { AppendedPosition, LogRecord, OutgoingRecord, TopicSpec } from '../../ports/message-log';
import { committed } from './committed';
import { decodeRecords, encodeRecords, frameBytes, mostBytesOf, timestampOf } from './record-bytes';
import { Tail, type TailBudget } from './tail';
import { writeBehindOf, type DeferredSource, type WriteBehind } from './write-behind';

/**
 * Topics, partitions, records and committed offsets in lmdb. One writer at a time, group commit: everything that arrives while
 * a transaction is being flushed joins the next one, and what joins it of one partition is one value. What consumers have yet to read
 * stays in memory. Knows nothing of consumers but how far they are and how to wake them.
 */
export interface StoredPartition {
  /** With its prefix. */
  readonly topic: string;
  readonly partition: number;
  /** Number of the partition in keys. */
  readonly id: number;
  /** First offset kept. */
  start: number;
  /** Offset after the last record that is on disk: what may be read. */
  end: number;
  readonly readers: Set<PartitionReader>;
  readonly tail: Tail;
}

/** Somebody who reads a partition to its end again and again. */
export interface PartitionReader {
  /** Offset of the next record wanted. */
  readonly position: number;
  /** Called when `end` or `start` has moved. */
  wake(): void;
}

interface StoredTopic {
  readonly name: string;
  readonly maxRecordBytes: number;
  readonly retentionMs: number;
  readonly partitions: readonly WritablePartition[];
}

interface WritablePartition extends StoredPartition {
  /** Offset of the next record: ahead of `end` while a flush is under way. */
  next: number;
  lastTimestampMs: number;
}

/** Records of a partition that are written as one value. */
interface Chunk {
  partition: WritablePartition;
  /** Offset of the first one. */
  first: number;
  records: OutgoingRecord[];
  timestampMs: number;
  /** Room that they need, or more. */
  bytes: number;
}

interface TopicRow {
  ids: number[];
  maxRecordBytes: number;
  retentionMs: number;
}

interface PendingAppend {
  records: OutgoingRecord[];
  partitions: WritablePartition[];
  /** Room that each record needs, and all. */
  sizes: number[];
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
/** A value of many records is not made larger than this; one record alone may be. */
const CHUNK_BYTES = 64 * 1024;
/** A buffer to encode in is kept up to this size. */
const KEPT_SLAB_BYTES = 4 * 1024 * 1024;
/** Records in memory that a consumer has yet to read: those of about a second. */
const TAIL_BYTES = 64 * 1024 * 1024;
const KEY_BYTES = 10;
const MAX_OFFSET = 2 ** 48 - 1;
const TRIM_AT_ONCE = 5_000;
const RECORDS = 'message-log';
const FACTS = 'message-log-facts';

const storages = new WeakMap<RootDatabase, LogStorage>();

/** The storage of an environment: one, however many logs are opened on it. */
export function storageOf(environment: RootDatabase, nowMs: () => number): LogStorage {
  let storage = storages.get(environment);
  if (!storage) {
    storages.set(environment, (storage = new LogStorage(environment, nowMs)));
    writeBehindOf(environment).add(storage.offsets);
  }
  return storage;
}

export class LogStorage {
  /** What the groups have committed. */
  readonly offsets: CommittedOffsets;
  readonly #records: Database<Buffer, Buffer>;
  readonly #facts: Database<unknown, string[]>;
  readonly #nowMs: () => number;
  readonly #writeBehind: WriteBehind;
  readonly #topics = new Map<string, StoredTopic>();
  readonly #tails: TailBudget = { bytesLeft: TAIL_BYTES };
  #nextId: number;
  #queue: PendingAppend[] = [];
  #queuedBytes = 0;
  #running: Promise<void> | undefined;
  /** Free whenever no transaction is being written. */
  #slab = Buffer.alloc(0);

  constructor(environment: RootDatabase, nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#records = environment.openDB<Buffer, Buffer>(RECORDS, { encoding: 'binary', keyEncoding: 'binary' });
    this.#facts = environment.openDB<unknown, string[]>(FACTS, { encoding: 'json' });
    this.#writeBehind = writeBehindOf(environment);
    this.offsets = new CommittedOffsets(this.#facts, this.#writeBehind);
    this.#nextId = 1;
    for (const { key, value } of this.#facts.getRange({ start: ['topic'], end: ['topic~'] })) {
      const name = key[1] ?? '';
      const row = value as TopicRow;
      this.#topics.set(name, this.#topicOf(name, row));
      for (const id of row.ids) this.#nextId = Math.max(this.#nextId, id + 1);
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
      await committed(this.#facts.put(['topic', name], row));
      await this.#flushed();
    } catch (cause) {
      this.#topics.delete(name);
      throw new LogUnavailable(`topic ${name} cannot be created`, cause);
    }
    return true;
  }

  /** `prefix` is put before the records' topics. Keeps the records: nobody changes them any more. */
  append(records: OutgoingRecord[], prefix: string): Promise<AppendedPosition[]> {
    return new Promise((resolve, reject) => {
      const partitions: WritablePartition[] = [];
      const sizes: number[] = [];
      let bytes = 0;
      for (const record of records) {
        const topic = this.#topics.get(prefix + record.topic);
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
        const room = mostBytesOf(record);
        partitions.push(partition);
        sizes.push(room);
        bytes += room;
      }
      if (this.#queuedBytes > 0 && this.#queuedBytes + bytes > MAX_QUEUED_BYTES) {
        reject(new LogUnavailable(`${this.#queuedBytes} bytes are waiting for the disk already`));
        return;
      }
      this.#queue.push({ records, partitions, sizes, bytes, resolve, reject });
      this.#queuedBytes += bytes;
      this.#running ??= this.#write();
    });
  }

  /** Resolves when nothing is being written, offsets included. @throws what the disk said of these */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
    await this.#writeBehind.now();
  }

  /** Records from an offset on, under a topic's name, at most `limit` and about `maxBytes`, only what is on disk. */
  read(partition: StoredPartition, topic: string, from: number, to: number, limit: number, maxBytes: number): LogRecord[] {
    const { tail, end } = partition;
    const before = Math.min(to, end);
    if (from >= before) return [];
    if (tail.start === undefined || from < tail.start) {
      return this.#readFromDisk(partition, topic, from, Math.min(before, tail.start ?? before), limit, maxBytes);
    }
    const records = tail.read(from, before, limit, maxBytes);
    // Appended by a log of another prefix.
    return records.some((record) => record.topic !== topic) ? records.map((record) => ({ ...record, topic })) : records;
  }

  #readFromDisk(partition: StoredPartition, topic: string, from: number, before: number, limit: number, maxBytes: number): LogRecord[] {
    const records: LogRecord[] = [];
    let bytes = 0;
    // Under their last offset: the first value found is the one that holds `from`.
    for (const { key, value } of this.#records.getRange({ start: recordKey(partition.id, from), end: recordKey(partition.id + 1, 0) })) {
      for (const record of decodeRecords(value, topic, partition.partition, offsetOf(key))) {
        if (record.offset < from) continue;
        if (record.offset >= before || records.length === limit || bytes >= maxBytes) return records;
        records.push(record);
        bytes += record.value.length;
      }
    }
    return records;
  }

  /** To be called when a reader has gone on, or away. */
  forgetRead({ readers, tail }: StoredPartition): void {
    let least = Infinity;
    for (const { position } of readers) least = Math.min(least, position);
    tail.forgetBefore(least);
  }

  committed(group: string, topic: string, partition: number): number {
    return this.offsets.get(group, topic, partition);
  }

  /**
   * Seen at once, written behind, together with what the store holds of the same records: after a crash a group is nowhere further than
   * the store. It never outlives its records: lmdb keeps the order of its transactions.
   */
  commit(group: string, topic: string, partition: number, offset: number): void {
    this.offsets.set(group, topic, partition, offset);
  }

  /** Deletes the records before `before`, as retention does. Those written together go when the last of them goes. */
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
      await Promise.all(writes.map(committed));
      from = to;
    }
    for (const reader of partition.readers) reader.wake();
  }

  /** Empties the value of a record that nobody consumes: what it said is no longer in the log. */
  async blot(partition: StoredPartition, topic: string, offset: number): Promise<void> {
    if (offset < partition.start || offset >= partition.end) return;
    const [found] = this.#records.getRange({ start: recordKey(partition.id, offset), end: recordKey(partition.id + 1, 0), limit: 1 });
    if (!found) return;
    const records = decodeRecords(found.value, topic, partition.partition, offsetOf(found.key)).map((record) =>
      record.offset === offset ? { ...record, value: Buffer.alloc(0) } : record,
    );
    const room = records.reduce((sum, record) => sum + mostBytesOf(record), frameBytes);
    const bytes = Buffer.allocUnsafeSlow(room);
    const value = bytes.subarray(0, encodeRecords(records, timestampOf(found.value), bytes, 0));
    try {
      await committed(this.#records.put(Buffer.from(found.key), value));
      await this.#flushed();
    } catch (cause) {
      throw new LogOutcomeUnknown('the record may not have been emptied', cause);
    }
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
      const [found] = this.#records.getRange({ start: recordKey(partition.id, middle), end: recordKey(partition.id + 1, 0), limit: 1 });
      if (found && timestampOf(found.value) >= timestampMs) high = middle;
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
      const end = Math.max(start, last ? offsetOf(last) + 1 : 0);
      const bytes = last ? this.#records.get(last) : undefined;
      const lastTimestampMs = bytes ? timestampOf(bytes) : 0;
      return { topic: name, partition, id, start, end, next: end, lastTimestampMs, readers: new Set(), tail: new Tail(this.#tails) };
    });
    return { name, maxRecordBytes: row.maxRecordBytes, retentionMs: row.retentionMs, partitions };
  }

  async #write(): Promise<void> {
    try {
      while (this.#queue.length > 0) {
        // What is appended in the same turn of the event loop, by whoever the last transaction has woken, joins this one.
        await new Promise((resolve) => setImmediate(resolve));
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
    const { chunks, positions } = this.#divide(appends);
    try {
      // All are encoded before the first is put: what throws here must not leave a part behind.
      const slab = this.#slabFor(chunks);
      let at = 0;
      const values = chunks.map(({ records, timestampMs }) => slab.subarray(at, (at = encodeRecords(records, timestampMs, slab, at))));
      // Many puts share one promise.
      const writes = new Set<Promise<boolean>>();
      for (const [i, { partition, first, records }] of chunks.entries()) {
        writes.add(this.#records.put(recordKey(partition.id, first + records.length - 1), values[i] as Buffer));
      }
      // All puts of one turn are one transaction: all of them, or none.
      await Promise.all([...writes].map(committed));
    } catch (cause) {
      for (const { reject } of appends) reject(new LogUnavailable('the disk did not take the records', cause));
      return;
    }
    for (const { partition, first, records, timestampMs } of chunks) {
      partition.next = first + records.length;
      partition.lastTimestampMs = timestampMs;
    }
    try {
      await this.#flushed();
    } catch (cause) {
      for (const { reject } of appends) reject(new LogOutcomeUnknown('the records may not have reached the disk', cause));
      return;
    }
    for (const chunk of chunks) {
      chunk.partition.end = chunk.partition.next;
      if (chunk.partition.readers.size > 0) chunk.partition.tail.push(logRecordsOf(chunk), chunk.bytes);
    }
    for (const [i, { resolve }] of appends.entries()) resolve(positions[i] ?? []);
    for (const { partition } of chunks) for (const reader of partition.readers) reader.wake();
  }

  /** Offsets for all records, and which of them are one value. */
  #divide(appends: readonly PendingAppend[]): { chunks: Chunk[]; positions: AppendedPosition[][] } {
    const nowMs = this.#nowMs();
    const chunks: Chunk[] = [];
    const open = new Map<WritablePartition, Chunk>();
    const positions = appends.map(({ records, partitions, sizes }) =>
      records.map((record, i): AppendedPosition => {
        const partition = partitions[i] as WritablePartition;
        const bytes = sizes[i] as number;
        let chunk = open.get(partition);
        if (chunk === undefined || chunk.bytes + bytes > CHUNK_BYTES) {
          const first = chunk === undefined ? partition.next : chunk.first + chunk.records.length;
          // The clock may be set back, the time of a partition not.
          chunk = { partition, first, records: [], timestampMs: Math.max(nowMs, partition.lastTimestampMs), bytes: frameBytes };
          chunks.push(chunk);
          open.set(partition, chunk);
        }
        chunk.records.push(record);
        chunk.bytes += bytes;
        return { topic: record.topic, partition: record.partition, offset: chunk.first + chunk.records.length - 1 };
      }),
    );
    return { chunks, positions };
  }

  #slabFor(chunks: readonly Chunk[]): Buffer {
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.bytes, 0);
    if (bytes > KEPT_SLAB_BYTES) return Buffer.allocUnsafeSlow(bytes);
    if (bytes > this.#slab.length) this.#slab = Buffer.allocUnsafeSlow(bytes);
    return this.#slab;
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
}

/** What the groups have committed. */
class CommittedOffsets implements DeferredSource {
  readonly #facts: Database<unknown, string[]>;
  readonly #writeBehind: WriteBehind;
  readonly #offsets = new Map<string, { key: string[]; offset: number }>();
  #waiting = new Set<string>();
  #writing = new Set<string>();

  constructor(facts: Database<unknown, string[]>, writeBehind: WriteBehind) {
    this.#facts = facts;
    this.#writeBehind = writeBehind;
    for (const { key, value } of facts.getRange({ start: ['group'], end: ['group~'] })) {
      this.#offsets.set(key.slice(1).join(' '), { key, offset: value as number });
    }
  }

  get(group: string, topic: string, partition: number): number {
    return this.#offsets.get(`${group} ${topic} ${partition}`)?.offset ?? -1;
  }

  set(group: string, topic: string, partition: number, offset: number): void {
    const name = `${group} ${topic} ${partition}`;
    this.#offsets.set(name, { key: ['group', group, topic, String(partition)], offset });
    this.#waiting.add(name);
    this.#writeBehind.later();
  }

  write(): Promise<unknown>[] {
    this.#writing = this.#waiting;
    this.#waiting = new Set();
    return [...this.#writing].flatMap((name) => {
      const entry = this.#offsets.get(name);
      return entry === undefined ? [] : [this.#facts.put(entry.key, entry.offset)];
    });
  }

  settle(isCommitted: boolean): void {
    if (!isCommitted) for (const name of this.#writing) this.#waiting.add(name);
    this.#writing = new Set();
  }
}

function logRecordsOf({ partition, first, records, timestampMs }: Chunk): LogRecord[] {
  return records.map(({ topic, key, value, headers }, i) => ({
    topic,
    partition: partition.partition,
    offset: first + i,
    timestampMs,
    key,
    value,
    headers,
  }));
}

function recordKey(partitionId: number, offset: number): Buffer {
  const key = Buffer.allocUnsafe(KEY_BYTES);
  key.writeUInt32BE(partitionId, 0);
  key.writeUIntBE(offset, 4, 6);
  return key;
}

function offsetOf(key: Buffer): number {
  return key.readUIntBE(4, 6);
}
