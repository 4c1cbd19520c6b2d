/** Namespace of the root; children are in it (2011) or in none (2021). */
export const EPC_NAMESPACE = 'http://www.iso.org/28005-2';

/**
 * The elements that are known to EPC in each place: the children of each element, by local name, for ISO 28005-2:2011 and :2021
 * together (reference: types of ISO 28005-2:2021 and the flat forms of 2011 messages). `*` = may repeat. An element that is
 * neither here nor in `epc-mapping.ts` is an `unknown-element`; one that is here only is kept under `extensions.epc`.
 */
const NAME = 'FamilyName GivenName MiddleName';
const DUTY = 'Code Text';
const MEASURE = 'Content UnitCode';
const DATE_TIME = 'DateTime TimeType';
/** 2011: GISISCode, and a Port inside a Location. */
const PORT = 'CountryCode FacilityCode FacilityName GISISCode GLN Name Port Position Track UNLoCode';
/** 2021: a Location with times; 2011: the port's own elements, flat. */
const CALL = `${PORT} ArrivalTime* DepartureTime* Location`;
const BERTH = `${CALL} BerthType`;
const ADDRESS =
  'CityName Country CountryCode CountrySubdivisionName LineFive LineFour LineOne LineThree LineTwo PostCodeCode PostOfficeBox StreetName StreetNumber';
const CONTACT = 'Address Company CompanyId ContactNumbers Person';
const ORGANISATION = 'Name RegistrationCountryCode RegistrationDate TaxIdentifier*';
const CERTIFICATE =
  'CertificateNumber CertificateStatus Code Comment ExpiryDate ExtendedUntil IsssuerLocation IssueDate IssueLocation Issuer IssuerLocation IssuerLocationCode IssuerType LastEndorsementDate Name Number Restrictions';
const ID_DOCUMENT = 'ExpirationDate IdDocument IdNumber IssueDate IssuingCountry';
const PERSON =
  'CountryOfBirth CountryOfResidence CrewIdDocument* CrewReference DateOfBirth DebarkationDate DebarkationPort Duty EmbarkationDate EmbarkationPort Gender HomeAddress Name Nationality PassengerIdDocument* PassengerReference PersonHealthParticulars PersonIdDocument* PersonReference PlaceOfBirth Remarks Transit VisaNumber* VisitAddress';
const EFFECT = 'CrewEffectItemCode CrewReference EffectDescription Measurement SequenceNumber';
const STORE = 'Code Description LocationOfStorage Measurement SequenceNumber';
const PORT_ACTIVITY =
  'AdditionalSecurityMeasure* AdditionalSecurityMeasures Date FromDateTime Port PortSecurityLevel SequenceNumber ToDateTime';
const SHIP_ACTIVITY = 'Activity AdditionalSecurityMeasures Code FromDateTime Location SequenceNumber ShipSecurityMeasure* ToDateTime';
const SECURITY_MEASURE = 'Code Description';
const DRAUGHT = 'AftDraught ForeDraught MidShipDraught';
const HEALTH =
  'CallInInfectedArea* DiseaseOnBoard IllPersonsGreaterThanExpected IllPersonsNow InfectionConditionOnBoard LastPortCalls* LocationStowawaysJoinedShip* MedicalConsulted NumberOfDeaths NumberOfIllPersons PersonDied ReInspectionRequired SanitaryMeasure* SanitaryMeasureApplied ShipSanitationControlCertificate ShipSanitationControlExemptionCertificate SickAnimal StowawaysFound ValidShipSanitationControlCertificate ValidShipSanitationControlExemptionCertificate VisitedInfectedArea';
const PERSONS_ONBOARD = 'Crew NumberOfMedicalPersonsOnboard NumberOfPersonsOnBoard NumberOfPersonsOnboard Passengers';

const children: Record<string, string> = {
  EPCMessageHeader:
    'ArrivalDeparture Authenticator AuthenticatorName JournalNumber MessageType RelayReportingSystem* ReplyURI ReportingSystem SenderDuty SenderId SenderName SentTime ShipMessageId Version',
  EPCCancelBody: 'Cancel',
  EPCRequestBody:
    'ATA ATD ATP Agent AirDraught Anchorage AnchorageArrival* AnchorageDeparture* ArrivalDraught Authenticator BallastStatus Beam BerthArrival* BerthDeparture* BulkLoadUnloadData CSO CallPurpose* CargoData CargoOverview CivilLiabilityBunkerPollutionCertificate CivilLiabilityCertificate Company ConditionOfCargoAndBallastTanks ConfirmDPGListOnBoard CrewList* CruiseShipItinerary* CurrentShipSecurityLevel DPGDetails DangerousGoodsCargoIndicator DeadWeight DepartureDraught DoubleBottomContent DutiableCrewEffect* DutiableCrewEffects* ETA ETAToNextPort ETD ETDFromLastPort ETP FlagState GeneralDescriptionOfDG* GeneralRemark GrossTonnage HasSecurityPlan Health HealthData HealthParticulars INFClassContent ISSCertificate ISSCertificateStatus IceClass InmarsatCallNumber* LastPortOfCall LengthOverall NavigationalStatus NetTonnage NextPortOfCall NextReportTime OBOLoadUnloadData OtherServiceRequest* PassengerList* PeriodOfStay PersonsOnBoard PersonsOnboard PlannedOperations PlannedWorks PortCallList* PortCalls PortOfArrival PortOfDeparture PositionInPortOfCall ROBBunkers* RadioCommunications ReasonForNoValidISSC RegistryCertificate ReportingEvent SecurityOtherMattersToReport SecurityRelatedMatterToReport ShipClass ShipDefects ShipID ShipSanitationCertificate ShipSanitationControlCertificate ShipSanitationControlExemptionCertificate ShipStatus ShipStore* ShipToShipActivityList* ShipType ShipTypeContent Stowaways SummerDraught TankerHullConfiguration ValidISSC ValidSSC VolumeAndNatureOfCargo VoyageDescription* VoyageEvent* VoyageNumber WasteDisposalRequirements WasteInformation WayPointList* WeatherInformation YearOfBuilt',
  ATP: DATE_TIME,
  AdditionalSecurityMeasure: SECURITY_MEASURE,
  Address: ADDRESS,
  Agent: CONTACT,
  AnchorageArrival: CALL,
  AnchorageDeparture: CALL,
  ArrivalDraught: DRAUGHT,
  ArrivalTime: DATE_TIME,
  Authenticator: `${CONTACT} AuthenticationDate AuthenticatorLocation AuthenticatorRoleCode`,
  AuthenticatorLocation: PORT,
  AuthenticatorName: NAME,
  AuthenticatorRoleCode: DUTY,
  BallastStatus: 'IsClean Remarks',
  BerthArrival: BERTH,
  BerthDeparture: BERTH,
  BulkLoadUnloadData:
    'AccommodationLadder CargoHandlingGear CargoType ChecklistCompleted DistanceSideToHatch DistanceWaterlineToHatch IsLoading LengthOfCargoArea MooringLines OperationPlan* Remarks RequiredRepairs SpecificInstructions TimeForBallasting TotalQuantity',
  CSO: CONTACT,
  CallInInfectedArea: PORT_ACTIVITY,
  CallPurpose: 'CallPurposeCode CallPurposeText',
  CargoData: 'Consignment* CountryOfRouting* EORI ETA_ENS FirstEUPort LRN MRN TransportEquipment*',
  CargoInformationHolder: CONTACT,
  CargoItem:
    'CargoType CommunityStatusProof Consignee CustomStatus GoodsType GrossQuantity GrossVolume GrossWeight ItemNumber LostDGDetails MarksAndNumber Measurement NetQuantity NoOfPackages NoOfUnits PackageType Quantity SealNumber* ShippingMarks SpecialCargoDetails* TransportDocumentId TransportEquipment* VehicleIdentificationNumber',
  Carrier: CONTACT,
  CaseDisposal: 'CaseDisposalCode HealthStateCode LocationOfEvaculation LocationOfEvacuation',
  CaseDisposalAndLocationOfEvaluation: 'CaseDisposal LocationOfEvacuation',
  CivilLiabilityBunkerPollutionCertificate: CERTIFICATE,
  CivilLiabilityCertificate: CERTIFICATE,
  Company: 'Contact IMOCompanyId Organisation',
  ConfirmDPGListOnBoard: 'ConfirmDPGOnBoard',
  Consignee: CONTACT,
  Consignment:
    'AdditionalInformation CargoItem* Carrier Consignee ConsignmentNumber Consignor DangerousGoodsShippersReferenceNumber FreightMethodOfPayment GoodsReceiptPlace NotifyParty NumberOfAuthorisation NumberOfItems PlaceWhenceConsigned PortOfDischarge PortOfLoading TransportDocumentId UCR',
  Consignor: CONTACT,
  Contact: CONTACT,
  ContactNumbers: 'BusinessTelephone EMail HomeTelephone MobileTelephone Telefax',
  CrewIdDocument: ID_DOCUMENT,
  CrewList: `${PERSON} CrewMember* CrewMemberData*`,
  CrewMember: PERSON,
  CrewMemberData: PERSON,
  CruiseShipItinerary: 'ExpectedDateTimeOfArrival Port',
  DGSafetyDataSheet:
    'AdditionalInformation DGClassification EmergencyInstruction* FlashPoint MARPOLPollutionCode Mass PackingGroup ProperShippingName SegregationInformation SubsidiaryRisks* TechnicalSpecification UNClass UNNumber Volume',
  DPGDetails: 'Contact Location',
  DebarkationPort: CALL,
  DepartureDraught: DRAUGHT,
  DepartureTime: DATE_TIME,
  DisposedOfInPort: CALL,
  DutiableCrewEffect: `${EFFECT} CrewEffectItem* EffectItem*`,
  DutiableCrewEffects: `${EFFECT} CrewEffectItem* DutiableCrewEffect* EffectItem*`,
  CrewEffectItem: EFFECT,
  EffectItem: EFFECT,
  Duty: DUTY,
  ETA: DATE_TIME,
  ETP: DATE_TIME,
  EmbarkationPort: CALL,
  EstimateGenerated: MEASURE,
  EstimatedGenerated: MEASURE,
  EstimatedGoodsLost: MEASURE,
  FirstEUPort: CALL,
  FlashPoint: MEASURE,
  GasFreeCertificate: CERTIFICATE,
  GeneralDescriptionOfDG: 'Description MARPOLCode Measure Remarks UNHazardClass UNNumber',
  GoodsType: 'Description HSCode',
  GrossQuantity: MEASURE,
  GrossVolume: MEASURE,
  GrossWeight: MEASURE,
  Health: HEALTH,
  HealthData: HEALTH,
  HealthParticulars: 'PersonHealthParticulars*',
  HomeAddress: ADDRESS,
  ISSCertificate: CERTIFICATE,
  ISSCertificateStatus:
    'ISSCStatus ISSCertificateStatusReasonNotValid ISSCertificateStatusReasonNotValidCode ReasonNotValid ReasonNotValidCode',
  IceClass: 'BalticIceClass Comment PolarClass',
  InmarsatCallNumber: 'Alternative Inmarsat',
  IsssuerLocation: PORT,
  IssueLocation: PORT,
  Issuer: ORGANISATION,
  IssuerLocation: PORT,
  LastOilCargoPort: PORT,
  LastPortCalls: PORT_ACTIVITY,
  LastPortDelivered: CALL,
  LastPortOfCall: CALL,
  Location: PORT,
  LocationOfEvaculation: PORT,
  LocationOfEvacuation: PORT,
  LocationStowawaysJoinedShip: PORT,
  LostDGDetails: 'CauseOfLoss EstimatedArea EstimatedGoodsLost EstimatedMovement GoodsCondition LossContinuing LostGoodsStatus',
  Mass: MEASURE,
  MaxStorage: MEASURE,
  Measure: MEASURE,
  Measurement: MEASURE,
  Name: NAME,
  NetQuantity: MEASURE,
  NextPortOfCall: CALL,
  NextPortToDeliver: CALL,
  NotifyParty: CONTACT,
  OBOLoadUnloadData: 'GasFreeCertificate LastOilCargoDate LastOilCargoPort PrecedingCargo1 PrecedingCargo2 PrecedingCargo3 SlopTankStatus',
  OperationPlan: 'Stage Unit*',
  Organisation: ORGANISATION,
  OriginalPortOfShipment: PORT,
  OtherServiceRequest: 'Description ServiceType',
  Packer: CONTACT,
  PassengerData: PERSON,
  PassengerIdDocument: ID_DOCUMENT,
  PassengerList: `${PERSON} PassengerData*`,
  Person: NAME,
  PersonHealthParticulars:
    'CaseDisposal CaseDisposalAndLocationOfEvaluation Comments CrewOrPassenger Illness IllnessCode Number ReportedToPortMedical State SymptomsDate Treatment',
  PersonIdDocument: ID_DOCUMENT,
  PersonsOnBoard: PERSONS_ONBOARD,
  PersonsOnboard: PERSONS_ONBOARD,
  PointOfContact: CONTACT,
  Port: CALL,
  PortCall: PORT_ACTIVITY,
  PortCallList: `${PORT_ACTIVITY} PortCall*`,
  PortCalls: 'PortCall*',
  PortOfArrival: CALL,
  PortOfDeparture: CALL,
  PortOfDischarge: CALL,
  PortOfLoading: CALL,
  Position: 'Latitude Longitude',
  Quantity: MEASURE,
  ROBBunkers: 'BunkersType GO HFO MDO MGO Other RemainOnBoard Remarks',
  RegistrationPort: PORT,
  RegistryCertificate: CERTIFICATE,
  ReportingEvent: CALL,
  RetainedOnboard: MEASURE,
  SafetyDataSheetReference: 'Description URI',
  SanitaryMeasure: 'Date LocationOnBoard Place SanitaryMeasureCode Type',
  SenderDuty: DUTY,
  SenderName: NAME,
  ShipClass: 'Country Notation SocietyCode SocietyName',
  ShipDefects:
    'AbilityToTransferCargoBallastFuel CargoHandling Commuication Communication HullIntegrity Maneuvrability Manoeuvrability Mooring Navigation Other',
  ShipID: 'CallSign Comment IMONumber MMSINumber RegistrationPort ShipName',
  ShipSanitationCertificate: CERTIFICATE,
  ShipSanitationControlCertificate: CERTIFICATE,
  ShipSanitationControlExemptionCertificate: CERTIFICATE,
  ShipSecurityMeasure: SECURITY_MEASURE,
  ShipStatus: 'Course NavigationalStatus PilotOnboard PresentDraught Speed',
  ShipStore: `${STORE} StoreItem*`,
  ShipToShipActivity: SHIP_ACTIVITY,
  ShipToShipActivityList: `${SHIP_ACTIVITY} ShipToShipActivity*`,
  SpecialCargoDetails:
    'CargoInformationHolder Comment Consignor DGSafetyDataSheet DangerousGoodsPackageType NoOfPackages OnBoardLocation OriginalPortOfShipment Packer SafetyDataSheetReference VehicleIdentificationNumber',
  StoreItem: STORE,
  ToBeDelivered: MEASURE,
  TotalQuantity: 'Hatch Quantity',
  TransportEquipment: 'MarksAndNumbers OnboardLocation',
  Unit: 'Hatch Quantity',
  VisaNumber: ID_DOCUMENT,
  VisitAddress: ADDRESS,
  Volume: MEASURE,
  VoyageDescription: 'ETA Load Port Unload',
  VoyageEvent: `${CALL} EventType`,
  WasteDisposalInformation: 'DisposedOfInPort EstimateGenerated EstimatedGenerated MaxStorage RetainedOnboard ToBeDelivered WasteType',
  WasteInformation:
    'AccurateAndCorrectDetails Comment LastPortDelivered LastPortDeliveredDate NextPortToDeliver PointOfContact SufficientOnboardCapacity WasteDeliveryStatus WasteDisposalInformation*',
  WasteType: 'Code Description',
  WayPointList: `${CALL} Waypoint* WayPoint*`,
  WayPoint: CALL,
  Waypoint: CALL,
  WeatherInformation: 'Remarks SeaState SeaStateDirection Swell SwellDirection WindDirection WindForce',
};

/** Child → may it repeat, by parent. */
const known = new Map<string, Map<string, boolean>>(
  Object.entries(children).map(([parent, names]) => [
    parent,
    new Map(names.split(' ').map((name) => (name.endsWith('*') ? [name.slice(0, -1), true] : [name, false]))),
  ]),
);

const NONE: ReadonlyMap<string, boolean> = new Map();

/** The children that EPC knows below an element, and whether each may repeat. Empty for a value. */
export function epcChildrenOf(parent: string): ReadonlyMap<string, boolean> {
  return known.get(parent) ?? NONE;
}

/** Every name of EPC, wherever it stands: the number of a name is its place in here. */
export const epcNames: readonly string[] = [
  ...new Set(['EPCMessage', ...known.keys(), ...[...known.values()].flatMap((names) => [...names.keys()])]),
];

const numbers = new Map(epcNames.map((name, number) => [name, number]));

/** The number of all names that are none of EPC. */
export const UNKNOWN_NAME = epcNames.length;

export function epcNumberOf(name: string): number {
  return numbers.get(name) ?? UNKNOWN_NAME;
}
