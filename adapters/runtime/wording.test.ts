import { decimal, grouped } from './wording';

it.each([
  ['0', '0', '0'],
  ['999', '999', '999'],
  ['1000', '1,000', '1.000'],
  ['1234567', '1,234,567', '1.234.567'],
  ['0.034', '0.034', '0,034'],
  ['17294.50', '17,294.50', '17.294,50'],
  ['-1000', '-1,000', '-1.000'],
])('%s is %s in English and %s in Vietnamese', (value, en, vi) => {
  expect(grouped(value)).toEqual({ en, vi });
});

it('gives the places asked for', () => {
  expect(decimal(1530, 2)).toEqual({ en: '1,530.00', vi: '1.530,00' });
});
