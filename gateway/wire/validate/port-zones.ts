/** Shape of config/port-zones.json. */
export interface PortZones {
  source?: string;
  /** ISO 3166-1 alpha-2 → IANA zone: countries whose ports share one. */
  countries: Record<string, string>;
  /** IANA zone → UN/LOCODEs, separated by a blank: ports that differ from their country. */
  ports: Record<string, string>;
}

/** The zone of a port by its UN/LOCODE, else of its country; undefined when neither is known. */
export function createZoneOfPort(zones: PortZones): (unLocode: string) => string | undefined {
  const byCountry = new Map(Object.entries(zones.countries));
  const byPort = new Map<string, string>();
  for (const [zone, codes] of Object.entries(zones.ports)) for (const code of codes.split(' ')) byPort.set(code, zone);
  return (unLocode) => byPort.get(unLocode) ?? byCountry.get(unLocode.slice(0, 2));
}
