import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel, type Consumer, type EachBatchPayload, type Message } from 'kafkajs';
import { untilSteady, type Steadiness, type WarmUp } from './steady';

/**
 * The floor (performance.md §2): a bare program that only moves the records that a declaration becomes, by the gateway's topics and
 * consumer groups, in one process: no HTTP, XML, rules, state or signatures. Opaque buffers, acks=all, one request in flight per producer,
 * group commit bounded per topic-partition, so many declarations in flight. What the gateway reaches is shown as a ratio to it.
 */
export interface FloorConfig {
  brokers: string[];
  partitions: number;
  inFlight: number;
  sizes: RecordSizes;
  /** The broker flushes each batch of `dossiers`, as the gateway asks it to where there is one replica only. */
  flushed: boolean;
  steadiness: Steadiness;
  seconds: number;
}

/** Bytes of each record of one declaration; `results` are none where nothing is written there. */
export interface RecordSizes {
  declaration: number;
  requests: number[];
  decision: number;
  relayed: number;
  clearance: number;
  results: number[];
}

/** performance.md §1: 14 records, 21.4 kB. */
export const REFERENCE_SIZES: RecordSizes = {
  declaration: 6_000,
  requests: [4_800, 2_500, 1_200, 900],
  decision: 450,
  relayed: 450,
  clearance: 1_500,
  results: [],
};

export type FromFloor = 'measuring' | { rate: number; warmUp: WarmUp };

/** The bound of architecture.md §5, per topic-partition; of a request, so that one is encoded and answered soon. */
const MAX_PARTITION_BATCH_BYTES = 700_000;
const MAX_REQUEST_BYTES = 8 * 1024 * 1024;
const DECLARATION = 1;
const RELAYED = 2;

export interface Outgoing {
  /** Whole name. */
  topic: string;
  partition: number;
  key: string;
  value: Buffer;
}

export interface Incoming {
  key: Buffer | null;
  value: Buffer | null;
}

/** What the floor asks of a client library; topics are given by their whole names. */
export interface FloorClient {
  createTopics(topics: { name: string; partitions: number; configs: { name: string; value: string }[] }[]): Promise<void>;
  /** One request at a time: acks=all. */
  send(records: Outgoing[]): Promise<void>;
  /** From the first record on; committed about once a second. */
  consume(group: string, names: string[], onRecords: (partition: number, records: Incoming[]) => Promise<void>): Promise<void>;
  /** Consumers first, then these topics. */
  close(topics: string[]): Promise<void>;
}

/** Everything that arrives while a request is in flight joins the next one. */
class GroupCommit {
  private readonly send: (records: Outgoing[]) => Promise<void>;
  private queue: { records: Outgoing[]; resolve: () => void; reject: (cause: unknown) => void }[] = [];
  private running = false;

  constructor(send: (records: Outgoing[]) => Promise<void>) {
    this.send = send;
  }

  append(records: Outgoing[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.queue.push({ records, resolve, reject });
      if (!this.running) void this.run();
    });
  }

  private async run(): Promise<void> {
    this.running = true;
    await Promise.resolve();
    while (this.queue.length > 0) {
      const batch = this.next();
      try {
        await this.send(batch.flatMap(({ records }) => records));
        batch.forEach(({ resolve }) => resolve());
      } catch (cause) {
        batch.forEach(({ reject }) => reject(cause));
      }
    }
    this.running = false;
  }

  private next(): typeof this.queue {
    const bytes = new Map<string, number>();
    let total = 0;
    let taken = 0;
    for (const { records } of this.queue) {
      let fits = true;
      for (const { topic, partition, value } of records) {
        const place = `${topic} ${partition}`;
        const sum = (bytes.get(place) ?? 0) + value.length + 100;
        bytes.set(place, sum);
        total += value.length;
        if (sum > MAX_PARTITION_BATCH_BYTES || total > MAX_REQUEST_BYTES) fits = false;
      }
      if (!fits && taken > 0) break;
      taken++;
    }
    return this.queue.splice(0, taken);
  }
}

async function run(client: FloorClient, config: FloorConfig, tell: (message: FromFloor) => void): Promise<void> {
  const { partitions, sizes } = config;
  const prefix = `floor-${randomBytes(4).toString('hex')}.`;
  const agencies = sizes.requests.map((_, i) => `a${i}`);
  const topics = ['dossiers', 'clearances', ...agencies.flatMap((code) => [`requests.${code}`, `decisions.${code}`, `results.${code}`])];
  await client.createTopics(
    topics.map((topic) => ({
      name: prefix + topic,
      partitions,
      configs: [
        { name: 'message.timestamp.type', value: 'LogAppendTime' },
        ...(topic === 'dossiers' && config.flushed ? [{ name: 'flush.messages', value: '1' }] : []),
      ],
    })),
  );
  const commit = new GroupCommit((records) => client.send(records));

  const value = {
    declaration: Buffer.alloc(sizes.declaration, DECLARATION),
    requests: sizes.requests.map((size) => Buffer.alloc(size)),
    decision: Buffer.alloc(sizes.decision),
    relayed: Buffer.alloc(sizes.relayed, RELAYED),
    clearance: Buffer.alloc(sizes.clearance),
    results: sizes.results.map((size) => Buffer.alloc(size)),
  };
  const answers = new Map<string, number>();
  let cleared = 0;
  let stopping = false;
  let begun = 0;
  const begin = (): void => {
    if (stopping) return;
    const key = `${prefix}${String(begun).padStart(16, '0')}`;
    void commit.append([{ topic: `${prefix}dossiers`, partition: begun++ % partitions, key, value: value.declaration }]);
  };

  await Promise.all([
    consume('exchange', ['dossiers'], (partition, messages) =>
      messages.flatMap((message): Outgoing[] => {
        const key = String(message.key);
        if (message.value?.[0] === DECLARATION)
          return value.requests.map((request, i) => ({ topic: `${prefix}requests.a${i}`, partition, key, value: request }));
        const count = (answers.get(key) ?? 0) + 1;
        if (count < agencies.length) {
          answers.set(key, count);
          return [];
        }
        answers.delete(key);
        return [
          { topic: `${prefix}clearances`, partition, key, value: value.clearance },
          ...value.results.map((result, i) => ({ topic: `${prefix}results.a${i}`, partition, key, value: result })),
        ];
      }),
    ),
    consume(
      'relay',
      agencies.map((code) => `decisions.${code}`),
      (partition, messages) =>
        messages.map((message) => ({ topic: `${prefix}dossiers`, partition, key: String(message.key), value: value.relayed })),
    ),
    ...agencies.map((code) =>
      consume(`adapter.${code}`, [`requests.${code}`], (partition, messages) =>
        messages.map((message) => ({ topic: `${prefix}decisions.${code}`, partition, key: String(message.key), value: value.decision })),
      ),
    ),
    consume('clearances', ['clearances'], (_partition, messages) => {
      cleared += messages.length;
      messages.forEach(begin);
      return [];
    }),
  ]);

  function consume(group: string, names: string[], answer: (partition: number, records: Incoming[]) => Outgoing[]): Promise<void> {
    return client.consume(
      prefix + group,
      names.map((name) => prefix + name),
      async (partition, records) => {
        const outgoing = answer(partition, records);
        if (outgoing.length > 0) await commit.append(outgoing);
      },
    );
  }

  for (let i = 0; i < config.inFlight; i++) begin();
  const warmUp = await untilSteady(config.steadiness, () => cleared);
  tell('measuring');
  const [fromMs, from] = [performance.now(), cleared];
  await sleep(config.seconds * 1000);
  tell({ rate: ((cleared - from) * 1000) / (performance.now() - fromMs), warmUp });
  stopping = true;
  await client.close(topics.map((topic) => prefix + topic));
}

/** As a process of its own: the configuration is its argument, what it tells goes to its parent. */
export function floorProcess(connect: (brokers: string[]) => Promise<FloorClient>): void {
  process.once('disconnect', () => process.exit(1));
  const config = JSON.parse(process.argv[2] ?? '{}') as FloorConfig;
  connect(config.brokers)
    .then((client) => run(client, config, (message) => process.send?.(message)))
    .then(
      () => process.exit(0),
      (cause: unknown) => {
        console.error(cause);
        process.exit(1);
      },
    );
}

async function connectKafkajs(brokers: string[]): Promise<FloorClient> {
  const kafka = new Kafka({
    brokers,
    clientId: 'floor',
    logLevel: logLevel.NOTHING,
    socketFactory: ({ host, port, onConnect }) => net.connect({ host, port, noDelay: true }, onConnect),
  });
  const admin = kafka.admin();
  const producer = kafka.producer({ maxInFlightRequests: 1, createPartitioner: () => partitionOf });
  await Promise.all([admin.connect(), producer.connect()]);
  const consumers: Consumer[] = [];

  return {
    async createTopics(topics) {
      await admin.createTopics({
        topics: topics.map(({ name, partitions, configs }) => ({ topic: name, numPartitions: partitions, configEntries: configs })),
      });
    },
    async send(records) {
      const byTopic = new Map<string, Message[]>();
      for (const { topic, partition, key, value } of records) {
        let messages = byTopic.get(topic);
        if (messages === undefined) byTopic.set(topic, (messages = []));
        messages.push({ key, value, partition });
      }
      await producer.sendBatch({ acks: -1, topicMessages: [...byTopic].map(([topic, messages]) => ({ topic, messages })) });
    },
    async consume(group, names, onRecords) {
      const consumer = kafka.consumer({ groupId: group, sessionTimeout: 10_000, heartbeatInterval: 2_000, maxWaitTimeInMs: 500 });
      consumers.push(consumer);
      await consumer.connect();
      await consumer.subscribe({ topics: names, fromBeginning: true });
      await consumer.run({
        autoCommitInterval: 1_000,
        partitionsConsumedConcurrently: 64,
        eachBatch: async ({ batch, resolveOffset }: EachBatchPayload) => {
          await onRecords(batch.partition, batch.messages);
          resolveOffset(batch.lastOffset());
        },
      });
    },
    async close(topics) {
      await Promise.all(consumers.map((consumer) => consumer.disconnect()));
      await admin.deleteTopics({ topics });
      await Promise.all([producer.disconnect(), admin.disconnect()]);
    },
  };
}

function partitionOf({ message }: { message: Message }): number {
  return message.partition ?? 0;
}

if (require.main === module) floorProcess(connectKafkajs);
