import { createRequire } from 'node:module';
import { PRODUCE_VERSION, type ProduceHead, type TopicRecords } from '../../gateway/edges/kafka/produce-request';
import type { LogRecord, OutgoingRecord } from '../../gateway/ports/message-log';
import { logRecordOf } from '../../gateway/edges/kafka/kafka-records';
import { batchOf, type FetchedBatch } from '../../gateway/edges/kafka/kafkajs-internals';

/** kafkajs's own encoder and decoder: the oracle of the edge's, and what it is measured against. */
const load = createRequire(__filename);

interface Encoder {
  buffer: Buffer;
}
type EncodeBatch = (batch: object) => Promise<Encoder>;

const { RecordBatch } = load('kafkajs/src/protocol/recordBatch/v0') as { RecordBatch: EncodeBatch };
const encodeRecord = load('kafkajs/src/protocol/recordBatch/record/v0') as (record: object) => Encoder;
const { protocol } = load('kafkajs/src/protocol/requests/produce') as {
  protocol(version: { version: number }): (request: object) => { request: object };
};
const encodeRequest = load('kafkajs/src/protocol/request') as (request: object) => Promise<Encoder>;
const Decoder = load('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => object;
const decodeMessages = load('kafkajs/src/protocol/requests/fetch/v4/decodeMessages') as (decoder: object) => Promise<unknown[]>;

export interface BatchTraits {
  firstOffset?: number;
  firstTimestamp?: number;
  maxTimestamp?: number;
  compression?: number;
  transactional?: boolean;
  producerId?: number;
}

/** A record batch as a broker would send it, but for what only a broker sets. */
export async function kafkajsBatch(records: OutgoingRecord[], nowMs: number, traits: BatchTraits = {}): Promise<Buffer> {
  const encoded = records.map(({ key, value, headers }, offsetDelta) =>
    encodeRecord({ key, value, headers, offsetDelta, timestampDelta: 0 }),
  );
  const times = { firstTimestamp: nowMs, maxTimestamp: nowMs };
  const batch = await RecordBatch({ ...times, records: encoded, lastOffsetDelta: records.length - 1, ...traits });
  return Buffer.from(batch.buffer);
}

/** The whole request, as kafkajs would write it into the socket. */
export async function kafkajsProduceRequest({ clientId, timeoutMs }: ProduceHead, topics: TopicRecords[]): Promise<Buffer> {
  const topicData = topics.map(({ name, partitions }) => ({
    topic: name,
    partitions: partitions.map(({ partition, records }) => ({ partition, firstSequence: 0, messages: records })),
  }));
  const { request } = protocol({ version: PRODUCE_VERSION })({ acks: -1, timeout: timeoutMs, topicData });
  return (await encodeRequest({ correlationId: 0, clientId, request })).buffer;
}

/** What kafkajs and the edge's own conversion make of a record set. */
export async function kafkajsRecords(set: Buffer, topic: string, partition: number, fromOffset: number): Promise<LogRecord[]> {
  return (await kafkajsFetched(set, topic, partition, fromOffset)).messages.map((message) => logRecordOf(topic, partition, message));
}

export async function kafkajsFetched(
  set: Buffer,
  topic: string,
  partition: number,
  fromOffset: number,
  abortedTransactions: object[] = [],
): Promise<FetchedBatch> {
  const size = Buffer.alloc(4);
  size.writeInt32BE(set.length);
  const messages = await decodeMessages(new Decoder(Buffer.concat([size, set])));
  return batchOf(topic, fromOffset, { partition, highWatermark: '0', messages, abortedTransactions } as never);
}
