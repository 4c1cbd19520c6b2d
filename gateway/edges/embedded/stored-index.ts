import type { Database } from 'lmdb';
import type { IndexEntry } from '../../ports/dossier-store';
import { decodeList, encodeList, LIST_BYTES, listBytesOf, memberBytesOf } from './index-list';
import { bytesToNumber, numberToBytes, type IndexKeys, type StoreKeys } from './store-keys';

/** What became of a member of an index. */
export interface Move {
  /** The score under which it stands on disk, null: it does not. Undefined: to be looked for. */
  was: number | null | undefined;
  /** Null: gone. */
  now: number | null;
}

/** Entries in the order of their scores, then of their members as bytes. */
export function inOrder(a: IndexEntry, b: IndexEntry): number {
  return a.score === b.score ? byBytes(a.member, b.member) : a.score - b.score;
}

/** The order of UTF-8 without encoding it: that of UTF-16 but for surrogates, which stand for what is above all other units. */
function byBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const [one, other] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (one === other) continue;
    const isOneSurrogate = one >= 0xd800 && one < 0xe000;
    const isOtherSurrogate = other >= 0xd800 && other < 0xe000;
    return isOneSurrogate === isOtherSurrogate ? one - other : isOneSurrogate ? 1 : -1;
  }
  return a.length - b.length;
}

/**
 * A sorted index as it lies in lmdb. A small one is one value, its head. One that has outgrown it has its members in blocks, in order,
 * each under the key of its first entry, and their number in the head; it stays so until it is empty. Scores are times mostly: what
 * comes is added to the last block, and some dozens of members cost one put.
 */
export class StoredIndex {
  readonly #database: Database<Buffer, Buffer>;
  readonly #headKey: Buffer;
  readonly #keys: IndexKeys;
  readonly #head: Buffer | undefined;

  /** `isNew`: nothing of it is on disk, whatever lies there. */
  constructor(database: Database<Buffer, Buffer>, keys: StoreKeys, name: string, isNew: boolean) {
    this.#database = database;
    this.#headKey = keys.head(name);
    this.#keys = keys.index(name);
    this.#head = isNew ? undefined : database.getBinary(this.#headKey);
  }

  /** Its members, when it is small. */
  get #list(): Map<string, number> | undefined {
    return this.#head === undefined || isList(this.#head) ? decodeList(this.#head) : undefined;
  }

  get count(): number {
    return this.#list?.size ?? bytesToNumber(this.#head as Buffer);
  }

  /** All of it, in no order. */
  members(): Map<string, number> {
    const list = this.#list;
    if (list !== undefined) return list;
    const members = new Map<string, number>();
    for (const { value } of this.#database.getRange(this.#keys.all())) {
      for (const [member, score] of decodeList(value)) members.set(member, score);
    }
    return members;
  }

  /** Entries with a score between two, both included. */
  *entries(min: number, max: number, reverse: boolean): Iterable<IndexEntry> {
    const list = this.#list;
    if (list !== undefined) {
      yield* chosen(entriesOf(list).sort(inOrder), min, max, reverse);
      return;
    }
    const from = this.#keys.from(min);
    // The block before may end with some of them.
    const start = this.#blockUpTo(from)?.key ?? from;
    const end = this.#keys.after(max);
    // Backwards the library begins at `start` as well.
    const bounds = reverse ? { start: end, end: start, inclusiveEnd: true, reverse } : { start, end };
    for (const { value } of this.#database.getRange(bounds)) yield* chosen(entriesOf(decodeList(value)), min, max, reverse);
  }

  /** Puts what has changed; the puts are added to `writes`. Once only: what it then reads is what was before. */
  write(moves: ReadonlyMap<string, Move>, writes: Promise<unknown>[]): void {
    const list = this.#list;
    if (list === undefined) {
      this.#writeBlocks(moves, writes);
      return;
    }
    for (const [member, { now }] of moves) {
      if (now === null) list.delete(member);
      else list.set(member, now);
    }
    if (list.size === 0) {
      if (this.#head !== undefined) writes.push(this.#database.remove(this.#headKey));
    } else if (listBytesOf(list) <= LIST_BYTES) writes.push(this.#database.put(this.#headKey, encodeList(list)));
    else {
      this.#putBlocks(list, undefined, writes);
      writes.push(this.#database.put(this.#headKey, numberToBytes(list.size)));
    }
  }

  #writeBlocks(moves: ReadonlyMap<string, Move>, writes: Promise<unknown>[]): void {
    let all: Map<string, number> | undefined;
    const steps: (IndexEntry & { isGone: boolean })[] = [];
    for (const [member, { was, now }] of moves) {
      const before = was === undefined ? ((all ??= this.members()).get(member) ?? null) : was;
      if (before === now) continue;
      if (before !== null) steps.push({ member, score: before, isGone: true });
      if (now !== null) steps.push({ member, score: now, isGone: false });
    }
    steps.sort(inOrder);
    let count = this.count;
    for (let at = 0; at < steps.length;) {
      const first = steps[at] as IndexEntry;
      // What comes before the first block belongs to it.
      const block = this.#blockUpTo(this.#keys.entry(first)) ?? this.#blockAfter(this.#keys.entry(first));
      const next = block && this.#blockAfter(block.key);
      const end = next && this.#keys.read(next.key);
      const list = decodeList(block?.value);
      const held = list.size;
      for (let step = steps[at]; step && (!end || inOrder(step, end) < 0); step = steps[++at]) {
        if (!step.isGone) list.set(step.member, step.score);
        else if (list.get(step.member) === step.score) list.delete(step.member);
      }
      count += list.size - held;
      this.#putBlocks(list, block?.key, writes);
    }
    if (count === 0) writes.push(this.#database.remove(this.#headKey));
    else if (count !== this.count) writes.push(this.#database.put(this.#headKey, numberToBytes(count)));
  }

  /** Members that lie between two blocks, in as many as they need, in the place of the one that stood under `oldKey`. */
  #putBlocks(members: ReadonlyMap<string, number>, oldKey: Buffer | undefined, writes: Promise<unknown>[]): void {
    let isOldKept = oldKey === undefined;
    let block = new Map<string, number>();
    let bytes = 0;
    const put = (): void => {
      const [first] = block;
      if (first === undefined) return;
      const key = this.#keys.entry({ member: first[0], score: first[1] });
      if (oldKey !== undefined && key.equals(oldKey)) isOldKept = true;
      writes.push(this.#database.put(key, encodeList(block)));
      block = new Map();
      bytes = 0;
    };
    for (const { member, score } of entriesOf(members).sort(inOrder)) {
      const more = memberBytesOf(member);
      if (bytes + more > LIST_BYTES) put();
      block.set(member, score);
      bytes += more;
    }
    put();
    if (!isOldKept) writes.push(this.#database.remove(oldKey as Buffer));
  }

  #blockUpTo(key: Buffer): { key: Buffer; value: Buffer } | undefined {
    const { start } = this.#keys.all();
    const [found] = this.#database.getRange({ start: key, end: start, inclusiveEnd: true, reverse: true, limit: 1 });
    return found;
  }

  #blockAfter(key: Buffer): { key: Buffer; value: Buffer } | undefined {
    const { end } = this.#keys.all();
    for (const found of this.#database.getRange({ start: key, end, limit: 2 })) if (!found.key.equals(key)) return found;
    return undefined;
  }
}

function entriesOf(list: ReadonlyMap<string, number>): IndexEntry[] {
  return Array.from(list, ([member, score]) => ({ member, score }));
}

function* chosen(entries: IndexEntry[], min: number, max: number, reverse: boolean): Iterable<IndexEntry> {
  for (const entry of reverse ? entries.reverse() : entries) if (entry.score >= min && entry.score <= max) yield entry;
}

/** A number has 8 bytes, a list never. */
function isList(head: Buffer): boolean {
  return head.length !== 8;
}
