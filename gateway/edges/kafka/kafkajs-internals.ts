import { createRequire } from 'node:module';
import type { Kafka, KafkaMessage } from 'kafkajs';

/**
 * The one place that reaches behind kafkajs's public interface, for reading without a group: a temporary group costs a rebalance
 * (3 s on a cluster with default settings), a name to allow in ACLs, and a group to delete. kafkajs is pinned to 2.2.4 and no
 * longer changes; kafka-reader.test.ts and the contract suite fail if these shapes do.
 */
export interface KafkaCluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addTargetTopic(topic: string): Promise<void>;
  refreshMetadata(): Promise<void>;
  refreshMetadataIfNecessary(): Promise<void>;
  findTopicPartitionMetadata(topic: string): { partitionId: number }[];
  /** Node id → its partitions; partitions that do not exist are left out. */
  findLeaderForPartitions(topic: string, partitions: number[]): Record<string, number[]>;
  findBroker(node: { nodeId: string }): Promise<KafkaBroker>;
  fetchTopicsOffset(
    topics: { topic: string; fromBeginning: boolean; partitions: { partition: number }[] }[],
  ): Promise<{ topic: string; partitions: { partition: number; offset: string }[] }[]>;
}

export interface KafkaBroker {
  fetch(request: {
    isolationLevel: number;
    maxWaitTime: number;
    minBytes: number;
    maxBytes: number;
    topics: { topic: string; partitions: { partition: number; fetchOffset: string; maxBytes: number }[] }[];
  }): Promise<{ responses: { topicName: string; partitions: FetchedPartition[] }[] }>;
}

export interface FetchedPartition {
  partition: number;
  highWatermark: string;
  messages: unknown[];
}

/** Sorts out what was fetched: nothing before the offset asked for, no control records, nothing aborted. */
export interface FetchedBatch {
  messages: KafkaMessage[];
  rawMessages: { offset: string }[];
  highWatermark: string;
}

type CreateCluster = (options: { metadataMaxAge: number; allowAutoTopicCreation: boolean; isolationLevel: number }) => KafkaCluster;
type BatchConstructor = new (topic: string, fetchedOffset: string, partition: FetchedPartition) => FetchedBatch;

const Batch = createRequire(__filename)('kafkajs/src/consumer/batch') as BatchConstructor;

export const READ_COMMITTED = 1;
const METADATA_MAX_AGE_MS = 60_000;

/** The cluster behind a client, with the client's addresses, credentials and logger. */
export function clusterOf(kafka: Kafka): KafkaCluster {
  const symbol = Object.getOwnPropertySymbols(kafka).find(({ description }) => description === 'private:Kafka:createCluster');
  const create = symbol && (kafka as unknown as Record<symbol, CreateCluster | undefined>)[symbol];
  if (!create) throw new TypeError('kafkajs is not the version that this was written for (2.2.4)');
  return create({ metadataMaxAge: METADATA_MAX_AGE_MS, allowAutoTopicCreation: false, isolationLevel: READ_COMMITTED });
}

export function batchOf(topic: string, fetchedOffset: number, partition: FetchedPartition): FetchedBatch {
  return new Batch(topic, String(fetchedOffset), partition);
}
