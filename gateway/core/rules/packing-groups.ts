import type { Problem } from '../problem';
import { problem } from '../problem-catalogue';
import type { Rule } from './rule';
import { forEachDangerousGoods } from './walk';

/** Classes 1, 2, 5.2, 6.2, 7 and the self-reactive substances of 4.1 (UN 3221 to 3240) have none (IMDG 2.0.1.3). */
export const packingGroupsOfClasses: Rule = (declaration) => {
  const problems: Problem[] = [];
  forEachDangerousGoods(declaration, ({ hazardClass, unNumber, packingGroup }, place) => {
    if (packingGroup === undefined) return;
    const without =
      hazardClass !== undefined &&
      (hazardClass.startsWith('1') || hazardClass.startsWith('2') || hazardClass === '5.2' || hazardClass === '6.2' || hazardClass === '7');
    const selfReactive = unNumber !== undefined && unNumber >= '3221' && unNumber <= '3240';
    if (without || selfReactive) problems.push(problem('packing-group-not-applicable', { pointer: `${place()}/packingGroup` }));
  });
  return problems;
};
