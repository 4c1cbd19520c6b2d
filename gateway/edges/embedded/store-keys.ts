/**
 * Keys of the embedded dossier store: bytes whose order is the order of what they stand for.
 *
 *   partition(2) 0                                   -> number of the partition's generation (4 bytes)
 *   partition(2) 1 generation(4) kind(1) …           -> everything else; kinds:
 *     0                                              -> marker
 *     1 key                                          -> value
 *     2 length(2) index score(8) member              -> nothing: the ordered index
 *     3 length(2) index member                       -> score(8): where the member stands now
 *     4 index                                        -> its head: number of members (8 bytes); of a small index, which has no entries
 *                                                       and places, the members (index-list.ts)
 *
 * A new generation empties a partition at once; what the old ones hold is removed afterwards, in steps.
 */
const Kind = { marker: 0, value: 1, entry: 2, place: 3, head: 4 } as const;

/** Greater than any byte of UTF-8. */
const afterEveryMember = Buffer.from([0xff]);
const NOTHING = Buffer.alloc(0);

export function generationKey(partition: number): Buffer {
  const key = Buffer.alloc(3);
  key.writeUInt16BE(partition);
  return key;
}

export function numberToBytes(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeDoubleBE(value);
  return bytes;
}

export function bytesToNumber(bytes: Buffer): number {
  return bytes.readDoubleBE(0);
}

/** An IEEE 754 double whose bytes compare as the numbers do: the sign bit turned for positive ones, every bit for negative ones. */
function writeScore(bytes: Buffer, score: number, from: number): void {
  bytes.writeDoubleBE(score, from);
  const first = bytes[from] as number;
  if (first < 0x80) bytes[from] = first | 0x80;
  else for (let at = from; at < from + 8; at++) bytes[at] = (bytes[at] as number) ^ 0xff;
}

function bytesToScore(bytes: Buffer): number {
  const copy = Buffer.from(bytes);
  const first = copy[0] as number;
  if (first >= 0x80) copy[0] = first & 0x7f;
  else for (let at = 0; at < 8; at++) copy[at] = (copy[at] as number) ^ 0xff;
  return bytesToNumber(copy);
}

/** The keys of one generation of one partition. */
export class StoreKeys {
  readonly generation: number;
  /** What every key of a kind begins with. */
  readonly #starts: Record<keyof typeof Kind, Buffer>;

  constructor(partition: number, generation: number) {
    this.generation = generation;
    const start = (kind: number): Buffer => {
      const bytes = Buffer.alloc(8, kind);
      bytes.writeUInt16BE(partition);
      bytes[2] = 1;
      bytes.writeUInt32BE(generation, 3);
      return bytes;
    };
    this.#starts = {
      marker: start(Kind.marker),
      value: start(Kind.value),
      entry: start(Kind.entry),
      place: start(Kind.place),
      head: start(Kind.head),
    };
  }

  /** Every key of the partition that is older than this generation lies between the two: from (inclusive), to (exclusive). */
  olderGenerations(): { start: Buffer; end: Buffer } {
    const { marker } = this.#starts;
    return { start: Buffer.from(marker.subarray(0, 3)), end: Buffer.from(marker.subarray(0, 7)) };
  }

  get marker(): Buffer {
    return this.#starts.marker;
  }

  value(key: string): Buffer {
    return join(this.#starts.value, key);
  }

  head(index: string): Buffer {
    return join(this.#starts.head, index);
  }

  index(index: string): IndexKeys {
    const name = Buffer.from(index);
    const length = Buffer.allocUnsafe(2);
    length.writeUInt16BE(name.length);
    return new IndexKeys(Buffer.concat([this.#starts.entry, length, name]), Buffer.concat([this.#starts.place, length, name]));
  }
}

function join(start: Buffer, text: string): Buffer {
  const key = Buffer.allocUnsafe(start.length + Buffer.byteLength(text));
  start.copy(key);
  key.write(text, start.length);
  return key;
}

/** The keys of one sorted index. */
export class IndexKeys {
  readonly #entries: Buffer;
  readonly #places: Buffer;

  constructor(entries: Buffer, places: Buffer) {
    this.#entries = entries;
    this.#places = places;
  }

  entry(score: number, member: Buffer): Buffer {
    const key = Buffer.allocUnsafe(this.#entries.length + 8 + member.length);
    this.#entries.copy(key);
    writeScore(key, score, this.#entries.length);
    member.copy(key, this.#entries.length + 8);
    return key;
  }

  place(member: Buffer): Buffer {
    const key = Buffer.allocUnsafe(this.#places.length + member.length);
    this.#places.copy(key);
    member.copy(key, this.#places.length);
    return key;
  }

  /** The first key that may have the score `min`. */
  from(min: number): Buffer {
    return this.entry(min, NOTHING);
  }

  /** After the last key that may have the score `max`. */
  after(max: number): Buffer {
    return this.entry(max, afterEveryMember);
  }

  read(entryKey: Buffer): { member: string; score: number } {
    const at = this.#entries.length;
    return { score: bytesToScore(entryKey.subarray(at, at + 8)), member: entryKey.toString('utf8', at + 8) };
  }
}
