import fc from 'fast-check';
import { plot } from './svg';

const numbersOf = (svg: string): number[] =>
  [...svg.matchAll(/ (?:points|cx|cy|x|y|d)="([^"]*)"/g)].flatMap(([, text = '']) =>
    text
      .split(/[ ,MVH]+/)
      .filter((part) => part !== '')
      .map(Number),
  );

test('every point is drawn within the picture, on linear and logarithmic scales', () => {
  const value = fc.oneof(fc.integer({ min: -1_000, max: 1_000 }), fc.double({ min: 0.001, max: 1e7, noNaN: true }));
  fc.assert(
    fc.property(fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 30 }), (points) => {
      for (const number of numbersOf(plot({ name: 'a', x: 'x', y: 'y', lines: [{ name: 'one', points }] }))) {
        expect(number).toBeGreaterThanOrEqual(0);
        expect(number).toBeLessThanOrEqual(720);
      }
    }),
    { numRuns: 200 },
  );
});

test('what is not a number is left out, text is escaped', () => {
  const svg = plot({ name: 'p < q', x: 'x', y: 'y', lines: [{ name: 'one', points: [[1, NaN], [2, 3]] }] }); // prettier-ignore
  expect(svg).not.toContain('NaN');
  expect(svg).toContain('p &lt; q');
});
