import { agencyRequest, codesOf } from '../../../test/support/agency-requests';
import { loadRegistries } from '../../registries/load-registries';
import { projectGoods } from './project-goods';
const consignee = (taxCode: string, hsCode = '847130', more: object = {}) =>
  agencyRequest({
    agency: 'planning',
    view: {
      formalities: {
        cargo: {
          consignments: [{ transportContractNumber: 'BL-9', consignee: { name: 'C', taxCode }, items: [{ itemNumber: 1, hsCode }] }],
        },
      },
      ...more,
    },
  });

const registries = loadRegistries();

describe('goods of projects and zones', () => {
  it.each([
    ['of the project', consignee('0299900117', '847130'), ['PLAN-PROJECT-GOODS note']],
    ['of another kind', consignee('0299900117', '220300'), ['PLAN-PROJECT-OUTSIDE note']],
    ['for a zone', consignee('0299900131', '853400'), ['PLAN-ZONE-GOODS note']],
    ['for a zone, of another kind', consignee('0299900131', '220300'), ['PLAN-ZONE-OUTSIDE condition']],
    ['of a certificate without project', consignee('0299900124'), []],
    ['of a domestic consignee', consignee('0299900149'), []],
  ])('%s', (_name, request, expected) => {
    expect(codesOf(projectGoods(request, registries))).toEqual(expected);
  });
});
