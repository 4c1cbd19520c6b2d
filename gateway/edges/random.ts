import { randomFillSync } from 'node:crypto';

/** Random bytes as hexadecimal text. Drawn by the page: one call into OpenSSL each costs 5 µs, and every request wants two. */
export function createRandom(): (bytes: number) => string {
  const page = Buffer.alloc(4_096);
  let at = page.length;
  return (bytes) => {
    if (bytes > page.length) throw new RangeError(`${bytes} random bytes are more than a page`);
    if (at + bytes > page.length) {
      randomFillSync(page);
      at = 0;
    }
    return page.toString('hex', at, (at += bytes));
  };
}
