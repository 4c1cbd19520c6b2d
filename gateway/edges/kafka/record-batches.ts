import type { LogRecord } from '../../ports/message-log';
import { int64 } from './protocol-bytes';

/**
 * Record batches as a broker sends them, read in one pass into the port's records: kafkajs makes a BigInt and a string of each number,
 * and copies the headers of a record once per header. What each costs: test/bench/micro/edges/kafka.bench.ts.
 *
 * Record batch v2 (kafka.apache.org/documentation/#recordbatch). Of compression and of the message sets before Kafka 0.11 it only knows
 * that kafkajs reads them.
 */
export interface RecordSet {
  records: LogRecord[];
  /** Offset of the last record that came, markers of transactions included; -1 when none came. */
  lastOffset: number;
}

const LENGTH_AT = 8;
const LENGTH_COUNTS_FROM = 12;
const MAGIC_AT = 16;
const ATTRIBUTES_AT = 21;
const LAST_OFFSET_DELTA_AT = 23;
const BASE_TIMESTAMP_AT = 27;
const MAX_TIMESTAMP_AT = 35;
const COUNT_AT = 57;
const HEAD_BYTES = 61;

const MAGIC = 2;
const COMPRESSION = 0x07;
const LOG_APPEND_TIME = 0x08;
const CONTROL = 0x20;

const NO_VALUE = Buffer.alloc(0);

/**
 * The records of one partition from `fromOffset` on: a broker sends whole batches, and may cut the last one off.
 * @param set values are views of it: one that is kept keeps all of it
 * @returns undefined where kafkajs has to read the set
 * @throws RangeError when the bytes are none of this
 */
export function readRecordSet(set: Buffer, topic: string, partition: number, fromOffset: number): RecordSet | undefined {
  const records: LogRecord[] = [];
  let lastOffset = -1;
  for (let start = 0; start + HEAD_BYTES <= set.length;) {
    if (set[start + MAGIC_AT] !== MAGIC) return undefined;
    const end = start + LENGTH_COUNTS_FROM + set.readInt32BE(start + LENGTH_AT);
    if (end < start + HEAD_BYTES) throw new RangeError('a record batch is shorter than its head');
    if (end > set.length) break;
    const attributes = set.readInt16BE(start + ATTRIBUTES_AT);
    if ((attributes & COMPRESSION) !== 0) return undefined;
    const baseOffset = int64(set, start);
    lastOffset = baseOffset + set.readInt32BE(start + LAST_OFFSET_DELTA_AT);
    if ((attributes & CONTROL) === 0) {
      const isLogTime = (attributes & LOG_APPEND_TIME) !== 0;
      const timestampMs = int64(set, start + (isLogTime ? MAX_TIMESTAMP_AT : BASE_TIMESTAMP_AT));
      const reader = new RecordReader(set, start + HEAD_BYTES, end);
      // A count is believed as far as there are bytes: a record takes one at least.
      for (let left = set.readInt32BE(start + COUNT_AT); left > 0; left--) {
        const record = reader.record(topic, partition, baseOffset, timestampMs, isLogTime);
        if (record.offset >= fromOffset) records.push(record);
      }
    }
    start = end;
  }
  return { records, lastOffset };
}

/** Walks over the records of a batch. Nothing beyond the end of the batch, or of the record under way, is read. */
class RecordReader {
  readonly #bytes: Buffer;
  #at: number;
  #end: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  record(topic: string, partition: number, baseOffset: number, baseTimestampMs: number, isLogTime: boolean): LogRecord {
    const batchEnd = this.#end;
    const length = this.#varint();
    const end = this.#at + length;
    if (length < 0 || end > batchEnd) throw new RangeError('a record is longer than its batch');
    this.#end = end;
    this.#at++; // attributes, of which there are none yet
    const timestampDelta = this.#varlong();
    const offset = baseOffset + this.#varint();
    const keyLength = this.#varint();
    const key = keyLength < 0 ? null : this.#text(keyLength);
    const valueLength = this.#varint();
    const value = valueLength < 0 ? NO_VALUE : this.#bytes.subarray(this.#at, this.#past(valueLength));
    const headers: Record<string, string> = {};
    for (let left = this.#varint(); left > 0; left--) this.#header(headers);
    this.#at = end;
    this.#end = batchEnd;
    return { topic, partition, offset, timestampMs: isLogTime ? baseTimestampMs : baseTimestampMs + timestampDelta, key, value, headers };
  }

  #header(headers: Record<string, string>): void {
    const nameLength = this.#varint();
    if (nameLength < 0) throw new RangeError('a header has no name');
    const known = knownName(this.#bytes, this.#at, this.#past(nameLength));
    const valueLength = this.#varint();
    let value = '';
    if (valueLength > 0) {
      const start = this.#at;
      const end = this.#past(valueLength);
      if (isText(this.#bytes, start, end, known.lastValue)) value = known.lastValue;
      else {
        value = this.#bytes.toString('utf8', start, end);
        if (valueLength <= MOST_REMEMBERED && value.length === valueLength) known.lastValue = value;
      }
    }
    setHeader(headers, known.name, value);
  }

  #text(length: number): string {
    const start = this.#at;
    return this.#bytes.toString('utf8', start, this.#past(length));
  }

  /** The place after so many bytes, to which this moves. */
  #past(length: number): number {
    const at = this.#at + length;
    if (at > this.#end) throw beyondTheEnd();
    return (this.#at = at);
  }

  #varint(): number {
    const bytes = this.#bytes;
    let at = this.#at;
    let byte = bytes[at++] as number;
    let zigzag = byte & 127;
    for (let shift = 7; byte > 127 && shift < 35; shift += 7) {
      byte = bytes[at++] as number;
      zigzag |= (byte & 127) << shift;
    }
    if (at > this.#end || byte > 127) throw beyondTheEnd();
    this.#at = at;
    return (zigzag >>> 1) ^ -(zigzag & 1);
  }

  #varlong(): number {
    let zigzag = 0;
    let factor = 1;
    for (let i = 0; i < 10; i++) {
      const byte = this.#bytes[this.#at++] as number;
      zigzag += (byte & 127) * factor;
      factor *= 128;
      if (byte > 127) continue;
      if (this.#at > this.#end) break;
      return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
    }
    throw beyondTheEnd();
  }
}

function beyondTheEnd(): RangeError {
  return new RangeError('a record ends before what it should hold');
}

/** Of a header given several times the last one counts. */
export function setHeader(headers: Record<string, string>, name: string, value: string): void {
  if (name === '__proto__') Object.defineProperty(headers, name, { value, enumerable: true, writable: true, configurable: true });
  else headers[name] = value;
}

/**
 * A handful of header names comes with every record, and half of their values are those of the record before: comparing bytes costs a
 * fifth of making a string of them. A slot holds the latest name that fell on it.
 */
interface KnownName {
  name: string;
  lastValue: string;
}

const knownNames: (KnownName | undefined)[] = new Array<undefined>(256).fill(undefined);
/** Longer ones are not kept in memory. */
const MOST_REMEMBERED = 64;

function knownName(bytes: Buffer, start: number, end: number): KnownName {
  const length = end - start;
  const slot = ((length * 7) ^ ((bytes[end - 1] as number) * 31) ^ ((bytes[end - 2] as number) * 13)) & 255;
  const known = knownNames[slot];
  if (known !== undefined && isText(bytes, start, end, known.name)) return known;
  const fresh = { name: bytes.toString('utf8', start, end), lastValue: '' };
  if (length <= MOST_REMEMBERED && fresh.name.length === length) knownNames[slot] = fresh;
  return fresh;
}

/**
 * Whether the bytes are those of a text that had as many UTF-16 units as bytes: then each is ASCII, or U+FFFD for a byte that was no
 * UTF-8, which is equal to no byte. From the end, where ids differ.
 */
function isText(bytes: Buffer, start: number, end: number, text: string): boolean {
  if (text.length !== end - start) return false;
  for (let i = text.length - 1; i >= 0; i--) if (bytes[start + i] !== text.charCodeAt(i)) return false;
  return true;
}
