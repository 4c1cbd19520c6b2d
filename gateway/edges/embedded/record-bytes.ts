import type { LogRecord } from '../../ports/message-log';

/**
 * Records as they lie in lmdb: those of one partition that were written together are one value, under the offset of the last of them.
 *
 *   version(1) = 2  time(8)  count(4)  then each record:
 *     bytes of value(4)  bytes of text(4)  length of key(4, -1: none)  headers(4)
 *     for each header: name(1; 0: any other, then its length(4))  length of value(4)
 *     text: key, then for each header its name where it is any other, and its value
 *     value
 *
 * Lengths of texts are in UTF-16 units: all of a record's texts are written, and read, in one piece. Version 1, one record a value with
 * headers as JSON, was written until 2026-11 and is read.
 */
const VERSION = 2;
const FRAME_BYTES = 13;
const RECORD_FRAME_BYTES = 16;
const HEADER_FRAME_BYTES = 9;
const NO_KEY = -1;
/** Most bytes of UTF-8 for a UTF-16 unit. */
const UNIT_BYTES = 3;

const OTHER_NAME = 0;
/** Names of headers by number: only ever appended to. */
const NAMES = [
  '',
  'ce_specversion',
  'ce_id',
  'ce_source',
  'ce_type',
  'ce_time',
  'ce_subject',
  'content-type',
  'traceparent',
  'source_topic',
  'source_partition',
  'source_offset',
];
const NUMBERS = new Map(NAMES.map((name, number) => [name, number]).filter(([name]) => name !== '') as [string, number][]);

/** What of a record is written: its topic, partition and offset are in the lmdb key. */
export type RecordContent = Pick<LogRecord, 'key' | 'value' | 'headers'>;

/** As many bytes as a record may need, or more: told without encoding its texts. */
export function mostBytesOf({ key, value, headers }: RecordContent): number {
  let units = key === null ? 0 : key.length;
  let frames = RECORD_FRAME_BYTES;
  for (const name in headers) {
    units += name.length + (headers[name] as string).length;
    frames += HEADER_FRAME_BYTES;
  }
  return frames + units * UNIT_BYTES + value.length;
}

/** Bytes of a value of many beside its records. */
export const frameBytes = FRAME_BYTES;

/** Writes consecutive records of a partition at a place of a buffer that has room for them; returns the place after them. */
export function encodeRecords(records: readonly RecordContent[], timestampMs: number, into: Buffer, at: number): number {
  into[at] = VERSION;
  into.writeDoubleBE(timestampMs, at + 1);
  into.writeUInt32BE(records.length, at + 9);
  let next = at + FRAME_BYTES;
  for (const record of records) next = encodeRecord(record, into, next);
  return next;
}

function encodeRecord({ key, value, headers }: RecordContent, into: Buffer, at: number): number {
  let text = key ?? '';
  let count = 0;
  let next = at + RECORD_FRAME_BYTES;
  for (const name in headers) {
    const content = headers[name] as string;
    const number = NUMBERS.get(name) ?? OTHER_NAME;
    into[next++] = number;
    if (number === OTHER_NAME) {
      next = into.writeUInt32BE(name.length, next);
      text += name;
    }
    next = into.writeUInt32BE(content.length, next);
    text += content;
    count++;
  }
  const textBytes = into.write(text, next);
  into.writeUInt32BE(value.length, at);
  into.writeUInt32BE(textBytes, at + 4);
  into.writeInt32BE(key === null ? NO_KEY : key.length, at + 8);
  into.writeUInt32BE(count, at + 12);
  into.set(value, next + textBytes);
  return next + textBytes + value.length;
}

/**
 * The records of a stored value, of which the last has the offset `last`.
 * @throws RangeError when the bytes are of no known version
 */
export function decodeRecords(bytes: Buffer, topic: string, partition: number, last: number): LogRecord[] {
  if (bytes[0] === 1) return [decodeVersion1(bytes, topic, partition, last)];
  if (bytes[0] !== VERSION) throw new RangeError(`record ${topic}/${partition}/${last} is of the unknown version ${bytes[0] ?? 'none'}`);
  const timestampMs = timestampOf(bytes);
  const count = bytes.readUInt32BE(9);
  const records: LogRecord[] = [];
  let at = FRAME_BYTES;
  for (let i = 0; i < count; i++) {
    const valueBytes = bytes.readUInt32BE(at);
    const textBytes = bytes.readUInt32BE(at + 4);
    const keyUnits = bytes.readInt32BE(at + 8);
    const headerCount = bytes.readUInt32BE(at + 12);
    const framesAt = at + RECORD_FRAME_BYTES;
    let textAt = framesAt;
    for (let n = 0; n < headerCount; n++) textAt += bytes[textAt] === OTHER_NAME ? HEADER_FRAME_BYTES : HEADER_FRAME_BYTES - 4;
    const valueAt = textAt + textBytes;
    const text = bytes.toString('utf8', textAt, valueAt);
    records.push({
      topic,
      partition,
      offset: last - count + 1 + i,
      timestampMs,
      key: keyUnits === NO_KEY ? null : text.slice(0, keyUnits),
      value: bytes.subarray(valueAt, valueAt + valueBytes),
      headers: decodeHeaders(bytes, framesAt, headerCount, text, Math.max(0, keyUnits)),
    });
    at = valueAt + valueBytes;
  }
  return records;
}

function decodeHeaders(bytes: Buffer, framesAt: number, count: number, text: string, textAt: number): Record<string, string> {
  const entries: [string, string][] = [];
  let at = framesAt;
  let from = textAt;
  for (let n = 0; n < count; n++) {
    const number = bytes[at++] as number;
    let name = NAMES[number] as string;
    if (number === OTHER_NAME) {
      const units = bytes.readUInt32BE(at);
      at += 4;
      name = text.slice(from, (from += units));
    }
    const units = bytes.readUInt32BE(at);
    at += 4;
    entries.push([name, text.slice(from, (from += units))]);
  }
  // Not by assignment: a header may be called __proto__.
  return Object.fromEntries(entries);
}

/** version(1) = 1  time(8)  bytes of key(4, -1: none)  bytes of headers(4)  key  headers as JSON  value */
function decodeVersion1(bytes: Buffer, topic: string, partition: number, offset: number): LogRecord {
  const keyBytes = bytes.readInt32BE(9);
  const headersAt = 17 + Math.max(0, keyBytes);
  const valueAt = headersAt + bytes.readInt32BE(13);
  return {
    topic,
    partition,
    offset,
    timestampMs: timestampOf(bytes),
    key: keyBytes === NO_KEY ? null : bytes.toString('utf8', 17, headersAt),
    value: bytes.subarray(valueAt),
    headers: JSON.parse(bytes.toString('utf8', headersAt, valueAt)) as Record<string, string>,
  };
}

/** When the records of a stored value were taken, in either version. */
export function timestampOf(bytes: Buffer): number {
  return bytes.readDoubleBE(1);
}
