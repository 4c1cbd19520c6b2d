import fc from 'fast-check';
import { decodeRecords, encodeRecords, frameBytes, mostBytesOf, timestampOf } from './record-bytes';

const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const headerName = fc.oneof(fc.constantFrom('ce_id', 'ce_type', 'content-type', 'traceparent', '__proto__', ''), text);
const content = fc.record({
  key: fc.option(text),
  value: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  headers: fc.dictionary(headerName, text, { noNullPrototype: true }),
});

describe('record bytes', () => {
  it('give back every record as it was, within the room that was asked for', () => {
    fc.assert(
      fc.property(fc.array(content, { minLength: 1, maxLength: 5 }), fc.nat(), fc.nat({ max: 50 }), (contents, timestampMs, at) => {
        const room = contents.reduce((sum, record) => sum + mostBytesOf(record), frameBytes);
        const into = Buffer.alloc(at + room);
        const end = encodeRecords(contents, timestampMs, into, at);
        expect(end).toBeLessThanOrEqual(into.length);
        const bytes = into.subarray(at, end);
        expect(timestampOf(bytes)).toBe(timestampMs);
        const last = 90;
        expect(decodeRecords(bytes, 't', 3, last)).toEqual(
          contents.map((record, i) => ({ topic: 't', partition: 3, offset: last - contents.length + 1 + i, timestampMs, ...record })),
        );
      }),
    );
  });

  it('hold the name of a known header in one byte', () => {
    const bytesOf = (headers: Record<string, string>): number =>
      encodeRecords([{ key: null, value: Buffer.alloc(0), headers }], 0, Buffer.alloc(1_000), 0);
    expect(bytesOf({ ce_specversion: '1.0' }) - bytesOf({})).toBe(1 + 4 + '1.0'.length);
  });

  it('of version 1, as they were written until 2026-11, are read', () => {
    const written = Buffer.from('AUJ5q2l+h7AAAAAABQAAACNraG/DoXsiY2VfaWQiOiLDvC0xIiwiY29udGVudC10eXBlIjoieCJ9dmFsdWU=', 'base64');
    expect(timestampOf(written)).toBe(1_764_000_000_123);
    expect(decodeRecords(written, 't', 2, 7)).toEqual([
      {
        topic: 't',
        partition: 2,
        offset: 7,
        timestampMs: 1_764_000_000_123,
        key: 'khoá',
        value: Buffer.from('value'),
        headers: { ce_id: 'ü-1', 'content-type': 'x' },
      },
    ]);
    const empty = Buffer.from('AUAUAAAAAAAA/////wAAAAJ7fQ==', 'base64');
    expect(decodeRecords(empty, 't', 0, 0)).toEqual([
      { topic: 't', partition: 0, offset: 0, timestampMs: 5, key: null, value: Buffer.alloc(0), headers: {} },
    ]);
  });

  it('of an unknown version are refused, not misread', () => {
    expect(() => decodeRecords(Buffer.from([9, 0]), 't', 0, 1)).toThrow(/t\/0\/1 is of the unknown version 9/);
  });
});
