import { distributionOf, spreadOf } from './statistics';

test('percentiles are samples, by nearest rank', () => {
  const samples = Array.from({ length: 1_000 }, (_, i) => 1_000 - i);
  expect(distributionOf(samples)).toEqual({ count: 1_000, p50: 500, p99: 990, p999: 999, max: 1_000 });
  expect(distributionOf([7])).toEqual({ count: 1, p50: 7, p99: 7, p999: 7, max: 7 });
  expect(distributionOf([])).toBeUndefined();
});

test('repetitions are shown by their median, minimum and maximum', () => {
  expect(spreadOf([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
  expect(spreadOf([4, 1, 2, 3])).toEqual({ median: 2.5, min: 1, max: 4 });
});
