import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { openEmbeddedDossierStore } from '../../gateway/edges/embedded/embedded-dossier-store';
import { writeBehindOf } from '../../gateway/edges/embedded/write-behind';
import type { DossierStore, StoreChange } from '../../gateway/ports/dossier-store';
import { dossierStoreContract } from './dossier-store';

/** What is asked of the store is found in memory, in what is just being written, or on disk. */
const places: Record<string, (environment: RootDatabase) => Promise<void> | undefined> = {
  'in memory': () => undefined,
  'being written': (environment) => {
    void writeBehindOf(environment).now();
    return undefined;
  },
  'on disk': (environment) => writeBehindOf(environment).now(),
};

for (const [place, settle] of Object.entries(places))
  dossierStoreContract(`the embedded store, ${place}`, async () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'seaport-dossier-store-'));
    const environment = open({ path: directory });
    const settled = (store: DossierStore): DossierStore => ({
      ...wrapped(store),
      commit: async (...given) => then(await store.commit(...given), settle(environment)),
      write: async (...given) => then(await store.write(...given), settle(environment)),
      putIfAbsent: async (...given) => then(await store.putIfAbsent(...given), settle(environment)),
    });
    return {
      store: settled(await openEmbeddedDossierStore({ environment })),
      another: async () => settled(await openEmbeddedDossierStore({ environment })),
      end: async () => {
        await writeBehindOf(environment).now();
        await environment.close();
        rmSync(directory, { recursive: true });
      },
    };
  });

async function then<T>(value: T, settling: Promise<void> | undefined): Promise<T> {
  await settling;
  return value;
}

function wrapped(store: DossierStore): DossierStore {
  return {
    marker: (...given) => store.marker(...given),
    commit: (...given) => store.commit(...given),
    write: (...given) => store.write(...given),
    putIfAbsent: (...given) => store.putIfAbsent(...given),
    getMany: (...given) => store.getMany(...given),
    range: (...given) => store.range(...given),
    count: (...given) => store.count(...given),
    clear: (...given) => store.clear(...given),
    onChange: (...given) => store.onChange(...given),
    ping: () => store.ping(),
    close: () => store.close(),
  };
}

describe('the files of the embedded store', () => {
  const marker = { epoch: 'e', offset: 4, clearancesOffset: 2 };
  let directory: string;
  let environment: RootDatabase;
  let store: DossierStore;

  beforeEach(async () => {
    directory = mkdtempSync(path.join(tmpdir(), 'seaport-dossier-store-'));
    await openAll();
  });

  afterEach(async () => {
    await closeAll();
    rmSync(directory, { recursive: true });
  });

  async function openAll(): Promise<void> {
    environment = open({ path: directory });
    store = await openEmbeddedDossierStore({ environment });
  }

  async function closeAll(): Promise<void> {
    await store.close();
    await environment.close();
  }

  async function reopen(): Promise<void> {
    await closeAll();
    await openAll();
  }

  const database = () => environment.openDB<Buffer, Buffer>('dossiers', { encoding: 'binary', keyEncoding: 'binary' });

  test('keep what was committed over closing and opening, and no trace of what was cleared', async () => {
    await store.commit(1, null, marker, [
      { put: 'a', value: 'cleared' },
      { index: 'i', add: 'm', score: -1 },
    ]);
    await writeBehindOf(environment).now();
    await store.clear(1);
    await store.commit(1, null, marker, [
      { put: 'b', value: 'kept' },
      { index: 'i', add: 'n', score: -2 },
    ]);
    await reopen();
    expect(await store.marker(1)).toEqual(marker);
    expect(await store.getMany(1, ['a', 'b'])).toEqual([null, Buffer.from('kept')]);
    expect(await store.range(1, 'i', { limit: 9 })).toEqual([{ member: 'n', score: -2 }]);
    // Generation, marker, value, index.
    expect(database().getKeysCount()).toBe(4);
  });

  test('hold nothing of what came and went before it was written', async () => {
    await store.write(1, [
      { put: 'a', value: '1' },
      { index: 'open', add: 'task', score: 1 },
    ]);
    await store.write(1, [{ remove: 'a' }, { index: 'open', drop: 'task' }]);
    await reopen();
    expect(database().getKeysCount()).toBe(0);
  });

  test('hold a small index as one value and a large one in blocks, and go from one to the other', async () => {
    const add = (n: number): StoreChange => ({ index: 'i', add: `member ${n}`, score: n % 2 });
    const drop = (n: number): StoreChange => ({ index: 'i', drop: `member ${n}` });
    const numbers = Array.from({ length: 200 }, (_, n) => n);
    const expectMembers = async (count: number): Promise<void> => {
      await reopen();
      expect(await store.count(1, 'i')).toBe(count);
      expect((await store.range(1, 'i', { limit: 1_000 })).length).toBe(count);
      expect((await store.range(1, 'i', { limit: 3 })).map(({ score }) => score)).toEqual([0, 0, 0]);
    };
    await store.write(1, numbers.slice(0, 50).map(add));
    await expectMembers(50);
    expect(database().getKeysCount()).toBe(1);
    await store.write(1, numbers.slice(50).map(add));
    await expectMembers(200);
    const blocks = database().getKeysCount() - 1;
    expect(blocks).toBeGreaterThan(2);
    expect(blocks).toBeLessThan(6);
    await store.write(1, numbers.slice(10).map(drop));
    await expectMembers(10);
    await store.write(1, numbers.map(drop));
    await store.write(2, [{ put: 'something', value: 'else' }]);
    await reopen();
    expect(database().getKeysCount()).toBe(1);
  });

  test.each(['dossier-store', 'dossier-store-2'])('of an older layout (%s) hold nothing: it is made anew from the log', async (old) => {
    await store.close();
    await environment.openDB(old, { encoding: 'binary', keyEncoding: 'binary' }).put(Buffer.from([0, 1, 1]), Buffer.from('old'));
    await reopen();
    expect(await store.marker(1)).toBeNull();
    expect([...environment.getKeys()]).toEqual(['dossiers']);
  });
});
