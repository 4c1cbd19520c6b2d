import { lineThrough, shown } from './figures';

test('a line through points on a line is that line', () => {
  const { slope, intercept, r2 } = lineThrough([
    [1, 5],
    [2, 7],
    [4, 11],
  ]);
  expect([slope, intercept, r2].map((value) => Number(value.toFixed(9)))).toEqual([2, 3, 1]);
});

test('points without a trend have a level line', () => {
  expect(
    lineThrough([
      [0, 1],
      [1, 2],
      [2, 1],
    ]),
  ).toMatchObject({ slope: 0, r2: 0 });
  expect(lineThrough([[3, 4]])).toEqual({ slope: 0, intercept: 4, r2: 1 });
});

test('values are shown with as many places as they are worth', () => {
  expect([1234.5, 45.67, 4.567, 0.2345, 0.00123, 7, NaN].map(shown)).toEqual(['1235', '45.7', '4.57', '0.234', '0.001', '7', '–']);
});
