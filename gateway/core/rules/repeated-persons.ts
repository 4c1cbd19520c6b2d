import type { Problem } from '../problem';
import { problem } from '../problem-catalogue';
import type { PersonOnboard } from '../declaration';
import type { Rule, Sparse, SparseDeclaration } from './rule';
import { forEachPerson } from './walk';

/** The same travel document, or the same name, birth date and nationality, twice in crew and passenger list. The second is named. */
export const repeatedPersons: Rule = (declaration) => {
  const problems: Problem[] = [];
  if (!mayRepeat(declaration)) return problems;
  const seen = new Set<string>();
  forEachPerson(declaration, (person, place) => {
    const keys = keysOf(person);
    if (keys.some((key) => seen.has(key))) problems.push(problem('person-repeated', { pointer: place() }));
    for (const key of keys) seen.add(key);
  });
  return problems;
};

/** False where all numbers of documents and all birth dates with given names differ: the cheap answer for nearly every list. */
function mayRepeat(declaration: SparseDeclaration): boolean {
  const numbers = new Set<string>();
  const births = new Set<string>();
  let persons = 0;
  let without = 0;
  forEachPerson(declaration, ({ name, dateOfBirth, travelDocument }) => {
    persons++;
    if (travelDocument?.number !== undefined) numbers.add(travelDocument.number);
    else without++;
    births.add(name?.givenName !== undefined && dateOfBirth !== undefined ? dateOfBirth + name.givenName : String(persons));
  });
  return numbers.size + without < persons || births.size < persons;
}

function keysOf({ name, dateOfBirth, nationality, travelDocument }: Sparse<PersonOnboard>): string[] {
  const keys: string[] = [];
  if (travelDocument?.number !== undefined && travelDocument.typeCode !== undefined)
    keys.push(`document\n${travelDocument.typeCode}\n${travelDocument.issuingNation ?? nationality ?? ''}\n${travelDocument.number}`);
  if (name?.familyName !== undefined && name.givenName !== undefined && dateOfBirth !== undefined)
    keys.push(`name\n${name.familyName}\n${name.givenName}\n${name.middleName ?? ''}\n${dateOfBirth}\n${nationality ?? ''}`);
  return keys;
}
