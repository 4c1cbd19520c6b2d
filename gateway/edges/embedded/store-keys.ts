/**
 * Keys of the embedded dossier store: bytes whose order is the order of what they stand for.
 *
 *   partition(2) 0                                   -> number of the partition's generation (4 bytes)
 *   partition(2) 1 generation(4) kind(1) …           -> everything else; kinds:
 *     0                                              -> marker
 *     1 key                                          -> value
 *     2 length(2) index score(8) member              -> nothing: the ordered index
 *     3 length(2) index member                       -> score(8): where the member stands now
 *     4 index                                        -> number of members (8 bytes)
 *
 * A new generation empties a partition at once; what the old ones hold is removed afterwards, in steps.
 */
const Kind = { marker: 0, value: 1, entry: 2, place: 3, count: 4 } as const;

/** Greater than any byte of UTF-8. */
const afterEveryMember = Buffer.from([0xff]);

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
function scoreToBytes(score: number): Buffer {
  const bytes = numberToBytes(score);
  const first = bytes[0] as number;
  if (first < 0x80) bytes[0] = first | 0x80;
  else for (let at = 0; at < 8; at++) bytes[at] = (bytes[at] as number) ^ 0xff;
  return bytes;
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
  readonly #generation: Buffer;

  constructor(partition: number, generation: number) {
    this.#generation = Buffer.alloc(7);
    this.#generation.writeUInt16BE(partition);
    this.#generation[2] = 1;
    this.#generation.writeUInt32BE(generation, 3);
  }

  /** Every key of the partition that is older than this generation lies between the two: from (inclusive), to (exclusive). */
  olderGenerations(): { start: Buffer; end: Buffer } {
    return { start: Buffer.from(this.#generation.subarray(0, 3)), end: this.#generation };
  }

  get marker(): Buffer {
    return this.#key(Kind.marker);
  }

  value(key: string): Buffer {
    return this.#key(Kind.value, Buffer.from(key));
  }

  count(index: string): Buffer {
    return this.#key(Kind.count, Buffer.from(index));
  }

  index(index: string): IndexKeys {
    const name = Buffer.from(index);
    const length = Buffer.allocUnsafe(2);
    length.writeUInt16BE(name.length);
    return new IndexKeys(this.#key(Kind.entry, length, name), this.#key(Kind.place, length, name));
  }

  #key(kind: number, ...parts: Buffer[]): Buffer {
    return Buffer.concat([this.#generation, Buffer.from([kind]), ...parts]);
  }
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
    return Buffer.concat([this.#entries, scoreToBytes(score), member]);
  }

  place(member: Buffer): Buffer {
    return Buffer.concat([this.#places, member]);
  }

  /** The first key that may have the score `min`. */
  from(min: number): Buffer {
    return Buffer.concat([this.#entries, scoreToBytes(min)]);
  }

  /** After the last key that may have the score `max`. */
  after(max: number): Buffer {
    return Buffer.concat([this.#entries, scoreToBytes(max), afterEveryMember]);
  }

  read(entryKey: Buffer): { member: string; score: number } {
    const at = this.#entries.length;
    return { score: bytesToScore(entryKey.subarray(at, at + 8)), member: entryKey.toString('utf8', at + 8) };
  }
}
