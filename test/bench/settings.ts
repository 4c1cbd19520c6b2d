import type { Steadiness } from './steady';

/** What a benchmark run is told, and what it takes. */
export const SUITES = [
  'micro',
  'floor',
  'intake',
  'kafka',
  'embedded',
  'mix',
  'sizes',
  'overload',
  'drain',
  'rebuild',
  'growth-size',
  'growth-dossiers',
  'growth-embedded',
  'growth-agencies',
  'growth-delay',
  'scale',
  'day',
  'soak',
] as const;
export type Suite = (typeof SUITES)[number];
/** Without --only. The others ask one question each. */
const USUAL: readonly Suite[] = ['micro', 'floor', 'intake', 'kafka', 'embedded', 'mix', 'sizes'];
const QUICK: readonly Suite[] = ['micro', 'floor', 'intake', 'kafka', 'embedded'];
export const CLIENTS = ['kafkajs', 'platformatic'] as const;
export type KafkaClient = (typeof CLIENTS)[number];

export interface BenchSettings {
  suites: readonly Suite[];
  quick: boolean;
  profile: boolean;
  /** The checkout whose gateway is measured. */
  gateway: string;
  /** KAFKA_CLIENT of the floors and of the suites intake and kafka, one after the other; the other suites use the first. */
  clients: readonly KafkaClient[];
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
  /** Dossiers alive at which growth-dossiers and growth-embedded measure. */
  dossiers: number[];
  /** Numbers of connected agencies. */
  agencies: number[];
  /** How much later a slow agency answers, milliseconds. */
  delaysMs: number[];
  dayDeclarations: number;
  soakMinutes: number;
  /** Declarations per second. */
  soakRate: number;
  steadiness: Steadiness;
  /** Whole run; everything is ended after it. */
  limitMinutes: number;
  out: string | undefined;
}

export const USAGE = `usage: npm run bench -- [options]
  --quick               short windows, one repetition: about four minutes
  --only a,b            some of ${SUITES.join(', ')};
                        growth = all growth-… (default: ${USUAL.join(', ')}; with --quick without mix and sizes)
  --client a,b          Kafka clients: kafkajs (default), platformatic
  --profile             CPU profile of each gateway process, and where the time goes
  --gateway DIR         the checkout whose gateway is measured (default: this one)
  --seconds N           measured window (default 20; quick 6)    --repetitions N (default 3; quick 1)
  --rates a,b           open-loop rates per second besides half of the ceiling (default 500; quick none; 0: no open loop at all)
  --connections N       closed loop, default 64                  --in-flight N   default 1000
  --partitions N        default 4                                --workers N     intake processes as well, default 1
  --dossiers a,b        default 10000,100000; more need 20 kB of Redis each; a level that
                        has no room is left out, embedded none is
  --agencies a,b        default 4,8,16,40                        --delays a,b    milliseconds, default 0,500,2000
  --day N               declarations of a day, default 89000
  --soak-minutes N      default 60                               --soak-rate N   per second, default 50
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
  const numbers = (name: string, fallback: readonly number[]): number[] => {
    const values = (list(name) ?? fallback).map(Number);
    if (values.some((value) => !(value >= 0))) throw new Error(`${name} must be numbers`);
    return values;
  };
  const suites = list('--only')?.flatMap((name) => (name === 'growth' ? SUITES.filter((suite) => suite.startsWith('growth-')) : [name]));
  const unknown = suites?.find((suite) => !(SUITES as readonly string[]).includes(suite));
  if (unknown !== undefined) throw new Error(`no suite ${unknown}\n${USAGE}`);
  const clients = list('--client') ?? ['kafkajs'];
  const unknownClient = clients.find((client) => !(CLIENTS as readonly string[]).includes(client));
  if (unknownClient !== undefined) throw new Error(`no client ${unknownClient}\n${USAGE}`);
  const seconds = number('--seconds', quick ? 6 : 20);
  return {
    suites: (suites as Suite[] | undefined) ?? (quick ? QUICK : USUAL),
    quick,
    profile: flags.has('--profile'),
    gateway: given.get('--gateway') ?? root,
    clients: clients as KafkaClient[],
    partitions: number('--partitions', 4),
    connections: number('--connections', 64),
    inFlight: number('--in-flight', 1_000),
    rates: numbers('--rates', quick ? [] : [500]).filter((rate) => rate > 0),
    latencies: given.get('--rates') !== '0',
    seconds,
    floorSeconds: Math.min(seconds, 10),
    repetitions: number('--repetitions', quick ? 1 : 3),
    workers: number('--workers', 1),
    dossiers: numbers('--dossiers', quick ? [1_000, 5_000] : [10_000, 100_000]),
    agencies: numbers('--agencies', quick ? [4, 8] : [4, 8, 16, 40]),
    delaysMs: numbers('--delays', quick ? [0, 500] : [0, 500, 2_000]),
    dayDeclarations: number('--day', quick ? 5_000 : 89_000),
    soakMinutes: number('--soak-minutes', quick ? 1 : 60),
    soakRate: number('--soak-rate', 50),
    steadiness: quick ? { windowMs: 1_500, within: 0.05, limitMs: 9_000 } : { windowMs: 3_000, within: 0.05, limitMs: 45_000 },
    limitMinutes: (quick ? 20 : 120) + (suites?.includes('soak') === true ? number('--soak-minutes', 60) : 0),
    out: given.get('--out'),
  };
}
