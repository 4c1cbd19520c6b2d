import type { Problem } from '../problem';
import { problem } from '../problem-catalogue';
import { forEachEntry, formality, type Rule } from './rule';
import { forEachPortCall, type Place } from './walk';

/** A stay or an activity ends on or after the day it began. Dates compare as text. */
export const itineraryDates: Rule = (declaration) => {
  const problems: Problem[] = [];
  const check = ({ from, to }: { from?: string | undefined; to?: string | undefined }, place: Place): void => {
    if (from !== undefined && to !== undefined && to < from) problems.push(problem('dates-reversed', { pointer: `${place()}/to` }));
  };
  forEachPortCall(declaration, check);
  forEachEntry(formality(declaration, 'security')?.shipToShipActivities, (activity, i) =>
    check(activity, () => `/formalities/security/shipToShipActivities/${i}`),
  );
  return problems;
};
