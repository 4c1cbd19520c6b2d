import { setTimeout as sleep } from 'node:timers/promises';
import type { Cleared } from '../acknowledged';
import { figure } from '../figures';
import { processPerRole } from '../gateway-under-test';
import type { Conclusion, SuiteOptions } from '../end-to-end';
import type { JudgedRun, LiveLoad, PhaseOptions } from '../phase';
import type { BenchSettings } from '../settings';
import { backlogSeries, drainOf } from './backlog';
import { startBackend, type Backend } from './own-backend';
import { atRate, ceiling, shareOfCeiling, type MakeSuites } from './shared';

/**
 * While declarations come in at half of the ceiling, the exchange is stopped, or an agency's own system is down. When it is back, what has
 * piled up is worked off beside what keeps coming: so many times the live rate.
 */
const SETTLE_SECONDS = 3;
/** Longest wait for the backlog, as a multiple of the time in which it grew. */
const PATIENCE = 8;
const AGENCY = 'customs';
const EXCHANGE = { name: 'exchange', env: { ROLES: 'exchange' } };

export const drainSuites: MakeSuites = (settings, services) => {
  const base = { topology: processPerRole(), services, client: settings.clients[0] ?? 'kafkajs' };
  let backend: Backend | undefined;
  return [
    {
      ...base,
      name: 'drain, exchange stopped',
      ...interrupted(settings, {
        down: ({ gateway }) => gateway.stopProcess(EXCHANGE.name),
        up: ({ gateway }) => gateway.startProcess(EXCHANGE),
      }),
    },
    {
      ...base,
      name: `drain, ${AGENCY} down`,
      env: { [`AGENCY_${AGENCY.toUpperCase()}_MODE`]: 'backend' },
      before: async (world) => {
        const started = await startBackend(world, AGENCY, 0);
        backend = started;
        return () => started.stop();
      },
      ...interrupted(settings, { down: async () => backend?.say('pause'), up: async () => backend?.say('resume') }),
    },
  ];
};

function interrupted(
  settings: BenchSettings,
  act: { down(live: LiveLoad): Promise<void>; up(live: LiveLoad): Promise<void> },
): Pick<SuiteOptions, 'phases' | 'conclude'> {
  const outageMs = settings.seconds * 1000;
  let resumedMs = NaN;
  const scenario = async (live: LiveLoad): Promise<void> => {
    await live.untilAge(SETTLE_SECONDS);
    await live.measure('before', () => sleep(outageMs));
    await act.down(live);
    await sleep(outageMs);
    await live.measure('draining', async () => {
      resumedMs = Date.now();
      const [startMs, before] = [performance.now(), live.acknowledged()];
      await act.up(live);
      await sleep(1_000);
      const livePerSecond = (): number => ((live.acknowledged() - before) * 1000) / (performance.now() - startMs);
      while (performance.now() < startMs + PATIENCE * outageMs && live.acknowledged() - live.done() > livePerSecond()) await sleep(100);
    });
  };
  return {
    phases: [
      ceiling(settings, {}, { profile: false }),
      (runs): PhaseOptions => {
        const rate = shareOfCeiling(runs, 0.5);
        return atRate(settings, `live ${rate}/s`, rate, { scenario });
      },
    ],
    conclude: (judged, cleared) => conclusionOf(judged[1], cleared, resumedMs),
  };
}

function conclusionOf(judged: JudgedRun | undefined, cleared: ReadonlyMap<string, Cleared>, resumedMs: number): Conclusion {
  if (judged === undefined) return { figures: [] };
  const { result } = judged;
  const clearedMs = result.dossierIds.flatMap((dossierId) => cleared.get(dossierId)?.atMs[0] ?? []);
  const drain = drainOf(result.answeredMs, clearedMs, resumedMs);
  const { others } = result;
  const refusedSince = (fromMs: number): number => others.intendedMs.filter((ms) => ms >= fromMs).length;
  const requests = result.intendedMs.length + refusedSince(-Infinity);
  // What was refused wanted in too.
  const offered = (requests * 1000) / (result.intendedMs.reduce((latest, ms) => Math.max(latest, ms), -Infinity) - result.startedMs);
  return {
    figures: [
      figure('backlog', drain.backlog),
      figure('first clearance after', drain.firstSeconds, 's'),
      figure('backlog gone after', drain.seconds, 's'),
      figure('live, offered', offered, '/s'),
      figure('live, refused since', refusedSince(resumedMs)),
      figure('cleared while draining', drain.perSecond, '/s'),
      figure('drain : live', drain.perSecond / offered),
    ],
    series: [backlogSeries(result.answeredMs, clearedMs, result.startedMs)],
  };
}
