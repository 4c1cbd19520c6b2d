import fc from 'fast-check';
import { decree336, decree85 } from '../../test/support/test-rules';
import { agencyDueAt, isoTime, requiredFormalities } from './deadlines';
import type { Declaration } from './declaration';

const eta = '2026-11-26T02:00:00Z';
const etd = '2026-11-27T02:00:00Z';

function declaration(change: Partial<Declaration> = {}, type: Declaration['header']['declarationType'] = 'arrival'): Declaration {
  return {
    header: { messageId: 'M', purpose: 'original', declarationType: type, sentAt: '2026-11-20T00:00:00Z' },
    portCall: { portOfCall: { unLocode: 'VNHPH' }, eta, etd },
    ...change,
  };
}

const dueOf = (formality: string, call: Declaration, ruleSet = decree336): unknown =>
  requiredFormalities(call, ruleSet).find((entry) => entry.formality === formality)?.dueAt;

test('an instant is written in one way', () => {
  expect(isoTime(Date.parse('2026-11-24T10:00:00+07:00'))).toBe('2026-11-24T03:00:00Z');
  expect(isoTime(Date.parse('2026-11-24T03:00:00.250Z'))).toBe('2026-11-24T03:00:00.250Z');
  expect(() => isoTime(NaN)).toThrow(RangeError);
  expect(() => isoTime(9e15)).toThrow(RangeError);
  // Twice: as it is made, and as it is kept.
  const instants = fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 });
  fc.assert(
    fc.property(instants, fc.nat(999), (ms, later) => {
      for (const instant of [ms, ms - (ms % 1000), ms + later])
        expect(isoTime(instant)).toBe(new Date(instant).toISOString().replace('.000Z', 'Z'));
    }),
  );
});

test('an agency answers within the legal hour', () => {
  expect(agencyDueAt('2026-11-24T03:00:00Z', decree336)).toBe('2026-11-24T04:00:00Z');
  expect(agencyDueAt('2026-12-31T23:30:00.5Z', decree85)).toBe('2027-01-01T00:30:00.500Z');
});

const all = [
  'generalDeclaration',
  'cargo',
  'shipStores',
  'crewEffects',
  'crewList',
  'passengerList',
  'dangerousGoods',
  'security',
  'waste',
  'health',
] as const;

test.each([
  ['generalDeclaration', 24, 24],
  ['cargo', 24, 24],
  ['dangerousGoods', 24, 8],
  ['crewList', 8, 8],
  ['passengerList', 8, 8],
  ['shipStores', 8, 8],
  ['crewEffects', 8, 8],
  ['security', 24, 24],
  ['waste', 24, 24],
  ['health', 12, 2],
])('%s of an arrival falls due %i h before eta under Decree 336 and %i h under Decree 85', (formality, hours336, hours85) => {
  const call = declaration({ reportedFormalities: [...all] });
  const before = (hours: number): string => isoTime(Date.parse(eta) - hours * 3_600_000);
  expect(dueOf(formality, call)).toBe(before(hours336));
  expect(dueOf(formality, call, decree85)).toBe(before(hours85));
});

test('a departure owes its papers two hours before etd, one hour for some under Decree 85', () => {
  const call = declaration({ reportedFormalities: [...all] }, 'departure');
  expect(requiredFormalities(call, decree336).map(({ formality, dueAt }) => [formality, dueAt])).toEqual(
    ['generalDeclaration', 'cargo', 'crewList', 'passengerList', 'shipStores', 'crewEffects', 'dangerousGoods'].map((formality) => [
      formality,
      '2026-11-27T00:00:00Z',
    ]),
  );
  expect(dueOf('cargo', call, decree85)).toBe('2026-11-27T01:00:00Z');
  expect(dueOf('crewList', call, decree85)).toBe('2026-11-27T00:00:00Z');
});

describe('a voyage of less than five days', () => {
  const voyage = (left: string): Declaration =>
    declaration({
      portCall: {
        portOfCall: {},
        eta,
        previousPorts: [
          { port: { unLocode: 'SGSIN' }, to: left },
          { port: {}, to: '2026-01-01' },
        ],
      },
      reportedFormalities: ['cargo', 'crewList'],
    });
  test('gives the cargo papers twelve hours, and leaves the others', () => {
    expect(dueOf('cargo', voyage('2026-11-22'))).toBe('2026-11-25T14:00:00Z');
    expect(dueOf('crewList', voyage('2026-11-22'))).toBe('2026-11-25T18:00:00Z');
  });
  test('of five days and more, or of a length not declared, counts as long', () => {
    expect(dueOf('cargo', voyage('2026-11-21'))).toBe('2026-11-25T02:00:00Z');
    expect(dueOf('cargo', declaration({ reportedFormalities: ['cargo'] }))).toBe('2026-11-25T02:00:00Z');
    expect(dueOf('cargo', voyage('2026-12-24'))).toBe('2026-11-25T02:00:00Z');
  });
});

test('what is owed follows from what is announced and what is on board', () => {
  const names = (change: Partial<Declaration>): string[] =>
    requiredFormalities(declaration(change), decree336).map(({ formality }) => formality);
  expect(names({})).toEqual(['generalDeclaration']);
  expect(names({ reportedFormalities: ['health', 'waste'] })).toEqual(['generalDeclaration', 'waste', 'health']);
  expect(names({ formalities: { generalDeclaration: { crewCount: 3, passengerCount: 0 } } })).toEqual(['generalDeclaration', 'crewList']);
  expect(names({ formalities: { generalDeclaration: { passengerCount: 1, dangerousGoodsCarried: true } } })).toEqual([
    'generalDeclaration',
    'dangerousGoods',
    'passengerList',
  ]);
});

test('without the time that it is counted from it is owed and never due', () => {
  expect(requiredFormalities(declaration({ portCall: { portOfCall: {} } }), decree336)).toEqual([{ formality: 'generalDeclaration' }]);
});

test('a shift within the port owes nothing', () => {
  expect(requiredFormalities(declaration({ reportedFormalities: [...all] }, 'shift'), decree336)).toEqual([]);
});
