import cluster, { type Worker } from 'node:cluster';
import { countsOf, type MetricsSnapshot } from '../metrics/merge-metrics';
import type { Health, Peers, ProcessReport } from '../../process-report';
import type { ReportRequest, ToPrimary } from './messages';

/**
 * Several intake processes on one port, by node:cluster: the primary accepts connections and deals them out in turn, so that a worker
 * that stands still gets no more of them. A worker that ends is replaced, at a bounded pace; what it had counted is kept.
 */
export interface IntakeWorkersOptions {
  count: number;
  /** The program, as the primary was started with. */
  exec: string;
  onWarning(message: string, context: Record<string, unknown>): void;
  /** Another port than before: it was left to the system (PORT=0), and for a moment no worker was there to hold it. */
  onMoved(url: string): void;
}

/** A connection on its way to a worker. */
interface Handle {
  close(): void;
}

interface Slot {
  number: number;
  worker: Worker | undefined;
  url: string | undefined;
  startedMs: number;
  /** Ends in a row, each soon after its start. */
  quickEnds: number;
  again: NodeJS.Timeout | undefined;
  /** The last connection that it was given. */
  connection: Handle | undefined;
  /** What it last said it had counted. */
  metrics: MetricsSnapshot | undefined;
}

/** A worker that lived so long is replaced at once. */
const STEADY_MS = 10_000;
const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 30_000;
/** A worker whose log or store is away says so after its own time limits; a scrape waits 10 s. */
const REPORT_WITHIN_MS = 4_000;
/** Requests under way get 10 s (app.ts); the rest is closing. */
const STOP_WITHIN_MS = 15_000;

export class IntakeWorkers implements Peers {
  onReplaced = (): void => undefined;
  private readonly options: IntakeWorkersOptions;
  private readonly slots: Slot[];
  private readonly asked = new Map<number, (report: ProcessReport | undefined) => void>();
  private lastId = 0;
  /** Counts of workers that are gone. */
  private departed: Promise<MetricsSnapshot> = Promise.resolve([]);
  private port: string | undefined;
  private isStopping = false;
  private isStarted = false;

  constructor(options: IntakeWorkersOptions) {
    this.options = options;
    this.slots = Array.from({ length: options.count }, (_, i) => ({
      number: i + 1,
      worker: undefined,
      url: undefined,
      startedMs: 0,
      quickEnds: 0,
      again: undefined,
      connection: undefined,
      metrics: undefined,
    }));
  }

  /**
   * Starts all; the address when every one listens.
   * @throws when one ends before: what it could not do, another could not either
   */
  async start(): Promise<string> {
    // advanced: NaN and Infinity, which metrics may have, survive.
    cluster.setupPrimary({ exec: this.options.exec, args: [], serialization: 'advanced' });
    cluster.schedulingPolicy = cluster.SCHED_RR;
    const urls = await Promise.all(this.slots.map((slot) => this.fork(slot)));
    this.isStarted = true;
    return urls[0] ?? '';
  }

  async reports(): Promise<{ dependencies: Health['dependencies']; metrics: MetricsSnapshot[] }> {
    const dependencies: Health['dependencies'] = {};
    await Promise.all(
      this.slots.map(async (slot) => {
        dependencies[`worker-${slot.number}`] = stateOf(slot, await this.report(slot));
      }),
    );
    const metrics = [await this.departed, ...this.slots.map((slot) => slot.metrics ?? [])];
    return { dependencies: Object.fromEntries(Object.entries(dependencies).sort(byNumber)), metrics };
  }

  async metricsOf(worker: number): Promise<MetricsSnapshot | undefined> {
    const slot = this.slots.find(({ number }) => number === worker);
    return slot === undefined ? undefined : (await this.report(slot))?.metrics;
  }

  /** Tells all that listen to read their keys and certificates again; those that are starting read them anyway. */
  reload(): void {
    for (const { worker, url } of this.slots) if (url !== undefined) worker?.process.kill('SIGHUP');
  }

  /** Lets all drain and end; those that do not in time are killed: nothing is lost then either. */
  async stop(): Promise<void> {
    this.isStopping = true;
    const ended = this.slots.map(async ({ worker, again }): Promise<void> => {
      clearTimeout(again);
      if (worker === undefined || worker.isDead()) return;
      const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
      // A signal and no message: one that is still starting would not hear it.
      worker.process.kill('SIGTERM');
      await gone;
    });
    const late = setTimeout(() => {
      for (const { number, worker } of this.slots)
        if (worker?.isDead() === false) {
          this.options.onWarning('a worker did not end in time and is killed', { worker: number });
          worker.process.kill('SIGKILL');
        }
    }, STOP_WITHIN_MS);
    await Promise.all(ended);
    clearTimeout(late);
  }

  /** The address of the worker once it listens. */
  private fork(slot: Slot): Promise<string> {
    // While a worker is left, the port is held under the name that it was asked for by, be it 0.
    const isHeld = this.slots.some(({ worker }) => worker?.isDead() === false);
    const worker = cluster.fork(this.port !== undefined && !isHeld ? { PORT: this.port } : {});
    Object.assign(slot, { worker, url: undefined, startedMs: performance.now(), metrics: undefined } satisfies Partial<Slot>);
    this.watchConnections(slot, worker);
    return new Promise((resolve, reject) => {
      worker.on('message', (message: ToPrimary) => {
        if (message.tell === 'listening') {
          slot.url = message.url;
          this.settleOn(message.url);
          resolve(message.url);
          return;
        }
        slot.metrics = message.report.metrics;
        if (message.id !== undefined) this.asked.get(message.id)?.(message.report);
      });
      worker.on('error', (cause: Error) => this.options.onWarning('a worker', { worker: slot.number, reason: cause.message }));
      worker.once('exit', (code: number, signal: string | null) => {
        this.leave(slot, code, signal);
        reject(new Error(`intake worker ${slot.number} ended with ${signal ?? code} before it listened`));
      });
    });
  }

  /**
   * node:cluster forgets a connection that was handed to a worker which died before it took it: it would stay open in the primary, and
   * its client would wait for ever (there is one at most: a worker gets the next after it took the last). Closed, the client is reset and
   * sends again.
   */
  private watchConnections(slot: Slot, worker: Worker): void {
    const child = worker.process;
    const send = child.send.bind(child) as (...args: unknown[]) => boolean;
    child.send = (...args: unknown[]): boolean => {
      const handle = args[1];
      if (isHandle(handle)) {
        // One that a draining worker gave back is another's now.
        for (const other of this.slots) if (other.connection === handle) other.connection = undefined;
        slot.connection = handle;
      }
      return send(...args);
    };
  }

  private settleOn(url: string): void {
    const { port } = new URL(url);
    if (this.isStarted && this.port !== port) this.options.onMoved(url);
    this.port = port;
  }

  private leave(slot: Slot, code: number, signal: string | null): void {
    const { metrics, connection } = slot;
    Object.assign(slot, { worker: undefined, url: undefined, connection: undefined, metrics: undefined } satisfies Partial<Slot>);
    connection?.close();
    if (metrics !== undefined) this.departed = this.departed.then((before) => countsOf([before, metrics]));
    if (this.isStopping || !this.isStarted) return;
    const isSteady = performance.now() - slot.startedMs >= STEADY_MS;
    slot.quickEnds = isSteady ? 0 : slot.quickEnds + 1;
    const pauseMs = isSteady ? 0 : Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (slot.quickEnds - 1));
    this.onReplaced();
    this.options.onWarning('a worker ended and is replaced', { worker: slot.number, code, signal, pauseMs });
    // Whether it comes up is seen at its next end.
    slot.again = setTimeout(() => void this.fork(slot).catch(() => undefined), pauseMs);
  }

  private report(slot: Slot): Promise<ProcessReport | undefined> {
    const { worker, url } = slot;
    if (worker === undefined || url === undefined || !worker.isConnected()) return Promise.resolve(undefined);
    const id = ++this.lastId;
    return new Promise((resolve) => {
      const settle = (report: ProcessReport | undefined): void => {
        clearTimeout(late);
        this.asked.delete(id);
        resolve(report);
      };
      const late = setTimeout(settle, REPORT_WITHIN_MS, undefined);
      this.asked.set(id, settle);
      const message: ReportRequest = { ask: 'report', id };
      worker.send(message, (cause: Error | null) => {
        if (cause !== null) settle(undefined);
      });
    });
  }
}

function isHandle(value: unknown): value is Handle {
  return typeof value === 'object' && value !== null && 'close' in value && typeof value.close === 'function';
}

function stateOf(slot: Slot, report: ProcessReport | undefined): { ok: boolean; detail: string } {
  if (slot.worker === undefined) return { ok: false, detail: 'ended, is being replaced' };
  const pid = `pid ${slot.worker.process.pid ?? 'unknown'}`;
  if (slot.url === undefined) return { ok: false, detail: `${pid}, is starting` };
  if (report === undefined) return { ok: false, detail: `${pid}, does not answer` };
  const { ready, dependencies } = report.health;
  const faults = Object.entries(dependencies).flatMap(([name, { ok, detail }]) => (ok ? [] : [`${name}: ${detail ?? 'not ok'}`]));
  return { ok: ready, detail: [pid, ...faults].join(', ') };
}

function byNumber([a]: [string, unknown], [b]: [string, unknown]): number {
  return Number(a.split('-')[1]) - Number(b.split('-')[1]);
}
