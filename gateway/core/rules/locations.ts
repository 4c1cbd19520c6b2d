import { isUnLocode } from '../code-lists/un-locode';
import type { Problem } from '../problem';
import { problem } from '../problem-catalogue';
import type { Rule } from './rule';
import { forEachPort } from './walk';

/** Every UN/LOCODE is in the list, or stands for an unknown port (ZZUKN, XX888). */
export const locations: Rule = (declaration) => {
  const problems: Problem[] = [];
  forEachPort(declaration, ({ unLocode }, place) => {
    if (unLocode !== undefined && !isUnLocode(unLocode)) problems.push(problem('locode-unknown', { pointer: `${place()}/unLocode` }));
  });
  return problems;
};
