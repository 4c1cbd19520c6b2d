import type { LoadResult } from '../load/load';
import { FakeMessageLog } from '../support/fake-message-log';
import { faultsOf, readClearances } from './acknowledged';

function acknowledged(...entries: [dossierId: string, kind: LoadResult['kinds'][number]][]): LoadResult {
  return {
    dossierIds: entries.map(([dossierId]) => dossierId),
    kinds: entries.map(([, kind]) => kind),
    intendedMs: entries.map(() => 0),
    answeredMs: entries.map(() => 1),
    tenants: [],
    others: { intendedMs: [], status: [], tenants: [] },
    startedMs: 0,
    statuses: { 202: entries.length },
    unexpected: 0,
    lateMs: [],
    bytesPerRequest: 1,
  };
}

async function clearances(...entries: [dossierId: string, version: number, final: boolean][]) {
  const log = new FakeMessageLog();
  await log.createTopics([{ topic: 'clearances', partitions: 1 }]);
  await log.append(
    entries.map(([key, version, final]) => ({
      topic: 'clearances',
      partition: 0,
      key,
      value: Buffer.from(JSON.stringify({ final, summary: '"final":true' })),
      headers: { ce_id: `${key}-v${version}` },
    })),
  );
  return readClearances(log);
}

describe('the gate of a benchmark', () => {
  test('passes when every dossier has one final clearance, and when an amended one ends final', async () => {
    const result = acknowledged(['a', 'original'], ['a', 'replay'], ['b', 'original'], ['b', 'amendment']);
    expect(faultsOf(result, await clearances(['a', 1, true], ['b', 1, true], ['b', 2, false], ['b', 3, true]))).toEqual([]);
  });

  test('names what is missing, not final, repeated or too many', async () => {
    const result = acknowledged(['none', 'original'], ['pending', 'original'], ['twice', 'original'], ['more', 'original']);
    const found = await clearances(['pending', 1, false], ['twice', 1, true], ['twice', 1, true], ['more', 1, true], ['more', 2, true]);
    expect(faultsOf(result, found)).toEqual([
      '1 acknowledged without a clearance',
      '1 acknowledged not final',
      '1 acknowledged with a version twice',
      '1 acknowledged with more than one clearance',
    ]);
  });

  test('does not count a run in which nothing was acknowledged, or in which an answer was wrong', async () => {
    expect(faultsOf(acknowledged(), await clearances())).toEqual(['nothing was acknowledged']);
    const wrong = { ...acknowledged(['a', 'original']), unexpected: 2, statuses: { 202: 1, 500: 2 } };
    expect(faultsOf(wrong, await clearances(['a', 1, true]))).toEqual(['2 unexpected answers: {"202":1,"500":2}']);
  });
});
