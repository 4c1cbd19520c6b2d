/** Members of an index as one value: version(1) = 1, then each member, in the order of the map: score(8) length(2) member. */
const VERSION = 1;
const FRAME_BYTES = 10;

/** A value of more is divided. With its key less than half a page of lmdb, so that it stays where its key is. */
export const LIST_BYTES = 1_500;

export function listBytesOf(list: ReadonlyMap<string, number>): number {
  let bytes = 1;
  for (const member of list.keys()) bytes += memberBytesOf(member);
  return bytes;
}

export function memberBytesOf(member: string): number {
  return FRAME_BYTES + Buffer.byteLength(member);
}

export function encodeList(list: ReadonlyMap<string, number>): Buffer {
  const bytes = Buffer.allocUnsafe(listBytesOf(list));
  bytes[0] = VERSION;
  let at = 1;
  for (const [member, score] of list) {
    const length = bytes.write(member, at + FRAME_BYTES);
    bytes.writeDoubleBE(score, at);
    bytes.writeUInt16BE(length, at + 8);
    at += FRAME_BYTES + length;
  }
  return bytes;
}

/**
 * Member → score; of no bytes: no members.
 * @throws RangeError when the bytes are of an unknown version
 */
export function decodeList(bytes: Buffer | undefined): Map<string, number> {
  const list = new Map<string, number>();
  if (bytes === undefined) return list;
  if (bytes[0] !== VERSION) throw new RangeError(`an index of the store is of the unknown version ${bytes[0] ?? 'none'}`);
  for (let at = 1; at < bytes.length;) {
    const from = at + FRAME_BYTES;
    const to = from + bytes.readUInt16BE(at + 8);
    list.set(bytes.toString('utf8', from, to), bytes.readDoubleBE(at));
    at = to;
  }
  return list;
}
