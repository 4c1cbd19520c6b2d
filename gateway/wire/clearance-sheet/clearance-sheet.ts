import type { Clearance, ClearanceAgency, ClearanceStatus, CodedText } from '../../core/messages';
import type { ExchangeRules } from '../../core/rule-set';
import { wordings, type Language, type Wording } from './wording';

/** A clearance as a person reads it: every text chosen, every time spelled. HTML and PDF only lay it out. */
export interface ClearanceSheet {
  language: Language;
  title: string;
  subtitle: string;
  status: string;
  tone: Tone;
  summary: string;
  test: string | undefined;
  facts: Fact[];
  agencies: { title: string; columns: string[]; rows: AgencyRow[]; none: string };
  conditions: { title: string; items: string[]; none: string };
  missing: { title: string; items: string[]; none: string };
  stages: { title: string; facts: Fact[] };
  signature: { title: string; text: string; facts: Fact[] };
  page: string;
}

/** How the status is coloured; it is always said in words too. */
export type Tone = 'good' | 'caution' | 'bad' | 'waiting';

export interface Fact {
  label: string;
  value: string;
}

export interface AgencyRow {
  /** In the order of the columns. */
  cells: string[];
  overdue: boolean;
  /** Reasons, conditions, reference. */
  notes: string[];
}

const tones: Record<ClearanceStatus, Tone> = {
  pending: 'waiting',
  granted: 'good',
  conditional: 'caution',
  refused: 'bad',
  incomplete: 'caution',
  held: 'bad',
  cancelled: 'waiting',
};

/** Spells clearances by the names of agencies and rule sets in force, in the zone of the port. */
export function createClearanceSheet(
  rules: Pick<ExchangeRules, 'agencies' | 'ruleSets' | 'zoneOf'>,
): (clearance: Clearance, language: Language) => ClearanceSheet {
  const agencies = new Map(rules.agencies.map((agency) => [agency.code, { en: agency.name, vi: agency.nameVi }]));
  const ruleSets = new Map(rules.ruleSets.map(({ id, title, titleVi }) => [id, { en: title, vi: titleVi }]));
  const spellTime = createTimeSpeller(rules.zoneOf(undefined));

  return (clearance, language) => {
    const words = wordings[language];
    const time = (instant: string) => spellTime(instant, language);
    const agencyName = (code: string) => agencies.get(code)?.[language] ?? code;
    const known = ruleSets.get(clearance.ruleSet)?.[language];
    const ruleSet = known === undefined ? clearance.ruleSet : `${known} (${clearance.ruleSet})`;
    return {
      language,
      title: words.title,
      subtitle: words.subtitle,
      status: words.status[clearance.status],
      tone: tones[clearance.status],
      summary: language === 'vi' ? clearance.summaryVi : clearance.summary,
      test: clearance.test === true ? words.test : undefined,
      facts: factsOf(clearance, words, ruleSet, time),
      agencies: {
        title: words.agencies,
        columns: [words.agency, words.roleTitle, words.result, words.decidedAt, words.dueAt],
        rows: clearance.agencies.map((agency) => agencyRow(agency, language, agencyName(agency.agency), time)),
        none: words.noAgencies,
      },
      conditions: {
        title: words.conditions,
        items: clearance.conditions.map((condition) => `${agencyName(condition.agency)}: ${coded(condition, language)}`),
        none: words.noConditions,
      },
      missing: {
        title: words.missing,
        items: clearance.missing.map(({ formality, dueAt }) => {
          const name = words.formality[formality] ?? formality;
          return dueAt === undefined ? name : `${name} - ${words.dueAt.toLowerCase()}: ${time(dueAt)}`;
        }),
        none: words.nothingMissing,
      },
      stages: {
        title: words.stages,
        facts: Object.entries(clearance.stages).map(([stage, at]) => ({ label: words.stage[stage] ?? stage, value: time(at) })),
      },
      signature: signatureOf(clearance, words),
      page: words.page,
    };
  };
}

function factsOf(clearance: Clearance, words: Wording, ruleSet: string, time: (instant: string) => string): Fact[] {
  const { version, revision, issuedAt, validFrom, validTo } = clearance;
  const validity =
    validFrom === undefined
      ? undefined
      : validTo === undefined
        ? words.validFrom.replace('{from}', time(validFrom))
        : words.validFromTo.replace('{from}', time(validFrom)).replace('{to}', time(validTo));
  return [
    { label: words.dossierCode, value: clearance.dossierCode },
    { label: words.version, value: version === 0 ? `0 (${words.unissued})` : String(version) },
    { label: words.revision, value: String(revision) },
    { label: words.completeness, value: clearance.final ? words.complete : words.open },
    ...(issuedAt === undefined ? [] : [{ label: words.issuedAt, value: time(issuedAt) }]),
    ...(validity === undefined ? [] : [{ label: words.validity, value: validity }]),
    ...(ruleSet === '' ? [] : [{ label: words.ruleSet, value: ruleSet }]),
  ];
}

function agencyRow(agency: ClearanceAgency, language: Language, name: string, time: (instant: string) => string): AgencyRow {
  const words = wordings[language];
  return {
    cells: [
      name,
      words.role[agency.role],
      words.outcome[agency.status] ?? agency.status,
      agency.decidedAt === undefined ? '' : time(agency.decidedAt),
      agency.overdue ? `${time(agency.dueAt)} - ${words.overdue}` : time(agency.dueAt),
    ],
    overdue: agency.overdue,
    notes: [
      ...agency.reasons.map((reason) => `${words.reason}: ${coded(reason, language)}`),
      ...agency.conditions.map((condition) => `${words.condition}: ${coded(condition, language)}`),
      ...(agency.reference === undefined ? [] : [`${words.reference}: ${agency.reference}`]),
    ],
  };
}

function coded(entry: CodedText, language: Language): string {
  return `${(language === 'vi' ? entry.textVi : undefined) ?? entry.text} (${entry.code})`;
}

function signatureOf(clearance: Clearance, words: Wording): ClearanceSheet['signature'] {
  const { clearanceId, basis, signature } = clearance;
  const identity = [
    { label: words.clearanceId, value: clearanceId },
    { label: words.basis, value: `${basis.partition}:${basis.offset}` },
  ];
  if (signature === undefined) return { title: words.signature, text: words.unsigned, facts: identity };
  const key = keyIdOf(signature);
  return {
    title: words.signature,
    text: words.signatureText,
    facts: [
      ...identity,
      ...(key === undefined ? [] : [{ label: words.signingKey, value: key }]),
      { label: words.signatureValue, value: signature },
    ],
  };
}

/** `kid` of a compact JWS; undefined where the header cannot be read. */
function keyIdOf(jws: string): string | undefined {
  try {
    const header = JSON.parse(Buffer.from(jws.slice(0, jws.indexOf('.')), 'base64url').toString()) as { kid?: unknown };
    return typeof header.kid === 'string' ? header.kid : undefined;
  } catch {
    return undefined;
  }
}

/** `dd/MM/yyyy HH:mm +07:00` in Vietnamese, `24 Nov 2026 10:00 +07:00` in English, which has two readings of 03/04/2026. */
function createTimeSpeller(zone: string): (instant: string, language: Language) => string {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'longOffset',
  });
  const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  return (instant, language) => {
    const atMs = Date.parse(instant);
    if (Number.isNaN(atMs)) return instant;
    const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
    const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? '';
    const offset = part('timeZoneName').replace('GMT', '') || '+00:00';
    const clock = `${part('hour')}:${part('minute')} ${offset}`;
    return language === 'vi'
      ? `${part('day')}/${part('month')}/${part('year')} ${clock}`
      : `${Number(part('day'))} ${months[Number(part('month')) - 1] ?? ''} ${part('year')} ${clock}`;
  };
}
