import type { Problem } from '../problem';
import { problem } from '../problem-catalogue';
import type { Rule } from './rule';
import { forEachDangerousGoods } from './walk';

/** Class 1 is declared with division and compatibility group: 1.4S, not 1.4 (IMDG 2.1.2). */
export const compatibilityGroups: Rule = (declaration) => {
  const problems: Problem[] = [];
  forEachDangerousGoods(declaration, ({ hazardClass }, place) => {
    if (hazardClass?.startsWith('1') === true && hazardClass.length < 4)
      problems.push(problem('compatibility-group-missing', { pointer: `${place()}/hazardClass` }));
  });
  return problems;
};
