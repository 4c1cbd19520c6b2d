import fc from 'fast-check';
import { hasDuplicateKey } from './duplicate-key';

describe('hasDuplicateKey', () => {
  it.each([
    ['{"a":1,"a":2}', true],
    ['{"a":1,"\\u0061":2}', true],
    ['{"a":{"b":1},"b":2}', false],
    ['{"a":{"b":1,"b":2}}', true],
    ['[{"a":1},{"a":2}]', false],
    ['[{"a":1},{"a":2,"x":[{}],"a":3}]', true],
    ['{"a":"a","b":"a"}', false],
    ['{"a":["b","b"],"b":1}', false],
    ['{"a":"{\\"a\\":1,\\"a\\":2}"}', false],
    ['{"\\\\":1,"\\\\":2}', true],
    ['"a"', false],
    ['{}', false],
  ])('%s: %s', (json, expected) => {
    expect(hasDuplicateKey(json)).toBe(expected);
  });

  it('finds none in what JSON.stringify wrote', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => !hasDuplicateKey(JSON.stringify(value))));
  });

  it('finds a member written twice, wherever it stands', () => {
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), fc.jsonValue(), (key, one, other) =>
        hasDuplicateKey(
          `[[${JSON.stringify(one)}],{"xy":{},${JSON.stringify(`k${key}`)}:${JSON.stringify(one)},${JSON.stringify(`k${key}`)}:${JSON.stringify(other)}}]`,
        ),
      ),
    );
  });
});
