import { setTimeout as sleep } from 'node:timers/promises';
import { createTopicsV7 } from '@platformatic/kafka';
import { LogUnavailable } from '../../core/exchange-error';
import type { LogConsumer, MessageLog, TopicSpec } from '../../ports/message-log';
import { calmWarnings } from '../kafka/calm-warnings';
import { startSupervised } from '../kafka/consumer-supervisor';
import { openKafkaAppender } from '../kafka/kafka-appender';
import { answerOf, refusalOf, unavailable, within } from '../kafka/kafka-faults';
import { openKafkaReader } from '../kafka/kafka-reader';
import { Refusals } from '../kafka/refusals';
import { flushedTopicsAt, topicConfig } from '../kafka/topic-config';
import { Brokers, type PlatformaticConnectionOptions } from './brokers';
import { fetchCommitted, findCoordinator } from './group-member';
import { GroupSession } from './group-session';
import { createPlatformaticProduceClient } from './platformatic-produce-client';
import { openPlatformaticRecordSource } from './platformatic-record-source';

/** The message log on Kafka through @platformatic/kafka 1.35.0; brokers from 3.0 on. Options and defaults are those of edges/kafka. */
export interface PlatformaticMessageLogOptions extends PlatformaticConnectionOptions {
  topicPrefix: string;
  appendDeadlineMs?: number;
  sessionTimeoutMs?: number;
  heartbeatIntervalMs?: number;
  maxBatchMs?: number;
  replicationFactor?: number;
  flushedTopics?: string[];
}

const APPEND_DEADLINE_MS = 1_800;
const PING_WITHIN_MS = 2_000;
const ADMIN_WITHIN_MS = 10_000;
/** Beyond the time that a broker is given to create a topic. */
const ADMIN_REQUEST_TIMEOUT_MS = 15_000;
const REPLICATION = 3;
const LOOK_AGAIN_MS = 50;

/**
 * Connects, and fails when no broker answers: a process that starts without its log is of no use.
 * Later absences are waited out: the same object works again once the broker does.
 * @throws LogUnavailable
 */
export async function openPlatformaticMessageLog(given: PlatformaticMessageLogOptions): Promise<MessageLog> {
  const options = given.onWarning ? { ...given, onWarning: calmWarnings(given.onWarning) } : given;
  const { topicPrefix } = options;
  const appendDeadlineMs = options.appendDeadlineMs ?? APPEND_DEADLINE_MS;
  const reader = openKafkaReader({ ...options, openSource: () => openPlatformaticRecordSource(options) });
  const refusals = new Refusals();
  const consumers = new Set<LogConsumer>();
  let admin: Brokers | undefined;
  let closed = false;

  /** After an error or too long a wait the next call gets new connections. */
  async function withAdmin<T>(what: string, withinMs: number, run: (brokers: Brokers) => Promise<T>): Promise<T> {
    if (closed) throw new LogUnavailable('the log is closed');
    const brokers = (admin ??= new Brokers(options, ADMIN_REQUEST_TIMEOUT_MS));
    try {
      return await within(run(brokers), withinMs, () => new LogUnavailable(`${what}: no answer within ${withinMs} ms`));
    } catch (cause) {
      if (admin === brokers) admin = undefined;
      brokers.cut();
      throw unavailable(what, cause);
    }
  }

  const describe = (topicNames: string[] | null, withinMs: number): ReturnType<Brokers['describe']> =>
    withAdmin('Kafka does not answer', withinMs, (brokers) => brokers.describe(topicNames));

  const ping = async (): Promise<void> => {
    await describe([], PING_WITHIN_MS);
  };

  const replicasOfTopics = async (): Promise<number> =>
    Math.min(options.replicationFactor ?? REPLICATION, (await describe([], ADMIN_WITHIN_MS)).brokers.length);

  const appender = openKafkaAppender({
    ...options,
    appendDeadlineMs,
    flushedTopics: flushedTopicsAt(await replicasOfTopics(), options.flushedTopics),
    openClient: () => createPlatformaticProduceClient(options, appendDeadlineMs),
  });

  async function topics(): Promise<{ topic: string; partitions: number }[]> {
    const { topics: all } = await describe(null, ADMIN_WITHIN_MS);
    return all
      .filter(({ name }) => name?.startsWith(topicPrefix) && !name.startsWith('__'))
      .map(({ name, partitions }) => ({ topic: (name ?? '').slice(topicPrefix.length), partitions: partitions.length }))
      .sort((a, b) => (a.topic < b.topic ? -1 : 1));
  }

  async function createTopics(specs: TopicSpec[]): Promise<string[]> {
    const existing = new Set((await topics()).map(({ topic }) => topic));
    const missing = specs.filter(({ topic }) => !existing.has(topic));
    if (missing.length === 0) return [];
    const replicationFactor = await replicasOfTopics();
    const made = await withAdmin('topics cannot be created', ADMIN_WITHIN_MS * 2, async (brokers) => {
      await brokers.connect();
      const created = await Promise.all(missing.map((spec) => createTopic(brokers, spec, replicationFactor)));
      return missing.filter((_, i) => created[i]).map(({ topic }) => topic);
    });
    await topicsHaveLeaders(missing.map(({ topic }) => topicPrefix + topic));
    return made;
  }

  /** False when somebody else has created it. */
  async function createTopic(brokers: Brokers, spec: TopicSpec, replicationFactor: number): Promise<boolean> {
    const topic = {
      name: topicPrefix + spec.topic,
      numPartitions: spec.partitions,
      replicationFactor,
      assignments: [],
      configs: topicConfig(spec, replicationFactor, options.flushedTopics),
    };
    try {
      await brokers.ask(await brokers.any(), createTopicsV7.api.async, [topic], ADMIN_WITHIN_MS, false);
      return true;
    } catch (cause) {
      if (answerOf(cause) === 'TOPIC_ALREADY_EXISTS') return false;
      throw cause;
    }
  }

  async function topicsHaveLeaders(names: string[]): Promise<void> {
    const untilMs = performance.now() + ADMIN_WITHIN_MS;
    for (;;) {
      let cause: unknown;
      try {
        const { topics: all } = await describe(names, ADMIN_WITHIN_MS);
        if (all.every(({ partitions }) => partitions.length > 0 && partitions.every(({ leaderId }) => leaderId >= 0))) return;
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
      const sessionOptions = {
        ...options,
        sessionTimeoutMs: options.sessionTimeoutMs ?? 6_000,
        heartbeatIntervalMs: options.heartbeatIntervalMs ?? 1_500,
        maxBatchMs: options.maxBatchMs ?? 120_000,
        ping,
        onRefused: (group: string, why: string | undefined) => refusals.ofGroup(group, why),
      };
      const consumer = await startSupervised(
        sessionOptions,
        consumption,
        (events) => new GroupSession(sessionOptions, consumption, events),
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
    committed: (group, topic) =>
      withAdmin(`offsets of ${group} cannot be read`, ADMIN_WITHIN_MS, async (brokers) => {
        const name = topicPrefix + topic;
        await brokers.know([name]);
        const partitions = brokers.partitionsOf(name).map(({ partitionId }) => partitionId);
        const coordinator = await brokers.at(await findCoordinator(brokers, group));
        const offsets = await fetchCommitted(brokers, coordinator, group, [{ topic: name, partitions }]);
        return partitions
          .map((partition) => ({ partition, offset: Math.max(-1, offsets.get(`${name} ${partition}`) ?? -1) }))
          .sort((a, b) => a.partition - b.partition);
      }),
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
      admin?.cut();
      await Promise.all([appender.close(), reader.close()]);
    },
  };

  try {
    await appender.warmUp();
  } catch (cause) {
    await log.close();
    throw cause;
  }
  return log;
}
