/** Primitives of Kafka's protocol that requests and responses share. */

/** STRING: UTF-8 after its length in two bytes. Returns the place after it. */
export function writeString(bytes: Buffer, start: number, text: string): number {
  const length = bytes.write(text, start + 2);
  bytes.writeInt16BE(length, start);
  return start + 2 + length;
}

/** INT64 as a number; exact up to 2^53, which no offset and no time reaches. */
export function int64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);
}

/** Walks over a response. Nothing beyond its end is read. */
export class ResponseReader {
  readonly #payload: Buffer;
  #at = 0;

  constructor(payload: Buffer) {
    this.#payload = payload;
  }

  int16(): number {
    const value = this.#payload.readInt16BE(this.#at);
    this.#at += 2;
    return value;
  }

  int32(): number {
    const value = this.#payload.readInt32BE(this.#at);
    this.#at += 4;
    return value;
  }

  int64(): number {
    const value = int64(this.#payload, this.#at);
    this.#at += 8;
    return value;
  }

  /** INT64 of any size, as kafkajs wants it. */
  longText(): string {
    const value = this.#payload.readBigInt64BE(this.#at);
    this.#at += 8;
    return value.toString();
  }

  string(): string {
    return this.#past(this.int16()).toString();
  }

  /** A view; of length -1, which is none, an empty one. */
  bytes(): Buffer {
    return this.#past(Math.max(0, this.int32()));
  }

  skip(length: number): void {
    this.#past(length);
  }

  /** A length is believed as far as there are bytes: an item takes one at least. One of -1 is 0. */
  array<T>(item: (reader: this) => T): T[] {
    const items: T[] = [];
    for (let left = this.int32(); left > 0; left--) items.push(item(this));
    return items;
  }

  /** @throws RangeError, as Buffer's own reads do; a slice beyond the end would be short */
  #past(length: number): Buffer {
    const end = this.#at + length;
    if (length < 0 || end > this.#payload.length) throw new RangeError('a response ends before what it should hold');
    const part = this.#payload.subarray(this.#at, end);
    this.#at = end;
    return part;
  }
}
