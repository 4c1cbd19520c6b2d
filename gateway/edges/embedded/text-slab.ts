/**
 * Texts as UTF-8, one behind the other in blocks that are used again: a buffer of its own for each text costs more than its bytes
 * (test/bench/micro/edges/embedded.bench.ts).
 */
const BLOCK_BYTES = 1024 * 1024;
/** Blocks kept for the next time. */
const KEPT_BLOCKS = 8;
/** Most bytes of UTF-8 for a UTF-16 unit. */
const UNIT_BYTES = 3;

export class TextSlab {
  #blocks: Buffer[] = [];
  #block = 0;
  #at = 0;

  /** What was given since the last time is no longer needed. */
  reset(): void {
    this.#blocks.length = Math.min(this.#blocks.length, KEPT_BLOCKS);
    this.#block = 0;
    this.#at = 0;
  }

  /** The text's bytes, until reset(). */
  bytesOf(text: string): Buffer {
    const room = text.length * UNIT_BYTES;
    if (room > BLOCK_BYTES) return Buffer.from(text);
    if (this.#at + room > BLOCK_BYTES) {
      this.#block++;
      this.#at = 0;
    }
    const block = (this.#blocks[this.#block] ??= Buffer.allocUnsafeSlow(BLOCK_BYTES));
    const from = this.#at;
    this.#at += block.write(text, from);
    return block.subarray(from, this.#at);
  }
}
