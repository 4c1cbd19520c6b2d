/** A place in a topic as a cursor of pages: an offset by partition. Opaque to whoever holds it. */
export type Positions = ReadonlyMap<number, number>;

export function formatPositions(positions: Positions): string {
  return Buffer.from(JSON.stringify([...positions])).toString('base64url');
}

/** Without a cursor no partition has a place; undefined where it is none. */
export function parsePositions(cursor: string | undefined): Positions | undefined {
  if (cursor === undefined) return new Map();
  try {
    const positions = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown;
    if (!Array.isArray(positions)) return undefined;
    const isPosition = (entry: unknown): entry is [number, number] =>
      Array.isArray(entry) && entry.length === 2 && entry.every((part) => Number.isSafeInteger(part) && Number(part) >= 0);
    return positions.every(isPosition) ? new Map(positions) : undefined;
  } catch {
    return undefined;
  }
}
