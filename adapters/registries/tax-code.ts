/**
 * Vietnamese tax code (mã số thuế): 10 digits, the last a check digit, and for a branch a hyphen and three digits more;
 * a person's is the 12 digits of the identity number, which carries no check digit. Everything else is taken as foreign.
 */
export type TaxCodeKind = 'enterprise' | 'branch' | 'person' | 'wrong-check-digit' | 'foreign';

const WEIGHTS = [31, 29, 23, 19, 17, 13, 7, 5, 3];
const ENTERPRISE = /^\d{10}(-?\d{3})?$/;
const PERSON = /^\d{12}$/;

export function taxCodeKindOf(code: string): TaxCodeKind {
  if (PERSON.test(code)) return 'person';
  if (!ENTERPRISE.test(code)) return 'foreign';
  let sum = 0;
  for (const [i, weight] of WEIGHTS.entries()) sum += weight * Number(code[i]);
  // A remainder of 0 would give 10: such a number is never issued.
  if (10 - (sum % 11) !== Number(code[9])) return 'wrong-check-digit';
  return code.length === 10 ? 'enterprise' : 'branch';
}

/** The spelling of the registries: no blanks, a hyphen before the branch. */
export function canonicalTaxCode(code: string): string {
  const digits = code.replace(/[\s.]/g, '');
  return /^\d{13}$/.test(digits) ? `${digits.slice(0, 10)}-${digits.slice(10)}` : digits;
}
