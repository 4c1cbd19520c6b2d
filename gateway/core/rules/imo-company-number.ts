import { problem } from '../problem-catalogue';
import type { Rule } from './rule';

const weights = [8, 6, 4, 2, 9, 7];

/** IMO company number: d7 = (11 − Σ weight·digit mod 11) mod 10. */
export function isImoCompanyNumber(number: string): boolean {
  if (number.length !== 7) return false;
  let sum = 0;
  for (let i = 0; i < 6; i++) sum += Number(number[i]) * (weights[i] ?? 0);
  return (11 - (sum % 11)) % 10 === Number(number[6]);
}

export const imoCompanyNumber: Rule = ({ ship }) => {
  const number = ship?.company?.imoCompanyNumber;
  return number === undefined || isImoCompanyNumber(number)
    ? []
    : [problem('imo-company-check-digit', { pointer: '/ship/company/imoCompanyNumber' })];
};
