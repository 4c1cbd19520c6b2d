import type { RootDatabase } from 'lmdb';
import { LogUnavailable } from '../../core/exchange-error';
import type { MessageLog, TopicSpec } from '../../ports/message-log';
import { coordinatorOf, type GroupMember } from './group-coordinator';
import { storageOf, type StoredPartition } from './log-storage';
import { openEnvironment } from './open-environment';

/** The message log on lmdb, for one process: partitions, offsets, groups, at least once, durable once appended. */
export interface EmbeddedMessageLogOptions {
  /** The environment of the process, opened and closed by its owner, … */
  environment?: RootDatabase;
  /** … or a directory, which close() lets go. */
  path?: string;
  /** Put before every topic name; group names are the caller's, whole. */
  topicPrefix?: string;
  /** Told of batches that are given again; never holds values of records. */
  onWarning?(message: string, context: Record<string, unknown>): void;
  /** Wall clock of record times and of retention, milliseconds; default the machine's. */
  nowMs?(): number;
}

/** The embedded log has one thing more than the port: what Kafka does by itself. */
export interface EmbeddedMessageLog extends MessageLog {
  /** Deletes the records of a partition before an offset. */
  deleteUntil(topic: string, partition: number, before: number): Promise<void>;
  /** Deletes what is older than its topic keeps; done each ten minutes. */
  trim(): Promise<void>;
}

const TRIM_EVERY_MS = 600_000;
const READ_RECORDS = 1_000;
const READ_BYTES = 1024 * 1024;

/** @throws DataDirectoryInUse when a path is given and another process holds it */
export function openEmbeddedMessageLog(options: EmbeddedMessageLogOptions): Promise<EmbeddedMessageLog> {
  return new Promise((resolve) => resolve(open(options)));
}

function open(options: EmbeddedMessageLogOptions): EmbeddedMessageLog {
  const prefix = options.topicPrefix ?? '';
  const own = options.environment ? undefined : openEnvironment(options.path ?? missingPath());
  const environment = options.environment ?? own?.environment ?? missingPath();
  const storage = storageOf(environment, options.nowMs ?? (() => Date.now()));
  const coordinator = coordinatorOf(storage);
  const consumers = new Set<GroupMember>();
  let closing: Promise<void> | undefined;

  const trim = (): Promise<void> => storage.trim();
  const timer = setInterval(() => {
    trim().catch((cause: unknown) => {
      options.onWarning?.('old records were not deleted', { reason: cause instanceof Error ? cause.name : typeof cause });
    });
  }, TRIM_EVERY_MS);
  timer.unref();

  function checkOpen(): void {
    if (closing) throw new LogUnavailable('the log is closed');
  }

  function partitionsOf(topic: string): readonly StoredPartition[] {
    checkOpen();
    const partitions = storage.partitions(prefix + topic);
    if (!partitions) throw new LogUnavailable(`there is no topic ${topic}`);
    return partitions;
  }

  async function close(): Promise<void> {
    clearInterval(timer);
    await Promise.all([...consumers].map((consumer) => consumer.stop()));
    try {
      await storage.idle();
    } finally {
      await own?.close();
    }
  }

  return {
    async append(records) {
      checkOpen();
      if (records.length === 0) return [];
      return storage.append(records, prefix);
    },

    async replace({ partition, offset }, record) {
      const stored = partitionsOf(record.topic)[partition];
      if (!stored) throw new LogUnavailable(`there is no partition ${partition} of ${record.topic}`);
      await storage.append([record], prefix);
      await storage.blot(stored, record.topic, offset);
    },

    async consume(consumption) {
      for (const topic of consumption.topics) partitionsOf(topic);
      const { onWarning } = options;
      const member = await coordinator.join(consumption, onWarning ? { topicPrefix: prefix, onWarning } : { topicPrefix: prefix });
      consumers.add(member);
      return {
        stop: async () => {
          consumers.delete(member);
          await member.stop();
        },
      };
    },

    async read(topic, ranges, onBatch) {
      const partitions = partitionsOf(topic);
      for (const range of ranges) {
        const partition = partitions[range.partition];
        if (!partition) throw new LogUnavailable(`there is no partition ${range.partition} of ${topic}`);
        const to = Math.min(range.to, partition.end);
        for (let next = Math.max(range.from, partition.start); next < to;) {
          checkOpen();
          const records = storage.read(partition, topic, Math.max(next, partition.start), to, READ_RECORDS, READ_BYTES);
          const last = records.at(-1);
          if (!last) break;
          next = last.offset + 1;
          await onBatch({ topic, partition: range.partition, records, endOffset: partition.end });
        }
      }
    },

    // eslint-disable-next-line @typescript-eslint/require-await -- what it throws must be a rejection
    async offsets(topic) {
      return partitionsOf(topic).map(({ partition, start, end }) => ({ partition, start, end }));
    },

    // eslint-disable-next-line @typescript-eslint/require-await -- as above
    async committed(group, topic) {
      return partitionsOf(topic).map(({ partition }) => ({ partition, offset: storage.committed(group, prefix + topic, partition) }));
    },

    // eslint-disable-next-line @typescript-eslint/require-await -- as above
    async topics() {
      checkOpen();
      return storage
        .topics()
        .filter(({ name }) => name.startsWith(prefix))
        .map(({ name, partitions }) => ({ topic: name.slice(prefix.length), partitions }));
    },

    async createTopics(specs: TopicSpec[]) {
      checkOpen();
      const created = await Promise.all(
        specs.map(async (spec) => ((await storage.createTopic(prefix + spec.topic, spec)) ? [spec.topic] : [])),
      );
      return created.flat();
    },

    // eslint-disable-next-line @typescript-eslint/require-await -- as above
    async ping() {
      checkOpen();
    },

    async deleteUntil(topic, partition, before) {
      const stored = partitionsOf(topic)[partition];
      if (stored) await storage.deleteUntil(stored, before);
    },

    trim,

    close: () => (closing ??= close()),
  };
}

function missingPath(): never {
  throw new TypeError('the embedded log needs an environment or a path');
}
