import { clearanceOf, verdictOfDossier } from './core/clearance';
import { taskOf, type DossierBody, type DossierState, type Task } from './core/dossier';
import { viewOf, type FoldRules } from './core/fold';
import { isDossierId, isDossierOf, dossierIdOfTask, tenantHashOf, type DossierId, type Tenant } from './core/identifiers';
import type { Clearance, DeclarationRejected, Receipt } from './core/messages';
import { partitionOf } from './core/partition';
import { ruleSetById } from './core/rule-set';
import { statusCodeOf } from './core/verdict';
import type { DossierStore, IndexEntry } from './ports/dossier-store';
import { indexes, keys, readEvents, readFeedMember, recordScore, scoreOfEventId, type StoredEvent } from './read-model';
import type { StoreReader } from './store-reader';

/**
 * What is read from the store: dossiers, clearances, events, feeds, work lists. A read that finds nothing while the store is behind the
 * log says so instead of "unknown" (guarantees.md G10).
 */
export type Lookup<T> =
  | { kind: 'found'; value: T }
  | { kind: 'unknown' }
  | { kind: 'not-yet' }
  | { kind: 'rebuilding' }
  /** Its personal data are gone; its clearances are not. */
  | { kind: 'erased' };

/** A clearance as it is given out: issued bytes, or version 0 as it stands. */
export interface ClearanceRead {
  clearance: Clearance;
  /** Exactly what was issued; for version 0 what would be. */
  json: string;
  etag: string;
  /** The dossier's first message, for answers that echo it in the sender's dialect. */
  dialect?: string;
  messageId?: string;
}

export interface Page<T> {
  items: T[];
  next: string | null;
}

export interface DossierFilter {
  status?: string;
  imo?: string;
  port?: string;
  /** Opened at or after, before; milliseconds. */
  fromMs?: number;
  toMs?: number;
}

export interface ReadsPorts {
  store: DossierStore;
  reader: StoreReader;
  rules: FoldRules;
  partitions: number;
}

const PAGE = 50;
const SCAN_LIMIT = 2_000;

export class Reads {
  private readonly ports: ReadsPorts;

  constructor(ports: ReadsPorts) {
    this.ports = ports;
  }

  private partition(dossierId: DossierId): number {
    return partitionOf(dossierId, this.ports.partitions);
  }

  // -------------------------------------------------------------- a tenant's dossier

  /** State of a dossier of the tenant; only receipts known → a state-less find. */
  private async find(
    tenant: Tenant,
    dossierId: string,
  ): Promise<Lookup<{ state?: DossierState; receipt?: Receipt; rejected?: DeclarationRejected }>> {
    return isDossierId(dossierId) && isDossierOf(tenant, dossierId) ? this.known(dossierId) : { kind: 'unknown' };
  }

  /** State of a dossier whoever it is of; for auditors, and for who has asked whose it is. */
  async known(dossierId: DossierId): Promise<Lookup<{ state?: DossierState; receipt?: Receipt; rejected?: DeclarationRejected }>> {
    const partition = this.partition(dossierId);
    // How far the store is must be asked before it is read: a fold in between is then seen, not missed.
    const names = [keys.rebuilding, keys.state(dossierId), keys.firstReceipt(dossierId), keys.rejection(dossierId)];
    let isRebuilt = true;
    const read = async () => {
      const [rebuilding, state, receipt, rejected] = await this.ports.store.getMany(partition, names);
      isRebuilt = rebuilding == null;
      if (state != null) return { state: JSON.parse(state.toString()) as DossierState };
      if (rejected != null) return { rejected: JSON.parse(rejected.toString()) as DeclarationRejected };
      return receipt == null ? undefined : { receipt: JSON.parse(receipt.toString()) as Receipt };
    };
    let found = await read();
    if (found?.receipt !== undefined) {
      if (await this.ports.reader.isLost(partition)) return { kind: 'rebuilding' };
      // A rebuild may have begun, or ended, since: it is marked before its first commit.
      found = await read();
    }
    // Nobody is shown an older state than before, nor a receipt in the place of a clearance.
    if (!isRebuilt) return { kind: 'rebuilding' };
    if (found !== undefined) return { kind: 'found', value: found };
    const behind = await this.ports.reader.behind(partition);
    if (behind < 0) return { kind: 'rebuilding' };
    if (behind > 0) return { kind: 'not-yet' };
    const again = await read();
    return again === undefined ? { kind: 'unknown' } : { kind: 'found', value: again };
  }

  /** The dossier as its tenant sees it. */
  async dossier(tenant: Tenant, dossierId: string): Promise<Lookup<Record<string, unknown>>> {
    const found = await this.find(tenant, dossierId);
    if (found.kind !== 'found') return found;
    const { state, receipt, rejected } = found.value;
    if (state === undefined) {
      const { dossierCode } = (receipt ?? rejected) as { dossierCode: string };
      return {
        kind: 'found',
        value: {
          dossierId,
          dossierCode,
          status: 'pending',
          version: 0,
          final: false,
          revisions: [],
          tasks: [],
          decisions: [],
          rejections: rejected === undefined ? [] : [withoutPlace(rejected)],
          history: [],
          receipt,
        },
      };
    }
    if (state.erasedAt !== undefined) return { kind: 'erased' };
    const history = await this.events(dossierId, 0, 1_000);
    return { kind: 'found', value: dossierView(state, history) };
  }

  /** Latest clearance, or an older version; `rejected` where the fold refused the only declaration. */
  async clearance(tenant: Tenant, dossierId: string, version?: number): Promise<Lookup<ClearanceRead | { rejected: DeclarationRejected }>> {
    const found = await this.find(tenant, dossierId);
    if (found.kind !== 'found') return found;
    const { state, receipt, rejected } = found.value;
    if (state === undefined && receipt === undefined && rejected !== undefined) return { kind: 'found', value: { rejected } };
    const latest = state?.version ?? 0;
    if (version !== undefined && version > latest) return { kind: 'unknown' };
    const wanted = version ?? latest;
    if (wanted === 0) return { kind: 'found', value: this.versionZero(state, receipt) };
    const [bytes] = await this.ports.store.getMany(this.partition(dossierId), [keys.clearance(dossierId, wanted)]);
    if (bytes == null) return { kind: 'rebuilding' };
    const json = bytes.toString();
    return {
      kind: 'found',
      value: { clearance: JSON.parse(json) as Clearance, json, etag: `${dossierId}-${wanted}`, ...firstMessage(state) },
    };
  }

  /** Before the first version: pending, unsigned, with progress. */
  private versionZero(state: DossierState | undefined, receipt: Receipt | undefined): ClearanceRead {
    const { rules } = this.ports;
    if (state === undefined) {
      const known = receipt as Receipt;
      const clearance: Clearance = {
        clearanceId: `${known.dossierId}-v0`,
        dossierId: known.dossierId,
        dossierCode: known.dossierCode,
        version: 0,
        revision: 0,
        status: 'pending',
        statusCode: '45',
        final: false,
        ruleSet: '',
        summary: 'Received.',
        summaryVi: 'Đã tiếp nhận.',
        agencies: known.agencies.map((agency) => ({ ...agency, status: 'open', overdue: false, reasons: [], conditions: [] })),
        conditions: [],
        missing: [],
        stages: { received: known.receivedAt },
        basis: { partition: this.partition(known.dossierId), offset: -1 },
      };
      return { clearance, json: JSON.stringify(clearance), etag: `${known.dossierId}-0`, messageId: known.messageId };
    }
    const ruleSet = ruleSetById(rules.ruleSets, state.ruleSet);
    const first = { ...state, version: 0 };
    const clearance = clearanceOf(first, verdictOfDossier(first, ruleSet), ruleSet, rules, state.basis);
    return { clearance, json: JSON.stringify(clearance), etag: `${state.dossierId}-0-${state.basis.offset}`, ...firstMessage(state) };
  }

  /** What became of one declaration: not folded yet, rejected, or a revision; and whether the dossier is final. */
  async progress(
    tenant: Tenant,
    dossierId: string,
    declarationId: string,
  ): Promise<{ folded: boolean; rejectedCode?: string; final: boolean }> {
    const found = await this.find(tenant, dossierId);
    if (found.kind !== 'found') return { folded: false, final: false };
    const { state, rejected } = found.value;
    if (state === undefined)
      return rejected?.declarationId === declarationId
        ? { folded: true, rejectedCode: rejected.code, final: true }
        : { folded: false, final: false };
    const rejection = state.rejections.find((entry) => entry.declarationId === declarationId);
    if (rejection !== undefined) return { folded: true, rejectedCode: rejection.code, final: true };
    const folded = state.revisions.some((revision) => revision.declarationId === declarationId);
    return { folded, final: folded && state.final };
  }

  // -------------------------------------------------------------- events and feed

  /** What feeds of a tenant wait under: the tenant's part of its dossier ids. */
  tenantKey(tenant: Tenant): string {
    return tenantHashOf(tenant);
  }

  /** Events of a dossier from a score on, in order: `limit` or a few more, where there are so many. */
  async events(dossierId: DossierId, afterScore: number, limit: number): Promise<StoredEvent[]> {
    const partition = this.partition(dossierId);
    const [history] = await this.ports.store.getMany(partition, [keys.events(dossierId)]);
    return history == null ? [] : readEvents({ dossierId, partition }, history.toString(), { from: afterScore, limit });
  }

  /** Whether the dossier is the tenant's and known, for a stream. */
  async exists(tenant: Tenant, dossierId: string): Promise<Lookup<true>> {
    const found = await this.find(tenant, dossierId);
    return found.kind === 'found' ? { kind: 'found', value: true } : found;
  }

  /** Events of a tenant's dossiers in a partition from a score on, in order: `limit` or a few more, where there are so many. */
  private async feedOf(tenant: Tenant, partition: number, fromScore: number, limit: number): Promise<StoredEvent[]> {
    // One more: of the first record all may lie before the score.
    const entries = await this.ports.store.range(partition, indexes.feed(tenant), { min: recordScore(fromScore), limit: limit + 1 });
    const last = entries.at(-1);
    if (last === undefined) return [];
    const dossierIds = [...new Set(entries.map(({ member }) => readFeedMember(tenant, member).dossierId))];
    const histories = await this.ports.store.getMany(partition, dossierIds.map(keys.events));
    const range = { from: fromScore, to: last.score };
    const events = dossierIds.flatMap((dossierId, i) => {
      const history = histories[i];
      return history == null ? [] : readEvents({ dossierId, partition }, history.toString(), range);
    });
    return events
      .map((event) => ({ event, score: scoreOfEventId(event.id)?.score ?? 0 }))
      .sort((a, b) => a.score - b.score)
      .map(({ event }) => event);
  }

  /**
   * The tenant's feed after a cursor: at least once, in order per dossier. A cursor holds a position for each partition; an event id is
   * a cursor too (the other partitions then start from the beginning). Undefined: not a cursor of this tenant.
   */
  async feed(tenant: Tenant, cursor: string | undefined, limit: number): Promise<Page<StoredEvent> | undefined> {
    const positions = parseCursor(tenant, cursor);
    if (positions === undefined) return undefined;
    const { partitions } = this.ports;
    const lists = await Promise.all(
      Array.from({ length: partitions }, async (_, partition) => {
        return { partition, events: await this.feedOf(tenant, partition, positions.get(partition) ?? 0, limit) };
      }),
    );
    const items: StoredEvent[] = [];
    while (items.length < limit) {
      // Oldest first among the partitions' next ones; within a partition the order of the log stays.
      const next = lists
        .filter((list) => list.events.length > 0)
        .sort((a, b) => ((a.events[0]?.at ?? '') < (b.events[0]?.at ?? '') ? -1 : 1))[0];
      const event = next?.events.shift();
      if (next === undefined || event === undefined) break;
      items.push(event);
      const position = scoreOfEventId(event.id);
      if (position !== undefined) positions.set(next.partition, position.score + 1);
    }
    return { items, next: formatCursor(tenant, positions) };
  }

  // -------------------------------------------------------------- lists

  /** The tenant's dossiers, newest first. Undefined: not a cursor of this tenant. */
  async dossiers(tenant: Tenant, filter: DossierFilter, cursor: string | undefined): Promise<Page<Record<string, unknown>> | undefined> {
    const from = parseListCursor(tenantHashOf(tenant), cursor);
    if (from === 'invalid') return undefined;
    const items: Record<string, unknown>[] = [];
    let last: IndexEntry | undefined = from;
    for (let scanned = 0; scanned < SCAN_LIMIT;) {
      const entries = await this.merged(
        (partition) => ({ partition, index: indexes.dossiers(tenant) }),
        last,
        true,
        filter.fromMs,
        filter.toMs,
      );
      if (entries.length === 0) return { items, next: null };
      const states = await Promise.all(entries.map((entry) => this.stateOf(entry.partition, entry.member)));
      for (const [i, entry] of entries.entries()) {
        scanned++;
        last = { member: entry.member, score: entry.score };
        const state = states[i];
        if (state !== undefined && matches(state, filter)) items.push(dossierSummary(state));
        if (items.length === PAGE) return { items, next: formatListCursor(tenantHashOf(tenant), last) };
      }
    }
    return { items, next: last === undefined ? null : formatListCursor(tenantHashOf(tenant), last) };
  }

  /** An agency's work list by due time: open tasks, or with state=decided those that are over. */
  async tasks(agency: string, state: 'open' | 'done', cursor: string | undefined): Promise<Page<Record<string, unknown>> | undefined> {
    const from = parseListCursor(agency, cursor);
    if (from === 'invalid') return undefined;
    const index = state === 'open' ? indexes.openTasks(agency) : indexes.doneTasks(agency);
    const entries = await this.merged((partition) => ({ partition, index }), from, state === 'done');
    const page = entries.slice(0, PAGE);
    const items = await Promise.all(
      page.map(async (entry) => {
        const dossier = await this.stateOf(entry.partition, dossierIdOfTask(entry.member) ?? '');
        const task = dossier === undefined ? undefined : taskOf(dossier, entry.member);
        return dossier === undefined || task === undefined ? undefined : taskView(dossier, task);
      }),
    );
    const last = page.at(-1);
    return {
      items: items.filter((item) => item !== undefined),
      next: entries.length > PAGE && last !== undefined ? formatListCursor(agency, last) : null,
    };
  }

  /** One task of an agency with its own view of the dossier as it stands; one of another agency is as unknown as none. */
  async task(agency: string, taskId: string): Promise<Lookup<{ dossier: DossierState; task: Task; view: unknown }>> {
    const dossierId = dossierIdOfTask(taskId);
    if (dossierId === undefined) return { kind: 'unknown' };
    const partition = this.partition(dossierId);
    const [stateBytes, bodyBytes] = await this.ports.store.getMany(partition, [keys.state(dossierId), keys.body(dossierId)]);
    const dossier = stateBytes == null ? undefined : (JSON.parse(stateBytes.toString()) as DossierState);
    const task = dossier === undefined ? undefined : taskOf(dossier, taskId);
    if (dossier === undefined || task?.agency !== agency || !task.asked) {
      const behind = await this.ports.reader.behind(partition);
      if (behind < 0) return { kind: 'rebuilding' };
      return behind > 0 ? { kind: 'not-yet' } : { kind: 'unknown' };
    }
    if (dossier.erasedAt !== undefined) return { kind: 'erased' };
    const viewText = bodyBytes == null ? '{}' : viewOf(agency, JSON.parse(bodyBytes.toString()) as DossierBody, this.ports.rules);
    return { kind: 'found', value: { dossier, task, view: JSON.parse(viewText) as unknown } };
  }

  private async stateOf(partition: number, dossierId: string): Promise<DossierState | undefined> {
    const [value] = await this.ports.store.getMany(partition, [keys.state(dossierId)]);
    return value == null ? undefined : (JSON.parse(value.toString()) as DossierState);
  }

  /** One page of an index over all partitions, after an entry, by score then member. */
  private async merged(
    of: (partition: number) => { partition: number; index: string },
    after: IndexEntry | undefined,
    reverse: boolean,
    min?: number,
    max?: number,
  ): Promise<(IndexEntry & { partition: number })[]> {
    const limit = PAGE + 1;
    const low = reverse ? min : Math.max(min ?? -Infinity, after?.score ?? -Infinity);
    const high = reverse ? Math.min(max ?? Infinity, after?.score ?? Infinity) : max;
    const sign = reverse ? -1 : 1;
    const before = (a: IndexEntry, b: IndexEntry): number =>
      sign * (a.score - b.score || (a.member < b.member ? -1 : a.member > b.member ? 1 : 0));
    const lists = await Promise.all(
      Array.from({ length: this.ports.partitions }, async (_, number) => {
        const { partition, index } = of(number);
        // Ties at the cursor's score are skipped here, so ask for some more.
        const entries = await this.ports.store.range(partition, index, {
          ...(low === undefined || low === -Infinity ? {} : { min: low }),
          ...(high === undefined || high === Infinity ? {} : { max: high }),
          limit: limit + 50,
          reverse,
        });
        return entries.filter((entry) => after === undefined || before(after, entry) < 0).map((entry) => ({ ...entry, partition }));
      }),
    );
    return lists.flat().sort(before).slice(0, limit);
  }
}

function firstMessage(state: DossierState | undefined): Pick<ClearanceRead, 'dialect' | 'messageId'> {
  const first = state?.revisions[0];
  return first === undefined ? {} : { dialect: first.dialect, messageId: first.messageId };
}

function matches(state: DossierState, filter: DossierFilter): boolean {
  return (
    (filter.status === undefined || state.status === filter.status) &&
    (filter.imo === undefined || state.index.imoNumber === filter.imo) &&
    (filter.port === undefined || state.index.unLocode === filter.port)
  );
}

function dossierSummary(state: DossierState): Record<string, unknown> {
  const { dossierId, dossierCode, status, final, version, openedAt, test, ruleSet, index } = state;
  return {
    dossierId,
    dossierCode,
    status,
    statusCode: statusCodeOf(status),
    final,
    version,
    revision: state.revisions.at(-1)?.revision ?? 0,
    openedAt,
    ruleSet,
    test,
    ...index,
  };
}

function dossierView(state: DossierState, history: StoredEvent[]): Record<string, unknown> {
  return {
    ...dossierSummary(state),
    revisions: state.revisions,
    tasks: [...state.tasks, ...state.formerTasks].map((task) => ({ ...taskFields(task), current: state.tasks.includes(task) })),
    decisions: history.filter((event) => event.type === 'decision').map((event) => ({ ...event.data, receivedAt: event.at })),
    missing: state.missing,
    rejections: state.rejections,
    stages: state.stages,
    history,
  };
}

/** A task as its agency sees it in the work list. */
export function taskView(dossier: DossierState, task: Task): Record<string, unknown> {
  const { dossierId, dossierCode, test, index } = dossier;
  return {
    ...taskFields(task),
    dossierId,
    dossierCode,
    test,
    current: dossier.tasks.some((candidate) => candidate.taskId === task.taskId),
    ship: index.shipName,
    imoNumber: index.imoNumber,
    portOfCall: index.unLocode,
  };
}

function taskFields(task: Task): Record<string, unknown> {
  const { decisionIds: _decisionIds, asked: _asked, ...fields } = task;
  return fields;
}

function withoutPlace(rejected: DeclarationRejected): Record<string, unknown> {
  const { messageId, declarationId, code, message, messageVi, receivedAt } = rejected;
  return { messageId, declarationId, code, message, messageVi, receivedAt };
}

// ---------------------------------------------------------------- cursors

function formatCursor(tenant: Tenant, positions: ReadonlyMap<number, number>): string {
  return Buffer.from(JSON.stringify([tenantHashOf(tenant), [...positions]])).toString('base64url');
}

/** Next score wanted per partition. Event ids carry no tenant: the index that is read is the caller's own. */
function parseCursor(tenant: Tenant, cursor: string | undefined): Map<number, number> | undefined {
  if (cursor === undefined || cursor === '') return new Map();
  const event = scoreOfEventId(cursor);
  if (event !== undefined) return new Map([[event.partition, event.score + 1]]);
  try {
    const [owner, positions] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as [unknown, unknown];
    if (owner !== tenantHashOf(tenant) || !Array.isArray(positions)) return undefined;
    const parsed = positions as unknown[][];
    if (
      !parsed.every(
        (pair) => Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === 'number' && Number.isFinite(part)),
      )
    )
      return undefined;
    return new Map(parsed as [number, number][]);
  } catch {
    return undefined;
  }
}

function formatListCursor(owner: string, entry: IndexEntry): string {
  return Buffer.from(JSON.stringify([owner, entry.score, entry.member])).toString('base64url');
}

function parseListCursor(owner: string, cursor: string | undefined): IndexEntry | undefined | 'invalid' {
  if (cursor === undefined || cursor === '') return undefined;
  try {
    const [whose, score, member] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    return whose === owner && typeof score === 'number' && typeof member === 'string' ? { score, member } : 'invalid';
  } catch {
    return 'invalid';
  }
}

/** First score after an event id, for a stream that resumes. */
export function scoreAfter(eventId: string): { partition: number; score: number } | undefined {
  const position = scoreOfEventId(eventId);
  return position === undefined ? undefined : { partition: position.partition, score: position.score + 1 };
}
