import { isCallPurpose, isPackageType, isUnit } from '../code-lists';
import { isWasteType } from '../code-lists/short-lists';
import type { Problem } from '../problem';
import { problem } from '../problem-catalogue';
import { entriesOf, formality, type Rule } from './rule';
import { forEachDangerousGoods, forEachMeasure } from './walk';

/**
 * Codes that no list has are kept as text, with a warning: purpose of call (8025), waste type, package type (UN/ECE Rec. 21), unit
 * (UN/ECE Rec. 20). One warning a code, at its first place: 5,000 bills repeat the same slip.
 */
export const knownCodes: Rule = (declaration) => {
  const problems: Problem[] = [];
  const named = new Set<string>();
  const check = (list: string, code: string | undefined, known: (code: string) => boolean, pointer: string): void => {
    if (code === undefined || known(code) || named.has(list + code)) return;
    named.add(list + code);
    problems.push(problem('code-unknown', { pointer }));
  };
  for (const [i, purpose] of entriesOf(declaration.portCall?.purposeOfCall))
    check('8025 ', purpose, isCallPurpose, `/portCall/purposeOfCall/${i}`);
  for (const [i, { wasteTypeCode }] of entriesOf(formality(declaration, 'waste')?.items))
    check('waste ', wasteTypeCode, isWasteType, `/formalities/waste/items/${i}/wasteTypeCode`);
  for (const [i, consignment] of entriesOf(formality(declaration, 'cargo')?.consignments))
    for (const [j, { packageTypeCode }] of entriesOf(consignment.items))
      check('21 ', packageTypeCode, isPackageType, `/formalities/cargo/consignments/${i}/items/${j}/packageTypeCode`);
  forEachDangerousGoods(declaration, ({ packageTypeCode }, pointer) =>
    check('21 ', packageTypeCode, isPackageType, `${pointer}/packageTypeCode`),
  );
  forEachMeasure(declaration, ({ unit }, pointer) => check('20 ', unit, isUnit, `${pointer}/unit`));
  return problems;
};
