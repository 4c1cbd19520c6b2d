import { topicCatalogue } from './topic-catalogue';

const DAY_MS = 86_400_000;
const catalogue = topicCatalogue(['customs', 'tax'], { partitions: 12, retentionDays: 400 });
const find = (topic: string) => catalogue.find((spec) => spec.topic === topic);

test('holds the six shared topics and five of each connected agency', () => {
  expect(catalogue.map((spec) => spec.topic)).toEqual([
    'dossiers',
    'clearances',
    'evidence',
    'evidence-keys',
    'dead-letters',
    'audit',
    ...['customs', 'tax'].flatMap((agency) => [
      `requests.${agency}`,
      `decisions.${agency}`,
      `results.${agency}`,
      `test.requests.${agency}`,
      `test.decisions.${agency}`,
    ]),
  ]);
});

test('one partition count for all', () => {
  expect(new Set(catalogue.map((spec) => spec.partitions))).toEqual(new Set([12]));
});

test('records of 16 MiB where a whole declaration travels, and nowhere else', () => {
  expect(catalogue.filter((spec) => spec.maxRecordBytes !== undefined).map((spec) => [spec.topic, spec.maxRecordBytes])).toEqual(
    ['dossiers', 'evidence', 'dead-letters', 'requests.customs', 'test.requests.customs', 'requests.tax', 'test.requests.tax'].map(
      (topic) => [topic, 16_777_216],
    ),
  );
});

test('dead letters and test topics are kept shorter, never longer than the rest', () => {
  expect(find('dossiers')?.retentionMs).toBe(400 * DAY_MS);
  expect(find('audit')?.retentionMs).toBe(400 * DAY_MS);
  expect(find('dead-letters')?.retentionMs).toBe(90 * DAY_MS);
  expect(find('test.decisions.tax')?.retentionMs).toBe(30 * DAY_MS);
  for (const spec of topicCatalogue(['tax'], { partitions: 1, retentionDays: 7 })) expect(spec.retentionMs).toBe(7 * DAY_MS);
});

test('only the keys of messages are compacted: what was said stays', () => {
  expect(catalogue.filter(({ compacted }) => compacted === true).map(({ topic }) => topic)).toEqual(['evidence-keys']);
});
