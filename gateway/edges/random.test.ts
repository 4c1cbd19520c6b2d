import { createRandom } from './random';

test('gives as many bytes as were asked for, never the same twice', () => {
  const random = createRandom();
  const seen = Array.from({ length: 3_000 }, (_, i) => random(8 + (i % 9)));
  expect(seen.map((text) => text.length)).toEqual(seen.map((_, i) => 2 * (8 + (i % 9))));
  expect(seen.every((text) => /^[0-9a-f]+$/.test(text))).toBe(true);
  expect(new Set(seen.map((text) => text.slice(0, 16))).size).toBe(3_000);
  expect(() => random(5_000)).toThrow(RangeError);
});
