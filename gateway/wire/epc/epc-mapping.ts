import {
  arrivalDeparture,
  boolean,
  CODE_UNKNOWN,
  country2,
  country3,
  crewOrPassenger,
  date,
  dateOrTime,
  dateTime,
  days,
  decimal,
  dgClassification,
  disposition,
  emsPieces,
  gender,
  healthState,
  hsCode,
  idDocument,
  imoNumber,
  infClass,
  integer,
  isscType,
  locode,
  marinePollutant,
  mmsi,
  packingGroup,
  purposeCode,
  Refusal,
  securityLevel,
  text,
  unNumber,
  upperText,
  wasteDeliveryStatus,
  type Conversion,
} from './conversions';
import { Frame, type EpcReader } from './epc-reader';
import { compileRules, group, ignored, note, special, type Facts, type Row, type Rule, type Rules, type Shape } from './epc-rules';

/**
 * What goes where: one table for both dialects of ISO 28005-2, element path → canonical path, conversion. Where the dialects
 * differ, both spellings have a row; a message may mix them. A path that is not here but in `epc-elements.ts` has no canonical
 * place: it is kept under `extensions.epc`.
 */

type JsonObject = Record<string, unknown>;

// -- small shapes, used in many places

const NAME: Shape = {
  rows: [
    ['FamilyName', 'familyName', text],
    ['GivenName', 'givenName', text],
    ['MiddleName', 'middleName', text],
  ],
};

const contactNumberRows = (to: string): Row[] => [
  ['ContactNumbers/BusinessTelephone', `${to}landlineNumber`, text],
  ['ContactNumbers/MobileTelephone', `${to}mobileNumber`, text],
  ['ContactNumbers/EMail', `${to}email`, text],
  ['ContactNumbers/Telefax', `${to}fax`, text],
];

const contactRows = (to: string): Row[] => [
  ['Person/FamilyName', `${to}familyName`, text],
  ['Person/GivenName', `${to}givenName`, text],
  ...contactNumberRows(to),
];

const CONTACT: Shape = { rows: contactRows('') };

const ADDRESS: Shape = {
  rows: [
    ['StreetName', '', note('street', text)],
    ['StreetNumber', '', note('number', text)],
    ['LineOne', '', note('line1', text)],
    ['LineTwo', '', note('line2', text)],
    ['LineThree', '', note('line3', text)],
    ['LineFour', '', note('line4', text)],
    ['LineFive', '', note('line5', text)],
    ['PostOfficeBox', 'poBox', text],
    ['PostCodeCode', 'postcode', text],
    ['CityName', 'city', text],
    ['CountrySubdivisionName', 'countrySubdivision', text],
    ['CountryCode', 'countryCode', country2],
    ['Country', 'countryCode', country2],
  ],
  finish(frame, reader, row) {
    const noted = (name: string) => frame.noteOf(name)?.value;
    const street = [noted('street'), noted('number')].filter(isText).join(' ');
    const lines = [street, noted('line1'), noted('line2'), noted('line3'), noted('line4'), noted('line5')].filter(
      (line) => isText(line) && line !== '',
    );
    if (lines.length > 0) reader.set(frame, ['streetAndNumber'], lines.join(', '), row);
  },
};

/** A ContactInfoType: a company with its address and a person. Where only the person is named, the person is the party. */
const party = (role?: string): Shape => ({
  rows: [
    ['Company', 'name', text],
    ['CompanyId', 'identificationNumber', text],
    ['Address', 'address', ADDRESS],
    ...contactRows('contact.'),
  ],
  finish(frame, reader, row) {
    const value = frame.value;
    if (value === undefined) return;
    const contact = value['contact'] as JsonObject | undefined;
    if (value['name'] === undefined) {
      const name = [contact?.['givenName'], contact?.['familyName']].filter(isText).join(' ');
      if (name !== '') reader.set(frame, ['name'], name, reader.table.childOf(row, 'Person') ?? row);
    }
    if (role !== undefined) value['roleCode'] = role;
  },
});

/** {Content, UnitCode}; 2011 also writes the bare number, in the unit that the place implies. */
const measure = (impliedUnit?: string): Shape => ({
  rows: [
    ['Content', 'value', decimal],
    ['UnitCode', 'unit', text],
  ],
  bare(value) {
    const number = decimal(value);
    if (number instanceof Refusal) return number;
    return impliedUnit === undefined ? { value: number } : { value: number, unit: impliedUnit };
  },
  finish(frame, reader) {
    // A refused number has been reported; a unit alone says nothing more.
    if (frame.faulted && frame.value?.['value'] === undefined) reader.discardLast(frame);
  },
});

const portRows = (from: string): Row[] => [
  [`${from}Name`, '', note('name', text)],
  [`${from}CountryCode`, '', note('country', country2)],
  [`${from}UNLoCode`, '', note('locode', locode)],
  [`${from}GISISCode`, 'facilityCode', text],
  [`${from}FacilityCode`, 'facilityCode', text],
  [`${from}FacilityName`, 'facilityName', text],
];

/** 2021: the elements themselves, or inside Location; 2011: the elements themselves, or inside Port; or the bare code or name. */
const PORT_ROWS: Row[] = [
  ...portRows(''),
  ...portRows('Location/'),
  ...portRows('Port/').slice(1),
  ['Port/Name', '', note('portName', text)],
];

const PORT: Shape = {
  rows: PORT_ROWS,
  bare: (value) => {
    const code = value.toUpperCase();
    return /^[A-Z]{2}[A-Z0-9]{3}$/.test(code) ? { unLocode: code } : { name: value };
  },
  finish: finishPort,
};

function finishPort(frame: Frame, reader: EpcReader, row: number): void {
  const name = frame.noteOf('portName') ?? frame.noteOf('name');
  if (name !== undefined) reader.set(frame, ['name'], name.value, name.row);
  const place = frame.noteOf('name');
  if (place !== undefined && name !== undefined && place.value !== name.value) {
    reader.set(frame, ['locationInPort'], place.value, place.row);
  }
  const country = frame.noteOf('country');
  const code = frame.noteOf('locode');
  if (code === undefined) {
    if (country !== undefined) reader.set(frame, ['countryCode'], country.value, country.row);
    return;
  }
  const written = code.value as string;
  if (written.length !== 3) {
    // Five characters say it all; a CountryCode beside them may only agree.
    if (country !== undefined && written.length === 5 && !written.startsWith(country.value as string)) {
      reader.report('locode-unknown', code.row, frame, '/unLocode', LOCODE_CONTRADICTS);
    } else {
      reader.set(frame, ['unLocode'], written, code.row);
    }
  } else if (country === undefined) {
    reader.report('locode-unknown', code.row, frame, '/unLocode', LOCODE_WITHOUT_COUNTRY);
  } else {
    reader.set(frame, ['unLocode'], `${country.value as string}${written}`, row);
  }
}

const LOCODE_WITHOUT_COUNTRY = {
  en: 'Three characters of a UN/LOCODE need the CountryCode beside them.',
  vi: 'UN/LOCODE 3 ký tự cần có CountryCode đi kèm.',
};
const LOCODE_CONTRADICTS = {
  en: 'UNLoCode and CountryCode name different countries.',
  vi: 'UNLoCode và CountryCode thuộc hai quốc gia khác nhau.',
};

/** 2021: the flag is the country of the port of registry; a country alone names no port. */
const REGISTRY_PORT: Shape = {
  rows: PORT_ROWS,
  finish(frame, reader, row) {
    const country = frame.noteOf('country');
    if (country !== undefined && !reader.facts.has('FlagState')) reader.set(reader.root, ['ship', 'flagState'], country.value, country.row);
    const isCountryOnly = country !== undefined && frame.notes === country && country.next === undefined && frame.value === undefined;
    if (!isCountryOnly) finishPort(frame, reader, row);
  },
};

const CERTIFICATE_ROWS: Row[] = [
  ['CertificateNumber', 'identifier', text],
  ['Number', 'identifier', text],
  ['Issuer', 'issuerName', text],
  ['Issuer/Name', 'issuerName', text],
  ['Issuer/RegistrationCountryCode', 'issuerCountry', country2],
  ['IssueDate', 'issueDate', date],
  ['ExpiryDate', 'expiryDate', date],
];

const CERTIFICATE: Shape = { rows: CERTIFICATE_ROWS };

const ISSC: Shape = { rows: [...CERTIFICATE_ROWS, ['CertificateStatus', 'typeCode', isscType]] };

const sanitation = (typeCode?: string): Shape => ({
  rows: CERTIFICATE_ROWS,
  finish(frame) {
    if (typeCode !== undefined && frame.value !== undefined) frame.value['typeCode'] = typeCode;
  },
});

// -- times of the call (2021)

/** Estimated and actual times of LocationCallType; requested and planned ones have no canonical place. */
const callTime = (estimated: 'eta' | 'etd', actual: 'ata' | 'atd') =>
  special((reader, row, _frame, rule) => {
    const type = reader.table.childText(row, 'TimeType');
    const key = type === undefined || /^estimated$/i.test(type) ? estimated : /^actual$/i.test(type) ? actual : undefined;
    if (key === undefined) {
      reader.keep(row, rule);
      return;
    }
    if (type === undefined && reader.table.hasContent(row)) {
      reader.report('code-unknown', row, reader.root, `/portCall/${key}`, TIME_TYPE_ASSUMED, 'warning');
    }
    reader.readChildren(row, key === estimated ? timeRules[estimated] : timeRules[actual], reader.root);
  });

const TIME_TYPE_ASSUMED = {
  en: 'TimeType is missing; the time was taken as estimated.',
  vi: 'Thiếu TimeType; thời gian được hiểu là dự kiến.',
};

const PORT_OF_CALL: Shape = {
  rows: [...PORT_ROWS, ['ArrivalTime', '', callTime('eta', 'ata')], ['DepartureTime', '', callTime('etd', 'atd')]],
  open(reader, row, frame) {
    // The second of PortOfArrival and PortOfDeparture names the same port again: its place goes nowhere, its times count.
    if (reader.table.localOf(row) === reader.facts.secondPortOfCallElement) return new Frame(undefined, [], false, row);
    return new Frame(frame, ['portCall', 'portOfCall'], false, row);
  },
  finish: finishPort,
};

// -- persons

const ID_DOCUMENT: Shape = {
  rows: [
    ['IdDocument', 'typeCode', idDocument],
    ['IdNumber', 'number', text],
    ['IssuingCountry', 'issuingNation', country2],
    ['IssueDate', 'issueDate', date],
    ['ExpirationDate', 'expiryDate', date],
  ],
  finish(frame, reader, row) {
    if (frame.value === undefined || frame.value['typeCode'] !== undefined) return;
    frame.value['typeCode'] = 'other';
    reader.report('code-unknown', row, frame, '/typeCode', undefined, 'warning');
  },
};

const CASE_ROWS: Row[] = [
  ['Illness', 'illness', text],
  ['IllnessCode', 'illness', text],
  ['SymptomsDate', 'symptomsDate', date],
  ['ReportedToPortMedical', 'reportedToPortMedicalOfficer', boolean],
  ['State', 'healthStatus', healthState],
  ['CaseDisposal/HealthStateCode', 'healthStatus', healthState],
  ['CaseDisposal/CaseDisposalCode', 'disposition', disposition],
  ['CaseDisposal/LocationOfEvaculation', 'evacuationPort', PORT],
  ['CaseDisposal/LocationOfEvacuation', 'evacuationPort', PORT],
  ['CaseDisposalAndLocationOfEvaluation/CaseDisposal', 'disposition', disposition],
  ['CaseDisposalAndLocationOfEvaluation/LocationOfEvacuation', 'evacuationPort', PORT],
  ['Treatment', 'treatment', text],
  ['Comments', 'comments', text],
];

const HEALTH_CASES = ['formalities', 'health', 'cases'];

/** 2011: all cases in one list that names the person by number. */
const LISTED_CASE: Shape = {
  list: true,
  rows: [...CASE_ROWS, ['Number', 'personSequenceNumber', integer], ['CrewOrPassenger', 'personTypeCode', crewOrPassenger]],
};

/** 2021: a case stands inside its person, whose number is known when the person is. */
const PERSONS_CASE: Shape = {
  rows: CASE_ROWS,
  open(reader, row, frame) {
    // `finish` of the person runs even where nothing else is said about the person.
    frame.isFilled = true;
    return new Frame(reader.root, HEALTH_CASES, true, row);
  },
  finish(frame, reader) {
    if (frame.value !== undefined) reader.personsCase = frame.value;
  },
};

const person = (typeCode: 'FM' | 'FL'): Shape => ({
  list: true,
  rows: [
    ['CrewReference', '', note('reference', text)],
    ['PassengerReference', '', note('reference', text)],
    ['PersonReference', '', note('reference', text)],
    ['Name', 'name', NAME],
    ['Gender', 'genderCode', gender],
    ['DateOfBirth', 'dateOfBirth', date],
    ['PlaceOfBirth', 'placeOfBirth', text],
    ['CountryOfBirth', 'countryOfBirth', country3],
    ['Nationality', 'nationality', country3],
    ['Duty/Text', 'rankOrRating', text],
    ['Duty/Code', '', note('dutyCode', text)],
    ['PersonIdDocument', 'travelDocument', ID_DOCUMENT, { first: true }],
    ['CrewIdDocument', 'travelDocument', ID_DOCUMENT, { first: true }],
    ['PassengerIdDocument', 'travelDocument', ID_DOCUMENT, { first: true }],
    ['VisaNumber', 'visaNumber', text, { first: true }],
    ['VisaNumber/IdNumber', 'visaNumber', text],
    ['EmbarkationPort', 'portOfEmbarkation', PORT],
    ['DebarkationPort', 'portOfDisembarkation', PORT],
    ['EmbarkationDate', 'embarkationDateTime', dateOrTime],
    ['DebarkationDate', 'disembarkationDate', date],
    ['Transit', 'transit', boolean],
    ['Remarks', 'remarks', text],
    ['PersonHealthParticulars', '', PERSONS_CASE, { when: (facts) => facts.hasHealth }],
  ],
  finish(frame, reader) {
    const value = reader.materialise(frame);
    value['personTypeCode'] = typeCode;
    const reference = frame.noteOf('reference')?.value as string | undefined;
    const sequence = numberOf(reference) ?? frame.index + 1;
    value['sequenceNumber'] = sequence;
    if (reference !== undefined && typeCode === 'FM' && reader.facts.hasCrewEffects) reader.personReferences.set(reference, sequence);
    const duty = frame.noteOf('dutyCode');
    if (duty !== undefined) {
      const code = duty.value as string;
      if (/^\d{5}$/.test(code)) value['rankOrRatingCode'] = code;
      else if (value['rankOrRating'] === undefined) reader.set(frame, ['rankOrRating'], code, duty.row);
      else reader.keep(duty.row, duty.rule);
    }
    const healthCase = reader.personsCase;
    if (healthCase !== undefined) {
      healthCase['personSequenceNumber'] = sequence;
      healthCase['personTypeCode'] = typeCode;
      reader.personsCase = undefined;
    }
  },
});

const CREW_EFFECTS = ['formalities', 'crewEffects', 'members'];
const EFFECTS = ['effects'];

const CREW_EFFECT: Shape = {
  rows: [
    ['CrewReference', '', ignored],
    ['SequenceNumber', 'sequenceNumber', integer],
    ['CrewEffectItemCode', 'typeCode', text],
    ['EffectDescription', 'description', text],
    ['Measurement', 'quantity', measure()],
  ],
  /** The list of EPC is flat, the canonical one is by person. */
  open(reader, row) {
    const reference = reader.table.childText(row, 'CrewReference') ?? '';
    let member = reader.effectGroups.get(reference);
    if (member === undefined) {
      member = new Frame(reader.root, CREW_EFFECTS, true, row);
      reader.effectGroups.set(reference, member);
    }
    return new Frame(member, EFFECTS, true, row);
  },
  finish: finishNumbered,
};

function finishNumbered(frame: Frame): void {
  if (frame.value !== undefined) frame.value['sequenceNumber'] ??= frame.index + 1;
}

// -- stores, waste

const SHIP_STORE: Shape = {
  list: true,
  rows: [
    ['SequenceNumber', 'sequenceNumber', integer],
    ['Code', 'articleCode', text],
    ['Description', 'articleName', text],
    ['Measurement', 'quantity', measure()],
    ['LocationOfStorage', 'locationOnboard', text],
  ],
  finish: finishNumbered,
};

const WASTE_ITEM: Shape = {
  list: true,
  rows: [
    ['WasteType/Code', 'wasteTypeCode', text],
    ['WasteType/Description', 'description', text],
    ['ToBeDelivered', 'toBeDelivered', measure('MTQ')],
    ['MaxStorage', 'maxStorage', measure('MTQ')],
    ['RetainedOnboard', 'retainedOnboard', measure('MTQ')],
    ['EstimatedGenerated', 'estimatedGenerated', measure('MTQ')],
    ['EstimateGenerated', 'estimatedGenerated', measure('MTQ')],
    ['DisposedOfInPort', 'remainingDeliveryPort', PORT],
  ],
};

/** 2021: when waste was last delivered is the time of the call at that port. */
const LAST_PORT_DELIVERED: Shape = {
  rows: [
    ...PORT_ROWS,
    ['ArrivalTime/DateTime', '', note('arrived', date), { first: true }],
    ['ArrivalTime/TimeType', '', ignored],
    ['DepartureTime/DateTime', '', note('departed', date), { first: true }],
    ['DepartureTime/TimeType', '', ignored],
  ],
  bare: PORT.bare as Conversion,
  finish(frame, reader, row) {
    finishPort(frame, reader, row);
    const day = frame.noteOf('departed') ?? frame.noteOf('arrived');
    if (day !== undefined) reader.set(reader.root, ['formalities', 'waste', 'lastDeliveryDate'], day.value, day.row);
  },
};

// -- security

const securityMeasures = special((reader, row, frame) => {
  const said = reader.table.isLeaf(row)
    ? reader.table.textOf(row)
    : (reader.table.childText(row, 'Description') ?? reader.table.childText(row, 'Code') ?? '');
  if (said === '') return;
  const value = reader.materialise(frame);
  const key = frame.path.at(-1) === 'shipToShipActivities' ? 'securityMeasures' : 'additionalSecurityMeasures';
  const before = value[key];
  value[key] = isText(before) ? `${before}; ${said}` : said;
});

const LAST_TEN_CALLS = ['formalities', 'security', 'lastTenCalls'];
const PREVIOUS_PORTS = ['portCall', 'previousPorts'];

const PORT_CALL: Shape = {
  rows: [
    ['SequenceNumber', 'sequenceNumber', integer],
    ['FromDateTime', 'from', date],
    ['ToDateTime', 'to', date],
    ['PortSecurityLevel', 'securityLevel', securityLevel],
    ['Port', 'port', PORT],
    ['AdditionalSecurityMeasures', '', securityMeasures],
    ['AdditionalSecurityMeasure', '', securityMeasures],
  ],
  /** The last ports belong to the security declaration; in a message without one they are the itinerary. */
  open: (reader, row) => new Frame(reader.root, reader.facts.hasSecurity ? LAST_TEN_CALLS : PREVIOUS_PORTS, true, row),
};

const SHIP_TO_SHIP: Shape = {
  list: true,
  rows: [
    ['SequenceNumber', 'sequenceNumber', integer],
    ['Code', 'activityCode', (value) => (value.length <= 3 ? value : CODE_UNKNOWN)],
    ['Activity', '', note('activity', text)],
    ['FromDateTime', 'from', date],
    ['ToDateTime', 'to', date],
    ['Location', 'location', PORT],
    ['Location/Position/Latitude', 'latitude', decimal],
    ['Location/Position/Longitude', 'longitude', decimal],
    ['AdditionalSecurityMeasures', '', securityMeasures],
    ['ShipSecurityMeasure', '', securityMeasures],
  ],
  finish(frame, reader) {
    const activity = frame.noteOf('activity');
    if (activity === undefined) return;
    // 2011 writes the code where 2021 writes what was done.
    const isCode = /^\d{1,3}$/.test(activity.value as string) && frame.value?.['activityCode'] === undefined;
    reader.set(frame, [isCode ? 'activityCode' : 'description'], activity.value, activity.row);
  },
};

// -- dangerous goods and cargo

const DANGEROUS_GOODS = ['formalities', 'dangerousGoods', 'items'];

/** A sheet inside a cargo item becomes an item of the dangerous goods declaration. */
const SPECIAL_CARGO: Shape = {
  rows: [
    ['DGSafetyDataSheet/DGClassification', 'regulationCode', dgClassification],
    ['DGSafetyDataSheet/UNNumber', 'unNumber', unNumber],
    ['DGSafetyDataSheet/ProperShippingName', 'properShippingName', text],
    ['DGSafetyDataSheet/TechnicalSpecification', 'technicalSpecification', text],
    ['DGSafetyDataSheet/UNClass', 'hazardClass', text],
    ['DGSafetyDataSheet/SubsidiaryRisks', 'subsidiaryRisks[]', text],
    ['DGSafetyDataSheet/PackingGroup', 'packingGroup', packingGroup],
    ['DGSafetyDataSheet/MARPOLPollutionCode', 'marinePollutantType', marinePollutant],
    ['DGSafetyDataSheet/FlashPoint', 'flashpoint', measure('CEL')],
    ['DGSafetyDataSheet/EmergencyInstruction', 'emsNumber[]', emsPieces],
    ['DGSafetyDataSheet/Mass', 'mass', measure()],
    ['DGSafetyDataSheet/Volume', 'volume', measure()],
    ['DGSafetyDataSheet/AdditionalInformation', 'additionalInformation', text],
    ['NoOfPackages', 'numberOfPackages', integer],
    ['DangerousGoodsPackageType', 'packageTypeCode', text],
    ['OnBoardLocation', 'stowagePosition', text],
    ['Comment', '', note('comment', text)],
  ],
  open(reader, row, frame) {
    const sheet = reader.table.childOf(row, 'DGSafetyDataSheet');
    if (sheet === undefined || !reader.table.hasContent(sheet)) return undefined;
    frame.dangerousGoods ??= [];
    const inner = new Frame(reader.root, DANGEROUS_GOODS, true, row);
    frame.dangerousGoods.push(reader.materialise(inner));
    return inner;
  },
  finish(frame, reader) {
    finishNumbered(frame);
    const comment = frame.noteOf('comment');
    if (comment === undefined || frame.value === undefined) return;
    if (frame.value['additionalInformation'] === undefined) reader.set(frame, ['additionalInformation'], comment.value, comment.row);
    else reader.keep(comment.row, comment.rule);
  },
};

/** The general list only counts where there are no sheets: with them it says the same again, less exactly. */
const GENERAL_DANGEROUS_GOODS: Shape = {
  rows: [
    ['Description', 'properShippingName', text],
    ['UNNumber', 'unNumber', unNumber],
    ['UNHazardClass', 'hazardClass', text],
    ['MARPOLCode', 'marinePollutantType', marinePollutant],
    ['Measure', 'mass', measure()],
    ['Remarks', 'additionalInformation', text],
  ],
  open: (reader, row) => new Frame(reader.root, DANGEROUS_GOODS, true, row),
  finish(frame) {
    finishNumbered(frame);
    // UN numbers and classes are those of the IMDG Code.
    if (frame.value !== undefined) frame.value['regulationCode'] ??= 'IMDG';
  },
};

const VOLUME_UNITS = new Set(['MTQ', 'LTR', 'DMQ', 'CMQ', 'HLT', 'FTQ', 'BLL', 'GLL', 'GLI', 'MLT']);
/** ISO 6346. */
const CONTAINER_NUMBER = /^[A-Z]{3}[UJZ]\d{7}$/;

/** 2011 puts a volume here; a weight in this place says what GrossQuantity says already. */
const measurement = special((reader, row, frame, rule) => {
  const isVolume = VOLUME_UNITS.has(reader.table.childText(row, 'UnitCode') ?? '');
  const volumeRule = volumeRules.get('GrossVolume');
  if (isVolume && volumeRule !== undefined) reader.readElement(row, volumeRule, frame);
  else reader.keep(row, rule);
});

const CARGO_ITEM: Shape = {
  list: true,
  rows: [
    ['ItemNumber', '', note('number', text)],
    ['GoodsType/Description', 'description', text],
    ['GoodsType/HSCode', 'hsCode', hsCode],
    ['ShippingMarks', 'marksAndNumbers', text],
    ['MarksAndNumber', '', note('marks', text)],
    ['NoOfPackages', 'numberOfPackages', integer],
    ['PackageType', 'packageTypeCode', text],
    ['GrossWeight', 'grossWeight', measure()],
    ['GrossQuantity', 'grossWeight', measure()],
    ['GrossVolume', 'grossVolume', measure()],
    ['Measurement', '', measurement],
    ['VehicleIdentificationNumber', 'vehicleIdentificationNumber', text],
    ['TransportEquipment/MarksAndNumbers', 'equipmentIds[]', text],
    ['TransportEquipment/OnboardLocation', '', note('stowage', text), { first: true }],
    ['TransportDocumentId', '', note('document', text)],
    ['Consignee', '../consignee', party(), { first: true }],
    ['SpecialCargoDetails', '', SPECIAL_CARGO],
  ],
  finish: finishCargoItem,
};

const CARGO_CONTENT = ['description', 'hsCode', 'marksAndNumbers', 'grossWeight', 'grossVolume', 'vehicleIdentificationNumber'];

function finishCargoItem(frame: Frame, reader: EpcReader, row: number): void {
  const { parent } = frame;
  const marks = frame.noteOf('marks');
  if (marks !== undefined) {
    if (frame.value?.['marksAndNumbers'] === undefined) reader.set(frame, ['marksAndNumbers'], marks.value, marks.row);
    else if (CONTAINER_NUMBER.test(marks.value as string)) reader.set(frame, ['equipmentIds'], marks.value, marks.row, true);
    else reader.keep(marks.row, marks.rule);
  }
  const item = frame.value;
  const document = frame.noteOf('document');
  const stowage = frame.noteOf('stowage');
  const number = frame.noteOf('number');
  const goods = frame.dangerousGoods;
  if (goods === undefined) {
    if (stowage !== undefined) reader.keep(stowage.row, stowage.rule);
  } else {
    for (const sheet of goods) {
      // Of several sheets in one item nobody can say which packages are whose.
      if (goods.length === 1) {
        sheet['numberOfPackages'] ??= item?.['numberOfPackages'];
        sheet['packageTypeCode'] ??= item?.['packageTypeCode'];
      }
      sheet['equipmentId'] ??= (item?.['equipmentIds'] as string[] | undefined)?.[0];
      sheet['stowagePosition'] ??= stowage?.value;
      sheet['transportContractNumber'] ??= document?.value;
    }
    if (parent !== undefined) for (const sheet of goods) (parent.dangerousGoods ??= []).push(sheet);
  }
  if (document !== undefined && parent !== undefined) {
    if (parent.noteOf('itemDocument') === undefined) parent.addNote('itemDocument', document.value, document.row, document.rule);
  }
  // An item that says nothing beside its sheets is a dangerous goods declaration, not cargo.
  const isCargo = goods === undefined || CARGO_CONTENT.some((key) => item?.[key] !== undefined);
  if (!isCargo) {
    if (item !== undefined) reader.discardLast(frame);
    return;
  }
  const value = reader.materialise(frame);
  const numbered = numberOf(number?.value as string | undefined);
  value['itemNumber'] = numbered ?? frame.index + 1;
  if (number !== undefined && numbered === undefined) reader.keep(number.row, number.rule);
  const name = goods?.[0]?.['properShippingName'];
  if (value['description'] === undefined && name !== undefined) reader.set(frame, ['description'], name, row);
}

const CONSIGNMENT: Shape = {
  list: true,
  rows: [
    ['TransportDocumentId', 'transportContractNumber', text],
    ['PortOfLoading', 'portOfLoading', PORT],
    ['PortOfDischarge', 'portOfDischarge', PORT],
    ['Consignor', 'consignor', party()],
    ['Consignee', 'consignee', party(), { first: true }],
    ['NotifyParty', 'notifyParty', party()],
    ['DangerousGoodsShippersReferenceNumber', '', note('shippersReference', text)],
    ['CargoItem', 'items', CARGO_ITEM],
  ],
  finish(frame, reader) {
    const document = frame.noteOf('itemDocument');
    if (document !== undefined && frame.value?.['transportContractNumber'] === undefined) {
      reader.set(frame, ['transportContractNumber'], document.value, document.row);
    }
    const shippers = frame.noteOf('shippersReference');
    const consignment = frame.value;
    for (const sheet of frame.dangerousGoods ?? []) {
      sheet['shippersReference'] ??= shippers?.value;
      sheet['transportContractNumber'] ??= consignment?.['transportContractNumber'];
      for (const port of ['portOfLoading', 'portOfDischarge']) {
        if (consignment?.[port] !== undefined) sheet[port] = { ...(consignment[port] as JsonObject) };
      }
      for (const key of Object.keys(sheet)) if (sheet[key] === undefined) delete sheet[key];
    }
    if (frame.dangerousGoods === undefined) {
      if (shippers !== undefined) reader.keep(shippers.row, shippers.rule);
    } else if (consignment !== undefined && !hasEntries(consignment['items'])) {
      reader.discardLast(frame);
    }
  },
};

const EQUIPMENT: Shape = {
  list: true,
  rows: [
    ['MarksAndNumbers', 'equipmentId', text],
    ['OnboardLocation', 'stowagePosition', text],
  ],
};

// -- health

const SANITARY_MEASURE: Shape = {
  list: true,
  rows: [
    ['Type', '', note('type', text)],
    ['SanitaryMeasureCode', '', note('type', text)],
    ['Place', 'place', text],
    ['LocationOnBoard', 'place', text],
    ['Date', 'date', date],
  ],
  finish(frame, reader) {
    const type = frame.noteOf('type');
    if (type === undefined) return;
    reader.set(frame, [(type.value as string).length <= 3 ? 'type' : 'description'], type.value, type.row);
  },
};

/** HealthData (2021) and Health (2011). */
const healthRows = (from: string): Row[] => [
  [`${from}/VisitedInfectedArea`, 'formalities.health.visitedAffectedArea', boolean],
  [`${from}/CallInInfectedArea`, '', group, { first: true }],
  [`${from}/CallInInfectedArea/Port`, 'formalities.health.affectedAreaPort', PORT],
  [`${from}/CallInInfectedArea/Date`, 'formalities.health.affectedAreaDate', date],
  [`${from}/CallInInfectedArea/FromDateTime`, 'formalities.health.affectedAreaDate', date],
  [`${from}/PersonDied`, 'formalities.health.personDied', boolean],
  [`${from}/NumberOfDeaths`, 'formalities.health.numberOfDeaths', integer],
  [`${from}/DiseaseOnBoard`, 'formalities.health.diseaseOnboard', boolean],
  [`${from}/IllPersonsGreaterThanExpected`, 'formalities.health.illPersonsGreaterThanExpected', boolean],
  [`${from}/NumberOfIllPersons`, 'formalities.health.numberOfIllPersons', integer],
  [`${from}/IllPersonsNow`, 'formalities.health.illPersonsNow', boolean],
  [`${from}/MedicalConsulted`, 'formalities.health.medicalPractitionerConsulted', boolean],
  [`${from}/InfectionConditionOnBoard`, 'formalities.health.infectionConditionOnboard', boolean],
  [`${from}/SanitaryMeasureApplied`, 'formalities.health.sanitaryMeasureApplied', boolean],
  [`${from}/SanitaryMeasure`, 'formalities.health.sanitaryMeasures', SANITARY_MEASURE],
  [`${from}/StowawaysFound`, 'formalities.health.stowawayFound', boolean],
  [`${from}/SickAnimal`, 'formalities.health.sickAnimal', boolean],
  [`${from}/ReInspectionRequired`, 'formalities.health.reinspectionRequired', boolean],
  [`${from}/ValidShipSanitationControlCertificate`, 'formalities.health.sanitationCertificate.valid', boolean, { first: true }],
  [`${from}/ValidShipSanitationControlExemptionCertificate`, 'formalities.health.sanitationCertificate.valid', boolean, { first: true }],
  [`${from}/ShipSanitationControlCertificate`, 'formalities.health.sanitationCertificate', sanitation('SSCC'), { first: true }],
  [`${from}/ShipSanitationControlExemptionCertificate`, 'formalities.health.sanitationCertificate', sanitation('SSCEC'), { first: true }],
];

const withHealth = { when: (facts: Facts) => facts.hasHealth };

// -- the tables of header and body

const authenticatorRows: Row[] = [
  ['Authenticator/Person', 'authentication.authenticator', NAME, { first: true }],
  ['Authenticator/CompanyId', 'authentication.partyId', text, { first: true }],
  ['Authenticator/AuthenticatorRoleCode/Code', 'authentication.role', text, { first: true }],
  ['Authenticator/AuthenticationDate', 'authentication.at', dateTime, { first: true }],
  ['Authenticator/AuthenticatorLocation/Name', 'authentication.location', text, { first: true }],
];

export const headerRows: readonly Row[] = [
  ['ShipMessageId', 'header.messageId', text],
  ['SentTime', 'header.sentAt', dateTime],
  ['SenderId', 'header.senderId', text],
  ['ReplyURI', 'header.replyTo', text],
  ['ArrivalDeparture', 'header.declarationType', arrivalDeparture],
  ['JournalNumber', 'portCall.visitId', text],
  ['MessageType', '', ignored],
  ['Version', '', ignored],
  ...authenticatorRows,
  ['AuthenticatorName', 'authentication.authenticator', NAME, { first: true }],
];

const arriving = (facts: Facts) => facts.declarationType !== 'departure';

export const bodyRows: readonly Row[] = [
  // the ship
  ['ShipID/ShipName', 'ship.name', text],
  ['ShipID/IMONumber', 'ship.imoNumber', imoNumber],
  ['ShipID/MMSINumber', 'ship.mmsi', mmsi],
  ['ShipID/CallSign', 'ship.callSign', upperText],
  ['ShipID/RegistrationPort', 'ship.registryPort', REGISTRY_PORT],
  ['FlagState', 'ship.flagState', country2],
  ['RegistryCertificate', 'ship.registryCertificate', CERTIFICATE],
  ['RegistryCertificate/IssueLocation', 'ship.registryPort', PORT, { when: (facts) => !facts.hasRegistryPort }],
  ['GrossTonnage', 'ship.grossTonnage', decimal],
  ['NetTonnage', 'ship.netTonnage', decimal],
  ['DeadWeight', 'ship.deadweight', decimal],
  ['LengthOverall', 'ship.lengthOverall', decimal],
  ['Beam', 'ship.beam', decimal],
  ['ShipType', 'ship.shipTypeCode', text],
  ['ShipTypeContent', 'ship.shipTypeCode', text],
  ['Company/IMOCompanyId', 'ship.company.imoCompanyNumber', imoNumber],
  ['Company/Organisation/Name', 'ship.company.name', text, { first: true }],
  ['Company/Contact/Company', 'ship.company.name', text, { first: true }],
  ['InmarsatCallNumber', 'ship.satelliteNumbers[]', text],
  ['InmarsatCallNumber/Inmarsat', 'ship.satelliteNumbers[]', text],
  ['InmarsatCallNumber/Alternative', 'ship.satelliteNumbers[]', text],
  ['VoyageNumber', 'voyage.voyageNumber', text],

  // the call
  ['PortOfArrival', '', PORT_OF_CALL, { when: (facts) => isPortOfCall(facts, 'PortOfArrival') }],
  ['PortOfDeparture', '', PORT_OF_CALL, { when: (facts) => isPortOfCall(facts, 'PortOfDeparture') }],
  ['ETA', 'portCall.eta', dateTime],
  ['ATA', 'portCall.ata', dateTime],
  ['ETD', 'portCall.etd', dateTime],
  ['ATD', 'portCall.atd', dateTime],
  ['LastPortOfCall', 'portCall.lastPortOfCall', PORT],
  ['NextPortOfCall', 'portCall.nextPortOfCall', PORT],
  ['CallPurpose/CallPurposeCode', 'portCall.purposeOfCall[]', purposeCode],
  ['PositionInPortOfCall', 'portCall.portOfCall.locationInPort', text],
  ['BerthArrival', '', group, { first: true, when: (facts) => arriving(facts) && !facts.has('PositionInPortOfCall') }],
  ['BerthArrival/Location/Name', 'portCall.portOfCall.locationInPort', text],
  ['BerthDeparture', '', group, { first: true, when: (facts) => !arriving(facts) && !facts.has('PositionInPortOfCall') }],
  ['BerthDeparture/Location/Name', 'portCall.portOfCall.locationInPort', text],
  ['Anchorage', 'portCall.anchorage', boolean],
  ['AnchorageArrival', '', special(readAnchorage), { when: (facts) => !facts.has('Anchorage') }],
  ['AnchorageArrival/Location/UNLoCode', '', ignored],
  ['AnchorageArrival/Location/CountryCode', '', ignored],
  ['Agent', 'agents', { ...party('AG'), list: true }],
  ...authenticatorRows,

  // FAL 1
  ['PersonsOnboard/NumberOfPersonsOnboard', 'formalities.generalDeclaration.personsOnboard', integer],
  ['PersonsOnboard/NumberOfPersonsOnBoard', 'formalities.generalDeclaration.personsOnboard', integer],
  ['PersonsOnboard/Crew', 'formalities.generalDeclaration.crewCount', integer],
  ['PersonsOnboard/Passengers', 'formalities.generalDeclaration.passengerCount', integer],
  ['PersonsOnBoard/NumberOfPersonsOnboard', 'formalities.generalDeclaration.personsOnboard', integer],
  ['PersonsOnBoard/NumberOfPersonsOnBoard', 'formalities.generalDeclaration.personsOnboard', integer],
  ['PersonsOnBoard/Crew', 'formalities.generalDeclaration.crewCount', integer],
  ['PersonsOnBoard/Passengers', 'formalities.generalDeclaration.passengerCount', integer],
  ['CargoOverview', 'formalities.generalDeclaration.cargoDescription', text],
  ['GeneralRemark', 'formalities.generalDeclaration.remarks', text],
  ['WasteDisposalRequirements', 'formalities.generalDeclaration.shipRequirementsWaste', text],
  ['DangerousGoodsCargoIndicator', 'formalities.generalDeclaration.dangerousGoodsCarried', boolean],
  ['ArrivalDraught', '', group, { when: (facts) => arriving(facts) || !facts.has('DepartureDraught') }],
  ['ArrivalDraught/ForeDraught', 'formalities.generalDeclaration.draughtFore', decimal],
  ['ArrivalDraught/AftDraught', 'formalities.generalDeclaration.draughtAft', decimal],
  ['DepartureDraught', '', group, { when: (facts) => !arriving(facts) || !facts.has('ArrivalDraught') }],
  ['DepartureDraught/ForeDraught', 'formalities.generalDeclaration.draughtFore', decimal],
  ['DepartureDraught/AftDraught', 'formalities.generalDeclaration.draughtAft', decimal],

  // FAL 2
  ['CargoData/Consignment', 'formalities.cargo.consignments', CONSIGNMENT],
  ['CargoData/TransportEquipment', 'formalities.cargo.equipment', EQUIPMENT],

  // FAL 3, 4
  ['ShipStore', 'formalities.shipStores.items', SHIP_STORE, { wraps: ['StoreItem'] }],
  ['PeriodOfStay', 'formalities.shipStores.periodOfStayDays', days, { when: (facts) => facts.has('ShipStore') }],
  ['DutiableCrewEffects', '', CREW_EFFECT, { wraps: ['CrewEffectItem', 'DutiableCrewEffect', 'EffectItem'] }],
  ['DutiableCrewEffect', '', CREW_EFFECT, { wraps: ['CrewEffectItem', 'EffectItem'] }],

  // FAL 5, 6
  ['CrewList', 'formalities.crewList.members', person('FM'), { wraps: ['CrewMemberData', 'CrewMember'] }],
  ['PassengerList', 'formalities.passengerList.passengers', person('FL'), { wraps: ['PassengerData'] }],

  // FAL 7 (the sheets stand in the cargo)
  ['GeneralDescriptionOfDG', '', GENERAL_DANGEROUS_GOODS, { when: (facts) => !facts.hasDangerousGoodsSheets }],
  ['ConfirmDPGListOnBoard', 'formalities.dangerousGoods.manifestOnboard', boolean],
  ['ConfirmDPGListOnBoard/ConfirmDPGOnBoard', 'formalities.dangerousGoods.manifestOnboard', boolean],
  ['INFClassContent', 'formalities.dangerousGoods.infClass', infClass],
  ['DPGDetails/Contact', 'formalities.dangerousGoods.contact', CONTACT],

  // security
  ['ValidISSC', 'formalities.security.isscValid', boolean],
  ['ISSCertificateStatus/ISSCStatus', 'formalities.security.isscValid', boolean],
  ['ISSCertificateStatus/ISSCertificateStatusReasonNotValid', 'formalities.security.reasonNoIssc', text],
  ['ISSCertificateStatus/ReasonNotValid', 'formalities.security.reasonNoIssc', text],
  ['ReasonForNoValidISSC', 'formalities.security.reasonNoIssc', text],
  ['ISSCertificate', 'formalities.security.issc', ISSC],
  ['HasSecurityPlan', 'formalities.security.securityPlanOnboard', boolean],
  ['CurrentShipSecurityLevel', 'formalities.security.currentSecurityLevel', securityLevel],
  ['CSO', 'formalities.security.companySecurityOfficer', CONTACT],
  ['PortCallList', '', PORT_CALL, { wraps: ['PortCall'] }],
  ['PortCalls/PortCall', '', PORT_CALL],
  ['ShipToShipActivityList', 'formalities.security.shipToShipActivities', SHIP_TO_SHIP, { wraps: ['ShipToShipActivity'] }],
  ['SecurityOtherMattersToReport', 'formalities.security.otherMatters', text],
  ['SecurityRelatedMatterToReport', 'formalities.security.otherMatters', text],

  // waste
  ['WasteInformation/WasteDeliveryStatus', 'formalities.waste.deliveryStatus', wasteDeliveryStatus],
  ['WasteInformation/LastPortDelivered', 'formalities.waste.lastDeliveryPort', LAST_PORT_DELIVERED],
  ['WasteInformation/LastPortDeliveredDate', 'formalities.waste.lastDeliveryDate', date],
  ['WasteInformation/NextPortToDeliver', 'formalities.waste.nextDeliveryPort', PORT],
  ['WasteInformation/WasteDisposalInformation', 'formalities.waste.items', WASTE_ITEM],

  // health
  ...healthRows('HealthData'),
  ...healthRows('Health'),
  ['Stowaways', 'formalities.health.stowawayFound', boolean, withHealth],
  ['ValidSSC', 'formalities.health.sanitationCertificate.valid', boolean, withHealth],
  ['ShipSanitationCertificate', 'formalities.health.sanitationCertificate', sanitation(), withHealth],
  ['ShipSanitationControlCertificate', 'formalities.health.sanitationCertificate', sanitation('SSCC'), { ...withHealth, first: true }],
  [
    'ShipSanitationControlExemptionCertificate',
    'formalities.health.sanitationCertificate',
    sanitation('SSCEC'),
    { ...withHealth, first: true },
  ],
  ['HealthParticulars', '', group, withHealth],
  ['HealthParticulars/PersonHealthParticulars', 'formalities.health.cases', LISTED_CASE],
];

/** Any of these makes a security declaration. */
export const SECURITY_ELEMENTS = [
  'ValidISSC',
  'ISSCertificateStatus',
  'ISSCertificate',
  'ReasonForNoValidISSC',
  'HasSecurityPlan',
  'CurrentShipSecurityLevel',
  'CSO',
  'ShipToShipActivityList',
  'SecurityOtherMattersToReport',
  'SecurityRelatedMatterToReport',
] as const;

export const headerRules = compileRules('EPCMessageHeader', headerRows);
export const bodyRules = compileRules('EPCRequestBody', bodyRows);
const timeRules = Object.fromEntries(
  ['eta', 'ata', 'etd', 'atd'].map((key) => [
    key,
    compileRules('ArrivalTime', [
      ['DateTime', `portCall.${key}`, dateTime],
      ['TimeType', '', ignored],
    ]),
  ]),
) as Record<'eta' | 'ata' | 'etd' | 'atd', Rules>;
const volumeRules = compileRules('CargoItem', [['GrossVolume', 'grossVolume', measure()]]);

function isPortOfCall(facts: Facts, element: string): boolean {
  return facts.portOfCallElement === element || facts.secondPortOfCallElement === element;
}

/** Any anchorage on arrival means that the ship anchors; where and when have no canonical place. */
function readAnchorage(reader: EpcReader, row: number, frame: Frame, rule: Rule): void {
  if (!reader.table.hasContent(row)) return;
  const portCall = reader.root.value?.['portCall'] as JsonObject | undefined;
  if (portCall?.['anchorage'] === undefined) reader.set(reader.root, ['portCall', 'anchorage'], true, row);
  if (rule.children !== undefined) reader.readChildren(row, rule.children, frame);
}

/**
 * What only the whole message can say: persons of crew effects, whether dangerous goods are carried, whether an ISSC that is
 * described is valid; and empties that are left behind.
 */
export function finishDeclaration(reader: EpcReader): void {
  const formalities = reader.root.value?.['formalities'] as Record<string, JsonObject> | undefined;
  if (formalities === undefined) return;

  for (const [reference, member] of reader.effectGroups) {
    if (member.value === undefined) continue;
    const sequence = reader.personReferences.get(reference) ?? numberOf(reference);
    if (sequence !== undefined) member.value['personSequenceNumber'] = sequence;
  }

  const { dangerousGoods, security, cargo, waste } = formalities;
  if (dangerousGoods !== undefined) {
    dangerousGoods['carried'] =
      hasEntries(dangerousGoods['items']) ||
      dangerousGoods['manifestOnboard'] === true ||
      dangerousGoods['infClass'] !== undefined ||
      formalities['generalDeclaration']?.['dangerousGoodsCarried'] === true;
  }
  if (security !== undefined && security['isscValid'] === undefined) {
    const type = (security['issc'] as JsonObject | undefined)?.['typeCode'];
    if (type === 'FULL' || type === 'INTERIM') security['isscValid'] = true;
  }
  if (cargo !== undefined) {
    if (!hasEntries(cargo['consignments'])) delete cargo['consignments'];
    if (Object.keys(cargo).length === 0) delete formalities['cargo'];
  }
  if (waste !== undefined) waste['items'] ??= [];
}

function hasEntries(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}

/** One to five digits as a number. */
function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && text.length <= 5 && /^\d+$/.test(text) ? Number(text) : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
