import { agencyRequest, codesOf } from '../../../test/support/agency-requests';
import { loadRegistries } from '../../registries/load-registries';
import { dangerousGoods } from './dangerous-goods';

const registries = loadRegistries();
const codes = (declared: object | null, portOfCall: object = {}) =>
  codesOf(dangerousGoods(agencyRequest({ view: { portCall: { portOfCall }, formalities: { dangerousGoods: declared } } }), registries));
const item = (hazardClass?: string) => ({ sequenceNumber: 1, unNumber: '1203', ...(hazardClass === undefined ? {} : { hazardClass }) });

describe('dangerous goods at the berth', () => {
  it.each([
    ['not declared', null, []],
    ['none carried', { carried: false }, []],
    ['carried, listed', { carried: true, items: [item('3')] }, ['HM-DG-CARRIED note']],
    ['carried, listed without class', { carried: true, items: [item()] }, ['HM-DG-CARRIED note']],
    ['carried, not listed', { carried: true }, ['HM-DG-MANIFEST condition']],
    ['carried, not listed, no manifest', { carried: true, manifestOnboard: false }, ['HM-DG-LIST-MISSING moreInfo']],
    ['explosives', { carried: true, items: [item('1.4S')] }, ['HM-DG-CARRIED note', 'HM-DG-SPECIAL condition']],
    ['radioactive', { carried: true, items: [item('7')] }, ['HM-DG-CARRIED note', 'HM-DG-SPECIAL condition']],
    ['INF cargo', { carried: true, infClass: 'INF2', items: [item('9')] }, ['HM-DG-CARRIED note', 'HM-DG-SPECIAL condition']],
  ])('%s', (_name, declared, expected) => {
    expect(codes(declared)).toEqual(expected);
  });

  it('refuses what the facility does not take, and takes the rest', () => {
    const chuaVe = { facilityCode: 'VNHPH-9007' };
    expect(codes({ carried: true, items: [item('1.1D')] }, chuaVe)).toContain('HM-DG-FACILITY refuse');
    expect(codes({ carried: true, items: [item('1.4S')] }, chuaVe)).not.toContain('HM-DG-FACILITY refuse');
    expect(codes({ carried: true, items: [item('1.4S')] }, { facilityCode: 'VNHPH-9008' })).toContain('HM-DG-FACILITY refuse');
  });
});
