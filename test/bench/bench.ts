import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { killChildren } from './children';
import { openServices, runSuite, suiteThatFailed, type BenchServices, type SuiteRun } from './end-to-end';
import { REFERENCE_SIZES, type RecordSizes } from './floor';
import { killGateways } from './gateway-under-test';
import type { MicroResult } from './micro/harness';
import { runMicro } from './micro/run';
import { profileReport, type ProfileSummary } from './profile-summary';
import { reportOf } from './report';
import { floorOfClient, runFloor, type FloorResult } from './run-floor';
import { readBenchSettings, type BenchSettings, type KafkaClient } from './settings';
import { needsServices, suitesOf } from './suites';
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
  floors: Floor[];
  suites: SuiteRun[];
  /** Where the time goes, by process. */
  profiles: ProfileSummary[];
}

export interface Floor {
  name: string;
  client: KafkaClient;
  result: FloorResult;
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
  const services = needsServices(settings) ? await openServices(say) : undefined;
  // Ended with what else was started, whatever happens.
  try {
    if (services !== undefined && has('floor'))
      for (const client of settings.clients) await addFloor(result, services, client, 'reference, before', REFERENCE_SIZES);
    for (const suite of suitesOf(settings, services)) {
      say(`${suite.name}, ${suite.topology.name}`);
      const stem = `${suite.name} ${suite.topology.name}`.replaceAll(/\W+/g, '-');
      const profiles = settings.profile ? path.join(root, 'var', 'bench', 'profiles', fileName(result.at), stem) : undefined;
      // One that does not run must not take with it what hours have measured.
      const run = await runSuite(settings, suite, profiles).catch((cause: unknown) => suiteThatFailed(suite, cause));
      result.suites.push(run);
      if (profiles !== undefined && run.phases.length > 0) result.profiles.push(...profileReport(profiles, run));
    }
    if (services !== undefined && has('floor')) {
      for (const client of settings.clients) {
        await addFloor(result, services, client, 'reference, after', REFERENCE_SIZES);
        const measured = result.suites.find(
          (suite) => suite.client === client && suite.name.startsWith('kafka') && suite.topics.length > 0,
        );
        if (measured === undefined) continue;
        const sizes = floorSizesOf(measured.topics);
        await addFloor(result, services, client, "the gateway's own bytes", sizes);
        if (!settings.quick) await addFloor(result, services, client, "the gateway's own bytes, dossiers flushed", sizes, true);
      }
    }
  } finally {
    await services?.stop();
  }
  return result;
}

async function addFloor(
  result: BenchResult,
  services: BenchServices,
  client: KafkaClient,
  name: string,
  sizes: RecordSizes,
  flushed = false,
): Promise<void> {
  const { settings } = result;
  if (floorOfClient(client) === undefined) return say(`no floor with ${client}`);
  say(`floor, ${client}: ${name}`);
  const { partitions, inFlight, steadiness, floorSeconds: seconds } = settings;
  const config = { brokers: services.kafkaBrokers.split(','), partitions, inFlight, sizes, flushed, steadiness, seconds };
  result.floors.push({ name, client, result: await runFloor(client, config, services.kafka?.pid?.()) });
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
  return result.suites.every(({ faults }) => faults.length === 0);
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
