import fc from 'fast-check';
import { canonicalJson } from '../../core/canonical-json';
import { normalise, type Zones } from './normalise';

const zones: Zones = {
  zoneOfPort: (code) => ({ VNHPH: 'Asia/Ho_Chi_Minh', GRPIR: 'Europe/Athens' })[code],
  defaultZone: 'Asia/Tokyo',
};
const of = (candidate: Record<string, unknown>) => normalise({ candidate }, zones);

describe('normalising times', () => {
  it('brings times to UTC, milliseconds only when not zero', () => {
    const { candidate, warnings } = of({
      header: { sentAt: '2026-11-24T10:00:00+07:00' },
      portCall: { eta: '2026-11-24T03:00:00.000Z', etd: '2026-11-24T03:00:00.1239999Z', portOfCall: { unLocode: 'VNHPH' } },
    });
    expect(candidate).toEqual({
      header: { sentAt: '2026-11-24T03:00:00Z' },
      portCall: { eta: '2026-11-24T03:00:00Z', etd: '2026-11-24T03:00:00.123Z', portOfCall: { unLocode: 'VNHPH' } },
    });
    expect(warnings).toEqual([]);
  });

  it('reads a time without a zone in the zone of the port of call, with a warning each', () => {
    const { candidate, warnings } = of({
      header: { sentAt: '2014-10-22T06:16:00' },
      portCall: { eta: '2014-10-22T06:16:00', etd: '2014-10-27T06:16', portOfCall: { unLocode: 'GR PIR' } },
      formalities: { passengerList: { passengers: [{}, { embarkationDateTime: '2014-10-22T06:16:00' }] } },
    });
    expect(candidate).toMatchObject({
      header: { sentAt: '2014-10-22T03:16:00Z' },
      portCall: { eta: '2014-10-22T03:16:00Z', etd: '2014-10-27T04:16:00Z', portOfCall: { unLocode: 'GRPIR' } },
    });
    expect(warnings.map(({ code, severity, pointer }) => [code, severity, pointer])).toEqual([
      ['time-without-zone', 'warning', '/header/sentAt'],
      ['time-without-zone', 'warning', '/portCall/eta'],
      ['time-without-zone', 'warning', '/portCall/etd'],
      ['time-without-zone', 'warning', '/formalities/passengerList/passengers/1/embarkationDateTime'],
    ]);
  });

  it('without a known port, in the zone of the settings', () => {
    expect(of({ header: { sentAt: '2026-11-24T12:00:00' } }).candidate).toEqual({ header: { sentAt: '2026-11-24T03:00:00Z' } });
  });

  it.each([
    ['2026-11-24T24:00:00Z', '2026-11-25T00:00:00Z'],
    ['2026-11-24t10:00:00z', '2026-11-24T10:00:00Z'],
    ['2026-11-24T10:00+00', '2026-11-24T10:00:00Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z'],
  ])('brings %s to its one form', (written, normal) => {
    expect(of({ header: { sentAt: written } }).candidate).toEqual({ header: { sentAt: normal } });
  });

  it('leaves what is no time, for the validator to name', () => {
    const source = { header: { sentAt: '24.11.2026' }, portCall: { eta: 5, etd: null } };
    expect(of(source)).toEqual({ candidate: source, warnings: [] });
  });

  it('cuts the zone of a calendar day', () => {
    const members = [{ dateOfBirth: '1990-01-01+07:00' }, { dateOfBirth: '1990-01-01Z' }, { dateOfBirth: '1990-01-01T00:00:00' }];
    expect(of({ formalities: { crewList: { members } } }).candidate).toEqual({
      formalities: {
        crewList: { members: [{ dateOfBirth: '1990-01-01' }, { dateOfBirth: '1990-01-01' }, { dateOfBirth: '1990-01-01T00:00:00' }] },
      },
    });
  });
});

describe('normalising text', () => {
  it('composes and trims', () => {
    expect(of({ ship: { name: '  HA\u0309I PHO\u0300NG \n' } }).candidate).toEqual({ ship: { name: 'HẢI PHÒNG' } });
  });

  it('is NFC without white space around it, for any text', () => {
    const letters = fc.constantFrom(
      'a',
      'o',
      'ư',
      'Ẽ',
      'ỹ',
      'ạ',
      '越',
      'ㄱ',
      '\u0300',
      '\u0301',
      '\u0323',
      '\u0302',
      '\u212b',
      ' ',
      '\u00a0',
      '\u0085',
    );
    const text = fc.oneof(fc.string({ unit: letters }), fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }));
    fc.assert(
      fc.property(text, (name) => {
        expect(of({ ship: { name } }).candidate).toEqual({ ship: { name: name.normalize('NFC').trim() } });
      }),
      { numRuns: 1_000 },
    );
  });

  it('knows letters that are composed already', () => {
    const composed = [0x1ea0, 0x1ef9, 0x4e00, 0x9fff].map((unit) => String.fromCharCode(unit));
    const all = Array.from({ length: 0x1efa - 0x1ea0 }, (_, i) => 0x1ea0 + i).concat(Array.from({ length: 0x5200 }, (_, i) => 0x4e00 + i));
    const text = String.fromCharCode(...all);
    expect(composed.every((letter) => text.includes(letter))).toBe(true);
    expect(text.normalize('NFC')).toBe(text);
    // None of them joins with one before it.
    for (const letter of text) expect(`a${letter}`.normalize('NFC')).toBe(`a${letter}`);
  });

  it('strips the prefix of UN numbers', () => {
    const items = ['UN 1203', 'UN1203', 'un 1203', ' 1203 ', 'UNKNOWN'].map((unNumber) => ({ unNumber }));
    const { candidate } = of({ formalities: { dangerousGoods: { items } } });
    expect(candidate).toEqual({
      formalities: { dangerousGoods: { items: ['1203', '1203', '1203', '1203', 'UNKNOWN'].map((unNumber) => ({ unNumber })) } },
    });
  });

  it('leaves extensions alone', () => {
    const source = { extensions: { epc: { x: ' a ', y: {} } } };
    expect(of(source).candidate).toBe(source);
  });
});

describe('normalising what is empty', () => {
  it('leaves out empty objects and lists that say nothing, and undefined', () => {
    expect(
      of({
        header: {},
        voyage: {},
        agents: [],
        attachments: [],
        extensions: {},
        ship: { company: {}, name: undefined },
        portCall: { purposeOfCall: [], lastPortOfCall: {}, portOfCall: {} },
      }).candidate,
    ).toEqual({ header: {}, portCall: { portOfCall: {} } });
  });

  it('keeps those that say something: required lists, formalities, a cancellation, entries of a list', () => {
    const source = {
      header: {},
      cancellation: {},
      formalities: { crewList: { members: [] }, cargo: {}, waste: null, health: { cases: [{}] } },
    };
    expect(of(source).candidate).toBe(source);
  });
});

describe('normalising as a whole', () => {
  it('hands the same object back when nothing changes', () => {
    const source = { header: { messageId: 'm', sentAt: '2026-11-24T03:00:00Z' }, ship: { name: 'A' } };
    expect(of(source).candidate).toBe(source);
  });

  it('leaves the candidate of the reading as it was', () => {
    const source = { header: { sentAt: '2026-11-24T10:00:00+07:00' }, formalities: { cargo: { equipment: [{ equipmentId: ' A ' }] } } };
    const before = structuredClone(source);
    of(source);
    expect(source).toEqual(before);
  });

  it('is idempotent, whatever comes in', () => {
    const times = fc.constantFrom('2026-11-24T10:00:00', '2026-11-24T10:00:00.5+07:00', ' x ', 'n', 5, null, [], {});
    const anything = fc.record(
      {
        header: fc.record({ sentAt: times, messageId: fc.string() }),
        portCall: fc.record({ eta: times, portOfCall: fc.jsonValue() }),
        formalities: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(anything, (source) => {
        const once = of(source).candidate;
        expect(canonicalJson(of(once).candidate)).toBe(canonicalJson(once));
      }),
    );
  });

  it('cuts hostile lists and objects, keeping one entry too many for the validator', () => {
    const manyKeys = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`k${i}`, i]));
    const { candidate } = of({
      agents: Array(100_000).fill({ name: 'x' }),
      header: { ...manyKeys, messageId: ' m ' },
    });
    expect((candidate['agents'] as unknown[]).length).toBe(3);
    expect(Object.keys(candidate['header'] as object)).toHaveLength(51);
    expect(candidate['header']).toMatchObject({ k0: 0, messageId: 'm' });
  });
});
