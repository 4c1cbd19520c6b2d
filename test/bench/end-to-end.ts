import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Redis from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import { openEmbeddedMessageLog } from '../../gateway/edges/embedded/embedded-message-log';
import { openKafkaMessageLog } from '../../gateway/edges/kafka/kafka-message-log';
import type { MessageLog } from '../../gateway/ports/message-log';
import { start as startServices, type LocalKafka, type LocalRedis, type Services } from '../../scripts/local-services';
import { readClearances, readDeclarations, type Cleared } from './acknowledged';
import { openEmbeddedCounter } from './embedded-counter';
import type { Figure, Series } from './figures';
import { startGatewayUnderTest, type Topology } from './gateway-under-test';
import { judge, runPhase, type JudgedRun, type PhaseOptions, type PhaseResult, type PhaseRun, type PhaseWorld } from './phase';
import { usageOf, type Usage } from './process-usage';
import type { BenchSettings, KafkaClient } from './settings';
import { topicSizes, type TopicSize } from './topic-sizes';

/** Intake alone, end to end on Kafka and Redis, embedded: one gateway, several phases of load, the log read afterwards. */
export interface BenchServices extends Services {
  /** Without a process id where it is a container. */
  kafka?: Partial<LocalKafka>;
  redis?: Partial<LocalRedis>;
}

export interface SuiteRun {
  name: string;
  /** Undefined: embedded. */
  client?: KafkaClient;
  phases: PhaseResult[];
  /** Of the whole suite: empty, or its figures count for nothing. */
  faults: string[];
  topics: TopicSize[];
  declarations: number;
  /** Redis memory per declaration, bytes. */
  redisBytes?: number;
  /** What the suite is about, beyond what every phase has. */
  figures: Figure[];
  series: Series[];
}

/** Own servers, or those of the environment. Topics go away at once when they are deleted: a run writes gigabytes. */
export async function openServices(say: (line: string) => void): Promise<BenchServices> {
  const { KAFKA_BROKERS: kafkaBrokers, REDIS_URL: redisUrl } = process.env;
  return startServices({ kafkaBrokers, redisUrl, say, properties: { 'file.delete.delay.ms': '1000' } });
}

export interface SuiteOptions {
  name: string;
  topology: Topology;
  /** One after the other; a phase may depend on what the ones before it reached; undefined: left out. */
  phases: (PhaseOptions | ((runs: readonly PhaseRun[]) => PhaseOptions | undefined))[];
  /** Undefined: embedded. */
  services: BenchServices | undefined;
  client?: KafkaClient;
  /** Nobody folds: a declaration is done when `dossiers` has it. */
  intakeOnly?: boolean;
  /** More settings of the gateway. */
  env?: Record<string, string>;
  /** Tenants, by share of the declarations. */
  shares?: readonly number[];
  ruleCopies?: Readonly<Record<string, string>>;
  /** Once the gateway runs, before any load. What it returns is ended after the load. */
  before?: (world: SuiteWorld) => Promise<() => unknown>;
  /** When every phase is over and everything is done, while the gateway runs. */
  after?: (world: SuiteWorld) => Promise<void>;
  /** From what was judged, and what the suite has seen itself. */
  conclude?: (judged: readonly JudgedRun[], cleared: ReadonlyMap<string, Cleared>) => Conclusion;
}

export interface Conclusion {
  figures: Figure[];
  series?: Series[];
  faults?: string[];
}

/** A gateway on Kafka and Redis, as a suite may look into it. */
export interface SuiteWorld extends PhaseWorld {
  services: BenchServices | undefined;
  topicPrefix: string;
  keyPrefix: string;
  /** Undefined: embedded. */
  log: MessageLog | undefined;
}

export async function runSuite(settings: BenchSettings, options: SuiteOptions, profiles: string | undefined): Promise<SuiteRun> {
  const { topology, services, intakeOnly = false, shares = [1], client } = options;
  const folder = mkdtempSync(path.join(tmpdir(), 'seaport-bench-'));
  const id = randomBytes(4).toString('hex');
  const topicPrefix = services === undefined ? '' : `bench-${id}.`;
  const keyPrefix = `bench:${id}:`;
  if (profiles !== undefined) mkdirSync(path.dirname(profiles), { recursive: true });
  const closers: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  try {
    const gateway = await startGatewayUnderTest({
      from: settings.gateway,
      topology,
      shares,
      env: {
        TOPIC_PARTITIONS: String(settings.partitions),
        ...(services === undefined
          ? {}
          : { KAFKA_BROKERS: services.kafkaBrokers, REDIS_URL: services.redisUrl, TOPIC_PREFIX: topicPrefix, REDIS_KEY_PREFIX: keyPrefix }),
        ...(client === undefined ? {} : { KAFKA_CLIENT: client }),
        ...options.env,
      },
      ...(options.ruleCopies === undefined ? {} : { ruleCopies: options.ruleCopies }),
      ...(profiles === undefined ? {} : { profiles }),
    });
    closers.push(
      () => gateway.remove(),
      () => gateway.stop(),
    );
    const topic = intakeOnly ? 'dossiers' : 'clearances';
    let log: MessageLog | undefined;
    let counter: ReturnType<typeof openEmbeddedCounter> | undefined;
    if (services === undefined) counter = openEmbeddedCounter(gateway.dataDir, topic);
    else {
      const opened = await openKafkaMessageLog({ brokers: services.kafkaBrokers.split(','), clientId: 'bench', topicPrefix });
      log = opened;
      closers.push(
        () => dropKeys(services.redisUrl, keyPrefix),
        () => dropTopics(services.kafkaBrokers, topicPrefix),
        () => opened.close(),
      );
    }
    const world: SuiteWorld = {
      gateway,
      folder,
      shares,
      done: async () => counter?.count() ?? (await log?.offsets(topic))?.reduce((sum, { start, end }) => sum + end - start, 0) ?? 0,
      servers: () => serverUsage(services),
      services,
      topicPrefix,
      keyPrefix,
      log,
    };
    const end = await options.before?.(world);
    const memoryBefore = await redisMemory(services);
    const runs: PhaseRun[] = [];
    try {
      for (const phase of options.phases) {
        const next = typeof phase === 'function' ? phase(runs) : phase;
        if (next !== undefined) runs.push(await runPhase(world, next));
      }
    } finally {
      await end?.();
    }
    const memoryAfter = await redisMemory(services);
    await options.after?.(world);
    // The embedded log belongs to one process: it is read when that one is gone.
    await counter?.close();
    await gateway.stop();
    if (log === undefined) {
      const opened = await openEmbeddedMessageLog({ path: gateway.dataDir });
      log = opened;
      closers.push(() => opened.close());
    }
    const cleared = intakeOnly ? await readDeclarations(log) : await readClearances(log);
    const judged = runs.map((run) => judge(run, cleared, shares));
    const { figures = [], series = [], faults = [] } = options.conclude?.(judged, cleared) ?? {};
    const declarations = judged.reduce((sum, { result }) => sum + result.kinds.filter((kind) => kind !== 'replay').length, 0);
    const redisBytes =
      memoryBefore === undefined || memoryAfter === undefined ? {} : { redisBytes: (memoryAfter - memoryBefore) / cleared.size };
    return {
      name: suiteName(options),
      ...(client === undefined ? {} : { client }),
      phases: judged.flatMap(({ phases }) => phases),
      faults: [...judged.flatMap((one) => one.faults.map((fault) => `${one.run.options.name}: ${fault}`)), ...faults],
      topics: await topicSizes(log, declarations),
      declarations,
      ...redisBytes,
      figures,
      series,
    };
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

function suiteName({ name, topology, client }: SuiteOptions): string {
  return [name, topology.name, ...(client === undefined || client === 'kafkajs' ? [] : [client])].join(', ');
}

/** What is left of a suite that broke off. */
export function suiteThatFailed(options: SuiteOptions, cause: unknown): SuiteRun {
  const { client } = options;
  const [reason = '', ...rest] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
  process.stderr.write(`bench: ${suiteName(options)}: ${[reason, ...rest].join('\n')}\n`);
  const fault = `did not run to its end: ${reason.replace(/:$/, '')}`;
  return {
    name: suiteName(options),
    ...(client === undefined ? {} : { client }),
    phases: [],
    faults: [fault],
    topics: [],
    declarations: 0,
    figures: [],
    series: [],
  };
}

function serverUsage(services: BenchServices | undefined): Record<string, Usage> {
  const usages: Record<string, Usage> = {};
  const [broker, redis] = [usageOf(services?.kafka?.pid?.()), usageOf(services?.redis?.pid?.())];
  if (broker !== undefined) usages['broker'] = broker;
  if (redis !== undefined) usages['redis'] = redis;
  return usages;
}

async function withRedis<T>(url: string, use: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url);
  try {
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}

export async function redisMemory(services: BenchServices | undefined): Promise<number | undefined> {
  if (services === undefined) return undefined;
  return withRedis(services.redisUrl, async (redis) => Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1] ?? NaN));
}

export async function dropKeys(url: string, prefix: string): Promise<void> {
  await withRedis(url, async (redis) => {
    for await (const keys of redis.scanStream({ match: `${prefix}*`, count: 2_000 }) as AsyncIterable<string[]>)
      if (keys.length > 0) await redis.unlink(...keys);
  });
}

async function dropTopics(brokers: string, prefix: string): Promise<void> {
  const admin = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    await admin.deleteTopics({ topics: (await admin.listTopics()).filter((topic) => topic.startsWith(prefix)) });
  } finally {
    await admin.disconnect();
  }
}
