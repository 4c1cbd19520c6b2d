import type { Problem } from '../problem';
import { problem } from '../problem-catalogue';
import { forEachEntry, formality, type Rule } from './rule';
import { forEachDangerousGoods, forEachEquipment, type Place } from './walk';

/** ISO 6346: three letters of the owner, U, J or Z, six digits and a check digit. */
const CONTAINER = /^[A-Z]{3}[UJZ]\d{7}$/;

/** A=10, B=12 … 38, leaving out multiples of 11. */
const letterValues = [10, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 34, 35, 36, 37, 38];

export function hasContainerCheckDigit(number: string): boolean {
  let sum = 0;
  for (let i = 0; i < 10; i++) {
    const value = i < 4 ? (letterValues[number.charCodeAt(i) - 65] ?? 0) : number.charCodeAt(i) - 48;
    sum += value << i;
  }
  return (sum % 11) % 10 === number.charCodeAt(10) - 48;
}

/** Equipment that does not look like a container (a trailer, a flat) has no check digit to judge. */
export const containerNumbers: Rule = (declaration) => {
  const problems: Problem[] = [];
  const check = (number: string | undefined, place: Place): void => {
    if (number !== undefined && CONTAINER.test(number) && !hasContainerCheckDigit(number))
      problems.push(problem('container-check-digit', { pointer: place() }));
  };
  forEachEquipment(declaration, ({ equipmentId }, place) => check(equipmentId, () => `${place()}/equipmentId`));
  forEachDangerousGoods(declaration, ({ equipmentId }, place) => check(equipmentId, () => `${place()}/equipmentId`));
  forEachEntry(formality(declaration, 'cargo')?.consignments, ({ items }, i) =>
    forEachEntry(items, ({ equipmentIds }, j) =>
      forEachEntry(equipmentIds, (id, k) => check(id, () => `/formalities/cargo/consignments/${i}/items/${j}/equipmentIds/${k}`)),
    ),
  );
  return problems;
};
