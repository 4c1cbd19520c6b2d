import { foldFindings, runRules, viewOf, type Assess, type Rules } from '../runtime/assessment';
import { businessLines } from './rules/business-lines';
import { enterpriseStatus } from './rules/enterprise-status';
import { investmentCertificate } from './rules/investment-certificate';
import { projectGoods } from './rules/project-goods';

/** The legal status first: it alone can stop a call. */
export const planningRules: Rules = {
  'enterprise-status': enterpriseStatus,
  'business-lines': businessLines,
  'investment-certificate': investmentCertificate,
  'project-goods': projectGoods,
};

/** The advice of planning and investment. A view without party or cargo has nothing for it. */
export const assessPlanning: Assess = (request, registries) => {
  const { declarant, agents, formalities } = viewOf(request);
  const applicable = declarant !== undefined || agents !== undefined || formalities?.cargo !== undefined;
  if (!applicable) return foldFindings([], { applicable });
  return foldFindings(runRules(planningRules, request, registries), {
    applicable,
    reference: `PLAN-${request.dossierCode}-${request.revision}`,
  });
};
