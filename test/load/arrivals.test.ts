import fc from 'fast-check';
import { scheduleOf, tenantOf } from './arrivals';

test('requests of one rate are due at even distances from the start', () => {
  const due = scheduleOf(500);
  expect([0, 1, 2, 1_000].map(due)).toEqual([0, 2, 4, 2_000]);
});

test('a step begins when the one before it is over, and the last one stays', () => {
  const due = scheduleOf([
    { rate: 10, seconds: 2 },
    { rate: 100, seconds: 1 },
    { rate: 10, seconds: 1 },
  ]);
  expect([19, 20, 21, 119, 120, 121, 1_120].map(due)).toEqual([1_900, 2_000, 2_010, 2_990, 3_000, 3_100, 103_000]);
});

test('no request is due before the one before it', () => {
  const step = fc.record({ rate: fc.integer({ min: 1, max: 5_000 }), seconds: fc.integer({ min: 1, max: 20 }) });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 4 }), fc.nat(50_000), (steps, n) => {
      const due = scheduleOf(steps);
      expect(due(n + 1)).toBeGreaterThan(due(n));
    }),
  );
});

test('tenants have their shares, and a declaration always the same one', () => {
  const tenants = [{ share: 0.8 }, { share: 0.15 }, { share: 0.05 }];
  const counts = [0, 0, 0];
  for (let n = 0; n < 10_000; n++) {
    const tenant = tenantOf(n, tenants);
    expect(tenantOf(n, tenants)).toBe(tenant);
    counts[tenant] = (counts[tenant] ?? 0) + 1;
  }
  tenants.forEach(({ share }, i) => expect(Math.abs((counts[i] ?? 0) / 10_000 - share)).toBeLessThan(0.01));
  expect(tenantOf(7, [{ share: 1 }])).toBe(0);
});
