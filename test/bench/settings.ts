import type { Steadiness } from './steady';

/** What a benchmark run is told, and what it takes. */
export const SUITES = ['micro', 'floor', 'intake', 'kafka', 'embedded', 'mix', 'sizes'] as const;
export type Suite = (typeof SUITES)[number];

export interface BenchSettings {
  suites: readonly Suite[];
  quick: boolean;
  profile: boolean;
  /** The checkout whose gateway is measured. */
  gateway: string;
  partitions: number;
  connections: number;
  /** Declarations that are submitted and not yet cleared, as the floor holds them. */
  inFlight: number;
  /** Open-loop rates, declarations per second. */
  rates: number[];
  /** Half of the ceiling as well. */
  latencies: boolean;
  seconds: number;
  floorSeconds: number;
  repetitions: number;
  workers: number;
  steadiness: Steadiness;
  /** Whole run; everything is ended after it. */
  limitMinutes: number;
  out: string | undefined;
}

export const USAGE = `usage: npm run bench -- [options]
  --quick               short windows, one repetition: about four minutes
  --only a,b            some of ${SUITES.join(', ')} (default: all; with --quick without mix and sizes)
  --profile             CPU profile of each gateway process, and where the time goes
  --gateway DIR         the checkout whose gateway is measured (default: this one)
  --seconds N           measured window (default 20; quick 6)    --repetitions N (default 3; quick 1)
  --rates a,b           open-loop rates per second besides half of the ceiling (default 500; quick none; 0: no open loop at all)
  --connections N       closed loop, default 64                  --in-flight N   default 1000
  --partitions N        default 4                                --workers N     intake processes as well, default 1
  --out FILE            default var/bench/<time>.json
  --compare A B         two commits side by side in one run (with --only, --seconds, --repetitions as above)`;

/** @throws Error naming the option that is none */
export function readBenchSettings(args: readonly string[], root: string): BenchSettings {
  const given = new Map<string, string>();
  const flags = new Set<string>();
  for (let i = 0; i < args.length; i++) {
    const name = args[i] ?? '';
    if (['--quick', '--profile'].includes(name)) flags.add(name);
    else if (USAGE.includes(`  ${name} `) && args[i + 1] !== undefined) given.set(name, args[++i] ?? '');
    else throw new Error(`unknown option ${name}\n${USAGE}`);
  }
  const number = (name: string, fallback: number): number => {
    const value = Number(given.get(name) ?? fallback);
    if (!(value >= 0)) throw new Error(`${name} must be a number`);
    return value;
  };
  const list = (name: string): string[] | undefined =>
    given
      .get(name)
      ?.split(',')
      .filter((item) => item !== '');
  const quick = flags.has('--quick');
  const suites = list('--only') ?? SUITES.filter((suite) => !quick || (suite !== 'mix' && suite !== 'sizes'));
  const unknown = suites.find((suite) => !(SUITES as readonly string[]).includes(suite));
  if (unknown !== undefined) throw new Error(`no suite ${unknown}\n${USAGE}`);
  const seconds = number('--seconds', quick ? 6 : 20);
  return {
    suites: suites as Suite[],
    quick,
    profile: flags.has('--profile'),
    gateway: given.get('--gateway') ?? root,
    partitions: number('--partitions', 4),
    connections: number('--connections', 64),
    inFlight: number('--in-flight', 1_000),
    rates: (list('--rates') ?? (quick ? [] : ['500'])).map(Number).filter((rate) => rate > 0),
    latencies: given.get('--rates') !== '0',
    seconds,
    floorSeconds: Math.min(seconds, 10),
    repetitions: number('--repetitions', quick ? 1 : 3),
    workers: number('--workers', 1),
    steadiness: quick ? { windowMs: 1_500, within: 0.05, limitMs: 9_000 } : { windowMs: 3_000, within: 0.05, limitMs: 45_000 },
    limitMinutes: quick ? 15 : 60,
    out: given.get('--out'),
  };
}
