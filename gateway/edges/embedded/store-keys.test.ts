import fc from 'fast-check';
import { StoreKeys } from './store-keys';

const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((score) => (score === 0 ? 0 : score));
const name = fc.string({ unit: 'binary', maxLength: 20 });

test('entries of an index are in the order of scores, then of members as bytes, and read back', () => {
  const index = new StoreKeys(3, 1).index('i');
  fc.assert(
    fc.property(finite, name, finite, name, (score, member, otherScore, otherMember) => {
      const [bytes, otherBytes] = [Buffer.from(member), Buffer.from(otherMember)];
      const [entry, other] = [index.entry({ score, member }), index.entry({ score: otherScore, member: otherMember })];
      expect(Buffer.compare(entry, other)).toBe(Math.sign(score - otherScore) || Buffer.compare(bytes, otherBytes));
      expect(index.read(entry)).toEqual({ member, score });
      expect(Buffer.compare(index.from(score), entry)).toBeLessThanOrEqual(0);
      expect(Buffer.compare(entry, index.after(score))).toBeLessThan(0);
      expect(Buffer.compare(index.from(-Infinity), entry)).toBeLessThan(0);
      expect(Buffer.compare(entry, index.after(Infinity))).toBeLessThan(0);
    }),
  );
});

test('no two things have one key, whatever they are called', () => {
  const short = fc.string({ unit: fc.constantFrom('a', ':', '\0', '\u0001', '\u0002', 'ü'), maxLength: 4 });
  const at = new StoreKeys(1, 1);
  fc.assert(
    fc.property(fc.tuple(short, short), fc.tuple(short, short), (one, other) => {
      const keysOf = ([index, member]: [string, string]): Buffer[] => [
        at.index(index).entry({ score: 1, member }),
        at.value(index),
        at.head(index),
        at.marker,
      ];
      const [keys, others] = [keysOf(one), keysOf(other)];
      expect(new Set(keys.map(String)).size).toBe(4);
      for (const [i, key] of keys.entries()) {
        for (const [j, otherKey] of others.entries()) {
          const isSame = i === j && (i === 3 || (one[0] === other[0] && (i > 0 || one[1] === other[1])));
          expect(key.equals(otherKey)).toBe(isSame);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('what belongs to a dossier lies together', () => {
  const keys = new StoreKeys(1, 1);
  const of = (id: string): Buffer[] => [keys.value(`st:${id}`), keys.value(`cl:${id}:1`), keys.head(`ev:${id}`)];
  const [before, within, after] = [of('0001'), of('0002'), of('0003')] as [Buffer[], Buffer[], Buffer[]];
  for (const key of within) {
    for (const other of before) expect(Buffer.compare(other, key)).toBe(-1);
    for (const other of after) expect(Buffer.compare(key, other)).toBe(-1);
  }
});

test('older generations of a partition lie before the new one, and other partitions elsewhere', () => {
  const { start, end } = new StoreKeys(5, 300).olderGenerations();
  const within = (key: Buffer): boolean => Buffer.compare(start, key) <= 0 && Buffer.compare(key, end) < 0;
  for (const generation of [0, 1, 255, 256, 299]) expect(within(new StoreKeys(5, generation).value('🚢'))).toBe(true);
  expect(within(new StoreKeys(5, 300).marker)).toBe(false);
  expect(within(new StoreKeys(5, 301).value('a'))).toBe(false);
  expect(within(new StoreKeys(4, 0).value('a'))).toBe(false);
  expect(within(new StoreKeys(6, 0).marker)).toBe(false);
});
