import fc from 'fast-check';
import { assignInTurn } from './group-member';

test('each partition goes to one member that wants its topic, and with one subscription no member has two more than another', () => {
  const topics = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 });
  const members = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(members, topics, fc.integer({ min: 0, max: 12 }), (memberIds, names, count) => {
      const counts = new Map(names.map((name) => [name, count]));
      const given = assignInTurn(
        memberIds.map((memberId) => ({ memberId, topics: names })),
        counts,
      );
      expect(given.map(({ memberId }) => memberId).sort()).toEqual([...memberIds].sort());
      const all = given.flatMap(({ topics: held }) => held.flatMap(({ topic, partitions }) => partitions.map((p) => `${topic} ${p}`)));
      expect(all.sort()).toEqual(names.flatMap((name) => Array.from({ length: count }, (_, p) => `${name} ${p}`)).sort());
      const sizes = given.map(({ topics: held }) => held.reduce((sum, { partitions }) => sum + partitions.length, 0));
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }),
  );
});

test('a member gets nothing of a topic that it does not want', () => {
  const members = [
    { memberId: 'm1', topics: ['a'] },
    { memberId: 'm2', topics: ['a', 'b'] },
  ];
  const [first, second] = assignInTurn(members, new Map([['a', 2], ['b', 2]])); // prettier-ignore
  expect(first?.topics.map(({ topic }) => topic)).toEqual(['a']);
  expect(second?.topics).toContainEqual({ topic: 'b', partitions: [0, 1] });
});
