import type { Database, RootDatabase } from 'lmdb';
import type { IndexEntry, Marker, RangeQuery, StoreChange } from '../../ports/dossier-store';
import { committed } from './committed';
import { decodeList, encodeList, LIST_BYTES, listBytesOf } from './index-list';
import { StoreKeys, bytesToNumber, generationKey, numberToBytes } from './store-keys';
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
    (environment.openDB(OLD_DATABASE, options) as Database | undefined)?.dropSync();
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
        const isAdd = 'add' in change;
        const member = isAdd ? change.add : change.drop;
        // -0 and 0 are one score; they would be two in the order of keys.
        membersOf(waiting, change.index).set(member, isAdd ? (change.score === 0 ? 0 : change.score) : null);
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
    const { changed, hidesDisk } = this.#changed(partition, name);
    const found: IndexEntry[] = [];
    for (const [member, score] of changed) if (score !== null && score >= min && score <= max) found.push({ member, score });
    if (!hidesDisk) {
      let taken = 0;
      for (const entry of this.#entriesOnDisk(partition, name, min, max, reverse)) {
        if (changed.has(entry.member)) continue;
        found.push(entry);
        if (++taken === limit) break;
      }
    }
    found.sort(reverse ? (a, b) => inOrder(b, a) : inOrder);
    return found.slice(0, limit);
  }

  count(partition: number, name: string): number {
    const { changed, hidesDisk } = this.#changed(partition, name);
    const keys = this.#keys(partition);
    const head = hidesDisk ? undefined : this.#database.getBinary(keys.head(name));
    const list = head === undefined || isList(head) ? decodeList(head) : undefined;
    const places = keys.index(name);
    const isHeld = (member: string): boolean => list?.has(member) ?? this.#database.doesExist(places.place(Buffer.from(member)));
    let count = list?.size ?? bytesToNumber(head as Buffer);
    for (const [member, score] of changed) {
      if (isHeld(member)) {
        if (score === null) count--;
      } else if (score !== null) count++;
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
      for (const [name, members] of indexes) this.#writeIndex(keys, name, members, hidesDisk, writes);
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

  /** A small index is one value; one that has outgrown it has an entry and a place for each member, and stays so until it is empty. */
  #writeIndex(keys: StoreKeys, name: string, members: Members, isNew: boolean, writes: Promise<unknown>[]): void {
    const database = this.#database;
    const headKey = keys.head(name);
    const head = isNew ? undefined : database.getBinary(headKey);
    if (head !== undefined && !isList(head)) {
      this.#writeEntries(keys, name, members, bytesToNumber(head), writes);
      return;
    }
    const list = decodeList(head);
    for (const [member, score] of members) {
      if (score === null) list.delete(member);
      else list.set(member, score);
    }
    if (list.size === 0) {
      if (head !== undefined) writes.push(database.remove(headKey));
    } else if (listBytesOf(list) <= LIST_BYTES) writes.push(database.put(headKey, encodeList(list)));
    else this.#writeEntries(keys, name, list, undefined, writes);
  }

  /** `count`: members held as entries; undefined: none are. */
  #writeEntries(keys: StoreKeys, name: string, members: Members, count: number | undefined, writes: Promise<unknown>[]): void {
    const database = this.#database;
    const index = keys.index(name);
    let total = count ?? 0;
    for (const [member, score] of members) {
      const bytes = Buffer.from(member);
      const place = index.place(bytes);
      const held = count === undefined ? undefined : database.getBinary(place);
      const heldScore = held === undefined ? null : bytesToNumber(held);
      if (heldScore === score) continue;
      if (heldScore !== null) {
        writes.push(database.remove(index.entry(heldScore, bytes)));
        total--;
      }
      if (score === null) writes.push(database.remove(place));
      else {
        writes.push(database.put(index.entry(score, bytes), NOTHING), database.put(place, numberToBytes(score)));
        total++;
      }
    }
    if (total === count) return;
    const headKey = keys.head(name);
    writes.push(total === 0 ? database.remove(headKey) : database.put(headKey, numberToBytes(total)));
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

  /** What memory says of an index's members. */
  #changed(partition: number, name: string): { changed: Members; hidesDisk: boolean } {
    const layers: Members[] = [];
    let hidesDisk = false;
    for (const layer of this.#layers(partition)) {
      const members = layer.indexes.get(name);
      if (members !== undefined) layers.unshift(members);
      if ((hidesDisk = layer.hidesDisk)) break;
    }
    const [only] = layers;
    if (layers.length <= 1) return { changed: only ?? new Map<string, number | null>(), hidesDisk };
    return { changed: new Map(layers.flatMap((members) => [...members])), hidesDisk };
  }

  *#entriesOnDisk(partition: number, name: string, min: number, max: number, reverse: boolean): Iterable<IndexEntry> {
    const keys = this.#keys(partition);
    const head = this.#database.getBinary(keys.head(name));
    if (head === undefined) return;
    if (isList(head)) {
      const entries = Array.from(decodeList(head), ([member, score]) => ({ member, score })).sort(inOrder);
      for (const entry of reverse ? entries.reverse() : entries) if (entry.score >= min && entry.score <= max) yield entry;
      return;
    }
    const index = keys.index(name);
    const first = index.from(min === 0 ? 0 : min);
    const last = index.after(max === 0 ? 0 : max);
    // Backwards the library begins at `start` as well; a member of no bytes at all has the lower bound itself for a key.
    const bounds = reverse ? { start: last, end: first, inclusiveEnd: true } : { start: first, end: last };
    for (const key of this.#database.getKeys({ ...bounds, reverse })) yield index.read(key);
  }
}

type Members = Map<string, number | null>;

/** What has changed of a partition, with one outcome for each key and member; null: gone. */
interface Changes {
  /** Where it will stand. */
  keys: StoreKeys;
  /** After clear(): of what lies below nothing counts. */
  hidesDisk: boolean;
  marker: Marker | undefined;
  values: Map<string, Buffer | string | null>;
  indexes: Map<string, Members>;
}

const DATABASE = 'dossier-store-2';
/** Of before 2026-11-25, with other keys: made anew from the log. */
const OLD_DATABASE = 'dossier-store';
const NOTHING = Buffer.alloc(0);
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

function membersOf({ indexes }: Changes, name: string): Members {
  let members = indexes.get(name);
  if (members === undefined) indexes.set(name, (members = new Map<string, number | null>()));
  return members;
}

/** The head of an index is its members while they are few, else their number in 8 bytes, which no list has. */
function isList(head: Buffer): boolean {
  return head.length !== 8;
}

function inOrder(a: IndexEntry, b: IndexEntry): number {
  if (a.score !== b.score) return a.score - b.score;
  return a.member === b.member ? 0 : Buffer.compare(Buffer.from(a.member), Buffer.from(b.member));
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
