import { readFileSync } from 'node:fs';
import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { compileView, leafPathsOf, type ViewOf } from '../gateway/core/need-to-know';
import type { Agency, ExchangeRules, RuleSet } from '../gateway/core/rule-set';
import { createZoneOfPort } from '../gateway/wire/validate/port-zones';
import agenciesSchema from '../schemas/agencies.schema.json';
import declarationSchema from '../schemas/declaration.schema.json';
import ruleSetSchema from '../schemas/rule-set.schema.json';
import builtInAgencies from './agencies.json';
import builtInNeedToKnow from './need-to-know.json';
import portZones from './port-zones.json';
import decree336 from './rule-sets/nd-336-2026.json';
import decree85 from './rule-sets/nd-85-2019.json';
import { SettingsFault, type Settings } from './settings';

/**
 * Law and agencies as dated data, checked once at start. The files are imported, so that they are found from source and from dist
 * alike; only AGENCIES_FILE is read from the disk. A new rule set is one file and one line here.
 */
export interface LoadedRules extends ExchangeRules {
  /** Agency code → leaf paths that it sees. */
  needToKnow: Record<string, string[]>;
  viewOf: ReadonlyMap<string, ViewOf>;
}

/** What loadRules checks; tests give their own. */
export interface RuleFiles {
  agencies: unknown;
  ruleSets: { file: string; content: unknown }[];
  needToKnow: unknown;
}

type RuleSettings = Pick<
  Settings,
  'agenciesFile' | 'agencyModes' | 'agencyUrls' | 'adapters' | 'acceptedGaps' | 'portTimeZone' | 'production'
>;
type AgencyRow = Agency & { fields?: string[] };

const zoneOfPort = createZoneOfPort(portZones);
const declarationTypes: readonly string[] = declarationSchema.properties.header.properties.declarationType.enum;

const shipped: RuleFiles = {
  agencies: builtInAgencies,
  ruleSets: [
    { file: 'nd-85-2019.json', content: decree85 },
    { file: 'nd-336-2026.json', content: decree336 },
  ],
  needToKnow: builtInNeedToKnow,
};

/**
 * Agencies (with AGENCY_<CODE>_MODE applied: a mode connects), rule sets and need-to-know lists, frozen.
 * @throws SettingsFault naming every fault at once: a file that breaks its schema, an agency, path or date that does not fit the others
 */
export function loadRules(settings: RuleSettings, files: RuleFiles = shipped): LoadedRules {
  const faults: string[] = [];
  const ajv = new Ajv2020({ allErrors: true, strict: true });
  addFormats(ajv);
  const agencyFile = settings.agenciesFile === '' ? 'agencies.json' : settings.agenciesFile;
  const rows = readAgencies(ajv.compile(agenciesSchema), agencyFile, settings, files, faults);
  const ruleSets = readRuleSets(ajv.compile(ruleSetSchema), files, faults);
  if (rows !== undefined) checkAgencies(rows, agencyFile, settings, faults);
  if (rows !== undefined && ruleSets.length === files.ruleSets.length) checkRuleSets(ruleSets, rows, settings, faults);
  const needToKnow = readNeedToKnow(files, rows ?? [], faults);
  if (faults.length > 0) throw new SettingsFault(faults);
  const agencies = (rows ?? []).map(({ fields: _fields, ...agency }) => Object.freeze(agency));
  return Object.freeze({
    agencies,
    ruleSets,
    zoneOf: (unLocode: string | undefined) => (unLocode === undefined ? undefined : zoneOfPort(unLocode)) ?? settings.portTimeZone,
    needToKnow,
    viewOf: new Map(Object.entries(needToKnow).map(([agency, paths]) => [agency, compileView(paths)])),
  });
}

function readAgencies(
  isAgencies: ValidateFunction,
  file: string,
  settings: RuleSettings,
  files: RuleFiles,
  faults: string[],
): AgencyRow[] | undefined {
  let content = files.agencies;
  if (settings.agenciesFile !== '') {
    try {
      content = JSON.parse(readFileSync(settings.agenciesFile, 'utf8'));
    } catch (cause) {
      faults.push(`AGENCIES_FILE="${file}" cannot be read: ${(cause as Error).message}`);
      return undefined;
    }
  }
  if (!isAgencies(content)) {
    faults.push(...schemaFaults(file, isAgencies));
    return undefined;
  }
  const { agencies } = structuredClone(content) as { agencies: AgencyRow[] };
  for (const agency of agencies) {
    const mode = settings.agencyModes[agency.code];
    if (mode === undefined) continue;
    agency.mode = mode;
    agency.connected = true;
  }
  return agencies;
}

function checkAgencies(rows: AgencyRow[], file: string, settings: RuleSettings, faults: string[]): void {
  const codes = new Set<string>();
  for (const { code } of rows) {
    if (codes.has(code)) faults.push(`${file}: agency ${code} has two rows`);
    codes.add(code);
  }
  const unknown = (code: string, where: string) => {
    if (!codes.has(code)) faults.push(`${where} names agency ${code}, which ${file} does not have`);
  };
  for (const code of Object.keys(settings.agencyModes)) unknown(code, variableOf(code, 'MODE'));
  for (const code of Object.keys(settings.agencyUrls)) unknown(code, variableOf(code, 'URL'));
  for (const code of settings.acceptedGaps) unknown(code, 'ACCEPTED_GAPS');
  for (const code of settings.adapters) {
    unknown(code, 'ADAPTERS');
    if (rows.find((row) => row.code === code)?.connected === false) faults.push(`ADAPTERS names agency ${code}, which is not connected`);
  }
  for (const row of rows) {
    for (const code of row.after ?? []) unknown(code, `${file}: "after" of ${row.code}`);
    // With a mode from the environment, settings.ts has asked for the URL already.
    if (
      row.connected &&
      row.mode === 'http' &&
      settings.agencyUrls[row.code] === undefined &&
      settings.agencyModes[row.code] === undefined
    ) {
      faults.push(`${variableOf(row.code, 'URL')} must be set: ${file} says mode http`);
    }
  }
  const circle = rows.find((row) => waitsFor(row.code, row.code, rows, new Set()));
  if (circle !== undefined) faults.push(`${file}: "after" of ${circle.code} leads back to itself`);
  // A declaration that nobody decides about would be granted by nobody.
  const undecided = declarationTypes.filter(
    (type) => !rows.some((row) => row.connected && row.role === 'decides' && row.declarationTypes.includes(type)),
  );
  if (undecided.length > 0) faults.push(`${file}: no connected agency decides about ${undecided.join(', ')}`);
}

function waitsFor(code: string, wanted: string, rows: AgencyRow[], seen: Set<string>): boolean {
  if (seen.has(code)) return false;
  seen.add(code);
  return (rows.find((row) => row.code === code)?.after ?? []).some((other) => other === wanted || waitsFor(other, wanted, rows, seen));
}

function readRuleSets(isRuleSet: ValidateFunction, files: RuleFiles, faults: string[]): RuleSet[] {
  const ruleSets: RuleSet[] = [];
  for (const { file, content } of files.ruleSets) {
    if (isRuleSet(content)) ruleSets.push(Object.freeze(structuredClone<unknown>(content) as RuleSet));
    else faults.push(...schemaFaults(file, isRuleSet));
  }
  return ruleSets;
}

/** Each date has exactly one rule set, and each agency that the law names has a row. */
function checkRuleSets(ruleSets: RuleSet[], rows: AgencyRow[], settings: RuleSettings, faults: string[]): void {
  const sorted = [...ruleSets].sort((a, b) => (a.inForceFrom < b.inForceFrom ? -1 : 1));
  if (sorted.length === 0) faults.push('no rule set is configured');
  const ids = new Set<string>();
  for (const [index, ruleSet] of sorted.entries()) {
    const next = sorted[index + 1];
    if (ids.has(ruleSet.id)) faults.push(`rule set ${ruleSet.id} stands twice`);
    ids.add(ruleSet.id);
    if (ruleSet.inForceTo !== undefined && ruleSet.inForceTo < ruleSet.inForceFrom) {
      faults.push(`rule set ${ruleSet.id} ends (${ruleSet.inForceTo}) before it begins (${ruleSet.inForceFrom})`);
    }
    if (next !== undefined && dayAfter(ruleSet.inForceTo) !== next.inForceFrom) {
      faults.push(`rule set ${ruleSet.id} must end on the day before ${next.id} begins (${next.inForceFrom})`);
    }
    faults.push(...authorityFaults(ruleSet, rows));
  }
  if (!settings.production) return;
  const gaps = new Set(sorted.flatMap((ruleSet) => Object.values(ruleSet.finalAuthority)));
  for (const code of gaps) {
    if (rows.some((row) => row.code === code && row.connected) || settings.acceptedGaps.includes(code)) continue;
    faults.push(`agency ${code} is a final authority and is not connected: connect it, or list it in ACCEPTED_GAPS`);
  }
}

function authorityFaults(ruleSet: RuleSet, rows: AgencyRow[]): string[] {
  const faults: string[] = [];
  const roleOf = (code: string, where: string) => {
    const row = rows.find((candidate) => candidate.code === code);
    if (row === undefined) faults.push(`rule set ${ruleSet.id}: ${where} names agency ${code}, which is not configured`);
    return row;
  };
  const lead = roleOf(ruleSet.lead, 'lead');
  if (lead !== undefined && !(lead.connected && lead.role === 'decides')) {
    faults.push(`rule set ${ruleSet.id}: the lead ${ruleSet.lead} must be connected and decide`);
  }
  // Documents whose final authority has no say fall to it.
  const unled = lead === undefined ? [] : declarationTypes.filter((type) => !lead.declarationTypes.includes(type));
  if (unled.length > 0) faults.push(`rule set ${ruleSet.id}: the lead ${ruleSet.lead} must be asked about ${unled.join(', ')} too`);
  for (const [formality, code] of Object.entries(ruleSet.finalAuthority)) {
    const authority = roleOf(code, `finalAuthority.${formality}`);
    if (authority !== undefined && authority.role !== 'decides') {
      faults.push(`rule set ${ruleSet.id}: ${code} is the final authority of ${formality} and must have the role decides`);
    }
  }
  for (const policy of ruleSet.policies) roleOf(policy.agency, `policy ${policy.reasonCode}`);
  return faults;
}

/** A list may name an agency that AGENCIES_FILE left out, but none that nobody knows. */
function readNeedToKnow(files: RuleFiles, rows: AgencyRow[], faults: string[]): Record<string, string[]> {
  const leafPaths = new Set(leafPathsOf(declarationSchema));
  const known = new Set([...builtInAgencies.agencies, ...rows].map((agency) => agency.code));
  const lists = new Map<string, string[]>();
  for (const [agency, paths] of Object.entries((files.needToKnow ?? {}) as Record<string, unknown>)) {
    if (agency === '$comment') continue;
    if (!known.has(agency)) faults.push(`need-to-know.json names agency ${agency}, which is not configured`);
    if (!Array.isArray(paths)) faults.push(`need-to-know.json: ${agency} must be a list of paths`);
    else lists.set(agency, checkPaths(paths, `need-to-know.json: ${agency}`, leafPaths, faults));
  }
  const needToKnow: Record<string, string[]> = {};
  for (const row of rows) {
    const paths = row.fields === undefined ? lists.get(row.code) : checkPaths(row.fields, `"fields" of ${row.code}`, leafPaths, faults);
    if (paths !== undefined) needToKnow[row.code] = paths;
    else if (row.connected) faults.push(`agency ${row.code} is connected, and neither need-to-know.json nor "fields" says what it may see`);
  }
  return needToKnow;
}

function checkPaths(paths: unknown[], where: string, leafPaths: ReadonlySet<string>, faults: string[]): string[] {
  const seen = new Set<unknown>();
  for (const path of paths) {
    if (typeof path !== 'string' || !leafPaths.has(path)) {
      faults.push(`${where}: ${JSON.stringify(path)} is not a leaf path of schemas/declaration.schema.json`);
    }
    if (seen.has(path)) faults.push(`${where}: ${JSON.stringify(path)} stands twice`);
    seen.add(path);
  }
  return paths as string[];
}

function schemaFaults(file: string, validate: ValidateFunction): string[] {
  return (validate.errors ?? []).map((error) => {
    const detail: unknown = error.params['additionalProperty'] ?? error.params['allowedValues'] ?? error.params['propertyName'];
    return `${file}${error.instancePath}: ${error.message ?? error.keyword}${detail === undefined ? '' : ` (${JSON.stringify(detail)})`}`;
  });
}

function variableOf(code: string, kind: 'MODE' | 'URL'): string {
  return `AGENCY_${code.toUpperCase().replaceAll('-', '_')}_${kind}`;
}

/** The next calendar day; undefined of no date. */
function dayAfter(date: string | undefined): string | undefined {
  return date === undefined ? undefined : new Date(Date.parse(date) + 86_400_000).toISOString().slice(0, 10);
}
