import { agencyRequest, codesOf } from '../../../test/support/agency-requests';
import { loadRegistries } from '../../registries/load-registries';
import { goodsCodes } from './goods-codes';
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

describe('goods codes', () => {
  it.each([
    ['847130', []],
    ['0901', []],
    ['8471300000', []],
    [undefined, ['CUS-HS-MISSING note']],
    ['84713', ['CUS-HS-FORM note']],
    ['001122', ['CUS-HS-FORM note']],
    ['770000', ['CUS-HS-FORM note']],
    ['980000', ['CUS-HS-FORM note']],
  ])('%s', (hsCode, expected) => {
    expect(codesOf(goodsCodes(agencyRequest({ view: cargo({}, { hsCode }) }), registries))).toEqual(expected);
  });

  it('are not asked of what stays on board', () => {
    expect(goodsCodes(agencyRequest({ view: cargo({ operation: 'remain' }, { hsCode: undefined }) }), registries)).toEqual([]);
  });
});
