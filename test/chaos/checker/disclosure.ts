import type { About, LogEntry } from './history';
import type { Findings } from './findings';
import { agenciesOf, pathsOf } from './law';

/** Digits of a dossier id that name its tenant, and characters of a dossier code (architecture.md §5 "Identity"). */
const TENANT_DIGITS = 10;
const TENANT_CODE_LENGTH = 8;
/** Of a digest; enough to tell those of one run apart. */
const DIGEST_DIGITS = 20;

const IDS = /(?<![0-9a-f])[0-9a-f]{30}(?![0-9a-f])/g;
const CODES = /(?<![0-9A-Z])[0-9A-HJKMNP-TV-Z]{24}[0-9A-HJKMNP-TV-Z*~$=U](?![0-9A-Z])/g;
const DIGESTS = /(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g;

/** I10, I11: who was shown what. */
export class Disclosure {
  private readonly about: About;
  private readonly findings: Findings;
  private readonly tenantOfPrefix = new Map<string, string>();
  private readonly tenantOfCode = new Map<string, string>();
  private readonly tenantOfDigest = new Map<string, string>();
  private readonly paths = new Map<string, Set<string>>();
  private readonly seesReasons: Set<string>;

  constructor(about: About, findings: Findings) {
    this.about = about;
    this.findings = findings;
    const agencies = agenciesOf(Object.keys(about.agencyModes));
    this.seesReasons = new Set(agencies.filter((agency) => agency.seesReasons).map(({ code }) => code));
    for (const { code } of agencies) this.paths.set(code, pathsOf(code));
  }

  /** Whose is what, from the log. */
  learn({ tenant, dossierId, dossierCode, digest }: Record<'tenant' | 'dossierId' | 'dossierCode' | 'digest', string>): void {
    this.tenantOfPrefix.set(dossierId.slice(0, TENANT_DIGITS), tenant);
    this.tenantOfCode.set(dossierCode.slice(0, TENANT_CODE_LENGTH), tenant);
    this.tenantOfDigest.set(digest.slice(0, DIGEST_DIGITS), tenant);
  }

  /** I10: what was given to a tenant. */
  toTenant(tenant: string, what: string, text: string): void {
    this.findings.check('I10');
    const mark = this.foreignMark(tenant, text);
    if (mark !== undefined) this.findings.report('I10', 'leaked', what, `${tenant} was given ${mark}`);
  }

  private foreignMark(tenant: string, text: string): string | undefined {
    for (const [other, canary] of Object.entries(this.about.tenants))
      if (other !== tenant && text.includes(canary)) return `text of ${other}`;
    const foreign = (found: RegExpMatchArray, owner: string | undefined, kind: string): string | undefined =>
      owner === undefined || owner === tenant ? undefined : `${kind} ${found[0]} of ${owner}`;
    for (const found of text.matchAll(IDS)) {
      const mark = foreign(found, this.tenantOfPrefix.get(found[0].slice(0, TENANT_DIGITS)), 'the dossier');
      if (mark !== undefined) return mark;
    }
    for (const found of text.matchAll(CODES)) {
      const mark = foreign(found, this.tenantOfCode.get(found[0].slice(0, TENANT_CODE_LENGTH)), 'the dossier code');
      if (mark !== undefined) return mark;
    }
    for (const found of text.matchAll(DIGESTS)) {
      const mark = foreign(found, this.tenantOfDigest.get(found[0].slice(0, DIGEST_DIGITS)), 'the digest');
      if (mark !== undefined) return mark;
    }
    return undefined;
  }

  /** I11: a view that an agency was shown. */
  view(agency: string, where: string, view: unknown): void {
    this.findings.check('I11');
    const allowed = this.paths.get(agency) ?? new Set<string>();
    const shown = [...leafPaths(view, '')].filter((path) => !allowed.has(path));
    if (shown.length > 0) this.findings.report('I11', 'leaked', where, `${agency} was shown ${[...new Set(shown)].slice(0, 5).join(', ')}`);
  }

  /** I11: a result shows an agency the others' reasons only where its row says so, and nothing but its members. */
  result(agency: string, where: string, value: Record<string, unknown>): void {
    this.findings.check('I11');
    const members = new Set(['dossierId', 'dossierCode', 'version', 'status', 'decisions', 'dueAt']);
    const decisionMembers = new Set(['agency', 'outcome', 'conditions', 'decidedAt', 'reasons']);
    const decisions = (value['decisions'] ?? []) as Record<string, unknown>[];
    const unknown = [
      ...Object.keys(value).filter((name) => !members.has(name)),
      ...decisions.flatMap((decision) => Object.keys(decision).filter((name) => !decisionMembers.has(name))),
    ];
    const foreign = decisions.some((decision) => decision['agency'] !== agency && 'reasons' in decision);
    if (unknown.length > 0) this.findings.report('I11', 'leaked', where, `${agency} was shown ${unknown.join(', ')} in a result`);
    if (foreign && !this.seesReasons.has(agency)) this.findings.report('I11', 'leaked', where, `${agency} was shown reasons of others`);
  }

  /** I11: what is personal stands in `dossiers` and in requests, whose views are looked at path by path, and nowhere else. */
  record({ topic, partition, offset, key, value, headers }: LogEntry): void {
    const where = `${topic}/${partition}/${offset}`;
    this.impersonal(`${where} key and headers`, `${key ?? ''} ${JSON.stringify(headers)}`);
    if (topic !== 'dossiers' && !/^(test\.)?requests\./.test(topic)) this.impersonal(where, value.toString('latin1'));
  }

  /** I11: text that may hold nothing personal. */
  impersonal(where: string, text: string): void {
    this.findings.check('I11');
    const found = this.about.personal.find((canary) => text.includes(canary));
    if (found !== undefined) this.findings.report('I11', 'leaked', where, `holds ${found}…`);
  }
}

/** Leaf paths in the spelling of the lists: `formalities.crewList.members[].name.familyName`. */
function* leafPaths(value: unknown, path: string): Generator<string> {
  if (Array.isArray(value)) for (const item of value) yield* leafPaths(item, `${path}[]`);
  else if (value !== null && typeof value === 'object')
    for (const [name, member] of Object.entries(value)) yield* leafPaths(member, path === '' ? name : `${path}.${name}`);
  else yield path;
}
