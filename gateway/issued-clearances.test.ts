import { FakeMessageLog } from '../test/support/fake-message-log';
import { IssuedClearances, type Issue } from './issued-clearances';
import type { OutgoingRecord } from './ports/message-log';

const record = (id: string, basis: number, text = ''): OutgoingRecord => ({
  topic: 'clearances',
  partition: 0,
  key: id,
  value: Buffer.from(JSON.stringify({ id, basis: { partition: 0, offset: basis }, text })),
  headers: { ce_id: id },
});

async function logOf(...records: OutgoingRecord[]): Promise<FakeMessageLog> {
  const log = new FakeMessageLog();
  await log.createTopics([{ topic: 'clearances', partitions: 1 }]);
  await log.append(records);
  return log;
}

const issue = (id: string): Issue => ({ kind: 'clearance', id, dossierId: 'd', version: 1, value: Buffer.from('ours') });

test('gives what was issued, once, the first of each id', async () => {
  const log = await logOf(record('a', 1, 'first'), record('a', 1, 'second'), record('b', 2));
  const issued = await IssuedClearances.open(log, 0, 0);
  await issued.readTo(2);
  expect(issued.issuedFor(1)).toHaveLength(1);
  expect(issued.take('a')?.toString()).toContain('first');
  expect(issued.take('a')).toBeUndefined();
  expect(issued.issuedFor(1)).toEqual([]);
  expect(issued.take('c')).toBeUndefined();
});

test('reads only as far as the fold has come, some thousands at a time', async () => {
  const log = await logOf(...Array.from({ length: 12_000 }, (_, n) => record(`r-${n}`, n)));
  let read = 0;
  const reading = log.read.bind(log);
  log.read = (topic, ranges, onBatch) =>
    reading(topic, ranges, (batch) => {
      read += batch.records.length;
      return onBatch(batch);
    });
  const issued = await IssuedClearances.open(log, 0, 0);
  expect(read).toBe(0);
  await issued.readTo(10);
  expect(read).toBe(5_000);
  expect(issued.positionAfter(10)).toBe(11);
  await issued.readTo(4_998);
  expect(read).toBe(5_000);
  await issued.readTo(4_999);
  expect(read).toBe(10_000);
  await issued.readTo(1_000_000);
  expect(read).toBe(12_000);
  expect(issued.positionAfter(1_000_000)).toBe(12_000);
});

test('a later owner starts before the first record that is not folded yet', async () => {
  const log = await logOf(record('a', 1), record('b', 5), record('c', 3), record('d', 9));
  const issued = await IssuedClearances.open(log, 0, 0);
  await issued.readTo(9);
  expect(issued.positionAfter(1)).toBe(1);
  expect(issued.positionAfter(3)).toBe(1);
  expect(issued.positionAfter(5)).toBe(3);
  expect(issued.positionAfter(9)).toBe(4);
});

test('a position outside the partition is taken as its start or its end', async () => {
  const log = await logOf(record('a', 1), record('b', 2), record('c', 3));
  log.data.deleteUntil('clearances', 0, 1);
  expect((await IssuedClearances.open(log, 0, 0)).positionAfter(-1)).toBe(1);
  expect((await IssuedClearances.open(log, 0, 99)).positionAfter(99)).toBe(3);
  expect((await IssuedClearances.open(log, 7, 0)).positionAfter(0)).toBe(0);
});

describe('after an append', () => {
  const appended = async (log: FakeMessageLog, ...records: OutgoingRecord[]): Promise<{ id: string; offset: number }[]> =>
    (await log.append(records)).map(({ offset }, i) => ({ id: records[i]?.headers['ce_id'] ?? '', offset }));

  test('without a gap nothing is read and all of ours stand', async () => {
    const log = await logOf(record('a', 1));
    const issued = await IssuedClearances.open(log, 0, 1);
    const ours = await appended(log, record('b', 2), record('c', 3));
    log.read = () => Promise.reject(new Error('nothing is to be read'));
    expect(await issued.settle(ours, [issue('b'), issue('c')])).toBe(0);
    expect(issued.positionAfter(3)).toBe(3);
    expect(await issued.settle([], [])).toBe(0);
  });

  test('what another owner wrote before ours stands; what it wrote after ours is void', async () => {
    const log = await logOf();
    const issued = await IssuedClearances.open(log, 0, 0);
    await appended(log, record('b', 2, 'theirs'));
    const first = await appended(log, record('a', 1), record('b', 2));
    await appended(log, record('a', 1, 'theirs'));
    const last = await appended(log, record('c', 3));
    const issuing = [issue('a'), issue('b'), issue('c')];
    expect(await issued.settle([...first, ...last], issuing)).toBe(1);
    expect(issuing.map(({ value }) => value.toString())).toEqual(['ours', expect.stringContaining('theirs'), 'ours']);
  });

  test('of several that another owner wrote before ours the first stands', async () => {
    const log = await logOf();
    const issued = await IssuedClearances.open(log, 0, 0);
    await appended(log, record('a', 1, 'first'), record('a', 1, 'second'));
    const issuing = [issue('a')];
    expect(await issued.settle(await appended(log, record('a', 1)), issuing)).toBe(1);
    expect(issuing[0]?.value.toString()).toContain('first');
  });

  test('what another owner wrote for records that we have yet to fold is kept', async () => {
    const log = await logOf();
    const issued = await IssuedClearances.open(log, 0, 0);
    await appended(log, record('z', 9, 'theirs'));
    expect(await issued.settle(await appended(log, record('a', 1)), [issue('a')])).toBe(0);
    expect(issued.positionAfter(1)).toBe(0);
    expect(issued.take('z')?.toString()).toContain('theirs');
    expect(issued.positionAfter(9)).toBe(2);
  });
});
