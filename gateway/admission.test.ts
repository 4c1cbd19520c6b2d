import fc from 'fast-check';
import { overload, p99, total, type World } from '../test/support/overload-world';
import { FakeClock } from '../test/support/fake-clock';
import { Admission, type AdmissionLimits, type Place, type Refusal } from './admission';

const BYTES = 12_000;
const BOUND_MS = 200;
const PARTITIONS = 4;

describe('twice the load that can be folded, and more', () => {
  const steadily = (perSecond: number) => (): number => perSecond;
  /** 2,000 in a second at most, and 345 where intake and exchange share a process. */
  const separate = { maxFoldDelayMs: BOUND_MS, foldMs: 0.5, seconds: 20 };
  const shared = { maxFoldDelayMs: BOUND_MS, foldMs: 2, shared: { takeMs: 0.9, refuseMs: 0.08 }, seconds: 20 };

  it.each<[string, World, capacity: number]>([
    ['twice, in processes of their own', { ...separate, rates: { agent: steadily(4_000) } }, 2_000],
    ['twenty times', { ...separate, seconds: 6, rates: { agent: steadily(40_000) } }, 2_000],
    ['twice, in one process', { ...shared, rates: { agent: steadily(690) } }, 345],
  ])('%s: takes nine tenths of what can be folded, and that in time', async (_name, world, capacity) => {
    const outcome = (await overload(world)).get('agent');
    const { taken = [], foldedMs = [], answeredMs = [] } = outcome ?? {};
    expect(total(taken, 2, world.seconds) / (world.seconds - 2)).toBeGreaterThan(0.9 * capacity);
    expect(total(outcome?.refused.full ?? [], 0, world.seconds)).toBeGreaterThan(0.9 * capacity * world.seconds);
    expect(p99(foldedMs, 2, world.seconds)).toBeLessThan(2 * BOUND_MS);
    expect(p99(answeredMs, 2, world.seconds)).toBeLessThan(2 * BOUND_MS);
  });

  it('is over within a second of the load', async () => {
    const load = (second: number): number => (second >= 5 && second < 12 ? 4_000 : 1_000);
    const outcome = (await overload({ ...separate, rates: { agent: load } })).get('agent');
    const { refused, foldedMs = [] } = outcome ?? {};
    expect(total(refused?.full ?? [], 0, 5)).toBe(0);
    expect(total(refused?.full ?? [], 5, 12)).toBeGreaterThan(10_000);
    expect(total(refused?.full ?? [], 13, 20)).toBe(0);
    expect(p99(foldedMs, 13, 20)).toBeLessThan(1.1 * p99(foldedMs, 1, 5));
  });

  it('falls on the one that sends it: another is taken at once, whoever wants most gets no more than who wants more than can be', async () => {
    const rates = { flood: steadily(20_000), big: steadily(3_000), small: steadily(50) };
    const outcomes = await overload({ ...separate, seconds: 8, rates });
    const [flood, big, small] = ['flood', 'big', 'small'].map((tenant) => outcomes.get(tenant));
    expect(total(small?.refused.full ?? [], 0, 8) + total(small?.refused.share ?? [], 0, 8)).toBe(0);
    // The append of this world takes 5 ms.
    expect(p99(small?.answeredMs ?? [], 0, 8)).toBeLessThan(7);
    expect(total(big?.taken ?? [], 0, 8)).toBeGreaterThan(0.8 * total(flood?.taken ?? [], 0, 8));
    expect(total(flood?.refused.share ?? [], 0, 8)).toBeGreaterThan(0.99 * total(flood?.refused.full ?? [], 0, 8));
  });

  it('a quiet gateway takes a burst of what it can fold in time', async () => {
    const outcome = (await overload({ ...separate, seconds: 3, rates: { agent: (second) => (second === 1 ? 1_500 : 5) } })).get('agent');
    expect(total(outcome?.refused.full ?? [], 0, 3)).toBe(0);
  });

  it('an exchange that is away holds nobody up for longer than a second, and live traffic goes on while it catches up', async () => {
    const outcome = (await overload({ ...separate, seconds: 50, away: [10, 25], rates: { agent: steadily(800) } })).get('agent');
    const { taken = [], refused, foldedMs = [] } = outcome ?? {};
    expect(total(refused?.full ?? [], 11, 50)).toBe(0);
    expect(total(taken, 11, 50) / 39).toBeGreaterThan(780);
    expect(p99(foldedMs, 12, 13)).toBeGreaterThan(10_000);
    expect(p99(foldedMs, 45, 50)).toBeLessThan(BOUND_MS);
  });

  it('that goes on while the exchange catches up does not keep it from doing so', async () => {
    const load = (second: number): number => (second < 40 ? 3_000 : 1_000);
    const outcome = (await overload({ ...separate, seconds: 90, away: [5, 15], rates: { agent: load } })).get('agent');
    const { taken = [], foldedMs = [] } = outcome ?? {};
    // Half of what is folded.
    expect(total(taken, 20, 35) / 15).toBeGreaterThan(700);
    expect(total(taken, 20, 35) / 15).toBeLessThan(1_300);
    expect(p99(foldedMs, 80, 90)).toBeLessThan(BOUND_MS);
  });
});

describe('a place', () => {
  let clock: FakeClock;
  let admission: Admission;

  function start(limits: Partial<AdmissionLimits> = {}): void {
    clock = new FakeClock('2026-11-24T03:00:00Z');
    admission = new Admission({ maxFoldDelayMs: BOUND_MS, maxInFlight: 1_000, partitions: PARTITIONS, ...limits }, clock);
  }
  beforeEach(() => start());

  function take(tenant: string, bytes = BYTES): Place {
    const entered = admission.enter(tenant, bytes);
    if (entered instanceof Promise || 'refused' in entered) throw new Error('no place');
    return entered;
  }
  /** Takes everything that there is. */
  function fill(tenant: string): { places: Place[]; waiting: Promise<Place | Refusal>[]; refusal: Refusal } {
    const places: Place[] = [];
    const waiting: Promise<Place | Refusal>[] = [];
    for (;;) {
      const entered = admission.enter(tenant, BYTES);
      if (entered instanceof Promise) waiting.push(entered);
      else if ('refused' in entered) return { places, waiting, refusal: entered };
      else places.push(entered);
    }
  }

  it('is there for as many as are folded within the bound, some wait for a moment, others are refused at once', async () => {
    const { places, waiting, refusal } = fill('agent');
    expect([places.length, admission.underWay, admission.window]).toEqual([200, 200, 200]);
    expect(waiting).toHaveLength(100);
    expect(refusal).toMatchObject({ refused: 'full', retryAfterSeconds: expect.any(Number) as number });
    places[0]?.leave();
    admission.look();
    expect(await waiting[0]).toHaveProperty('leave');
    clock.advance(25);
    admission.look();
    expect(await waiting[1]).toMatchObject({ refused: 'full' });
  });

  it('is free again when what was appended is folded, and not before', async () => {
    const { places, waiting } = fill('agent');
    places.forEach((place, i) => {
      place.read(BYTES);
      admission.appended(i % PARTITIONS, Math.floor(i / PARTITIONS), BYTES);
      place.leave();
      place.leave();
    });
    expect(admission.received).toBe(0);
    expect(admission.underWay).toBe(200);
    clock.advance(100);
    admission.foldedTo(0, 9);
    expect(admission.underWay).toBe(190);
    admission.foldedTo(1, 1_000);
    expect(admission.underWay).toBe(140);
    admission.look();
    // In half the time that is allowed, and some had to wait: there may be more.
    expect([admission.underWay, admission.window]).toEqual([210, 210]);
    expect(await Promise.all(waiting.slice(0, 70))).toHaveLength(70);
  });

  it('is there for a tenant below its share though another has taken all; the other is told its share', () => {
    const { places } = fill('flood');
    take('small').leave();
    expect(fill('flood').refusal).toMatchObject({ refused: 'share', sharePerSecond: 500 });
    expect(admission.underWay).toBe(places.length);
    // A quiet one has sixteen at once; of others a quarter of the window is for all of them.
    for (let i = 0; i < 15; i++) take('small');
    expect(() => take('small')).toThrow('no place');
  });

  it('counts by the size of the body, within limits', () => {
    take('agent', 8 * 1024 * 1024);
    expect(admission.underWay).toBe(16);
    take('agent', 40_960);
    expect(admission.underWay).toBe(18.5);
    take('agent', 0);
    expect(admission.underWay).toBe(19.5);
  });

  let end = 0;
  /** The receipts of these after a time, and their fold after another. */
  function receive(places: readonly Place[], afterMs: number, foldedAfterMs: number): void {
    for (const place of places) place.read(BYTES);
    clock.advance(afterMs);
    for (const place of places) {
      admission.appended(0, end++, BYTES);
      place.leave();
    }
    clock.advance(foldedAfterMs);
    admission.foldedTo(0, end - 1);
    admission.look();
  }
  const several = (count: number): Place[] => Array.from({ length: count }, (_, i) => take(`agent-${i % 10}`));

  it('is there for as many as get their receipt in time, while the fold is late and receipts are given', () => {
    receive(several(200), 300, 100);
    // 200 in 400 ms: 75 in 150.
    expect(fill('agent').places).toHaveLength(75);
    // Nothing leaves any more: the log is away, and says so to each.
    clock.advance(250);
    admission.look();
    fill('agent');
    expect(admission.received).toBe(200);
  });

  it('is there for more and more again once receipts are in time', () => {
    receive(several(20), 300, 100);
    // Fewer than 64 are no queue.
    const { places } = fill('agent');
    expect(places).toHaveLength(64);
    receive(places, 50, 200);
    fill('agent');
    expect(admission.received).toBe(80);
  });

  it('is there for all that the exchange keeps up with, however late their receipts', () => {
    start({ maxFoldDelayMs: 2_000 });
    receive(several(100), 300, 100);
    expect(several(200)).toHaveLength(200);
  });

  it('is waited for ten times as long below the share, while the process is busy', async () => {
    receive(several(20), 300, 100);
    const { waiting, places } = fill('flood');
    for (let i = 0; i < 16; i++) take(i % 2 === 0 ? 'small' : 'other');
    const small = admission.enter('small', BYTES);
    clock.advance(200);
    admission.look();
    expect(await waiting.at(-1)).toMatchObject({ refused: 'share' });
    for (const place of places) place.leave();
    admission.look();
    expect(await small).toHaveProperty('leave');
  });

  it('is not held by a body on a slow line', () => {
    const slow = take('agent');
    const quick = take('agent');
    quick.read(BYTES);
    clock.advance(500);
    admission.look();
    expect([admission.underWay, admission.received]).toEqual([1, 2]);
    slow.read(BYTES);
    expect(admission.underWay).toBe(2);
    slow.leave();
    quick.leave();
    expect([admission.underWay, admission.received]).toEqual([0, 0]);
  });

  it('is never one of more than maxInFlight, and never do all belong to one tenant', () => {
    start({ maxInFlight: 20, maxFoldDelayMs: 0 });
    for (let i = 0; i < 18; i++) take('agent');
    expect(admission.enter('agent', BYTES)).toMatchObject({ refused: 'full' });
    take('other');
    take('other');
    expect(admission.enter('other', BYTES)).toMatchObject({ refused: 'full' });
  });

  it('is there for everybody where there is no bound', () => {
    start({ maxFoldDelayMs: 0 });
    for (let i = 0; i < 5_000; i++) {
      admission.appended(0, i, BYTES);
      take('agent').leave();
      admission.look();
    }
    expect(admission.window).toBe(Infinity);
  });

  it('is there for everybody where there is no bound and the exchange is far behind', () => {
    start({ maxFoldDelayMs: 0 });
    for (let i = 0; i < 1_000; i++) admission.appended(0, i, BYTES);
    for (let i = 0; i < 100; i++) {
      clock.advance(200);
      admission.foldedTo(0, i);
      admission.look();
      for (let n = 0; n < 20; n++) take('agent').leave();
    }
  });

  it('is there for everybody when the store does not say what is folded', () => {
    for (let i = 0; i < 300; i++) admission.appended(0, i, BYTES);
    expect(admission.underWay).toBe(300);
    admission.foldUnknown();
    admission.look();
    expect(admission.underWay).toBe(0);
    take('agent');
    admission.foldedTo(0, 0);
    admission.look();
    expect(admission.underWay).toBe(300);
  });

  it('property: whatever comes and goes, nothing is counted that is not there', async () => {
    const step = fc.oneof(
      fc.record({ enter: fc.constantFrom('a', 'b', 'c'), bytes: fc.nat(200_000) }),
      fc.record({ read: fc.nat(500) }),
      fc.record({ leave: fc.nat(500), appends: fc.boolean() }),
      fc.record({ advance: fc.integer({ min: 1, max: 700 }) }),
      fc.record({ fold: fc.nat(PARTITIONS - 1) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 400 }), async (steps) => {
        start({ maxInFlight: 60, maxFoldDelayMs: 10 });
        const places: Place[] = [];
        const settled: Promise<unknown>[] = [];
        const ends = Array<number>(PARTITIONS).fill(0);
        const settle = (answer: Place | Refusal): void => {
          if (!('refused' in answer)) places.push(answer);
        };
        for (const next of steps) {
          if ('enter' in next) {
            const entered = admission.enter(next.enter, next.bytes);
            if (entered instanceof Promise) settled.push(entered.then(settle));
            else settle(entered);
          } else if ('read' in next) places[next.read]?.read(BYTES);
          else if ('leave' in next) {
            const [place] = places.splice(next.leave, 1);
            if (place !== undefined && next.appends) {
              const partition = next.leave % PARTITIONS;
              admission.appended(partition, ends[partition] ?? 0, BYTES);
              ends[partition] = (ends[partition] ?? 0) + 1;
            }
            place?.leave();
          } else if ('advance' in next) {
            clock.advance(next.advance);
            admission.look();
          } else admission.foldedTo(next.fold, (ends[next.fold] ?? 0) - 1);
          await Promise.resolve();
          expect(admission.received).toBe(places.length);
          expect(admission.received).toBeLessThanOrEqual(60);
          expect(admission.underWay).toBeGreaterThan(-1e-6);
        }
        // Nobody waits for ever.
        for (let i = 0; i < 2; i++) {
          clock.advance(50);
          admission.look();
        }
        await Promise.all(settled);
        for (const place of places) place.leave();
        ends.forEach((end, partition) => admission.foldedTo(partition, end));
        expect(admission.received).toBe(0);
        expect(Math.abs(admission.underWay)).toBeLessThan(1e-6);
      }),
    );
  });
});
