import { Unfolded } from './unfolded';

const OLD_MS = 1_000;

/** Ten declarations in each of two partitions at time 0. */
function twoPartitions(): Unfolded {
  const unfolded = new Unfolded(2, OLD_MS);
  for (let offset = 0; offset < 10; offset++) for (const partition of [0, 1]) unfolded.appended(partition, offset, 1, 0);
  return unfolded;
}

test('what was appended waits until the marker has passed it', () => {
  const unfolded = twoPartitions();
  expect([unfolded.weight, unfolded.awaited()]).toEqual([20, [0, 1]]);
  unfolded.foldedTo(0, 3, 100);
  unfolded.foldedTo(1, 9, 200);
  expect([unfolded.weight, unfolded.awaited()]).toEqual([6, [0]]);
  expect(unfolded.look(200)).toEqual({ folded: 14, delayMs: (4 * 100 + 10 * 200) / 14, isCatchingUp: false });
  expect(unfolded.look(225)).toEqual({ folded: 0, delayMs: 0, isCatchingUp: false });
});

test('where nobody folds the exchange is away: what waits there does not count, in the other partitions it does', () => {
  const unfolded = twoPartitions();
  unfolded.foldedTo(0, -1, 500);
  unfolded.foldedTo(1, 9, 500);
  unfolded.appended(1, 10, 1, 900);
  expect(unfolded.look(OLD_MS)).toMatchObject({ isCatchingUp: false });
  expect(unfolded.weight).toBe(1);
  unfolded.appended(0, 10, 1, OLD_MS);
  expect(unfolded.weight).toBe(1);
  expect(unfolded.awaited()).toEqual([0, 1]);
});

test('it catches up where the marker moves, and keeps up again once what waits is young', () => {
  const unfolded = twoPartitions();
  unfolded.appended(0, 10, 1, 5_000);
  // A rebuild: none of ours is folded, but somebody folds.
  unfolded.foldedTo(0, -1_000, 5_000);
  unfolded.foldedTo(0, -500, 5_100);
  expect(unfolded.look(5_100)).toEqual({ folded: 0, delayMs: 0, isCatchingUp: true });
  expect(unfolded.look(5_100 + OLD_MS)).toMatchObject({ isCatchingUp: false });
  unfolded.foldedTo(0, 9, 5_200);
  unfolded.foldedTo(1, 9, 5_200);
  expect(unfolded.look(5_200)).toEqual({ folded: 20, delayMs: 5_200, isCatchingUp: false });
  expect(unfolded.weight).toBe(1);
});

test('what the store does not say counts for nothing', () => {
  const unfolded = twoPartitions();
  unfolded.foldedTo(0, 0, 100);
  unfolded.unknown();
  expect(unfolded.look(100)).toMatchObject({ isCatchingUp: false });
  expect(unfolded.weight).toBe(0);
  unfolded.foldedTo(0, 0, 200);
  unfolded.look(200);
  expect(unfolded.weight).toBe(19);
});

test('only so many are remembered', () => {
  const unfolded = new Unfolded(1, OLD_MS);
  for (let offset = 0; offset < 20_000; offset++) unfolded.appended(0, offset, 1, 0);
  expect(unfolded.weight).toBe(10_000);
  unfolded.foldedTo(0, 30_000, 1);
  expect(unfolded.weight).toBe(0);
});
