import { XMLBuilder } from 'fast-xml-parser';
import { alpha2Of } from '../../core/code-lists/countries';
import type {
  Address,
  CargoItem,
  Certificate,
  Consignment,
  Contact,
  DangerousGoodsItem,
  Declaration,
  Health,
  Measure,
  Party,
  Person,
  PersonOnboard,
  PortCallRecord,
  PortRef,
  Security,
  Waste,
} from '../../core/declaration';
import type { Clearance, ClearanceAgency, Receipt } from '../../core/messages';
import type { Problem } from '../../core/problem';
import { EPC_NAMESPACE, type EpcDialect } from './read-epc';

/** Answers as EPCMessage in the dialect of the question (contract.md §3 "EPC answers"), and declarations for tests and load. */

export interface EpcAnswerContext {
  dialect: EpcDialect;
  /** Of the message that is answered, where it could be read. */
  shipMessageId?: string;
  /** JournalNumber; a receipt and a clearance carry their own. */
  dossierCode?: string;
  /** When the answer is sent: ISO 8601 UTC. */
  sentTime: string;
  /** Of the port, from config/: SL1, SL2, SL3. */
  portSecurityLevel: 'SL1' | 'SL2' | 'SL3';
  /** Authorities that are not connected to the single window: named with UsesSW = false. */
  notConnected?: readonly string[];
}

type Xml = string | number | boolean | undefined | readonly Xml[] | { readonly [element: string]: Xml };

/** One problem's text in a comment, and all of them together, stay short: the problem+json form has everything. */
const MAX_COMMENT_LENGTH = 2_000;

// Texts are escaped here, once: the builder writes them as they are. It is to become a package of its own, with the same interface.
// eslint-disable-next-line @typescript-eslint/no-deprecated
const builder = new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: '@', processEntities: false, suppressEmptyNode: true });

/** What stands between SentTime, ShipMessageId and JournalNumber of a receipt: the same for all that go to the same agencies. */
const receiptForms = new Map<string, readonly string[]>();
const KEPT_FORMS = 100;
const BLANK = 'BLANK';

/**
 * EPCReceiptBody: the declaration is stored durably and goes to these agencies. No decision yet, so no RequestStatus. Written for every
 * declaration: a form is built once and filled in.
 */
export function writeEpcReceipt(receipt: Receipt, context: EpcAnswerContext): string {
  const { dialect, portSecurityLevel } = context;
  const agencies = receipt.agencies.map(({ agency }) => agency);
  const key = [dialect, portSecurityLevel, agencies.join(), context.notConnected?.join()].join('|');
  let form = receiptForms.get(key);
  if (form === undefined) {
    if (receiptForms.size >= KEPT_FORMS) receiptForms.clear();
    const blank = { dialect, portSecurityLevel, sentTime: BLANK, shipMessageId: BLANK };
    const notConnectedToo = context.notConnected === undefined ? {} : { notConnected: context.notConnected };
    form = receiptText({ ...receipt, dossierCode: BLANK }, { ...blank, ...notConnectedToo }).split(`>${BLANK}<`);
    receiptForms.set(key, form);
  }
  const [start, sentTime, messageId, dossierCode] = form;
  const id = escaped(context.shipMessageId ?? receipt.messageId);
  return `${start}>${escaped(context.sentTime)}<${sentTime}>${id}<${messageId}>${escaped(receipt.dossierCode)}<${dossierCode}`;
}

function receiptText(receipt: Receipt, context: EpcAnswerContext): string {
  const body: Xml = {
    CurrentPortSecurityLevel: context.portSecurityLevel,
    RequestProcessed: true,
    EPCClearanceStatus: [...receipt.agencies.map(({ agency }): Xml => ({ Authority: agency, UsesSW: true })), ...notConnected(context)],
  };
  return message(context, 'EPCReceiptBody', body, receipt.dossierCode, receipt.messageId);
}

/**
 * EPCAcknowledgeBody: first the overall verdict (no Authority), then each agency. Accepted without a Comment is granted, with one
 * conditional; pending and held have no RequestStatus; refused, incomplete and cancelled are Rejected with what it is in Comment.
 */
export function writeEpcClearance(clearance: Clearance, context: EpcAnswerContext): string {
  const body: Xml = {
    EPCClearanceStatus: [
      { RequestStatus: overallStatus(clearance), UsesSW: true },
      ...clearance.agencies.map((agency): Xml => ({ Authority: agency.agency, RequestStatus: agencyStatus(agency), UsesSW: true })),
      ...notConnected(context),
    ],
  };
  return message(context, 'EPCAcknowledgeBody', body, clearance.dossierCode);
}

/** EPCReceiptBody with RequestProcessed = false: RequestErrorCode is the code of the first error, Comment lists the faults. */
export function writeEpcProblems(problems: readonly Problem[], context: EpcAnswerContext): string {
  const errors = problems.filter(({ severity }) => severity === 'error');
  const body: Xml = {
    CurrentPortSecurityLevel: context.portSecurityLevel,
    RequestErrorCode: (errors[0] ?? problems[0])?.code ?? 'internal',
    RequestProcessed: false,
    EPCClearanceStatus: {
      RequestStatus: { Comment: shortened((errors.length > 0 ? errors : problems).map(described)), Status: 'Rejected' },
      UsesSW: true,
    },
  };
  return message(context, 'EPCReceiptBody', body, context.dossierCode);
}

function message(context: EpcAnswerContext, bodyName: string, body: Xml, dossierCode?: string, messageId?: string): string {
  const header: Xml = {
    SentTime: context.sentTime,
    ShipMessageId: context.shipMessageId ?? messageId,
    JournalNumber: dossierCode,
    MessageType: 'ACK',
    Version: '1.0.0',
  };
  return document(context.dialect, header, bodyName, body);
}

function document(dialect: EpcDialect, header: Xml, bodyName: string, body: Xml): string {
  const none = dialect === 'epc-2021' ? { '@xmlns': '' } : {};
  const root = {
    EPCMessage: {
      '@xmlns': EPC_NAMESPACE,
      EPCMessageHeader: { ...none, ...(pruned(header) as object) },
      [bodyName]: { ...none, ...((pruned(body) as object | undefined) ?? {}) },
    },
  };
  return `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build(root)}`;
}

function notConnected(context: EpcAnswerContext): Xml[] {
  return (context.notConnected ?? []).map((agency) => ({ Authority: agency, UsesSW: false }));
}

function overallStatus(clearance: Clearance): Xml {
  switch (clearance.status) {
    case 'granted':
      return { Status: 'Accepted' };
    case 'conditional':
      return { Comment: shortened(['conditional', ...clearance.conditions.map(coded)]), Status: 'Accepted' };
    case 'refused':
    case 'incomplete':
    case 'cancelled':
      return {
        Comment: shortened([
          clearance.status,
          clearance.summary,
          ...clearance.missing.map(({ formality }) => `missing: ${formality}`),
          ...clearance.agencies
            .filter(({ status }) => status === 'refused' || status === 'moreInfoRequired')
            .flatMap(({ reasons }) => reasons.map(coded)),
        ]),
        Status: 'Rejected',
      };
    case 'pending':
    case 'held':
      return undefined;
  }
}

/** Open, acknowledged, held, revoked and withdrawn say nothing that an agent may act on. */
function agencyStatus(agency: ClearanceAgency): Xml {
  switch (agency.status) {
    case 'accepted':
    case 'notApplicable':
      return { Status: 'Accepted' };
    case 'conditionallyAccepted':
      return { Comment: shortened(['conditional', ...agency.conditions.map(coded)]), Status: 'Accepted' };
    case 'refused':
    case 'moreInfoRequired':
      return { Comment: shortened([agency.status, ...agency.reasons.map(coded)]), Status: 'Rejected' };
    default:
      return undefined;
  }
}

function coded({ code, text }: { code: string; text: string }): string {
  return text === '' ? code : `${code}: ${text}`;
}

function described({ code, message: text, xpath, pointer, line, column }: Problem): string {
  const place = xpath ?? pointer;
  const at = line === undefined ? '' : ` (line ${line}${column === undefined ? '' : `, column ${column}`})`;
  return `${code}: ${text}${place === '' ? '' : ` ${place}`}${at}`;
}

function shortened(parts: readonly string[]): string {
  const text = parts.filter((part) => part !== '').join('; ');
  return text.length <= MAX_COMMENT_LENGTH ? text : `${text.slice(0, MAX_COMMENT_LENGTH - 1)}…`;
}

/** Without what is absent or empty; texts escaped, numbers as xs:decimal. */
function pruned(xml: Xml): unknown {
  if (xml === undefined || xml === '') return undefined;
  if (typeof xml === 'string') return escaped(xml);
  if (typeof xml === 'number') return decimalText(xml);
  if (typeof xml === 'boolean') return String(xml);
  if (Array.isArray(xml)) {
    const items = (xml as readonly Xml[]).map(pruned).filter((item) => item !== undefined);
    return items.length === 0 ? undefined : items;
  }
  const result: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(xml)) {
    const value = pruned(member);
    if (value !== undefined) result[name] = value;
  }
  return Object.keys(result).length === 0 ? undefined : result;
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;', '\r': '&#13;' };
// What XML 1.0 cannot carry at all: controls, lone surrogates, U+FFFE and U+FFFF.
// eslint-disable-next-line no-control-regex
const NOT_XML =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

function escaped(text: string): string {
  return text.replace(NOT_XML, '\ufffd').replace(/[&<>"'\r]/g, (character) => ENTITIES[character] ?? character);
}

/** xs:decimal knows no exponent. */
function decimalText(value: number): string {
  const text = String(value);
  if (!text.includes('e')) return text;
  return Math.abs(value) >= 1 ? BigInt(value).toString() : value.toFixed(60).replace(/0+$/, '');
}

// -- declarations

/**
 * A canonical declaration as an EPCMessage of the dialect: everything that EPC has a place for; the rest (movement types, container
 * sizes, extensions …) is left out. `readEpc` gives the same canonical object back for what is carried. A cancel and an amend carry
 * the ShipMessageId of the first message, as EPC threads by it.
 */
export function writeEpcDeclaration(declaration: Declaration, dialect: EpcDialect): string {
  const { header, portCall } = declaration;
  const isOld = dialect === 'epc-2011';
  const headerXml: Xml = {
    ShipMessageId: header.purpose === 'original' ? header.messageId : (header.referenceMessageId ?? header.messageId),
    JournalNumber: portCall?.visitId,
    MessageType: 'FAL',
    ArrivalDeparture: `${header.declarationType.charAt(0).toUpperCase()}${header.declarationType.slice(1)}`,
    SenderId: header.senderId,
    SentTime: header.sentAt,
    ReplyURI: header.replyTo,
    Version: '1.0.0',
    Authenticator: authenticatorXml(declaration),
  };
  if (header.purpose === 'cancel') return document(dialect, headerXml, 'EPCCancelBody', { Cancel: true });
  return document(dialect, headerXml, 'EPCRequestBody', isOld ? body2011(declaration) : body2021(declaration));
}

function authenticatorXml({ authentication }: Declaration): Xml {
  if (authentication === undefined) return undefined;
  const { authenticator, partyId, role, at, location } = authentication;
  return {
    CompanyId: partyId,
    Person: authenticator === undefined ? undefined : nameXml(authenticator),
    AuthenticationDate: at,
    AuthenticatorRoleCode: { Code: role },
    AuthenticatorLocation: { Name: location },
  };
}

/** What both dialects spell alike. */
function commonBody(declaration: Declaration, flag: (value: boolean | undefined) => Xml): Record<string, Xml> {
  const { portCall, ship, voyage, formalities } = declaration;
  const general = formalities?.generalDeclaration ?? undefined;
  const goods = formalities?.dangerousGoods ?? undefined;
  const draught: Xml = { ForeDraught: general?.draughtFore, AftDraught: general?.draughtAft };
  return {
    Agent: declaration.agents?.[0] === undefined ? undefined : partyXml(declaration.agents[0]),
    GrossTonnage: ship?.grossTonnage,
    NetTonnage: ship?.netTonnage,
    DeadWeight: ship?.deadweight,
    LengthOverall: ship?.lengthOverall,
    Beam: ship?.beam,
    InmarsatCallNumber: ship?.satelliteNumbers?.map((number) => ({ Inmarsat: number })),
    VoyageNumber: voyage?.voyageNumber,
    CallPurpose: portCall?.purposeOfCall?.map((code) => ({ CallPurposeCode: code })),
    CargoOverview: general?.cargoDescription,
    GeneralRemark: general?.remarks,
    WasteDisposalRequirements: general?.shipRequirementsWaste,
    DangerousGoodsCargoIndicator: flag(general?.dangerousGoodsCarried),
    [declaration.header.declarationType === 'departure' ? 'DepartureDraught' : 'ArrivalDraught']: draught,
    INFClassContent: goods?.infClass,
    ConfirmDPGListOnBoard: { ConfirmDPGOnBoard: flag(goods?.manifestOnboard) },
    DPGDetails: { Contact: contactXml(goods?.contact) },
  };
}

function body2021(declaration: Declaration): Xml {
  const { portCall, ship, formalities } = declaration;
  const isDeparture = declaration.header.declarationType === 'departure';
  const general = formalities?.generalDeclaration ?? undefined;
  const security = formalities?.security ?? undefined;
  const health = formalities?.health ?? undefined;
  const port = portCall?.portOfCall;
  const registry = ship?.registryPort;
  const flagInPort =
    ship?.flagState !== undefined && (registry === undefined || (registry.unLocode?.startsWith(ship.flagState) ?? false))
      ? ship.flagState
      : undefined;
  const inPersons = casesInPersons(declaration);
  const calls = (security === undefined ? portCall?.previousPorts : security.lastTenCalls)?.map((call) => portCallXml(call, false));
  return {
    ...commonBody(declaration, (value) => value),
    ShipID: {
      ShipName: ship?.name,
      IMONumber: ship?.imoNumber,
      MMSINumber: ship?.mmsi,
      CallSign: ship?.callSign,
      RegistrationPort: { CountryCode: flagInPort, ...(portXml(registry, false) as object | undefined) },
    },
    FlagState: flagInPort === undefined ? ship?.flagState : undefined,
    RegistryCertificate: certificateXml(ship?.registryCertificate, false),
    ShipType: ship?.shipTypeCode,
    Company: { IMOCompanyId: ship?.company?.imoCompanyNumber, Organisation: { Name: ship?.company?.name } },
    [isDeparture ? 'PortOfDeparture' : 'PortOfArrival']: {
      ArrivalTime: [timeXml(portCall?.eta, 'Estimated'), timeXml(portCall?.ata, 'Actual')],
      DepartureTime: [timeXml(portCall?.etd, 'Estimated'), timeXml(portCall?.atd, 'Actual')],
      Location: portXml(port, false),
    },
    [isDeparture ? 'BerthDeparture' : 'BerthArrival']: { Location: { Name: port?.locationInPort } },
    AnchorageArrival: portCall?.anchorage === true ? { Location: { UNLoCode: port?.unLocode } } : undefined,
    Anchorage: portCall?.anchorage === false || port?.unLocode === undefined ? portCall?.anchorage : undefined,
    LastPortOfCall: { Location: portXml(portCall?.lastPortOfCall, false) },
    NextPortOfCall: { Location: portXml(portCall?.nextPortOfCall, false) },
    PersonsOnboard: { NumberOfPersonsOnboard: general?.personsOnboard, Crew: general?.crewCount, Passengers: general?.passengerCount },
    CargoData: cargoXml(declaration, false),
    ShipStore: formalities?.shipStores?.items.map(storeXml),
    PeriodOfStay: periodXml(formalities?.shipStores?.periodOfStayDays),
    DutiableCrewEffects: effectsXml(declaration),
    CrewList: formalities?.crewList?.members.map((person) => personXml2021(person, inPersons)),
    PassengerList: formalities?.passengerList?.passengers.map((person) => personXml2021(person, inPersons)),
    ISSCertificateStatus: { ISSCStatus: security?.isscValid, ISSCertificateStatusReasonNotValid: security?.reasonNoIssc },
    ISSCertificate: isscXml(security?.issc, false),
    HasSecurityPlan: security?.securityPlanOnboard,
    CurrentShipSecurityLevel: levelXml(security?.currentSecurityLevel),
    CSO: contactXml(security?.companySecurityOfficer),
    PortCallList: calls,
    ShipToShipActivityList: security?.shipToShipActivities?.map((activity) => shipToShipXml(activity, false)),
    SecurityOtherMattersToReport: security?.otherMatters,
    WasteInformation: wasteXml2021(formalities?.waste ?? undefined),
    HealthData: healthXml2021(health),
    HealthParticulars: { PersonHealthParticulars: health?.cases?.filter((entry) => !inPersons.has(caseKey(entry))).map(listedCaseXml) },
  };
}

function body2011(declaration: Declaration): Xml {
  const { portCall, ship, formalities } = declaration;
  const isDeparture = declaration.header.declarationType === 'departure';
  const general = formalities?.generalDeclaration ?? undefined;
  const security = formalities?.security ?? undefined;
  const health = formalities?.health ?? undefined;
  const calls = (security === undefined ? portCall?.previousPorts : security.lastTenCalls)?.map((call) => portCallXml(call, true));
  return {
    ...commonBody(declaration, yesNo),
    ShipID: { ShipName: ship?.name, IMONumber: ship?.imoNumber, MMSINumber: ship?.mmsi, CallSign: ship?.callSign },
    FlagState: ship?.flagState,
    RegistryCertificate: {
      ...(certificateXml(ship?.registryCertificate, true) as object | undefined),
      IssueLocation: portXml(ship?.registryPort, true),
    },
    ShipTypeContent: ship?.shipTypeCode,
    Company: { IMOCompanyId: ship?.company?.imoCompanyNumber, Contact: { Company: ship?.company?.name } },
    ETA: portCall?.eta,
    ATA: portCall?.ata,
    ETD: portCall?.etd,
    ATD: portCall?.atd,
    [isDeparture ? 'PortOfDeparture' : 'PortOfArrival']: portXml(portCall?.portOfCall, true),
    PositionInPortOfCall: portCall?.portOfCall.locationInPort,
    Anchorage: yesNo(portCall?.anchorage),
    LastPortOfCall: portXml(portCall?.lastPortOfCall, true),
    NextPortOfCall: portXml(portCall?.nextPortOfCall, true),
    PersonsOnBoard: { NumberOfPersonsOnBoard: general?.personsOnboard, Crew: general?.crewCount, Passengers: general?.passengerCount },
    CargoData: cargoXml(declaration, true),
    ShipStore: { StoreItem: formalities?.shipStores?.items.map(storeXml) },
    PeriodOfStay: periodXml(formalities?.shipStores?.periodOfStayDays),
    DutiableCrewEffect: effectsXml(declaration),
    CrewList: { CrewMemberData: formalities?.crewList?.members.map((person) => personXml2011(person, 'Crew')) },
    PassengerList: { PassengerData: formalities?.passengerList?.passengers.map((person) => personXml2011(person, 'Passenger')) },
    ValidISSC: yesNo(security?.isscValid),
    ReasonForNoValidISSC: security?.reasonNoIssc,
    ISSCertificate: isscXml(security?.issc, true),
    HasSecurityPlan: yesNo(security?.securityPlanOnboard),
    CurrentShipSecurityLevel: levelXml(security?.currentSecurityLevel),
    CSO: contactXml(security?.companySecurityOfficer),
    PortCalls: { PortCall: calls },
    ShipToShipActivityList: { ShipToShipActivity: security?.shipToShipActivities?.map((activity) => shipToShipXml(activity, true)) },
    SecurityRelatedMatterToReport: security?.otherMatters,
    WasteInformation: wasteXml2011(formalities?.waste ?? undefined),
    Stowaways: yesNo(health?.stowawayFound),
    ValidSSC: yesNo(health?.sanitationCertificate?.valid),
    ShipSanitationCertificate: certificateXml(health?.sanitationCertificate, true),
    Health: healthXml2011(health),
    HealthParticulars: { PersonHealthParticulars: health?.cases?.map(listedCaseXml) },
  };
}

function yesNo(value: boolean | undefined): Xml {
  return value === undefined ? undefined : value ? 'Y' : 'N';
}

function levelXml(level: string | undefined): Xml {
  return level === undefined ? undefined : `SL${level}`;
}

function periodXml(days: number | undefined): Xml {
  return days === undefined ? undefined : `P${decimalText(days)}D`;
}

function timeXml(time: string | undefined, type: 'Estimated' | 'Actual'): Xml {
  return time === undefined ? undefined : { DateTime: time, TimeType: type };
}

function nameXml({ familyName, givenName, middleName }: Person): Xml {
  return { FamilyName: familyName, GivenName: givenName, MiddleName: middleName };
}

/** 2011 splits the UN/LOCODE; locationInPort has its own element, for the port of call only. */
function portXml(port: PortRef | undefined, isOld: boolean): Xml {
  if (port === undefined) return undefined;
  const { name, unLocode, countryCode, facilityCode, facilityName } = port;
  const country = unLocode === undefined ? countryCode : isOld ? unLocode.slice(0, 2) : undefined;
  return {
    Name: name,
    ...(isOld ? { GISISCode: facilityCode } : { FacilityCode: facilityCode }),
    FacilityName: facilityName,
    ...(country === undefined ? {} : { CountryCode: country }),
    UNLoCode: isOld ? unLocode?.slice(2) : unLocode,
  };
}

function addressXml(address: Address | undefined, isOld = false): Xml {
  if (address === undefined) return undefined;
  return {
    StreetName: address.streetAndNumber,
    PostOfficeBox: address.poBox,
    PostCodeCode: address.postcode,
    CityName: address.city,
    CountrySubdivisionName: address.countrySubdivision,
    [isOld ? 'Country' : 'CountryCode']: address.countryCode,
  };
}

function contactXml(contact: Contact | undefined): Xml {
  if (contact === undefined) return undefined;
  return {
    Person: { FamilyName: contact.familyName, GivenName: contact.givenName },
    ContactNumbers: {
      BusinessTelephone: contact.landlineNumber,
      MobileTelephone: contact.mobileNumber,
      EMail: contact.email,
      Telefax: contact.fax,
    },
  };
}

function partyXml(party: Party | undefined, isOld = false): Xml {
  if (party === undefined) return undefined;
  return {
    Company: party.name,
    CompanyId: party.identificationNumber,
    Address: addressXml(party.address, isOld),
    ...(contactXml(party.contact) as object | undefined),
  };
}

function measureXml(measure: Measure | undefined): Xml {
  return measure === undefined ? undefined : { Content: measure.value, UnitCode: measure.unit };
}

function certificateXml(certificate: Certificate | undefined, isOld: boolean): Xml {
  if (certificate === undefined) return undefined;
  const { identifier, issuerName, issuerCountry, issueDate, expiryDate } = certificate;
  return {
    [isOld ? 'Number' : 'CertificateNumber']: identifier,
    Issuer: isOld && issuerCountry === undefined ? issuerName : { Name: issuerName, RegistrationCountryCode: issuerCountry },
    IssueDate: issueDate,
    ExpiryDate: expiryDate,
  };
}

function isscXml(certificate: Certificate | undefined, isOld: boolean): Xml {
  if (certificate === undefined) return undefined;
  const status = certificate.typeCode === 'FULL' ? 'Full' : certificate.typeCode === 'INTERIM' ? 'Interim' : undefined;
  return { ...(certificateXml(certificate, isOld) as object), CertificateStatus: status };
}

function cargoXml({ formalities }: Declaration, isOld: boolean): Xml {
  const cargo = formalities?.cargo ?? undefined;
  return {
    Consignment: [
      ...(cargo?.consignments ?? []).map((consignment) => consignmentXml(consignment, isOld)),
      // A sheet has its place inside a cargo item; one that says nothing else carries it alone.
      ...(formalities?.dangerousGoods?.items ?? []).map((goods) => dangerousGoodsXml(goods, isOld)),
    ],
    TransportEquipment: cargo?.equipment?.map(({ equipmentId, stowagePosition }) => ({
      MarksAndNumbers: equipmentId,
      OnboardLocation: stowagePosition,
    })),
  };
}

function consignmentXml(consignment: Consignment, isOld: boolean): Xml {
  return {
    TransportDocumentId: consignment.transportContractNumber,
    PortOfLoading: portXml(consignment.portOfLoading, isOld),
    PortOfDischarge: portXml(consignment.portOfDischarge, isOld),
    Consignor: partyXml(consignment.consignor, isOld),
    Consignee: partyXml(consignment.consignee, isOld),
    NotifyParty: partyXml(consignment.notifyParty, isOld),
    CargoItem: consignment.items.map((item) => cargoItemXml(item, isOld)),
  };
}

function cargoItemXml(item: CargoItem, isOld: boolean): Xml {
  const isVolume = item.grossVolume !== undefined && (item.grossVolume.unit === 'MTQ' || item.grossVolume.unit === 'LTR');
  return {
    ItemNumber: String(item.itemNumber),
    NoOfPackages: item.numberOfPackages,
    PackageType: item.packageTypeCode,
    [isOld ? 'ShippingMarks' : 'MarksAndNumber']: item.marksAndNumbers,
    GoodsType: { Description: item.description, HSCode: item.hsCode },
    [isOld ? 'GrossQuantity' : 'GrossWeight']: measureXml(item.grossWeight),
    [isOld && isVolume ? 'Measurement' : 'GrossVolume']: measureXml(item.grossVolume),
    VehicleIdentificationNumber: item.vehicleIdentificationNumber,
    TransportEquipment: item.equipmentIds?.map((id) => ({ MarksAndNumbers: id })),
  };
}

function dangerousGoodsXml(goods: DangerousGoodsItem, isOld: boolean): Xml {
  return {
    DangerousGoodsShippersReferenceNumber: goods.shippersReference,
    TransportDocumentId: goods.transportContractNumber,
    PortOfLoading: portXml(goods.portOfLoading, isOld),
    PortOfDischarge: portXml(goods.portOfDischarge, isOld),
    CargoItem: {
      TransportEquipment: { MarksAndNumbers: goods.equipmentId, OnboardLocation: isOld ? undefined : goods.stowagePosition },
      SpecialCargoDetails: {
        NoOfPackages: goods.numberOfPackages,
        DangerousGoodsPackageType: goods.packageTypeCode,
        OnBoardLocation: isOld ? goods.stowagePosition : undefined,
        DGSafetyDataSheet: {
          ProperShippingName: goods.properShippingName,
          DGClassification: goods.regulationCode === 'MARPOL_ANNEX1' ? 'MARPOL' : goods.regulationCode,
          UNNumber: goods.unNumber,
          UNClass: goods.hazardClass,
          PackingGroup: goods.packingGroup,
          SubsidiaryRisks: goods.subsidiaryRisks,
          FlashPoint: isOld && goods.flashpoint?.unit === 'CEL' ? goods.flashpoint.value : measureXml(goods.flashpoint),
          MARPOLPollutionCode: goods.marinePollutantType,
          EmergencyInstruction: goods.emsNumber,
          Mass: measureXml(goods.mass),
          Volume: measureXml(goods.volume),
          TechnicalSpecification: goods.technicalSpecification,
          AdditionalInformation: goods.additionalInformation,
        },
      },
    },
  };
}

function storeXml(item: {
  sequenceNumber: number;
  articleCode?: string;
  articleName?: string;
  quantity: Measure;
  locationOnboard?: string;
}): Xml {
  return {
    SequenceNumber: item.sequenceNumber,
    Code: item.articleCode,
    Description: item.articleName,
    LocationOfStorage: item.locationOnboard,
    Measurement: measureXml(item.quantity),
  };
}

function effectsXml({ formalities }: Declaration): Xml {
  return formalities?.crewEffects?.members.flatMap(({ personSequenceNumber, effects }) =>
    effects.map((effect) => ({
      CrewReference: personSequenceNumber,
      SequenceNumber: effect.sequenceNumber,
      CrewEffectItemCode: effect.typeCode,
      EffectDescription: effect.description,
      Measurement: measureXml(effect.quantity),
    })),
  );
}

const GENDERS = { '0': 'Unknown', '1': 'Male', '2': 'Female', '9': 'NotApplicable' } as const;
const DOCUMENTS = { '36': 'PictureId', '39': 'Passport', '101': 'RegistrationDocument', '718': 'MusterBook', other: 'Other' } as const;

/** Codes of travel documents that are no country (XXA) have no alpha-2: they stay as they are. */
function countryXml(alpha3: string | undefined): Xml {
  return alpha3 === undefined ? undefined : (alpha2Of(alpha3) ?? alpha3);
}

function personXml(person: PersonOnboard): Record<string, Xml> {
  return {
    Name: nameXml(person.name),
    Gender: person.genderCode === undefined ? undefined : GENDERS[person.genderCode],
    Duty: { Code: person.rankOrRatingCode, Text: person.rankOrRating },
    DateOfBirth: person.dateOfBirth,
    PlaceOfBirth: person.placeOfBirth,
    CountryOfBirth: countryXml(person.countryOfBirth),
    Nationality: countryXml(person.nationality),
    EmbarkationDate: person.embarkationDateTime,
    DebarkationDate: person.disembarkationDate,
    Remarks: person.remarks,
  };
}

function documentXml({ travelDocument }: PersonOnboard): Xml {
  if (travelDocument === undefined) return undefined;
  return {
    IdDocument: DOCUMENTS[travelDocument.typeCode],
    IdNumber: travelDocument.number,
    IssuingCountry: travelDocument.issuingNation,
    IssueDate: travelDocument.issueDate,
    ExpirationDate: travelDocument.expiryDate,
  };
}

function personXml2021(person: PersonOnboard, cases: ReadonlyMap<string, HealthCase>): Xml {
  const healthCase = cases.get(caseKey({ personSequenceNumber: person.sequenceNumber, personTypeCode: person.personTypeCode as 'FM' }));
  return {
    PersonReference: String(person.sequenceNumber),
    ...personXml(person),
    PersonIdDocument: documentXml(person),
    VisaNumber: { IdNumber: person.visaNumber },
    EmbarkationPort: portXml(person.portOfEmbarkation, false),
    DebarkationPort: portXml(person.portOfDisembarkation, false),
    Transit: person.transit,
    PersonHealthParticulars:
      healthCase === undefined
        ? undefined
        : {
            IllnessCode: healthCase.illness,
            SymptomsDate: healthCase.symptomsDate,
            ReportedToPortMedical: healthCase.reportedToPortMedicalOfficer,
            CaseDisposal: {
              HealthStateCode: stateXml(healthCase),
              CaseDisposalCode: dispositionXml(healthCase),
              LocationOfEvaculation: portXml(healthCase.evacuationPort, false),
            },
            Treatment: healthCase.treatment,
            Comments: healthCase.comments,
          },
  };
}

function personXml2011(person: PersonOnboard, kind: 'Crew' | 'Passenger'): Xml {
  return {
    [`${kind}Reference`]: String(person.sequenceNumber),
    ...personXml(person),
    [`${kind}IdDocument`]: documentXml(person),
    VisaNumber: person.visaNumber,
    EmbarkationPort: portXml(person.portOfEmbarkation, true),
    DebarkationPort: portXml(person.portOfDisembarkation, true),
    Transit: yesNo(person.transit),
  };
}

type HealthCase = NonNullable<Health['cases']>[number];

function caseKey({ personTypeCode, personSequenceNumber }: HealthCase): string {
  return `${personTypeCode ?? ''}${personSequenceNumber ?? ''}`;
}

/** 2021 puts a case inside its person: the cases for which that is possible, at most one a person. */
function casesInPersons({ formalities }: Declaration): Map<string, HealthCase> {
  const persons = new Set<string>();
  for (const person of [...(formalities?.crewList?.members ?? []), ...(formalities?.passengerList?.passengers ?? [])]) {
    persons.add(caseKey({ personSequenceNumber: person.sequenceNumber, personTypeCode: person.personTypeCode as 'FM' }));
  }
  const cases = new Map<string, HealthCase>();
  const several = new Set<string>();
  for (const entry of formalities?.health?.cases ?? []) {
    const key = caseKey(entry);
    if (cases.has(key)) several.add(key);
    if (persons.has(key)) cases.set(key, entry);
  }
  for (const key of several) cases.delete(key);
  return cases;
}

const STATES = { recovered: 'Recovered', stillIll: 'Ill', died: 'Died' } as const;
const DISPOSITIONS = { onboard: 'OnBoard', evacuated: 'Evacuated', buriedAtSea: 'BuriedAtSea' } as const;

function stateXml({ healthStatus }: HealthCase): Xml {
  return healthStatus === undefined ? undefined : STATES[healthStatus];
}

function dispositionXml({ disposition }: HealthCase): Xml {
  return disposition === undefined ? undefined : DISPOSITIONS[disposition];
}

function listedCaseXml(entry: HealthCase): Xml {
  return {
    Number: entry.personSequenceNumber,
    CrewOrPassenger: entry.personTypeCode === undefined ? undefined : entry.personTypeCode === 'FM' ? 'CREW' : 'PASSENGER',
    Illness: entry.illness,
    SymptomsDate: entry.symptomsDate,
    ReportedToPortMedical: yesNo(entry.reportedToPortMedicalOfficer),
    State: stateXml(entry),
    CaseDisposalAndLocationOfEvaluation: { CaseDisposal: dispositionXml(entry), LocationOfEvacuation: portXml(entry.evacuationPort, true) },
    Treatment: entry.treatment,
    Comments: entry.comments,
  };
}

function healthAnswers(health: Health, flag: (value: boolean | undefined) => Xml): Record<string, Xml> {
  return {
    ReInspectionRequired: flag(health.reinspectionRequired),
    VisitedInfectedArea: flag(health.visitedAffectedArea),
    PersonDied: flag(health.personDied),
    NumberOfDeaths: health.numberOfDeaths,
    DiseaseOnBoard: flag(health.diseaseOnboard),
    IllPersonsGreaterThanExpected: flag(health.illPersonsGreaterThanExpected),
    NumberOfIllPersons: health.numberOfIllPersons,
    IllPersonsNow: flag(health.illPersonsNow),
    MedicalConsulted: flag(health.medicalPractitionerConsulted),
    InfectionConditionOnBoard: flag(health.infectionConditionOnboard),
    SanitaryMeasureApplied: flag(health.sanitaryMeasureApplied),
    SickAnimal: flag(health.sickAnimal),
  };
}

function healthXml2021(health: Health | undefined): Xml {
  if (health === undefined) return undefined;
  const isExemption = health.sanitationCertificate?.typeCode === 'SSCEC';
  const kind = isExemption ? 'ShipSanitationControlExemptionCertificate' : 'ShipSanitationControlCertificate';
  return {
    ...healthAnswers(health, (value) => value),
    StowawaysFound: health.stowawayFound,
    CallInInfectedArea: { Port: portXml(health.affectedAreaPort, false), FromDateTime: health.affectedAreaDate },
    SanitaryMeasure: health.sanitaryMeasures?.map(({ type, description, place, date }) => ({
      SanitaryMeasureCode: type ?? description,
      LocationOnBoard: place,
      Date: date,
    })),
    [`Valid${kind}`]: health.sanitationCertificate?.valid,
    [kind]: certificateXml(health.sanitationCertificate, false),
  };
}

function healthXml2011(health: Health | undefined): Xml {
  if (health === undefined) return undefined;
  const port = health.affectedAreaPort;
  const isCodeOnly = port?.unLocode !== undefined && Object.keys(port).length === 1;
  return {
    ...healthAnswers(health, yesNo),
    CallInInfectedArea: { Port: isCodeOnly ? port.unLocode : portXml(port, true), Date: health.affectedAreaDate },
    SanitaryMeasure: health.sanitaryMeasures?.map(({ type, description, place, date }) => ({
      Type: type ?? description,
      Place: place,
      Date: date,
    })),
  };
}

function portCallXml(call: PortCallRecord, isOld: boolean): Xml {
  return {
    SequenceNumber: call.sequenceNumber,
    FromDateTime: startOfDay(call.from),
    ToDateTime: startOfDay(call.to),
    PortSecurityLevel: levelXml(call.securityLevel),
    Port: portXml(call.port, isOld),
    ...(isOld
      ? { AdditionalSecurityMeasures: call.additionalSecurityMeasures }
      : { AdditionalSecurityMeasure: { Description: call.additionalSecurityMeasures } }),
  };
}

function startOfDay(date: string | undefined): Xml {
  return date === undefined ? undefined : `${date}T00:00:00`;
}

type ShipToShip = NonNullable<Security['shipToShipActivities']>[number];

function shipToShipXml(activity: ShipToShip, isOld: boolean): Xml {
  const { activityCode, description } = activity;
  // 2011 has one element for both: the code where there is no description.
  const codeAsActivity = isOld && description === undefined && activityCode !== undefined && /^\d{1,3}$/.test(activityCode);
  const position: Xml = { Latitude: activity.latitude, Longitude: activity.longitude };
  const port = portXml(activity.location, isOld);
  return {
    SequenceNumber: activity.sequenceNumber,
    Code: codeAsActivity ? undefined : activityCode,
    Activity: codeAsActivity ? activityCode : description,
    FromDateTime: startOfDay(activity.from),
    ToDateTime: startOfDay(activity.to),
    Location: isOld ? { Position: position, Port: port } : { ...(port as object | undefined), Position: position },
    ...(isOld
      ? { AdditionalSecurityMeasures: activity.securityMeasures }
      : { ShipSecurityMeasure: { Description: activity.securityMeasures } }),
  };
}

function wasteXml2021(waste: Waste | undefined): Xml {
  if (waste === undefined) return undefined;
  const delivered = waste.lastDeliveryDate;
  return {
    WasteDeliveryStatus: deliveryStatusXml(waste),
    LastPortDelivered: {
      DepartureTime: delivered === undefined ? undefined : { DateTime: `${delivered}T00:00:00`, TimeType: 'Actual' },
      Location: portXml(waste.lastDeliveryPort, false),
    },
    NextPortToDeliver: portXml(waste.nextDeliveryPort, false),
    WasteDisposalInformation: waste.items.map((item) => ({
      WasteType: { Code: item.wasteTypeCode, Description: item.description },
      ToBeDelivered: measureXml(item.toBeDelivered),
      MaxStorage: measureXml(item.maxStorage),
      RetainedOnboard: measureXml(item.retainedOnboard),
      EstimatedGenerated: measureXml(item.estimatedGenerated),
      DisposedOfInPort: portXml(item.remainingDeliveryPort, false),
    })),
  };
}

function wasteXml2011(waste: Waste | undefined): Xml {
  if (waste === undefined) return undefined;
  const amount = (measure: Measure | undefined): Xml => (measure?.unit === 'MTQ' ? measure.value : measureXml(measure));
  return {
    WasteDeliveryStatus: deliveryStatusXml(waste),
    LastPortDelivered: portXml(waste.lastDeliveryPort, true),
    LastPortDeliveredDate: waste.lastDeliveryDate,
    NextPortToDeliver: portXml(waste.nextDeliveryPort, true),
    WasteDisposalInformation: waste.items.map((item) => ({
      WasteType: { Code: item.wasteTypeCode, Description: item.description },
      ToBeDelivered: amount(item.toBeDelivered),
      MaxStorage: amount(item.maxStorage),
      RetainedOnboard: amount(item.retainedOnboard),
      EstimateGenerated: amount(item.estimatedGenerated),
      DisposedOfInPort: portXml(item.remainingDeliveryPort, true),
    })),
  };
}

function deliveryStatusXml({ deliveryStatus }: Waste): Xml {
  return deliveryStatus === undefined ? undefined : { all: 'All', some: 'Some', none: 'None' }[deliveryStatus];
}
