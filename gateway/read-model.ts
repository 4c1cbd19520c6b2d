import type { DossierState } from './core/dossier';
import { isAnswered } from './core/clearance';
import { isoTime } from './core/deadlines';
import { hashOf, tenantHashOf, type DossierId } from './core/identifiers';
import type { DossierEvent } from './core/fold';
import { timersOf } from './core/fold';
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
  /** Receipt of (message id, digest) within a dossier. */
  receipt: (dossierId: DossierId, messageId: string, digest: string) => `rc:${dossierId}:${hashOf(24, messageId, digest)}`,
  /** The newest receipt of a dossier: what a read shows before the fold got there. */
  anyReceipt: (dossierId: DossierId) => `rx:${dossierId}`,
  /** Which dossier a message id that opened none went to; stands in the partition of the dossier it would have opened. */
  message: (wouldBe: DossierId) => `mi:${wouldBe}`,
  rejection: (dossierId: DossierId) => `rj:${dossierId}`,
  /** Events of a record, `partition-offset`. */
  events: (record: string) => `ve:${record}`,
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
  timers: 'tm',
  dossiers: (tenant: string) => `tn:${tenantHashOf(tenant)}`,
  events: (dossierId: DossierId) => `ev:${dossierId}`,
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

/** What one record made happen in a dossier: written together, read together. */
interface RecordEvents {
  dossierId: string;
  dossierCode: string;
  events: readonly DossierEvent[];
}

export function eventScore(offset: number, place: number): number {
  return offset * EVENTS_PER_OFFSET + Math.min(place, EVENTS_PER_OFFSET - 1);
}

/** Where in an index to begin for events from a score on: their record may have earlier ones. */
export function recordScore(score: number): number {
  return score - (score % EVENTS_PER_OFFSET);
}

/** The events of a record from a score on; `record` is the index member, `partition-offset`. */
export function readEvents(record: string, value: Buffer, fromScore: number): StoredEvent[] {
  const { dossierId, dossierCode, events } = JSON.parse(value.toString()) as RecordEvents;
  const offset = Number(record.slice(record.indexOf('-') + 1));
  return events
    .map((event, place) => ({ id: `${record}-${place}`, dossierId, dossierCode, ...event }))
    .filter((_, place) => eventScore(offset, place) >= fromScore);
}

/** Score behind an event id or cursor part `offset-place`. */
export function scoreOfEventId(id: string): { partition: number; score: number } | undefined {
  const match = /^(\d{1,4})-(\d{1,15})-(\d{1,2})$/.exec(id);
  if (match === null) return undefined;
  return { partition: Number(match[1]), score: eventScore(Number(match[2]), Number(match[3])) };
}

export function timerMember(dossierId: DossierId, timer: string): string {
  return `${dossierId}|${timer}`;
}

export function parseTimerMember(member: string): { dossierId: DossierId; timer: string } {
  const bar = member.indexOf('|');
  return { dossierId: member.slice(0, bar), timer: member.slice(bar + 1) };
}

/** Index changes between two states of a dossier: timers, task lists, the tenant's list. */
export function indexChanges(before: DossierState | undefined, after: DossierState): StoreChange[] {
  const changes: StoreChange[] = [];
  if (before === undefined)
    changes.push({ index: indexes.dossiers(after.tenant), add: after.dossierId, score: Date.parse(after.openedAt), was: null });
  const old = before === undefined ? new Map<string, string>() : timersOf(before);
  const now = timersOf(after);
  for (const [timer, dueAt] of now) {
    const before = old.get(timer);
    if (before === dueAt) continue;
    const was = before === undefined ? null : Date.parse(before);
    changes.push({ index: indexes.timers, add: timerMember(after.dossierId, timer), score: Date.parse(dueAt), was });
  }
  for (const [timer, dueAt] of old)
    if (!now.has(timer)) changes.push({ index: indexes.timers, drop: timerMember(after.dossierId, timer), was: Date.parse(dueAt) });
  const oldTasks = new Map([...(before?.tasks ?? []), ...(before?.formerTasks ?? [])].map((task) => [task.taskId, task]));
  for (const task of [...after.tasks, ...after.formerTasks]) {
    const list = listOf(after, task);
    const old = oldTasks.get(task.taskId);
    const was = old === undefined ? 'none' : listOf(before, old);
    if (list === was && old?.dueAt === task.dueAt) continue;
    if (old !== undefined && was !== 'none')
      changes.push({ index: indexNamed(was, task.agency), drop: task.taskId, was: Date.parse(old.dueAt) });
    if (list !== 'none') changes.push({ index: indexNamed(list, task.agency), add: task.taskId, score: Date.parse(task.dueAt), was: null });
  }
  return changes;
}

function listOf(state: DossierState | undefined, task: DossierState['tasks'][number]): 'open' | 'done' | 'none' {
  if (!task.asked) return 'none';
  const current = state?.tasks.some((candidate) => candidate.taskId === task.taskId) === true;
  return current && task.state !== 'withdrawn' && !isAnswered(task) ? 'open' : 'done';
}

function indexNamed(list: 'open' | 'done', agency: string): string {
  return list === 'open' ? indexes.openTasks(agency) : indexes.doneTasks(agency);
}

/** Events of one record, for the dossier's stream and the tenant's feed. */
export function eventChanges(
  dossier: { tenant: string; dossierId: string; dossierCode: string },
  events: readonly DossierEvent[],
  position: { partition: number; offset: number },
): StoreChange[] {
  const { dossierId, dossierCode, tenant } = dossier;
  const record = `${position.partition}-${position.offset}`;
  const value: RecordEvents = { dossierId, dossierCode, events };
  const score = eventScore(position.offset, 0);
  return [
    { put: keys.events(record), value: JSON.stringify(value) },
    { index: indexes.events(dossierId), add: record, score, was: null },
    { index: indexes.feed(tenant), add: record, score, was: null },
  ];
}
