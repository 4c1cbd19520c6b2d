import fc from 'fast-check';
// By its file: it offers itself to import only, and jest asks as require does.
import canonicalize from '../../node_modules/canonicalize/lib/canonicalize.js';
import { canonicalJson } from './canonical-json';

test('is what another implementation of RFC 8785 writes', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5, stringUnit: 'binary' }), (value) => {
      fc.pre(isWellFormed(value));
      expect(canonicalJson(value)).toBe(canonicalize(value));
    }),
    { numRuns: 500 },
  );
});

test('numbers are written as ECMAScript does, whatever they look like', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
      expect(canonicalJson(number)).toBe(canonicalize(number));
      expect(JSON.parse(canonicalJson(number))).toBe(number === 0 ? 0 : number);
    }),
  );
});

test('the example of RFC 8785 section 3.2.2', () => {
  const value = {
    numbers: [333333333.33333329, 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
    string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"\u002f',
    literals: [null, true, false],
  };
  expect(canonicalJson(value)).toBe(
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  );
});

test('keys are in the order of UTF-16 code units, as in RFC 8785 section 3.2.3', () => {
  const value = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 };
  expect([...canonicalJson(value).matchAll(/:(\d)/g)].map(([, digit]) => digit).join('')).toBe('2467153');
});

test('the order in which keys were put changes nothing, and undefined is left out', () => {
  expect(canonicalJson({ b: 1, a: { d: undefined, c: [undefined, null] } })).toBe('{"a":{"c":[null,null]},"b":1}');
  expect(canonicalJson({ a: { c: [null, null] }, b: 1 })).toBe('{"a":{"c":[null,null]},"b":1}');
  expect(canonicalJson(JSON.parse('{"__proto__":1,"a":2}'))).toBe('{"__proto__":1,"a":2}');
});

test('NaN and Infinity have no form', () => {
  for (const number of [NaN, Infinity, -Infinity]) expect(() => canonicalJson({ number })).toThrow(RangeError);
});

function isWellFormed(value: unknown): boolean {
  return (
    !/[\ud800-\udfff]/.test(JSON.stringify(value).replace(/[\ud800-\udbff][\udc00-\udfff]/g, '')) &&
    !/\\ud[89a-f]/i.test(JSON.stringify(value))
  );
}
