import fc from 'fast-check';
import { decodeRecord, encodeRecord, timestampOf } from './record-bytes';

describe('record bytes', () => {
  it('give back every record as it was', () => {
    const text = fc.string({ unit: 'grapheme' });
    fc.assert(
      fc.property(
        fc.record({
          key: fc.option(text),
          value: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
          headers: fc.dictionary(text, text, { noNullPrototype: true }),
        }),
        fc.nat(),
        ({ key, value, headers }, timestampMs) => {
          const bytes = encodeRecord({ topic: 't', partition: 3, key, value, headers }, timestampMs);
          expect(decodeRecord(bytes, 't', 3, 9)).toEqual({ topic: 't', partition: 3, offset: 9, timestampMs, key, value, headers });
          expect(timestampOf(bytes)).toBe(timestampMs);
        },
      ),
    );
  });

  it('of an unknown version are refused, not misread', () => {
    expect(() => decodeRecord(Buffer.from([9, 0]), 't', 0, 1)).toThrow(/t\/0\/1 is of the unknown version 9/);
  });
});
