import * as fc from 'fast-check';
import { kafkajsProduceRequest } from '../../../test/support/kafkajs-codec';
import type { OutgoingRecord } from '../../ports/message-log';
import { crc32c } from './crc32c';
import {
  decodeProduceResponse,
  encodeProduceRequest,
  mostBytesIn,
  mostBytesOf,
  type ProduceHead,
  type TopicRecords,
} from './produce-request';

/** Node's own comes from another realm than jest's. */
const rangeError = expect.objectContaining({ name: 'RangeError' }) as Error;

const nowMs = Date.parse('2026-11-24T03:00:00.123Z');
const head: ProduceHead = { clientId: 'seaport-exchange', timeoutMs: 1_800, nowMs };

beforeEach(() => {
  // kafkajs stamps records itself.
  jest.spyOn(Date, 'now').mockReturnValue(nowMs);
});

afterEach(() => {
  jest.restoreAllMocks();
});

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('x'.repeat(63), 'x'.repeat(64), 'ế'.repeat(40)),
);
const name = fc.oneof(fc.constantFrom('ce_id', 'ce_type', 'content-type', '__proto__', 'tên', 'n'.repeat(80)), fc.string({ minLength: 1 }));
const value = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  // Around the sizes where a length needs one byte more.
  fc.constantFrom(0, 1, 20, 63, 64, 8_150, 8_191, 8_192, 300_000).map((length) => new Uint8Array(length).fill(7)),
);

const record = fc
  .record({ key: fc.option(text), value, headers: fc.array(fc.tuple(name, text), { maxLength: 9 }) })
  .map(({ key, value, headers }): OutgoingRecord => ({
    topic: '',
    partition: 0,
    key,
    value: Buffer.from(value),
    headers: Object.fromEntries(headers.filter(([header]) => header !== '__proto__')),
  }));

const topics: fc.Arbitrary<TopicRecords[]> = fc
  .uniqueArray(
    fc.record({
      name: fc.stringMatching(/^[a-z.-]{1,40}$/),
      partitions: fc.array(fc.array(record, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 3, selector: ({ name }) => name },
  )
  .map((list) =>
    list.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map((records, partition) => ({ partition, records, mostBytes: sum(records.map(mostBytesOf)) })),
    })),
  );

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function encoded(given: TopicRecords[]): Buffer {
  return encodeProduceRequest(Buffer.alloc(mostBytesIn(head, given), 0xff), head, given);
}

test('a request is byte for byte what kafkajs would send, and takes no more room than reckoned', async () => {
  await fc.assert(
    fc.asyncProperty(topics, async (given) => {
      // Not compared by jest's equality, which takes seconds to tell megabytes apart.
      expect(Buffer.compare(encoded(given), await kafkajsProduceRequest(head, given))).toBe(0);
    }),
    { numRuns: 100 },
  );
});

test('more headers than one byte counts', async () => {
  const headers = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`h${i}`, `v${i}`]));
  const records: OutgoingRecord[] = [{ topic: 't', partition: 3, key: 'k', value: Buffer.from('v'), headers }];
  const given = [{ name: 't', partitions: [{ partition: 3, records, mostBytes: mostBytesOf(records[0] as OutgoingRecord) }] }];
  expect(encoded(given).equals(await kafkajsProduceRequest(head, given))).toBe(true);
});

test('a room that is too small is told', () => {
  const records: OutgoingRecord[] = [{ topic: 't', partition: 0, key: 'k', value: Buffer.alloc(1_000), headers: {} }];
  expect(() =>
    encodeProduceRequest(Buffer.alloc(600), head, [{ name: 't', partitions: [{ partition: 0, records, mostBytes: 0 }] }]),
  ).toThrow(rangeError);
});

test('an answer says where the records of each partition went, or what was wrong', () => {
  const bytes = Buffer.concat([
    Buffer.from([0, 0, 0, 1, 0, 1, 0x74, 0, 0, 0, 2]),
    partition(4, 0, 1_234_567_890_123n),
    partition(5, 6, -1n),
    Buffer.from([0, 0, 0, 9]),
  ]);
  expect(decodeProduceResponse(bytes)).toEqual({
    clientSideThrottleTime: 9,
    answers: [
      { topicName: 't', partition: 4, errorCode: 0, baseOffset: 1_234_567_890_123 },
      { topicName: 't', partition: 5, errorCode: 6, baseOffset: -1 },
    ],
  });
  for (let length = 0; length < bytes.length; length++) expect(() => decodeProduceResponse(bytes.subarray(0, length))).toThrow(rangeError);
});

function partition(number: number, errorCode: number, baseOffset: bigint): Buffer {
  const bytes = Buffer.alloc(4 + 2 + 8 + 8 + 8);
  bytes.writeInt32BE(number, 0);
  bytes.writeInt16BE(errorCode, 4);
  bytes.writeBigInt64BE(baseOffset, 6);
  return bytes;
}

test.each([
  ['', 0],
  ['123456789', 0xe3069283],
  ['The quick brown fox jumps over the lazy dog', 0x22620404],
])('the checksum of %j is that of RFC 3720', (text, expected) => {
  const bytes = Buffer.from(`..${text}.`);
  expect(crc32c(bytes, 2, bytes.length - 1)).toBe(expected);
});
