import { agencyRequest, codesOf } from '../../../test/support/agency-requests';
import { loadRegistries } from '../../registries/load-registries';
import { indexRegistries } from '../../registries/registries';
import type { StopRow } from '../../registries/rows';
import { temporaryStop } from './temporary-stop';

const registries = loadRegistries();
const ship = (imoNumber: string, more: object = {}) => agencyRequest({ view: { ship: { imoNumber } }, ...more });

describe('temporary stop', () => {
  it('finds nothing on a ship that nobody stopped', () => {
    expect(temporaryStop(agencyRequest(), registries)).toEqual([]);
  });

  it('refuses a ship that port state control detains, and names the decision', () => {
    const findings = temporaryStop(ship('9990014'), registries);
    expect(codesOf(findings)).toEqual(['HM-STOP-REFUSED refuse']);
    expect(findings[0]?.text).toContain('VD-PSC-01');
    expect(findings[0]?.document).toBeUndefined();
  });

  it('holds where the dated data say hold', () => {
    expect(codesOf(temporaryStop(ship('9990026'), registries))).toEqual(['HM-STOP-HOLD hold']);
  });

  it('stops the leaving of a ship under arrest, not its coming', () => {
    expect(codesOf(temporaryStop(ship('9990038'), registries))).toEqual([]);
    const departure = agencyRequest({ view: { ship: { imoNumber: '9990038' }, header: { declarationType: 'departure' } } });
    expect(codesOf(temporaryStop(departure, registries))).toEqual(['HM-STOP-REFUSED refuse']);
  });

  it('holds every ship while a storm closes the port, and none before or after', () => {
    const call = (eta: string) => agencyRequest({ view: { portCall: { eta, portOfCall: { unLocode: 'VNCPH' } } } });
    expect(codesOf(temporaryStop(call('2026-09-21T02:00:00Z'), registries))).toEqual(['HM-STOP-HOLD hold']);
    expect(temporaryStop(call('2026-09-23T02:00:00Z'), registries)).toEqual([]);
  });

  it('sets a condition on a ship from a port of the watch list', () => {
    const request = agencyRequest({ view: { portCall: { previousPorts: [{ port: { unLocode: 'AQMCM' } }] } } });
    expect(codesOf(temporaryStop(request, registries))).toEqual(['HM-STOP-CONDITION condition']);
  });

  it('releases an amended call when the hold has ended, and says nothing of it to a new one', () => {
    expect(codesOf(temporaryStop(ship('9990040', { revision: 2, action: 'amend' }), registries))).toEqual(['HM-STOP-LIFTED release']);
    expect(temporaryStop(ship('9990040'), registries)).toEqual([]);
  });

  it('tells a stop that is only to be told', () => {
    const row: StopRow = {
      stopId: 'N',
      agency: 'harbour-master',
      effect: 'note',
      ground: 'safety',
      unLocode: 'VNHPH',
      text: 't',
      textVi: 'v',
      legalBasis: 'l',
      validFrom: '2026-01-01',
    };
    expect(codesOf(temporaryStop(agencyRequest(), indexRegistries({ stops: [row] })))).toEqual(['HM-STOP-NOTE note']);
  });
});
