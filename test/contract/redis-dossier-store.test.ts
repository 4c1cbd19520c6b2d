import { Redis } from 'ioredis';
import { openRedisDossierStore } from '../../gateway/edges/redis/redis-dossier-store';
import { testServices, uniqueKeyPrefix } from '../support/services';
import { dossierStoreContract } from './dossier-store';

dossierStoreContract('the Redis store', async () => {
  const { redisUrl: url } = testServices();
  const keyPrefix = uniqueKeyPrefix('dossier-store');
  const openOne = () => openRedisDossierStore({ url, keyPrefix });
  return { store: await openOne(), another: openOne, end: () => removeKeys(url, keyPrefix) };
});

test('every key of the Redis store carries its prefix and the tag of its partition, and clear leaves none', async () => {
  const { redisUrl: url } = testServices();
  const keyPrefix = uniqueKeyPrefix('dossier-store');
  const store = await openRedisDossierStore({ url, keyPrefix });
  await store.commit(
    7,
    null,
    { epoch: 'e', offset: 1, clearancesOffset: 0 },
    [
      { put: 'a', value: '1' },
      { index: 'open', add: 'm', score: 1 },
      { index: 'shut', add: 'm', score: 1 },
    ],
    ['d'],
  );
  await store.write(7, [{ index: 'shut', drop: 'm' }]);
  const keys = await keysOf(url, keyPrefix);
  expect(keys.sort()).toEqual(['index:open', 'indexes', 'marker', 'values'].map((key) => `${keyPrefix}{p7}:${key}`));
  await store.clear(7);
  expect(await keysOf(url, keyPrefix)).toEqual([]);
  await store.close();
});

async function keysOf(url: string, keyPrefix: string): Promise<string[]> {
  const redis = new Redis(url);
  const found: string[] = [];
  for await (const keys of redis.scanStream({ match: `${keyPrefix}*`, count: 1_000 })) found.push(...(keys as string[]));
  redis.disconnect();
  return found;
}

async function removeKeys(url: string, keyPrefix: string): Promise<void> {
  const keys = await keysOf(url, keyPrefix);
  const redis = new Redis(url);
  for (let at = 0; at < keys.length; at += 1_000) await redis.unlink(keys.slice(at, at + 1_000));
  await redis.quit();
}
