import { agencyRequest, codesOf } from '../../../test/support/agency-requests';
import { loadRegistries } from '../../registries/load-registries';
import { indexRegistries } from '../../registries/registries';
import { enterpriseStatus } from './enterprise-status';

const registries = loadRegistries();
const agent = (taxCode: string) =>
  codesOf(enterpriseStatus(agencyRequest({ agency: 'planning', view: { agents: [{ name: 'A', taxCode }] } }), registries));

describe('legal status of the enterprise', () => {
  it.each([
    ['operating', '0299900011', []],
    ['dissolved', '0299900036', ['PLAN-ENTERPRISE-DISSOLVED refuse']],
    ['revoked', '0299900043', ['PLAN-ENTERPRISE-REVOKED refuse']],
    ['suspended', '0299900050', ['PLAN-ENTERPRISE-NOT-OPERATING condition']],
    ['not at its address', '0299900068', ['PLAN-ENTERPRISE-NOT-OPERATING condition']],
    ['in bankruptcy', '0299900075', ['PLAN-ENTERPRISE-NOT-OPERATING condition']],
    ['being dissolved', '0299900082', ['PLAN-ENTERPRISE-NOT-OPERATING note']],
    ['not in the register', '0100109106', ['PLAN-ENTERPRISE-UNKNOWN note']],
    ['foreign', 'SG-201912345K', []],
  ])('%s', (_name, code, expected) => {
    expect(agent(code)).toEqual(expected);
  });

  it('is not asked of nobody', () => {
    expect(codesOf(enterpriseStatus(agencyRequest({ view: { agents: null } }), registries))).toEqual(['PLAN-ENTERPRISE-NO-CODE note']);
  });

  it('of a consignee stops its goods, not the ship', () => {
    const consignments = [{ transportContractNumber: 'BL-9', consignee: { name: 'C', taxCode: '0299900036' } }];
    const request = agencyRequest({ view: { agents: [{ name: 'A', taxCode: '0299900011' }], formalities: { cargo: { consignments } } } });
    const findings = enterpriseStatus(request, registries);
    expect(codesOf(findings)).toEqual(['PLAN-CONSIGNEE-STATUS condition']);
    expect(findings[0]?.text).toContain('BL-9');
  });

  it('is told where the list of statuses asks for it', () => {
    const told = indexRegistries({
      enterprises: [{ enterpriseCode: '0100109106', name: 'A', status: 'operating', businessLines: [], validFrom: '2020-01-01' }],
      'enterprise-statuses': [
        {
          status: 'operating',
          name: 'Operating',
          nameVi: 'Đang hoạt động',
          effect: 'note',
          code: 'PLAN-ENTERPRISE-OPERATING',
          validFrom: '2020-01-01',
        },
      ],
    });
    expect(codesOf(enterpriseStatus(agencyRequest(), told))).toEqual(['PLAN-ENTERPRISE-OPERATING note']);
  });
});
