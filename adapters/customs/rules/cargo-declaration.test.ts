import { agencyRequest, codesOf } from '../../../test/support/agency-requests';
import { loadRegistries } from '../../registries/load-registries';
import { cargoDeclaration } from './cargo-declaration';

const registries = loadRegistries();
/** Arrival expected at 2026-11-26T02:00Z after a short voyage: cargo is due at 2026-11-25T14:00Z. */
const inTime = '2026-11-25T13:00:00Z';
const late = '2026-11-25T15:00:00Z';
const codes = (receivedAt: string, view: object, more: object = {}) =>
  codesOf(cargoDeclaration(agencyRequest({ receivedAt, view, ...more }), registries));
const absent = { formalities: { cargo: null } };
const described = { ...absent, reportedFormalities: ['generalDeclaration' as const] };
const inBallast = { ...described, formalities: { cargo: null, generalDeclaration: { cargoDescription: 'In Ballast' } } };
const bunkersOnly = { ...described, portCall: { purposeOfCall: ['3'] } };

describe('the cargo declaration', () => {
  it.each([
    ['there, in time', inTime, {}, []],
    ['there, late', late, {}, ['CUS-CARGO-LATE note']],
    ['announced and still in time', inTime, absent, ['CUS-CARGO-EXPECTED note']],
    ['announced and past its time', late, absent, ['CUS-CARGO-MISSING moreInfo']],
    ['empty and past its time', late, { formalities: { cargo: { consignments: null } } }, ['CUS-CARGO-MISSING moreInfo']],
    ['only described, in time', inTime, described, ['CUS-CARGO-EXPECTED note']],
    ['only described, past its time', late, described, ['CUS-CARGO-AWAITED condition']],
    ['not needed: in ballast', late, inBallast, []],
    ['not needed: no cargo work', late, bunkersOnly, []],
    ['summarised', inTime, { formalities: { cargo: { summaryOnly: true, consignments: null } } }, []],
  ])('%s', (_name, receivedAt, view, expected) => {
    expect(codes(receivedAt, view)).toEqual(expected);
  });

  it('names the document that is wanted', () => {
    expect(cargoDeclaration(agencyRequest({ receivedAt: late, view: absent }), registries)[0]?.document).toBe('cargo');
  });

  it('does not call an amendment late', () => {
    expect(codes(late, {}, { revision: 2 })).toEqual([]);
  });
});
