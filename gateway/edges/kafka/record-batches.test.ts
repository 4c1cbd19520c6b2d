import * as fc from 'fast-check';
import { kafkajsBatch, kafkajsFetched, kafkajsRecords, type BatchTraits } from '../../../test/support/kafkajs-codec';
import type { OutgoingRecord } from '../../ports/message-log';
import { readRecordSet } from './record-batches';

/** Node's own comes from another realm than jest's. */
const rangeError = expect.objectContaining({ name: 'RangeError' }) as Error;

const nowMs = Date.parse('2026-11-24T03:00:00.123Z');

const header = fc.tuple(
  fc.oneof(fc.constantFrom('ce_id', 'ce_type', '__proto__', 'constructor', 'tên'), fc.string()),
  fc.oneof(fc.constantFrom('same', '', 'ế'), fc.string(), fc.string({ unit: 'binary' })),
);
const record = fc
  .record({
    key: fc.option(fc.string({ unit: 'grapheme' })),
    value: fc.uint8Array({ maxLength: 200 }),
    headers: fc.array(header, { maxLength: 5 }),
  })
  .map(({ key, value, headers }): OutgoingRecord => ({
    topic: 't',
    partition: 0,
    key,
    value: Buffer.from(value),
    headers: Object.fromEntries(headers),
  }));

const batches = fc.array(
  fc.tuple(
    fc.array(record, { minLength: 1, maxLength: 6 }),
    fc.record<BatchTraits>({
      firstTimestamp: fc.integer({ min: 0, max: 2 ** 42 }),
      maxTimestamp: fc.integer({ min: 0, max: 2 ** 42 }),
      transactional: fc.boolean(),
    }),
  ),
  { minLength: 1, maxLength: 4 },
);

/** Batches one behind the other, as a broker sends them. */
async function setOf(given: [OutgoingRecord[], BatchTraits][], firstOffset: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let offset = firstOffset;
  for (const [records, traits] of given) {
    const batch = await kafkajsBatch(records, nowMs, traits);
    // kafkajs is a producer: the broker gives offsets.
    batch.writeBigInt64BE(BigInt(offset), 0);
    offset += records.length;
    parts.push(batch);
  }
  return Buffer.concat(parts);
}

test('records are those that kafkajs reads, from any offset on, also where the last batch is cut off', async () => {
  await fc.assert(
    fc.asyncProperty(
      batches,
      fc.nat({ max: 2 ** 48 }),
      fc.nat({ max: 20 }),
      fc.double({ min: 0.5, max: 1, noNaN: true }),
      async (given, base, skip, part) => {
        const set = await setOf(given, base);
        const cut = set.subarray(0, Math.ceil(set.length * part));
        const own = readRecordSet(cut, 't', 7, base + skip);
        const theirs = await kafkajsFetched(cut, 't', 7, base + skip);
        expect(own?.records).toEqual(await kafkajsRecords(cut, 't', 7, base + skip));
        expect(own?.lastOffset).toBe(Number(theirs.rawMessages.at(-1)?.offset ?? -1));
      },
    ),
    { numRuns: 300 },
  );
});

test('the log’s own time counts where the topic keeps it', async () => {
  const records: OutgoingRecord[] = [{ topic: 't', partition: 0, key: null, value: Buffer.from('v'), headers: {} }];
  const set = await kafkajsBatch(records, nowMs, { firstTimestamp: nowMs, maxTimestamp: nowMs + 5_000 });
  expect(readRecordSet(set, 't', 0, 0)?.records[0]?.timestampMs).toBe(nowMs);
  set.writeInt16BE(0x08, 21);
  expect(readRecordSet(set, 't', 0, 0)?.records[0]?.timestampMs).toBe(nowMs + 5_000);
});

test('markers of transactions are no records, and are past', async () => {
  const records: OutgoingRecord[] = [{ topic: 't', partition: 0, key: 'k', value: Buffer.from('v'), headers: {} }];
  const set = await kafkajsBatch(records, nowMs);
  set.writeBigInt64BE(41n, 0);
  set.writeInt16BE(0x20, 21);
  expect(readRecordSet(set, 't', 0, 0)).toEqual({ records: [], lastOffset: 41 });
});

test.each([
  ['compressed', 21, 0x01],
  ['of Kafka 0.10', 15, 1],
])('what is %s is left to kafkajs', async (_what, at, value) => {
  const set = await kafkajsBatch([{ topic: 't', partition: 0, key: 'k', value: Buffer.from('v'), headers: {} }], nowMs);
  set.writeInt16BE(value, at);
  expect(readRecordSet(set, 't', 0, 0)).toBeUndefined();
});

test('bytes that make no sense end with a RangeError or with records from within them', async () => {
  const record: OutgoingRecord = {
    topic: 't',
    partition: 0,
    key: 'key',
    value: Buffer.from('value'),
    headers: { ce_id: 'id', ce_type: 'type' },
  };
  const set = await setOf(
    [
      [[record, record], {}],
      [[record], {}],
    ],
    5,
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat({ max: set.length - 1 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 6 }), (changes) => {
      const bytes = Buffer.from(set);
      for (const [at, byte] of changes) bytes[at] = byte;
      try {
        for (const { value, headers } of readRecordSet(bytes, 't', 0, 0)?.records ?? [])
          expect(value.length + JSON.stringify(headers).length).toBeLessThan(20 * bytes.length);
      } catch (cause) {
        expect(cause).toEqual(rangeError);
      }
    }),
    { numRuns: 5_000 },
  );
});
