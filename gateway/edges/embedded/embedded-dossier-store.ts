import { EventEmitter } from 'node:events';
import type { RootDatabase } from 'lmdb';
import { StoreUnavailable } from '../../core/exchange-error';
import type { ChangeListener, DossierStore, IndexEntry, Marker, RangeQuery, StoreChange } from '../../ports/dossier-store';
import { checkStoreChanges, checkStoreName, checkStorePartition, checkStoreQuery, isStoreName } from '../../ports/settle-changes';
import { StoreTables } from './store-tables';
import { writeBehindOf, type WriteBehind } from './write-behind';

export interface EmbeddedDossierStoreOptions {
  /** The one environment of the process, opened and closed by its owner: stores are closed before it. */
  environment: RootDatabase;
}

/** What the stores of one environment share. */
interface Shared {
  tables: StoreTables;
  writeBehind: WriteBehind;
  hints: EventEmitter;
}

const hint = 'hint';

const sharedByEnvironment = new WeakMap<RootDatabase, Shared>();

/**
 * The store on lmdb, in one process. A commit is answered when it is seen, and written some tenths of a second later, whole, with all
 * others of that time and the offsets that the groups committed: the store is a projection, a crash takes its last commits together with
 * their markers, and the fold does them again. While the disk takes nothing, commits are refused.
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
  const writeBehind = writeBehindOf(environment);
  const hints = new EventEmitter();
  // One for each waiting client; their number is bounded where they are accepted.
  hints.setMaxListeners(0);
  const shared = { tables: new StoreTables(environment, writeBehind), writeBehind, hints };
  sharedByEnvironment.set(environment, shared);
  return shared;
}

class EmbeddedDossierStore implements DossierStore {
  readonly #tables: StoreTables;
  readonly #writeBehind: WriteBehind;
  readonly #hints: EventEmitter;
  readonly #subscriptions = new Set<ChangeListener>();
  #closed = false;

  constructor({ tables, writeBehind, hints }: Shared) {
    this.#tables = tables;
    this.#writeBehind = writeBehind;
    this.#hints = hints;
  }

  #do<T>(what: string, action: () => T): T {
    if (this.#closed) throw new StoreUnavailable('the store is closed');
    try {
      return action();
    } catch (error) {
      throw new StoreUnavailable(`the store did not take ${what}`, error);
    }
  }

  /** Reads are synchronous underneath; what they throw becomes a rejection, as the port says. */
  #read<T>(partition: number, what: string, action: () => T): Promise<T> {
    return new Promise((resolve) => {
      checkStorePartition(partition);
      resolve(this.#do(what, action));
    });
  }

  async #room(what: string): Promise<void> {
    await this.#writeBehind.now().catch((error: unknown) => {
      throw new StoreUnavailable(`the store did not take ${what}`, error);
    });
  }

  marker(partition: number): Promise<Marker | null> {
    return this.#read(partition, 'the reading of a marker', () => this.#tables.marker(partition));
  }

  async commit(
    partition: number,
    expected: Marker | null,
    next: Marker,
    changes: StoreChange[],
    hints: string[] = [],
  ): Promise<'ok' | 'stale'> {
    checkStorePartition(partition);
    checkStoreChanges(changes);
    if (this.#tables.isFull) await this.#room('a commit');
    // From here on in one step: nobody comes in between.
    const outcome = this.#do('a commit', () => {
      if (!isSame(this.#tables.marker(partition), expected)) return 'stale';
      this.#tables.change(partition, changes, next);
      return 'ok';
    });
    // Apart from the commit: a listener that throws is a bug of its own and no failed commit.
    if (outcome === 'ok' && hints.length > 0) queueMicrotask(() => this.#hints.emit(hint, [...hints]));
    return outcome;
  }

  async write(partition: number, changes: StoreChange[]): Promise<void> {
    checkStorePartition(partition);
    checkStoreChanges(changes);
    if (this.#tables.isFull) await this.#room('a write');
    this.#do('a write', () => this.#tables.change(partition, changes));
  }

  async putIfAbsent(partition: number, key: string, value: Buffer | string): Promise<boolean> {
    checkStorePartition(partition);
    checkStoreName(key);
    if (this.#tables.isFull) await this.#room('a value');
    return this.#do('a value', () => {
      if (this.#tables.has(partition, key)) return false;
      this.#tables.change(partition, [{ put: key, value }]);
      return true;
    });
  }

  getMany(partition: number, keys: string[]): Promise<(Buffer | null)[]> {
    return this.#read(partition, 'the reading of values', () =>
      keys.map((key) => (isStoreName(key) ? this.#tables.value(partition, key) : null)),
    );
  }

  range(partition: number, name: string, query: RangeQuery): Promise<IndexEntry[]> {
    return new Promise((resolve) => {
      checkStoreQuery(query);
      resolve(
        this.#read(partition, 'the reading of an index', () => (isStoreName(name) ? this.#tables.range(partition, name, query) : [])),
      );
    });
  }

  count(partition: number, index: string): Promise<number> {
    return this.#read(partition, 'the counting of an index', () => (isStoreName(index) ? this.#tables.count(partition, index) : 0));
  }

  async clear(partition: number): Promise<void> {
    checkStorePartition(partition);
    await this.#do('a clearing', () => this.#tables.clear(partition)).catch((error: unknown) => {
      throw new StoreUnavailable('the store did not take a clearing', error);
    });
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
    return this.#read(0, 'a ping', () => void this.#tables.marker(0));
  }

  /** Writes what waits; the environment stays open. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const own of this.#subscriptions) this.#hints.off(hint, own);
    this.#subscriptions.clear();
    // What the disk does not take is folded again.
    await this.#writeBehind.now().catch(() => undefined);
  }
}

function isSame(a: Marker | null, b: Marker | null): boolean {
  if (a === null || b === null) return a === b;
  return a.offset === b.offset && a.clearancesOffset === b.clearancesOffset && a.epoch === b.epoch;
}
