import policyFile from '../../../config/validation-policy.json';
import { plainDeclaration, setAt } from '../../../test/support/plain-declaration';
import { checkMeaning, meaningCodes, readValidationPolicy } from './check-meaning';
import { hasContainerCheckDigit } from './container-numbers';
import { isImoCompanyNumber } from './imo-company-number';
import { isImoNumber } from './imo-number';
import type { SparseDeclaration } from './rule';

const policy = readValidationPolicy(policyFile);
const receivedAt = '2026-11-23T02:00:05Z';
const findings = (declaration: SparseDeclaration) =>
  checkMeaning(declaration, policy, { receivedAt }).map(({ severity, code, pointer }) => `${severity} ${code} ${pointer}`);
const spoilt = (...changes: [pointer: string, value: unknown][]) => {
  const declaration = plainDeclaration();
  for (const [pointer, value] of changes) setAt(declaration, pointer, value);
  return findings(declaration);
};
const crew = '/formalities/crewList/members';
const passengers = '/formalities/passengerList/passengers';
const goods = '/formalities/dangerousGoods/items/0';
const item = '/formalities/cargo/consignments/0/items/0';

describe('check digits, by the vectors of the reference', () => {
  it.each(['9074729', '6502907', '7104673', '8506373', '9332511'])('IMO number %s is right', (number) => {
    expect(isImoNumber(number)).toBe(true);
  });

  it.each(['9999999', '9074728', '907472', '90747290', ''])('IMO number %j is wrong', (number) => {
    expect(isImoNumber(number)).toBe(false);
  });

  it('a changed digit of an IMO number is nearly always found', () => {
    const changed = '9074729'.split('').flatMap((digit, i) =>
      '0123456789'
        .split('')
        .filter((other) => other !== digit)
        .map((other) => '9074729'.slice(0, i) + other + '9074729'.slice(i + 1)),
    );
    expect(changed.filter((number) => !isImoNumber(number)).length).toBeGreaterThan(0.85 * changed.length);
  });

  it('IMO company numbers', () => {
    expect([isImoCompanyNumber('2041999'), isImoCompanyNumber('1234567'), isImoCompanyNumber('204199')]).toEqual([true, false, false]);
  });

  it.each(['MSKU1234565', 'CSQU3054383', 'PONU4863849'])('container %s is right', (number) => {
    expect(hasContainerCheckDigit(number)).toBe(true);
  });

  it.each(['MSKU1234566', 'CSQU3054380', 'CSQU3045383'])('container %s is wrong', (number) => {
    expect(hasContainerCheckDigit(number)).toBe(false);
  });
});

describe('rules on meaning', () => {
  it('are silent about a plain declaration', () => {
    expect(findings(plainDeclaration())).toEqual([]);
  });

  it('are silent about an empty one, and about formalities that are withdrawn', () => {
    expect(findings({})).toEqual([]);
    const names = Object.keys(plainDeclaration().formalities ?? {});
    expect(findings({ formalities: Object.fromEntries(names.map((name) => [name, null])) })).toEqual([]);
    expect(findings({ formalities: Object.fromEntries(names.map((name) => [name, {}])) })).toEqual([]);
  });

  it.each<[string, [string, unknown][], string[]]>([
    ['IMO number', [['/ship/imoNumber', '9999999']], ['error imo-check-digit /ship/imoNumber']],
    ['company number', [['/ship/company/imoCompanyNumber', '1234567']], ['warning imo-company-check-digit /ship/company/imoCompanyNumber']],
    ['MMSI of nobody', [['/ship/mmsi', '000000000']], ['warning mmsi-invalid /ship/mmsi']],
    ['MMSI of a coast station', [['/ship/mmsi', '002570000']], ['warning mmsi-invalid /ship/mmsi']],
    ['MMSI without a country', [['/ship/mmsi', '800000000']], ['warning mmsi-invalid /ship/mmsi']],
    ['port of call', [['/portCall/portOfCall/unLocode', 'VNXXX']], ['error locode-unknown /portCall/portOfCall/unLocode']],
    [
      'port of loading',
      [['/formalities/cargo/consignments/0/portOfLoading/unLocode', 'XXABC']],
      ['error locode-unknown /formalities/cargo/consignments/0/portOfLoading/unLocode'],
    ],
    [
      'last ten calls',
      [['/formalities/security/lastTenCalls/0/port/unLocode', 'SGXXX']],
      ['error locode-unknown /formalities/security/lastTenCalls/0/port/unLocode'],
    ],
    ['flag', [['/ship/flagState', 'UK']], ['error country-unknown /ship/flagState']],
    ['nationality', [[`${crew}/0/nationality`, 'ZZZ']], [`error country-unknown ${crew}/0/nationality`]],
    [
      'issuing nation',
      [[`${crew}/0/travelDocument/issuingNation`, 'ZZ']],
      [`error country-unknown ${crew}/0/travelDocument/issuingNation`],
    ],
    ['address', [['/agents/0/address/countryCode', 'ZZ']], ['error country-unknown /agents/0/address/countryCode']],
    [
      'container of equipment',
      [['/formalities/cargo/equipment/0/equipmentId', 'MSKU1234566']],
      ['warning container-check-digit /formalities/cargo/equipment/0/equipmentId'],
    ],
    ['container of an item', [[`${item}/equipmentIds/0`, 'CSQU3054380']], [`warning container-check-digit ${item}/equipmentIds/0`]],
    ['UN number', [[`${goods}/unNumber`, '6666']], [`error un-number-unknown ${goods}/unNumber`]],
    ['hazard class', [[`${goods}/hazardClass`, '8']], [`warning hazard-class-mismatch ${goods}/hazardClass`]],
    [
      'class 1 without group on a liquid with a packing group',
      [
        [`${goods}/unNumber`, '1234'],
        [`${goods}/hazardClass`, '1.2'],
      ],
      [
        `warning hazard-class-mismatch ${goods}/hazardClass`,
        `warning compatibility-group-missing ${goods}/hazardClass`,
        `warning packing-group-not-applicable ${goods}/packingGroup`,
      ],
    ],
    [
      'packing group of a gas',
      [
        [`${goods}/unNumber`, '1017'],
        [`${goods}/hazardClass`, '2.3'],
      ],
      [`warning packing-group-not-applicable ${goods}/packingGroup`],
    ],
    [
      'packing group of a self-reactive',
      [
        [`${goods}/unNumber`, '3225'],
        [`${goods}/hazardClass`, '4.1'],
      ],
      [`warning packing-group-not-applicable ${goods}/packingGroup`],
    ],
    ['departure before arrival', [['/portCall/etd', '2026-11-23T03:00:00Z']], ['error times-out-of-order /portCall/etd']],
    ['departure at arrival', [['/portCall/etd', '2026-11-24T03:00:00Z']], ['error times-out-of-order /portCall/etd']],
    [
      'actual departure before actual arrival',
      [
        ['/portCall/ata', '2026-11-24T03:00:00Z'],
        ['/portCall/atd', '2026-11-24T02:59:59.999Z'],
      ],
      ['error times-out-of-order /portCall/atd'],
    ],
    ['itinerary reversed', [['/portCall/previousPorts/0/to', '2026-11-17']], ['warning dates-reversed /portCall/previousPorts/0/to']],
    [
      'sum of persons',
      [['/formalities/generalDeclaration/personsOnboard', 4]],
      ['error count-mismatch /formalities/generalDeclaration/personsOnboard'],
    ],
    [
      'crew list',
      [
        ['/formalities/generalDeclaration/crewCount', 3],
        ['/formalities/generalDeclaration/personsOnboard', 4],
      ],
      [`error count-mismatch ${crew}`],
    ],
    ['passenger list', [[passengers, []]], [`error count-mismatch ${passengers}`]],
    [
      'same document',
      [[`${passengers}/0/travelDocument`, { typeCode: '39', number: 'P0000002', issuingNation: 'PH' }]],
      [`warning person-repeated ${passengers}/0`],
    ],
    [
      'same name and birth date',
      [
        [`${crew}/1/name`, { familyName: 'MASTER', givenName: 'ONE' }],
        [`${crew}/1/dateOfBirth`, '1980-01-01'],
        [`${crew}/1/nationality`, 'VNM'],
      ],
      [`warning person-repeated ${crew}/1`],
    ],
    [
      'passenger without document',
      [[`${passengers}/0/travelDocument`, undefined]],
      [`warning travel-document-missing ${passengers}/0/travelDocument`],
    ],
    [
      'expired certificate',
      [['/formalities/security/issc/expiryDate', '2026-11-22']],
      ['warning certificate-expired /formalities/security/issc/expiryDate'],
    ],
    [
      'expired passport',
      [[`${crew}/0/travelDocument/expiryDate`, '2020-01-01']],
      [`warning certificate-expired ${crew}/0/travelDocument/expiryDate`],
    ],
    ['announced formality', [['/formalities/waste', undefined]], ['warning formality-announced-missing /reportedFormalities/6']],
    ['announced and withdrawn', [['/formalities/waste', null]], ['warning formality-announced-missing /reportedFormalities/6']],
    ['no ISSC and no reason', [['/formalities/security/isscValid', false]], ['error reason-missing /formalities/security/reasonNoIssc']],
    ['year 0001', [['/header/sentAt', '0001-01-01T00:00:00Z']], ['error time-implausible /header/sentAt']],
    ['a clock two days ahead', [['/header/sentAt', '2026-11-25T02:00:00Z']], ['warning time-in-future /header/sentAt']],
    ['purpose of call', [['/portCall/purposeOfCall/0', '77']], ['warning code-unknown /portCall/purposeOfCall/0']],
    ['waste type', [['/formalities/waste/items/0/wasteTypeCode', '77']], ['warning code-unknown /formalities/waste/items/0/wasteTypeCode']],
    ['package type', [[`${item}/packageTypeCode`, '??']], [`warning code-unknown ${item}/packageTypeCode`]],
    ['unit', [[`${item}/grossWeight/unit`, 'KG']], [`warning code-unknown ${item}/grossWeight/unit`]],
  ])('%s', (_name, changes, expected) => {
    expect(spoilt(...changes)).toEqual(expected);
  });

  it.each<[string, [string, unknown][]]>([
    [
      'a port that is unknown',
      [
        ['/portCall/lastPortOfCall/unLocode', 'ZZUKN'],
        ['/portCall/nextPortOfCall/unLocode', 'TR888'],
      ],
    ],
    ['a certificate on its last day', [['/formalities/security/issc/expiryDate', '2026-11-23']]],
    [
      'a reason for no ISSC',
      [
        ['/formalities/security/isscValid', false],
        ['/formalities/security/reasonNoIssc', 'Under renewal'],
      ],
    ],
    ['a trailer', [['/formalities/cargo/equipment/0/equipmentId', '15C-12345']]],
    [
      'class 2 for a division of it',
      [
        [`${goods}/unNumber`, '1950'],
        [`${goods}/hazardClass`, '2.1'],
        [`${goods}/packingGroup`, undefined],
      ],
    ],
    ['an old European waste code', [['/formalities/waste/items/0/wasteTypeCode', '1301']]],
    [
      'lists that come later',
      [
        ['/formalities/crewList', undefined],
        ['/reportedFormalities', undefined],
      ],
    ],
    ['a clock an hour ahead', [['/header/sentAt', '2026-11-23T03:00:00Z']]],
    [
      'a ship without IMO number and MMSI',
      [
        ['/ship/imoNumber', undefined],
        ['/ship/mmsi', undefined],
      ],
    ],
    [
      'departure at the time of arrival, as it happened',
      [
        ['/portCall/ata', '2026-11-24T03:00:00Z'],
        ['/portCall/atd', '2026-11-24T03:00:00Z'],
      ],
    ],
    [
      'stateless persons',
      [
        [`${crew}/0/nationality`, 'XXA'],
        [`${crew}/1/nationality`, 'XXX'],
      ],
    ],
  ])('nothing is said about %s', (_name, changes) => {
    expect(spoilt(...changes)).toEqual([]);
  });

  it('one unknown unit in many bills is one warning', () => {
    const bill = setAt(plainDeclaration(), `${item}/grossWeight/unit`, 'KG').formalities?.cargo?.consignments?.[0];
    expect(spoilt(['/formalities/cargo/consignments', Array(100).fill(bill)])).toEqual([`warning code-unknown ${item}/grossWeight/unit`]);
  });

  it('no message carries a value of a person', () => {
    const declaration = setAt(
      plainDeclaration(),
      `${crew}/1/travelDocument`,
      plainDeclaration().formalities?.crewList?.members[0]?.travelDocument,
    );
    const [found] = checkMeaning(declaration, policy);
    expect(JSON.stringify(found)).not.toMatch(/S0000001|MASTER|1980/);
  });
});

describe('the policy', () => {
  it('turns an error into a warning and back', () => {
    const wrong = setAt(plainDeclaration(), '/ship/imoNumber', '9999999');
    expect(checkMeaning(wrong, { ...policy, 'imo-check-digit': 'warn' })).toEqual([expect.objectContaining({ severity: 'warning' })]);
    expect(checkMeaning(wrong, { ...policy, 'imo-check-digit': 'reject' })).toEqual([expect.objectContaining({ severity: 'error' })]);
  });

  it('names every code, and no other', () => {
    expect(Object.keys(policyFile).sort()).toEqual([...meaningCodes].sort());
    expect(() => readValidationPolicy({ ...policyFile, 'mmsi-invalid': 'maybe', 'imo-chek-digit': 'warn' })).toThrow(
      'validation policy: mmsi-invalid must be reject or warn; imo-chek-digit is no code of a rule',
    );
  });
});
