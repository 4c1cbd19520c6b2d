import type { Problem } from '../problem';
import { problem } from '../problem-catalogue';
import { entriesOf, formality, type Rule } from './rule';
import { forEachPortCall } from './walk';

/** A stay or an activity ends on or after the day it began. Dates compare as text. */
export const itineraryDates: Rule = (declaration) => {
  const problems: Problem[] = [];
  const check = ({ from, to }: { from?: string | undefined; to?: string | undefined }, pointer: string): void => {
    if (from !== undefined && to !== undefined && to < from) problems.push(problem('dates-reversed', { pointer: `${pointer}/to` }));
  };
  forEachPortCall(declaration, check);
  for (const [i, activity] of entriesOf(formality(declaration, 'security')?.shipToShipActivities))
    check(activity, `/formalities/security/shipToShipActivities/${i}`);
  return problems;
};
