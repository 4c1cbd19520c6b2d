import fc from 'fast-check';
import { agencyRequest } from '../../test/support/agency-requests';
import { indexRegistries } from '../registries/registries';
import { callDate, foldFindings, localDate, runRules, type Finding, type FindingKind } from './assessment';

const finding = (kind: FindingKind, document?: Finding['document']): Finding => ({
  kind,
  code: `X-${kind.toUpperCase()}`,
  text: 't',
  textVi: 'v',
  rule: 'r',
  ...(document === undefined ? {} : { document }),
});

describe('foldFindings', () => {
  it.each([
    [[], 'accepted'],
    [['note'], 'accepted'],
    [['hold'], 'accepted'],
    [['release'], 'accepted'],
    [['note', 'condition'], 'conditionallyAccepted'],
    [['condition', 'moreInfo'], 'moreInfoRequired'],
    [['moreInfo', 'refuse', 'condition'], 'refused'],
  ] as [FindingKind[], string][])('%j is %s', (kinds, outcome) => {
    expect(
      foldFindings(
        kinds.map((kind) => finding(kind)),
        { applicable: true },
      ).outcome,
    ).toBe(outcome);
  });

  it('does not depend on the order of the findings', () => {
    const kinds = fc.constantFrom<FindingKind>('refuse', 'moreInfo', 'condition', 'note', 'hold', 'release');
    fc.assert(
      fc.property(fc.array(kinds, { maxLength: 8 }), (list) => {
        const one = foldFindings(
          list.map((kind) => finding(kind)),
          { applicable: true },
        );
        const other = foldFindings(
          list.reverse().map((kind) => finding(kind)),
          { applicable: true },
        );
        expect(other).toEqual(one);
      }),
    );
  });

  it('is notApplicable only when nothing was found and nothing was there to decide', () => {
    expect(foldFindings([], { applicable: false }).outcome).toBe('notApplicable');
    expect(foldFindings([finding('refuse')], { applicable: false }).outcome).toBe('refused');
  });

  it('names documents when the outcome is about documents alone', () => {
    expect(foldFindings([finding('refuse', 'cargo'), finding('moreInfo', 'shipStores')], { applicable: true }).documents).toEqual({
      cargo: 'refused',
    });
    expect(foldFindings([finding('refuse', 'cargo'), finding('refuse')], { applicable: true }).documents).toEqual({});
  });

  it('gives every code as a reason, the deciding ones first, and conditions only with a conditional acceptance', () => {
    const all = [finding('note'), finding('condition'), finding('refuse')];
    expect(foldFindings(all, { applicable: true })).toMatchObject({
      reasons: [{ code: 'X-REFUSE' }, { code: 'X-CONDITION' }, { code: 'X-NOTE' }],
      conditions: [],
    });
    expect(foldFindings(all.slice(0, 2), { applicable: true })).toMatchObject({
      reasons: [{ code: 'X-CONDITION' }, { code: 'X-NOTE' }],
      conditions: [{ code: 'X-CONDITION' }],
    });
  });

  it('stays within what a decision may carry', () => {
    const many = Array.from({ length: 150 }, () => finding('condition'));
    const folded = foldFindings(many, { applicable: true });
    expect([folded.reasons.length, folded.conditions.length]).toEqual([100, 100]);
  });

  it('holds rather than releases when both are found', () => {
    expect(foldFindings([finding('hold'), finding('release')], { applicable: true })).toMatchObject({ held: true, released: false });
    expect(foldFindings([finding('release')], { applicable: true })).toMatchObject({ held: false, released: true });
  });
});

describe('runRules', () => {
  const rules = { 'only-rule': () => [{ kind: 'moreInfo' as const, code: 'X-Y', text: 't', textVi: 'v' }] };

  it('stamps the name of the rule', () => {
    expect(runRules(rules, agencyRequest(), indexRegistries({}))).toMatchObject([{ rule: 'only-rule', kind: 'moreInfo' }]);
  });

  it('lets a policy row in force change what a finding counts as', () => {
    const registries = indexRegistries({
      policies: [{ code: 'X-Y', kind: 'note', reason: 'r', validFrom: '2026-11-24', validTo: '2026-11-24' }],
    });
    expect(runRules(rules, agencyRequest(), registries)[0]?.kind).toBe('note');
    expect(runRules(rules, agencyRequest({ receivedAt: '2026-11-25T02:00:00Z' }), registries)[0]?.kind).toBe('moreInfo');
  });
});

describe('dates', () => {
  it('are those of the port', () => {
    expect(localDate('2026-10-14T16:59:59Z')).toBe('2026-10-14');
    expect(localDate('2026-10-14T17:00:00Z')).toBe('2026-10-15');
    expect(localDate('soon')).toBeUndefined();
    expect(localDate(undefined)).toBeUndefined();
  });

  it.each([
    ['2026-10-31T17:00:00Z', '2026-11-01'],
    ['2026-12-31T23:59:59.999Z', '2027-01-01'],
    ['2026-02-28T17:00:00Z', '2026-03-01'],
    ['2028-02-28T17:00:00Z', '2028-02-29'],
    ['2026-10-14T24:00:00Z', '2026-10-15'],
    ['2026-10-14T23:30:00+07:00', '2026-10-14'],
    ['2026-10-14', '2026-10-14'],
  ])('%s is on %s', (instant, date) => {
    expect(localDate(instant)).toBe(date);
  });

  it('are those of the calendar, whatever the instant', () => {
    fc.assert(
      fc.property(fc.date({ noInvalidDate: true, min: new Date('1970-01-01'), max: new Date('2100-01-01') }), (instant) => {
        const expected = new Date(instant.getTime() + 7 * 3_600_000).toISOString().slice(0, 10);
        expect(localDate(instant.toISOString())).toBe(expected);
        expect(localDate(`${instant.toISOString().slice(0, 19)}Z`)).toBe(expected);
      }),
    );
  });

  it('are counted from the arrival, for a departure from the departure, else from the receipt', () => {
    expect(callDate(agencyRequest())).toBe('2026-11-26');
    expect(callDate(agencyRequest({ view: { header: { declarationType: 'departure' } } }))).toBe('2026-11-27');
    expect(callDate(agencyRequest({ wholeView: {} }))).toBe('2026-11-24');
  });
});
