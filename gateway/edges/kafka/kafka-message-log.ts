import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, ITopicConfig } from 'kafkajs';
import { LogUnavailable } from '../../core/exchange-error';
import type { LogConsumer, MessageLog, TopicSpec } from '../../ports/message-log';
import { openKafkaAppender } from './kafka-appender';
import { createKafka, type CuttableKafka, type KafkaConnectionOptions } from './kafka-client';
import { refusalOf, unavailable, within } from './kafka-faults';
import { startGroupConsumer } from './kafka-group-consumer';
import { openKafkaReader } from './kafka-reader';
import { createKafkajsProduceClient } from './kafkajs-produce-client';
import { openKafkajsRecordSource } from './kafkajs-record-source';
import { calmWarnings } from './calm-warnings';
import { Refusals } from './refusals';
import { flushedTopicsAt, topicConfig } from './topic-config';

export type { KafkaConnectionOptions } from './kafka-client';

/** The message log on Kafka through kafkajs 2.2.4. */
export interface KafkaMessageLogOptions extends KafkaConnectionOptions {
  /** Put before every topic name; may be empty. Group names are the caller's, whole. */
  topicPrefix: string;
  /** Longest that append() takes to answer, milliseconds; default 1,800, as intake owes its 503 within 2,000. */
  appendDeadlineMs?: number;
  /** Default 6,000. */
  sessionTimeoutMs?: number;
  /** Default 1,500. */
  heartbeatIntervalMs?: number;
  /** Longest that one onBatch keeps its membership without an end, milliseconds; default 120,000. */
  maxBatchMs?: number;
  /** Of topics that createTopics() makes; default 3, or as many brokers as there are. */
  replicationFactor?: number;
  /**
   * Topics (without prefix) that a lone broker must write to disk before it acknowledges (`flush.messages=1`): its
   * acknowledgement precedes fsync, and there is no replica. Default `dossiers`.
   */
  flushedTopics?: string[];
}

const APPEND_DEADLINE_MS = 1_800;
const PING_WITHIN_MS = 2_000;
const ADMIN_WITHIN_MS = 10_000;
const ADMIN_REQUEST_TIMEOUT_MS = 5_000;
const REPLICATION = 3;
const LOOK_AGAIN_MS = 50;

/**
 * Connects, and fails when no broker answers: a process that starts without its log is of no use.
 * Later absences are waited out: the same object works again once the broker does.
 * @throws LogUnavailable
 */
export async function openKafkaMessageLog(given: KafkaMessageLogOptions): Promise<MessageLog> {
  const options = given.onWarning ? { ...given, onWarning: calmWarnings(given.onWarning) } : given;
  const { topicPrefix } = options;
  const appendDeadlineMs = options.appendDeadlineMs ?? APPEND_DEADLINE_MS;
  const reader = openKafkaReader({ ...options, openSource: () => openKafkajsRecordSource(options) });
  const refusals = new Refusals();
  const consumers = new Set<LogConsumer>();
  let admin: { client: CuttableKafka; admin: Admin; ready: Promise<void> } | undefined;
  let closed = false;

  /** Runs with a connected admin client; after an error or too long a wait the next call gets a new one. */
  async function withAdmin<T>(what: string, withinMs: number, run: (client: Admin) => Promise<T>): Promise<T> {
    if (closed) throw new LogUnavailable('the log is closed');
    if (!admin) {
      const client = createKafka(options, ADMIN_REQUEST_TIMEOUT_MS);
      const connecting = client.kafka.admin();
      admin = { client, admin: connecting, ready: connecting.connect() };
    }
    const current = admin;
    try {
      const result = current.ready.then(() => run(current.admin));
      return await within(result, withinMs, () => new LogUnavailable(`${what}: no answer within ${withinMs} ms`));
    } catch (cause) {
      if (admin === current) admin = undefined;
      current.client.cut();
      current.admin.disconnect().catch(() => undefined);
      throw unavailable(what, cause);
    }
  }

  const describeCluster = (withinMs: number): ReturnType<Admin['describeCluster']> =>
    withAdmin('Kafka does not answer', withinMs, (client) => client.describeCluster());

  const ping = async (): Promise<void> => {
    await describeCluster(PING_WITHIN_MS);
  };

  const replicasOfTopics = async (): Promise<number> =>
    Math.min(options.replicationFactor ?? REPLICATION, (await describeCluster(ADMIN_WITHIN_MS)).brokers.length);

  const appender = openKafkaAppender({
    ...options,
    appendDeadlineMs,
    flushedTopics: flushedTopicsAt(await replicasOfTopics(), options.flushedTopics),
    openClient: () => createKafkajsProduceClient(options, appendDeadlineMs),
  });

  async function topics(): Promise<{ topic: string; partitions: number }[]> {
    const { topics: all } = await withAdmin('topics cannot be listed', ADMIN_WITHIN_MS, (client) => client.fetchTopicMetadata());
    return all
      .filter(({ name }) => name.startsWith(topicPrefix) && !name.startsWith('__'))
      .map(({ name, partitions }) => ({ topic: name.slice(topicPrefix.length), partitions: partitions.length }))
      .sort((a, b) => (a.topic < b.topic ? -1 : 1));
  }

  async function createTopics(specs: TopicSpec[]): Promise<string[]> {
    const existing = new Set((await topics()).map(({ topic }) => topic));
    const missing = specs.filter(({ topic }) => !existing.has(topic));
    if (missing.length === 0) return [];
    const replicationFactor = await replicasOfTopics();
    const made = await withAdmin('topics cannot be created', ADMIN_WITHIN_MS * 2, async (client) => {
      // One request a topic: of several, kafkajs does not say which ones another process had created before.
      const created = await Promise.all(
        missing.map(async (spec) => {
          const topics = [kafkajsTopic(topicPrefix, spec, replicationFactor, options.flushedTopics)];
          return (await client.createTopics({ topics, waitForLeaders: false, timeout: ADMIN_WITHIN_MS })) ? [spec.topic] : [];
        }),
      );
      return created.flat();
    });
    await topicsHaveLeaders(missing.map(({ topic }) => topicPrefix + topic));
    return made;
  }

  /** Not kafkajs's waitForLeaders: it gives up on a broker that has not heard of the topic yet. */
  async function topicsHaveLeaders(names: string[]): Promise<void> {
    const untilMs = performance.now() + ADMIN_WITHIN_MS;
    for (;;) {
      let cause: unknown;
      try {
        const { topics: all } = await withAdmin('topics cannot be listed', ADMIN_WITHIN_MS, (client) => client.fetchTopicMetadata());
        const led = new Set(all.filter(({ partitions }) => partitions.every(({ leader }) => leader >= 0)).map(({ name }) => name));
        if (names.every((name) => led.has(name))) return;
      } catch (error) {
        cause = error;
      }
      if (closed || performance.now() > untilMs) throw unavailable('new topics have no leaders', cause);
      await sleep(LOOK_AGAIN_MS);
    }
  }

  const append: MessageLog['append'] = (records) =>
    appender.append(records).catch((cause: unknown) => {
      if (refusalOf(cause) !== undefined) refusals.ofAppend((cause as Error).message);
      throw cause;
    });

  const log: MessageLog = {
    append,
    replace: async (_older, record) => {
      await append([record]);
    },
    async consume(consumption) {
      if (closed) throw new LogUnavailable('the log is closed');
      const consumer = await startGroupConsumer(
        {
          ...options,
          sessionTimeoutMs: options.sessionTimeoutMs ?? 6_000,
          heartbeatIntervalMs: options.heartbeatIntervalMs ?? 1_500,
          maxBatchMs: options.maxBatchMs ?? 120_000,
          ping,
          onRefused: (group, why) => refusals.ofGroup(group, why),
        },
        consumption,
      );
      const handle: LogConsumer = {
        stop: async () => {
          consumers.delete(handle);
          await consumer.stop();
        },
      };
      consumers.add(handle);
      return handle;
    },
    read: (topic, ranges, onBatch) => reader.read(topic, ranges, onBatch),
    offsets: (topic) => reader.offsets(topic),
    async committed(group, topic) {
      const answer = await withAdmin(`offsets of ${group} cannot be read`, ADMIN_WITHIN_MS, (client) =>
        client.fetchOffsets({ groupId: group, topics: [topicPrefix + topic] }),
      );
      return answer
        .flatMap(({ partitions }) => partitions)
        .map(({ partition, offset }) => ({ partition, offset: Math.max(-1, Number(offset)) }))
        .sort((a, b) => a.partition - b.partition);
    },
    topics,
    createTopics,
    ping: async () => {
      await ping();
      refusals.throwIfAny();
    },
    async close() {
      if (closed) return;
      await Promise.all([...consumers].map((consumer) => consumer.stop()));
      closed = true;
      await Promise.all([appender.close(), reader.close(), closeAdmin()]);
    },
  };

  async function closeAdmin(): Promise<void> {
    const current = admin;
    admin = undefined;
    if (!current) return;
    await within(current.admin.disconnect(), PING_WITHIN_MS, () => new Error('no answer')).catch(() => undefined);
    current.client.cut();
  }

  try {
    await appender.warmUp();
  } catch (cause) {
    await log.close();
    throw cause;
  }
  return log;
}

function kafkajsTopic(topicPrefix: string, spec: TopicSpec, replicationFactor: number, flushedTopics?: string[]): ITopicConfig {
  const configEntries = topicConfig(spec, replicationFactor, flushedTopics);
  return { topic: topicPrefix + spec.topic, numPartitions: spec.partitions, replicationFactor, configEntries };
}
