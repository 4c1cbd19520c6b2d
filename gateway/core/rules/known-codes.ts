import { isCallPurpose, isPackageType, isUnit } from '../code-lists';
import { isWasteType } from '../code-lists/short-lists';
import type { Problem } from '../problem';
import { problem } from '../problem-catalogue';
import { forEachEntry, formality, type Rule } from './rule';
import { forEachDangerousGoods, forEachMeasure, type Place } from './walk';

/**
 * Codes that no list has are kept as text, with a warning: purpose of call (8025), waste type, package type (UN/ECE Rec. 21), unit
 * (UN/ECE Rec. 20). One warning a code, at its first place: 5,000 bills repeat the same slip.
 */
export const knownCodes: Rule = (declaration) => {
  const problems: Problem[] = [];
  const named = new Set<string>();
  const check = (list: string, code: string | undefined, known: (code: string) => boolean, place: Place): void => {
    if (code === undefined || known(code) || named.has(list + code)) return;
    named.add(list + code);
    problems.push(problem('code-unknown', { pointer: place() }));
  };
  forEachEntry(declaration.portCall?.purposeOfCall, (purpose, i) =>
    check('8025 ', purpose, isCallPurpose, () => `/portCall/purposeOfCall/${i}`),
  );
  forEachEntry(formality(declaration, 'waste')?.items, ({ wasteTypeCode }, i) =>
    check('waste ', wasteTypeCode, isWasteType, () => `/formalities/waste/items/${i}/wasteTypeCode`),
  );
  forEachEntry(formality(declaration, 'cargo')?.consignments, ({ items }, i) =>
    forEachEntry(items, ({ packageTypeCode }, j) =>
      check('21 ', packageTypeCode, isPackageType, () => `/formalities/cargo/consignments/${i}/items/${j}/packageTypeCode`),
    ),
  );
  forEachDangerousGoods(declaration, ({ packageTypeCode }, place) =>
    check('21 ', packageTypeCode, isPackageType, () => `${place()}/packageTypeCode`),
  );
  forEachMeasure(declaration, ({ unit }, place) => check('20 ', unit, isUnit, () => `${place()}/unit`));
  return problems;
};
