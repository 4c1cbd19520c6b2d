import type { OutgoingRecord } from '../../ports/message-log';
import { crc32c } from './crc32c';
import { ResponseReader, writeString } from './protocol-bytes';

/**
 * A Produce request as bytes, written once into one buffer: kafkajs builds each record, header and number in a buffer of its own and
 * copies it several times over. Its bytes are the same (produce-request.test.ts); what each costs: test/bench/micro/edges/kafka.bench.ts.
 *
 * Produce Request and Response v7 (kafka.apache.org/protocol; brokers from 2.1 on).
 */
export interface ProduceHead {
  clientId: string;
  /** How long the broker waits for its replicas, milliseconds. */
  timeoutMs: number;
  /** Create time of the records, milliseconds; topics that keep the log's own time ignore it. */
  nowMs: number;
}

export interface TopicRecords {
  /** As the broker knows it, with the prefix. */
  name: string;
  partitions: PartitionRecords[];
}

export interface PartitionRecords {
  partition: number;
  records: OutgoingRecord[];
  /** At least the sum of their mostBytesOf(). */
  mostBytes: number;
}

export const PRODUCE_API_KEY = 0;
export const PRODUCE_VERSION = 7;
const ACKS_ALL = -1;

/** Of a record beside its key, value and headers: attributes, and the most that its six numbers can take. */
const RECORD_FRAME_BYTES = 32;
/** Two lengths. */
const HEADER_FRAME_BYTES = 10;
/** Of a UTF-16 unit in UTF-8. */
const MOST_BYTES_PER_UNIT = 3;
/** Partition, length, and the batch up to its records. */
const PARTITION_FRAME_BYTES = 8 + 61;
/** Of a request or a topic, beside its name. */
const FRAME_BYTES = 64;

/** A record takes no more than this of a request. */
export function mostBytesOf({ key, value, headers }: OutgoingRecord): number {
  let bytes = RECORD_FRAME_BYTES + value.length;
  if (key !== null) bytes += key.length * MOST_BYTES_PER_UNIT;
  for (const name in headers) bytes += HEADER_FRAME_BYTES + (name.length + (headers[name] as string).length) * MOST_BYTES_PER_UNIT;
  return bytes;
}

/**
 * The request with its length before it, the correlation id still 0, written into the room given.
 * @param bytes of at least mostBytesIn(); not to be touched before the request is answered
 */
export function encodeProduceRequest(bytes: Buffer, head: ProduceHead, topics: TopicRecords[]): Buffer {
  let at = bytes.writeInt16BE(PRODUCE_API_KEY, 4);
  at = bytes.writeInt16BE(PRODUCE_VERSION, at);
  at = bytes.writeInt32BE(0, at);
  at = writeString(bytes, at, head.clientId);
  at = bytes.writeInt16BE(-1, at); // in no transaction
  at = bytes.writeInt16BE(ACKS_ALL, at);
  at = bytes.writeInt32BE(head.timeoutMs, at);
  at = bytes.writeInt32BE(topics.length, at);
  for (const { name, partitions } of topics) {
    at = writeString(bytes, at, name);
    at = bytes.writeInt32BE(partitions.length, at);
    for (const { partition, records } of partitions) {
      at = bytes.writeInt32BE(partition, at);
      const end = writeBatch(bytes, at + 4, records, head.nowMs);
      bytes.writeInt32BE(end - at - 4, at);
      at = end;
    }
  }
  // Bytes beyond the end of a buffer are dropped without a word.
  if (at > bytes.length) throw new RangeError('a request is larger than it was reckoned');
  bytes.writeInt32BE(at - 4, 0);
  return bytes.subarray(0, at);
}

/** A request takes no more than this. */
export function mostBytesIn({ clientId }: ProduceHead, topics: TopicRecords[]): number {
  let most = FRAME_BYTES + clientId.length * MOST_BYTES_PER_UNIT;
  for (const { name, partitions } of topics) {
    most += FRAME_BYTES + name.length * MOST_BYTES_PER_UNIT;
    for (const { mostBytes } of partitions) most += PARTITION_FRAME_BYTES + mostBytes;
  }
  return most;
}

/** What a broker answered of one partition. */
export interface PartitionAnswer {
  topicName: string;
  partition: number;
  errorCode: number;
  /** Of the first record. */
  baseOffset: number;
}

/** @throws RangeError when the bytes are no such response */
export function decodeProduceResponse(payload: Buffer): { clientSideThrottleTime: number; answers: PartitionAnswer[] } {
  const reader = new ResponseReader(payload);
  const answers: PartitionAnswer[] = [];
  reader.array(() => {
    const topicName = reader.string();
    reader.array(() => {
      answers.push({ topicName, partition: reader.int32(), errorCode: reader.int16(), baseOffset: reader.int64() });
      reader.skip(8 + 8); // log append time, log start offset
    });
  });
  return { clientSideThrottleTime: reader.int32(), answers };
}

const MAGIC = 2;
const NO_PRODUCER_ID = -1n;

/** Record batch v2, uncompressed, of a producer that is not idempotent. */
function writeBatch(bytes: Buffer, start: number, records: OutgoingRecord[], nowMs: number): number {
  const createTime = BigInt(nowMs);
  let at = bytes.writeBigInt64BE(0n, start); // base offset: the broker's to give
  const lengthAt = at;
  at = bytes.writeInt32BE(0, at + 4); // leader epoch
  at = bytes.writeInt8(MAGIC, at);
  const crcAt = at;
  at = bytes.writeInt16BE(0, at + 4); // attributes
  at = bytes.writeInt32BE(records.length - 1, at); // last offset delta
  at = bytes.writeBigInt64BE(createTime, at); // of the first record
  at = bytes.writeBigInt64BE(createTime, at); // of the latest one
  at = bytes.writeBigInt64BE(NO_PRODUCER_ID, at);
  at = bytes.writeInt16BE(0, at); // its epoch
  at = bytes.writeInt32BE(0, at); // and sequence
  at = bytes.writeInt32BE(records.length, at);
  let restBytes = 0;
  for (let i = 0; i < records.length; i++) {
    const record = records[i] as OutgoingRecord;
    const recordAt = at;
    // The length comes first and is known last. Its own length is that of a record like the one before.
    const lengthBytes = varintBytes(record.value.length + restBytes);
    const bodyAt = recordAt + lengthBytes;
    at = writeRecord(bytes, bodyAt, record, i);
    const length = at - bodyAt;
    restBytes = length - record.value.length;
    const shift = varintBytes(length) - lengthBytes;
    if (shift !== 0) {
      bytes.copyWithin(bodyAt + shift, bodyAt, at);
      at += shift;
    }
    writeVarint(bytes, recordAt, length);
  }
  bytes.writeInt32BE(at - lengthAt - 4, lengthAt);
  bytes.writeUInt32BE(crc32c(bytes, crcAt + 4, at), crcAt);
  return at;
}

/** All but its length. */
function writeRecord(bytes: Buffer, start: number, { key, value, headers }: OutgoingRecord, offsetDelta: number): number {
  let at = start;
  bytes[at++] = 0; // attributes
  bytes[at++] = 0; // timestamp delta
  at = writeVarint(bytes, at, offsetDelta);
  if (key === null) bytes[at++] = NULL_LENGTH;
  else at = writeText(bytes, at, key);
  at = writeVarint(bytes, at, value.length);
  bytes.set(value, at);
  at += value.length;
  const countAt = at++;
  let count = 0;
  for (const name in headers) {
    at = writeName(bytes, at, name);
    at = writeText(bytes, at, headers[name] as string);
    count++;
  }
  if (count <= MOST_IN_ONE_BYTE) {
    bytes[countAt] = count << 1;
    return at;
  }
  const shift = varintBytes(count) - 1;
  bytes.copyWithin(countAt + 1 + shift, countAt + 1, at);
  writeVarint(bytes, countAt, count);
  return at + shift;
}

/** Zigzag of -1. */
const NULL_LENGTH = 1;
const MOST_IN_ONE_BYTE = 63;

/** Zigzag of a number from 0 on, seven bits a byte. */
function writeVarint(bytes: Buffer, start: number, value: number): number {
  let at = start;
  let rest = value * 2;
  while (rest > 127) {
    bytes[at++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value * 2; rest > 127; rest >>>= 7) bytes++;
  return bytes;
}

/** UTF-8 after its length. Short ASCII, which ids and times are, costs less here than a call out of JavaScript. */
function writeText(bytes: Buffer, start: number, text: string): number {
  const { length } = text;
  if (length <= MOST_IN_ONE_BYTE) {
    let at = start + 1;
    let i = 0;
    for (; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 127) break;
      bytes[at++] = unit;
    }
    if (i === length) {
      bytes[start] = length << 1;
      return at;
    }
  }
  const at = writeVarint(bytes, start, Buffer.byteLength(text));
  return at + bytes.write(text, at);
}

/** Header names with their lengths: a handful, used for ever. */
const names = new Map<string, Buffer>();
const MOST_NAMES = 1_000;

function writeName(bytes: Buffer, start: number, name: string): number {
  let encoded = names.get(name);
  if (encoded === undefined) {
    encoded = Buffer.allocUnsafe(HEADER_FRAME_BYTES + name.length * MOST_BYTES_PER_UNIT);
    encoded = encoded.subarray(0, writeText(encoded, 0, name));
    // Names that go on for ever must not fill the memory.
    if (names.size < MOST_NAMES) names.set(name, encoded);
  }
  const { length } = encoded;
  for (let i = 0; i < length; i++) bytes[start + i] = encoded[i] as number;
  return start + length;
}
