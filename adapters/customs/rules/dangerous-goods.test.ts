import { agencyRequest, codesOf } from '../../../test/support/agency-requests';
import { loadRegistries } from '../../registries/load-registries';
import { dangerousGoods } from './dangerous-goods';

const registries = loadRegistries();
const item = (unNumber?: string, more: object = {}) => ({ sequenceNumber: 1, ...(unNumber === undefined ? {} : { unNumber }), ...more });
const codes = (declared: object | null, view: object = {}) =>
  codesOf(dangerousGoods(agencyRequest({ view: { ...view, formalities: { dangerousGoods: declared } } }), registries));
const petrol = item('1203', { hazardClass: '3', packingGroup: 'II' });

describe('dangerous goods against the list of UN numbers', () => {
  it.each([
    ['none', null, []],
    ['none carried', { carried: false }, []],
    ['as listed', { carried: true, items: [petrol] }, ['CUS-DG-PRESENT note']],
    ['without class', { carried: true, items: [item('1203')] }, ['CUS-DG-PRESENT note']],
    ['without UN number', { carried: true, items: [item(undefined, { regulationCode: 'IMSBC' })] }, ['CUS-DG-PRESENT note']],
    ['a number that does not exist', { carried: true, items: [item('6666', { hazardClass: '3' })] }, ['CUS-DG-UNKNOWN note']],
    ['another class', { carried: true, items: [item('1234', { hazardClass: '1.2' })] }, ['CUS-DG-CLASS condition']],
    ['another packing group', { carried: true, items: [item('1203', { packingGroup: 'III' })] }, ['CUS-DG-PACKING-GROUP note']],
    ['class 1.4 without its letter', { carried: true, items: [item('0012', { hazardClass: '1.4' })] }, ['CUS-DG-PRESENT note']],
    ['a class that only begins alike', { carried: true, items: [item('0012', { hazardClass: '1.4G' })] }, ['CUS-DG-CLASS condition']],
    ['denied and listed', { carried: false, items: [petrol] }, ['CUS-DG-CONTRADICTION condition']],
  ])('%s', (_name, declared, expected) => {
    expect(codes(declared)).toEqual(expected);
  });

  it('are awaited when announced, by any of the three ways', () => {
    expect(codes(null, { reportedFormalities: ['dangerousGoods'] })).toEqual(['CUS-DG-NOT-DECLARED note']);
    const general = agencyRequest({ view: { formalities: { generalDeclaration: { dangerousGoodsCarried: true } } } });
    expect(codesOf(dangerousGoods(general, registries))).toEqual(['CUS-DG-NOT-DECLARED note']);
    const inCargo = agencyRequest({
      view: { formalities: { cargo: { consignments: [{ items: [{ itemNumber: 1, dangerousGoods: [{ unNumber: '1203' }] }] }] } } },
    });
    expect(codesOf(dangerousGoods(inCargo, registries))).toContain('CUS-DG-NOT-DECLARED note');
  });
});
