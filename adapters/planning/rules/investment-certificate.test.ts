import { agencyRequest, codesOf } from '../../../test/support/agency-requests';
import { loadRegistries } from '../../registries/load-registries';
import { investmentCertificate } from './investment-certificate';
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

describe('investment certificates of foreign-invested consignees', () => {
  it.each([
    ['in force', consignee('0299900117'), []],
    ['expired', consignee('0299900124'), ['PLAN-INVESTMENT-EXPIRED condition']],
    ['still in force at an earlier call', consignee('0299900124', '720839', { portCall: { eta: '2025-12-30T02:00:00Z' } }), []],
    ['missing', consignee('0299900195'), ['PLAN-INVESTMENT-MISSING condition']],
    ['not needed by a domestic one', consignee('0299900149'), []],
    ['not known of an unknown one', consignee('0100109106'), []],
  ])('%s', (_name, request, expected) => {
    expect(codesOf(investmentCertificate(request, registries))).toEqual(expected);
  });
});
