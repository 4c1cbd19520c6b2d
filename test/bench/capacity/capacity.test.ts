import fc from 'fast-check';
import { ASSUMPTIONS, costsAt, limitsOf, sizeFor, type Costs, type Demand } from './model';
import { busiestShare, processOf, simulatePeak, spreadOverPartitions } from './simulate';

const costs: Costs = {
  intakeMs: 0.2,
  exchangeMs: 0.4,
  adaptersMs: 0.2,
  brokerMs: 0.1,
  redisMs: 0.05,
  perKbMs: 0.02,
  typicalKb: 12,
  writtenBytes: 40_000,
  redisBytes: 20_000,
};
const demand: Demand = { name: 'a country', declarationsPerDay: 89_000, dossiersPerDay: 30_000, peakPerSecond: 1_500, averageKb: 12 };

const closeTo = (value: number): unknown => expect.closeTo(value, 9);

describe('sizing', () => {
  test('is what the arithmetic on paper says', () => {
    expect(sizeFor(costs, demand)).toEqual({
      // 1,500/s × 0.2, 0.4, 0.2 ms = 0.3, 0.6, 0.3 busy cores at most 60 % each
      processes: { intake: 1, exchange: 1, adapters: 1 },
      partitions: 12,
      brokers: 3,
      cores: { gateway: closeTo(1.2), brokers: closeTo(0.45), redis: closeTo(0.075) },
      bytesPerSecond: 180e6,
      diskBytes: 89_000 * 400 * 40_000 * 3,
      redisBytes: 30_000 * 400 * 20_000 * 2,
      limits: ['more memory than one Redis machine has'],
    });
  });

  test('grows with the demand, never shrinks', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50_000 }), fc.integer({ min: 1, max: 8 }), (peakPerSecond, factor) => {
        const [less, more] = [peakPerSecond, peakPerSecond * factor].map((peak) => sizeFor(costs, { ...demand, peakPerSecond: peak }));
        for (const role of ['intake', 'exchange', 'adapters'] as const)
          expect(more?.processes[role]).toBeGreaterThanOrEqual(less?.processes[role] ?? NaN);
        expect(more?.brokers).toBeGreaterThanOrEqual(less?.brokers ?? NaN);
        expect(more?.partitions).toBeGreaterThanOrEqual(less?.partitions ?? NaN);
      }),
    );
  });

  test('a larger message costs its slope more, a typical one what it costs', () => {
    expect(costsAt(costs, 12)).toEqual(costs);
    const large = costsAt(costs, 112);
    expect(large.intakeMs + large.exchangeMs + large.adaptersMs).toBeCloseTo(0.8 + 100 * 0.02);
    expect(large.writtenBytes).toBeCloseTo((40_000 * 112) / 12);
  });
});

describe('limits', () => {
  const even = (_partitions: number, processes: number): number => 1 / processes;

  test('one machine has everything: its cores are shared, its disk takes every byte once', () => {
    const { limits, brokers } = limitsOf(costs, 1, 64, even);
    expect(brokers).toBe(1);
    expect(limits).toContainEqual({ name: 'cores of the machine', perSecond: (16 * 0.6 * 1000) / (0.8 + 0.1 + 0.05) });
    expect(limits[0]).toEqual({ name: 'disk of a broker', perSecond: (500e6 * 0.6) / 40_000 });
  });

  test('more machines never do less, until something that there is one of ends', () => {
    const first = (machines: number, partitions: number): { name: string; perSecond: number } =>
      limitsOf(costs, machines, partitions, even).limits[0] ?? { name: '', perSecond: NaN };
    let before = 0;
    for (const machines of [5, 10, 20, 50, 100]) {
      const { perSecond } = first(machines, 1_000);
      expect(perSecond).toBeGreaterThanOrEqual(before);
      before = perSecond;
    }
    expect(first(100, 1_000)).toEqual({ name: 'one Redis core', perSecond: (0.6 * 1000) / 0.05 });
    expect(limitsOf({ ...costs, redisMs: 0.0001 }, 100, 12, even).limits[0]?.name).toBe('partitions: a fold each');
    expect(ASSUMPTIONS.busy).toBe(0.6);
  });
});

describe('the hash over partitions', () => {
  test('every record is in a partition, and they are nearly even', () => {
    const spread = spreadOverPartitions(20_000, 12);
    expect(spread.reduce((sum, records) => sum + records, 0)).toBe(20_000);
    expect(Math.max(...spread) / (20_000 / 12)).toBeLessThan(1.1);
  });

  test('the busiest process has at least an even share, and all when it is alone', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 64 }),
        fc.integer({ min: 1, max: 80 }),
        (spread, n) => {
          fc.pre(spread.some((records) => records > 0));
          expect(busiestShare(spread, n)).toBeGreaterThanOrEqual(1 / n - 1e-12);
          expect(busiestShare(spread, 1)).toBe(1);
        },
      ),
    );
  });

  test('partitions that do not divide evenly make a process with one more: 12 over 8', () => {
    expect(busiestShare(new Array<number>(12).fill(100), 8)).toBeCloseTo(2 / 12);
    expect(processOf(9, 8)).toBe(1);
  });

  test('processes beyond the partitions are idle', () => {
    expect(simulatePeak({ declarations: 2_000, seconds: 1, partitions: 4, processes: 10, serviceMs: 0.1 }).idleProcesses).toBe(6);
  });

  test('what comes more slowly than it is worked off does not wait; what comes faster waits as long as the work lasts', () => {
    const calm = simulatePeak({ declarations: 1_000, seconds: 10, partitions: 12, processes: 4, serviceMs: 1 });
    expect(calm.p50).toBeCloseTo(1);
    expect(calm.doneAfterSeconds).toBeLessThan(10.1);
    const flood = simulatePeak({ declarations: 10_000, seconds: 1, partitions: 12, processes: 1, serviceMs: 1 });
    expect(flood.doneAfterSeconds).toBeCloseTo(10, 1);
    expect(flood.max).toBeGreaterThan(8_900);
  });
});
