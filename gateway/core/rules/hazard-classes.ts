import { classesOfUnNumber } from '../code-lists/dangerous-goods';
import type { Problem } from '../problem';
import { problem } from '../problem-catalogue';
import type { Rule } from './rule';
import { forEachDangerousGoods } from './walk';

/** The class declared is that of the UN number, as far as the table and the declaration both go: "2" is not against 2.1. */
export const hazardClassesOfNumbers: Rule = (declaration) => {
  const problems: Problem[] = [];
  forEachDangerousGoods(declaration, ({ unNumber, hazardClass }, place) => {
    if (unNumber === undefined || hazardClass === undefined) return;
    const classes = classesOfUnNumber(unNumber);
    if (classes === undefined || classes.some((known) => hazardClass.startsWith(known) || known.startsWith(hazardClass))) return;
    const detail = {
      en: `UN ${unNumber} is of class ${classes.join(' or ')}.`,
      vi: `UN ${unNumber} thuộc loại ${classes.join(' hoặc ')}.`,
    };
    problems.push(problem('hazard-class-mismatch', { pointer: `${place()}/hazardClass` }, detail));
  });
  return problems;
};
