import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import type { DossierStore, IndexEntry, Marker, RangeQuery, StoreChange } from '../../gateway/ports/dossier-store';

/** One store, and the way to a second object on the same data, as another process would have it. */
export interface StoreUnderTest {
  store: DossierStore;
  /** Closed by the suite. */
  another: () => Promise<DossierStore>;
  /** Ends what open() began, the store apart. */
  end: () => Promise<void>;
}

const all: RangeQuery = { limit: 1_000_000 };

function marker(offset: number, epoch = 'epoch-1'): Marker {
  return { epoch, offset, clearancesOffset: offset * 2 };
}

/** What every DossierStore does. Each test takes a partition of its own. */
export function dossierStoreContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`${name} as a DossierStore`, () => {
    let under: StoreUnderTest;
    let store: DossierStore;
    let partitions = 0;
    const newPartition = (): number => partitions++;

    beforeAll(async () => {
      under = await open();
      store = under.store;
    });

    afterAll(async () => {
      await store.close();
      await under.end();
    });

    const text = async (partition: number, ...keys: string[]): Promise<(string | null)[]> =>
      (await store.getMany(partition, keys)).map((value) => value?.toString() ?? null);

    const members = async (partition: number, index: string, query: Partial<RangeQuery> = {}): Promise<string[]> =>
      (await store.range(partition, index, { ...all, ...query })).map((entry) => entry.member);

    describe('compare and set', () => {
      test('a partition has no marker before its first commit, and all of it afterwards', async () => {
        const partition = newPartition();
        expect(await store.marker(partition)).toBeNull();
        const next = { epoch: 'an epoch with spaces\nand lines, ü', offset: 2 ** 40 + 7, clearancesOffset: 2 ** 41 };
        expect(await store.commit(partition, null, next, [])).toBe('ok');
        expect(await store.marker(partition)).toEqual(next);
      });

      test('offset -1 is a marker and not the absence of one', async () => {
        const partition = newPartition();
        const empty = { epoch: '', offset: -1, clearancesOffset: 0 };
        expect(await store.commit(partition, null, empty, [])).toBe('ok');
        expect(await store.marker(partition)).toEqual(empty);
        expect(await store.commit(partition, null, marker(1), [])).toBe('stale');
        expect(await store.commit(partition, empty, marker(1), [])).toBe('ok');
      });

      test('a marker is expected only where there is one', async () => {
        const partition = newPartition();
        expect(await store.commit(partition, marker(1), marker(2), [{ put: 'a', value: '1' }])).toBe('stale');
        expect(await store.marker(partition)).toBeNull();
        expect(await text(partition, 'a')).toEqual([null]);
      });

      test.each([
        ['another offset', { ...marker(1), offset: 0 }],
        ['another epoch', { ...marker(1), epoch: 'epoch-2' }],
        ['another position in clearances', { ...marker(1), clearancesOffset: 9 }],
        ['none', null],
      ])('with %s expected nothing at all is changed', async (_case, expected) => {
        const partition = newPartition();
        await store.commit(partition, null, marker(1), [
          { put: 'kept', value: 'old' },
          { put: 'also kept', value: 'old' },
          { index: 'i', add: 'm', score: 1 },
        ]);
        const stale = await store.commit(partition, expected, marker(2), [
          { put: 'kept', value: 'new' },
          { put: 'more', value: 'new' },
          { remove: 'also kept' },
          { index: 'i', add: 'm', score: 2 },
          { index: 'i', add: 'n', score: 2 },
          { index: 'j', add: 'n', score: 2 },
        ]);
        expect(stale).toBe('stale');
        expect(await store.marker(partition)).toEqual(marker(1));
        expect(await text(partition, 'kept', 'also kept', 'more')).toEqual(['old', 'old', null]);
        expect(await store.range(partition, 'i', all)).toEqual([{ member: 'm', score: 1 }]);
        expect(await store.count(partition, 'j')).toBe(0);
      });

      test('of commits that expect the same marker exactly one is applied', async () => {
        const partition = newPartition();
        const other = await under.another();
        const outcomes = await Promise.all(
          Array.from({ length: 20 }, (_, n) =>
            (n % 2 === 0 ? store : other).commit(partition, null, marker(n), [{ put: 'winner', value: String(n) }]),
          ),
        );
        expect(outcomes.filter((outcome) => outcome === 'ok')).toHaveLength(1);
        const winner = outcomes.indexOf('ok');
        expect(await text(partition, 'winner')).toEqual([String(winner)]);
        expect(await store.marker(partition)).toEqual(marker(winner));
        await other.close();
      });

      test('a reader sees all of a commit or nothing of it', async () => {
        const partition = newPartition();
        const other = await under.another();
        const keys = Array.from({ length: 300 }, (_, n) => `k${n}`);
        let writing = true;
        const writer = (async () => {
          let before: Marker | null = null;
          for (let round = 0; round < 30; round++) {
            const changes = keys.map((key): StoreChange => ({ put: key, value: String(round) }));
            await store.commit(partition, before, marker(round), changes);
            before = marker(round);
          }
          writing = false;
        })();
        let reads = 0;
        do {
          const seen = new Set((await other.getMany(partition, keys)).map(String));
          expect(seen.size).toBe(1);
          reads++;
          // A store in this process answers without leaving the turn.
          await new Promise(setImmediate);
        } while (writing);
        await writer;
        expect(reads).toBeGreaterThan(0);
        await other.close();
      });
    });

    describe('values', () => {
      test('come back in the order of the keys, null where there is none, twice where asked twice', async () => {
        const partition = newPartition();
        await store.write(partition, [
          { put: 'a', value: '1' },
          { put: 'b', value: '2' },
          { put: 'ü/🚢', value: '3' },
        ]);
        expect(await text(partition, 'b', 'missing', 'a', 'ü/🚢', 'b')).toEqual(['2', null, '1', '3', '2']);
        expect(await store.getMany(partition, [])).toEqual([]);
      });

      test('are bytes: all of them, none of them, and text as UTF-8', async () => {
        const partition = newPartition();
        const bytes = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
        await store.write(partition, [
          { put: 'bytes', value: bytes },
          { put: 'empty', value: Buffer.alloc(0) },
          { put: 'empty text', value: '' },
          { put: 'text', value: 'Cảng Hải Phòng 🚢\r\n\0' },
        ]);
        const read = await store.getMany(partition, ['bytes', 'empty', 'empty text', 'text']);
        expect(read).toEqual([bytes, Buffer.alloc(0), Buffer.alloc(0), Buffer.from('Cảng Hải Phòng 🚢\r\n\0')]);
        expect(read.every((value) => Buffer.isBuffer(value))).toBe(true);
      });

      test('stay what they were while others are read and written', async () => {
        const partition = newPartition();
        await store.write(partition, [{ put: 'a', value: 'first' }]);
        const [held] = await store.getMany(partition, ['a']);
        await store.write(partition, [
          { put: 'a', value: 'other' },
          { put: 'b', value: randomBytes(100_000) },
        ]);
        await store.getMany(partition, ['a', 'b']);
        expect(held?.toString()).toBe('first');
      });

      test('are replaced and removed; removing what is not there is no fault', async () => {
        const partition = newPartition();
        await store.commit(partition, null, marker(1), [
          { put: 'a', value: '1' },
          { put: 'b', value: '1' },
        ]);
        await store.commit(partition, marker(1), marker(2), [{ put: 'a', value: '2' }, { remove: 'b' }, { remove: 'never there' }]);
        expect(await text(partition, 'a', 'b')).toEqual(['2', null]);
      });

      test('of several changes to one key the last counts', async () => {
        const partition = newPartition();
        await store.write(partition, [
          { put: 'a', value: '1' },
          { put: 'a', value: '2' },
          { remove: 'b' },
          { put: 'b', value: '3' },
          { put: 'c', value: '4' },
          { remove: 'c' },
        ]);
        expect(await text(partition, 'a', 'b', 'c')).toEqual(['2', '3', null]);
      });

      test('a value of 10 MiB is kept whole', async () => {
        const partition = newPartition();
        const large = randomBytes(10 * 1024 * 1024);
        expect(await store.commit(partition, null, marker(1), [{ put: 'large', value: large }])).toBe('ok');
        const [read] = await store.getMany(partition, ['large']);
        expect(read?.equals(large)).toBe(true);
      });

      test('10,000 changes in one commit are applied', async () => {
        const partition = newPartition();
        const many = 10_000;
        const puts = Array.from({ length: many }, (_, n): StoreChange => ({ put: `k${n}`, value: `value ${n}` }));
        const adds = Array.from({ length: many }, (_, n): StoreChange => ({ index: 'big', add: `m${n}`, score: n }));
        const spread = Array.from({ length: many }, (_, n): StoreChange => ({ index: `small-${n}`, add: 'm', score: n }));
        expect(await store.commit(partition, null, marker(1), puts)).toBe('ok');
        expect(await store.commit(partition, marker(1), marker(2), adds)).toBe('ok');
        expect(await store.commit(partition, marker(2), marker(3), spread)).toBe('ok');
        const read = await text(partition, ...Array.from({ length: many }, (_, n) => `k${n}`));
        expect(read).toEqual(Array.from({ length: many }, (_, n) => `value ${n}`));
        expect(await store.count(partition, 'big')).toBe(many);
        expect(await members(partition, 'big', { reverse: true, limit: 2 })).toEqual(['m9999', 'm9998']);
        expect(await store.count(partition, 'small-7777')).toBe(1);

        const removes = Array.from({ length: many }, (_, n): StoreChange => ({ remove: `k${n}` }));
        const drops = Array.from({ length: many }, (_, n): StoreChange => ({ index: 'big', drop: `m${n}` }));
        expect(await store.commit(partition, marker(3), marker(4), [...removes, ...drops])).toBe('ok');
        expect(await text(partition, 'k0', 'k9999')).toEqual([null, null]);
        expect(await store.count(partition, 'big')).toBe(0);
      });

      test('putIfAbsent puts once, whoever asks', async () => {
        const partition = newPartition();
        const other = await under.another();
        const outcomes = await Promise.all(
          Array.from({ length: 10 }, (_, n) => (n % 2 === 0 ? store : other).putIfAbsent(partition, 'receipt', `value ${n}`)),
        );
        expect(outcomes.filter(Boolean)).toHaveLength(1);
        expect(await text(partition, 'receipt')).toEqual([`value ${outcomes.indexOf(true)}`]);
        expect(await store.putIfAbsent(partition, 'empty', Buffer.alloc(0))).toBe(true);
        expect(await store.putIfAbsent(partition, 'empty', 'more')).toBe(false);
        await store.write(partition, [{ remove: 'receipt' }]);
        expect(await store.putIfAbsent(partition, 'receipt', 'again')).toBe(true);
        await other.close();
      });

      test('write leaves the marker alone, and needs none', async () => {
        const partition = newPartition();
        await store.write(partition, [{ put: 'a', value: '1' }]);
        await store.write(partition, []);
        expect(await store.marker(partition)).toBeNull();
        await store.commit(partition, null, marker(1), []);
        await store.write(partition, [{ index: 'i', add: 'm', score: 1 }, { remove: 'a' }]);
        expect(await store.marker(partition)).toEqual(marker(1));
        expect(await members(partition, 'i')).toEqual(['m']);
        expect(await text(partition, 'a')).toEqual([null]);
      });
    });

    describe('indexes', () => {
      const scores = [-(2 ** 41) - 0.5, -1_000, -1.5, -1, 0, 0.25, 0.5, 1, 1.5, 1_764_000_000_000, 2 ** 41, 2 ** 53];

      test('are in the order of their scores: negative, fractional and beyond 2^40', async () => {
        const partition = newPartition();
        const shuffled = [...scores].sort((a, b) => String(a).localeCompare(String(b)));
        await store.write(
          partition,
          shuffled.map((score): StoreChange => ({ index: 'i', add: `m${score}`, score })),
        );
        expect(await store.range(partition, 'i', all)).toEqual(scores.map((score) => ({ member: `m${score}`, score })));
        expect(await store.range(partition, 'i', { ...all, reverse: true })).toEqual(
          scores.map((score) => ({ member: `m${score}`, score })).reverse(),
        );
        expect(await store.count(partition, 'i')).toBe(scores.length);
      });

      test('both bounds belong to a range, and either may be left out', async () => {
        const partition = newPartition();
        await store.write(
          partition,
          [-2, -1, 0, 1, 2].map((score): StoreChange => ({ index: 'i', add: `m${score}`, score })),
        );
        expect(await members(partition, 'i', { min: -1, max: 1 })).toEqual(['m-1', 'm0', 'm1']);
        expect(await members(partition, 'i', { min: -1, max: 1, reverse: true })).toEqual(['m1', 'm0', 'm-1']);
        expect(await members(partition, 'i', { min: 1 })).toEqual(['m1', 'm2']);
        expect(await members(partition, 'i', { max: -1, reverse: true })).toEqual(['m-1', 'm-2']);
        expect(await members(partition, 'i', { min: -0, max: 0 })).toEqual(['m0']);
        expect(await members(partition, 'i', { min: -Infinity, max: Infinity })).toHaveLength(5);
        expect(await members(partition, 'i', { min: 0.1, max: 0.9 })).toEqual([]);
        expect(await members(partition, 'i', { min: 2, max: 1 })).toEqual([]);
        expect(await members(partition, 'no such index')).toEqual([]);
      });

      test('a limit counts from the end at which the range begins', async () => {
        const partition = newPartition();
        await store.write(
          partition,
          [1, 2, 3, 4, 5].map((score): StoreChange => ({ index: 'i', add: `m${score}`, score })),
        );
        expect(await members(partition, 'i', { limit: 2 })).toEqual(['m1', 'm2']);
        expect(await members(partition, 'i', { limit: 2, reverse: true })).toEqual(['m5', 'm4']);
        expect(await members(partition, 'i', { min: 2, max: 4, limit: 2, reverse: true })).toEqual(['m4', 'm3']);
        expect(await members(partition, 'i', { limit: 0 })).toEqual([]);
      });

      test('members of one score are in byte order, which is not the order of UTF-16', async () => {
        const partition = newPartition();
        const inOrder = ['', '\0', 'A', 'Z', 'a', 'aa', 'b', 'é', '中', '\uffff', '🚢'];
        await store.write(
          partition,
          [...inOrder].reverse().map((member): StoreChange => ({ index: 'i', add: member, score: 7 })),
        );
        expect(await members(partition, 'i')).toEqual(inOrder);
        expect(await members(partition, 'i', { reverse: true })).toEqual([...inOrder].reverse());
        expect(await members(partition, 'i', { min: 7, max: 7, limit: 3 })).toEqual(inOrder.slice(0, 3));
      });

      test('a member added again moves, and one dropped is gone', async () => {
        const partition = newPartition();
        await store.commit(partition, null, marker(1), [
          { index: 'i', add: 'a', score: 1 },
          { index: 'i', add: 'b', score: 2 },
          { index: 'other', add: 'a', score: 5 },
        ]);
        await store.commit(partition, marker(1), marker(2), [{ index: 'i', add: 'a', score: 3 }]);
        expect(await store.range(partition, 'i', all)).toEqual([
          { member: 'b', score: 2 },
          { member: 'a', score: 3 },
        ]);
        expect(await store.count(partition, 'i')).toBe(2);
        await store.commit(partition, marker(2), marker(3), [
          { index: 'i', drop: 'a' },
          { index: 'i', drop: 'never there' },
          { index: 'no such index', drop: 'a' },
        ]);
        expect(await members(partition, 'i')).toEqual(['b']);
        expect(await store.count(partition, 'i')).toBe(1);
        expect(await members(partition, 'other')).toEqual(['a']);
        await store.write(partition, [{ index: 'i', drop: 'b' }]);
        expect(await store.count(partition, 'i')).toBe(0);
        await store.write(partition, [{ index: 'i', add: 'b', score: 9 }]);
        expect(await store.range(partition, 'i', all)).toEqual([{ member: 'b', score: 9 }]);
      });

      test('of several changes to one member the last counts', async () => {
        const partition = newPartition();
        await store.write(partition, [
          { index: 'i', add: 'a', score: 1 },
          { index: 'i', add: 'a', score: 2 },
          { index: 'i', add: 'b', score: 1 },
          { index: 'i', drop: 'b' },
          { index: 'i', drop: 'c' },
          { index: 'i', add: 'c', score: 3 },
        ]);
        expect(await store.range(partition, 'i', all)).toEqual([
          { member: 'a', score: 2 },
          { member: 'c', score: 3 },
        ]);
      });

      test('one whose name begins like another is another', async () => {
        const partition = newPartition();
        await store.write(partition, [
          { index: 'open', add: 'a', score: 1 },
          { index: 'open:customs', add: 'b', score: 1 },
          { index: 'ope', add: 'nc', score: 1 },
        ]);
        expect(await members(partition, 'open')).toEqual(['a']);
        expect(await members(partition, 'open:customs')).toEqual(['b']);
        expect(await members(partition, 'ope')).toEqual(['nc']);
      });
    });

    describe('partitions', () => {
      test('share nothing', async () => {
        const [one, two] = [newPartition(), newPartition()];
        await store.commit(one, null, marker(1), [
          { put: 'a', value: 'one' },
          { index: 'i', add: 'm', score: 1 },
        ]);
        expect(await store.marker(two)).toBeNull();
        expect(await text(two, 'a')).toEqual([null]);
        expect(await store.count(two, 'i')).toBe(0);
      });

      test('clear empties one and leaves its neighbours', async () => {
        const near = [newPartition(), newPartition(), newPartition()];
        for (const partition of near) {
          await store.commit(partition, null, marker(partition), [
            ...Array.from({ length: 5_000 }, (_, n): StoreChange => ({ put: `k${n}`, value: 'v' })),
            ...Array.from({ length: 2_500 }, (_, n): StoreChange => ({ index: `i${n}`, add: 'm', score: n })),
          ]);
        }
        const [before, cleared, behind] = near as [number, number, number];
        await store.clear(cleared);
        expect(await store.marker(cleared)).toBeNull();
        expect(await text(cleared, 'k0', 'k4999')).toEqual([null, null]);
        for (const n of [0, 1_250, 2_499]) {
          expect(await store.count(cleared, `i${n}`)).toBe(0);
          expect(await members(cleared, `i${n}`)).toEqual([]);
        }
        for (const partition of [before, behind]) {
          expect(await store.marker(partition)).toEqual(marker(partition));
          expect(await text(partition, 'k0', 'k4999')).toEqual(['v', 'v']);
          expect(await members(partition, 'i2499')).toEqual(['m']);
        }
        expect(await store.commit(cleared, marker(cleared), marker(9), [])).toBe('stale');
        expect(await store.commit(cleared, null, marker(0), [{ index: 'i0', add: 'again', score: 1 }])).toBe('ok');
        expect(await members(cleared, 'i0')).toEqual(['again']);
        expect(await store.count(cleared, 'i0')).toBe(1);
      });

      test('clear of an empty partition, and again, is no fault', async () => {
        const partition = newPartition();
        await store.clear(partition);
        await store.write(partition, [{ put: 'a', value: '1' }]);
        await store.clear(partition);
        await store.clear(partition);
        expect(await text(partition, 'a')).toEqual([null]);
      });
    });

    describe('hints', () => {
      test('reach the listeners of this store and of another, in batches as committed', async () => {
        const partition = newPartition();
        const other = await under.another();
        const ids = Array.from({ length: 2_500 }, (_, n) => `dossier-${n}`);
        const heard = [store, other].map(
          (listening) =>
            new Promise<Set<string>>((resolve) => {
              const seen = new Set<string>();
              const end = listening.onChange((dossierIds) => {
                for (const id of dossierIds) seen.add(id);
                if (seen.size < ids.length) return;
                end();
                resolve(seen);
              });
            }),
        );
        expect(await store.commit(partition, null, marker(1), [], ids)).toBe('ok');
        for (const seen of await Promise.all(heard)) expect([...seen].sort()).toEqual([...ids].sort());
        await other.close();
      });

      test('are not told by a stale commit, nor to a listener that left', async () => {
        const partition = newPartition();
        const told: string[] = [];
        const left: string[] = [];
        store.onChange((ids) => left.push(...ids))();
        let last: () => void = () => undefined;
        const done = new Promise<void>((resolve) => (last = resolve));
        const end = store.onChange((ids) => {
          told.push(...ids);
          if (ids.includes('last')) last();
        });
        await store.commit(partition, marker(5), marker(6), [], ['stale']);
        await store.commit(partition, null, marker(1), [], ['first', 'second']);
        await store.commit(partition, marker(1), marker(2), [], ['last']);
        await done;
        end();
        expect(told).toEqual(['first', 'second', 'last']);
        expect(left).toEqual([]);
      });
    });

    describe('a bug of the caller', () => {
      const long = 'ü'.repeat(451);
      test.each<[string, StoreChange[]]>([
        ['a key that is too long', [{ put: long, value: '' }]],
        ['a removed key that is too long', [{ remove: long }]],
        ['a member that is too long', [{ index: 'i', add: long, score: 1 }]],
        ['an index name that is too long', [{ index: long, drop: 'm' }]],
        ['a score that is no number', [{ index: 'i', add: 'm', score: NaN }]],
        ['a score without end', [{ index: 'i', add: 'm', score: Infinity }]],
      ])('%s is a RangeError before anything is changed', async (_case, changes) => {
        const partition = newPartition();
        const first: StoreChange[] = [{ put: 'first', value: '1' }];
        await expect(store.commit(partition, null, marker(1), [...first, ...changes])).rejects.toThrow(RangeError);
        await expect(store.write(partition, [...first, ...changes])).rejects.toThrow(RangeError);
        expect(await store.marker(partition)).toBeNull();
        expect(await text(partition, 'first')).toEqual([null]);
      });

      test('names of the greatest length are taken', async () => {
        const partition = newPartition();
        const longest = 'ü'.repeat(450);
        await store.write(partition, [
          { put: longest, value: '1' },
          { index: longest, add: longest, score: 1 },
        ]);
        expect(await text(partition, longest, long)).toEqual(['1', null]);
        expect(await members(partition, longest)).toEqual([longest]);
        expect(await members(partition, longest, { reverse: true })).toEqual([longest]);
        expect(await store.count(partition, longest)).toBe(1);
      });

      test('a number that is no partition, a bound that is no number, a negative limit', async () => {
        await expect(store.marker(-1)).rejects.toThrow(RangeError);
        await expect(store.getMany(1.5, ['a'])).rejects.toThrow(RangeError);
        await expect(store.range(0, 'i', { limit: -1 })).rejects.toThrow(RangeError);
        await expect(store.range(0, 'i', { limit: 1, min: NaN })).rejects.toThrow(RangeError);
      });
    });

    test('any sequence of changes leaves what a plain map would hold', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(stepArbitrary, { maxLength: 12 }), rangeArbitrary, async (steps, query) => {
          const partition = newPartition();
          let model = new Model();
          for (const step of steps) {
            if (step.kind === 'clear') {
              await store.clear(partition);
              model = new Model();
            } else if (step.kind === 'write') {
              await store.write(partition, step.changes);
              model.apply(step.changes);
            } else {
              const expected = step.kind === 'commit' ? model.marker : marker(999, 'nobody');
              const next = marker((model.marker?.offset ?? -1) + 1);
              const outcome = await store.commit(partition, expected, next, step.changes);
              expect(outcome).toBe(step.kind === 'commit' ? 'ok' : 'stale');
              if (outcome === 'ok') {
                model.marker = next;
                model.apply(step.changes);
              }
            }
          }
          expect(await store.marker(partition)).toEqual(model.marker);
          expect(await text(partition, ...names)).toEqual(names.map((key) => model.values.get(key) ?? null));
          for (const index of indexNames) {
            expect(await store.count(partition, index)).toBe(model.range(index, all).length);
            expect(await store.range(partition, index, all)).toEqual(model.range(index, all));
            expect(await store.range(partition, index, query)).toEqual(model.range(index, query));
          }
        }),
        { numRuns: 120 },
      );
    });

    test('ping answers, and a closed store refuses everything with store-unavailable', async () => {
      await store.ping();
      const other = await under.another();
      await other.close();
      await other.close();
      const refused = { code: 'store-unavailable', retriable: true };
      await expect(other.ping()).rejects.toMatchObject(refused);
      await expect(other.marker(0)).rejects.toMatchObject(refused);
      await expect(other.getMany(0, ['a'])).rejects.toMatchObject(refused);
      await expect(other.commit(0, null, marker(1), [])).rejects.toMatchObject(refused);
      await expect(other.putIfAbsent(0, 'a', '')).rejects.toMatchObject(refused);
      await expect(other.clear(0)).rejects.toMatchObject(refused);
      await store.ping();
    });
  });
}

// The store in a few lines, slow and evident.
class Model {
  marker: Marker | null = null;
  readonly values = new Map<string, string>();
  readonly indexes = new Map<string, Map<string, number>>();

  apply(changes: StoreChange[]): void {
    for (const change of changes) {
      if ('put' in change) this.values.set(change.put, change.value.toString());
      else if ('remove' in change) this.values.delete(change.remove);
      else if ('add' in change) this.#index(change.index).set(change.add, change.score);
      else this.#index(change.index).delete(change.drop);
    }
  }

  range(index: string, { min = -Infinity, max = Infinity, limit, reverse = false }: RangeQuery): IndexEntry[] {
    const entries = [...this.#index(index)]
      .map(([member, score]) => ({ member, score: score === 0 ? 0 : score }))
      .filter(({ score }) => score >= min && score <= max)
      .sort((a, b) => a.score - b.score || Buffer.compare(Buffer.from(a.member), Buffer.from(b.member)));
    return (reverse ? entries.reverse() : entries).slice(0, limit);
  }

  #index(index: string): Map<string, number> {
    const known = this.indexes.get(index);
    if (known !== undefined) return known;
    const members = new Map<string, number>();
    this.indexes.set(index, members);
    return members;
  }
}

const names = ['', 'a', 'ab', 'b', 'é', '🚢', '\uffff'];
const indexNames = ['i', 'ij', ''];
const nameArbitrary = fc.constantFrom(...names);
const scoreArbitrary = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(-0, 0.1, -(2 ** 45), 1_764_000_000_000),
);
const changeArbitrary: fc.Arbitrary<StoreChange> = fc.oneof(
  fc.record({ put: nameArbitrary, value: fc.string({ unit: 'grapheme', maxLength: 5 }) }),
  fc.record({ remove: nameArbitrary }),
  fc.record({ index: fc.constantFrom(...indexNames), add: nameArbitrary, score: scoreArbitrary }),
  fc.record({ index: fc.constantFrom(...indexNames), drop: nameArbitrary }),
);
const stepArbitrary = fc.oneof(
  fc.record({
    kind: fc.constantFrom('commit' as const, 'commit' as const, 'stale' as const, 'write' as const),
    changes: fc.array(changeArbitrary, { maxLength: 12 }),
  }),
  fc.record({ kind: fc.constant('clear' as const) }),
);
const rangeArbitrary: fc.Arbitrary<RangeQuery> = fc.record(
  { min: scoreArbitrary, max: scoreArbitrary, limit: fc.integer({ min: 0, max: 8 }), reverse: fc.boolean() },
  { requiredKeys: ['limit'] },
);
