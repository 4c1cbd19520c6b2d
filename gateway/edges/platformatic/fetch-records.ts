import { IS_CONTROL, IS_TRANSACTIONAL, Reader, readRecordsBatches, type KafkaRecord } from '@platformatic/kafka';
import { decodeFetchResponse, encodeFetchRequest, FETCH_API_KEY, FETCH_VERSION, type FetchedPartition } from '../kafka/fetch-request';
import type { FetchedRecords } from '../kafka/kafka-fetch';
import { readRecordSet, setHeader, type RecordSet } from '../kafka/record-batches';
import type { LogRecord } from '../../ports/message-log';
import type { Brokers } from './brokers';
import { BrokerAnswer } from './platformatic-faults';
import { BODY_AT } from './request-head';

export interface WantedPartition {
  topicName: string;
  partition: number;
  offset: number;
}

/** What one broker answered: records, and the partitions that it refuses. Partitions without news are left out. */
export interface Fetched {
  fetched: FetchedRecords[];
  refused: { topicName: string; partition: number; answer: BrokerAnswer }[];
}

export const READ_COMMITTED = 1;
const MAX_FETCH_BYTES = 10 * 1024 * 1024;
const MAX_FETCH_PARTITION_BYTES = 1024 * 1024;
const NO_VALUE = Buffer.alloc(0);

/**
 * One fetch from one broker.
 * @param maxWaitMs how long the broker may wait for the first record
 * @param turn which partition stands first
 */
export async function fetchRecords(
  brokers: Brokers,
  nodeId: number,
  wanted: WantedPartition[],
  topicPrefix: string,
  maxWaitMs: number,
  turn: number,
): Promise<Fetched> {
  const connection = await brokers.node(nodeId);
  const topics = new Map<string, { partition: number; fetchOffset: string; maxBytes: number }[]>();
  const offsets = new Map<string, number>();
  for (const { topicName, partition, offset } of wanted) {
    let partitions = topics.get(topicName);
    if (!partitions) topics.set(topicName, (partitions = []));
    partitions.push({ partition, fetchOffset: String(offset), maxBytes: MAX_FETCH_PARTITION_BYTES });
    offsets.set(`${topicName} ${partition}`, offset);
  }
  const request = {
    isolationLevel: READ_COMMITTED,
    maxWaitTime: maxWaitMs,
    minBytes: 1,
    maxBytes: MAX_FETCH_BYTES,
    topics: [...topics].map(([topic, partitions]) => ({ topic, partitions })),
  };
  const body = encodeFetchRequest('', request, turn).subarray(BODY_AT);
  const { responses } = await brokers.sendBytes(connection, FETCH_API_KEY, FETCH_VERSION, body, decodeFetchResponse);
  const answer: Fetched = { fetched: [], refused: [] };
  for (const { topicName, partitions } of responses) {
    const topic = topicName.slice(topicPrefix.length);
    for (const given of partitions) {
      const { partition, errorCode, highWatermark, preferredReadReplica, recordSet } = given;
      const offset = offsets.get(`${topicName} ${partition}`);
      if (offset === undefined) throw new RangeError('the broker answered for a partition that it was not asked for');
      if (errorCode !== 0) answer.refused.push({ topicName, partition, answer: new BrokerAnswer(errorCode) });
      else if (recordSet.length > 0)
        answer.fetched.push({ topicName, partition, highWatermark, preferredReadReplica, ...recordsOf(given, topic, offset) });
    }
  }
  return answer;
}

function recordsOf(given: FetchedPartition, topic: string, fromOffset: number): RecordSet {
  const read = given.abortedTransactions.length === 0 ? readRecordSet(given.recordSet, topic, given.partition, fromOffset) : undefined;
  return read ?? recordsByLibrary(given, topic, fromOffset);
}

/** What is compressed or partly aborted: rare, so the library may take its time. */
export function recordsByLibrary(given: FetchedPartition, topic: string, fromOffset: number): RecordSet {
  const { partition } = given;
  const aborted = given.abortedTransactions
    .map(({ producerId, firstOffset }) => ({ producerId: BigInt(producerId), firstOffset: BigInt(firstOffset) }))
    .sort((a, b) => Number(a.firstOffset - b.firstOffset));
  const aborting = new Set<bigint>();
  const records: LogRecord[] = [];
  let lastOffset = -1;
  for (const batch of readRecordsBatches(Reader.from(given.recordSet))) {
    lastOffset = Number(batch.firstOffset) + batch.lastOffsetDelta;
    while (aborted[0] && aborted[0].firstOffset <= BigInt(lastOffset)) aborting.add((aborted.shift() as { producerId: bigint }).producerId);
    if ((batch.attributes & IS_CONTROL) !== 0) {
      // A marker ends the transaction of its producer.
      aborting.delete(batch.producerId);
      continue;
    }
    if ((batch.attributes & IS_TRANSACTIONAL) !== 0 && aborting.has(batch.producerId)) continue;
    const isLogTime = (batch.attributes & LOG_APPEND_TIME) !== 0;
    for (const record of batch.records) {
      const offset = Number(batch.firstOffset) + record.offsetDelta;
      if (offset < fromOffset) continue;
      const timestampMs = Number(isLogTime ? batch.maxTimestamp : batch.firstTimestamp + record.timestampDelta);
      records.push(logRecordOf(topic, partition, offset, timestampMs, record));
    }
  }
  return { records, lastOffset };
}

const LOG_APPEND_TIME = 0x08;

function logRecordOf(
  topic: string,
  partition: number,
  offset: number,
  timestampMs: number,
  { key, value, headers }: KafkaRecord,
): LogRecord {
  const texts: Record<string, string> = {};
  for (const [name, text] of headers) setHeader(texts, name?.toString() ?? '', text?.toString() ?? '');
  return { topic, partition, offset, timestampMs, key: key === null ? null : key.toString(), value: value ?? NO_VALUE, headers: texts };
}
