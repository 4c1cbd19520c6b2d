import catalogue from '../config/services.json';
import type { Agency, ExchangeRules, FormalityRule, RuleSet } from './core/rule-set';
import { wordings } from './wire/clearance-sheet/wording';

/**
 * The published catalogue of services: the words of config/services.json, the documents, times and agencies of the rule sets in force.
 * Follows schemas/services.schema.json.
 */
export function createServiceCatalogue(rules: Pick<ExchangeRules, 'agencies' | 'ruleSets'>): { items: object[] } {
  const agencyOf = agencyNames(rules.agencies);
  const items = catalogue.services.map((service) => ({
    ...service,
    level: catalogue.level,
    fee: catalogue.fee,
    // No number has been given to us; null says so, and a portal hides it.
    hotline: null,
    ruleSets: rules.ruleSets.map((ruleSet) => ({
      ruleSet: ruleSet.id,
      title: ruleSet.title,
      titleVi: ruleSet.titleVi,
      source: ruleSet.source,
      inForceFrom: ruleSet.inForceFrom,
      ...(ruleSet.inForceTo === undefined ? {} : { inForceTo: ruleSet.inForceTo }),
      agencyLimitMinutes: ruleSet.agencyLimitMinutes,
      leadAgency: agencyOf(ruleSet.lead),
      documents: ruleSet.formalities
        .filter((rule) => rule.declarationTypes.includes(service.declarationType))
        .map((rule) => documentOf(rule, ruleSet, agencyOf)),
    })),
  }));
  return { items };
}

type NamedAgency = ReturnType<ReturnType<typeof agencyNames>>;

function documentOf(rule: FormalityRule, ruleSet: RuleSet, agencyOf: (code: string) => NamedAgency): object {
  const authority = ruleSet.finalAuthority[rule.formality];
  return {
    formality: rule.formality,
    name: wordings.en.formality[rule.formality] ?? rule.formality,
    nameVi: wordings.vi.formality[rule.formality] ?? rule.formality,
    ...(authority === undefined ? {} : { decides: agencyOf(authority) }),
    reference: rule.reference,
    hoursBefore: rule.hoursBefore,
    ...(rule.hoursBeforeShortVoyage === undefined
      ? {}
      : { hoursBeforeShortVoyage: rule.hoursBeforeShortVoyage, shortVoyageDays: ruleSet.shortVoyageDays }),
    always: rule.requiredWhen.includes('always'),
  };
}

function agencyNames(agencies: readonly Agency[]): (code: string) => { agency: string; name: string; nameVi: string; connected: boolean } {
  const byCode = new Map(agencies.map((agency) => [agency.code, agency]));
  return (code) => {
    const agency = byCode.get(code);
    return { agency: code, name: agency?.name ?? code, nameVi: agency?.nameVi ?? code, connected: agency?.connected === true };
  };
}
