import type { Problem } from '../problem';
import type { ProblemCode } from '../problem-catalogue';
import { announcedFormalities } from './announced-formalities';
import { callTimes } from './call-times';
import { certificates } from './certificates';
import { compatibilityGroups } from './compatibility-groups';
import { containerNumbers } from './container-numbers';
import { countryCodes } from './country-codes';
import { hazardClassesOfNumbers } from './hazard-classes';
import { imoCompanyNumber } from './imo-company-number';
import { imoNumber } from './imo-number';
import { isscReason } from './issc-reason';
import { itineraryDates } from './itinerary-dates';
import { knownCodes } from './known-codes';
import { locations } from './locations';
import { mmsi } from './mmsi';
import { packingGroupsOfClasses } from './packing-groups';
import { passengerDocuments } from './passenger-documents';
import { personCounts } from './person-counts';
import { repeatedPersons } from './repeated-persons';
import type { Rule, RuleFacts, SparseDeclaration } from './rule';
import { sentTime } from './sent-time';
import { unNumbers } from './un-numbers';

/** In the order in which a declaration reads; the answer is sorted by position anyway. */
export const meaningRules: readonly Rule[] = [
  sentTime,
  callTimes,
  imoNumber,
  imoCompanyNumber,
  mmsi,
  locations,
  countryCodes,
  itineraryDates,
  announcedFormalities,
  personCounts,
  repeatedPersons,
  passengerDocuments,
  containerNumbers,
  unNumbers,
  hazardClassesOfNumbers,
  compatibilityGroups,
  packingGroupsOfClasses,
  isscReason,
  certificates,
  knownCodes,
];

/** The codes that these rules give. */
export const meaningCodes = [
  'imo-check-digit',
  'imo-company-check-digit',
  'mmsi-invalid',
  'locode-unknown',
  'country-unknown',
  'un-number-unknown',
  'hazard-class-mismatch',
  'compatibility-group-missing',
  'packing-group-not-applicable',
  'container-check-digit',
  'times-out-of-order',
  'dates-reversed',
  'time-implausible',
  'time-in-future',
  'count-mismatch',
  'person-repeated',
  'travel-document-missing',
  'certificate-expired',
  'formality-announced-missing',
  'reason-missing',
  'code-unknown',
] as const satisfies readonly ProblemCode[];

export type MeaningCode = (typeof meaningCodes)[number];

/** What to do about each fault in meaning (config/validation-policy.json). */
export type ValidationPolicy = Readonly<Record<MeaningCode, 'reject' | 'warn'>>;

/**
 * All faults in what a declaration means, errors and warnings, by policy. Pure; runs on a declaration of which parts may be missing
 * (see `Sparse`), so that a sender is told everything at once.
 */
export function checkMeaning(declaration: SparseDeclaration, policy: ValidationPolicy, facts: RuleFacts = {}): Problem[] {
  const problems: Problem[] = [];
  for (const rule of meaningRules)
    for (const found of rule(declaration, facts))
      problems.push(policy[found.code as MeaningCode] === 'warn' ? { ...found, severity: 'warning' } : found);
  return problems;
}

/**
 * A policy as read from a file.
 * @throws Error naming every code that is missing, unknown or neither reject nor warn.
 */
export function readValidationPolicy(value: Record<string, unknown>): ValidationPolicy {
  const faults = [
    ...meaningCodes.filter((code) => value[code] !== 'reject' && value[code] !== 'warn').map((code) => `${code} must be reject or warn`),
    ...Object.keys(value)
      .filter((code) => !(meaningCodes as readonly string[]).includes(code))
      .map((code) => `${code} is no code of a rule`),
  ];
  if (faults.length > 0) throw new Error(`validation policy: ${faults.join('; ')}`);
  return Object.freeze({ ...value }) as ValidationPolicy;
}
