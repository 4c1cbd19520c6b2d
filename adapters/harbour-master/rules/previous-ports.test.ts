import { agencyRequest, codesOf } from '../../../test/support/agency-requests';
import { loadRegistries } from '../../registries/load-registries';
import { previousPorts } from './previous-ports';

const registries = loadRegistries();
const codes = (view: object) => codesOf(previousPorts(agencyRequest({ view }), registries));
const none = { portCall: { previousPorts: null, lastPortOfCall: null }, formalities: { security: null } };

describe('previous ports', () => {
  it.each([
    ['quiet ports', {}, []],
    [
      'a port at level 2',
      { formalities: { security: { lastTenCalls: [{ port: { unLocode: 'EGPSD' }, securityLevel: '2' }] } } },
      ['HM-PREVIOUS-PORT-LEVEL note'],
    ],
    ['no port at all', none, ['HM-PREVIOUS-PORTS-MISSING note']],
    ['no port on a domestic voyage', { ...none, voyage: { voyageType: 'domestic' } }, []],
    ['no port on a departure', { ...none, header: { declarationType: 'departure' } }, []],
  ])('%s', (_name, view, expected) => {
    expect(codes(view)).toEqual(expected);
  });
});
