import { agencyRequest, codesOf } from '../../../test/support/agency-requests';
import { loadRegistries } from '../../registries/load-registries';
import { berthLimits } from './berth-limits';

const registries = loadRegistries();
const codes = (portOfCall: object, ship: object = {}, generalDeclaration: object = {}) =>
  codesOf(berthLimits(agencyRequest({ view: { portCall: { portOfCall }, ship, formalities: { generalDeclaration } } }), registries));
const tanVu = { facilityCode: 'VNHPH-9004' };

describe('berth limits', () => {
  it.each([
    ['no facility named', {}, {}, {}, []],
    ['a facility that is not registered', { facilityCode: 'VNHPH-0001' }, {}, { draughtAft: 30 }, ['HM-FACILITY-UNKNOWN note']],
    ['everything within the limits', tanVu, {}, {}, []],
    ['exactly at the limit', tanVu, { lengthOverall: 240, grossTonnage: 60000 }, { draughtAft: 10.5 }, []],
    [
      'too deep for berth and channel, by either end',
      tanVu,
      {},
      { draughtFore: 10.51, draughtAft: 8 },
      ['HM-DRAUGHT-EXCEEDED refuse', 'HM-DRAUGHT-EXCEEDED refuse'],
    ],
    ['too long for the berth only', tanVu, { lengthOverall: 250 }, {}, ['HM-LENGTH-EXCEEDED refuse']],
    ['too big', tanVu, { grossTonnage: 60001 }, {}, ['HM-TONNAGE-EXCEEDED refuse']],
    ['named by name and without diacritics', { facilityName: 'Cang Chua Ve' }, {}, { draughtAft: 8.6 }, ['HM-DRAUGHT-EXCEEDED refuse']],
    [
      'named as a place in the port',
      { facilityName: 'B4', locationInPort: 'Chùa Vẽ' },
      {},
      { draughtAft: 8.6 },
      ['HM-DRAUGHT-EXCEEDED refuse'],
    ],
  ])('%s', (_name, port, ship, general, expected) => {
    expect(codes(port, ship, general)).toEqual(expected);
  });

  it('checks nothing that was not declared', () => {
    const request = agencyRequest({ wholeView: { portCall: { portOfCall: { unLocode: 'VNHPH', facilityCode: 'VNHPH-9004' } } } });
    expect(berthLimits(request, registries)).toEqual([]);
  });
});
