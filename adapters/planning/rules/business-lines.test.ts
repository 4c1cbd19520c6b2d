import { agencyRequest, codesOf } from '../../../test/support/agency-requests';
import { loadRegistries } from '../../registries/load-registries';
import { businessLines } from './business-lines';
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
const agent = (taxCode: string) => codesOf(businessLines(agencyRequest({ view: { agents: [{ name: 'A', taxCode }] } }), registries));

describe('business lines', () => {
  it.each([
    ['an agent with ship agency', '0299900011', []],
    ['an agent without it', '0299900029', ['PLAN-BUSINESS-LINE condition']],
    ['an agent that is not in the register', '0100109106', []],
  ])('%s', (_name, code, expected) => {
    expect(agent(code)).toEqual(expected);
  });

  it('of a consignee are told where its goods need one', () => {
    expect(codesOf(businessLines(consignee('0299900149', '27101980'), registries))).toEqual(['PLAN-TRADE-LINE note']);
    expect(businessLines(consignee('0299900149'), registries)).toEqual([]);
    expect(businessLines(consignee('0100109106', '27101980'), registries)).toEqual([]);
  });
});
