import { foldFindings, runRules, viewOf, type Assess, type Rules } from '../runtime/assessment';
import { charges } from './rules/charges';
import { enforcementStop } from './rules/enforcement-stop';
import { knownTaxpayer } from './rules/known-taxpayer';
import { shipDues } from './rules/ship-dues';
import { taxCode } from './rules/tax-code';

/** Enforcement first: it alone can stop a call. */
export const taxRules: Rules = {
  'enforcement-stop': enforcementStop,
  'tax-code': taxCode,
  'known-taxpayer': knownTaxpayer,
  'ship-dues': shipDues,
  charges,
};

/** The advice of the tax authority. A view without party, ship or cargo has nothing to tax. */
export const assessTax: Assess = (request, registries) => {
  const { ship, declarant, agents, formalities } = viewOf(request);
  const applicable = ship !== undefined || declarant !== undefined || agents !== undefined || formalities?.cargo !== undefined;
  if (!applicable) return foldFindings([], { applicable });
  return foldFindings(runRules(taxRules, request, registries), { applicable, reference: `TAX-${request.dossierCode}-${request.revision}` });
};
