import { agencyRequest, codesOf } from '../../../test/support/agency-requests';
import { loadRegistries } from '../../registries/load-registries';
import { indexRegistries } from '../../registries/registries';
import { holds } from './holds';
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
const codes = (bill: string, more: object = {}) =>
  codesOf(holds(agencyRequest({ view: cargo({ transportContractNumber: bill }), ...more }), registries));

describe('holds of customs', () => {
  it.each([
    ['another bill', 'BL-1', {}, []],
    ['a bill under inquiry', 'EXAMPLE-HOLD-1', {}, ['CUS-HOLD hold']],
    ['a bill whose inquiry has ended, amended', 'EXAMPLE-HOLD-2', { revision: 2 }, ['CUS-RELEASED release']],
    ['a bill whose inquiry has ended, new', 'EXAMPLE-HOLD-2', {}, []],
  ])('%s', (_name, bill, more, expected) => {
    expect(codes(bill, more)).toEqual(expected);
  });

  it('do not look at the stops of the harbour master', () => {
    expect(holds(agencyRequest({ view: { ship: { imoNumber: '9990014' } } }), registries)).toEqual([]);
  });

  it('may refuse, set a condition or only be told, as the row says', () => {
    for (const [effect, expected] of [
      ['refuse', 'CUS-STOP-REFUSED refuse'],
      ['condition', 'CUS-STOP-CONDITION condition'],
      ['note', 'CUS-STOP-NOTE note'],
    ] as const) {
      const row = {
        stopId: 'S',
        agency: 'customs',
        effect,
        ground: 'customs' as const,
        consigneeTaxCode: '0200236845',
        text: 't',
        textVi: 'v',
        legalBasis: 'l',
        validFrom: '2026-01-01',
      };
      expect(codesOf(holds(agencyRequest(), indexRegistries({ stops: [row] })))).toEqual([expected]);
    }
  });
});
