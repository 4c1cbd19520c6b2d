import fc from 'fast-check';
import portZones from '../../../config/port-zones.json';
import { plainDeclaration, setAt } from '../../../test/support/plain-declaration';
import { canonicalJson } from '../../core/canonical-json';
import { readJsonDeclaration } from '../json/read-json-declaration';
import { createZoneOfPort } from './port-zones';
import { createDeclarationValidator } from './validate-declaration';

const validate = createDeclarationValidator({ zoneOfPort: createZoneOfPort(portZones), defaultZone: 'Asia/Ho_Chi_Minh' });
const receivedAt = '2026-11-23T02:00:05Z';

function judge(text: string | Buffer) {
  const reading = readJsonDeclaration(Buffer.isBuffer(text) ? text : Buffer.from(text));
  return 'unreadable' in reading ? { ok: false as const, problems: reading.unreadable } : validate(reading, receivedAt);
}

const pretty = (value: unknown) => JSON.stringify(value, null, 2);
const short = (outcome: ReturnType<typeof judge>) =>
  outcome.ok
    ? outcome.warnings.map(({ code, pointer }) => `${code} ${pointer}`)
    : outcome.problems.map(({ code, pointer }) => `${code} ${pointer}`);

describe('validating a declaration', () => {
  it('passes a plain one as it is', () => {
    const outcome = judge(pretty(plainDeclaration()));
    const json: unknown = expect.any(Uint8Array);
    expect(outcome).toEqual({ ok: true, value: plainDeclaration(), json, warnings: [] });
  });

  it('gives the same canonical bytes whatever the spelling of times and blanks', () => {
    const other = plainDeclaration();
    setAt(other, '/header/sentAt', '2026-11-23T09:00:00.000+07:00');
    setAt(other, '/ship/name', ' SONG CAM STAR');
    setAt(other, '/formalities/dangerousGoods/items/0/unNumber', 'UN 1203');
    setAt(other, '/attachments', []);
    const outcomes = [judge(pretty(plainDeclaration())), judge(JSON.stringify(other))];
    expect(new Set(outcomes.map((outcome) => (outcome.ok ? canonicalJson(outcome.value) : 'refused'))).size).toBe(1);
  });

  it('names faults of all kinds at once, errors first, in the order of the document, with line and column', () => {
    const declaration = plainDeclaration();
    setAt(declaration, '/header/sentAt', undefined);
    setAt(declaration, '/portCall/etd', '2026-11-23T10:00:00');
    setAt(declaration, '/ship/imoNumber', '9999999');
    setAt(declaration, '/ship/grossTonnage', -1);
    setAt(declaration, '/ship/colour', 'red');
    setAt(declaration, '/ship/mmsi', '000000000');
    setAt(declaration, '/formalities/generalDeclaration/crewCount', 9);
    const text = pretty(declaration).replace('"flagState": "VN"', '"flagState": "VN\\u0000"');
    const outcome = judge(text);
    expect(outcome.ok).toBe(false);
    expect(short(outcome)).toEqual([
      'required /header/sentAt',
      'times-out-of-order /portCall/etd',
      'imo-check-digit /ship/imoNumber',
      'text-invalid /ship/flagState',
      'number-out-of-range /ship/grossTonnage',
      'unknown-property /ship/colour',
      'count-mismatch /formalities/generalDeclaration/personsOnboard',
      'count-mismatch /formalities/crewList/members',
      'time-without-zone /portCall/etd',
      'mmsi-invalid /ship/mmsi',
    ]);
    const { problems } = outcome as Extract<typeof outcome, { ok: false }>;
    const lines = text.split('\n');
    const tonnage = problems.find(({ code }) => code === 'number-out-of-range');
    expect(lines[(tonnage?.line ?? 0) - 1]?.slice((tonnage?.column ?? 0) - 1)).toMatch(/^-1/);
    expect(problems.find(({ code }) => code === 'required')).toMatchObject({ line: 2, column: 13 });
    expect(problems.every(({ message, messageVi }) => message !== '' && messageVi !== '')).toBe(true);
  });

  it('a number that no double holds is said once', () => {
    expect(short(judge(pretty(plainDeclaration()).replace('8500.5', '1e999')))).toEqual(['number-out-of-range /ship/grossTonnage']);
  });

  it('a prototype key is said once and sets nothing', () => {
    const outcome = judge(pretty(plainDeclaration()).replace('"voyage": {', '"voyage": { "__proto__": { "x": 1 },'));
    expect(short(outcome)).toEqual(['unknown-property /voyage/__proto__']);
  });

  it('a list instead of a declaration says only that', () => {
    expect(short(judge('[]'))).toEqual(['type ']);
  });

  it('keeps what the reader warned of', () => {
    const reading = readJsonDeclaration(Buffer.from(pretty(plainDeclaration())));
    if ('unreadable' in reading) throw new Error('unreadable');
    const warning = {
      code: 'element-unmapped',
      severity: 'warning' as const,
      pointer: '',
      xpath: '/EPCMessage/X',
      line: 3,
      message: 'm',
      messageVi: 'm',
    };
    const outcome = validate({ ...reading, problems: [warning, { ...warning, xpath: '/EPCMessage/Y' }] }, receivedAt);
    expect(outcome).toMatchObject({ ok: true, warnings: [{ xpath: '/EPCMessage/X' }, { xpath: '/EPCMessage/Y' }] });
  });

  it('a rule still speaks where the schema found a fault beside it', () => {
    const declaration = setAt(plainDeclaration(), '/formalities/crewList/members/0', 'nobody');
    setAt(declaration, '/formalities/crewList/members/1/nationality', 'ZZZ');
    expect(short(judge(pretty(declaration)))).toEqual([
      'type /formalities/crewList/members/0',
      'country-unknown /formalities/crewList/members/1/nationality',
    ]);
  });

  it('bounds the answer to a hostile document', () => {
    const declaration = plainDeclaration();
    setAt(declaration, '/formalities/passengerList/passengers', Array(20_000).fill({}));
    const outcome = judge(JSON.stringify(declaration));
    expect(outcome.ok).toBe(false);
    const { problems } = outcome as Extract<typeof outcome, { ok: false }>;
    expect(problems.length).toBeLessThan(1300);
    expect(problems.map(({ code }) => code)).toContain('problems-truncated');
  });

  it('bounds warnings, and says so', () => {
    const declaration = plainDeclaration();
    setAt(declaration, '/formalities/cargo/equipment', Array(500).fill({ equipmentId: 'MSKU1234566' }));
    const outcome = judge(JSON.stringify(declaration));
    expect(outcome).toMatchObject({ ok: true });
    expect(short(outcome)).toHaveLength(201);
    expect(short(outcome).at(-1)).toBe('problems-truncated ');
  });

  it('refuses to start with a zone that does not exist', () => {
    expect(() => createDeclarationValidator({ zoneOfPort: () => undefined, defaultZone: 'Asia/Atlantis' })).toThrow(RangeError);
  });
});

describe('properties of validation', () => {
  const valid = Buffer.from(pretty(plainDeclaration()));

  function expectPlaces(outcome: ReturnType<typeof judge>): void {
    if (outcome.ok) return;
    expect(outcome.problems.length).toBeGreaterThan(0);
    for (const { code, line, column } of outcome.problems)
      if (code !== 'problems-truncated') expect([code, typeof line, typeof column]).toEqual([code, 'number', 'number']);
  }

  it('corrupted bytes never throw, and every fault has a place', () => {
    const change = fc.tuple(fc.nat(valid.length - 1), fc.oneof(fc.constantFrom(...Buffer.from('{}[]",:0e-\\ntx')), fc.nat(255)));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 5 }), (changes) => {
        const bytes = Buffer.from(valid);
        for (const [at, byte] of changes) bytes[at] = byte;
        expectPlaces(judge(bytes));
      }),
      { numRuns: 300 },
    );
  });

  it('any value anywhere never throws, and every fault has a place', () => {
    const pointers: string[] = [];
    const collect = (value: unknown, pointer: string): void => {
      if (pointer !== '') pointers.push(pointer);
      if (value !== null && typeof value === 'object')
        for (const [key, child] of Object.entries(value)) collect(child, `${pointer}/${key}`);
    };
    collect(plainDeclaration(), '');
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom(null, '', [], {}, [[]], [null], -1, 1e300, '2026-02-30', 'ZZZZZ', '__proto__'));
    fc.assert(
      fc.property(fc.constantFrom(...pointers), value, fc.constantFrom(...pointers), value, (first, a, second, b) => {
        const declaration = plainDeclaration();
        // Copies: one of the constants put inside itself would be no document.
        setAt(declaration, first, structuredClone(a));
        try {
          setAt(declaration, second, structuredClone(b));
        } catch {
          // The second place went with the first.
        }
        expectPlaces(judge(pretty(declaration)));
      }),
      { numRuns: 300 },
    );
  });
});
