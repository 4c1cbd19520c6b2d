import type { SettledChanges } from '../../ports/settle-changes';

/**
 * A commit's changes as one MessagePack value, the only large argument of the script: a commit of a hundred declarations has ten
 * thousand keys, members and values, and as arguments of their own each of them costs ioredis more than what it holds.
 *
 * `[hints, [key, value, …], [key removed, …], [[added score, member, …], [member dropped, …], …]]`, the last one in the order of the
 * indexes. All texts and values are MessagePack strings, which Lua takes as bytes.
 * https://github.com/msgpack/msgpack/blob/master/spec.md
 */
export function packChanges({ values, indexes }: SettledChanges, hints: readonly string[]): Buffer {
  const puts: (string | Buffer)[] = [];
  const removes: string[] = [];
  for (const [key, value] of values) {
    if (value === null) removes.push(key);
    else puts.push(key, value);
  }
  const members: string[][] = [];
  for (const changed of indexes.values()) {
    const adds: string[] = [];
    const drops: string[] = [];
    for (const [member, score] of changed) {
      if (score === null) drops.push(member);
      else adds.push(String(score), member);
    }
    members.push(adds, drops);
  }
  const lists = [hints, puts, removes, ...members];
  let bound = 2 * HEAD_BYTES;
  for (const list of lists) {
    bound += HEAD_BYTES;
    for (const item of list) bound += HEAD_BYTES + boundOf(item);
  }
  const bytes = Buffer.allocUnsafe(bound);
  let at = 0;
  const head = (type: number, count: number): void => {
    bytes[at] = type;
    bytes[at + 1] = count >>> 24;
    bytes[at + 2] = count >>> 16;
    bytes[at + 3] = count >>> 8;
    bytes[at + 4] = count;
    at += HEAD_BYTES;
  };
  const write = (list: readonly (string | Buffer)[]): void => {
    head(ARRAY_32, list.length);
    for (const item of list) {
      const from = at + HEAD_BYTES;
      const length = typeof item === 'string' ? bytes.write(item, from) : item.copy(bytes, from);
      head(STRING_32, length);
      at += length;
    }
  };
  head(ARRAY_32, 4);
  write(hints);
  write(puts);
  write(removes);
  head(ARRAY_32, members.length);
  for (const list of members) write(list);
  return bytes.subarray(0, at);
}

const ARRAY_32 = 0xdd;
const STRING_32 = 0xdb;
/** Type and length. */
const HEAD_BYTES = 5;
const SHORT = 128;

/** A UTF-16 unit is at most three bytes of UTF-8; only long texts are counted. */
function boundOf(item: string | Buffer): number {
  return typeof item !== 'string' || item.length > SHORT ? Buffer.byteLength(item) : item.length * 3;
}
