import type { Problem } from '../problem';
import { problem } from '../problem-catalogue';
import { forEachEntry, formality, type Rule } from './rule';

/** A passenger has a travel document (IMO0102 to IMO0104). */
export const passengerDocuments: Rule = (declaration) => {
  const problems: Problem[] = [];
  forEachEntry(formality(declaration, 'passengerList')?.passengers, ({ travelDocument }, i) => {
    if (travelDocument === undefined)
      problems.push(problem('travel-document-missing', { pointer: `/formalities/passengerList/passengers/${i}/travelDocument` }));
  });
  return problems;
};
