import fc from 'fast-check';
import type { LogRecord } from '../../ports/message-log';
import { Tail, type TailBudget } from './tail';

const BUDGET = 1_000;
const record = (offset: number): LogRecord => ({
  topic: 't',
  partition: 0,
  offset,
  timestampMs: 0,
  key: null,
  value: Buffer.alloc(10),
  headers: {},
});
const records = (from: number, count: number): LogRecord[] => Array.from({ length: count }, (_, i) => record(from + i));
const offsets = (found: readonly LogRecord[]): number[] => found.map(({ offset }) => offset);

type Step = { push: number; bytes: number; skip: boolean } | { forget: number } | { from: number; length: number; limit: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ push: fc.integer({ min: 1, max: 5 }), bytes: fc.integer({ min: 1, max: 400 }), skip: fc.boolean() }),
  fc.record({ forget: fc.nat(60) }),
  fc.record({ from: fc.nat(20), length: fc.nat(20), limit: fc.integer({ min: 1, max: 9 }) }),
);

describe('the tail of a partition', () => {
  it('holds the end of the partition or nothing, gives what was asked for, and gives its room back', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const budget: TailBudget = { bytesLeft: BUDGET };
        const tail = new Tail(budget);
        let end = 0;
        for (const now of steps) {
          if ('push' in now) {
            // A transaction whose flush was not heard of is missing in memory.
            if (now.skip) end++;
            tail.push(records(end, now.push), now.bytes);
            end += now.push;
          } else if ('forget' in now) {
            tail.forgetBefore(now.forget);
            expect(tail.start ?? end).toBeGreaterThanOrEqual(0);
          } else if (tail.start !== undefined) {
            const from = tail.start + now.from;
            const wanted = Math.max(0, Math.min(end, from + now.length) - from);
            expect(offsets(tail.read(from, from + now.length, now.limit, Infinity))).toEqual(
              offsets(records(from, Math.min(wanted, now.limit))),
            );
          }
          expect(budget.bytesLeft).toBeGreaterThanOrEqual(0);
        }
        tail.forgetBefore(Infinity);
        expect(tail.start).toBeUndefined();
        expect(budget.bytesLeft).toBe(BUDGET);
      }),
    );
  });

  it('ends a batch that has become large, after one record at least', () => {
    const tail = new Tail({ bytesLeft: BUDGET });
    tail.push(records(3, 6), 60);
    expect(offsets(tail.read(4, 9, 100, 25))).toEqual([4, 5, 6]);
    expect(offsets(tail.read(4, 9, 100, 1))).toEqual([4]);
  });

  it('lets everything go when there is no room for the end', () => {
    const budget = { bytesLeft: 100 };
    const tail = new Tail(budget);
    tail.push(records(0, 2), 60);
    tail.push(records(2, 2), 50);
    expect(tail.start).toBe(2);
    tail.push(records(4, 1), 101);
    expect(tail.start).toBeUndefined();
    expect(budget.bytesLeft).toBe(100);
  });
});
