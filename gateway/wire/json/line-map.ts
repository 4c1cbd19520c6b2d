/** Lines and columns (1-based, in characters) of byte offsets in UTF-8. Built once a document, and only when a fault needs it. */
export interface LineMap {
  positionOf(offset: number): { line: number; column: number };
}

/** Characters are counted from the last checkpoint, so that a megabyte on one line costs no more than this a fault. */
const CHECKPOINT_BYTES = 4096;

export function lineMapOf(bytes: Buffer, start: number): LineMap {
  const lineStarts = [start];
  for (let at = bytes.indexOf(0x0a, start); at >= 0; at = bytes.indexOf(0x0a, at + 1)) lineStarts.push(at + 1);
  // Characters that begin before each checkpoint.
  const checkpoints = new Uint32Array(Math.floor((bytes.length - start) / CHECKPOINT_BYTES) + 1);
  let characters = 0;
  for (let at = start; at < bytes.length; at++) {
    if ((at - start) % CHECKPOINT_BYTES === 0) checkpoints[(at - start) / CHECKPOINT_BYTES] = characters;
    if (isCharacterStart(bytes[at])) characters++;
  }

  function charactersBefore(offset: number): number {
    const checkpoint = Math.min(Math.floor((offset - start) / CHECKPOINT_BYTES), checkpoints.length - 1);
    let count = checkpoints[checkpoint] ?? 0;
    for (let at = start + checkpoint * CHECKPOINT_BYTES; at < offset && at < bytes.length; at++) if (isCharacterStart(bytes[at])) count++;
    return count;
  }

  function positionOf(offset: number): { line: number; column: number } {
    let low = 0;
    let high = lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: charactersBefore(offset) - charactersBefore(lineStarts[low] ?? start) + 1 };
  }

  return { positionOf };
}

function isCharacterStart(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) !== 0x80;
}
