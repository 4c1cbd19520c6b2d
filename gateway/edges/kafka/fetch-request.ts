import { ResponseReader, writeString } from './protocol-bytes';

/**
 * Fetch Request and Response v11 (kafka.apache.org/protocol; brokers from 2.3 on) as bytes, without fetch sessions, as kafkajs does it.
 * Knows nothing of what a record set holds.
 */
export const FETCH_API_KEY = 1;
export const FETCH_VERSION = 11;

export interface FetchRequest {
  isolationLevel: number;
  maxWaitTime: number;
  minBytes: number;
  maxBytes: number;
  topics: { topic: string; partitions: { partition: number; fetchOffset: string; maxBytes: number }[] }[];
}

export interface FetchedTopic {
  topicName: string;
  partitions: FetchedPartition[];
}

export interface FetchedPartition {
  partition: number;
  errorCode: number;
  highWatermark: number;
  abortedTransactions: { producerId: string; firstOffset: string }[];
  preferredReadReplica: number;
  /** A view of the response. */
  recordSet: Buffer;
}

const CONSUMER = -1;
const NO_SESSION = 0;
const FULL_FETCH = -1;
const UNKNOWN = -1;
const FRAME_BYTES = 64;
const PARTITION_BYTES = 28;

/**
 * With its length before it, the correlation id still 0.
 * @param turn which partition stands first: a broker fills a response in this order, so that each must be first now and then (KIP-74)
 */
export function encodeFetchRequest(clientId: string, request: FetchRequest, turn: number): Buffer {
  let most = FRAME_BYTES + clientId.length * 3;
  for (const { topic, partitions } of request.topics) most += 6 + topic.length * 3 + partitions.length * PARTITION_BYTES;
  const bytes = Buffer.allocUnsafe(most);
  let at = bytes.writeInt16BE(FETCH_API_KEY, 4);
  at = bytes.writeInt16BE(FETCH_VERSION, at);
  at = bytes.writeInt32BE(0, at);
  at = writeString(bytes, at, clientId);
  at = bytes.writeInt32BE(CONSUMER, at);
  at = bytes.writeInt32BE(request.maxWaitTime, at);
  at = bytes.writeInt32BE(request.minBytes, at);
  at = bytes.writeInt32BE(request.maxBytes, at);
  at = bytes.writeInt8(request.isolationLevel, at);
  at = bytes.writeInt32BE(NO_SESSION, at);
  at = bytes.writeInt32BE(FULL_FETCH, at);
  at = bytes.writeInt32BE(request.topics.length, at);
  for (const { topic, partitions } of inTurn(request.topics, turn)) {
    at = writeString(bytes, at, topic);
    at = bytes.writeInt32BE(partitions.length, at);
    for (const { partition, fetchOffset, maxBytes } of inTurn(partitions, Math.floor(turn / request.topics.length))) {
      at = bytes.writeInt32BE(partition, at);
      at = bytes.writeInt32BE(UNKNOWN, at); // leader epoch
      at = bytes.writeBigInt64BE(BigInt(fetchOffset), at);
      at = bytes.writeBigInt64BE(BigInt(UNKNOWN), at); // log start offset
      at = bytes.writeInt32BE(maxBytes, at);
    }
  }
  at = bytes.writeInt32BE(0, at); // topics to forget
  at = writeString(bytes, at, ''); // rack
  bytes.writeInt32BE(at - 4, 0);
  return bytes.subarray(0, at);
}

/** The list from another place on each time. */
function inTurn<T>(list: T[], turn: number): T[] {
  const first = turn % list.length;
  return first === 0 ? list : [...list.slice(first), ...list.slice(0, first)];
}

/** @throws RangeError when the bytes are no such response */
export function decodeFetchResponse(payload: Buffer): { clientSideThrottleTime: number; responses: FetchedTopic[] } {
  const reader = new ResponseReader(payload);
  const clientSideThrottleTime = reader.int32();
  reader.skip(2 + 4); // error code and id of the session that there is not
  const responses = reader.array(() => ({ topicName: reader.string(), partitions: reader.array(readPartition) }));
  return { clientSideThrottleTime, responses };
}

function readPartition(reader: ResponseReader): FetchedPartition {
  const partition = reader.int32();
  const errorCode = reader.int16();
  const highWatermark = reader.int64();
  reader.skip(8 + 8); // last stable offset, log start offset
  const abortedTransactions = reader.array(() => ({ producerId: reader.longText(), firstOffset: reader.longText() }));
  const preferredReadReplica = reader.int32();
  return { partition, errorCode, highWatermark, abortedTransactions, preferredReadReplica, recordSet: reader.bytes() };
}
