import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { open, type Database, type RootDatabase } from 'lmdb';
import { StoreKeys } from './store-keys';
import { inOrder, StoredIndex, type Move } from './stored-index';

/** Long names, so that some dozens are several blocks. */
const nameOf = (n: number): string => `${n % 3 === 0 ? '🚢' : '\uffff'}${n}${'-'.repeat(60)}`;
const change = fc.record({
  n: fc.nat(80),
  score: fc.option(
    fc.oneof(
      fc.integer({ min: -2, max: 2 }),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
    ),
  ),
  isSaid: fc.boolean(),
});
const bound = fc.oneof(fc.constantFrom(-Infinity, Infinity), fc.integer({ min: -3, max: 3 }));

test('members of one score are in the order of their bytes', () => {
  const name = fc.string({ unit: fc.constantFrom('', 'a', 'é', '\ud7ff', '\ue000', '\uffff', '🚢', '\u{10ffff}'), maxLength: 4 });
  fc.assert(
    fc.property(name, name, (a, b) => {
      const order = inOrder({ member: a, score: 1 }, { member: b, score: 1 });
      expect(Math.sign(order)).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
  );
});

describe('an index on disk', () => {
  let directory: string;
  let environment: RootDatabase;
  let database: Database<Buffer, Buffer>;

  beforeAll(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'seaport-index-'));
    environment = open({ path: directory });
    database = environment.openDB<Buffer, Buffer>('x', { encoding: 'binary', keyEncoding: 'binary' });
  });

  afterAll(async () => {
    await environment.close();
    rmSync(directory, { recursive: true });
  });

  it('holds what a plain map would, whatever moves, grows and shrinks, and leaves its neighbours alone', async () => {
    const neighbours = ['h', 'i ', 'j'];
    let generation = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(change, { maxLength: 70 }), { maxLength: 6 }), bound, bound, async (batches, min, max) => {
        const keys = new StoreKeys(1, ++generation);
        for (const name of neighbours) {
          const writes: Promise<unknown>[] = [];
          const moves = Array.from({ length: 40 }, (_, n): [string, Move] => [nameOf(n), { was: null, now: n }]);
          new StoredIndex(database, keys, name, true).write(new Map(moves), writes);
          await Promise.all(writes);
        }
        const model = new Map<string, number>();
        for (const batch of batches) {
          const moves = new Map<string, Move>();
          for (const { n, score, isSaid } of batch) {
            const member = nameOf(n);
            moves.set(member, { was: isSaid ? (model.get(member) ?? null) : undefined, now: score });
          }
          const writes: Promise<unknown>[] = [];
          new StoredIndex(database, keys, 'i', false).write(moves, writes);
          await Promise.all(writes);
          for (const [member, { now }] of moves) {
            if (now === null) model.delete(member);
            else model.set(member, now);
          }
          const index = new StoredIndex(database, keys, 'i', false);
          const expected = Array.from(model, ([member, score]) => ({ member, score }))
            .filter(({ score }) => score >= min && score <= max)
            .sort(inOrder);
          expect([...index.entries(min, max, false)]).toEqual(expected);
          expect([...index.entries(min, max, true)]).toEqual(expected.reverse());
          expect(index.count).toBe(model.size);
          expect(index.members()).toEqual(model);
        }
        for (const name of neighbours) expect(new StoredIndex(database, keys, name, false).members().size).toBe(40);
      }),
      { numRuns: 60 },
    );
  });

  it('leaves nothing behind when it is emptied', async () => {
    const keys = new StoreKeys(2, 1);
    const write = async (now: (n: number) => number | null): Promise<void> => {
      const writes: Promise<unknown>[] = [];
      const moves = Array.from({ length: 90 }, (_, n): [string, Move] => [nameOf(n), { was: undefined, now: now(n) }]);
      new StoredIndex(database, keys, 'i', false).write(new Map(moves), writes);
      await Promise.all(writes);
    };
    const before = database.getKeysCount();
    await write((n) => n);
    expect(database.getKeysCount()).toBeGreaterThan(before + 4);
    await write((n) => -n);
    await write(() => null);
    expect(database.getKeysCount()).toBe(before);
  });
});
