import { foldFindings, receivedDate, runRules, viewOf, type Assess, type Rules } from '../runtime/assessment';
import { billsOfLading } from './rules/bills-of-lading';
import { cargoDeclaration } from './rules/cargo-declaration';
import { channelOf } from './rules/channel';
import { crewEffects } from './rules/crew-effects';
import { dangerousGoods } from './rules/dangerous-goods';
import { goodsCodes } from './rules/goods-codes';
import { holds } from './rules/holds';
import { licensedGoods } from './rules/licensed-goods';
import { prohibitedGoods } from './rules/prohibited-goods';
import { stores } from './rules/stores';

/** In the order of the desk: inquiries, is the declaration there and in form, what are the goods, what is on board for use. */
export const customsRules: Rules = {
  holds,
  'cargo-declaration': cargoDeclaration,
  'bills-of-lading': billsOfLading,
  'goods-codes': goodsCodes,
  'prohibited-goods': prohibitedGoods,
  'licensed-goods': licensedGoods,
  'dangerous-goods': dangerousGoods,
  stores,
  'crew-effects': crewEffects,
};

/** The answer of customs, with the channel as its last reason and in its reference. Without any formality there is nothing to decide. */
export const assessCustoms: Assess = (request, registries) => {
  const { formalities, reportedFormalities } = viewOf(request);
  if (formalities === undefined && reportedFormalities === undefined) return foldFindings([], { applicable: false });
  const findings = runRules(customsRules, request, registries);
  const { channel, finding } = channelOf(request, registries, findings);
  const kind = registries.policy(finding.code, receivedDate(request))?.kind ?? finding.kind;
  return foldFindings([...findings, { ...finding, kind }], {
    applicable: true,
    reference: `${channel}-${request.dossierCode}-${request.revision}`,
  });
};
