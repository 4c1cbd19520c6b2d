import { createRequire } from 'node:module';
import type { Kafka, KafkaMessage } from 'kafkajs';
import type { FetchRequest, FetchedTopic } from './fetch-request';

/**
 * The one place that reaches behind kafkajs's public interface: to read without a group (a temporary one costs a rebalance of 3 s, a name
 * to allow in ACLs, and a group to delete), and to send and receive records as bytes of our own. Connections, authentication, metadata,
 * time-outs and the group protocol stay kafkajs's. It is pinned to 2.2.4 and no longer changes; the contract suite and
 * produce-request.test.ts fail if these shapes do.
 */
export interface KafkaCluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addTargetTopic(topic: string): Promise<void>;
  /** Metadata is fetched when there is a new one among them. @throws what the broker answered of one of them; none is added then */
  addMultipleTargetTopics(topics: string[]): Promise<void>;
  refreshMetadata(): Promise<void>;
  refreshMetadataIfNecessary(): Promise<void>;
  findTopicPartitionMetadata(topic: string): { partitionId: number; leader: number }[];
  /** Node id → its partitions; partitions that do not exist are left out. */
  findLeaderForPartitions(topic: string, partitions: number[]): Record<string, number[]>;
  findBroker(node: { nodeId: string }): Promise<KafkaBroker>;
  fetchTopicsOffset(
    topics: { topic: string; fromBeginning: boolean; partitions: { partition: number }[] }[],
  ): Promise<{ topic: string; partitions: { partition: number; offset: string }[] }[]>;
}

export interface KafkaBroker {
  /** What the broker says it knows, by api key; null before the first connection. */
  versions: Record<number, { maxVersion: number } | undefined> | null;
  connectionPool: { getConnection(index: number): Promise<Connection> };
  fetch(request: FetchRequest): Promise<{ responses: FetchAnswer[] }>;
  findGroupCoordinator(request: object): Promise<unknown>;
  disconnect(): Promise<void>;
}

/** What kafkajs's own fetch answers, and its consumer works with. */
export interface FetchAnswer {
  topicName: string;
  partitions: PartitionAnswer[];
}

export interface PartitionAnswer {
  partition: number;
  highWatermark: string | number;
  abortedTransactions?: { producerId: string; firstOffset: string }[];
  preferredReadReplica?: number;
  messages: unknown[];
}

interface Connection {
  clientId: string;
  sasl: object | null;
  socket: { write(bytes: Buffer): boolean };
  requestQueue: {
    push(request: {
      entry: {
        apiKey: number;
        apiName: string;
        apiVersion: number;
        correlationId: number;
        resolve(answer: { payload: Buffer }): void;
        reject(cause: Error): void;
      };
      expectResponse: true;
      /** The queue's own is the least. */
      requestTimeout: number;
      sendRequest(): void;
    }): void;
    maybeThrottle(forMs: number): void;
  };
  isConnected(): boolean;
  isAuthenticated(): boolean;
  authenticate(): Promise<void>;
  nextCorrelationId(): number;
  /** @throws KafkaJSConnectionError */
  failIfNotConnected(): void;
}

interface ClusterOptions {
  metadataMaxAge: number;
  allowAutoTopicCreation: boolean;
  isolationLevel?: number;
  maxInFlightRequests?: number;
}

type CreateCluster = (options: ClusterOptions) => KafkaCluster & { brokerPool: { createBroker(options: object): KafkaBroker } };

/** Sorts out what was fetched: nothing before the offset asked for, no control records, nothing aborted. */
export interface FetchedBatch {
  messages: KafkaMessage[];
  rawMessages: { offset: string }[];
}

type BatchConstructor = new (topic: string, fetchedOffset: string, partition: PartitionAnswer) => FetchedBatch;

const load = createRequire(__filename);
const Batch = load('kafkajs/src/consumer/batch') as BatchConstructor;
const Decoder = load('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => object;
const decodeMessages = load('kafkajs/src/protocol/requests/fetch/v4/decodeMessages') as (decoder: object) => Promise<unknown[]>;
const fetchResponse = load('kafkajs/src/protocol/requests/fetch/v11/response') as {
  parse(response: { responses: FetchedTopic[] }): Promise<unknown>;
};
const { createErrorFromCode } = load('kafkajs/src/protocol/error') as { createErrorFromCode(code: number): Error };

export const READ_COMMITTED = 1;
const METADATA_MAX_AGE_MS = 60_000;

function createClusterOf(kafka: Kafka): { symbol: symbol; create: CreateCluster } {
  const symbol = Object.getOwnPropertySymbols(kafka).find(({ description }) => description === 'private:Kafka:createCluster');
  const create = symbol && (kafka as unknown as Record<symbol, CreateCluster | undefined>)[symbol];
  if (!create) throw new TypeError('kafkajs is not the version that this was written for (2.2.4)');
  return { symbol, create };
}

/** A cluster behind a client, with the client's addresses, credentials and logger. */
export function clusterOf(kafka: Kafka, options: { maxInFlightRequests?: number } = {}): KafkaCluster {
  return createClusterOf(kafka).create({
    metadataMaxAge: METADATA_MAX_AGE_MS,
    allowAutoTopicCreation: false,
    isolationLevel: READ_COMMITTED,
    ...options,
  });
}

/** The consumers of this client that are made from now on fetch like this. */
export function replaceFetch(
  kafka: Kafka,
  fetch: (broker: KafkaBroker, request: FetchRequest) => Promise<{ responses: FetchAnswer[] }>,
): void {
  changeBrokers(kafka, (broker) => {
    broker.fetch = (request) => fetch(broker, request);
  });
}

/** Hears why a coordinator was not named: the consumers of this client only say that there is none. */
export function hearCoordinatorErrors(kafka: Kafka, hear: (cause: unknown) => void): void {
  changeBrokers(kafka, (broker) => {
    const find = broker.findGroupCoordinator.bind(broker);
    broker.findGroupCoordinator = (request) =>
      find(request).catch((cause: unknown) => {
        hear(cause);
        throw cause;
      });
  });
}

function changeBrokers(kafka: Kafka, change: (broker: KafkaBroker) => void): void {
  const { symbol, create } = createClusterOf(kafka);
  const createChanged: CreateCluster = (options) => {
    const cluster = create(options);
    const { brokerPool } = cluster;
    const createBroker = brokerPool.createBroker.bind(brokerPool);
    brokerPool.createBroker = (given) => {
      const broker = createBroker(given);
      change(broker);
      return broker;
    };
    return cluster;
  };
  Object.defineProperty(kafka, symbol, { value: createChanged, configurable: true });
}

export interface WireRequest {
  apiKey: number;
  apiName: string;
  apiVersion: number;
  /** The whole request, its length first and its correlation id left open. */
  encode(clientId: string): Buffer;
  /** The client's own is the least, milliseconds. */
  timeoutMs: number;
}

const FETCH_API_KEY = 1;
const CORRELATION_ID_AT = 8;

/**
 * Sends bytes on the connection that kafkajs uses for such a request, and waits for the answer, as kafkajs's Connection.send does for a
 * request that it has encoded itself.
 * @throws kafkajs's errors of connections and time-outs, or what `decode` throws
 */
export async function sendBytes<T extends { clientSideThrottleTime: number }>(
  broker: KafkaBroker,
  { apiKey, apiName, apiVersion, encode, timeoutMs }: WireRequest,
  decode: (payload: Buffer) => T,
): Promise<T> {
  try {
    const connection = await broker.connectionPool.getConnection(apiKey === FETCH_API_KEY ? 1 : 0);
    if (connection.sasl !== null && !connection.isAuthenticated()) await connection.authenticate();
    const { payload } = await new Promise<{ payload: Buffer }>((resolve, reject) => {
      connection.failIfNotConnected();
      const bytes = encode(connection.clientId);
      const correlationId = connection.nextCorrelationId();
      bytes.writeInt32BE(correlationId, CORRELATION_ID_AT);
      connection.requestQueue.push({
        entry: { apiKey, apiName, apiVersion, correlationId, resolve, reject },
        expectResponse: true,
        requestTimeout: timeoutMs,
        sendRequest: () => connection.socket.write(bytes),
      });
    });
    const answer = decode(payload);
    connection.requestQueue.maybeThrottle(answer.clientSideThrottleTime);
    return answer;
  } catch (cause) {
    if ((cause as Error).name === 'KafkaJSConnectionClosedError') await broker.disconnect();
    throw cause;
  }
}

/** The error that kafkajs has for a code that a broker answered. */
export function brokerError(code: number): Error {
  return createErrorFromCode(code);
}

/** Throws what kafkajs's consumer expects of a fetch that a broker refused for one of its partitions. */
export async function throwFetchErrors(responses: FetchedTopic[]): Promise<void> {
  await fetchResponse.parse({ responses });
}

/** Record sets that only kafkajs can read: compressed ones, and those of brokers or topics from before 0.11. */
export function decodeRecordSet(recordSet: Buffer): Promise<unknown[]> {
  const length = Buffer.alloc(4);
  length.writeInt32BE(recordSet.length);
  return decodeMessages(new Decoder(Buffer.concat([length, recordSet])));
}

/** Sorts out what kafkajs has read of a partition. */
export function batchOf(topic: string, fetchedOffset: number, partition: PartitionAnswer): FetchedBatch {
  return new Batch(topic, String(fetchedOffset), partition);
}
