/**
 * A small index as one value, for the many that a dossier has of its own: version(1) = 1, then each member: score(8) length(2) member.
 * In no order.
 */
const VERSION = 1;
const FRAME_BYTES = 10;

/** An index that needs more is no longer one value. Less than half a page of lmdb: the value stays where its key is. */
export const LIST_BYTES = 1_500;

export function listBytesOf(list: ReadonlyMap<string, number>): number {
  let bytes = 1;
  for (const member of list.keys()) bytes += FRAME_BYTES + Buffer.byteLength(member);
  return bytes;
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
