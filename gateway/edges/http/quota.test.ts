import { FakeClock } from '../../../test/support/fake-clock';
import { createQuota } from './quota';

test('a tenant may send so many in a second, and others as many', () => {
  const clock = new FakeClock('2026-11-24T03:00:00Z');
  const quota = createQuota(2, clock);
  expect([1, 2, 3].map(() => quota.take('a')?.allowed)).toEqual([true, true, false]);
  expect(quota.take('b')).toEqual({
    allowed: true,
    retryAfterSeconds: 1,
    headers: { 'RateLimit-Limit': '2', 'RateLimit-Remaining': '1', 'RateLimit-Reset': '1' },
  });
  clock.advance(500);
  expect([1, 2].map(() => quota.take('a')?.allowed)).toEqual([true, false]);
});

test('a share of less than one in a second still lets one through, and says after how long the next', () => {
  const clock = new FakeClock('2026-11-24T03:00:00Z');
  const quota = createQuota(0.25, clock);
  expect(quota.take('a')?.allowed).toBe(true);
  expect(quota.take('a')).toMatchObject({ allowed: false, retryAfterSeconds: 4 });
  clock.advance(4_000);
  expect(quota.take('a')?.allowed).toBe(true);
});

test('0 is no limit', () => {
  const quota = createQuota(0, new FakeClock('2026-11-24T03:00:00Z'));
  expect(quota.take('a')).toBeUndefined();
});
