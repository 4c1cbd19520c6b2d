/**
 * Keys of the embedded dossier store: bytes whose order is the order of what they stand for.
 *
 *   partition(2) 0                                       -> number of the partition's generation (4 bytes)
 *   partition(2) 1 generation(4) 0                       -> marker
 *   partition(2) 1 generation(4) 1 rest start length(2) what(1), what being:
 *     0                                                  -> the value whose key is `start` and `rest`
 *     1                                                  -> the head of the index whose name is `start` and `rest`: number of members
 *                                                           (8 bytes), or of a small index the members (stored-index.ts)
 *   partition(2) 1 generation(4) 2 length(2) index score(8) member  -> members from this one on, to the next block of the index
 *
 * A key begins with what comes after its first colon, the dossier's id mostly, so that what is written of a dossier lies on one or two
 * pages: each page that is touched is written anew. `length` is that of `start`. A new generation empties a partition at once; what the
 * old ones hold is removed afterwards, in steps.
 */
const Kind = { marker: 0, grouped: 1, block: 2 } as const;
const What = { value: 0, head: 1 } as const;
type What = (typeof What)[keyof typeof What];

/** Partition, 1, generation, kind. */
const START_BYTES = 8;
/** Length and what. */
const END_BYTES = 3;

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
  readonly marker: Buffer;
  /** What every key of a kind begins with. */
  readonly #grouped: Buffer;
  readonly #block: Buffer;

  constructor(partition: number, generation: number) {
    this.generation = generation;
    const start = (kind: number): Buffer => {
      const bytes = Buffer.alloc(START_BYTES, kind);
      bytes.writeUInt16BE(partition);
      bytes[2] = 1;
      bytes.writeUInt32BE(generation, 3);
      return bytes;
    };
    this.marker = start(Kind.marker);
    this.#grouped = start(Kind.grouped);
    this.#block = start(Kind.block);
  }

  /** Every key of the partition that is older than this generation lies between the two: from (inclusive), to (exclusive). */
  olderGenerations(): { start: Buffer; end: Buffer } {
    return { start: Buffer.from(this.marker.subarray(0, 3)), end: Buffer.from(this.marker.subarray(0, 7)) };
  }

  value(key: string): Buffer {
    return this.#named(key, What.value);
  }

  head(index: string): Buffer {
    return this.#named(index, What.head);
  }

  index(index: string): IndexKeys {
    return new IndexKeys(this.#block, Buffer.from(index));
  }

  #named(name: string, what: What): Buffer {
    const colon = name.indexOf(':') + 1;
    const bytes = Buffer.byteLength(name);
    const key = Buffer.allocUnsafe(START_BYTES + bytes + END_BYTES);
    this.#grouped.copy(key);
    const restBytes = key.write(colon === 0 ? name : name.slice(colon), START_BYTES);
    if (colon > 0) key.write(name.slice(0, colon), START_BYTES + restBytes);
    key.writeUInt16BE(bytes - restBytes, key.length - END_BYTES);
    key[key.length - 1] = what;
    return key;
  }
}

/** The keys of one sorted index that is in blocks. */
export class IndexKeys {
  readonly #start: Buffer;

  constructor(start: Buffer, name: Buffer) {
    const length = Buffer.allocUnsafe(2);
    length.writeUInt16BE(name.length);
    this.#start = Buffer.concat([start, length, name]);
  }

  entry({ score, member }: { score: number; member: string }): Buffer {
    return this.#key(score, Buffer.from(member));
  }

  /** Between the two lie all of them. */
  all(): { start: Buffer; end: Buffer } {
    return { start: this.from(-Infinity), end: this.after(Infinity) };
  }

  /** The first key that may have the score `min`. */
  from(min: number): Buffer {
    return this.#key(min, NOTHING);
  }

  /** After the last key that may have the score `max`. */
  after(max: number): Buffer {
    return this.#key(max, afterEveryMember);
  }

  read(key: Buffer): { member: string; score: number } {
    const at = this.#start.length;
    return { score: bytesToScore(key.subarray(at, at + 8)), member: key.toString('utf8', at + 8) };
  }

  #key(score: number, member: Buffer): Buffer {
    const at = this.#start.length;
    const key = Buffer.allocUnsafe(at + 8 + member.length);
    this.#start.copy(key);
    writeScore(key, score === 0 ? 0 : score, at);
    member.copy(key, at + 8);
    return key;
  }
}
