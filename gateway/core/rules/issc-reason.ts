import { problem } from '../problem-catalogue';
import { formality, type Rule } from './rule';

/** IMO0068: a ship without a valid International Ship Security Certificate says why. */
export const isscReason: Rule = (declaration) => {
  const security = formality(declaration, 'security');
  return security?.isscValid === false && security.reasonNoIssc === undefined
    ? [problem('reason-missing', { pointer: '/formalities/security/reasonNoIssc' })]
    : [];
};
