import { setTimeout as sleep } from 'node:timers/promises';
import { figure, lineThrough, type Series } from '../figures';
import { oneProcess } from '../gateway-under-test';
import type { LiveLoad } from '../phase';
import type { Usage } from '../process-usage';
import { distributionOf } from '../statistics';
import { atRate, phase, type MakeSuites } from './shared';

/** A whole national day at once, as fast as it is accepted; and a steady rate for long. */

const STUCK_AFTER_MS = 60_000;

export const daySuites: MakeSuites = (settings, services) => {
  const total = settings.dayDeclarations;
  const scenario = (live: LiveLoad): Promise<void> =>
    live.measure(`${total} declarations`, async () => {
      let [last, sinceMs] = [-1, performance.now()];
      while (live.done() < total && performance.now() - sinceMs < STUCK_AFTER_MS) {
        if (live.done() !== last) [last, sinceMs] = [live.done(), performance.now()];
        await sleep(100);
      }
    });
  return [
    {
      name: 'day',
      topology: oneProcess,
      services,
      client: settings.clients[0] ?? 'kafkajs',
      phases: [phase(settings, 'day', { total }, { scenario })],
      conclude: ([one], cleared) => {
        if (one === undefined) return { figures: [] };
        const { result } = one;
        const latest = (times: Iterable<number>): number => [...times].reduce((most, ms) => Math.max(most, ms), -Infinity);
        const clearedAtMs = result.dossierIds.flatMap((dossierId) => cleared.get(dossierId)?.atMs[0] ?? []);
        const waits = result.dossierIds.map((dossierId, i) => (cleared.get(dossierId)?.atMs[0] ?? NaN) - (result.intendedMs[i] ?? NaN));
        return {
          figures: [
            figure('declarations', result.dossierIds.length),
            figure('last 202 after', (latest(result.answeredMs) - result.startedMs) / 1000, 's'),
            figure('last clearance after', (latest(clearedAtMs) - result.startedMs) / 1000, 's'),
            figure('clearance p50', distributionOf(waits)?.p50 ?? NaN, 'ms'),
            figure('clearance p99', distributionOf(waits)?.p99 ?? NaN, 'ms'),
          ],
        };
      },
    },
  ];
};

const SAMPLE_EVERY_MS = 10_000;

export const soakSuites: MakeSuites = (settings, services) => {
  const { soakMinutes, soakRate, quick } = settings;
  const samples: { minutes: number; usage: Record<string, Usage> }[] = [];
  const scenario = (live: LiveLoad): Promise<void> =>
    live.measure(`${soakMinutes} minutes at ${soakRate}/s`, async () => {
      const startMs = performance.now();
      for (;;) {
        const minutes = (performance.now() - startMs) / 60_000;
        samples.push({ minutes, usage: live.gateway.usage() });
        if (minutes >= soakMinutes) return;
        await sleep(quick ? 1_000 : SAMPLE_EVERY_MS);
      }
    });
  return [
    {
      name: 'soak',
      topology: oneProcess,
      services,
      client: settings.clients[0] ?? 'kafkajs',
      phases: [atRate(settings, 'soak', soakRate, { scenario })],
      conclude: ([one], cleared) => {
        if (one === undefined) return { figures: [] };
        const rss: Series['lines'] = Object.keys(samples[0]?.usage ?? {}).map((name) => ({
          name,
          points: samples.map(({ minutes, usage }) => [minutes, (usage[name]?.rssBytes ?? NaN) / 1e6]),
        }));
        const { result } = one;
        const waits = result.dossierIds.map((dossierId, i) => (cleared.get(dossierId)?.atMs[0] ?? NaN) - (result.intendedMs[i] ?? NaN));
        const quarter = Math.floor(waits.length / 4);
        return {
          figures: [
            // Heaps have found their size by then.
            ...rss.map(({ name, points }) =>
              figure(`RSS growth of ${name}, second half`, lineThrough(points.slice(points.length >> 1)).slope * 60, 'MB/h'),
            ),
            ...rss.map(({ name, points }) => figure(`RSS of ${name} at the end`, points.at(-1)?.[1] ?? NaN, 'MB')),
            figure('clearance p99, first quarter', distributionOf(waits.slice(0, quarter))?.p99 ?? NaN, 'ms'),
            figure('clearance p99, last quarter', distributionOf(waits.slice(-quarter))?.p99 ?? NaN, 'ms'),
          ],
          series: [{ name: 'memory over time', x: 'minutes', y: 'RSS, MB', lines: rss }],
        };
      },
    },
  ];
};
