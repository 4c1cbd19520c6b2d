import type { Kafka } from 'kafkajs';
import {
  decodeFetchResponse,
  encodeFetchRequest,
  FETCH_API_KEY,
  FETCH_VERSION,
  type FetchRequest,
  type FetchedPartition,
} from './fetch-request';
import { logRecordOf } from './kafka-records';
import { batchOf, decodeRecordSet, replaceFetch, sendBytes, throwFetchErrors, type KafkaBroker } from './kafkajs-internals';
import { readRecordSet, type RecordSet } from './record-batches';

/** What a fetch brought of one partition; partitions that had nothing are left out. */
export interface FetchedRecords extends RecordSet {
  topicName: string;
  partition: number;
  /** The offset after the last record that is there for all. */
  highWatermark: number;
  /** A broker that this one sends its readers to, or -1. */
  preferredReadReplica: number;
}

/** kafkajs's own allowance over the time that a broker may wait for records. */
const NETWORK_DELAY_MS = 100;
const NO_REPLICA = -1;

/**
 * One fetch from one broker, as records of the port.
 * @throws kafkajs's errors, or RangeError when the answer makes no sense
 */
export type FetchRecords = (broker: KafkaBroker, request: FetchRequest) => Promise<FetchedRecords[]>;

export function createFetchRecords(topicPrefix: string): FetchRecords {
  let turn = 0;
  return async (broker, request) => {
    if ((broker.versions?.[FETCH_API_KEY]?.maxVersion ?? 0) < FETCH_VERSION) throw new Error('the broker is older than Kafka 2.3');
    const wireRequest = {
      apiKey: FETCH_API_KEY,
      apiName: 'Fetch',
      apiVersion: FETCH_VERSION,
      encode: (clientId: string) => encodeFetchRequest(clientId, request, turn++),
      timeoutMs: request.maxWaitTime + NETWORK_DELAY_MS,
    };
    const { responses } = await sendBytes(broker, wireRequest, decodeFetchResponse);
    const fetched: FetchedRecords[] = [];
    for (const { topicName, partitions } of responses) {
      const topic = topicName.slice(topicPrefix.length);
      for (const given of partitions) {
        if (given.errorCode !== 0) await throwFetchErrors(responses);
        const { partition, highWatermark, preferredReadReplica } = given;
        if (given.recordSet.length === 0 && preferredReadReplica === NO_REPLICA) continue;
        const set = await recordsOf(given, topicName, topic, fetchOffsetOf(request, topicName, partition));
        fetched.push({ topicName, partition, highWatermark, preferredReadReplica, ...set });
      }
    }
    return fetched;
  };
}

function recordsOf(given: FetchedPartition, topicName: string, topic: string, fromOffset: number): RecordSet | Promise<RecordSet> {
  const read = given.abortedTransactions.length === 0 ? readRecordSet(given.recordSet, topic, given.partition, fromOffset) : undefined;
  return read ?? recordsByKafkajs(given, topicName, topic, fromOffset);
}

/** What is compressed, older than Kafka 0.11, or partly aborted: rare, so kafkajs may take its time. */
async function recordsByKafkajs(given: FetchedPartition, topicName: string, topic: string, fromOffset: number): Promise<RecordSet> {
  const { messages, rawMessages } = batchOf(topicName, fromOffset, { ...given, messages: await decodeRecordSet(given.recordSet) });
  return {
    records: messages.map((message) => logRecordOf(topic, given.partition, message)),
    lastOffset: Number(rawMessages.at(-1)?.offset ?? -1),
  };
}

function fetchOffsetOf(request: FetchRequest, topicName: string, partition: number): number {
  for (const { topic, partitions } of request.topics)
    if (topic === topicName) for (const asked of partitions) if (asked.partition === partition) return Number(asked.fetchOffset);
  throw new RangeError('the broker answered for a partition that it was not asked for');
}

/** What kafkajs's consumer is given as the one message of a partition. */
export interface FetchedMessage {
  /** Of the last record: kafkajs goes on from there. */
  offset: string;
  /** True when no record is left to handle; kafkajs then moves on by itself. */
  isControlRecord: boolean;
  fetched: FetchedRecords;
}

/**
 * kafkajs's consumers of this client get all records of a partition as one message: what kafkajs does for each message, it does once a
 * batch. Partitions without records are not shown to it, as it would make an empty batch of each.
 */
export function consumeAsRecords(kafka: Kafka, fetchRecords: FetchRecords): void {
  replaceFetch(kafka, async (broker, request) => {
    const answers = await fetchRecords(broker, request);
    const responses = answers.map((fetched) => {
      const { topicName, partition, highWatermark, preferredReadReplica, lastOffset } = fetched;
      const message: FetchedMessage = { offset: String(lastOffset), isControlRecord: fetched.records.length === 0, fetched };
      return { topicName, partitions: [{ partition, highWatermark, preferredReadReplica, messages: lastOffset < 0 ? [] : [message] }] };
    });
    return { responses };
  });
}
