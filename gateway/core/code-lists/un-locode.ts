import list from './data/un-locodes.json';
import { isCountryAlpha2 } from './countries';

/** UN/LOCODE (UN/ECE Recommendation 16), edition in the data file. See README.md for the source. */

const CODE_LENGTH = 3;
const codesByCountry = list.codes as Record<string, string>;
const portsByCountry = list.ports as Record<string, string>;

/** Places in use in Viet Nam that the edition does not list. */
const additions: Record<string, { code: string; name: string }[]> = {
  VN: [{ code: 'CLN', name: 'Cái Lân' }],
};

const sets = new Map<string, ReadonlySet<string>>();

/** The places of a country, unpacked when first asked for: 115,000 strings at start would cost memory for nothing. */
function placesOf(country: string): ReadonlySet<string> {
  let places = sets.get(country);
  if (places === undefined) {
    const packed = Object.hasOwn(codesByCountry, country) ? (codesByCountry[country] ?? '') : '';
    const unpacked = new Set<string>();
    for (let at = 0; at < packed.length; at += CODE_LENGTH) unpacked.add(packed.slice(at, at + CODE_LENGTH));
    for (const { code } of additions[country] ?? []) unpacked.add(code);
    places = unpacked;
    if (unpacked.size > 0) sets.set(country, places);
  }
  return places;
}

/** True for a listed place, ZZUKN (unknown port) and XX888 (unknown port of a country), as FAL messages use them. */
export function isUnLocode(code: string): boolean {
  if (code === 'ZZUKN') return true;
  const country = code.slice(0, 2);
  const place = code.slice(2);
  if (place === '888') return isCountryAlpha2(country);
  return placesOf(country).has(place);
}

/** Places with a port function, with their names: what the public directory shows. */
export function seaports(): { code: string; name: string }[] {
  const ports: { code: string; name: string }[] = [];
  for (const [country, packed] of Object.entries(portsByCountry)) {
    for (const entry of packed.split('|')) ports.push({ code: country + entry.slice(0, CODE_LENGTH), name: entry.slice(CODE_LENGTH) });
    for (const { code, name } of additions[country] ?? []) ports.push({ code: country + code, name });
  }
  return ports;
}
