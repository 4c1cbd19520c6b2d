import { FakeClock } from '../test/support/fake-clock';
import { FakeMessageLog } from '../test/support/fake-message-log';
import { Admission } from './admission';
import { StoreUnavailable } from './core/exchange-error';
import type { Marker } from './ports/dossier-store';
import { tellingOfAppends, watchFold } from './watch-fold';

const record = { topic: 'dossiers', partition: 1, key: 'd', value: Buffer.alloc(100), headers: {} };

function started(marker: (partition: number) => Promise<Marker | null>) {
  const admission = new Admission(
    { maxFoldDelayMs: 200, maxInFlight: 10, partitions: 2 },
    { monotonicMs: () => new FakeClock('2026-11-24T03:00:00Z').monotonicMs() },
  );
  return { admission, watch: watchFold({ marker }, admission) };
}

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test('what intake appends to dossiers is under way until the marker of its partition has passed it', async () => {
  const log = new FakeMessageLog();
  await log.createTopics(['dossiers', 'evidence'].map((topic) => ({ topic, partitions: 2 })));
  let marker: Marker | null = null;
  const asked: number[] = [];
  const { admission, watch } = started((partition) => {
    asked.push(partition);
    return Promise.resolve(marker);
  });
  await jest.advanceTimersByTimeAsync(100);
  expect(asked).toEqual([]);
  const telling = tellingOfAppends(log, admission);
  expect(await telling.append([record, { ...record, topic: 'evidence' }])).toHaveLength(2);
  expect(await telling.append([record])).toEqual([{ topic: 'dossiers', partition: 1, offset: 1 }]);
  expect(admission.underWay).toBe(2);
  await jest.advanceTimersByTimeAsync(50);
  expect([admission.underWay, new Set(asked)]).toEqual([2, new Set([1])]);
  marker = { epoch: 'e', offset: 0, clearancesOffset: 0 };
  await jest.advanceTimersByTimeAsync(50);
  expect(admission.underWay).toBe(1);
  marker = { epoch: 'e', offset: 1, clearancesOffset: 0 };
  await jest.advanceTimersByTimeAsync(50);
  expect(admission.underWay).toBe(0);
  watch.stop();
});

test('a store that is away limits nobody', async () => {
  const { admission, watch } = started(() => Promise.reject(new StoreUnavailable('away')));
  admission.appended(0, 0, 100);
  await jest.advanceTimersByTimeAsync(60);
  expect(admission.underWay).toBe(0);
  watch.stop();
});

test('an append that fails is none', async () => {
  const log = new FakeMessageLog();
  const { admission, watch } = started(() => Promise.resolve(null));
  await expect(tellingOfAppends(log, admission).append([record])).rejects.toThrow();
  expect(admission.underWay).toBe(0);
  watch.stop();
});
