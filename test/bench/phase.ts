import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FromLoad, LoadConfig, LoadResult, ToLoad } from '../load/load';
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
  load: Omit<LoadConfig, 'url' | 'token' | 'run' | 'resultFile'>;
  steadiness: Steadiness;
  seconds: number;
  repetitions: number;
  profile?: boolean;
}

export interface PhaseWorld {
  gateway: RunningGateway;
  /** Declarations that are done so far: cleared, or where nobody folds, received. Counted on the log. */
  done(): Promise<number>;
  /** CPU of the servers. */
  servers(): Record<string, Usage>;
  /** A folder for files of the run. */
  folder: string;
}

interface Window {
  fromMs: number;
  toMs: number;
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
  /** Faults of the gate: empty, or the figures count for nothing. */
  faults: string[];
  warmUp: WarmUp;
  windowSeconds: number;
  acknowledgedPerSecond: Spread;
  /** Declarations cleared (intake alone: received) per second, by the log's own times. */
  donePerSecond: Spread;
  /** Acknowledged in all, replays apart. */
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
  statuses: Record<string, number>;
}

/** The benchmark itself: it asks the log how much is done. */
function own(): Record<string, Usage> {
  const { user, system } = process.cpuUsage();
  const { heapTotal, external } = process.memoryUsage();
  return { bench: { cpuSeconds: (user + system) / 1e6, rssBytes: heapTotal + external } };
}

const COUNT_EVERY_MS = 100;
const DRAIN_WITHIN_MS = 90_000;
const STILL_FOR_MS = 4_000;

let runs = 0;

export async function runPhase(world: PhaseWorld, options: PhaseOptions): Promise<PhaseRun> {
  const { gateway } = world;
  const run = `r${String(++runs).padStart(4, '0')}`;
  const resultFile = path.join(world.folder, `${run}.json`);
  const config: LoadConfig = { ...options.load, url: gateway.url, token: gateway.token, run, resultFile };
  const doneBefore = await world.done();
  let done = 0;
  let acknowledged = 0;
  const child = forkScript(path.join(__dirname, '..', 'load', 'load.ts'), config);
  child.on('message', (message: FromLoad) => {
    if (message !== 'done') acknowledged = message.acknowledged;
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
  }> => {
    const pages = await gateway.figures();
    const generator = usageOf(child.pid);
    return {
      usage: { ...gateway.usage(), ...world.servers(), ...(generator === undefined ? {} : { generator }), ...own() },
      pages,
      busy: machineBusySeconds(),
      atMs: Date.now(),
    };
  };
  const warmUp = await untilSteady(options.steadiness, () => (config.rate === undefined ? done : acknowledged));
  const windows: Window[] = [];
  for (let i = 0; i < options.repetitions; i++) {
    const before = await look();
    const isProfiled = options.profile === true && i === 0;
    if (isProfiled) gateway.toggleProfiles();
    await sleep(options.seconds * 1000);
    if (isProfiled) gateway.toggleProfiles();
    const after = await look();
    windows.push({
      fromMs: before.atMs,
      toMs: after.atMs,
      before: before.usage,
      after: after.usage,
      pagesBefore: before.pages,
      pagesAfter: after.pages,
      busyBefore: before.busy,
      busyAfter: after.busy,
    });
  }
  const written = messageOf(child, (message): message is 'done' => message === 'done');
  say('stop');
  await written;
  await exited(child);
  counting = false;
  await counter;
  await drained(world, doneBefore, (JSON.parse(readFileSync(resultFile, 'utf8')) as LoadResult).kinds);
  return { options, warmUp, windows, resultFile };
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
    if (stillMs >= (done === expected && !kinds.includes('amendment') ? COUNT_EVERY_MS : STILL_FOR_MS)) return;
    await sleep(COUNT_EVERY_MS);
  }
}

export function judge({ options, warmUp, windows, resultFile }: PhaseRun, cleared: ReadonlyMap<string, Cleared>): PhaseResult {
  const result = JSON.parse(readFileSync(resultFile, 'utf8')) as LoadResult;
  const [answered, clearedMs]: [number[], number[]] = [[], []];
  const inWindow = (ms: number): number => windows.findIndex(({ fromMs, toMs }) => ms >= fromMs && ms < toMs);
  const acknowledged = windows.map(() => 0);
  const done = windows.map(() => 0);
  const count = (counts: number[], ms: number): void => {
    const i = inWindow(ms);
    if (i >= 0) counts[i] = (counts[i] ?? 0) + 1;
  };
  result.dossierIds.forEach((dossierId, i) => {
    const intendedMs = result.intendedMs[i] ?? NaN;
    const answeredMs = result.answeredMs[i] ?? NaN;
    count(acknowledged, answeredMs);
    const isMeasured = inWindow(intendedMs) >= 0;
    if (isMeasured) answered.push(answeredMs - intendedMs);
    const atMs = cleared.get(dossierId)?.atMs[0];
    if (result.kinds[i] !== 'original' || atMs === undefined) return;
    count(done, atMs);
    if (isMeasured) clearedMs.push(atMs - intendedMs);
  });
  const seconds = windows.map(({ fromMs, toMs }) => (toMs - fromMs) / 1000);
  const perSecond = (counts: number[]): Spread => spreadOf(counts.map((n, i) => n / (seconds[i] ?? NaN)));
  const names = Object.keys(windows[0]?.after ?? {});
  const last = windows.at(-1);
  return {
    name: options.name,
    load: { ...options.load, bytesPerRequest: result.bytesPerRequest },
    faults: faultsOf(result, cleared),
    warmUp,
    windowSeconds: options.seconds,
    declarations: result.kinds.filter((kind) => kind !== 'replay').length,
    othersCores: othersOf(windows, seconds),
    acknowledgedPerSecond: perSecond(acknowledged),
    donePerSecond: perSecond(done),
    cpu: Object.fromEntries(
      names.map((name) => [
        name,
        spreadOf(
          windows.map(
            ({ before, after }, i) => ((after[name]?.cpuSeconds ?? NaN) - (before[name]?.cpuSeconds ?? NaN)) / ((done[i] ?? NaN) / 1000),
          ),
        ),
      ]),
    ),
    rssBytes: Object.fromEntries(names.map((name) => [name, last?.after[name]?.rssBytes ?? NaN])),
    ...pageFigures(windows, seconds),
    answered: distributionOf(answered),
    cleared: distributionOf(clearedMs),
    lateMs: distributionOf(result.lateMs),
    statuses: result.statuses,
  };
}

/** What the machine was busy with beside us. */
function othersOf(windows: readonly Window[], seconds: readonly number[]): number | undefined {
  let cores = 0;
  for (const [i, { before, after, busyBefore, busyAfter }] of windows.entries()) {
    if (busyBefore === undefined || busyAfter === undefined) return undefined;
    const ours = Object.keys(after).reduce((sum, name) => sum + (after[name]?.cpuSeconds ?? 0) - (before[name]?.cpuSeconds ?? 0), 0);
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
      const before = first[name]?.stages[stage] ?? { seconds: 0, count: 0 };
      const sum = stages.get(stage) ?? { seconds: 0, count: 0 };
      stages.set(stage, { seconds: sum.seconds + after.seconds - before.seconds, count: sum.count + after.count - before.count });
    }
  }
  const stageMs = Object.fromEntries([...stages].map(([stage, sum]) => [stage, sum.count === 0 ? 0 : (sum.seconds * 1000) / sum.count]));
  return { loopDelayMs, gcShare, stageMs };
}
