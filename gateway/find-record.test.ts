import { FakeMessageLog } from '../test/support/fake-message-log';
import { findRecords } from './find-record';

/** Records of a topic nearly in the order of their times, as several processes append them; found by identity and time. */
const startMs = Date.parse('2026-11-24T00:00:00Z');
const count = 5_000;
/** Ten a second, each up to 5 s late or early, always the same. */
const timeOf = (i: number): number => startMs + i * 100 + ((i * 7_919) % 10_001) - 5_000;

let log: FakeMessageLog;
let recordsRead: number;

beforeEach(async () => {
  log = new FakeMessageLog();
  await log.createTopics([{ topic: 'evidence', partitions: 2 }]);
  await log.append(
    Array.from({ length: count }, (_, i) => ({
      topic: 'evidence',
      partition: 1,
      key: null,
      value: Buffer.from(String(i)),
      headers: { ce_id: `d-${i}`, ce_time: new Date(timeOf(i)).toISOString() },
    })),
  );
  recordsRead = 0;
  const read = log.read.bind(log);
  log.read = (topic, ranges, onBatch) =>
    read(topic, ranges, (batch) => {
      recordsRead += batch.records.length;
      return onBatch(batch);
    });
});

const find = (i: number, atMs = timeOf(i), id = `d-${i}`) => findRecords(log, { topic: 'evidence', partition: 1, id, atMs });

test('finds each record, and reads few others', async () => {
  for (const i of [0, 1, 17, 1_234, 2_500, 3_333, count - 2, count - 1]) {
    recordsRead = 0;
    expect((await find(i)).map(({ value }) => value.toString())).toEqual([String(i)]);
    expect(recordsRead).toBeLessThan(400);
  }
});

test('finds it where the first record that is kept is not the first that was', async () => {
  log.data.deleteUntil('evidence', 1, 2_000);
  expect((await find(2_100))[0]?.offset).toBe(2_100);
  expect(await find(1_000)).toEqual([]);
});

test('finds all of one identity', async () => {
  const again = { ce_id: 'd-2000', ce_time: new Date(timeOf(2_000)).toISOString() };
  await log.append([{ topic: 'evidence', partition: 0, key: null, value: Buffer.from('x'), headers: again }]);
  const part = log.data.topics.get('evidence')?.partitions[1];
  (part?.records[2_003] as { headers: object }).headers = again;
  expect((await find(2_000)).map(({ offset }) => offset)).toEqual([2_000, 2_003]);
});

test('finds it over the holes of a compacted topic', async () => {
  const part = log.data.topics.get('evidence')?.partitions[1];
  if (part !== undefined) part.records = part.records.filter(({ offset }) => offset % 50 > 40 || offset > 4_000);
  const read = log.read.bind(log);
  // The fake finds a record by its place: here by its offset.
  log.read = (topic, ranges, onBatch) => {
    const [range] = ranges;
    const records = (part?.records ?? []).filter(({ offset }) => offset >= (range?.from ?? 0) && offset < (range?.to ?? 0));
    return records.length === 0 ? read(topic, [], onBatch) : Promise.resolve(onBatch({ topic, partition: 1, records, endOffset: count }));
  };
  log.offsets = () => Promise.resolve([{ partition: 1, start: 0, end: count }]);
  expect((await find(2_045)).map(({ offset }) => offset)).toEqual([2_045]);
});

test('says that there is none within two minutes, without reading the whole', async () => {
  expect(await find(2_500, timeOf(2_500), 'another')).toEqual([]);
  expect(recordsRead).toBeLessThan(2_700);
  expect(await findRecords(log, { topic: 'evidence', partition: 0, id: 'd-1', atMs: timeOf(1) })).toEqual([]);
  expect(await findRecords(log, { topic: 'evidence', partition: 7, id: 'd-1', atMs: timeOf(1) })).toEqual([]);
});
