import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { arrivalXml, departureXml } from '../../../test/support/fixtures';
import { plainDeclaration } from '../../../test/support/plain-declaration';
import type { Declaration } from '../../core/declaration';
import { readEpc } from '../epc/read-epc';
import { declarationShape, type Shape } from './declaration-shape';
import { normalise } from './normalise';
import { writeIfNormal } from './write-normal';

type Candidate = Record<string, unknown>;
const zones = { zoneOfPort: () => undefined, defaultZone: 'Asia/Ho_Chi_Minh' };

function writtenOf(candidate: object): string | undefined {
  const bytes = writeIfNormal(candidate as Candidate);
  return bytes === undefined ? undefined : Buffer.from(bytes).toString();
}

/** What the long way makes of it, where that changes and tells nothing. */
function longWay(candidate: Candidate): string | undefined {
  const normal = normalise({ candidate }, zones);
  return normal.candidate === candidate && normal.warnings.length === 0 ? JSON.stringify(candidate) : undefined;
}

const epc = (bytes: Buffer): Candidate => {
  const reading = readEpc(bytes);
  if ('unreadable' in reading) throw new Error('the fixture cannot be read');
  return reading.candidate;
};

describe('a declaration that is normal', () => {
  const named = (name: string): Candidate => epc(readFileSync(join(__dirname, '../../../test/fixtures/epc', name)));
  it.each<[string, object]>([
    ['an EPC arrival', named('arrival-2021.xml')],
    ['an EPC arrival of the older dialect', named('arrival-2011.xml')],
    ['an EPC departure', named('departure-2021.xml')],
    ['a large EPC arrival', epc(Buffer.from(arrivalXml({ crew: 300, consignments: 300, dangerousGoods: 20, stores: 10 })))],
    ['a departure without lists', epc(Buffer.from(departureXml({ crew: 0, consignments: 0, stores: 0, dangerousGoods: 0 })))],
    ['a declaration in JSON', plainDeclaration()],
    ['a cancel, whose empty cancellation says something', { header: { purpose: 'cancel' }, cancellation: {} }],
    ['a formality without content', { formalities: { cargo: {}, crewList: { members: [] } } }],
    ['the letters of Vietnamese', { ship: { name: 'TRƯỜNG ĐẠT – “Ngôi sao” ẴỶ', callSign: 'Hải Âu 海' } }],
    ['what JSON escapes', { ship: { name: 'a "b" \\ c\n\td\u0001 \u007f \u2028 end' } }],
    ['a character of two units', { ship: { name: 'ship 🚢 1' } }],
    ['an empty text', { ship: { name: '' } }],
    ['numbers of every kind', { ship: { grossTonnage: 999_999, netTonnage: 1_000_000, deadweight: 1e21, lengthOverall: 10.5, beam: -0 } }],
    ['extensions', { extensions: { epc: { '/EPCMessage/X': ' as sent ' } } }],
  ])('is written as JSON.stringify writes it: %s', (_, candidate) => {
    expect(writtenOf(candidate)).toBe(JSON.stringify(candidate));
  });
});

describe('a declaration of which it does not know', () => {
  it.each<[string, object]>([
    ['a time in another form', { header: { sentAt: '2026-11-24T10:00:00+07:00' } }],
    ['a time without a zone', { header: { sentAt: '2026-11-24T10:00:00' } }],
    ['the end of a day', { header: { sentAt: '2026-11-24T24:00:00Z' } }],
    ['a day with a zone', { formalities: { crewList: { members: [{ dateOfBirth: '1990-01-01Z' }] } } }],
    ['a UN/LOCODE with a blank', { portCall: { portOfCall: { unLocode: 'VN HPH' } } }],
    ['a UN number with its prefix', { formalities: { dangerousGoods: { items: [{ unNumber: 'UN1203' }] } } }],
    ['text with a blank before it', { ship: { name: ' A' } }],
    ['text with a no-break space behind it', { ship: { name: 'A\u00a0' } }],
    ['text with an ideographic space behind it', { ship: { name: 'A\u3000' } }],
    ['text that is not NFC', { ship: { name: 'HA\u0309I' } }],
    ['a lone surrogate before a blank', { ship: { name: '\ud83d ' } }],
    ['an empty object', { ship: {} }],
    ['an empty list', { formalities: { cargo: { consignments: [] } } }],
    ['a member without a value', { ship: undefined }],
    ['a name that is not of the schema', { ship: { colour: 'red' } }],
    ['a formality that is withdrawn', { formalities: { cargo: null } }],
    ['a text in place of a list', { formalities: { crewList: { members: 'A' } } }],
    ['a list in place of an object', { ship: [] }],
    ['an object in place of a list', { formalities: { crewList: { members: {} } } }],
    ['a number in place of a text', { ship: { name: 5 } }],
    ['a text in place of a number', { ship: { grossTonnage: '5' } }],
    ['a number that JSON does not have', { ship: { grossTonnage: Infinity } }],
    ['a list with a hole', { formalities: { crewList: { members: [undefined] } } }],
    ['a list that is too long', { reportedFormalities: Array.from({ length: 10_000 }, () => 'cargo') }],
  ])('is left to the long way: %s', (_, candidate) => {
    expect(writtenOf(candidate)).toBeUndefined();
  });
});

describe('any declaration', () => {
  const text = fc.oneof(
    fc.constantFrom('A', '', 'Nguyễn', ' A', 'A\u00a0', 'é\u0301', 'UN1203', '1203', 'VNHPH', 'VN HPH', '"', '\\', 'a\nb', '越'),
    fc.constantFrom('2026-11-24T10:00:00Z', '2026-11-24T10:00:00.5Z', '2026-11-24T24:00:00Z', '2026-11-24T10:00:00+07:00'),
    fc.constantFrom('9999-99-99T99:99:99Z', '2026-11-24', '2026-11-24Z', '2026-11-24+07:00', '2026-11-24T10:00'),
    fc.string({ unit: 'binary', maxLength: 6 }),
  );
  const scalar = fc.oneof({ weight: 8, arbitrary: text }, fc.double(), fc.nat(), fc.boolean(), fc.constant(null), fc.constant(undefined));

  /** Mostly of the shape, now and then anything. */
  function valueOf(shape: Shape): fc.Arbitrary<unknown> {
    switch (shape.kind) {
      case 'object': {
        const fields = [...shape.fields].map(([key, field]) => fc.record({ [key]: valueOf(field.shape) }));
        const few = fc.oneof({ weight: 40, arbitrary: fc.oneof(...fields) }, fc.record({ odd: scalar }));
        return or(
          fc.array(few, { maxLength: 4 }).map((members) => Object.assign({}, ...members) as object),
          [],
        );
      }
      case 'array':
        return or(fc.array(valueOf(shape.items), { maxLength: 3 }), {});
      case 'other':
        return fc.oneof(fc.double(), fc.nat(), fc.boolean(), fc.dictionary(fc.string(), scalar, { maxKeys: 2 }), scalar);
      case 'dateTime':
      case 'date':
      case 'unLocode':
      case 'unNumber':
      case 'text':
        return fc.oneof({ weight: 20, arbitrary: text }, scalar);
    }
  }
  const or = (usual: fc.Arbitrary<unknown>, rare: unknown): fc.Arbitrary<unknown> =>
    fc.oneof({ weight: 30, arbitrary: usual }, fc.constant(rare), scalar);

  it('is written as the long way writes it, or not at all', () => {
    let written = 0;
    fc.assert(
      fc.property(valueOf(declarationShape), (candidate) => {
        if (candidate === null || typeof candidate !== 'object' || Array.isArray(candidate)) return;
        const short = writtenOf(candidate);
        if (short === undefined) return;
        written++;
        expect(short).toBe(longWay(candidate as Candidate));
      }),
      { numRuns: 2_000 },
    );
    expect(written).toBeGreaterThan(200);
  });

  it('is not touched by what was written of one that it gave up', () => {
    const declaration: Declaration = plainDeclaration();
    expect(writtenOf({ ...declaration, ship: { name: 5 } })).toBeUndefined();
    expect(writtenOf(declaration)).toBe(JSON.stringify(declaration));
  });
});
