import { EventEmitter } from 'node:events';
import type { Database, RootDatabase } from 'lmdb';
import { StoreUnavailable } from '../../core/exchange-error';
import type { ChangeListener, DossierStore, IndexEntry, Marker, RangeQuery, StoreChange } from '../../ports/dossier-store';
import {
  checkStoreName,
  checkStorePartition,
  checkStoreQuery,
  isStoreName,
  settleChanges,
  type SettledChanges,
} from '../../ports/settle-changes';
import { StoreKeys, bytesToNumber, generationKey, numberToBytes } from './store-keys';

export interface EmbeddedDossierStoreOptions {
  /** The one environment of the process, opened and closed by its owner: stores are closed before it. */
  environment: RootDatabase;
}

type Bytes = Database<Buffer, Buffer>;

/** What the stores of one environment share. */
interface Shared {
  database: Bytes;
  hints: EventEmitter;
}

const nothing = Buffer.alloc(0);
const databaseName = 'dossier-store';
const hint = 'hint';
/** Keys removed in one transaction of clear(), so that the event loop is held for some milliseconds only. */
const keysPerRemoval = 2_000;

const sharedByEnvironment = new WeakMap<RootDatabase, Shared>();

/**
 * The store on lmdb, in one process. A commit is a transaction: marker and changes are torn by no crash. It answers when it is visible,
 * not when it is on disk: the store is a projection, a crash of the machine takes the last commits together with their markers and
 * the fold does them again.
 *
 * Takes one of the environment's named databases (`dossier-store`).
 */
export function openEmbeddedDossierStore({ environment }: EmbeddedDossierStoreOptions): Promise<DossierStore> {
  return new Promise((resolve) => {
    resolve(new EmbeddedDossierStore(sharedOf(environment)));
  });
}

function sharedOf(environment: RootDatabase): Shared {
  const known = sharedByEnvironment.get(environment);
  if (known !== undefined) return known;
  const database = environment.openDB<Buffer, Buffer>(databaseName, { encoding: 'binary', keyEncoding: 'binary' });
  const hints = new EventEmitter();
  // One for each waiting client; their number is bounded where they are accepted.
  hints.setMaxListeners(0);
  const shared = { database, hints };
  sharedByEnvironment.set(environment, shared);
  return shared;
}

class EmbeddedDossierStore implements DossierStore {
  readonly #database: Bytes;
  readonly #hints: EventEmitter;
  readonly #subscriptions = new Set<ChangeListener>();
  readonly #running = new Set<Promise<unknown>>();
  #closed = false;

  constructor({ database, hints }: Shared) {
    this.#database = database;
    this.#hints = hints;
  }

  #generation(partition: number): number {
    return this.#database.getBinary(generationKey(partition))?.readUInt32BE(0) ?? 0;
  }

  #keysOf(partition: number): StoreKeys {
    return new StoreKeys(partition, this.#generation(partition));
  }

  /** Reads are synchronous underneath; what they throw becomes a rejection, as the port says. */
  #read<T>(partition: number, what: string, action: (keys: StoreKeys) => T): Promise<T> {
    return new Promise((resolve) => {
      checkStorePartition(partition);
      this.#checkOpen();
      try {
        resolve(action(this.#keysOf(partition)));
      } catch (error) {
        throw new StoreUnavailable(`the store did not take ${what}`, error);
      }
    });
  }

  /**
   * Wholly or not at all: a child transaction is undone when the action throws, where a plain one of this library, shared with
   * whatever else is written in the same turn, would keep the first half.
   */
  async #transaction<T>(what: string, action: () => T): Promise<T> {
    this.#checkOpen();
    // Asynchronous from here: what the library throws at once is a rejection too.
    const running = Promise.resolve().then(() => this.#database.childTransaction(action));
    this.#running.add(running);
    try {
      return await running;
    } catch (error) {
      // lmdb hands the reason of a failed commit (disk full) over as a promise of its own; unhandled it would end the process.
      const reason = (error as { commitError?: Promise<never> } | undefined)?.commitError;
      throw new StoreUnavailable(`the store did not take ${what}`, reason ? await reason.catch((cause: unknown) => cause) : error);
    } finally {
      this.#running.delete(running);
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw new StoreUnavailable('the store is closed');
  }

  marker(partition: number): Promise<Marker | null> {
    return this.#read(partition, 'the reading of a marker', (keys) => {
      const bytes = this.#database.getBinary(keys.marker);
      return bytes === undefined ? null : markerOf(bytes);
    });
  }

  async commit(
    partition: number,
    expected: Marker | null,
    next: Marker,
    changes: StoreChange[],
    hints: string[] = [],
  ): Promise<'ok' | 'stale'> {
    checkStorePartition(partition);
    const settled = settleChanges(changes);
    const before = expected === null ? nothing : bytesOf(expected);
    const after = bytesOf(next);
    const outcome = await this.#transaction('a commit', () => {
      const keys = this.#keysOf(partition);
      const now = this.#database.getBinary(keys.marker) ?? nothing;
      if (!now.equals(before)) return 'stale';
      this.#apply(keys, settled);
      this.#database.putSync(keys.marker, after);
      return 'ok';
    });
    // Apart from the commit: a listener that throws is a bug of its own and no failed commit.
    if (outcome === 'ok' && hints.length > 0) queueMicrotask(() => this.#hints.emit(hint, [...hints]));
    return outcome;
  }

  async write(partition: number, changes: StoreChange[]): Promise<void> {
    checkStorePartition(partition);
    const settled = settleChanges(changes);
    if (changes.length === 0) return;
    await this.#transaction('a write', () => {
      this.#apply(this.#keysOf(partition), settled);
    });
  }

  #apply(keys: StoreKeys, { values, indexes }: SettledChanges): void {
    const database = this.#database;
    for (const [key, value] of values) {
      if (value === null) database.removeSync(keys.value(key));
      else database.putSync(keys.value(key), typeof value === 'string' ? Buffer.from(value) : value);
    }
    for (const [name, members] of indexes) {
      const index = keys.index(name);
      let added = 0;
      for (const [member, score] of members) {
        const bytes = Buffer.from(member);
        const place = index.place(bytes);
        const held = database.getBinary(place);
        const heldScore = held === undefined ? null : bytesToNumber(held);
        if (heldScore === score) continue;
        if (heldScore !== null) {
          database.removeSync(index.entry(heldScore, bytes));
          added--;
        }
        if (score === null) database.removeSync(place);
        else {
          database.putSync(index.entry(score, bytes), nothing);
          database.putSync(place, numberToBytes(score));
          added++;
        }
      }
      if (added !== 0) {
        const count = keys.count(name);
        const total = this.#countAt(count) + added;
        if (total === 0) database.removeSync(count);
        else database.putSync(count, numberToBytes(total));
      }
    }
  }

  #countAt(key: Buffer): number {
    const bytes = this.#database.getBinary(key);
    return bytes === undefined ? 0 : bytesToNumber(bytes);
  }

  async putIfAbsent(partition: number, key: string, value: Buffer | string): Promise<boolean> {
    checkStorePartition(partition);
    checkStoreName(key);
    return this.#transaction('a value', () => {
      const at = this.#keysOf(partition).value(key);
      if (this.#database.doesExist(at)) return false;
      this.#database.putSync(at, typeof value === 'string' ? Buffer.from(value) : value);
      return true;
    });
  }

  getMany(partition: number, keys: string[]): Promise<(Buffer | null)[]> {
    return this.#read(partition, 'the reading of values', (at) =>
      keys.map((key) => (isStoreName(key) ? (this.#database.getBinary(at.value(key)) ?? null) : null)),
    );
  }

  async range(partition: number, name: string, query: RangeQuery): Promise<IndexEntry[]> {
    checkStoreQuery(query);
    const { min = -Infinity, max = Infinity, limit, reverse = false } = query;
    return this.#read(partition, 'the reading of an index', (keys) => {
      if (limit === 0 || min > max || !isStoreName(name)) return [];
      const index = keys.index(name);
      const first = index.from(min === 0 ? 0 : min);
      const last = index.after(max === 0 ? 0 : max);
      // Backwards the library begins at `start` as well; a member of no bytes at all has the lower bound itself for a key.
      const bounds = reverse ? { start: last, end: first, inclusiveEnd: true } : { start: first, end: last };
      return Array.from(this.#database.getKeys({ ...bounds, limit, reverse }), (key) => index.read(key));
    });
  }

  count(partition: number, index: string): Promise<number> {
    return this.#read(partition, 'the counting of an index', (keys) => (isStoreName(index) ? this.#countAt(keys.count(index)) : 0));
  }

  async clear(partition: number): Promise<void> {
    checkStorePartition(partition);
    const keys = await this.#transaction('a clearing', () => {
      const generation = Buffer.alloc(4);
      generation.writeUInt32BE(this.#generation(partition) + 1);
      this.#database.putSync(generationKey(partition), generation);
      return this.#keysOf(partition);
    });
    // Also what an earlier clear() left behind that did not come to its end.
    for (;;) {
      const removed = await this.#transaction('a clearing', () => {
        const old = Array.from(this.#database.getKeys({ ...keys.olderGenerations(), limit: keysPerRemoval }));
        for (const key of old) this.#database.removeSync(key);
        return old.length;
      });
      if (removed < keysPerRemoval) return;
    }
  }

  onChange(listener: ChangeListener): () => void {
    const own: ChangeListener = (dossierIds) => {
      listener(dossierIds);
    };
    this.#subscriptions.add(own);
    this.#hints.on(hint, own);
    return () => {
      this.#subscriptions.delete(own);
      this.#hints.off(hint, own);
    };
  }

  ping(): Promise<void> {
    return this.#read(0, 'a ping', () => undefined);
  }

  /** Waits for what is being written; the environment stays open. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const own of this.#subscriptions) this.#hints.off(hint, own);
    this.#subscriptions.clear();
    await Promise.allSettled(this.#running);
  }
}

function bytesOf(marker: Marker): Buffer {
  return Buffer.from(JSON.stringify([marker.offset, marker.clearancesOffset, marker.epoch]));
}

function markerOf(bytes: Buffer): Marker {
  const [offset, clearancesOffset, epoch] = JSON.parse(bytes.toString()) as [number, number, string];
  return { epoch, offset, clearancesOffset };
}
