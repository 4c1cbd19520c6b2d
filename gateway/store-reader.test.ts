import { FakeClock } from '../test/support/fake-clock';
import { FakeDossierStore } from '../test/support/fake-dossier-store';
import { FakeMessageLog } from '../test/support/fake-message-log';
import { StoreUnavailable } from './core/exchange-error';
import { StoreReader } from './store-reader';

/** A store that notes what it is asked for. */
async function given(): Promise<{ store: FakeDossierStore; reader: StoreReader; asked: [number, string[]][]; clock: FakeClock }> {
  const store = new FakeDossierStore();
  for (const partition of [0, 1])
    await store.write(partition, [
      { put: 'a', value: `a${partition}` },
      { put: 'b', value: `b${partition}` },
    ]);
  const asked: [number, string[]][] = [];
  const getMany = store.getMany.bind(store);
  store.getMany = (partition, keys) => {
    asked.push([partition, [...keys]]);
    return getMany(partition, keys);
  };
  const clock = new FakeClock('2026-11-24T03:00:00Z');
  return { store, reader: new StoreReader(store, new FakeMessageLog(), clock), asked, clock };
}

const texts = (values: (Buffer | null)[] | undefined): (string | undefined)[] | undefined => values?.map((value) => value?.toString());

test('what is looked for in one turn of the event loop is asked together, partition by partition, and each gets its own', async () => {
  const { reader, asked } = await given();
  const found = await Promise.all([
    reader.find(0, ['a', 'none']),
    reader.find(1, ['b']),
    Promise.resolve().then(() => reader.find(0, ['b'])),
    reader.find(0, []),
    reader.find(0, ['a']),
  ]);
  expect(found.map(texts)).toEqual([['a0', undefined], ['b1'], ['b0'], [], ['a0']]);
  expect(asked).toEqual([
    [0, ['a', 'none', 'a', 'b']],
    [1, ['b']],
  ]);
  expect(texts(await reader.find(0, ['b']))).toEqual(['b0']);
  expect(asked).toHaveLength(3);
});

test('who looks while an answer is on its way is asked for on its own: what was written since is found', async () => {
  const { store, reader } = await given();
  let answer = (): void => undefined;
  const { getMany } = store;
  store.getMany = async (partition, keys) => {
    const values = await getMany(partition, keys);
    await new Promise<void>((resolve) => (answer = resolve));
    return values;
  };
  const first = reader.find(0, ['new']);
  await new Promise((resolve) => setTimeout(resolve, 5));
  store.getMany = getMany;
  await store.write(0, [{ put: 'new', value: 'here' }]);
  expect(texts(await reader.find(0, ['new']))).toEqual(['here']);
  answer();
  expect(texts(await first)).toEqual([undefined]);
});

test('a store that does not answer is told to all who asked, and left alone for a second', async () => {
  const { store, reader, asked, clock } = await given();
  store.before = () => {
    throw new StoreUnavailable('away');
  };
  expect(await Promise.all([reader.find(0, ['a']), reader.find(0, ['b'])])).toEqual([undefined, undefined]);
  expect(await reader.find(0, ['a'])).toBeUndefined();
  expect(asked).toHaveLength(1);
  store.before = () => undefined;
  clock.advance(1_001);
  expect(texts(await reader.find(0, ['a']))).toEqual(['a0']);
});

test('a bug of ours is an error for all who asked', async () => {
  const { store, reader } = await given();
  store.before = () => {
    throw new TypeError('a bug');
  };
  const outcomes = await Promise.allSettled([reader.find(0, ['a']), reader.find(0, ['b'])]);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});
