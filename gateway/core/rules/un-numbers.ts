import { isUnNumber } from '../code-lists/dangerous-goods';
import type { Problem } from '../problem';
import { problem } from '../problem-catalogue';
import type { Rule } from './rule';
import { forEachDangerousGoods } from './walk';

/** UN numbers are those of the dangerous goods list, not of a range: 6666 is none. */
export const unNumbers: Rule = (declaration) => {
  const problems: Problem[] = [];
  forEachDangerousGoods(declaration, ({ unNumber }, place) => {
    if (unNumber !== undefined && !isUnNumber(unNumber)) problems.push(problem('un-number-unknown', { pointer: `${place()}/unNumber` }));
  });
  return problems;
};
