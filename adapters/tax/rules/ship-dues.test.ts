import { agencyRequest, codesOf } from '../../../test/support/agency-requests';
import { loadRegistries } from '../../registries/load-registries';
import { shipDues } from './ship-dues';

const registries = loadRegistries();

describe('dues of earlier calls', () => {
  it.each([
    ['a ship without any', {}, []],
    ['a ship that owes', { imoNumber: '9990052' }, ['TAX-DUES-OUTSTANDING condition']],
    ['a ship without number', { imoNumber: null }, []],
  ])('%s', (_name, ship, expected) => {
    expect(codesOf(shipDues(agencyRequest({ view: { ship } }), registries))).toEqual(expected);
  });

  it('are told to the cent, in both spellings', () => {
    const [finding] = shipDues(agencyRequest({ view: { ship: { imoNumber: '9990052' } } }), registries);
    expect(finding?.text).toContain('1,530.00 USD (notice VD-120/2026)');
    expect(finding?.textVi).toContain('1.530,00 USD');
  });
});
