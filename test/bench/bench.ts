import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { killChildren } from './children';
import { openServices, runSuite, type BenchServices, type SuiteOptions, type SuiteRun } from './end-to-end';
import { REFERENCE_SIZES, type RecordSizes } from './floor';
import { intakeOnly, killGateways, oneProcess, primaryAndWorkers, processPerRole } from './gateway-under-test';
import type { MicroResult } from './micro/harness';
import { runMicro } from './micro/run';
import type { PhaseOptions, PhaseRun } from './phase';
import { profileReport } from './profile-summary';
import { reportOf } from './report';
import { runFloor, type FloorResult } from './run-floor';
import { readBenchSettings, type BenchSettings } from './settings';
import { floorSizesOf } from './topic-sizes';

/** `npm run bench`: what it measures and how is said in performance.md §5 and test/bench/README.md. */
export interface BenchResult {
  at: string;
  commit: string;
  dirty: boolean;
  node: string;
  machine: { cores: number; model: string; memoryGiB: number; kernel: string; loadBefore: string };
  settings: BenchSettings;
  micro: MicroResult[];
  floors: { name: string; result: FloorResult }[];
  suites: SuiteRun[];
  /** Where the time goes, as text, by process. */
  profiles: string[];
}

export const root = path.resolve(__dirname, '..', '..');

function say(line: string): void {
  process.stderr.write(`bench: ${line}\n`);
}

export async function bench(settings: BenchSettings): Promise<BenchResult> {
  const result = emptyResult(settings);
  const has = (suite: BenchSettings['suites'][number]): boolean => settings.suites.includes(suite);
  if (has('micro')) {
    say('micro');
    result.micro = await runMicro(settings.quick, settings.gateway);
  }
  const needsServices = ['floor', 'intake', 'kafka', 'mix', 'sizes'].some((suite) => settings.suites.includes(suite as 'floor'));
  const services = needsServices ? await openServices(say) : undefined;
  // Ended with what else was started, whatever happens.
  try {
    if (services !== undefined && has('floor')) await addFloor(result, services, 'reference, before', REFERENCE_SIZES);
    for (const suite of suitesOf(settings, services)) {
      say(`${suite.name}, ${suite.topology.name}`);
      const stem = `${suite.name} ${suite.topology.name}`.replaceAll(/\W+/g, '-');
      const profiles = settings.profile ? path.join(root, 'var', 'bench', 'profiles', fileName(result.at), stem) : undefined;
      const run = await runSuite(settings, suite, profiles);
      result.suites.push(run);
      if (profiles !== undefined) result.profiles.push(...profileReport(profiles, run));
    }
    if (services !== undefined && has('floor')) {
      await addFloor(result, services, 'reference, after', REFERENCE_SIZES);
      const measured = result.suites.find(({ name, topics }) => name.startsWith('kafka') && topics.length > 0);
      if (measured !== undefined) {
        const sizes = floorSizesOf(measured.topics);
        await addFloor(result, services, "the gateway's own bytes", sizes);
        if (!settings.quick) await addFloor(result, services, "the gateway's own bytes, dossiers flushed", sizes, true);
      }
    }
  } finally {
    await services?.stop();
  }
  return result;
}

async function addFloor(result: BenchResult, services: BenchServices, name: string, sizes: RecordSizes, flushed = false): Promise<void> {
  const { settings } = result;
  say(`floor: ${name}`);
  const { partitions, inFlight, steadiness, floorSeconds: seconds } = settings;
  const config = { brokers: services.kafkaBrokers.split(','), partitions, inFlight, sizes, flushed, steadiness, seconds };
  result.floors.push({ name, result: await runFloor(config, services.kafka?.pid?.()) });
}

/** Every run of a gateway, in order. */
export function suitesOf(settings: BenchSettings, services: BenchServices | undefined): SuiteOptions[] {
  const has = (suite: BenchSettings['suites'][number]): boolean => settings.suites.includes(suite);
  const { connections, inFlight, rates, workers, seconds } = settings;
  const typical = { size: 'typical', format: 'xml', replays: 0, amendments: 0, invalid: 0 } as const;
  const phase = (name: string, load: Partial<PhaseOptions['load']>, extra: Partial<PhaseOptions> = {}): PhaseOptions => ({
    name,
    load: { ...typical, connections, ...load },
    steadiness: settings.steadiness,
    seconds,
    repetitions: settings.repetitions,
    ...extra,
  });
  const ceiling = (load: Partial<PhaseOptions['load']> = {}): PhaseOptions =>
    phase('ceiling', { inFlight, ...load }, { profile: settings.profile });
  const open = rates.map((rate) => phase(`${rate}/s`, { rate, connections: 1_000 }));
  const half = (runs: readonly PhaseRun[]): PhaseOptions => {
    const rate = Math.max(10, Math.round((runs[0]?.warmUp.rates.at(-1) ?? 0) / 20) * 10);
    return phase(`half of the ceiling: ${rate}/s`, { rate, connections: 1_000 });
  };
  const latencies = settings.latencies ? [...open, half] : [];
  const suites: SuiteOptions[] = [];
  if (has('intake')) {
    const base = { name: 'intake', topology: intakeOnly, services, intakeOnly: true };
    suites.push({
      ...base,
      phases: [phase('xml', {}, { profile: settings.profile }), ...(settings.quick ? [] : [phase('json', { format: 'json' })])],
    });
  }
  if (has('kafka')) {
    suites.push({ name: 'kafka', topology: oneProcess, services, phases: [ceiling(), ...latencies] });
    suites.push({ name: 'kafka', topology: processPerRole(), services, phases: [ceiling(), ...(settings.quick ? [] : latencies)] });
    if (workers > 1)
      for (const topology of [primaryAndWorkers(workers), processPerRole(workers)])
        suites.push({ name: 'kafka', topology, services, phases: [ceiling()] });
  }
  if (has('embedded')) suites.push({ name: 'embedded', topology: oneProcess, services: undefined, phases: [ceiling(), ...latencies] });
  if (has('mix')) {
    const mix = { replays: 0.05, amendments: 0.05, invalid: 0.02, connections: 1_000 };
    const rate = rates[0] ?? 500;
    suites.push({
      name: 'kafka, 5 % replays, 5 % amendments, 2 % invalid',
      topology: oneProcess,
      services,
      phases: [phase(`xml, ${rate}/s`, { ...mix, rate }), phase(`json, ${rate}/s`, { ...mix, rate, format: 'json' })],
    });
  }
  if (has('sizes')) {
    const phases = [
      phase('small', { size: 'small', inFlight }),
      ceiling({ format: 'json' }),
      phase('large', { size: 'large', connections: 8, inFlight: 32 }),
      phase('huge', { size: 'huge', connections: 4, inFlight: 8 }),
    ].map((one) => ({ ...one, repetitions: 1, profile: false }));
    suites.push({ name: 'kafka, sizes', topology: oneProcess, services, phases });
  }
  return suites;
}

function emptyResult(settings: BenchSettings): BenchResult {
  const git = (...args: string[]): string => {
    try {
      return execFileSync('git', ['-C', settings.gateway, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    } catch {
      return '';
    }
  };
  return {
    at: new Date().toISOString(),
    commit: git('rev-parse', '--short=12', 'HEAD') || 'no commit',
    dirty: git('status', '--porcelain', '--', 'gateway', 'adapters', 'config') !== '',
    node: process.version,
    machine: {
      cores: os.cpus().length,
      model: os.cpus()[0]?.model ?? '',
      memoryGiB: Math.round(os.totalmem() / 2 ** 30),
      kernel: `${os.type()} ${os.release()}`,
      loadBefore: os.loadavg()[0]?.toFixed(1) ?? '',
    },
    settings,
    micro: [],
    floors: [],
    suites: [],
    profiles: [],
  };
}

export function fileName(at: string): string {
  return at.slice(0, 19).replaceAll(/[-:]/g, '');
}

/** Writes the result and prints it. True when every run counts. */
export function publish(result: BenchResult): boolean {
  const file = result.settings.out ?? path.join(root, 'var', 'bench', `${fileName(result.at)}.json`);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ ...result, settings: { ...result.settings, gateway: '', out: undefined } }, null, 1)}\n`);
  process.stdout.write(`${reportOf(result)}\nwritten to ${path.relative(process.cwd(), file)}\n`);
  return result.suites.every(({ phases }) => phases.every(({ faults }) => faults.length === 0));
}

/** Nothing is left behind: not after an error, not after a signal, not after the time is over. */
export function endWithUs(limitMinutes: number): void {
  process.on('exit', () => {
    killChildren();
    killGateways();
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));
  setTimeout(() => {
    say(`not done after ${limitMinutes} minutes: given up`);
    process.exit(1);
  }, limitMinutes * 60_000).unref();
}

export async function main(args: readonly string[]): Promise<void> {
  const settings = readBenchSettings(args, root);
  endWithUs(settings.limitMinutes);
  const result = await bench(settings);
  process.exit(publish(result) ? 0 : 1);
}
