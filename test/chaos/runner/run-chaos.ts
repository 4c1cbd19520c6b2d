import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { buildGateway } from '../../support/gateway-process';
import type { CheckReport } from '../checker/check-history';
import { crashCycles } from '../embedded/crash-cycles';
import { checkRun } from './check-directory';
import { faults, type Fault } from './faults';
import { topicsDirectory } from './file-history';
import { Random } from './random';
import { formatRow, formatWhole, TABLE_HEAD } from './report';
import { Stretches, type Row } from './run-stretch';
import { Stage } from './stage';

/** `npm run chaos`: faults under load, one after the other, each judged by the checker, and the whole once more in the end. */
export interface ChaosOptions {
  seed: number;
  /** As many faults at random as fit; undefined: each of them once. */
  minutes: number | undefined;
  /** Beginnings of the names of faults. */
  only: readonly string[];
  client: string;
  rate: number;
  from: string;
  /** Copies of the topics are kept where nothing was wrong, too. */
  keep: boolean;
  directory: string;
  say(line: string): void;
}

export interface ChaosReport {
  commit: string;
  node: string;
  client: string;
  seed: number;
  rate: number;
  startedAt: string;
  minutes: number;
  rows: Row[];
  whole: CheckReport;
  /** No violation anywhere, and everything recovered in its time. */
  passed: boolean;
}

export const USAGE = `npm run chaos [-- options]
  --seed N          the same faults in the same order (default: today's date)
  --minutes M       faults at random for so long (default: the whole matrix once)
  --only A,B        only faults whose name begins so (--list names them)
  --cycles N        kills of the embedded default (F41-embedded; default 2000)
  --client NAME     KAFKA_CLIENT of the gateway: kafkajs (default) or platformatic
  --rate R          requests per second of all agents (default 12)
  --from DIRECTORY  the checkout whose build runs (default: this one)
  --check DIRECTORY checks again what a run left there, and does nothing else
  --keep            keep the copies of the topics where nothing was wrong, too
  --list            the faults`;

/** Not on the stage: the embedded default has neither broker nor Redis. It runs with the whole matrix, or where it is named. */
export const EMBEDDED_FAULT = { id: 'F41-embedded', what: 'SIGKILL in the midst of embedded commits, 2,000 times; torn tails' };

const ROOT = path.resolve(__dirname, '..', '..', '..');

export async function main(args: string[]): Promise<boolean> {
  const { values } = parseArgs({
    args,
    options: {
      seed: { type: 'string' },
      minutes: { type: 'string' },
      only: { type: 'string' },
      cycles: { type: 'string', default: '2000' },
      client: { type: 'string', default: 'kafkajs' },
      rate: { type: 'string', default: '12' },
      from: { type: 'string', default: ROOT },
      check: { type: 'string' },
      keep: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help || values.list) {
    console.log(values.help ? USAGE : [...faults, EMBEDDED_FAULT].map(({ id, what }) => `${id.padEnd(24)} ${what}`).join('\n'));
    return true;
  }
  if (values.check !== undefined) {
    const whole = await checkRun(values.check);
    console.log(formatWhole(whole));
    return Object.keys(whole.violated).length === 0;
  }
  const startedAt = new Date();
  const seed = Number(values.seed ?? startedAt.toISOString().slice(0, 10).replaceAll('-', ''));
  const only = values.only?.split(',') ?? [];
  const from = path.resolve(values.from);
  const isNamed = ({ id }: { id: string }): boolean => only.some((name) => id.startsWith(name));
  const wantsEmbedded = only.length === 0 ? values.minutes === undefined : isNamed(EMBEDDED_FAULT);
  const isWhole = !wantsEmbedded || (await crashEmbedded(seed, Number(values.cycles), from));
  if (wantsEmbedded && only.length > 0 && !faults.some(isNamed)) return isWhole;
  const report = await runChaos({
    seed,
    minutes: values.minutes === undefined ? undefined : Number(values.minutes),
    only,
    client: values.client,
    rate: Number(values.rate),
    from,
    keep: values.keep,
    directory: path.join(ROOT, 'var', 'chaos', `${startedAt.toISOString().slice(0, 19).replaceAll(':', '')}-${String(seed)}`),
    say: (line) => console.log(line),
  });
  return report.passed && isWhole;
}

/** Returns whether everything that was acknowledged was found each time. */
async function crashEmbedded(seed: number, cycles: number, from: string): Promise<boolean> {
  const build = path.resolve(path.dirname(buildGateway(from)), '..');
  const figures = await crashCycles({ cycles, seed, build, say: (line) => console.log(`${EMBEDDED_FAULT.id}: ${line}`) });
  const { violations, ...counted } = figures;
  console.log(`${EMBEDDED_FAULT.id}: ${JSON.stringify(counted)}`);
  for (const violation of violations) console.log(`  VIOLATED ${violation}`);
  return violations.length === 0;
}

export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { seed, minutes, only, client, rate, from, keep, directory, say } = options;
  const chosen = faults.filter(({ id }) => only.length === 0 || only.some((name) => id.startsWith(name)));
  if (chosen.length === 0) throw new Error(`no fault begins with ${only.join(', ')}`);
  const startedAt = new Date();
  mkdirSync(directory, { recursive: true });
  const stage = new Stage({ seed, from, client, say });
  const onSignal = (): void => {
    stage.kill();
    process.exit(1);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, onSignal);
  const rows: Row[] = [];
  try {
    say(`seed ${String(seed)}, ${client}, ${String(rate)} requests/s, into ${directory}`);
    const first = path.join(directory, '000-start');
    await stage.open(first);
    const stretches = new Stretches(stage, directory, { rate, warmMs: 3_000, drainWithinMs: 120_000 });
    await stretches.start(first);
    say(TABLE_HEAD);
    for (const fault of order(chosen, seed, minutes)) {
      const row = await stretches.run(fault);
      rows.push(row);
      say(formatRow(row));
    }
    const whole = await stretches.checkWhole();
    say(formatWhole(whole));
    const passed = Object.keys(whole.violated).length === 0 && rows.every(isPassed);
    const report: ChaosReport = {
      commit: commitOf(from),
      node: process.version,
      client,
      seed,
      rate,
      startedAt: startedAt.toISOString(),
      minutes: Math.round((Date.now() - startedAt.getTime()) / 6_000) / 10,
      rows,
      whole,
      passed,
    };
    writeFileSync(path.join(directory, 'report.json'), JSON.stringify(report, null, 2));
    if (passed && !keep)
      for (const [i, row] of rows.entries())
        rmSync(topicsDirectory(path.join(directory, `${String(i + 1).padStart(3, '0')}-${row.fault}`)), { recursive: true, force: true });
    return report;
  } finally {
    await stage.close();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal);
  }
}

export function isPassed({ violated, recoveredMs, recoversWithinMs, drainedMs }: Row): boolean {
  return Object.keys(violated).length === 0 && recoveredMs !== undefined && recoveredMs <= recoversWithinMs && drainedMs !== undefined;
}

/** Each once; or at random, by the seed, as long as there is time. */
function* order(chosen: readonly Fault[], seed: number, minutes: number | undefined): Generator<Fault> {
  if (minutes === undefined) return yield* chosen;
  const random = new Random(seed);
  const untilMs = performance.now() + minutes * 60_000;
  while (performance.now() < untilMs) yield random.pick(chosen);
}

function commitOf(directory: string): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: directory, stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .trim();
  } catch {
    return '';
  }
}
