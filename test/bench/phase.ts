import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FromLoad, LoadConfig, LoadResult, Tenant, ToLoad } from '../load/load';
import { faultsOf, type Cleared } from './acknowledged';
import { exited, forkScript, messageOf } from './children';
import type { RunningGateway } from './gateway-under-test';
import type { PageFigures } from './metrics-page';
import { machineBusySeconds, usageOf, type Usage } from './process-usage';
import { distributionOf, spreadOf, type Distribution, type Spread } from './statistics';
import { untilSteady, type Steadiness, type WarmUp } from './steady';

/** One kind of load on a running gateway: warm-up, then windows in which everything is measured. */
export interface PhaseOptions {
  name: string;
  load: Omit<LoadConfig, 'url' | 'tenants' | 'run' | 'resultFile'>;
  steadiness: Steadiness;
  seconds: number;
  repetitions: number;
  profile?: boolean;
  /** Instead of a warm-up and windows of one length: what is done, and measured, while the load runs. */
  scenario?: (live: LiveLoad) => Promise<void>;
}

/** A load that runs. */
export interface LiveLoad {
  gateway: RunningGateway;
  /** Declarations acknowledged, and done, since it began. */
  acknowledged(): number;
  done(): number;
  /** Resolves when the load is so old: what `rate` steps are counted from. */
  untilAge(seconds: number): Promise<void>;
  /** Measures while `work` is under way; windows of one name become one result. */
  measure(name: string, work: () => Promise<unknown>): Promise<void>;
}

export interface PhaseWorld {
  gateway: RunningGateway;
  /** Of the declarations, by tenant. */
  shares: readonly number[];
  /** Declarations that are done so far: cleared, or where nobody folds, received. Counted on the log. */
  done(): Promise<number>;
  /** CPU of the servers. */
  servers(): Record<string, Usage>;
  /** A folder for files of the run. */
  folder: string;
}

interface Window {
  name: string;
  fromMs: number;
  toMs: number;
  doneBefore: number;
  doneAfter: number;
  before: Record<string, Usage>;
  after: Record<string, Usage>;
  pagesBefore: Record<string, PageFigures>;
  pagesAfter: Record<string, PageFigures>;
  /** CPU seconds of the whole machine. */
  busyBefore: number | undefined;
  busyAfter: number | undefined;
}

/** What was seen while the load ran; judged when the log can be read (the embedded one: when the gateway has stopped). */
export interface PhaseRun {
  options: PhaseOptions;
  warmUp: WarmUp;
  windows: Window[];
  resultFile: string;
}

export interface PhaseResult {
  name: string;
  load: PhaseOptions['load'] & { bytesPerRequest: number };
  /** Faults of the gate, of the whole load: empty, or the figures count for nothing. */
  faults: string[];
  warmUp: WarmUp;
  windowSeconds: number;
  acknowledgedPerSecond: Spread;
  /** Declarations cleared (intake alone: received) per second, by the log's own times. */
  donePerSecond: Spread;
  /** Acknowledged by the whole load, replays apart. */
  declarations: number;
  /** Cores that other processes of the machine used meanwhile: with more than a few hundredths the absolute figures say little. */
  othersCores: number | undefined;
  /** CPU seconds per 1,000 done, by process. */
  cpu: Record<string, Spread>;
  rssBytes: Record<string, number>;
  loopDelayMs: Record<string, PageFigures['loopDelayMs']>;
  /** Share of the time in garbage collection, a lower bound. */
  gcShare: Record<string, number>;
  /** Seconds of each stage per occurrence, as the gateway's own metric has it. */
  stageMs: Record<string, number>;
  /** Milliseconds from the intended start; of every window. */
  answered: Distribution | undefined;
  cleared: Distribution | undefined;
  /** Open loop: how late the generator was. */
  lateMs: Distribution | undefined;
  /** Whether the load generator was the limit: near one core it is. */
  generator: { cpuMsPerRequest: number; cores: number } | undefined;
  statuses: Record<string, number>;
  /** Where there is more than one: what each got, of what began in the windows. */
  tenants?: TenantResult[];
}

export interface TenantResult {
  share: number;
  acknowledged: number;
  refused: number;
  answered: Distribution | undefined;
  cleared: Distribution | undefined;
}

/** The benchmark itself: it asks the log how much is done. */
function own(): Record<string, Usage> {
  const { user, system } = process.cpuUsage();
  const { heapTotal, external } = process.memoryUsage();
  return { bench: { cpuSeconds: (user + system) / 1e6, rssBytes: heapTotal + external } };
}

const COUNT_EVERY_MS = 100;
const DRAIN_WITHIN_MS = 600_000;
const STUCK_AFTER_MS = 20_000;
const STILL_FOR_MS = 4_000;

let runs = 0;

export async function runPhase(world: PhaseWorld, options: PhaseOptions): Promise<PhaseRun> {
  const { gateway } = world;
  const run = `r${String(++runs).padStart(4, '0')}`;
  const resultFile = path.join(world.folder, `${run}.json`);
  const tenants = world.shares.map((share, i): Tenant => ({ share, token: gateway.tokens[i] ?? '' }));
  const config: LoadConfig = { ...options.load, url: gateway.url, tenants, run, resultFile };
  const doneBefore = await world.done();
  let done = 0;
  let acknowledged = 0;
  let startedMs = NaN;
  const child = forkScript(path.join(__dirname, '..', 'load', 'load.ts'), config);
  child.on('message', (message: FromLoad) => {
    if (message !== 'done') ({ acknowledged, startedMs } = message);
  });
  const say = (message: ToLoad): void => {
    if (child.connected) child.send(message);
  };
  let counting = true;
  const counter = (async () => {
    while (counting) {
      done = (await world.done()) - doneBefore;
      if (config.inFlight !== undefined) say({ cleared: done });
      await sleep(COUNT_EVERY_MS);
    }
  })();
  counter.catch(() => undefined);

  const look = async (): Promise<{
    usage: Record<string, Usage>;
    pages: Record<string, PageFigures>;
    busy: number | undefined;
    atMs: number;
    done: number;
  }> => {
    const generator = usageOf(child.pid);
    const usage = { ...gateway.usage(), ...world.servers(), ...(generator === undefined ? {} : { generator }), ...own() };
    const now = { usage, busy: machineBusySeconds(), atMs: Date.now(), done };
    // A gateway under load may take a second for these: they come when the window has its ends.
    return { ...now, pages: await gateway.figures() };
  };
  const windows: Window[] = [];
  const measure = async (name: string, work: () => Promise<unknown>): Promise<void> => {
    const before = await look();
    const isProfiled = options.profile === true && windows.length === 0;
    if (isProfiled) gateway.toggleProfiles();
    await work();
    if (isProfiled) gateway.toggleProfiles();
    const after = await look();
    windows.push({
      name,
      fromMs: before.atMs,
      toMs: after.atMs,
      doneBefore: before.done,
      doneAfter: after.done,
      before: before.usage,
      after: after.usage,
      pagesBefore: before.pages,
      pagesAfter: after.pages,
      busyBefore: before.busy,
      busyAfter: after.busy,
    });
  };
  const ended = new Promise<never>((_, reject) => {
    child.once('exit', (code) => reject(new Error(`the load generator ended with ${String(code)}`)));
  });
  ended.catch(() => undefined);
  const untilAge = async (seconds: number): Promise<void> => {
    while (!(Date.now() >= startedMs + seconds * 1000)) await sleep(20);
  };
  let warmUp: WarmUp = { steady: true, seconds: 0, rates: [] };
  const work = async (): Promise<void> => {
    if (options.scenario !== undefined)
      return options.scenario({ gateway, acknowledged: () => acknowledged, done: () => done, untilAge, measure });
    warmUp = await untilSteady(options.steadiness, () => (config.rate === undefined ? done : acknowledged));
    for (let i = 0; i < options.repetitions; i++) await measure(options.name, () => sleep(options.seconds * 1000));
  };
  await Promise.race([work(), ended]);
  const written = messageOf(child, (message): message is 'done' => message === 'done');
  say('stop');
  await written;
  await exited(child);
  counting = false;
  await counter;
  await drained(world, doneBefore, (JSON.parse(readFileSync(resultFile, 'utf8')) as LoadResult).kinds);
  return { options, warmUp, windows, resultFile };
}

/** Declarations done per second as they were counted while the load ran: what later phases are measured against. */
export function doneRateOf({ windows }: PhaseRun): number {
  return spreadOf(windows.map(({ fromMs, toMs, doneBefore, doneAfter }) => ((doneAfter - doneBefore) * 1000) / (toMs - fromMs))).median;
}

/** Until everything is done, or nothing more comes: the gate tells which. */
async function drained(world: PhaseWorld, doneBefore: number, kinds: LoadResult['kinds']): Promise<void> {
  const expected = kinds.filter((kind) => kind === 'original').length;
  const untilMs = performance.now() + DRAIN_WITHIN_MS;
  let last = -1;
  let sinceMs = performance.now();
  while (performance.now() < untilMs) {
    const done = (await world.done()) - doneBefore;
    if (done !== last) [last, sinceMs] = [done, performance.now()];
    const stillMs = performance.now() - sinceMs;
    // Amendments make versions of their own: how many is for the gate to say.
    const isDone = done >= expected;
    if (stillMs >= (!isDone ? STUCK_AFTER_MS : kinds.includes('amendment') || done > expected ? STILL_FOR_MS : COUNT_EVERY_MS)) return;
    await sleep(COUNT_EVERY_MS);
  }
}

/** A run with what its load wrote. */
export interface JudgedRun {
  run: PhaseRun;
  result: LoadResult;
  /** One for each name of its windows. */
  phases: PhaseResult[];
  faults: string[];
}

export function judge(run: PhaseRun, cleared: ReadonlyMap<string, Cleared>, shares: readonly number[]): JudgedRun {
  const result = JSON.parse(readFileSync(run.resultFile, 'utf8')) as LoadResult;
  const faults = faultsOf(result, cleared);
  const names = [...new Set(run.windows.map(({ name }) => name))];
  const phases = names.map((name) =>
    resultOf(
      name,
      run,
      run.windows.filter((window) => window.name === name),
      result,
      cleared,
      shares,
      faults,
    ),
  );
  return { run, result, phases, faults };
}

function resultOf(
  name: string,
  { options, warmUp }: PhaseRun,
  windows: readonly Window[],
  result: LoadResult,
  cleared: ReadonlyMap<string, Cleared>,
  shares: readonly number[],
  faults: string[],
): PhaseResult {
  const inWindow = (ms: number): number => windows.findIndex(({ fromMs, toMs }) => ms >= fromMs && ms < toMs);
  const [acknowledged, done, requests] = [windows.map(() => 0), windows.map(() => 0), windows.map(() => 0)];
  const count = (counts: number[], ms: number): void => {
    const i = inWindow(ms);
    if (i >= 0) counts[i] = (counts[i] ?? 0) + 1;
  };
  const seen = shares.map(() => ({ answered: [] as number[], cleared: [] as number[], refused: 0 }));
  const statuses: Record<string, number> = {};
  result.dossierIds.forEach((dossierId, i) => {
    const intendedMs = result.intendedMs[i] ?? NaN;
    const answeredMs = result.answeredMs[i] ?? NaN;
    count(acknowledged, answeredMs);
    count(requests, intendedMs);
    const isMeasured = inWindow(intendedMs) >= 0;
    const tenant = seen[result.tenants[i] ?? 0];
    if (isMeasured) {
      tenant?.answered.push(answeredMs - intendedMs);
      statuses['202'] = (statuses['202'] ?? 0) + 1;
    }
    const atMs = cleared.get(dossierId)?.atMs[0];
    if (result.kinds[i] !== 'original' || atMs === undefined) return;
    count(done, atMs);
    if (isMeasured) tenant?.cleared.push(atMs - intendedMs);
  });
  result.others.intendedMs.forEach((intendedMs, i) => {
    if (inWindow(intendedMs) < 0) return;
    count(requests, intendedMs);
    const status = String(result.others.status[i] ?? 0);
    statuses[status] = (statuses[status] ?? 0) + 1;
    const tenant = seen[result.others.tenants[i] ?? 0];
    if (tenant !== undefined) tenant.refused++;
  });
  const seconds = windows.map(({ fromMs, toMs }) => (toMs - fromMs) / 1000);
  const perSecond = (counts: number[]): Spread => spreadOf(counts.map((n, i) => n / (seconds[i] ?? NaN)));
  const last = windows.at(-1);
  return {
    name,
    load: { ...options.load, bytesPerRequest: result.bytesPerRequest },
    faults,
    warmUp,
    windowSeconds: spreadOf(seconds).median,
    declarations: result.kinds.filter((kind) => kind !== 'replay').length,
    othersCores: othersOf(windows, seconds),
    acknowledgedPerSecond: perSecond(acknowledged),
    donePerSecond: perSecond(done),
    cpu: Object.fromEntries(
      Object.keys(last?.after ?? {}).map((process) => [
        process,
        spreadOf(windows.map((window, i) => usedBy(window, process) / ((done[i] ?? NaN) / 1000))),
      ]),
    ),
    rssBytes: Object.fromEntries(Object.entries(last?.after ?? {}).map(([process, { rssBytes }]) => [process, rssBytes])),
    ...pageFigures(windows, seconds),
    answered: distributionOf(seen.flatMap(({ answered }) => answered)),
    cleared: distributionOf(seen.flatMap(({ cleared: ms }) => ms)),
    lateMs: distributionOf(result.lateMs),
    generator: generatorOf(windows, requests, seconds),
    statuses,
    ...(shares.length < 2
      ? {}
      : {
          tenants: seen.map(({ answered, cleared: ms, refused }, i) => ({
            share: shares[i] ?? NaN,
            acknowledged: answered.length,
            refused,
            answered: distributionOf(answered),
            cleared: distributionOf(ms),
          })),
        }),
  };
}

/** CPU seconds of a process in a window; of one that was started meanwhile: all it used. */
function usedBy({ before, after }: Window, process: string): number {
  return (after[process]?.cpuSeconds ?? NaN) - (before[process]?.cpuSeconds ?? 0);
}

function generatorOf(windows: readonly Window[], requests: readonly number[], seconds: readonly number[]): PhaseResult['generator'] {
  const cpuSeconds = windows.reduce((sum, window) => sum + usedBy(window, 'generator'), 0);
  const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
  if (!Number.isFinite(cpuSeconds)) return undefined;
  return { cpuMsPerRequest: (cpuSeconds * 1000) / total(requests), cores: cpuSeconds / total(seconds) };
}

/** What the machine was busy with beside us. */
function othersOf(windows: readonly Window[], seconds: readonly number[]): number | undefined {
  let cores = 0;
  for (const [i, window] of windows.entries()) {
    const { after, busyBefore, busyAfter } = window;
    if (busyBefore === undefined || busyAfter === undefined) return undefined;
    const ours = Object.keys(after).reduce((sum, name) => sum + usedBy(window, name), 0);
    cores = Math.max(cores, (busyAfter - busyBefore - ours) / (seconds[i] ?? NaN));
  }
  return cores;
}

function pageFigures(windows: readonly Window[], seconds: readonly number[]): Pick<PhaseResult, 'loopDelayMs' | 'gcShare' | 'stageMs'> {
  const totalSeconds = seconds.reduce((sum, value) => sum + value, 0);
  const [first, last] = [windows[0]?.pagesBefore ?? {}, windows.at(-1)?.pagesAfter ?? {}];
  const stages = new Map<string, { seconds: number; count: number }>();
  const loopDelayMs: PhaseResult['loopDelayMs'] = {};
  const gcShare: PhaseResult['gcShare'] = {};
  for (const [name, page] of Object.entries(last)) {
    // Each scrape begins a new histogram; the worst of the windows is shown.
    const delays = windows.flatMap(({ pagesAfter }) => pagesAfter[name]?.loopDelayMs ?? []);
    const worst = (of: 'mean' | 'p99' | 'max'): number => Math.max(...delays.map((delay) => delay[of]));
    loopDelayMs[name] = { mean: worst('mean'), p99: worst('p99'), max: worst('max') };
    gcShare[name] = (page.gcSeconds - (first[name]?.gcSeconds ?? 0)) / totalSeconds;
    for (const [stage, after] of Object.entries(page.stages)) {
      const known = first[name]?.stages[stage];
      // A process that was started again counts from nothing.
      const before = known === undefined || known.count > after.count ? { seconds: 0, count: 0 } : known;
      const sum = stages.get(stage) ?? { seconds: 0, count: 0 };
      stages.set(stage, { seconds: sum.seconds + after.seconds - before.seconds, count: sum.count + after.count - before.count });
    }
  }
  const stageMs = Object.fromEntries([...stages].map(([stage, sum]) => [stage, sum.count === 0 ? 0 : (sum.seconds * 1000) / sum.count]));
  return { loopDelayMs, gcShare, stageMs };
}
