import { loadRules } from '../../config/load-rules';
import { readSettings } from '../../config/settings';
import type { FoldRules } from '../../gateway/core/fold';
import { ruleSetById, type Agency, type RuleSet } from '../../gateway/core/rule-set';

/** The rules as shipped: harbour master and customs decide, tax and planning advise. */
export const shippedRules: FoldRules = loadRules(readSettings({}));

export const decree336: RuleSet = ruleSetById(shippedRules.ruleSets, 'nd-336-2026');
export const decree85: RuleSet = ruleSetById(shippedRules.ruleSets, 'nd-85-2019');

/** The shipped rules with some agencies' rows changed. */
export function rulesWith(changes: Record<string, Partial<Agency>>): FoldRules {
  return { ...shippedRules, agencies: shippedRules.agencies.map((agency) => ({ ...agency, ...changes[agency.code] })) };
}
