import { clearanceIdOf, digestOf } from './identifiers';
import { isoTime } from './deadlines';
import type { DossierState, Task } from './dossier';
import { AgencyRole, ClearanceStatus, DecisionOutcome } from './messages';
import type { Clearance, ClearanceAgency, CodedText } from './messages';
import { ruleSetById, type Agency, type ExchangeRules, type RuleSet } from './rule-set';
import { statusCodeOf, verdictOf, type Verdict } from './verdict';

/** The clearance as a pure function of a dossier's state (contract.md §3); unsigned: the exchange signs each version once. */

const HOUR_MS = 3_600_000;

export function verdictOfDossier(state: DossierState, ruleSet: RuleSet): Verdict {
  return verdictOf({
    cancelled: state.cancelled,
    answers: state.tasks,
    formalityOverdue: state.missing.some((entry) => entry.dueAt !== undefined && Date.parse(entry.dueAt) <= Date.parse(state.asOf)),
    ruleSet,
    takesPart: (agency) => takesPart(state, agency),
  });
}

/**
 * Two states with the same key are the same version: status, conditions, missing, hold and the agencies' decisions. `final` too: where
 * the last adviser's due time passes after a refusal nothing else changes, and the clearance would say for ever that it is not final.
 */
export function versionKeyOf(state: DossierState, verdict: Verdict): string {
  const key = JSON.stringify([
    verdict.status,
    verdict.final,
    state.missing,
    state.tasks.map((task) => [
      task.agency,
      isAnswered(task) ? task.state : 'open',
      task.held,
      task.holdReasons ?? null,
      task.conditions,
      task.reasons,
      task.documents,
      task.reference ?? null,
    ]),
  ]);
  // It stands in the state, which is written again and again.
  return digestOf(key).slice(0, 32);
}

/**
 * The state where `clearances` holds a version for this record and the fold of today, of another build or configuration, makes none:
 * the issued one stands (guarantees.md "Issued is issued").
 */
export function withIssuedVersion(state: DossierState, issued: Clearance, rules: ExchangeRules): DossierState {
  const verdict = verdictOfDossier(state, ruleSetById(rules.ruleSets, state.ruleSet));
  const { issuedAt } = issued;
  return { ...state, version: issued.version, versionKey: versionKeyOf(state, verdict), ...(issuedAt === undefined ? {} : { issuedAt }) };
}

/** Whether the task carries an answer (acknowledged and revoked count as open). */
export function isAnswered(task: Task): boolean {
  switch (task.state) {
    case 'open':
    case 'withdrawn':
    case DecisionOutcome.acknowledged:
    case DecisionOutcome.revoked:
      return false;
    case DecisionOutcome.accepted:
    case DecisionOutcome.conditionallyAccepted:
    case DecisionOutcome.refused:
    case DecisionOutcome.moreInfoRequired:
    case DecisionOutcome.notApplicable:
    case DecisionOutcome.held:
    case DecisionOutcome.released:
      return true;
  }
}

/** Whether the agency owes an answer: asked, not answered, and not only informed. */
export function isOwed(task: Task): boolean {
  return task.asked && task.state !== 'withdrawn' && task.role !== AgencyRole.informed && !isAnswered(task);
}

/** The unsigned clearance of a state. Version 0 has no times of issue. Members stand in canonical order: its bytes are canonical JSON. */
export function clearanceOf(
  state: DossierState,
  verdict: Verdict,
  ruleSet: RuleSet,
  rules: ExchangeRules,
  basis: { partition: number; offset: number },
): Clearance {
  const revision = state.revisions.at(-1)?.revision ?? 0;
  const statusCode = statusCodeOf(verdict.status);
  const cleared = verdict.status === ClearanceStatus.granted || verdict.status === ClearanceStatus.conditional;
  const issuedAt = state.version > 0 ? state.issuedAt : undefined;
  const validityHours = ruleSet.validityHours[state.index.declarationType];
  const { summary, summaryVi } = summaryOf(state, verdict, ruleSet, rules);
  return {
    agencies: state.tasks.map(clearanceAgencyOf),
    basis: { offset: basis.offset, partition: basis.partition },
    clearanceId: clearanceIdOf(state.dossierId, state.version),
    conditions: state.tasks.flatMap(conditionsOf),
    dossierCode: state.dossierCode,
    dossierId: state.dossierId,
    final: verdict.final,
    ...(issuedAt === undefined ? {} : { issuedAt }),
    missing: state.missing.map(({ formality, dueAt }) => (dueAt === undefined ? { formality } : { dueAt, formality })),
    revision,
    ruleSet: state.ruleSet,
    stages: stagesOf(state),
    status: verdict.status,
    ...(statusCode === undefined ? {} : { statusCode }),
    summary,
    summaryVi,
    ...(state.test ? { test: true } : {}),
    ...(issuedAt !== undefined && cleared ? { validFrom: issuedAt } : {}),
    ...(issuedAt !== undefined && cleared && validityHours !== undefined ? { validTo: validToOf(state, issuedAt, validityHours) } : {}),
    version: state.version,
  };
}

function conditionsOf({ agency, conditions }: Task): Clearance['conditions'] {
  // First in order, and nobody's own word for it.
  return conditions.map((condition) => Object.assign({ agency }, condition, { agency }));
}

function stagesOf({ stages }: DossierState): Record<string, string> {
  const ordered: Record<string, string> = {};
  for (const name of Object.keys(stages).sort()) ordered[name] = stages[name] as string;
  return ordered;
}

function validToOf(state: DossierState, issuedAt: string, validityHours: number): string {
  const expected = Date.parse((state.index.declarationType === 'departure' ? state.index.etd : state.index.eta) ?? issuedAt);
  return isoTime(Math.max(expected, Date.parse(issuedAt)) + validityHours * HOUR_MS);
}

function clearanceAgencyOf(task: Task): ClearanceAgency {
  return {
    agency: task.agency,
    conditions: task.conditions,
    ...(task.decidedAt === undefined ? {} : { decidedAt: task.decidedAt }),
    dueAt: task.dueAt,
    overdue: task.overdue,
    reasons: reasonsOf(task),
    ...(task.reference === undefined ? {} : { reference: task.reference }),
    role: task.role,
    status: task.state,
  };
}

/** What is shown as an agency's reasons: of its hold first. */
export function reasonsOf(task: Task): CodedText[] {
  return task.holdReasons === undefined ? task.reasons : [...task.holdReasons, ...task.reasons];
}

/**
 * Who has a say in this dossier: those with a task, whatever is connected by now. An agency that is not asked about such a declaration,
 * or was connected after the last revision, decides nothing here.
 */
function takesPart(state: DossierState, agency: string): boolean {
  return state.tasks.some((task) => task.role !== AgencyRole.informed && task.agency === agency);
}

const STATUS_TEXT: Record<ClearanceStatus, [en: string, vi: string]> = {
  pending: ['Pending.', 'Đang chờ xử lý.'],
  granted: ['Cleared.', 'Đã thông quan.'],
  conditional: ['Cleared with conditions.', 'Thông quan có điều kiện.'],
  refused: ['Refused.', 'Bị từ chối.'],
  incomplete: ['Incomplete: documents or information are wanted.', 'Chưa đầy đủ: cần bổ sung chứng từ hoặc thông tin.'],
  held: ['Held by an agency.', 'Bị tạm giữ theo yêu cầu của cơ quan.'],
  cancelled: ['Cancelled by the declarant.', 'Người khai đã hủy.'],
};

const ABSENT_TEXT: readonly [isConnected: boolean, en: string, vi: string][] = [
  [false, 'Not connected', 'Chưa kết nối'],
  [true, 'Not asked', 'Không được hỏi ý kiến'],
];

/** One paragraph: the status, who is awaited, who is late, and which final authority has no say. */
function summaryOf(state: DossierState, verdict: Verdict, ruleSet: RuleSet, rules: ExchangeRules): { summary: string; summaryVi: string } {
  const [en, vi] = STATUS_TEXT[verdict.status];
  const parts = [en];
  const partsVi = [vi];
  const byCode = new Map(rules.agencies.map((agency) => [agency.code, agency]));
  if (verdict.awaited.length > 0) {
    parts.push(`Awaited: ${names(verdict.awaited, byCode, false)}.`);
    partsVi.push(`Đang chờ: ${names(verdict.awaited, byCode, true)}.`);
  }
  const late = state.cancelled ? [] : state.tasks.filter((task) => task.overdue && !isAnswered(task)).map((task) => task.agency);
  if (late.length > 0) {
    parts.push(`Overdue: ${names(late, byCode, false)}.`);
    partsVi.push(`Quá hạn: ${names(late, byCode, true)}.`);
  }
  const authorities = new Set(Object.keys(state.formalityOrigin).map((formality) => ruleSet.finalAuthority[formality]));
  const absent = [...authorities].filter((agency): agency is string => agency !== undefined && !takesPart(state, agency)).sort();
  const lead = [ruleSet.lead];
  for (const [isConnected, text, textVi] of ABSENT_TEXT) {
    const some = absent.filter((agency) => (byCode.get(agency)?.connected === true) === isConnected);
    if (some.length === 0) continue;
    parts.push(`${text}: ${names(some, byCode, false)}; their documents were left to ${names(lead, byCode, false)}.`);
    partsVi.push(`${textVi}: ${names(some, byCode, true)}; chứng từ do ${names(lead, byCode, true)} quyết định.`);
  }
  return { summary: parts.join(' '), summaryVi: partsVi.join(' ') };
}

function names(codes: readonly string[], byCode: ReadonlyMap<string, Agency>, vietnamese: boolean): string {
  return codes.map((code) => (vietnamese ? byCode.get(code)?.nameVi : byCode.get(code)?.name) ?? code).join(', ');
}
