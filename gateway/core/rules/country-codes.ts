import { isCountryAlpha2, isNationality } from '../code-lists/countries';
import type { Party } from '../declaration';
import type { Problem } from '../problem';
import { problem } from '../problem-catalogue';
import { entriesOf, formality, type Rule, type Sparse } from './rule';
import { forEachCertificate, forEachPerson, forEachPort } from './walk';

/** Countries are ISO 3166-1; a nationality or country of birth may also be one of ISO/IEC 7501 (XXA, XXB, XXC, XXX …). */
export const countryCodes: Rule = (declaration) => {
  const problems: Problem[] = [];
  const alpha2 = (code: string | undefined, pointer: string): void => {
    if (code !== undefined && !isCountryAlpha2(code)) problems.push(problem('country-unknown', { pointer }));
  };
  const alpha3 = (code: string | undefined, pointer: string): void => {
    if (code !== undefined && !isNationality(code)) problems.push(problem('country-unknown', { pointer }));
  };
  const party = (item: Sparse<Party> | undefined, pointer: string): void =>
    alpha2(item?.address?.countryCode, `${pointer}/address/countryCode`);

  alpha2(declaration.ship?.flagState, '/ship/flagState');
  forEachPort(declaration, ({ countryCode }, pointer) => alpha2(countryCode, `${pointer}/countryCode`));
  forEachCertificate(declaration, ({ issuerCountry }, pointer) => alpha2(issuerCountry, `${pointer}/issuerCountry`));
  party(declaration.declarant, '/declarant');
  for (const [i, agent] of entriesOf(declaration.agents)) party(agent, `/agents/${i}`);
  for (const [i, consignment] of entriesOf(formality(declaration, 'cargo')?.consignments)) {
    party(consignment.consignor, `/formalities/cargo/consignments/${i}/consignor`);
    party(consignment.consignee, `/formalities/cargo/consignments/${i}/consignee`);
    party(consignment.notifyParty, `/formalities/cargo/consignments/${i}/notifyParty`);
  }
  forEachPerson(declaration, ({ nationality, countryOfBirth, travelDocument }, pointer) => {
    alpha3(nationality, `${pointer}/nationality`);
    alpha3(countryOfBirth, `${pointer}/countryOfBirth`);
    alpha2(travelDocument?.issuingNation, `${pointer}/travelDocument/issuingNation`);
  });
  return problems;
};
