import fc from 'fast-check';
import { foldDiacritics } from './fold-diacritics';

it.each([
  ['Cảng Hải Phòng', 'cang hai phong'],
  ['ĐÌNH VŨ', 'dinh vu'],
  ['  Tan   Vu\tberth 2 ', 'tan vu berth 2'],
  ['Nil', 'nil'],
  ['', ''],
])('%j is compared as %j', (text, folded) => {
  expect(foldDiacritics(text)).toBe(folded);
});

it('folds a text without marks as it folds one with marks', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii' }), (text) => {
      // A marked letter beside it takes the long way.
      expect(foldDiacritics(`${text}ộ`)).toBe(foldDiacritics(`${text}o`));
    }),
  );
});
