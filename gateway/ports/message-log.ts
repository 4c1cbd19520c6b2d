/**
 * The message log: topics of partitions of records with offsets, at least once, durable once appended.
 * Implementations: edges/kafka (kafkajs), edges/platformatic (@platformatic/kafka) and edges/embedded (lmdb). test/contract/message-log.ts
 * holds for all.
 */
export interface OutgoingRecord {
  /** Topic without the configured prefix: the implementation adds it. */
  topic: string;
  partition: number;
  key: string | null;
  value: Buffer;
  headers: Record<string, string>;
}

/** Where a record went. */
export interface AppendedPosition {
  topic: string;
  partition: number;
  offset: number;
}

export interface LogRecord {
  topic: string;
  partition: number;
  offset: number;
  /** When the log took it, milliseconds since the epoch; data of the log, not our clock. */
  timestampMs: number;
  key: string | null;
  value: Buffer;
  headers: Record<string, string>;
}

/** Consecutive records of one partition. */
export interface LogBatch {
  topic: string;
  partition: number;
  records: LogRecord[];
  /** The offset after the last record of the partition when the batch was fetched. */
  endOffset: number;
}

export interface BatchControl {
  /** True when the partition was taken away meanwhile: stop, commit nothing. */
  isStale(): boolean;
  /** Keeps the membership alive during long work; cheap to call often. */
  heartbeat(): Promise<void>;
  /** Go on from this offset instead of after the batch (rebuild). The batch's own position is not committed. */
  seek(offset: number): void;
}

export interface Consumption {
  group: string;
  topics: string[];
  /**
   * Called for one batch per partition at a time; several partitions run side by side. When it resolves the batch is committed.
   * When it rejects nothing is committed and the same records are given again after a pause: poison is the handler's to set aside.
   */
  onBatch(batch: LogBatch, control: BatchControl): Promise<void>;
  /** Partitions newly given to this member (for all topics of the subscription), before their first batch. */
  onAssigned?(partitions: { topic: string; partition: number }[]): void;
  /** Partitions taken away. */
  onRevoked?(partitions: { topic: string; partition: number }[]): void;
  /** A fault that the consumer cannot mend; the process should end and be restarted. Not called while the broker is merely away. */
  onFatal?(cause: Error): void;
}

export interface LogConsumer {
  /** No new batch; waits for those under way, commits, leaves the group. */
  stop(): Promise<void>;
}

export interface TopicSpec {
  topic: string;
  partitions: number;
  /** Largest record in bytes (`max.message.bytes`). */
  maxRecordBytes?: number;
  /** -1 keeps for ever. */
  retentionMs?: number;
  /** Of records with one key only the last is kept, sooner or later: see `replace`. */
  compacted?: boolean;
}

export interface ReadRange {
  partition: number;
  /** First offset wanted; less than the first one kept means from the first one kept. */
  from: number;
  /** Offset after the last one wanted. */
  to: number;
}

export interface MessageLog {
  /**
   * Appends, in the order given per partition, and resolves once all are durable (acks=all; embedded: flushed). Records, given or got,
   * are changed by nobody: consumers may get the very ones that were appended.
   * @throws LogUnavailable when the outcome is a plain no, LogOutcomeUnknown when it may have been stored, RecordTooLarge.
   */
  append(records: OutgoingRecord[]): Promise<AppendedPosition[]>;
  /**
   * Appends a record that takes the place of an older one with the same key, in a compacted topic. What the older one said is gone at once
   * (embedded), or once the broker has compacted the topic (Kafka: a day, and the next segment).
   * @throws LogUnavailable, LogOutcomeUnknown
   */
  replace(older: { partition: number; offset: number }, record: OutgoingRecord): Promise<void>;
  /** Starts consuming in a group from the earliest offset kept, or from what the group committed. */
  consume(consumption: Consumption): Promise<LogConsumer>;
  /** Reads ranges of one topic outside any group, in order per partition. Resolves when all were given. */
  read(topic: string, ranges: ReadRange[], onBatch: (batch: LogBatch) => Promise<void> | void): Promise<void>;
  /** First offset kept and offset after the last record, per partition. */
  offsets(topic: string): Promise<{ partition: number; start: number; end: number }[]>;
  /** Committed offsets of a group; -1 where none. */
  committed(group: string, topic: string): Promise<{ partition: number; offset: number }[]>;
  /** Names (without prefix) and partition counts of the topics that exist under the prefix. */
  topics(): Promise<{ topic: string; partitions: number }[]>;
  /** Creates topics; one that exists is left as it is. Returns those that this call created. */
  createTopics(specs: TopicSpec[]): Promise<string[]>;
  /** Resolves when the log answers now, rejects otherwise; bounded to 2 s. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
