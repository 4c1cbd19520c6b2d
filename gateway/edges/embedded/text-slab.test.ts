import fc from 'fast-check';
import { TextSlab } from './text-slab';

const text = fc
  .tuple(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.integer({ min: 1, max: 30_000 }))
  .map(([a, times]) => a.repeat(times));

test('texts keep their bytes until reset, however many blocks they fill', () => {
  const slab = new TextSlab();
  fc.assert(
    fc.property(fc.array(text, { maxLength: 12 }), (texts) => {
      slab.reset();
      const given = texts.map((each) => slab.bytesOf(each));
      expect(given.map((bytes) => bytes.toString())).toEqual(texts);
    }),
    { numRuns: 50 },
  );
});
