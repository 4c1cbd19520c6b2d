import * as fc from 'fast-check';
import { shippedRules } from '../../test/support/test-rules';
import { plainDeclaration } from '../../test/support/plain-declaration';
import type { Declaration } from './declaration';
import { RuleSetUnknown, localDateOf, ruleSetById, ruleSetOf, ruleSetOn } from './rule-set';

const { ruleSets } = shippedRules;
const receivedAt = '2026-10-01T00:00:00Z';

function call(type: Declaration['header']['declarationType'], portCall: Partial<NonNullable<Declaration['portCall']>>): Declaration {
  const plain = plainDeclaration();
  return { ...plain, header: { ...plain.header, declarationType: type }, portCall: { portOfCall: { unLocode: 'VNHPH' }, ...portCall } };
}

test.each([
  ['2019-12-31', 'nd-85-2019'],
  ['2020-01-01', 'nd-85-2019'],
  ['2026-10-14', 'nd-85-2019'],
  ['2026-10-15', 'nd-336-2026'],
  ['2031-01-01', 'nd-336-2026'],
])('on %s %s is in force', (date, id) => {
  expect(ruleSetOn(ruleSets, date).id).toBe(id);
  expect(ruleSetOn([...ruleSets].reverse(), date).id).toBe(id);
});

test('without any there is none', () => {
  expect(() => ruleSetOn([], '2026-10-15')).toThrow('no rule set');
  expect(() => ruleSetById(ruleSets, 'nd-1-1900')).toThrow(RuleSetUnknown);
});

test.each([
  ['2026-10-14T16:59:59Z', 'Asia/Ho_Chi_Minh', '2026-10-14'],
  ['2026-10-14T17:00:00Z', 'Asia/Ho_Chi_Minh', '2026-10-15'],
  ['2026-10-15T00:30:00+07:00', 'Asia/Ho_Chi_Minh', '2026-10-15'],
  ['2026-10-15T00:30:00Z', 'America/New_York', '2026-10-14'],
])('%s in %s is on %s', (instant, zone, date) => {
  expect(localDateOf(instant, zone)).toBe(date);
});

test('the local date is the calendar of the zone, in every zone and quarter of an hour', () => {
  const zone = fc.constantFrom(...Intl.supportedValuesOf('timeZone'));
  fc.assert(
    fc.property(zone, fc.date({ min: new Date('1960-01-01'), max: new Date('2060-01-01'), noInvalidDate: true }), (timeZone, date) => {
      const format = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
      // Another instant of the same quarter first: what it leaves behind must be right for this one.
      localDateOf(new Date(Math.floor(date.getTime() / 900_000) * 900_000).toISOString(), timeZone);
      expect(localDateOf(date.toISOString(), timeZone)).toBe(format.format(date));
    }),
  );
});

describe("the rule set of a call is the one on the port's local date of", () => {
  test.each<[string, Declaration, string]>([
    ['eta, the last moment of the old law', call('arrival', { eta: '2026-10-14T16:59:59Z' }), 'nd-85-2019'],
    ['eta, the first moment of the new law', call('arrival', { eta: '2026-10-14T17:00:00Z' }), 'nd-336-2026'],
    ['eta and not etd of an arrival', call('arrival', { eta: '2026-10-14T10:00:00Z', etd: '2026-10-16T10:00:00Z' }), 'nd-85-2019'],
    ['etd and not eta of a departure', call('departure', { eta: '2026-10-14T10:00:00Z', etd: '2026-10-16T10:00:00Z' }), 'nd-336-2026'],
    ['ata where no eta was declared', call('arrival', { ata: '2026-10-16T10:00:00Z' }), 'nd-336-2026'],
    ['its receipt where no time was declared', call('arrival', {}), 'nd-85-2019'],
  ])('%s', (_case, declaration, id) => {
    expect(ruleSetOf(declaration, receivedAt, shippedRules).id).toBe(id);
  });
});
