import type { Database, RootDatabase } from 'lmdb';
import type { IndexEntry, Marker, RangeQuery, StoreChange } from '../../ports/dossier-store';
import { committed } from './committed';
import { StoreKeys, generationKey } from './store-keys';
import { inOrder, StoredIndex, type Move } from './stored-index';
import { TextSlab } from './text-slab';
import type { DeferredSource, WriteBehind } from './write-behind';

/**
 * The store's values, indexes and markers: what was changed in the last moments in memory, the rest in lmdb. A change is seen at once
 * and written behind, all partitions in one transaction; what replaced itself meanwhile is written once: of a dossier's states mostly
 * the last, of an open task that was answered nothing.
 */
export class StoreTables implements DeferredSource {
  readonly #database: Database<Buffer, Buffer>;
  readonly #writeBehind: WriteBehind;
  readonly #markers = new Map<number, Marker | null>();
  /** Keys of what lmdb holds of a partition. */
  readonly #onDisk = new Map<number, StoreKeys>();
  readonly #slab = new TextSlab();
  #waiting = new Map<number, Changes>();
  /** Given to lmdb, and not yet known to be committed. */
  #writing = new Map<number, Changes>();
  #waitingBytes = 0;
  #writingBytes = 0;

  constructor(environment: RootDatabase, writeBehind: WriteBehind) {
    this.#database = environment.openDB<Buffer, Buffer>(DATABASE, { encoding: 'binary', keyEncoding: 'binary' });
    this.#writeBehind = writeBehind;
    writeBehind.add(this);
    // `create` is missing in the library's types: undefined where there is none.
    const options: object = { create: false };
    for (const name of OLD_DATABASES) (environment.openDB(name, options) as Database | undefined)?.dropSync();
  }

  /** Whoever changes something waits for the disk first: too much waits for it already, or it took nothing the last time. */
  get isFull(): boolean {
    return this.#writeBehind.failure !== undefined || this.#waitingBytes + this.#writingBytes > MOST_BYTES;
  }

  marker(partition: number): Marker | null {
    let marker = this.#markers.get(partition);
    if (marker === undefined) {
      const bytes = this.#database.getBinary(this.#keys(partition).marker);
      this.#markers.set(partition, (marker = bytes === undefined ? null : markerOf(bytes)));
    }
    return marker;
  }

  value(partition: number, key: string): Buffer | null {
    for (const { values, hidesDisk } of this.#layers(partition)) {
      const value = values.get(key);
      if (value !== undefined) return typeof value === 'string' ? Buffer.from(value) : value;
      if (hidesDisk) return null;
    }
    return this.#database.getBinary(this.#keys(partition).value(key)) ?? null;
  }

  has(partition: number, key: string): boolean {
    for (const { values, hidesDisk } of this.#layers(partition)) {
      const value = values.get(key);
      if (value !== undefined) return value !== null;
      if (hidesDisk) return false;
    }
    return this.#database.doesExist(this.#keys(partition).value(key));
  }

  /** Changes were checked. Of several to one key or member the last counts. */
  change(partition: number, changes: readonly StoreChange[], marker?: Marker): void {
    const waiting = this.#changesOf(partition);
    let bytes = 0;
    for (const change of changes) {
      if ('put' in change) {
        waiting.values.set(change.put, change.value);
        bytes += change.put.length + change.value.length;
      } else if ('remove' in change) {
        waiting.values.set(change.remove, null);
        bytes += change.remove.length;
      } else {
        const [member, now] = 'add' in change ? [change.add, plain(change.score)] : [change.drop, null];
        const members = membersOf(waiting, change.index);
        const moved = members.get(member);
        if (moved === undefined) members.set(member, { was: change.was == null ? change.was : plain(change.was), now });
        else moved.now = now;
        bytes += member.length;
      }
    }
    if (marker !== undefined) {
      waiting.marker = marker;
      this.#markers.set(partition, marker);
    }
    this.#waitingBytes += bytes + changes.length * CHANGE_BYTES;
    if (this.#waitingBytes > SOON_BYTES) this.#writeBehind.soon();
    else this.#writeBehind.later();
  }

  /** Entries of an index in order of score, then of member as bytes. */
  range(partition: number, name: string, query: RangeQuery): IndexEntry[] {
    const { min = -Infinity, max = Infinity, limit, reverse = false } = query;
    if (limit === 0 || min > max) return [];
    const { moves, hidesDisk } = this.#moves(partition, name);
    const found: IndexEntry[] = [];
    for (const [member, { now }] of moves) if (now !== null && now >= min && now <= max) found.push({ member, score: now });
    let taken = 0;
    for (const entry of new StoredIndex(this.#database, this.#keys(partition), name, hidesDisk).entries(min, max, reverse)) {
      if (moves.has(entry.member)) continue;
      found.push(entry);
      if (++taken === limit) break;
    }
    found.sort(reverse ? (a, b) => inOrder(b, a) : inOrder);
    return found.slice(0, limit);
  }

  count(partition: number, name: string): number {
    const { moves, hidesDisk } = this.#moves(partition, name);
    const index = new StoredIndex(this.#database, this.#keys(partition), name, hidesDisk);
    let all: Map<string, number> | undefined;
    let { count } = index;
    for (const [member, { was, now }] of moves) {
      const isHeld = was === undefined ? (all ??= index.members()).has(member) : was !== null;
      count += Number(now !== null) - Number(isHeld);
    }
    return count;
  }

  /** Empties a partition. At once for whoever reads; resolves when lmdb holds nothing of it either. */
  async clear(partition: number): Promise<void> {
    const generation = (this.#layers(partition)[0]?.keys ?? this.#keys(partition)).generation + 1;
    this.#waiting.set(partition, { ...noChanges(new StoreKeys(partition, generation)), hidesDisk: true });
    this.#markers.set(partition, null);
    await this.#writeBehind.now();
    // Also what an earlier clear() left behind that did not come to its end.
    const older = this.#keys(partition).olderGenerations();
    for (;;) {
      const old = Array.from(this.#database.getKeys({ ...older, limit: KEYS_PER_REMOVAL }));
      await Promise.all(Array.from(new Set(old.map((key) => this.#database.remove(key))), committed));
      if (old.length < KEYS_PER_REMOVAL) return;
    }
  }

  // -------------------------------------------------------------- written behind

  write(): Promise<unknown>[] {
    // After a failure the same again: what came since waits for its turn.
    if (this.#writing.size === 0) {
      [this.#writing, this.#writingBytes] = [this.#waiting, this.#waitingBytes];
      [this.#waiting, this.#waitingBytes] = [new Map<number, Changes>(), 0];
    }
    this.#slab.reset();
    const writes: Promise<unknown>[] = [];
    for (const [partition, { keys, hidesDisk, marker, values, indexes }] of this.#writing) {
      if (hidesDisk) writes.push(this.#database.put(generationKey(partition), generationBytes(keys.generation)));
      for (const [key, value] of values) {
        const at = keys.value(key);
        if (value !== null) writes.push(this.#database.put(at, typeof value === 'string' ? this.#slab.bytesOf(value) : value));
        else if (!hidesDisk) writes.push(this.#database.remove(at));
      }
      for (const [name, moves] of indexes) new StoredIndex(this.#database, keys, name, hidesDisk).write(moves, writes);
      if (marker !== undefined) writes.push(this.#database.put(keys.marker, bytesOf(marker)));
    }
    return writes;
  }

  settle(isCommitted: boolean): void {
    if (!isCommitted) return;
    for (const [partition, { keys }] of this.#writing) this.#onDisk.set(partition, keys);
    this.#writing = new Map();
    this.#writingBytes = 0;
    if (this.#waiting.size > 0) this.#writeBehind.later();
  }

  // -------------------------------------------------------------- layers

  /** Newest first. */
  #layers(partition: number): Changes[] {
    const layers: Changes[] = [];
    const waiting = this.#waiting.get(partition);
    if (waiting !== undefined) layers.push(waiting);
    const writing = this.#writing.get(partition);
    if (writing !== undefined) layers.push(writing);
    return layers;
  }

  #changesOf(partition: number): Changes {
    let changes = this.#waiting.get(partition);
    if (changes === undefined) {
      this.#waiting.set(partition, (changes = noChanges(this.#writing.get(partition)?.keys ?? this.#keys(partition))));
    }
    return changes;
  }

  #keys(partition: number): StoreKeys {
    let keys = this.#onDisk.get(partition);
    if (keys === undefined) {
      const generation = this.#database.getBinary(generationKey(partition))?.readUInt32BE(0) ?? 0;
      this.#onDisk.set(partition, (keys = new StoreKeys(partition, generation)));
    }
    return keys;
  }

  /** What memory says of an index's members, and what of that is above the disk. */
  #moves(partition: number, name: string): { moves: Moves; hidesDisk: boolean } {
    const layers = this.#layers(partition);
    const end = layers.findIndex(({ hidesDisk }) => hidesDisk) + 1;
    const [upper, lower] = (end === 0 ? layers : layers.slice(0, end)).flatMap(({ indexes }) => indexes.get(name) ?? []);
    const hidesDisk = end > 0;
    if (upper === undefined || lower === undefined) return { moves: upper ?? lower ?? new Map<string, Move>(), hidesDisk };
    const moves = new Map(lower);
    // Where it stands on disk is what the older change says.
    for (const [member, { was, now }] of upper) moves.set(member, { was: lower.has(member) ? lower.get(member)?.was : was, now });
    return { moves, hidesDisk };
  }
}

/** By member. */
type Moves = Map<string, Move>;

/** What has changed of a partition, with one outcome for each key and member; null: gone. */
interface Changes {
  /** Where it will stand. */
  keys: StoreKeys;
  /** After clear(): of what lies below nothing counts. */
  hidesDisk: boolean;
  marker: Marker | undefined;
  values: Map<string, Buffer | string | null>;
  indexes: Map<string, Moves>;
}

const DATABASE = 'dossiers';
/** Of older layouts, until 2026-11-24: made anew from the log. */
const OLD_DATABASES = ['dossier-store', 'dossier-store-2'];
/** Changes in memory: more are written at once; more than the second figure and whoever changes waits. */
const SOON_BYTES = 16 * 1024 * 1024;
const MOST_BYTES = 64 * 1024 * 1024;
/** What a change takes beside its key and value, about. */
const CHANGE_BYTES = 100;
/** Keys removed in one transaction of clear(), so that the event loop is held for some milliseconds only. */
const KEYS_PER_REMOVAL = 2_000;

function noChanges(keys: StoreKeys): Changes {
  return { keys, hidesDisk: false, marker: undefined, values: new Map(), indexes: new Map() };
}

function membersOf({ indexes }: Changes, name: string): Moves {
  let members = indexes.get(name);
  if (members === undefined) indexes.set(name, (members = new Map<string, Move>()));
  return members;
}

/** -0 and 0 are one score; they would be two in the order of keys. */
function plain(score: number): number {
  return score === 0 ? 0 : score;
}

function generationBytes(generation: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(generation);
  return bytes;
}

function bytesOf(marker: Marker): Buffer {
  return Buffer.from(JSON.stringify([marker.offset, marker.clearancesOffset, marker.epoch]));
}

function markerOf(bytes: Buffer): Marker {
  const [offset, clearancesOffset, epoch] = JSON.parse(bytes.toString()) as [number, number, string];
  return { epoch, offset, clearancesOffset };
}
