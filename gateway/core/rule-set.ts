import type { AgencyCode } from './identifiers';
import type { AgencyRole, FormalityName } from './messages';
import type { Declaration } from './declaration';

/** Law as dated data (config/rule-sets/*.json, config/agencies.json): types and the choice of what is in force. */

export interface FormalityRule {
  formality: FormalityName;
  declarationTypes: string[];
  /** The declared time that the due time is counted back from. */
  reference: 'eta' | 'etd';
  hoursBefore: number;
  /** Instead, where the voyage from the last port takes less than `shortVoyageDays`. */
  hoursBeforeShortVoyage?: number;
  /** It is required when one of these holds; 'announced' = named in reportedFormalities. */
  requiredWhen: ('always' | 'announced' | 'crewOnboard' | 'passengersOnboard' | 'dangerousGoodsCarried')[];
}

export interface PolicyRow {
  agency: AgencyCode;
  /** A reason code of the agency's decision with which its answer blocks although it only advises. */
  reasonCode: string;
}

export interface RuleSet {
  id: string;
  title: string;
  titleVi: string;
  source: string;
  /** Local dates of the port, inclusive. */
  inForceFrom: string;
  inForceTo?: string;
  /** An agency answers within this time of the declaration. */
  agencyLimitMinutes: number;
  /** What silence past the limit means: wait and escalate, or the lead agency decides without it (never consent). */
  onSilence: 'wait' | 'leadDecides';
  /** Confirms for all; documents whose final authority is not connected fall to it. */
  lead: AgencyCode;
  shortVoyageDays: number;
  finalAuthority: Record<string, AgencyCode>;
  formalities: FormalityRule[];
  policies: PolicyRow[];
  /** Hours that a clearance is valid, from issue, by declaration type. */
  validityHours: Record<string, number>;
}

export interface Agency {
  code: AgencyCode;
  name: string;
  nameVi: string;
  role: AgencyRole;
  /** Takes part: has topics and is asked. */
  connected: boolean;
  mode: 'rules' | 'backend' | 'http' | 'desk';
  /** Declaration types that it is asked about. */
  declarationTypes: string[];
  /** Is asked only after these have answered (Decree 336: the harbour master confirms last, where a port works so). */
  after?: AgencyCode[];
  /** Whether `results.<agency>` shows the others' reasons. */
  seesReasons: boolean;
}

/** Everything dated and configured that the fold needs, frozen at start. */
export interface ExchangeRules {
  agencies: Agency[];
  ruleSets: RuleSet[];
  /** IANA zone of a port of call. */
  zoneOf(unLocode: string | undefined): string;
}

/** A dossier's rule set is not configured in this process. */
export class RuleSetUnknown extends Error {
  override name = 'RuleSetUnknown';
}

/** @throws RuleSetUnknown */
export function ruleSetById(ruleSets: readonly RuleSet[], id: string): RuleSet {
  const found = ruleSets.find((ruleSet) => ruleSet.id === id);
  if (found === undefined) throw new RuleSetUnknown(`rule set ${id} is not configured`);
  return found;
}

/** The rule set in force on a local date; before the first one the first, so that old calls are judged by what is known. */
export function ruleSetOn(ruleSets: readonly RuleSet[], localDate: string): RuleSet {
  const sorted = [...ruleSets].sort((a, b) => (a.inForceFrom < b.inForceFrom ? -1 : 1));
  let chosen = sorted[0];
  for (const ruleSet of sorted) if (ruleSet.inForceFrom <= localDate) chosen = ruleSet;
  if (chosen === undefined) throw new Error('no rule set is configured');
  return chosen;
}

const dateFormats = new Map<string, Intl.DateTimeFormat>();
/** Local dates of quarters of an hour, by zone and quarter: a formatted date costs 20 µs. */
const localDates = new Map<string, string>();
const KEPT_DATES = 10_000;
const QUARTER_MS = 900_000;
/** Since then midnight is on a quarter of an hour of UTC everywhere (the last other zone, Liberia, ended in January 1972). */
const QUARTERS_SINCE_MS = Date.UTC(1973, 0, 1);

/** `YYYY-MM-DD` of an instant in a zone. @throws RangeError when it is none */
export function localDateOf(instant: string, zone: string): string {
  const ms = Date.parse(instant);
  if (!(ms >= QUARTERS_SINCE_MS)) return formattedDate(instant, zone);
  const key = `${zone} ${Math.floor(ms / QUARTER_MS)}`;
  let date = localDates.get(key);
  if (date === undefined) {
    if (localDates.size >= KEPT_DATES) localDates.clear();
    localDates.set(key, (date = formattedDate(instant, zone)));
  }
  return date;
}

function formattedDate(instant: string, zone: string): string {
  let format = dateFormats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' });
    dateFormats.set(zone, format);
  }
  return format.format(new Date(instant));
}

/** Rule set of a call: by the port's local date of `eta` (departure: `etd`) of the first revision, else of its receipt. */
export function ruleSetOf(declaration: Pick<Declaration, 'header' | 'portCall'>, receivedAt: string, rules: ExchangeRules): RuleSet {
  const call = declaration.portCall;
  const departure = declaration.header.declarationType === 'departure';
  const instant = (departure ? (call?.etd ?? call?.atd) : (call?.eta ?? call?.ata)) ?? call?.etd ?? receivedAt;
  return ruleSetOn(rules.ruleSets, localDateOf(instant, rules.zoneOf(call?.portOfCall.unLocode)));
}
