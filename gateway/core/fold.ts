import { clearanceOf, isAnswered, isOwed, reasonsOf, verdictOfDossier, versionKeyOf } from './clearance';
import { agencyDueAt, requiredFormalities } from './deadlines';
import type { Declaration } from './declaration';
import { taskOf, type DossierBody, type DossierState, type Revision, type Task } from './dossier';
import { dossierIdFromCode, dossierIdOf, taskIdOf } from './identifiers';
import { DeclarationAction, DecisionOutcome } from './messages';
import type {
  Clearance,
  DeadlineRecord,
  DeclarationRecord,
  DeclarationRejected,
  ErasureRecord,
  FormalityName,
  RelayedDecision,
  RequestMessage,
  ResultMessage,
} from './messages';
import type { ViewOf } from './need-to-know';
import { catalogueEntry, type ProblemCode } from './problem-catalogue';
import { ruleSetById, type Agency, type ExchangeRules, type RuleSet } from './rule-set';
import { isAwaited } from './verdict';

/**
 * The fold of one dossier: state × one record of `dossiers` → state and effects. Pure: no clock, no randomness, no I/O; it decides
 * record by record, so that any replay gives the same ids and bytes (architecture.md §5 "Deterministic").
 */
export type Fact =
  | { kind: 'declaration'; position: Position; value: DeclarationRecord }
  | { kind: 'decision'; position: Position; value: RelayedDecision }
  | { kind: 'deadline'; position: Position; value: DeadlineRecord }
  | { kind: 'erasure'; position: Position; value: ErasureRecord };

export interface Position {
  partition: number;
  offset: number;
}

/** What happened to the record: each leaves by exactly one exit (guarantees.md G6). */
export type Exit =
  | { exit: 'applied' }
  | { exit: 'duplicate'; kind: 'declaration' | 'decision' | 'deadline' | 'erasure' }
  | { exit: 'rejected'; code: ProblemCode }
  | { exit: 'dead-lettered'; reason: ProblemCode };

/** What the tenant's feed and the event stream show. */
export interface DossierEvent {
  type: 'task' | 'decision' | 'clearance' | 'rejected' | 'deadline';
  at: string;
  data: Record<string, unknown>;
}

export interface FoldResult {
  exit: Exit;
  /** Absent while no dossier exists. */
  state: DossierState | undefined;
  /** Present when the record changed the merged declaration. */
  body?: DossierBody;
  requests: FoldedRequest[];
  results: { agency: string; message: ResultMessage }[];
  /** A new version, unsigned. */
  clearance?: Clearance;
  rejected?: DeclarationRejected;
  events: DossierEvent[];
}

/** A request whose view is still to be cut out of `body`: one that was sent before needs none. Without a body it shows nothing. */
export type FoldedRequest = Omit<RequestMessage, 'view'> & { body: DossierBody | undefined };

/** The request as it is sent: a RequestMessage as JSON. */
export function requestText({ body, ...request }: FoldedRequest, rules: Pick<FoldRules, 'viewOf'>): string {
  const viewText = body === undefined ? NOTHING_SHOWN : viewOf(request.agency, body, rules);
  return `${JSON.stringify(request).slice(0, -1)},"view":${viewText}}`;
}

/** What an agency is asked on a task: the same whenever it is sent. */
export function requestOf(state: DossierState, task: Task, body: DossierBody): FoldedRequest {
  return {
    taskId: task.taskId,
    dossierId: state.dossierId,
    dossierCode: state.dossierCode,
    revision: task.revision,
    agency: task.agency,
    role: task.role,
    dueAt: task.dueAt,
    action: task.action,
    test: state.test,
    receivedAt: state.revisions.find((revision) => revision.revision === task.revision)?.receivedAt ?? task.requestedAt,
    ruleSet: state.ruleSet,
    body,
  };
}

export interface FoldRules extends ExchangeRules {
  viewOf: ReadonlyMap<string, ViewOf>;
}

const NOTHING_SHOWN = '{}';

/** Of a dossier, a cancel apart. Its state is read and written with each record: without a bound one sender could make it grow for ever. */
export const MAX_REVISIONS = 500;
/** Of one task, repeats apart. */
export const MAX_DECISIONS = 500;

/** Timers that a state wants: name → due time. The exchange keeps them in the store and logs those that passed. */
export function timersOf(state: DossierState): Map<string, string> {
  const timers = new Map<string, string>();
  if (state.cancelled || state.erasedAt !== undefined) return timers;
  const now = Date.parse(state.asOf);
  for (const task of state.tasks) if (isOwed(task) && !task.overdue) timers.set(`task:${task.taskId}`, task.dueAt);
  for (const entry of state.missing)
    if (entry.dueAt !== undefined && Date.parse(entry.dueAt) > now) timers.set(`formality:${entry.formality}`, entry.dueAt);
  return timers;
}

/** True when the fold needs the merged declaration for this fact. */
export function needsBody(state: DossierState | undefined, fact: Fact): boolean {
  return state !== undefined && (fact.kind === 'declaration' || state.tasks.some((task) => !task.asked));
}

export function fold(state: DossierState | undefined, fact: Fact, body: DossierBody | undefined, rules: FoldRules): FoldResult {
  switch (fact.kind) {
    case 'declaration':
      return foldDeclaration(state, fact.value, body, fact.position, rules);
    case 'decision':
      return foldDecision(state, fact.value, body, fact.position, rules);
    case 'deadline':
      return foldDeadline(state, fact.value, body, fact.position, rules);
    case 'erasure':
      return foldErasure(state, fact.value, fact.position);
  }
}

// ---------------------------------------------------------------- declarations

function foldDeclaration(
  state: DossierState | undefined,
  record: DeclarationRecord,
  body: DossierBody | undefined,
  position: Position,
  rules: FoldRules,
): FoldResult {
  if (state?.revisions.some((revision) => revision.messageId === record.messageId && revision.digest === record.digest)) {
    return { ...nothing(state), exit: { exit: 'duplicate', kind: 'declaration' } };
  }
  const fault = declarationFault(state, record);
  if (fault !== undefined) {
    // The same bytes again, refused for the same reason: told once.
    const told = state?.rejections.some((rejection) => rejection.declarationId === record.declarationId && rejection.code === fault);
    return told === true ? { ...nothing(state), exit: { exit: 'duplicate', kind: 'declaration' } } : reject(state, record, fault, position);
  }
  if (record.action === DeclarationAction.cancel) return cancel(state as DossierState, record, position, rules);
  const ruleSet = ruleSetById(rules.ruleSets, state?.ruleSet ?? record.ruleSet);
  const merged = merge(state, body, record);
  const revision: Revision = {
    revision: (state?.revisions.at(-1)?.revision ?? 0) + 1,
    declarationId: record.declarationId,
    messageId: record.messageId,
    digest: record.digest,
    dialect: record.dialect,
    action: actionIn(state, record),
    receivedAt: record.receivedAt,
    sentAt: record.declaration.header.sentAt,
    formalities: Object.keys(record.declaration.formalities ?? {}) as FormalityName[],
  };
  const opened = state ?? openDossier(record, ruleSet);
  const next: DossierState = {
    ...opened,
    asOf: latest(opened.asOf, record.receivedAt),
    revisions: [...opened.revisions, revision],
    formalityOrigin: merged.origin,
    missing: requiredFormalities(merged.body, ruleSet).filter((entry) => merged.body.formalities?.[entry.formality] == null),
    index: indexOf(merged.body),
  };
  const events: DossierEvent[] = [];
  const requests: FoldedRequest[] = [];
  const routed = route(next, revision, { before: body, after: merged.body }, ruleSet, rules, requests, events);
  return conclude(routed, ruleSet, rules, position, record.receivedAt, { requests, events, body: merged.body });
}

function declarationFault(state: DossierState | undefined, record: DeclarationRecord): ProblemCode | undefined {
  if (state === undefined) return opensDossier(record) ? undefined : 'reference-unknown';
  return faultAgainst(state, record, isEpc(record.dialect));
}

/** Why a declaration cannot go into a dossier as it stands. Intake asks too, where the store shows the dossier; here the log decides. */
export function faultAgainst(
  state: DossierState,
  record: Pick<DeclarationRecord, 'test' | 'messageId' | 'action'> & { declaration: Pick<Declaration, 'header'> },
  resendIsUpdate: boolean,
): ProblemCode | undefined {
  if (state.erasedAt !== undefined) return 'erased';
  if (state.cancelled) return 'dossier-cancelled';
  if (state.test !== record.test) return 'test-mismatch';
  const earlier = state.revisions.filter((revision) => revision.messageId === record.messageId);
  if (earlier.length > 0) {
    if (!resendIsUpdate) return 'message-id-reused';
    // A write that timed out at the sender may arrive late: an older SentTime never replaces a newer one.
    const newest = Math.max(...earlier.map((revision) => Date.parse(revision.sentAt)));
    if (Date.parse(record.declaration.header.sentAt) < newest) return 'revision-conflict';
  }
  const base = record.declaration.header.baseRevision;
  if (base !== undefined && base !== state.revisions.at(-1)?.revision) return 'revision-conflict';
  if (state.revisions.length >= MAX_REVISIONS && record.action !== DeclarationAction.cancel) return 'dossier-full';
  return undefined;
}

/** An original opens the dossier of its own message id and no other: what names a dossier, by code or reference, needs it to exist. */
export function opensDossier(
  record: Pick<DeclarationRecord, 'action' | 'tenant' | 'messageId' | 'dossierId'> & { declaration: Pick<Declaration, 'portCall'> },
): boolean {
  if (record.action !== DeclarationAction.original) return false;
  const visitId = record.declaration.portCall?.visitId;
  if (visitId !== undefined && dossierIdFromCode(visitId) === record.dossierId) return false;
  return dossierIdOf(record.tenant, record.messageId) === record.dossierId;
}

function isEpc(dialect: string): boolean {
  return dialect.startsWith('epc');
}

/** What the record does to the dossier: an EPC request under a known id, and what joins, amend it. */
function actionIn(state: DossierState | undefined, record: DeclarationRecord): DeclarationAction {
  return state === undefined
    ? DeclarationAction.original
    : record.action === DeclarationAction.original
      ? DeclarationAction.amend
      : record.action;
}

function openDossier(record: DeclarationRecord, ruleSet: RuleSet): DossierState {
  return {
    dossierId: record.dossierId,
    dossierCode: record.dossierCode,
    tenant: record.tenant,
    test: record.test,
    ruleSet: ruleSet.id,
    openedAt: record.receivedAt,
    cancelled: false,
    asOf: record.receivedAt,
    revisions: [],
    rejections: [],
    formalityOrigin: {},
    missing: [],
    tasks: [],
    formerTasks: [],
    version: 0,
    versionKey: '',
    status: 'pending',
    final: false,
    basis: { partition: -1, offset: -1 },
    index: indexOf(record.declaration),
    stages: { received: record.receivedAt },
  };
}

function indexOf(declaration: Declaration): DossierState['index'] {
  const { portCall, ship, header } = declaration;
  return {
    declarationType: header.declarationType,
    ...(ship?.imoNumber === undefined ? {} : { imoNumber: ship.imoNumber }),
    ...(ship?.name === undefined ? {} : { shipName: ship.name }),
    ...(portCall?.portOfCall.unLocode === undefined ? {} : { unLocode: portCall.portOfCall.unLocode }),
    ...(portCall?.eta === undefined ? {} : { eta: portCall.eta }),
    ...(portCall?.etd === undefined ? {} : { etd: portCall.etd }),
  };
}

/**
 * The merged declaration. An EPC update replaces what its message carried; an original that joins adds or replaces only the
 * formalities it carries; an amend replaces every formality and section that it carries, of the call, the ship and the voyage each
 * member that it carries, and null withdraws a formality.
 */
function merge(
  state: DossierState | undefined,
  body: DossierBody | undefined,
  record: DeclarationRecord,
): { body: DossierBody; origin: DossierState['formalityOrigin'] } {
  const incoming = record.declaration;
  const carried = Object.entries(incoming.formalities ?? {}) as [FormalityName, unknown][];
  // What opens a dossier is its body as it came.
  if (state === undefined && incoming.formalities !== undefined && carried.every(([, value]) => value !== null))
    return { body: incoming, origin: Object.fromEntries(carried.map(([name]) => [name, record.messageId])) };
  const formalities: Record<string, unknown> = {};
  const origin: DossierState['formalityOrigin'] = {};
  const isUpdate = state !== undefined && state.revisions.some((revision) => revision.messageId === record.messageId);
  for (const [name, value] of Object.entries(body?.formalities ?? {}) as [FormalityName, unknown][]) {
    const from = state?.formalityOrigin[name];
    if (isUpdate && from === record.messageId) continue;
    formalities[name] = value;
    if (from !== undefined) origin[name] = from;
  }
  for (const [name, value] of carried) {
    if (value === null) {
      delete formalities[name];
      delete origin[name];
    } else {
      formalities[name] = value;
      origin[name] = record.messageId;
    }
  }
  return { body: { ...sectionsOf(state, body, record), formalities }, origin };
}

/** Everything but the formalities. */
function sectionsOf(state: DossierState | undefined, body: DossierBody | undefined, record: DeclarationRecord): DossierBody {
  const incoming = record.declaration;
  if (state === undefined || body === undefined) return incoming;
  const { declarationType, testIndicator } = body.header;
  const kept = { declarationType, ...(testIndicator === undefined ? {} : { testIndicator }) };
  const { testIndicator: _testIndicator, ...header } = incoming.header;
  const portCall = incoming.portCall === undefined ? undefined : addressed(incoming.portCall, body.portCall?.visitId, record.dossierId);
  // An EPC update of the first message replaces the whole body.
  if (record.messageId === state.revisions[0]?.messageId)
    return { ...incoming, ...(portCall === undefined ? {} : { portCall }), header: { ...header, ...kept } };
  // What joined, or updates what joined, brings formalities only.
  if (record.action === DeclarationAction.original) return body;
  return {
    ...body,
    ...incoming,
    header: { ...body.header, ...header, ...kept },
    // Who names the dossier in portCall.visitId must also name the port, and means to change nothing else of the call.
    ...(portCall === undefined ? {} : { portCall: { ...body.portCall, ...portCall } }),
    ...(incoming.ship === undefined ? {} : { ship: { ...body.ship, ...incoming.ship } }),
    ...(incoming.voyage === undefined ? {} : { voyage: { ...body.voyage, ...incoming.voyage } }),
  };
}

/** A dossier code in visitId only says where the declaration goes: it changes nobody's view. */
function addressed(portCall: PortCall, visitId: string | undefined, dossierId: string): PortCall {
  if (portCall.visitId === undefined || dossierIdFromCode(portCall.visitId) !== dossierId) return portCall;
  const { visitId: _code, ...rest } = portCall;
  return visitId === undefined ? rest : { ...rest, visitId };
}

type PortCall = NonNullable<Declaration['portCall']>;

/** Asks the agencies whose view changed; the others' tasks and decisions stand. */
function route(
  state: DossierState,
  revision: Revision,
  { before, after }: { before: DossierBody | undefined; after: DossierBody },
  ruleSet: RuleSet,
  rules: FoldRules,
  requests: FoldedRequest[],
  events: DossierEvent[],
): DossierState {
  const tasks: Task[] = [];
  const former = [...state.formerTasks];
  const dueAt = agencyDueAt(revision.receivedAt, ruleSet);
  for (const agency of routeOf(after, rules)) {
    const present = state.tasks.find((task) => task.agency === agency.code);
    if (present !== undefined && before !== undefined && viewOf(agency.code, before, rules) === viewOf(agency.code, after, rules)) {
      tasks.push(present);
      continue;
    }
    // One that was never asked leaves nothing behind.
    if (present?.asked === true) former.push(retired(present));
    tasks.push({
      taskId: taskIdOf(state.dossierId, agency.code, revision.revision),
      agency: agency.code,
      role: agency.role,
      revision: revision.revision,
      action: present === undefined ? DeclarationAction.original : present.asked ? DeclarationAction.amend : present.action,
      asked: false,
      requestedAt: revision.receivedAt,
      dueAt,
      state: 'open',
      overdue: false,
      // A hold is lifted by the agency that set it, not by an amendment.
      held: present?.held ?? false,
      ...(present?.holdReasons === undefined ? {} : { holdReasons: present.holdReasons }),
      reasons: [],
      conditions: [],
      documents: {},
      decisionIds: [],
    });
  }
  for (const task of state.tasks) if (task.asked && !tasks.some((kept) => kept.agency === task.agency)) former.push(retired(task));
  return ask({ ...state, tasks, formerTasks: former }, after, revision.receivedAt, ruleSet, rules, requests, events);
}

/** What an agency may see of a declaration, as JSON text. */
export function viewOf(agency: string, body: DossierBody, rules: Pick<FoldRules, 'viewOf'>): string {
  return rules.viewOf.get(agency)?.(body) ?? NOTHING_SHOWN;
}

function retired(task: Task): Task {
  return { ...task, state: isAnswered(task) ? task.state : 'withdrawn' };
}

/** Agencies that take part in such a declaration, in the configured order. */
export function routeOf(declaration: Pick<Declaration, 'header'>, rules: ExchangeRules): Agency[] {
  return rules.agencies.filter((agency) => agency.connected && agency.declarationTypes.includes(declaration.header.declarationType));
}

/** Sends the requests whose turn it is: at once, or when none of those named under `after` is awaited any more. */
function ask(
  state: DossierState,
  body: DossierBody,
  at: string,
  ruleSet: RuleSet,
  rules: FoldRules,
  requests: FoldedRequest[],
  events: DossierEvent[],
): DossierState {
  if (state.tasks.every((task) => task.asked)) return state;
  const dueAt = agencyDueAt(at, ruleSet);
  const tasks = state.tasks.map((task): Task => {
    if (task.asked) return task;
    const after = rules.agencies.find((agency) => agency.code === task.agency)?.after ?? [];
    const waits = after.some((code) => state.tasks.some((other) => other.agency === code && isAwaited(other, ruleSet)));
    if (waits) return task;
    const asked: Task = { ...task, asked: true, requestedAt: at, dueAt };
    requests.push(requestOf(state, asked, body));
    events.push({ type: 'task', at, data: { agency: task.agency, role: task.role, taskId: task.taskId, revision: task.revision, dueAt } });
    return asked;
  });
  return {
    ...state,
    tasks,
    stages: state.stages['requested'] === undefined && requests.length > 0 ? { ...state.stages, requested: at } : state.stages,
  };
}

function cancel(state: DossierState, record: DeclarationRecord, position: Position, rules: FoldRules): FoldResult {
  const ruleSet = ruleSetById(rules.ruleSets, state.ruleSet);
  const revision: Revision = {
    revision: (state.revisions.at(-1)?.revision ?? 0) + 1,
    declarationId: record.declarationId,
    messageId: record.messageId,
    digest: record.digest,
    dialect: record.dialect,
    action: DeclarationAction.cancel,
    receivedAt: record.receivedAt,
    sentAt: record.declaration.header.sentAt,
    formalities: [],
  };
  const withdrawn = state.tasks.filter((task) => task.asked && !isAnswered(task));
  const requests = withdrawn.map((task): FoldedRequest => ({
    taskId: task.taskId,
    dossierId: state.dossierId,
    dossierCode: state.dossierCode,
    revision: revision.revision,
    agency: task.agency,
    role: task.role,
    dueAt: task.dueAt,
    action: DeclarationAction.cancel,
    test: state.test,
    receivedAt: record.receivedAt,
    ruleSet: state.ruleSet,
    body: undefined,
  }));
  const events = withdrawn.map((task): DossierEvent => ({
    type: 'task',
    at: record.receivedAt,
    data: { agency: task.agency, taskId: task.taskId, state: 'withdrawn' },
  }));
  const next: DossierState = {
    ...state,
    cancelled: true,
    asOf: latest(state.asOf, record.receivedAt),
    revisions: [...state.revisions, revision],
    missing: [],
    tasks: state.tasks.map((task) => (isAnswered(task) ? task : { ...task, state: 'withdrawn' })),
  };
  return conclude(next, ruleSet, rules, position, record.receivedAt, { requests, events });
}

function reject(state: DossierState | undefined, record: DeclarationRecord, code: ProblemCode, position: Position): FoldResult {
  const entry = catalogueEntry(code);
  const shared = {
    messageId: record.messageId,
    declarationId: record.declarationId,
    code,
    message: entry.title,
    messageVi: entry.titleVi,
    receivedAt: record.receivedAt,
  };
  return {
    ...nothing(state),
    exit: { exit: 'rejected', code },
    // Bounded: the log has them all.
    state: state === undefined ? undefined : { ...state, rejections: [...state.rejections, shared].slice(-20) },
    rejected: { dossierId: record.dossierId, dossierCode: record.dossierCode, tenant: record.tenant, ...shared, basis: position },
    events: [
      {
        type: 'rejected',
        at: record.receivedAt,
        data: { messageId: record.messageId, declarationId: record.declarationId, code, message: entry.title },
      },
    ],
  };
}

// ---------------------------------------------------------------- decisions

function foldDecision(
  state: DossierState | undefined,
  decision: RelayedDecision,
  body: DossierBody | undefined,
  position: Position,
  rules: FoldRules,
): FoldResult {
  const task = state === undefined ? undefined : taskOf(state, decision.taskId);
  if (state === undefined || task === undefined) return { ...nothing(state), exit: { exit: 'dead-lettered', reason: 'task-unknown' } };
  if (task.agency !== decision.agency || state.test !== decision.test)
    return { ...nothing(state), exit: { exit: 'dead-lettered', reason: 'agency-mismatch' } };
  if (decision.revision !== undefined && decision.revision !== task.revision)
    return { ...nothing(state), exit: { exit: 'dead-lettered', reason: 'decision-invalid' } };
  if (task.decisionIds.includes(decision.decisionId)) return { ...nothing(state), exit: { exit: 'duplicate', kind: 'decision' } };
  if (state.erasedAt !== undefined) return { ...nothing(state), exit: { exit: 'rejected', code: 'erased' } };
  if (state.cancelled) return { ...nothing(state), exit: { exit: 'rejected', code: 'dossier-cancelled' } };
  if (!state.tasks.includes(task)) return { ...nothing(state), exit: { exit: 'rejected', code: 'task-superseded' } };
  if (isFull(task)) return { ...nothing(state), exit: { exit: 'rejected', code: 'dossier-full' } };

  const ruleSet = ruleSetById(rules.ruleSets, state.ruleSet);
  const decided = decide(task, decision);
  const events: DossierEvent[] = [
    {
      type: 'decision',
      at: decision.receivedAt,
      data: {
        agency: task.agency,
        taskId: task.taskId,
        outcome: decision.outcome,
        decidedAt: decided.decidedAt ?? decision.receivedAt,
        overdue: decided.overdue,
      },
    },
  ];
  const answered = isAnswered(decided);
  let next: DossierState = {
    ...state,
    asOf: latest(state.asOf, decision.receivedAt),
    tasks: state.tasks.map((other) => (other === task ? decided : other)),
    stages: answered
      ? { ...state.stages, firstDecision: state.stages['firstDecision'] ?? decision.receivedAt, lastDecision: decision.receivedAt }
      : state.stages,
  };
  const requests: FoldedRequest[] = [];
  if (body !== undefined) next = ask(next, body, decision.receivedAt, ruleSet, rules, requests, events);
  return conclude(next, ruleSet, rules, position, decision.receivedAt, { requests, events });
}

/** Whether a task has had all the decisions that it may have. */
export function isFull(task: Task): boolean {
  return task.decisionIds.length >= MAX_DECISIONS;
}

/**
 * The task after one decision. The last different one counts; an acknowledgement takes neither an answer back nor a revocation.
 * Only an answer is late by its stamp: silence past the due time is told by the logged deadline alone.
 */
function decide(task: Task, decision: RelayedDecision): Task {
  const decisionIds = [...task.decisionIds, decision.decisionId];
  const reasons = decision.reasons ?? [];
  switch (decision.outcome) {
    case DecisionOutcome.acknowledged:
      return { ...task, decisionIds, state: task.state === 'open' ? DecisionOutcome.acknowledged : task.state };
    case DecisionOutcome.held:
      return { ...task, decisionIds, held: true, ...(reasons.length > 0 ? { holdReasons: reasons } : {}) };
    case DecisionOutcome.released: {
      const { holdReasons: _holdReasons, ...rest } = task;
      return { ...rest, decisionIds, held: false };
    }
    case DecisionOutcome.revoked: {
      const { decidedAt: _decidedAt, reference: _reference, ...rest } = task;
      return { ...rest, decisionIds, state: DecisionOutcome.revoked, reasons, conditions: [], documents: {} };
    }
    case DecisionOutcome.accepted:
    case DecisionOutcome.conditionallyAccepted:
    case DecisionOutcome.refused:
    case DecisionOutcome.moreInfoRequired:
    case DecisionOutcome.notApplicable: {
      const decided: Task = {
        ...withoutReference(task),
        decisionIds,
        overdue: task.overdue || Date.parse(decision.receivedAt) > Date.parse(task.dueAt),
        state: decision.outcome,
        decidedAt: decision.decidedAt ?? decision.receivedAt,
        reasons,
        conditions: decision.conditions ?? [],
        documents: decision.documents ?? {},
      };
      if (decision.reference !== undefined) decided.reference = decision.reference;
      return decided;
    }
  }
}

function withoutReference(task: Task): Task {
  if (task.reference === undefined) return task;
  const { reference: _reference, ...rest } = task;
  return rest;
}

// ---------------------------------------------------------------- deadlines

function foldDeadline(
  state: DossierState | undefined,
  deadline: DeadlineRecord,
  body: DossierBody | undefined,
  position: Position,
  rules: FoldRules,
): FoldResult {
  if (state === undefined || timersOf(state).get(deadline.timer) !== deadline.dueAt) {
    return { ...nothing(state), exit: { exit: 'duplicate', kind: 'deadline' } };
  }
  const ruleSet = ruleSetById(rules.ruleSets, state.ruleSet);
  const late = state.tasks.find((task) => deadline.timer === `task:${task.taskId}`);
  const events: DossierEvent[] = [
    {
      type: 'deadline',
      at: deadline.receivedAt,
      data:
        late === undefined
          ? { formality: deadline.timer.slice('formality:'.length), dueAt: deadline.dueAt }
          : { agency: late.agency, taskId: late.taskId, dueAt: deadline.dueAt },
    },
  ];
  let next: DossierState = {
    ...state,
    asOf: latest(state.asOf, deadline.receivedAt),
    tasks: state.tasks.map((task) => (task === late ? { ...task, overdue: true } : task)),
  };
  const requests: FoldedRequest[] = [];
  if (body !== undefined) next = ask(next, body, deadline.receivedAt, ruleSet, rules, requests, events);
  return conclude(next, ruleSet, rules, position, deadline.receivedAt, { requests, events });
}

// ---------------------------------------------------------------- erasure

/** Why the personal data of a dossier cannot be erased now: somebody is still to decide by them. */
export function faultAgainstErasure(state: DossierState): ProblemCode | undefined {
  return state.final || state.cancelled ? undefined : 'erasure-too-early';
}

/** The merged declaration goes (whoever keeps it removes it); what was issued stays as it is. */
function foldErasure(state: DossierState | undefined, erasure: ErasureRecord, position: Position): FoldResult {
  if (state === undefined) return { ...nothing(state), exit: { exit: 'rejected', code: 'reference-unknown' } };
  if (state.erasedAt !== undefined) return { ...nothing(state), exit: { exit: 'duplicate', kind: 'erasure' } };
  const fault = faultAgainstErasure(state);
  if (fault !== undefined) return { ...nothing(state), exit: { exit: 'rejected', code: fault } };
  const { receivedAt } = erasure;
  const erased = { ...state, erasedAt: receivedAt, asOf: latest(state.asOf, receivedAt), missing: [], basis: position };
  return { ...nothing(erased), exit: { exit: 'applied' } };
}

// ---------------------------------------------------------------- the verdict after every applied record

function conclude(
  /** The caller's own copy: the verdict is written into it. */
  state: DossierState,
  ruleSet: RuleSet,
  rules: FoldRules,
  position: Position,
  /** Stamp of the record. */
  at: string,
  { requests, events, body }: { requests: FoldedRequest[]; events: DossierEvent[]; body?: DossierBody },
): FoldResult {
  const verdict = verdictOfDossier(state, ruleSet);
  // Version 1 is the first verdict other than pending; from then on each change is a version.
  const versionKey = state.version === 0 && verdict.status === 'pending' ? state.versionKey : versionKeyOf(state, verdict);
  const issues = versionKey !== state.versionKey;
  state.status = verdict.status;
  state.final = verdict.final;
  state.basis = position;
  const result: FoldResult = { exit: APPLIED, state, requests, results: [], events };
  if (body !== undefined) result.body = body;
  if (!issues) return result;
  state.version++;
  state.versionKey = versionKey;
  state.issuedAt = at;
  result.clearance = clearanceOf(state, verdict, ruleSet, rules, position);
  result.results = resultsOf(state, result.clearance, rules);
  events.push(clearanceEvent(result.clearance, at));
  return result;
}

const APPLIED: Exit = { exit: 'applied' };

/** What the feed tells of a version. */
export function clearanceEvent({ version, status, statusCode, final }: Clearance, at: string): DossierEvent {
  return { type: 'clearance', at, data: { version, status, ...(statusCode === undefined ? {} : { statusCode }), final } };
}

/** What each agency may see of the others' decisions and of the verdict. Agencies that may see the same share one message. */
function resultsOf(state: DossierState, clearance: Clearance, rules: FoldRules): { agency: string; message: ResultMessage }[] {
  const shared: ResultMessage[] = [];
  return state.tasks.map(({ agency, dueAt }) => {
    const seesReasons = rules.agencies.find(({ code }) => code === agency)?.seesReasons === true;
    let message = seesReasons ? shared.find((other) => other.dueAt === dueAt) : undefined;
    if (message === undefined) {
      message = {
        dossierId: state.dossierId,
        dossierCode: state.dossierCode,
        version: clearance.version,
        status: clearance.status,
        decisions: state.tasks.map((other) => ({
          agency: other.agency,
          outcome: other.state,
          conditions: other.conditions,
          ...(other.decidedAt === undefined ? {} : { decidedAt: other.decidedAt }),
          ...(seesReasons || other.agency === agency ? { reasons: reasonsOf(other) } : {}),
        })),
        dueAt,
      };
      if (seesReasons) shared.push(message);
    }
    return { agency, message };
  });
}

function nothing(state: DossierState | undefined): Omit<FoldResult, 'exit'> {
  return { state, requests: [], results: [], events: [] };
}

/** Length of a stamp in UTC with milliseconds: two such compare as text. */
const WITH_MS = 24;

/** Stamps come from several processes: the dossier's time never goes back. */
function latest(a: string, b: string): string {
  if (a.length === WITH_MS && b.length === WITH_MS) return a >= b ? a : b;
  return Date.parse(a) >= Date.parse(b) ? a : b;
}
