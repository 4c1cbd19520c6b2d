import { agencyRequest, codesOf } from '../../../test/support/agency-requests';
import { loadRegistries } from '../../registries/load-registries';
import { stores } from './stores';

const registries = loadRegistries();
const codes = (items: object[], generalDeclaration: object | null = {}) =>
  codesOf(stores(agencyRequest({ view: { formalities: { shipStores: { items }, generalDeclaration } } }), registries));
const cigarettes = (value: number, unit = 'NAR') => ({ sequenceNumber: 1, articleName: 'CIGARETTES (200s)', quantity: { value, unit } });

describe('stores, of 19 persons', () => {
  it.each([
    ['at the allowance', [cigarettes(38_000)], {}, []],
    ['above the allowance', [cigarettes(38_001)], {}, ['CUS-STORES-SEAL note']],
    ['above it together', [cigarettes(20_000), cigarettes(20_000)], {}, ['CUS-STORES-SEAL note']],
    ['in Vietnamese', [{ ...cigarettes(40_000), articleName: 'Thuốc lá' }], {}, ['CUS-STORES-SEAL note']],
    ['in another unit', [cigarettes(40_000, 'CT')], {}, []],
    ['of goods without allowance', [{ ...cigarettes(40_000), articleName: 'Rice' }], {}, []],
    ['where the number of persons is not known', [cigarettes(40_000)], null, []],
  ])('%s', (_name, items, general, expected) => {
    expect(codes(items, general)).toEqual(expected);
  });
});
