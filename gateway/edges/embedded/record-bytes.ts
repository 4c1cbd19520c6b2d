import type { LogRecord, OutgoingRecord } from '../../ports/message-log';

/**
 * A record as it lies in lmdb: version, time, length of key and of headers, key, headers as JSON, value.
 * Its topic, partition and offset are in the lmdb key.
 */
const VERSION = 1;
const FRAME_BYTES = 17;
const NO_KEY = -1;
const NO_HEADERS = '{}';

export function encodeRecord(record: OutgoingRecord, timestampMs: number): Buffer {
  const headers = headersText(record.headers);
  const keyBytes = record.key === null ? 0 : Buffer.byteLength(record.key);
  const headerBytes = Buffer.byteLength(headers);
  const bytes = Buffer.allocUnsafe(FRAME_BYTES + keyBytes + headerBytes + record.value.length);
  bytes[0] = VERSION;
  bytes.writeDoubleBE(timestampMs, 1);
  bytes.writeInt32BE(record.key === null ? NO_KEY : keyBytes, 9);
  bytes.writeInt32BE(headerBytes, 13);
  if (record.key !== null) bytes.write(record.key, FRAME_BYTES);
  bytes.write(headers, FRAME_BYTES + keyBytes);
  record.value.copy(bytes, FRAME_BYTES + keyBytes + headerBytes);
  return bytes;
}

/** @throws RangeError when the bytes are no record of a known version */
export function decodeRecord(bytes: Buffer, topic: string, partition: number, offset: number): LogRecord {
  if (bytes[0] !== VERSION) throw new RangeError(`record ${topic}/${partition}/${offset} is of the unknown version ${bytes[0] ?? 'none'}`);
  const keyBytes = bytes.readInt32BE(9);
  const headersAt = FRAME_BYTES + Math.max(0, keyBytes);
  const valueAt = headersAt + bytes.readInt32BE(13);
  return {
    topic,
    partition,
    offset,
    timestampMs: bytes.readDoubleBE(1),
    key: keyBytes === NO_KEY ? null : bytes.toString('utf8', FRAME_BYTES, headersAt),
    value: bytes.subarray(valueAt),
    headers: JSON.parse(bytes.toString('utf8', headersAt, valueAt)) as Record<string, string>,
  };
}

export function timestampOf(bytes: Buffer): number {
  return bytes.readDoubleBE(1);
}

function headersText(headers: Record<string, string>): string {
  for (const _name in headers) return JSON.stringify(headers);
  return NO_HEADERS;
}
