import { backlogSeries, drainOf } from './backlog';

/** One each `everyMs` from one time to another. */
function times(fromMs: number, toMs: number, everyMs: number): number[] {
  return Array.from({ length: Math.floor((toMs - fromMs) / everyMs) }, (_, i) => fromMs + i * everyMs);
}

// 100 a second come for 40 s; from 10 s to 20 s nothing is cleared, then 200 a second until the thousand that waited are gone, at 30 s.
const came = times(0, 40_000, 10);
const went = [...times(0, 10_000, 10), ...times(20_500, 30_500, 5), ...times(30_500, 40_000, 10)];

test('a backlog and how fast it went', () => {
  const drain = drainOf(came, went, 20_000);
  expect(drain.backlog).toBe(1_001);
  expect(drain.firstSeconds).toBe(0.5);
  expect(drain.perSecond).toBeCloseTo(200, 0);
  // 1,050 waited at 20.5 s and go at 100 a second net; 100 may wait.
  expect(drain.seconds).toBeCloseTo(10, 0);
});

test('a backlog that never goes has no end', () => {
  expect(drainOf(came, times(0, 10_000, 10), 20_000)).toMatchObject({ backlog: 1_001, seconds: NaN });
});

test('the backlog over time, each half second', () => {
  const [line] = backlogSeries(came, went, 0).lines;
  expect(line?.points.find(([x]) => x === 20)).toEqual([20, 1_001]);
  expect(line?.points.find(([x]) => x === 5)).toEqual([5, 0]);
});
