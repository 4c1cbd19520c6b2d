import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isoTime } from './core/deadlines';
import { ExchangeError } from './core/exchange-error';
import type { Clock } from './ports/clock';
import type { DossierStore } from './ports/dossier-store';
import type { MessageLog, OutgoingRecord } from './ports/message-log';
import { indexes, keys } from './read-model';

/**
 * Records that an operator has sent again, many and at a rate: redriven dead letters, requests. A job lives in the process that began it
 * and does not outlive it; how far it is stands in the store, so that any process tells it and stops it. To do it again is safe: every
 * record keeps its identity.
 */
export interface OperatorJob {
  jobId: string;
  kind: JobKind;
  /** lost: its process has not been heard of for half a minute. */
  state: 'running' | 'done' | 'stopped' | 'failed' | 'lost';
  startedBy: string;
  startedAt: string;
  updatedAt: string;
  recordsPerSecond: number;
  /** How many came to what: redriven, or why not. */
  outcomes: Record<string, number>;
  /** Where it failed: a code of the problem catalogue. */
  code?: string;
}

export type JobKind = 'redrive' | 'resend';

/** One thing that the job came to: a record to be sent, or why there is none. */
export interface JobItem {
  id: string;
  outcome: string;
  /** What else a preview shows of it: nothing declared. */
  about?: Readonly<Record<string, string>>;
  record?: OutgoingRecord;
}

export interface JobPreview {
  outcomes: Record<string, number>;
  /** The first of them, with what is shown of each. */
  items: ({ id: string; outcome: string } & Readonly<Record<string, string>>)[];
  /** True where there are more than were looked at. */
  truncated: boolean;
}

export interface OperatorJobsPorts {
  log: MessageLog;
  store: DossierStore;
  clock: Clock;
  /** Told of each, once the log has it where it was sent. */
  settled(kind: JobKind, outcome: string): void;
  failed(kind: JobKind, cause: unknown): void;
  /** Milliseconds; ends early when the signal aborts. A test's own. */
  pause?(ms: number, signal: AbortSignal): Promise<void>;
}

export const MAX_RECORDS_PER_SECOND = 10_000;
const MAX_RUNNING = 4;
/** Sent together at most. */
const GROUP_RECORDS = 100;
const GROUP_BYTES = 1024 * 1024;
const PREVIEW_ITEMS = 100;
const PREVIEW_LOOKED_AT = 10_000;
const SAVE_EVERY_MS = 1_000;
const LOST_AFTER_MS = 30_000;
/** Older ones are forgotten when a new one begins. */
const KEPT_JOBS = 100;
/** Where jobs stand in the store. */
const PARTITION = 0;

export class OperatorJobs {
  private readonly ports: OperatorJobsPorts;
  private readonly running = new Map<string, { stop: AbortController; ended: Promise<void> }>();

  constructor(ports: OperatorJobsPorts) {
    this.ports = ports;
  }

  /**
   * Begins, and returns as soon as the job can be asked for.
   * @throws ExchangeError `jobs-running` when this process has as many as it does at once; StoreUnavailable
   */
  async start(kind: JobKind, startedBy: string, recordsPerSecond: number, items: AsyncIterable<JobItem>): Promise<OperatorJob> {
    const { clock, store } = this.ports;
    if (this.running.size >= MAX_RUNNING)
      throw new ExchangeError('jobs-running', `${MAX_RUNNING} jobs run in this process`, { retriable: true });
    const now = isoTime(clock.nowMs());
    const job: OperatorJob = {
      jobId: randomUUID(),
      kind,
      state: 'running',
      startedBy,
      startedAt: now,
      updatedAt: now,
      recordsPerSecond,
      outcomes: {},
    };
    const stop = new AbortController();
    const entry = { stop, ended: Promise.resolve() };
    this.running.set(job.jobId, entry);
    try {
      await this.save(job);
      await store.write(PARTITION, [
        { index: indexes.operatorJobs, add: job.jobId, score: clock.nowMs(), was: null },
        ...(await this.forgotten()),
      ]);
    } catch (cause) {
      this.running.delete(job.jobId);
      throw cause;
    }
    entry.ended = this.run(job, items, stop.signal).finally(() => this.running.delete(job.jobId));
    return { ...job };
  }

  /** A few, at once and without a job: what came of each. */
  async sendNow(kind: JobKind, items: AsyncIterable<JobItem>): Promise<{ id: string; outcome: string }[]> {
    const all: { id: string; outcome: string }[] = [];
    let group: JobItem[] = [];
    let bytes = 0;
    for await (const item of items) {
      all.push({ id: item.id, outcome: item.outcome });
      group.push(item);
      bytes += item.record?.value.byteLength ?? 0;
      if (bytes < GROUP_BYTES) continue;
      await this.sendGroup(kind, group);
      group = [];
      bytes = 0;
    }
    await this.sendGroup(kind, group);
    return all;
  }

  /** What a job would come to. Nothing is sent. */
  async preview(items: AsyncIterable<JobItem>, told = PREVIEW_ITEMS): Promise<JobPreview> {
    const preview: JobPreview = { outcomes: {}, items: [], truncated: false };
    let lookedAt = 0;
    for await (const { id, outcome, about } of items) {
      if (lookedAt++ === PREVIEW_LOOKED_AT) return { ...preview, truncated: true };
      preview.outcomes[outcome] = (preview.outcomes[outcome] ?? 0) + 1;
      if (preview.items.length < told) preview.items.push({ ...about, id, outcome });
    }
    return preview;
  }

  async get(jobId: string): Promise<OperatorJob | undefined> {
    const [value] = await this.ports.store.getMany(PARTITION, [keys.operatorJob(jobId)]);
    return value == null ? undefined : this.asSeenNow(value);
  }

  /** Newest first. */
  async list(): Promise<OperatorJob[]> {
    const entries = await this.ports.store.range(PARTITION, indexes.operatorJobs, { limit: KEPT_JOBS, reverse: true });
    if (entries.length === 0) return [];
    const values = await this.ports.store.getMany(
      PARTITION,
      entries.map(({ member }) => keys.operatorJob(member)),
    );
    return values.flatMap((value) => (value === null ? [] : [this.asSeenNow(value)]));
  }

  /** Tells the job, whichever process has it, to stop before its next records; undefined where there is none. */
  async stop(jobId: string): Promise<OperatorJob | undefined> {
    if ((await this.get(jobId)) === undefined) return undefined;
    await this.ports.store.write(PARTITION, [{ put: keys.operatorJobStop(jobId), value: '1' }]);
    const own = this.running.get(jobId);
    own?.stop.abort();
    await own?.ended;
    return this.get(jobId);
  }

  /** Stops those of this process. */
  async close(): Promise<void> {
    const all = [...this.running.values()];
    for (const { stop } of all) stop.abort();
    await Promise.all(all.map(({ ended }) => ended));
  }

  private async run(job: OperatorJob, items: AsyncIterable<JobItem>, signal: AbortSignal): Promise<void> {
    const saving = setInterval(() => void this.save(job).catch(() => undefined), SAVE_EVERY_MS).unref();
    try {
      job.state = (await this.sendAll(job, items, signal)) ? 'done' : 'stopped';
    } catch (cause) {
      job.state = 'failed';
      job.code = cause instanceof ExchangeError ? cause.code : 'internal';
      this.ports.failed(job.kind, cause);
    }
    clearInterval(saving);
    await this.save(job).catch((cause: unknown) => this.ports.failed(job.kind, cause));
  }

  /** False when it was stopped. */
  private async sendAll(job: OperatorJob, items: AsyncIterable<JobItem>, signal: AbortSignal): Promise<boolean> {
    const { clock } = this.ports;
    const pause = this.ports.pause ?? ((ms: number) => sleep(ms, undefined, { signal }).catch(() => undefined));
    const startedMs = clock.monotonicMs();
    // Ten groups a second, so that a stop is heard and a rate is even.
    const groupRecords = Math.min(GROUP_RECORDS, Math.max(1, Math.floor(job.recordsPerSecond / 10)));
    let sent = 0;
    let group: JobItem[] = [];
    let bytes = 0;
    for await (const item of items) {
      if (signal.aborted) return false;
      group.push(item);
      bytes += item.record?.value.byteLength ?? 0;
      if (group.length < groupRecords && bytes < GROUP_BYTES) continue;
      if (await this.isToldToStop(job, signal)) return false;
      sent += await this.sendGroup(job.kind, group, job.outcomes);
      group = [];
      bytes = 0;
      const waitMs = startedMs + (sent / job.recordsPerSecond) * 1000 - clock.monotonicMs();
      if (waitMs > 0) await pause(waitMs, signal);
    }
    if (await this.isToldToStop(job, signal)) return false;
    await this.sendGroup(job.kind, group, job.outcomes);
    return true;
  }

  /** Counts what came of each once the log has it; returns how many records were sent. */
  private async sendGroup(kind: JobKind, group: readonly JobItem[], outcomes: Record<string, number> = {}): Promise<number> {
    const records = group.flatMap(({ record }) => (record === undefined ? [] : [record]));
    if (records.length > 0) await this.ports.log.append(records);
    for (const { outcome } of group) {
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      this.ports.settled(kind, outcome);
    }
    return records.length;
  }

  private async isToldToStop(job: OperatorJob, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return true;
    const [told] = await this.ports.store.getMany(PARTITION, [keys.operatorJobStop(job.jobId)]);
    return told != null;
  }

  private save(job: OperatorJob): Promise<void> {
    job.updatedAt = isoTime(this.ports.clock.nowMs());
    return this.ports.store.write(PARTITION, [{ put: keys.operatorJob(job.jobId), value: JSON.stringify(job) }]);
  }

  private async forgotten() {
    const { store } = this.ports;
    const count = await store.count(PARTITION, indexes.operatorJobs);
    const old = count < KEPT_JOBS ? [] : await store.range(PARTITION, indexes.operatorJobs, { limit: count - KEPT_JOBS + 1 });
    return old.flatMap(({ member }) => [
      { index: indexes.operatorJobs, drop: member },
      { remove: keys.operatorJob(member) },
      { remove: keys.operatorJobStop(member) },
    ]);
  }

  private asSeenNow(value: Buffer): OperatorJob {
    const job = JSON.parse(value.toString()) as OperatorJob;
    const silentMs = this.ports.clock.nowMs() - Date.parse(job.updatedAt);
    return job.state === 'running' && silentMs > LOST_AFTER_MS ? { ...job, state: 'lost' } : job;
  }
}
