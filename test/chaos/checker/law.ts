import { agencies as allAgencies } from '../../../config/agencies.json';
import needToKnow from '../../../config/need-to-know.json';
import decree336 from '../../../config/rule-sets/nd-336-2026.json';
import decree85 from '../../../config/rule-sets/nd-85-2019.json';
import type { Agency, RuleSet } from '../../../gateway/core/rule-set';

/** The law as the checker reads it: from the dated data alone. What it means is written here a second time. */
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const ruleSets = new Map([decree336, decree85].map((ruleSet) => [ruleSet.id, ruleSet as RuleSet]));

export function lawOf(id: string): RuleSet {
  const law = ruleSets.get(id);
  if (law === undefined) throw new Error(`the checker knows no rule set ${id}`);
  return law;
}

/** The agencies that take part in a run, in the order of the routes. */
export function agenciesOf(connected: readonly string[]): Agency[] {
  return (allAgencies as Agency[]).filter(({ code }) => connected.includes(code));
}

/** Paths that an agency may see. */
export function pathsOf(agency: string): Set<string> {
  return new Set((needToKnow as unknown as Record<string, string[]>)[agency]);
}

interface DeclarationLike {
  header: { declarationType: string };
  portCall?: { eta?: string; etd?: string; previousPorts?: { to?: string }[] };
  reportedFormalities?: string[];
  formalities?: Record<string, unknown> & {
    generalDeclaration?: { crewCount?: number; passengerCount?: number; dangerousGoodsCarried?: boolean };
  };
}

/** When each formality falls due that is owed and not there; NaN where the time that it is counted from was not declared. */
export function missingAt(given: unknown, law: RuleSet): number[] {
  const { header, portCall, formalities = {}, reportedFormalities = [] } = given as DeclarationLike;
  const { crewCount = 0, passengerCount = 0, dangerousGoodsCarried = false } = formalities.generalDeclaration ?? {};
  return law.formalities
    .filter((row) => row.declarationTypes.includes(header.declarationType) && formalities[row.formality] === undefined)
    .filter(({ formality, requiredWhen }) => {
      const isTrue = {
        always: true,
        announced: reportedFormalities.includes(formality),
        crewOnboard: crewCount > 0,
        passengersOnboard: passengerCount > 0,
        dangerousGoodsCarried,
      };
      return requiredWhen.some((condition) => isTrue[condition]);
    })
    .map(({ reference, hoursBefore, hoursBeforeShortVoyage = hoursBefore }) => {
      const voyageMs = Date.parse(portCall?.eta ?? '') - Date.parse(portCall?.previousPorts?.[0]?.to ?? '');
      const isShort = voyageMs >= 0 && voyageMs < law.shortVoyageDays * DAY_MS;
      return Date.parse(portCall?.[reference] ?? '') - (isShort ? hoursBeforeShortVoyage : hoursBefore) * HOUR_MS;
    });
}
