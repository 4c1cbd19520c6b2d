import { agencyRequest, codesOf } from '../../../test/support/agency-requests';
import { loadRegistries } from '../../registries/load-registries';
import { licensedGoods } from './licensed-goods';
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
  codesOf(licensedGoods(agencyRequest({ view: { ...cargo(consignment, { hsCode }), ...view } }), registries));
const licence = { attachments: [{ attachmentId: 'A', typeCode: '911' }] };

describe('licensed goods', () => {
  it.each([
    ['ordinary goods', '847130', {}, {}, []],
    ['scrap without licence', '720410', {}, {}, ['CUS-LICENCE-MISSING moreInfo']],
    ['scrap with a licence', '720410', {}, licence, ['CUS-LICENCE-ATTACHED note']],
    [
      'scrap with another attachment',
      '720410',
      {},
      { attachments: [{ attachmentId: 'A', typeCode: '380' }] },
      ['CUS-LICENCE-MISSING moreInfo'],
    ],
    ['scrap going out, where imports are licensed', '720410', { operation: 'load' }, {}, []],
    ['scrap that stays on board', '720410', { operation: 'remain' }, {}, []],
  ])('%s', (_name, hsCode, consignment, view, expected) => {
    expect(codes(hsCode, consignment, view)).toEqual(expected);
  });

  it('ask for the cargo document', () => {
    expect(licensedGoods(agencyRequest({ view: cargo({}, { hsCode: '720410' }) }), registries)[0]?.document).toBe('cargo');
  });
});
