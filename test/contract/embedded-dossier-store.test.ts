import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { open } from 'lmdb';
import { openEmbeddedDossierStore } from '../../gateway/edges/embedded/embedded-dossier-store';
import { dossierStoreContract } from './dossier-store';

dossierStoreContract('the embedded store', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'seaport-dossier-store-'));
  const environment = open({ path: directory });
  return {
    store: await openEmbeddedDossierStore({ environment }),
    another: () => openEmbeddedDossierStore({ environment }),
    end: async () => {
      await environment.close();
      rmSync(directory, { recursive: true });
    },
  };
});

test('the embedded store keeps what was committed over closing and opening, and no trace of what was cleared', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'seaport-dossier-store-'));
  const marker = { epoch: 'e', offset: 4, clearancesOffset: 2 };
  let environment = open({ path: directory });
  let store = await openEmbeddedDossierStore({ environment });
  await store.commit(1, null, marker, [
    { put: 'a', value: 'cleared' },
    { index: 'i', add: 'm', score: -1 },
  ]);
  await store.clear(1);
  await store.commit(1, null, marker, [
    { put: 'b', value: 'kept' },
    { index: 'i', add: 'n', score: -2 },
  ]);
  await store.close();
  await environment.close();

  environment = open({ path: directory });
  store = await openEmbeddedDossierStore({ environment });
  expect(await store.marker(1)).toEqual(marker);
  expect(await store.getMany(1, ['a', 'b'])).toEqual([null, Buffer.from('kept')]);
  expect(await store.range(1, 'i', { limit: 9 })).toEqual([{ member: 'n', score: -2 }]);
  // Generation, marker, value, and for the index: entry, place, count.
  expect(environment.openDB('dossier-store', { encoding: 'binary', keyEncoding: 'binary' }).getKeysCount()).toBe(6);
  await store.close();
  await environment.close();
  rmSync(directory, { recursive: true });
});

test('a commit of the embedded store that fails half-way changes nothing', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'seaport-dossier-store-'));
  const environment = open({ path: directory });
  const store = await openEmbeddedDossierStore({ environment });
  const marker = { epoch: 'e', offset: 1, clearancesOffset: 0 };
  await store.commit(1, null, marker, [{ put: 'a', value: 'old' }]);
  const refusedByTheEngine = 12 as unknown as string;
  const half = store.commit(1, marker, { ...marker, offset: 2 }, [
    { put: 'a', value: 'new' },
    { put: 'b', value: refusedByTheEngine },
  ]);
  await expect(half).rejects.toMatchObject({ code: 'store-unavailable' });
  expect(await store.getMany(1, ['a', 'b'])).toEqual([Buffer.from('old'), null]);
  expect(await store.marker(1)).toEqual(marker);
  await store.close();
  await environment.close();
  rmSync(directory, { recursive: true });
});
