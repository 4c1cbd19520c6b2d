import { agencyRequest, codesOf } from '../../../test/support/agency-requests';
import { loadRegistries } from '../../registries/load-registries';
import { indexRegistries } from '../../registries/registries';
import { knownTaxpayer } from './known-taxpayer';

const registries = loadRegistries();
const codes = (taxCode: string) => codesOf(knownTaxpayer(agencyRequest({ view: { agents: [{ name: 'A', taxCode }] } }), registries));

describe('known taxpayers', () => {
  it.each([
    ['an active one', '0299900011', []],
    ['one that is not in the register', '0100109106', ['TAX-PAYER-UNKNOWN note']],
    ['one that is closed', '0299900170', ['TAX-PAYER-CLOSED condition']],
    ['a foreign one', 'SG-1', []],
    ['a wrong number', '0100109107', []],
  ])('%s', (_name, taxCode, expected) => {
    expect(codes(taxCode)).toEqual(expected);
  });

  it('one that is suspended', () => {
    const suspended = indexRegistries({ taxpayers: [{ taxCode: '0100109106', name: 'A', status: 'suspended', validFrom: '2020-01-01' }] });
    expect(codesOf(knownTaxpayer(agencyRequest(), suspended))).toEqual(['TAX-PAYER-SUSPENDED note']);
  });
});
