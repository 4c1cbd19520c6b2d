import type { Declaration } from './declaration';
import { type FormalityName } from './messages';
import type { FormalityRule, RuleSet } from './rule-set';

/** Due times: arithmetic on stamps and declared times only. */

const HOUR_MS = 3_600_000;

/** Seconds as they were written, without the Z: receipts and due times of one second have the same few. */
const seconds = new Map<number, string>();
const KEPT_SECONDS = 1_000;

/** Canonical spelling of an instant: UTC, milliseconds only when there are any. @throws RangeError when it is none */
export function isoTime(ms: number): string {
  const second = Math.floor(ms / 1000);
  let text = seconds.get(second);
  if (text === undefined) {
    text = new Date(second * 1000).toISOString().slice(0, -5);
    if (seconds.size >= KEPT_SECONDS) seconds.clear();
    seconds.set(second, text);
  }
  const milliseconds = Math.trunc(ms) - second * 1000;
  return milliseconds === 0 ? `${text}Z` : `${text}.${String(milliseconds).padStart(3, '0')}Z`;
}

/** When an agency's answer is due: the legal limit after the declaration was received. */
export function agencyDueAt(receivedAt: string, ruleSet: RuleSet): string {
  return isoTime(Date.parse(receivedAt) + ruleSet.agencyLimitMinutes * 60_000);
}

export interface FormalityDue {
  formality: FormalityName;
  /** Absent when the time that it is counted from was not declared. */
  dueAt?: string;
}

/** The formalities that this call owes by law, with due times, whether or not they are there. */
export function requiredFormalities(declaration: Declaration, ruleSet: RuleSet): FormalityDue[] {
  const type = declaration.header.declarationType;
  const required: FormalityDue[] = [];
  for (const rule of ruleSet.formalities) {
    if (!rule.declarationTypes.includes(type) || !rule.requiredWhen.some((condition) => holds(condition, rule.formality, declaration)))
      continue;
    const reference = declaration.portCall?.[rule.reference];
    if (reference === undefined) required.push({ formality: rule.formality });
    else
      required.push({
        formality: rule.formality,
        dueAt: isoTime(Date.parse(reference) - hoursBefore(rule, declaration, ruleSet) * HOUR_MS),
      });
  }
  return required;
}

function holds(condition: FormalityRule['requiredWhen'][number], formality: FormalityName, declaration: Declaration): boolean {
  const general = declaration.formalities?.generalDeclaration;
  switch (condition) {
    case 'always':
      return true;
    case 'announced':
      return declaration.reportedFormalities?.includes(formality) === true;
    case 'crewOnboard':
      return (general?.crewCount ?? 0) > 0;
    case 'passengersOnboard':
      return (general?.passengerCount ?? 0) > 0;
    case 'dangerousGoodsCarried':
      return general?.dangerousGoodsCarried === true;
  }
}

function hoursBefore(rule: FormalityRule, declaration: Declaration, ruleSet: RuleSet): number {
  if (rule.hoursBeforeShortVoyage === undefined) return rule.hoursBefore;
  return isShortVoyage(declaration, ruleSet.shortVoyageDays) ? rule.hoursBeforeShortVoyage : rule.hoursBefore;
}

/** A voyage from the last port of less than the given days; unknown lengths count as long. */
function isShortVoyage(declaration: Declaration, days: number): boolean {
  const eta = declaration.portCall?.eta;
  const left = declaration.portCall?.previousPorts?.[0]?.to;
  if (eta === undefined || left === undefined) return false;
  const lengthMs = Date.parse(eta) - Date.parse(left);
  return lengthMs >= 0 && lengthMs < days * 24 * HOUR_MS;
}
