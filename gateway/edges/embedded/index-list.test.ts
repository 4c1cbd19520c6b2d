import fc from 'fast-check';
import { decodeList, encodeList, listBytesOf } from './index-list';

const member = fc.string({ unit: 'grapheme', maxLength: 20 });
const score = fc.double({ noNaN: true, noDefaultInfinity: true });

test('a list gives back its members and scores, in as many bytes as it says, and never in the 8 of a count', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(member, score), { selector: ([name]) => name, maxLength: 20 }), (entries) => {
      const list = new Map(entries);
      const bytes = encodeList(list);
      expect(bytes).toHaveLength(listBytesOf(list));
      expect(bytes.length).not.toBe(8);
      expect(decodeList(bytes)).toEqual(list);
    }),
  );
});

test('no bytes are no members, an unknown version is refused', () => {
  expect(decodeList(undefined)).toEqual(new Map());
  expect(() => decodeList(Buffer.from([9, 0]))).toThrow('unknown version 9');
});
