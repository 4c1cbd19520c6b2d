import { LogUnavailable } from './core/exchange-error';
import type { MessageLog, OutgoingRecord, TopicSpec } from './ports/message-log';
import { createTopics, ensureTopics } from './topics';

const specs: TopicSpec[] = [
  { topic: 'dossiers', partitions: 2 },
  { topic: 'audit', partitions: 2 },
];

function fakeLog(options: { existing?: { topic: string; partitions: number }[]; faults?: number; ends?: number[] } = {}) {
  const topics = [...(options.existing ?? [])];
  const appended: OutgoingRecord[] = [];
  let faults = options.faults ?? 0;
  const log: Partial<MessageLog> = {
    topics: () => Promise.resolve([...topics]),
    createTopics: (wanted) => {
      const missing = wanted.filter(({ topic }) => !topics.some((found) => found.topic === topic));
      topics.push(...missing.map(({ topic, partitions }) => ({ topic, partitions })));
      // As a cluster does that has made them and does not know them yet.
      if (faults-- > 0) return Promise.reject(new LogUnavailable('UNKNOWN_TOPIC_OR_PARTITION'));
      return Promise.resolve(missing.map(({ topic }) => topic));
    },
    offsets: () => Promise.resolve((options.ends ?? [0, 0]).map((end, partition) => ({ partition, start: 0, end }))),
    append: (records) => {
      appended.push(...records);
      return Promise.resolve([]);
    },
  };
  return { log: log as MessageLog, appended };
}

test('an empty prefix gets all topics and one epoch in each partition of dossiers', async () => {
  const { log, appended } = fakeLog();
  await ensureTopics(log, specs, 'all');
  expect(appended.map(({ topic, partition, headers }) => [topic, partition, headers['ce_type']])).toEqual([
    ['dossiers', 0, 'vn.seaport.epoch.v1'],
    ['dossiers', 1, 'vn.seaport.epoch.v1'],
  ]);
  expect(new Set(appended.map(({ headers }) => headers['ce_id'])).size).toBe(2);
});

test('a cluster that does not know a topic yet that it has just created is asked again', async () => {
  const { log, appended } = fakeLog({ faults: 1 });
  await createTopics(log, specs);
  expect(appended).toHaveLength(2);
});

test('a partition that has records gets no second epoch', async () => {
  const { log, appended } = fakeLog({ ends: [5, 0] });
  await createTopics(log, specs);
  expect(appended.map(({ partition }) => partition)).toEqual([1]);
});

test('missing topics and unequal partition counts are all named, and nothing is created', async () => {
  const { log, appended } = fakeLog({ existing: [{ topic: 'dossiers', partitions: 3 }] });
  await expect(ensureTopics(log, specs, 'none')).rejects.toThrow(/dossiers has 3 partitions, not 2[\s\S]*audit is missing/);
  expect(appended).toEqual([]);
});

test('production creates nothing', async () => {
  const { log } = fakeLog();
  await expect(ensureTopics(log, specs, 'none')).rejects.toThrow(/dossiers is missing[\s\S]*audit is missing/);
});

test('the embedded log gets what is missing, and keeps what is there', async () => {
  const { log, appended } = fakeLog({ existing: [{ topic: 'dossiers', partitions: 2 }], ends: [5, 7] });
  await ensureTopics(log, specs, 'missing');
  expect(await log.topics()).toEqual(specs);
  expect(appended).toEqual([]);
  await expect(ensureTopics(fakeLog({ existing: [{ topic: 'dossiers', partitions: 3 }] }).log, specs, 'missing')).rejects.toThrow(
    'dossiers has 3 partitions, not 2',
  );
});
