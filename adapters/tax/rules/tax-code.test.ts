import { agencyRequest, codesOf } from '../../../test/support/agency-requests';
import { loadRegistries } from '../../registries/load-registries';
import { taxCode } from './tax-code';

const registries = loadRegistries();
const codes = (view: object) => codesOf(taxCode(agencyRequest({ agency: 'tax', view }), registries));

describe('tax codes declared', () => {
  it.each([
    ['right ones', {}, []],
    ['none', { agents: [{ name: 'A' }] }, ['TAX-CODE-NONE note']],
    ['a wrong check digit', { agents: [{ name: 'A', taxCode: '0100109107' }] }, ['TAX-CODE-CHECK-DIGIT moreInfo']],
    [
      'a wrong check digit of a consignee',
      { formalities: { cargo: { consignments: [{ consignee: { name: 'C', taxCode: '0200236846' } }] } } },
      ['TAX-CODE-CHECK-DIGIT moreInfo'],
    ],
    ['a foreign one', { agents: [{ name: 'A', taxCode: 'SG-201912345K' }] }, []],
    ['a person', { agents: [{ name: 'A', taxCode: '001099012345' }] }, []],
  ])('%s', (_name, view, expected) => {
    expect(codes(view)).toEqual(expected);
  });

  it('are never repeated in the text: one may be the number of a person', () => {
    const [finding] = taxCode(agencyRequest({ view: { agents: [{ name: 'A', taxCode: '0100109107' }] } }), registries);
    expect(JSON.stringify(finding)).not.toContain('0100109107');
  });
});
