import { setTimeout as sleep } from 'node:timers/promises';
import { openRedisDossierStore } from '../../../gateway/edges/redis/redis-dossier-store';
import type { DossierStore } from '../../../gateway/ports/dossier-store';
import type { MessageLog } from '../../../gateway/ports/message-log';
import { keys } from '../../../gateway/read-model';
import { dropKeys, type SuiteWorld } from '../end-to-end';
import { figure } from '../figures';
import { oneProcess } from '../gateway-under-test';
import { doneRateOf } from '../phase';
import { ceiling, type MakeSuites } from './shared';

/**
 * The store has lost everything; one process of the role exchange makes it anew from the log: how many declarations a second, against the
 * ceiling of the same run. Every clearance must be back.
 */
const REBUILD_WITHIN_MS = 300_000;
const LOOK_EVERY_MS = 50;

interface Rebuild {
  /** From the start of the process to the end. */
  wallSeconds: number;
  /** Share of the log that was folded after the first look that found something, and how long that took. */
  share: number;
  seconds: number;
  exchangeCpuSeconds: number;
  redisCpuSeconds: number;
  clearancesMissing: number;
}

export const rebuildSuites: MakeSuites = (settings, services) => {
  let rebuild: Rebuild | undefined;
  return [
    {
      name: 'rebuild',
      topology: oneProcess,
      services,
      client: settings.clients[0] ?? 'kafkajs',
      phases: [ceiling(settings, {}, { profile: false })],
      after: async (world) => {
        if (world.services === undefined || world.log === undefined) return;
        await world.gateway.stopProcess('gateway');
        await dropKeys(world.services.redisUrl, world.keyPrefix);
        const store = await openRedisDossierStore({ url: world.services.redisUrl, keyPrefix: world.keyPrefix });
        try {
          rebuild = await measureRebuild(world, world.log, store);
        } finally {
          await store.close();
        }
      },
      conclude: ([first], cleared) => {
        if (first === undefined || rebuild === undefined) return { figures: [], faults: ['nothing was rebuilt'] };
        const { wallSeconds, share, seconds, exchangeCpuSeconds, redisCpuSeconds, clearancesMissing } = rebuild;
        const perSecond = (share * cleared.size) / seconds;
        return {
          figures: [
            figure('declarations rebuilt', cleared.size),
            figure('whole rebuild', wallSeconds, 's'),
            figure('rebuilt', perSecond, '/s'),
            figure('rebuild : ceiling', perSecond / doneRateOf(first.run)),
            figure('exchange CPU a declaration rebuilt', (exchangeCpuSeconds * 1000) / cleared.size, 'ms'),
            figure('redis CPU a declaration rebuilt', (redisCpuSeconds * 1000) / cleared.size, 'ms'),
          ],
          faults: clearancesMissing === 0 ? [] : [`${clearancesMissing} clearances are not in the store that was rebuilt`],
        };
      },
    },
  ];
};

async function measureRebuild(world: SuiteWorld, log: MessageLog, store: DossierStore): Promise<Rebuild> {
  const ends = await log.offsets('dossiers');
  const total = ends.reduce((sum, { end }) => sum + end, 0);
  const foldedNow = async (): Promise<number> => {
    const markers = await Promise.all(ends.map(({ partition }) => store.marker(partition)));
    return markers.reduce((sum, marker) => sum + (marker === null ? 0 : marker.offset + 1), 0);
  };
  const startMs = performance.now();
  const redisBefore = world.servers()['redis']?.cpuSeconds ?? NaN;
  // It folds before it has said that it is there.
  const started = world.gateway.startProcess({ name: 'exchange', env: { ROLES: 'exchange' } });
  let first: { atMs: number; folded: number } | undefined;
  let folded = 0;
  while (folded < total) {
    if (performance.now() - startMs > REBUILD_WITHIN_MS) throw new Error(`rebuilt ${folded} of ${total} records`);
    await sleep(LOOK_EVERY_MS);
    folded = await foldedNow();
    if (folded > 0) first ??= { atMs: performance.now(), folded };
  }
  const endMs = performance.now();
  await started;
  return {
    wallSeconds: (endMs - startMs) / 1000,
    share: first === undefined ? NaN : (total - first.folded) / total,
    seconds: first === undefined ? NaN : (endMs - first.atMs) / 1000,
    exchangeCpuSeconds: world.gateway.usage()['exchange']?.cpuSeconds ?? NaN,
    redisCpuSeconds: (world.servers()['redis']?.cpuSeconds ?? NaN) - redisBefore,
    clearancesMissing: await missingClearances(log, store),
  };
}

/** First versions that the log has and the store has not. */
async function missingClearances(log: MessageLog, store: DossierStore): Promise<number> {
  let missing = 0;
  for (const { partition, start, end } of await log.offsets('clearances'))
    await log.read('clearances', [{ partition, from: start, to: end }], async ({ records }) => {
      const wanted = records.flatMap(({ key }) => (key === null ? [] : [keys.clearance(key, 1)]));
      missing += (await store.getMany(partition, wanted)).filter((value) => value === null).length;
    });
  return missing;
}
