import { agencyRequest, codesOf } from '../../../test/support/agency-requests';
import { loadRegistries } from '../../registries/load-registries';
import { enforcementStop } from './enforcement-stop';

const registries = loadRegistries();
const agent = (taxCode: string, more: object = {}) => agencyRequest({ agency: 'tax', view: { agents: [{ name: 'A', taxCode }] }, ...more });
const consignee = (taxCode: string) =>
  agencyRequest({
    agency: 'tax',
    view: { formalities: { cargo: { consignments: [{ transportContractNumber: 'BL-9', consignee: { name: 'C', taxCode } }] } } },
  });

describe('enforcement by stopping customs procedures', () => {
  it.each([
    ['another agent', agent('0100109106'), []],
    ['an agent under enforcement', agent('0299900156'), ['TAX-ENFORCEMENT-STOP refuse']],
    ['its branch', agent('0299900156-001'), ['TAX-ENFORCEMENT-STOP refuse']],
    [
      'a declarant under enforcement',
      agencyRequest({ view: { declarant: { name: 'D', taxCode: '0299900156' } } }),
      ['TAX-ENFORCEMENT-STOP refuse'],
    ],
    [
      'an agent identified by scheme TAX',
      agencyRequest({ view: { agents: [{ name: 'A', scheme: 'TAX', identificationNumber: '0299900156' }] } }),
      ['TAX-ENFORCEMENT-STOP refuse'],
    ],
    ['a consignee under enforcement', consignee('0299900163'), ['TAX-ENFORCEMENT-GOODS condition']],
    ['another consignee', consignee('0299900149'), []],
  ])('%s', (_name, request, expected) => {
    expect(codesOf(enforcementStop(request, registries))).toEqual(expected);
  });

  it('ends with the decision', () => {
    expect(codesOf(enforcementStop(agent('0299900188', { receivedAt: '2026-06-30T02:00:00Z' }), registries))).toEqual([
      'TAX-ENFORCEMENT-STOP refuse',
    ]);
    expect(enforcementStop(agent('0299900188', { receivedAt: '2026-07-01T02:00:00Z' }), registries)).toEqual([]);
  });

  it('stops the whole call for an agent, and names the bills for a consignee', () => {
    expect(enforcementStop(agent('0299900156'), registries)[0]?.document).toBeUndefined();
    expect(enforcementStop(consignee('0299900163'), registries)[0]?.text).toContain('BL-9');
  });
});
