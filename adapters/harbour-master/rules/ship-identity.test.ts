import { agencyRequest, codesOf } from '../../../test/support/agency-requests';
import { loadRegistries } from '../../registries/load-registries';
import { shipIdentity } from './ship-identity';

const registries = loadRegistries();
const codes = (ship: object | null) => codesOf(shipIdentity(agencyRequest({ view: { ship } }), registries));
const known = { imoNumber: '9990064', name: 'Example  Feeder', callSign: 'XEX3', flagState: 'VN' };

describe('ship identity', () => {
  it.each([
    ['a ship as registered, whatever the case of its name', known, []],
    ['a ship that is not registered', {}, ['HM-SHIP-UNKNOWN note']],
    ['a renamed ship', { ...known, name: 'NEW NAME' }, ['HM-SHIP-DIFFERS note']],
    ['a ship that shares only the number', { ...known, name: 'OTHER', callSign: 'OTH1', flagState: 'PA' }, ['HM-SHIP-IDENTITY condition']],
    ['a big ship without number', { imoNumber: null }, ['HM-SHIP-NO-IMO note']],
    ['a small ship without number', { imoNumber: null, grossTonnage: 299 }, []],
    ['no ship shown', null, []],
  ])('%s', (_name, ship, expected) => {
    expect(codes(ship)).toEqual(expected);
  });
});
