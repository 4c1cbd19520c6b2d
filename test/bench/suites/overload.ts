import { setTimeout as sleep } from 'node:timers/promises';
import { figure, type Figure, type Series } from '../figures';
import { intakeOnly, oneProcess } from '../gateway-under-test';
import { doneRateOf, type JudgedRun, type LiveLoad, type PhaseOptions, type PhaseResult } from '../phase';
import { distributionOf } from '../statistics';
import type { Cleared } from '../acknowledged';
import { atRate, ceiling, phase, shareOfCeiling, type MakeSuites } from './shared';

/**
 * Twice of what the gateway can clear, open loop, from one big tenant and four small ones: what is accepted, how long the accepted wait,
 * whether the small ones suffer for the big one, how soon it is over. And what a refusal costs, where all but one a second are refused.
 */
const SHARES = [0.8, 0.05, 0.05, 0.05, 0.05];
const CONNECTIONS = 2_000;
const SETTLE_SECONDS = 3;
const REFUSED_PER_SECOND = 1_000;
const [NORMAL, OVERLOAD, AFTERWARDS] = ['half of the ceiling', 'twice the ceiling', 'half, afterwards'];

export const overloadSuites: MakeSuites = (settings, services) => {
  const { seconds } = settings;
  const client = settings.clients[0] ?? 'kafkajs';
  const base = { topology: oneProcess, services, client };
  return [
    {
      ...base,
      name: 'overload',
      shares: SHARES,
      phases: [
        ceiling(settings, {}, { profile: false }),
        (runs): PhaseOptions => {
          const half = shareOfCeiling(runs, 0.5);
          // A second at each end of a step is not measured.
          const step = seconds + 2;
          const rate = [
            { rate: half, seconds: SETTLE_SECONDS + step },
            { rate: 4 * half, seconds: step },
            { rate: half, seconds: step },
          ];
          const scenario = async (live: LiveLoad): Promise<void> => {
            for (const [i, name] of [NORMAL, OVERLOAD, AFTERWARDS].entries()) {
              await live.untilAge(SETTLE_SECONDS + i * step + 1);
              await live.measure(name, () => sleep(seconds * 1000));
            }
            await live.untilAge(SETTLE_SECONDS + 3 * step);
          };
          return phase(settings, 'overload', { rate, connections: CONNECTIONS }, { scenario });
        },
      ],
      conclude: (judged, cleared) => {
        const [first, second] = judged;
        if (first === undefined || second === undefined) return { figures: [] };
        return { figures: figuresOf(first, second, cleared, seconds), series: [seriesOf(second, cleared)] };
      },
    },
    {
      ...base,
      topology: intakeOnly,
      name: 'refusing',
      intakeOnly: true,
      env: { TENANT_REQUESTS_PER_SECOND: '1' },
      phases: [atRate(settings, `${REFUSED_PER_SECOND} refused a second`, REFUSED_PER_SECOND)],
      conclude: ([one]) => ({ figures: refusalFigures(one?.phases[0]) }),
    },
  ];
};

function figuresOf(first: JudgedRun, second: JudgedRun, cleared: ReadonlyMap<string, Cleared>, seconds: number): Figure[] {
  const reached = doneRateOf(first.run);
  const [normal, overload] = [NORMAL, OVERLOAD].map((name) => second.phases.find((one) => one.name === name));
  if (normal === undefined || overload === undefined) return [];
  const [big, ...small] = overload.tenants ?? [];
  const worst = (of: (tenant: NonNullable<typeof big>) => number | undefined): number => Math.max(...small.map((one) => of(one) ?? NaN));
  const refusedShare = (tenant: NonNullable<typeof big>): number => tenant.refused / (tenant.refused + tenant.acknowledged);
  return [
    figure('offered : ceiling', offered(overload) / reached),
    figure('accepted : ceiling', overload.acknowledgedPerSecond.median / reached),
    figure('cleared : ceiling', overload.donePerSecond.median / reached),
    figure('202 p99, normal', normal.answered?.p99 ?? NaN, 'ms'),
    figure('202 p99, overload', overload.answered?.p99 ?? NaN, 'ms'),
    figure('202 p99, overload : normal', (overload.answered?.p99 ?? NaN) / (normal.answered?.p99 ?? NaN)),
    figure('clearance p99, normal', normal.cleared?.p99 ?? NaN, 'ms'),
    figure('clearance p99, overload', overload.cleared?.p99 ?? NaN, 'ms'),
    figure('202 p99, big tenant', big?.answered?.p99 ?? NaN, 'ms'),
    figure(
      '202 p99, worst small tenant',
      worst(({ answered }) => answered?.p99),
      'ms',
    ),
    figure('refused, big tenant', big === undefined ? NaN : refusedShare(big)),
    figure('refused, worst small tenant', worst(refusedShare)),
    figure('recovered after', recoverySeconds(second, cleared, SETTLE_SECONDS + 2 * (seconds + 2), normal.cleared?.p99 ?? NaN), 's'),
  ];
}

function offered({ statuses, windowSeconds }: PhaseResult): number {
  return Object.values(statuses).reduce((sum, count) => sum + count, 0) / windowSeconds;
}

/** Requests by the second in which they were due, from the start of the load. */
interface Second {
  accepted: number;
  refused: number;
  clearedMs: number[];
}

function secondsOf({ result }: JudgedRun, cleared: ReadonlyMap<string, Cleared>): Second[] {
  const seconds: Second[] = [];
  const at = (ms: number): Second => (seconds[Math.floor((ms - result.startedMs) / 1000)] ??= { accepted: 0, refused: 0, clearedMs: [] });
  result.dossierIds.forEach((dossierId, i) => {
    const intendedMs = result.intendedMs[i] ?? NaN;
    const second = at(intendedMs);
    second.accepted++;
    const clearedAtMs = cleared.get(dossierId)?.atMs[0];
    if (clearedAtMs !== undefined) second.clearedMs.push(clearedAtMs - intendedMs);
  });
  for (const ms of result.others.intendedMs) at(ms).refused++;
  return Array.from(seconds, (second) => second ?? { accepted: 0, refused: 0, clearedMs: [] });
}

/** Seconds from the end of the overload until nothing is refused and clearances take at most twice the normal p99; NaN: never. */
function recoverySeconds(judged: JudgedRun, cleared: ReadonlyMap<string, Cleared>, overloadEndsAfter: number, normalP99Ms: number): number {
  const after = secondsOf(judged, cleared).slice(overloadEndsAfter);
  const isNormal = ({ refused, clearedMs }: Second): boolean =>
    refused === 0 && (distributionOf(clearedMs)?.p99 ?? Infinity) <= 2 * normalP99Ms;
  const last = after.findLastIndex((second) => second.accepted > 0 && !isNormal(second));
  return last + 1 >= after.length ? NaN : last + 1;
}

function seriesOf(judged: JudgedRun, cleared: ReadonlyMap<string, Cleared>): Series {
  const seconds = secondsOf(judged, cleared);
  const line = (name: string, of: (second: Second) => number): Series['lines'][number] => ({
    name,
    points: seconds.map((second, i) => [i, of(second)]),
  });
  return {
    name: 'overload',
    x: 'seconds',
    y: 'declarations a second',
    lines: [line('offered', ({ accepted, refused }) => accepted + refused), line('accepted', ({ accepted }) => accepted)],
  };
}

function refusalFigures(result: PhaseResult | undefined): Figure[] {
  const refused = (result?.statuses['429'] ?? 0) + (result?.statuses['503'] ?? 0);
  const intake = result?.cpu['intake'];
  if (result === undefined || intake === undefined || refused === 0) return [];
  // CPU is told per declaration that was done: back to seconds of CPU in all windows.
  const cpuSeconds = (intake.median * (result.statuses['202'] ?? 0)) / 1000;
  return [figure('CPU a refusal', (cpuSeconds * 1000) / refused, 'ms')];
}
