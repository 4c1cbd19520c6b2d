import { problem } from '../problem-catalogue';
import type { Rule } from './rule';

/** IMO ship number: 7·d1 + 6·d2 + 5·d3 + 4·d4 + 3·d5 + 2·d6 ends in d7 (IMO resolution A.1117(30)). */
export function isImoNumber(number: string): boolean {
  if (number.length !== 7) return false;
  let sum = 0;
  for (let i = 0; i < 6; i++) sum += Number(number[i]) * (7 - i);
  return sum % 10 === Number(number[6]);
}

export const imoNumber: Rule = ({ ship }) =>
  ship?.imoNumber === undefined || isImoNumber(ship.imoNumber) ? [] : [problem('imo-check-digit', { pointer: '/ship/imoNumber' })];
