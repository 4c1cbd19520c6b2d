/**
 * CRC-32C (Castagnoli), the checksum of a record batch, sixteen bytes at a time ("slicing by 16"): 0.6 ns a byte where kafkajs, byte
 * by byte, takes 2.3 (test/bench/micro/edges/kafka.bench.ts).
 */
const POLYNOMIAL = 0x82f63b78;

/** Table t, from index 256 t: the checksum of each byte followed by t zero bytes. */
const TABLES = sixteenTables();

function sixteenTables(): Int32Array {
  const all = new Int32Array(16 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    all[byte] = crc;
  }
  for (let i = 256; i < all.length; i++) {
    const crc = all[i - 256] as number;
    all[i] = (all[crc & 255] as number) ^ (crc >>> 8);
  }
  return all;
}

/** Of `bytes` from `start` to before `end`, as an unsigned number. */
export function crc32c(bytes: Buffer, start: number, end: number): number {
  const tables = TABLES;
  const words = new DataView(bytes.buffer, bytes.byteOffset, end);
  let crc = -1;
  let at = start;
  for (; at + 16 <= end; at += 16) {
    const a = crc ^ words.getInt32(at, true);
    const b = words.getInt32(at + 4, true);
    const c = words.getInt32(at + 8, true);
    const d = words.getInt32(at + 12, true);
    crc =
      (tables[3840 + (a & 255)] as number) ^
      (tables[3584 + ((a >>> 8) & 255)] as number) ^
      (tables[3328 + ((a >>> 16) & 255)] as number) ^
      (tables[3072 + (a >>> 24)] as number) ^
      (tables[2816 + (b & 255)] as number) ^
      (tables[2560 + ((b >>> 8) & 255)] as number) ^
      (tables[2304 + ((b >>> 16) & 255)] as number) ^
      (tables[2048 + (b >>> 24)] as number) ^
      (tables[1792 + (c & 255)] as number) ^
      (tables[1536 + ((c >>> 8) & 255)] as number) ^
      (tables[1280 + ((c >>> 16) & 255)] as number) ^
      (tables[1024 + (c >>> 24)] as number) ^
      (tables[768 + (d & 255)] as number) ^
      (tables[512 + ((d >>> 8) & 255)] as number) ^
      (tables[256 + ((d >>> 16) & 255)] as number) ^
      (tables[d >>> 24] as number);
  }
  for (; at < end; at++) crc = (tables[(crc ^ (bytes[at] as number)) & 255] as number) ^ (crc >>> 8);
  return ~crc >>> 0;
}
