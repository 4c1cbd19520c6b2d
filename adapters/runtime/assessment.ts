import { isUtcDateTime } from '../../gateway/core/date-time';
import type { Declaration } from '../../gateway/core/declaration';
import { DecisionOutcome } from '../../gateway/core/messages';
import type { CodedText, FormalityName, RequestMessage } from '../../gateway/core/messages';
import type { Registries } from '../registries/registries';

/**
 * The one shape of an agency: ordered rules find facts, the fold of the findings is the answer. Pure: times come from the request,
 * facts from the registries.
 */
export type FindingKind =
  /** The call, or the document named, cannot be accepted. */
  | 'refuse'
  /** Something must be sent before it can be decided. */
  | 'moreInfo'
  /** Accepted if this is kept. */
  | 'condition'
  /** Told, changes nothing. */
  | 'note'
  /** The dossier is held beside the answer. */
  | 'hold'
  /** What held an earlier revision has ended. */
  | 'release';

export interface Finding {
  kind: FindingKind;
  code: string;
  text: string;
  textVi: string;
  document?: FormalityName;
  /** File name of the rule that found it. */
  rule: string;
}

/** What a rule returns: the runner adds the rule's name. */
export type RuleFinding = Omit<Finding, 'rule'>;

export type Rule = (request: RequestMessage, registries: Registries) => RuleFinding[];

/** What one agency is: its rules in the order of the officer's desk. */
export type Rules = Readonly<Record<string, Rule>>;

export interface Assessment {
  outcome: DecisionOutcome;
  /** Every finding, the ones that made the outcome first. */
  reasons: CodedText[];
  conditions: CodedText[];
  /** Formalities that the outcome is about; empty = the whole call. */
  documents: Partial<Record<FormalityName, DecisionOutcome>>;
  reference?: string;
  /** Names of the rules that found something, in their order. */
  rules: string[];
  held: boolean;
  released: boolean;
}

export type Assess = (request: RequestMessage, registries: Registries) => Assessment;

/** A view may lack any field: need-to-know cuts below the schema's required members. */
export type AgencyView = DeepPartial<Declaration>;

export type DeepPartial<T> = T extends (infer Item)[]
  ? DeepPartial<Item>[]
  : T extends object
    ? { [Key in keyof T]?: DeepPartial<T[Key]> | undefined }
    : T;

export function viewOf(request: RequestMessage): AgencyView {
  return request.view;
}

/** One row of an agency's catalogue of codes: README and tests are held to it. */
export interface CodeRow {
  rule: string;
  kind: FindingKind;
  meaning: string;
}

/** Makes findings of an agency's catalogue: the kind is the catalogue's unless dated data say otherwise. */
export function finderOf<Code extends string>(codes: Readonly<Record<Code, CodeRow>>) {
  return (code: Code, text: { en: string; vi: string }, more: { document?: FormalityName; kind?: FindingKind } = {}): RuleFinding => ({
    kind: more.kind ?? codes[code].kind,
    code,
    text: text.en,
    textVi: text.vi,
    ...(more.document === undefined ? {} : { document: more.document }),
  });
}

/** Runs the rules in order. A policy row in force when the request was received changes what a finding counts as. */
export function runRules(rules: Rules, request: RequestMessage, registries: Registries): Finding[] {
  const findings: Finding[] = [];
  const on = receivedDate(request);
  for (const rule in rules)
    for (const { kind, code, text, textVi, document } of rules[rule]?.(request, registries) ?? []) {
      const counted = registries.policy(code, on)?.kind ?? kind;
      findings.push(
        document === undefined ? { kind: counted, code, text, textVi, rule } : { kind: counted, code, text, textVi, document, rule },
      );
    }
  return findings;
}

/** A decision carries at most this many reasons and conditions (schemas/decision.schema.json). */
const MAX_TEXTS = 100;

/**
 * Severest first: any refuse → refused, else moreInfo → moreInfoRequired, else condition → conditionallyAccepted, else accepted;
 * nothing to decide → notApplicable. Notes, holds and releases change no outcome.
 */
export function foldFindings(findings: readonly Finding[], options: { applicable: boolean; reference?: string }): Assessment {
  const of: Record<FindingKind, Finding[]> = { refuse: [], moreInfo: [], hold: [], condition: [], release: [], note: [] };
  for (const finding of findings) of[finding.kind].push(finding);
  const [outcome, deciding] = decide(of, options.applicable);
  return {
    outcome,
    reasons: codedTexts([of.refuse, of.moreInfo, of.hold, of.condition, of.release, of.note]),
    conditions: outcome === DecisionOutcome.conditionallyAccepted ? codedTexts([deciding]) : [],
    documents: documentsOf(outcome, deciding),
    ...(options.reference === undefined ? {} : { reference: options.reference }),
    rules: [...new Set(findings.map((finding) => finding.rule))],
    held: of.hold.length > 0,
    released: of.hold.length === 0 && of.release.length > 0,
  };
}

function decide(of: Record<FindingKind, Finding[]>, applicable: boolean): [DecisionOutcome, Finding[]] {
  if (of.refuse.length > 0) return [DecisionOutcome.refused, of.refuse];
  if (of.moreInfo.length > 0) return [DecisionOutcome.moreInfoRequired, of.moreInfo];
  if (of.condition.length > 0) return [DecisionOutcome.conditionallyAccepted, of.condition];
  return [applicable ? DecisionOutcome.accepted : DecisionOutcome.notApplicable, []];
}

/** Documents are named only when the outcome is about documents alone: a finding on the whole call would be lost among them. */
function documentsOf(outcome: DecisionOutcome, deciding: Finding[]): Assessment['documents'] {
  const documents: Assessment['documents'] = {};
  for (const { document } of deciding) {
    if (document === undefined) return {};
    documents[document] = outcome;
  }
  return documents;
}

/** The first of these, as many as a decision carries. */
function codedTexts(groups: Finding[][]): CodedText[] {
  const texts: CodedText[] = [];
  for (const group of groups)
    for (const { code, text, textVi } of group) {
      if (texts.length === MAX_TEXTS) return texts;
      texts.push({ code, text, textVi });
    }
  return texts;
}

/** Viet Nam keeps +07:00 all year. */
const LOCAL_OFFSET_MS = 7 * 3_600_000;
/** The hour UTC at which the next local day begins. */
const LOCAL_MIDNIGHT_HOUR = '17';
const SHORTEST_MONTH_DAYS = 28;

/** The latest two answers: of a request's two times, when it came and when the call is, nearly every rule asks the date. */
let latest = { instant: '', date: undefined as string | undefined };
let beforeThat = latest;

/** Local date (YYYY-MM-DD) of an instant; undefined when the text is no time. */
export function localDate(instant: string | undefined): string | undefined {
  if (instant === undefined) return undefined;
  if (instant === latest.instant) return latest.date;
  if (instant === beforeThat.instant) return beforeThat.date;
  beforeThat = latest;
  latest = { instant, date: localDateOf(instant) };
  return latest.date;
}

/** A UTC time needs no `Date`. */
function localDateOf(instant: string): string | undefined {
  if (isUtcDateTime(instant)) {
    if (instant.slice(11, 13) < LOCAL_MIDNIGHT_HOUR) return instant.slice(0, 10);
    const day = Number(instant.slice(8, 10));
    if (day < SHORTEST_MONTH_DAYS) return instant.slice(0, 8) + String(day + 1).padStart(2, '0');
  }
  const ms = Date.parse(instant);
  return Number.isNaN(ms) ? undefined : new Date(ms + LOCAL_OFFSET_MS).toISOString().slice(0, 10);
}

/** The date whose registers count for persons and enterprises: what was known when the request came. */
export function receivedDate(request: RequestMessage): string {
  return localDate(request.receivedAt) ?? '9999-12-31';
}

/** The expected time of the call: arrival, or departure for a departure. */
export function callTime(request: RequestMessage): string | undefined {
  const call = viewOf(request).portCall;
  return declarationTypeOf(request) === 'departure' ? (call?.etd ?? call?.atd) : (call?.eta ?? call?.ata ?? call?.etd);
}

/** The date whose limits, tariffs and stops count for the call. */
export function callDate(request: RequestMessage): string {
  return localDate(callTime(request)) ?? receivedDate(request);
}

export function declarationTypeOf(request: RequestMessage): string {
  return viewOf(request).header?.declarationType ?? 'arrival';
}
