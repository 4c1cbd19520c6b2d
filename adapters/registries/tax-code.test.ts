import fc from 'fast-check';
import { canonicalTaxCode, taxCodeKindOf } from './tax-code';

describe('the tax code', () => {
  it.each([
    ['0100109106', 'enterprise'],
    ['0299900011', 'enterprise'],
    ['0299900011-001', 'branch'],
    ['0299900012', 'wrong-check-digit'],
    ['0299900012-001', 'wrong-check-digit'],
    ['001099012345', 'person'],
    ['NL001234567B01', 'foreign'],
    ['', 'foreign'],
    ['02999000111', 'foreign'],
  ] as const)('%s is %s', (code, kind) => {
    expect(taxCodeKindOf(code)).toBe(kind);
  });

  it('knows every single wrong digit', () => {
    fc.assert(
      fc.property(fc.constantFrom('0100109106', '0299900011', '0299900205'), fc.nat(9), fc.integer({ min: 1, max: 9 }), (code, at, add) => {
        const digit = (Number(code[at]) + add) % 10;
        return taxCodeKindOf(code.slice(0, at) + String(digit) + code.slice(at + 1)) === 'wrong-check-digit';
      }),
    );
  });

  it('is compared without blanks, points and with the hyphen of a branch', () => {
    expect(canonicalTaxCode(' 0299 900 011 001')).toBe('0299900011-001');
    expect(canonicalTaxCode('0299900011-001')).toBe('0299900011-001');
  });
});
