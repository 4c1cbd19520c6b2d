import packageTypeNames from './data/package-types.json';
import unitNames from './data/units.json';
import { countries, travelDocumentNationalities } from './countries';
import { unNumbers } from './dangerous-goods';
import {
  callPurposes,
  emsSchedules,
  genders,
  hazardClasses,
  packingGroups,
  personTypes,
  securityLevels,
  travelDocumentTypes,
  wasteTypes,
  type CodeListEntry,
} from './short-lists';
import { seaports } from './un-locode';

export type { CodeListEntry } from './short-lists';

const named = (names: Record<string, string>): CodeListEntry[] => Object.entries(names).map(([code, name]) => ({ code, name }));

const units: ReadonlySet<string> = new Set(Object.keys(unitNames));
const packageTypes: ReadonlySet<string> = new Set(Object.keys(packageTypeNames));
const callPurposeCodes: ReadonlySet<string> = new Set(callPurposes.map(({ code }) => code));

/** UN/ECE Recommendation 20. */
export function isUnit(code: string): boolean {
  return units.has(code);
}

/** UN/ECE Recommendation 21. */
export function isPackageType(code: string): boolean {
  return packageTypes.has(code);
}

/** UN/EDIFACT 8025; a leading zero is forgiven. */
export function isCallPurpose(code: string): boolean {
  return callPurposeCodes.has(code.length === 2 && code.startsWith('0') ? code.slice(1) : code);
}

const lists = {
  countries: () => countries.map(({ code, name, nameVi, alpha3 }) => ({ code, name, nameVi, alpha3 })),
  nationalities: () => [
    ...countries.map(({ alpha3, name, nameVi }) => ({ code: alpha3, name, nameVi })),
    ...travelDocumentNationalities.map((entry) => ({ ...entry })),
  ],
  ports: seaports,
  'un-numbers': unNumbers,
  'hazard-classes': () => hazardClasses,
  'packing-groups': () => packingGroups,
  'ems-schedules': () => emsSchedules,
  units: () => named(unitNames),
  'package-types': () => named(packageTypeNames),
  'call-purposes': () => callPurposes,
  'waste-types': () => wasteTypes,
  'security-levels': () => securityLevels,
  'person-types': () => personTypes,
  'travel-document-types': () => travelDocumentTypes,
  genders: () => genders,
} satisfies Record<string, () => CodeListEntry[]>;

export type CodeListName = keyof typeof lists;

export const codeListNames = Object.keys(lists) as CodeListName[];

const unpacked = new Map<CodeListName, readonly CodeListEntry[]>();

/** The lists of `GET /v1/codelists/{name}`, each unpacked when first asked for. Undefined when there is none of this name. */
export function codeList(name: string): readonly CodeListEntry[] | undefined {
  if (!Object.hasOwn(lists, name)) return undefined;
  const known = name as CodeListName;
  let entries = unpacked.get(known);
  if (entries === undefined) {
    entries = lists[known]();
    unpacked.set(known, entries);
  }
  return entries;
}

/** All lists by name; reading one unpacks it. */
export const codeLists: Readonly<Record<CodeListName, readonly CodeListEntry[]>> = Object.defineProperties(
  {} as Record<CodeListName, readonly CodeListEntry[]>,
  Object.fromEntries(codeListNames.map((name) => [name, { enumerable: true, get: () => codeList(name) }])),
);
