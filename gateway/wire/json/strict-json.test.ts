import fc from 'fast-check';
import { readJsonDeclaration } from './read-json-declaration';
import { firstInvalidUtf8, readStrictJson, type StrictJson } from './strict-json';

const read = (text: string | Buffer) => readStrictJson(typeof text === 'string' ? Buffer.from(text) : text);

function readable(text: string | Buffer): StrictJson {
  const reading = read(text);
  if ('unreadable' in reading) throw new Error(`unreadable: ${JSON.stringify(reading.unreadable)}`);
  return reading;
}

function refused(text: string | Buffer) {
  const reading = read(text);
  if (!('unreadable' in reading)) throw new Error('was readable');
  return reading.unreadable;
}

describe('strict JSON, what is fine', () => {
  it('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: true }), (value) => {
        const text = JSON.stringify(value);
        // Keys that reach into prototypes are reported and left out: a test of their own.
        fc.pre(!/"(?:__proto__|constructor|prototype)":/.test(text));
        expect(readable(text).value).toEqual(JSON.parse(text));
      }),
    );
  });

  it('accepts one UTF-8 byte order mark, and columns do not count it', () => {
    const reading = readable('\ufeff{"a":1}');
    expect(reading.value).toEqual({ a: 1 });
    expect(reading.locate('/a')).toEqual({ line: 1, column: 6 });
  });

  it('accepts tab, line feed and carriage return in text', () => {
    expect(readable('{"a":"x\\ty\\r\\nz"}').problems).toEqual([]);
  });

  it('accepts escapes and Vietnamese letters', () => {
    const reading = readable('{"t\\u00ean":"C\\u1ea3ng H\\u1ea3i Ph\u00f2ng \\ud83d\\udea2"}');
    expect(reading.problems).toEqual([]);
    expect(reading.value).toEqual({ tên: 'Cảng Hải Phòng 🚢' });
  });

  it('reads depth 64 and the largest integer', () => {
    expect(readable('['.repeat(64) + ']'.repeat(64)).problems).toEqual([]);
    expect(readable('[9007199254740991,-9007199254740991,1.7976931348623157e308,0.000000000000000000001]').problems).toEqual([]);
  });
});

describe('strict JSON that is as JSON.stringify writes it', () => {
  it.each([
    '{}',
    '[0,-1,12.5,0.5,100,123456789012345,-98765.4321]',
    '{"a":[true,false,null,""],"tên":"Cảng 越 🚢\u2028"}',
    '\ufeff{"a":"10:30"}',
  ])('is handed on as text: %s', (text) => {
    expect(readable(text).text).toBe(JSON.stringify(readable(text).value));
  });

  it.each([
    ['white space', '{"a": 1}'],
    ['white space at the end', '{"a":1}\n'],
    ['escapes', '{"a":"\\u1ea3"}'],
    ['a zero at the end of a fraction', '[1.50]'],
    ['zeros alone', '[0.0]'],
    ['a minus before zero', '[-0]'],
    ['a small fraction', '[0.0000001]'],
    ['an exponent', '[1e2]'],
    ['a number of many digits', '[0.1234567890123456789]'],
    ['keys that are numbers', '{"b":1,"1":2}'],
  ])('is not handed on with %s', (_, text) => {
    expect(readable(text).text).toBeUndefined();
  });

  it('is never text that JSON.stringify would write otherwise', () => {
    const number = fc.stringMatching(/^-?(0|[1-9]\d{0,16})(\.\d{1,9})?([eE][+-]?\d{1,2})?$/);
    const string = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 5 }).map((value) => JSON.stringify(value)),
      fc.stringMatching(/^"[a-z0-9]{0,3}"$/),
    );
    const token = fc.oneof(number, string, fc.constantFrom('true', 'null', '[]', '{}'));
    const text = fc
      .array(fc.tuple(string, token, fc.constantFrom('', '', '', ' ', '\n')), { maxLength: 4 })
      .map((members) => `{${members.map(([key, value, space]) => `${key}:${space}${value}`).join(',')}}`);
    let handedOn = 0;
    fc.assert(
      fc.property(text, (json) => {
        const reading = read(json);
        if ('unreadable' in reading || reading.text === undefined) return;
        handedOn++;
        expect(reading.text).toBe(JSON.stringify(JSON.parse(json)));
      }),
      { numRuns: 3_000 },
    );
    expect(handedOn).toBeGreaterThan(300);
  });
});

describe('strict JSON, what is refused', () => {
  it.each([
    ['nothing', '', 1, 1],
    ['a bare word', '{"a":\n  NaN}', 2, 3],
    ['infinity', '[Infinity]', 1, 2],
    ['a trailing comma', '{"a":1,}', 1, 8],
    ['trailing bytes', '{"a":1}\n{', 2, 1],
    ['a trailing NUL', '{"a":1}\0', 1, 8],
    ['a second mark', '\ufeff\ufeff{}', 1, 1],
    ['single quotes', "{'a':1}", 1, 2],
    ['a comment', '{} // x', 1, 4],
    ['a leading zero', '[01]', 1, 3],
    ['a raw control in a string', '["a\u0001b"]', 1, 4],
    ['a raw line feed in a string', '["a\nb"]', 1, 4],
    ['an unknown escape', '["\\x"]', 1, 4],
    ['a short escape', '["\\u12"]', 1, 7],
    ['an open string', '{"a":"b', 1, 8],
    ['a fault behind letters of two bytes', '{"cảng":"Hải",}', 1, 15],
  ])('%s is json-malformed with line and column', (_name, text, line, column) => {
    expect(refused(text)).toEqual([expect.objectContaining({ code: 'json-malformed', line, column })]);
  });

  it('a repeated key is json-duplicate-key, at each repetition, whatever its spelling', () => {
    expect(refused('{"a":1,\n"a":2}')).toEqual([
      expect.objectContaining({ code: 'json-duplicate-key', pointer: '/a', line: 2, column: 1 }),
    ]);
    expect(refused('{"ship":[{"name":"A","n\\u0061me":"B"}],"x":{"y":1,"y":1}}').map(({ pointer }) => pointer)).toEqual([
      '/ship/0/name',
      '/x/y',
    ]);
    expect(refused('{"__proto__":1,"__proto__":2}')).toEqual([expect.objectContaining({ code: 'json-duplicate-key' })]);
  });

  it('the same key in two objects is fine', () => {
    expect(readable('[{"a":1},{"a":1}]').problems).toEqual([]);
  });

  it('depth 65 is json-limit', () => {
    expect(refused('{"a":'.repeat(65) + '1' + '}'.repeat(65))).toEqual([
      expect.objectContaining({ code: 'json-limit', line: 1, column: 321 }),
    ]);
  });

  it('8 MB of brackets are json-limit', () => {
    expect(refused(Buffer.alloc(8_000_000, '['))).toEqual([expect.objectContaining({ code: 'json-limit', column: 65 })]);
  });

  it('more than a million values are json-limit; a million are fine', () => {
    expect(refused(`[${Array(1_000_000).fill('0').join()}]`)).toEqual([expect.objectContaining({ code: 'json-limit', column: 2_000_000 })]);
    expect(readable(`[${Array(999_999).fill('0').join()}]`).problems).toEqual([]);
  });

  it('brackets inside a string are no depth', () => {
    expect(readable(`["${'[{'.repeat(100)}"]`).problems).toEqual([]);
  });

  it.each([
    ['a stray continuation byte', [0x7b, 0x0a, 0x22, 0x80, 0x22], 2, 2],
    ['an overlong form', [0x22, 0xc0, 0xaf, 0x22], 1, 2],
    ['a surrogate in UTF-8', [0x22, 0xed, 0xa0, 0x80, 0x22], 1, 2],
    ['a cut character', [0x22, 0xe1, 0xba], 1, 2],
    ['Latin-1', [...Buffer.from('"Đ', 'utf8'), 0xe9, 0x22], 1, 3],
  ])('%s is encoding-invalid', (_name, bytes, line, column) => {
    expect(refused(Buffer.from(bytes))).toEqual([expect.objectContaining({ code: 'encoding-invalid', line, column })]);
  });

  it.each([
    ['UTF-16 LE with a mark', Buffer.from('\ufeff{"a":1}', 'utf16le')],
    ['UTF-16 LE without', Buffer.from('{"a":1}', 'utf16le')],
    ['UTF-16 BE', Buffer.from('{"a":1}', 'utf16le').swap16()],
  ])('%s is charset-unsupported', (_name, bytes) => {
    expect(refused(bytes)).toEqual([expect.objectContaining({ code: 'charset-unsupported' })]);
  });
});

describe('strict JSON, faults in content', () => {
  it.each(['1e999', '-1e999', '9007199254740993', '-9007199254740992', '123456789012345678901234567890'])(
    '%s is number-out-of-range',
    (text) => {
      expect(readable(`{"a":[0,${text}]}`).problems).toEqual([
        expect.objectContaining({ code: 'number-out-of-range', severity: 'error', pointer: '/a/1', line: 1, column: 9 }),
      ]);
    },
  );

  it.each(['\\u0000', '\\u0007', '\\b', '\\ud800', '\\udc00x', '\\ud800\\ud800', '\\uffff', '\u007f', '\u0085'])(
    '%j in text is text-invalid',
    (text) => {
      expect(readable(`{"a":"x${text}"}`).problems).toEqual([
        expect.objectContaining({ code: 'text-invalid', pointer: '/a', line: 1, column: 6 }),
      ]);
    },
  );

  it.each(['__proto__', 'constructor', 'prototype', '\\u005f_proto__'])('the key %s is unknown-property and sets nothing', (key) => {
    const reading = readable(`{"a":{"${key}":{"polluted":true}}}`);
    expect(reading.problems).toEqual([expect.objectContaining({ code: 'unknown-property', line: 1, column: 6 + key.length + 4 })]);
    expect(reading.value).toEqual({ a: {} });
    expect(Object.getPrototypeOf((reading.value as { a: object }).a)).toBe(Object.prototype);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('lists at most 200 of a kind', () => {
    expect(readable(`[${Array(1000).fill('1e999').join()}]`).problems).toHaveLength(200);
  });
});

describe('locating a pointer', () => {
  const text = '{\n  "ship": { "name": "Hải", "x~/y": 1 },\n  "list": [ [], {"a": true} ]\n}';

  it.each([
    ['', 1, 1],
    ['/ship', 2, 11],
    ['/ship/name', 2, 21],
    ['/ship/x~0~1y', 2, 36],
    ['/list/1/a', 3, 23],
    ['/list/1/missing/deeper', 3, 17],
    ['/list/7', 3, 11],
    ['/nothing', 1, 1],
  ])('%s stands where it is, or where its nearest ancestor is', (pointer, line, column) => {
    expect(readable(text).locate(pointer)).toEqual({ line, column });
  });

  it('answers many faults in one long line of 200,000 entries at once', () => {
    const reading = readable(`[${Array(200_000).fill('"ả"').join()}]`);
    for (let i = 0; i < 200_000; i += 500) expect(reading.locate(`/${i}`).column).toBe(2 + 4 * i);
  });
});

describe('properties of the reader', () => {
  const valid = Buffer.from(
    JSON.stringify({ header: { messageId: 'm', n: [1, 2.5, -3e2] }, text: 'Cảng \u00e9 "q" \\', list: [{ a: null }, true] }),
  );

  it('never throws on corrupted bytes, and a refusal names a place', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(valid.length - 1), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }),
        fc.nat(valid.length),
        (changes, cut) => {
          const bytes = Buffer.from(valid.subarray(0, valid.length - (cut % 3)));
          for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
          const reading = read(bytes);
          const problems = 'unreadable' in reading ? reading.unreadable : reading.problems;
          if ('unreadable' in reading) expect(problems.length).toBeGreaterThan(0);
          for (const { code, line, column } of problems)
            if (code !== 'charset-unsupported') expect([code, line, column]).toEqual([code, expect.any(Number), expect.any(Number)]);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('finds the first byte that is not UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.constantFrom([0xff], [0xc3, 0x28], [0xe2, 0x82], [0xf0, 0x90, 0x28]), (text, bad) => {
        const head = Buffer.from(text);
        expect(firstInvalidUtf8(Buffer.concat([head, Buffer.from(bad)]))).toBe(head.length);
      }),
    );
  });
});

describe('a declaration in JSON', () => {
  it.each(['[]', '"x"', '1', 'null'])('%s is no object', (text) => {
    expect(readJsonDeclaration(Buffer.from(text))).toMatchObject({
      candidate: {},
      problems: [{ code: 'type', pointer: '', line: 1, column: 1 }],
    });
  });

  it('keeps the candidate as it was sent', () => {
    expect(readJsonDeclaration(Buffer.from('{"header":{"messageId":" m "}}'))).toMatchObject({
      dialect: 'json',
      resendIsUpdate: false,
      candidate: { header: { messageId: ' m ' } },
      problems: [],
    });
  });
});
