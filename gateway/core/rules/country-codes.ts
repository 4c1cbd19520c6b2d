import { isCountryAlpha2, isNationality } from '../code-lists/countries';
import type { Party } from '../declaration';
import type { Problem } from '../problem';
import { problem } from '../problem-catalogue';
import { forEachEntry, formality, type Rule, type Sparse } from './rule';
import { forEachCertificate, forEachPerson, forEachPort, type Place } from './walk';

/** Countries are ISO 3166-1; a nationality or country of birth may also be one of ISO/IEC 7501 (XXA, XXB, XXC, XXX …). */
export const countryCodes: Rule = (declaration) => {
  const problems: Problem[] = [];
  const alpha2 = (code: string | undefined, place: Place): void => {
    if (code !== undefined && !isCountryAlpha2(code)) problems.push(problem('country-unknown', { pointer: place() }));
  };
  const alpha3 = (code: string | undefined, place: Place): void => {
    if (code !== undefined && !isNationality(code)) problems.push(problem('country-unknown', { pointer: place() }));
  };
  const party = (item: Sparse<Party> | undefined, place: Place): void =>
    alpha2(item?.address?.countryCode, () => `${place()}/address/countryCode`);

  alpha2(declaration.ship?.flagState, () => '/ship/flagState');
  forEachPort(declaration, ({ countryCode }, place) => alpha2(countryCode, () => `${place()}/countryCode`));
  forEachCertificate(declaration, ({ issuerCountry }, place) => alpha2(issuerCountry, () => `${place()}/issuerCountry`));
  party(declaration.declarant, () => '/declarant');
  forEachEntry(declaration.agents, (agent, i) => party(agent, () => `/agents/${i}`));
  forEachEntry(formality(declaration, 'cargo')?.consignments, ({ consignor, consignee, notifyParty }, i) => {
    party(consignor, () => `/formalities/cargo/consignments/${i}/consignor`);
    party(consignee, () => `/formalities/cargo/consignments/${i}/consignee`);
    party(notifyParty, () => `/formalities/cargo/consignments/${i}/notifyParty`);
  });
  forEachPerson(declaration, ({ nationality, countryOfBirth, travelDocument }, place) => {
    alpha3(nationality, () => `${place()}/nationality`);
    alpha3(countryOfBirth, () => `${place()}/countryOfBirth`);
    alpha2(travelDocument?.issuingNation, () => `${place()}/travelDocument/issuingNation`);
  });
  return problems;
};
