import { agencyRequest, codesOf } from '../../../test/support/agency-requests';
import { loadRegistries } from '../../registries/load-registries';
import { prohibitedGoods } from './prohibited-goods';
/** One consignment of one item, with changes. */
const cargo = (consignment: object, item: object = {}) => ({
  formalities: {
    cargo: {
      consignments: [
        {
          transportContractNumber: 'BL-1',
          portOfLoading: { unLocode: 'SGSIN' },
          portOfDischarge: { unLocode: 'VNHPH' },
          ...consignment,
          items: [{ itemNumber: 1, description: 'goods', hsCode: '847130', ...item }],
        },
      ],
    },
  },
});

const registries = loadRegistries();
const codes = (hsCode: string, consignment: object = {}, view: object = {}) =>
  codesOf(prohibitedGoods(agencyRequest({ view: { ...cargo(consignment, { hsCode }), ...view } }), registries));

describe('prohibited goods', () => {
  it.each([
    ['ordinary goods', '847130', {}, []],
    ['prohibited imports', '63090000', {}, ['CUS-PROHIBITED refuse']],
    ['prohibited both ways', '930110', { operation: 'load' }, ['CUS-PROHIBITED refuse']],
    ['prohibited imports going out', '630900', { operation: 'load' }, []],
    ['prohibited exports going out', '440310', { operation: 'load' }, ['CUS-PROHIBITED refuse']],
    ['prohibited exports coming in', '440310', {}, []],
    ['prohibited goods that stay on board', '930110', { operation: 'remain' }, ['CUS-PROHIBITED-ON-BOARD note']],
    ['prohibited goods for another port', '930110', { portOfDischarge: { unLocode: 'SGSIN' } }, ['CUS-PROHIBITED-ON-BOARD note']],
  ])('%s', (_name, hsCode, consignment, expected) => {
    expect(codes(hsCode, consignment)).toEqual(expected);
  });

  it('are exported by a departure that does not say what is done', () => {
    const departure = { header: { declarationType: 'departure' } };
    expect(codes('440310', { portOfLoading: { unLocode: 'VNHPH' }, portOfDischarge: { unLocode: 'CNSHA' } }, departure)).toEqual([
      'CUS-PROHIBITED refuse',
    ]);
  });

  it('refuse the cargo declaration, naming goods, authority and item', () => {
    const [finding] = prohibitedGoods(agencyRequest({ view: cargo({}, { hsCode: '630900' }) }), registries);
    expect(finding?.document).toBe('cargo');
    expect(finding?.text).toContain('Worn clothing (HS 6309, Ministry of Industry and Trade): BL-1/1');
  });
});
