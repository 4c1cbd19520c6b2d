import { problem } from '../problem-catalogue';
import type { Rule } from './rule';

/** A ship station's MMSI starts with its MID, 201 to 775 (ITU-R M.585). 000000000 is sent for "none". */
export const mmsi: Rule = ({ ship }) => {
  const number = ship?.mmsi;
  if (number === undefined) return [];
  const mid = Number(number.slice(0, 3));
  return number.length === 9 && mid >= 201 && mid <= 775 ? [] : [problem('mmsi-invalid', { pointer: '/ship/mmsi' })];
};
