import type { Problem } from '../problem';
import { problem } from '../problem-catalogue';
import type { Rule } from './rule';
import { forEachPerson } from './walk';

/** The same travel document, or the same name, birth date and nationality, twice in crew and passenger list. The second is named. */
export const repeatedPersons: Rule = (declaration) => {
  const problems: Problem[] = [];
  const seen = new Set<string>();
  forEachPerson(declaration, ({ name, dateOfBirth, nationality, travelDocument }, pointer) => {
    const keys: string[] = [];
    if (travelDocument?.number !== undefined && travelDocument.typeCode !== undefined)
      keys.push(`document\n${travelDocument.typeCode}\n${travelDocument.issuingNation ?? nationality ?? ''}\n${travelDocument.number}`);
    if (name?.familyName !== undefined && name.givenName !== undefined && dateOfBirth !== undefined)
      keys.push(`name\n${name.familyName}\n${name.givenName}\n${name.middleName ?? ''}\n${dateOfBirth}\n${nationality ?? ''}`);
    if (keys.some((key) => seen.has(key))) problems.push(problem('person-repeated', { pointer }));
    for (const key of keys) seen.add(key);
  });
  return problems;
};
