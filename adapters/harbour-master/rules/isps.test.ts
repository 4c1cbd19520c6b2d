import { agencyRequest, codesOf } from '../../../test/support/agency-requests';
import { loadRegistries } from '../../registries/load-registries';
import { isps } from './isps';

const registries = loadRegistries();
const codes = (security: object | null, view: object = {}) =>
  codesOf(isps(agencyRequest({ view: { formalities: { security }, ...view } }), registries));
const atLevel2 = { portCall: { eta: '2026-09-15T02:00:00Z', portOfCall: { unLocode: 'VNCPH' } } };

describe('ISPS', () => {
  it.each([
    ['a valid certificate', {}, []],
    ['no security notification', null, []],
    ['no certificate, with a reason', { isscValid: false, reasonNoIssc: 'lapsed in dock' }, ['HM-ISSC-REASON condition']],
    ['no certificate, no reason, level 1', { isscValid: false }, ['HM-ISSC-NO-REASON moreInfo']],
    [
      'no certificate, no reason, ship at level 2',
      { isscValid: false, currentSecurityLevel: '2' },
      ['HM-ISSC-REFUSED refuse', 'HM-SECURITY-LEVEL-ABOVE-PORT note'],
    ],
    ['a certificate that ends before the call', { issc: { expiryDate: '2026-11-25' } }, ['HM-ISSC-EXPIRED condition']],
    ['a certificate that lasts to the call', { issc: { expiryDate: '2026-11-26' } }, []],
    ['no security plan', { securityPlanOnboard: false }, ['HM-SECURITY-NO-PLAN condition']],
  ])('%s', (_name, security, expected) => {
    expect(codes(security)).toEqual(expected);
  });

  it('asks a ship at level 1 to raise it in a port at level 2, on the days of that level only', () => {
    expect(codes({}, atLevel2)).toEqual(['HM-SECURITY-LEVEL-BELOW-PORT condition']);
    expect(codes({}, { portCall: { ...atLevel2.portCall, eta: '2026-10-15T02:00:00Z' } })).toEqual([]);
  });

  it('refuses the whole call, so that no document narrows it', () => {
    const [finding] = isps(agencyRequest({ view: { ...atLevel2, formalities: { security: { isscValid: false } } } }), registries);
    expect(finding).toMatchObject({ code: 'HM-ISSC-REFUSED' });
    expect(finding?.document).toBeUndefined();
  });
});
