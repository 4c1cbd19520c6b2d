import portZones from '../../../config/port-zones.json';
import { createZoneOfPort } from './port-zones';
import { zoneClockOf } from './zone-clock';

const zoneOfPort = createZoneOfPort(portZones);

describe('zones of ports', () => {
  it.each([
    ['VNHPH', 'Asia/Ho_Chi_Minh'],
    ['VNCLN', 'Asia/Ho_Chi_Minh'],
    ['GRPIR', 'Europe/Athens'],
    ['USLAX', 'America/Los_Angeles'],
    ['USNYC', 'America/New_York'],
    ['USHOU', 'America/Chicago'],
    ['AUMEL', 'Australia/Melbourne'],
    ['ESLPA', 'Atlantic/Canary'],
    ['ESVLC', 'Europe/Madrid'],
    ['CNSHA', 'Asia/Shanghai'],
    ['IDJKT', 'Asia/Jakarta'],
  ])('%s is in %s', (port, zone) => {
    expect(zoneOfPort(port)).toBe(zone);
  });

  it('an unknown port has none', () => {
    expect(zoneOfPort('ZZUKN')).toBeUndefined();
    expect(zoneOfPort('')).toBeUndefined();
  });

  it('every zone named is one that this runtime knows', () => {
    for (const zone of [...Object.values(portZones.countries), ...Object.keys(portZones.ports)])
      expect(() => zoneClockOf(zone)).not.toThrow();
  });
});
