import fc from 'fast-check';
import { StoreKeys } from './store-keys';

const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((score) => (score === 0 ? 0 : score));
const name = fc.string({ unit: 'binary', maxLength: 20 });

test('entries of an index are in the order of scores, then of members as bytes, and read back', () => {
  const index = new StoreKeys(3, 1).index('i');
  fc.assert(
    fc.property(finite, name, finite, name, (score, member, otherScore, otherMember) => {
      const [bytes, otherBytes] = [Buffer.from(member), Buffer.from(otherMember)];
      const [entry, other] = [index.entry(score, bytes), index.entry(otherScore, otherBytes)];
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
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(name, name), { minLength: 2, maxLength: 6, selector: String }), (pairs) => {
      const keys = pairs.flatMap(([index, member]) => {
        const at = new StoreKeys(1, 1);
        return [at.index(index).place(Buffer.from(member)), at.index(index).entry(1, Buffer.from(member))];
      });
      const distinct = new Set(pairs.map((pair) => JSON.stringify(pair))).size;
      expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(2 * distinct);
    }),
  );
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
