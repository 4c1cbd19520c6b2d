import { taskOf, type DossierState, type Task } from './core/dossier';
import { isAnswered } from './core/clearance';
import { isoTime } from './core/deadlines';
import { DOSSIER_ID_LENGTH, TENANT_HASH_LENGTH, dossierCodeOf, hashOf, tenantHashOf, type DossierId } from './core/identifiers';
import { timersOf, type DossierEvent } from './core/fold';
import type { StoreChange } from './ports/dossier-store';

/** Changed with the meaning of anything that the store holds: a store of another layout is made anew from the log. */
export const READ_MODEL_LAYOUT = '3';

/**
 * Layout of the store: every key and index name in one place, and the changes that one fold step means for it. Everything stands in
 * the partition of its dossier.
 */
export const keys = {
  state: (dossierId: DossierId) => `st:${dossierId}`,
  body: (dossierId: DossierId) => `bd:${dossierId}`,
  clearance: (dossierId: DossierId, version: number) => `cl:${dossierId}:${version}`,
  /** Receipt of the declaration that the dossier began with: also what a read shows before the fold got there. */
  firstReceipt: (dossierId: DossierId) => `rf:${dossierId}`,
  /** Receipt of any other declaration. */
  receipt: (dossierId: DossierId, declarationId: string) => `rc:${dossierId}:${declarationId}`,
  /** Which dossier a message id that opened none went to; stands in the partition of the dossier it would have opened. */
  message: (wouldBe: DossierId) => `mi:${wouldBe}`,
  rejection: (dossierId: DossierId) => `rj:${dossierId}`,
  /** Everything that happened in a dossier, a line a record: EventHistory. */
  events: (dossierId: DossierId) => `ev:${dossierId}`,
  /** The open dossier of a tenant's ship in a port: an OpenCall, in the partition of this key. */
  openCall: (tenant: string, imoNumber: string, unLocode: string) => `oc:${hashOf(40, tenant, imoNumber, unLocode)}`,
  /** Up to where the partition is folded again; there while it is. Its dossiers are older than what was said of them. */
  rebuilding: 'rb',
  /** A job of an operator, and that it is to stop; not of the log: lost with the store. */
  operatorJob: (jobId: string) => `oj:${jobId}`,
  operatorJobStop: (jobId: string) => `os:${jobId}`,
  idempotencyKey: (tenant: string, key: string) => `ik:${hashOf(40, tenant, key)}`,
} as const;

export const indexes = {
  /** Dossiers that something is due in, under the earliest time. */
  timers: 'tm',
  dossiers: (tenant: string) => `tn:${tenantHashOf(tenant)}`,
  /** Records that made something happen in a tenant's dossiers, in the order of the log: feedMember. */
  feed: (tenant: string) => `fd:${tenantHashOf(tenant)}`,
  openTasks: (agency: string) => `to:${agency}`,
  doneTasks: (agency: string) => `td:${agency}`,
  operatorJobs: 'oj',
} as const;

/** What `keys.openCall` holds: the dossier, and until when the ship is expected to be there. */
export interface OpenCall {
  dossierCode: string;
  until: string;
}

/** A ship that has not said when it leaves is taken to be gone a week after it came. */
const CALL_LASTS_MS = 7 * 24 * 3_600_000;

/** Key and value under which a dossier stands as the open one of its call; undefined when it is not open, or of no known ship or port. */
export function openCallOf(state: DossierState): { key: string; value: string } | undefined {
  const { imoNumber, unLocode, eta, etd } = state.index;
  if (state.cancelled || imoNumber === undefined || unLocode === undefined) return undefined;
  const until = isoTime(etd === undefined ? Date.parse(eta ?? state.openedAt) + CALL_LASTS_MS : Date.parse(etd));
  return { key: keys.openCall(state.tenant, imoNumber, unLocode), value: `${state.dossierCode} ${until}` };
}

export function readOpenCall(value: string): OpenCall {
  const [dossierCode = '', until = ''] = value.split(' ');
  return { dossierCode, until };
}

/** Events of one record share its offset; up to 64 are told apart by their place. */
const EVENTS_PER_OFFSET = 64;

export interface StoredEvent extends DossierEvent {
  /** `partition-offset-place`: a log position, so that a rebuild keeps every cursor. */
  id: string;
  dossierId: string;
  dossierCode: string;
}

export function eventScore(offset: number, place: number): number {
  return offset * EVENTS_PER_OFFSET + Math.min(place, EVENTS_PER_OFFSET - 1);
}

/** Where in an index to begin for events from a score on: their record may have earlier ones. */
export function recordScore(score: number): number {
  return score - (score % EVENTS_PER_OFFSET);
}

/** A line of a dossier's history: the offset of a record, a space, what it made happen. JSON has no line break outside of a text. */
export function historyLine(offset: number, events: readonly DossierEvent[]): string {
  return `${offset} ${JSON.stringify(events)}\n`;
}

/** What happened in a dossier from a score on and at most up to another, from its history: `limit` or a few more, where there are so many. */
export function readEvents(
  dossier: { dossierId: DossierId; partition: number },
  history: string,
  { from, to = Infinity, limit = Infinity }: { from: number; to?: number; limit?: number },
): StoredEvent[] {
  const { dossierId, partition } = dossier;
  const dossierCode = dossierCodeOf(dossierId);
  const found: StoredEvent[] = [];
  for (let at = 0; at < history.length && found.length < limit;) {
    const space = history.indexOf(' ', at);
    const end = history.indexOf('\n', space);
    const offset = Number(history.slice(at, space));
    if (eventScore(offset, 0) > to) break;
    if (eventScore(offset, EVENTS_PER_OFFSET) >= from)
      for (const [place, event] of (JSON.parse(history.slice(space, end)) as DossierEvent[]).entries())
        if (eventScore(offset, place) >= from) found.push({ id: `${partition}-${offset}-${place}`, dossierId, dossierCode, ...event });
    at = end + 1;
  }
  return found;
}

/** Score behind an event id or cursor part `offset-place`. */
export function scoreOfEventId(id: string): { partition: number; score: number } | undefined {
  const match = /^(\d{1,4})-(\d{1,15})-(\d{1,2})$/.exec(id);
  if (match === null) return undefined;
  return { partition: Number(match[1]), score: eventScore(Number(match[2]), Number(match[3])) };
}

/** When something is due next in a dossier, milliseconds; null: never. */
export function nextDueMs(state: DossierState): number | null {
  let next: number | null = null;
  for (const dueAt of timersOf(state).values()) {
    const dueMs = Date.parse(dueAt);
    if (next === null || dueMs < next) next = dueMs;
  }
  return next;
}

/** Index changes between two states of a dossier: timers, task lists, the tenant's list. */
export function indexChanges(before: DossierState | undefined, after: DossierState): StoreChange[] {
  const changes: StoreChange[] = [];
  if (before === undefined)
    changes.push({ index: indexes.dossiers(after.tenant), add: after.dossierId, score: Date.parse(after.openedAt), was: null });
  const was = before === undefined ? null : nextDueMs(before);
  const next = nextDueMs(after);
  if (next !== was) {
    if (next !== null) changes.push({ index: indexes.timers, add: after.dossierId, score: next, was });
    else if (was !== null) changes.push({ index: indexes.timers, drop: after.dossierId, was });
  }
  for (const task of after.tasks) taskChanges(before, after, task, changes);
  if (after.formerTasks !== before?.formerTasks) {
    const known = new Set(before?.formerTasks);
    for (const task of after.formerTasks) if (!known.has(task)) taskChanges(before, after, task, changes);
  }
  return changes;
}

function taskChanges(before: DossierState | undefined, after: DossierState, task: Task, changes: StoreChange[]): void {
  const old = before === undefined ? undefined : taskOf(before, task.taskId);
  const list = listOf(after, task);
  const was = old === undefined ? 'none' : listOf(before as DossierState, old);
  if (list === was && old?.dueAt === task.dueAt) return;
  if (old !== undefined && was !== 'none')
    changes.push({ index: indexNamed(was, task.agency), drop: task.taskId, was: Date.parse(old.dueAt) });
  if (list !== 'none') changes.push({ index: indexNamed(list, task.agency), add: task.taskId, score: Date.parse(task.dueAt), was: null });
}

function listOf(state: DossierState, task: Task): 'open' | 'done' | 'none' {
  if (!task.asked) return 'none';
  const current = state.tasks.some((candidate) => candidate.taskId === task.taskId);
  return current && task.state !== 'withdrawn' && !isAnswered(task) ? 'open' : 'done';
}

function indexNamed(list: 'open' | 'done', agency: string): string {
  return list === 'open' ? indexes.openTasks(agency) : indexes.doneTasks(agency);
}

/** That a record made something happen in a dossier, for the feed of its tenant. */
export function feedChange(dossier: { tenant: string; dossierId: DossierId }, offset: number): StoreChange {
  const { tenant, dossierId } = dossier;
  return { index: indexes.feed(tenant), add: feedMember(dossierId, offset), score: eventScore(offset, 0), was: null };
}

/** The tenant's part of the id is the index's own; a short member is kept in less room. */
function feedMember(dossierId: DossierId, offset: number): string {
  return `${dossierId.slice(TENANT_HASH_LENGTH)}${offset.toString(36)}`;
}

/** The dossier and the offset behind an entry of a tenant's feed. */
export function readFeedMember(tenant: string, member: string): { dossierId: DossierId; offset: number } {
  const rest = DOSSIER_ID_LENGTH - TENANT_HASH_LENGTH;
  return { dossierId: tenantHashOf(tenant) + member.slice(0, rest), offset: parseInt(member.slice(rest), 36) };
}
