import type { CargoItem, Consignment, DangerousGoodsItem, Declaration, PersonOnboard } from '../../gateway/core/declaration';
import type { FormalityName } from '../../gateway/core/messages';
import { writeEpcDeclaration } from '../../gateway/wire/epc/write-epc';
import type { EpcDialect } from '../../gateway/wire/epc/read-epc';

/**
 * Realistic declarations of any size, of an invented ship, company and crew: the same input gives the same bytes. Everything in them
 * has a place in both EPC dialects, so that JSON and XML of the same options mean the same.
 */
export interface ArrivalOptions {
  messageId?: string;
  /** ISO 8601 UTC; the other times follow from it. Fixed by default, so that fixtures never age. */
  eta?: string;
  sentAt?: string;
  senderId?: string;
  /** The dossier code to join. */
  visitId?: string;
  /** UN/LOCODE of the port of call. */
  port?: string;
  shipName?: string;
  imoNumber?: string;
  crew?: number;
  passengers?: number;
  consignments?: number;
  itemsPerConsignment?: number;
  stores?: number;
  /** Dangerous goods items; none means that none are carried. */
  dangerousGoods?: number;
  /** Only these formalities; all by default. */
  formalities?: readonly FormalityName[];
}

export interface XmlOptions extends ArrivalOptions {
  dialect?: EpcDialect;
}

export const FIXTURE_ETA = '2030-06-03T01:30:00Z';
export const FIXTURE_SENT_AT = '2026-11-20T08:15:00Z';

/** An arrival of a container ship at Hai Phong: 20 crew, 4 consignments by default: about 17 kB of XML, 12 kB with the first five of FAL. */
export function arrivalJson(options: ArrivalOptions = {}): Declaration {
  const eta = options.eta ?? FIXTURE_ETA;
  const declaration = call('arrival', options, 'arrival-0001');
  declaration.portCall = {
    ...(options.visitId === undefined ? {} : { visitId: options.visitId }),
    portOfCall: { ...PORTS.call, unLocode: options.port ?? PORTS.call.unLocode, locationInPort: 'Tan Vu berth 2' },
    eta,
    etd: shifted(eta, 30),
    purposeOfCall: ['1', '3'],
    lastPortOfCall: { unLocode: 'SGSIN', name: 'Singapore' },
    nextPortOfCall: { unLocode: 'HKHKG', name: 'Hong Kong' },
  };
  return declaration;
}

/** The departure of the same call. */
export function departureJson(options: ArrivalOptions = {}): Declaration {
  const eta = options.eta ?? FIXTURE_ETA;
  const declaration = call('departure', options, 'departure-0001');
  declaration.portCall = {
    ...(options.visitId === undefined ? {} : { visitId: options.visitId }),
    portOfCall: { ...PORTS.call, unLocode: options.port ?? PORTS.call.unLocode, locationInPort: 'Tan Vu berth 2' },
    ata: shifted(eta, 0.25),
    etd: shifted(eta, 30),
    purposeOfCall: ['1', '3'],
    lastPortOfCall: { unLocode: 'SGSIN', name: 'Singapore' },
    nextPortOfCall: { unLocode: 'HKHKG', name: 'Hong Kong' },
  };
  return declaration;
}

/** The cancel of a dossier by the message id of its first message, as EPC sends it. */
export function cancelJson(options: { messageId?: string; sentAt?: string; senderId?: string } = {}): Declaration {
  const messageId = options.messageId ?? 'arrival-0001';
  return {
    header: {
      messageId,
      referenceMessageId: messageId,
      purpose: 'cancel',
      declarationType: 'arrival',
      sentAt: options.sentAt ?? FIXTURE_SENT_AT,
      ...(options.senderId === undefined ? {} : { senderId: options.senderId }),
    },
    cancellation: {},
  };
}

export function arrivalXml({ dialect = 'epc-2021', ...options }: XmlOptions = {}): string {
  return writeEpcDeclaration(arrivalJson(options), dialect);
}

export function departureXml({ dialect = 'epc-2021', ...options }: XmlOptions = {}): string {
  return writeEpcDeclaration(departureJson(options), dialect);
}

export function cancelXml({
  dialect = 'epc-2021',
  ...options
}: { messageId?: string; sentAt?: string; senderId?: string; dialect?: EpcDialect } = {}): string {
  return writeEpcDeclaration(cancelJson(options), dialect);
}

const PORTS = {
  call: { unLocode: 'VNHPH', name: 'Hai Phong', facilityCode: 'VNHPH-0010' },
} as const;

function call(declarationType: 'arrival' | 'departure', options: ArrivalOptions, messageId: string): Declaration {
  const { crew = 20, passengers = 0, consignments = 4, itemsPerConsignment = 1, stores = 3, dangerousGoods = 1 } = options;
  const port = options.port ?? PORTS.call.unLocode;
  const eta = options.eta ?? FIXTURE_ETA;
  const all: NonNullable<Declaration['formalities']> = {
    generalDeclaration: {
      crewCount: crew,
      passengerCount: passengers,
      personsOnboard: crew + passengers,
      cargoDescription: 'Containers, general cargo & reefers',
      remarks: 'Pilot requested at buoy 0 <2 hours before arrival>',
      dangerousGoodsCarried: dangerousGoods > 0,
      draughtFore: 8.4,
      draughtAft: 9.15,
    },
    cargo: { consignments: counted(consignments, (n) => consignment(n, itemsPerConsignment, port)) },
    shipStores: { periodOfStayDays: 2, items: counted(stores, store) },
    crewEffects: {
      members: [
        { personSequenceNumber: 1, effects: [{ sequenceNumber: 1, description: 'Cigarettes', quantity: { value: 200, unit: 'NAR' } }] },
        { personSequenceNumber: 2, effects: [{ sequenceNumber: 1, description: 'Spirits', quantity: { value: 1.5, unit: 'LTR' } }] },
      ],
    },
    crewList: { members: counted(crew, (n) => crewMember(n)) },
    ...(passengers === 0 ? {} : { passengerList: { passengers: counted(passengers, (n) => passenger(n, port)) } }),
    dangerousGoods: { carried: true, manifestOnboard: true, items: counted(dangerousGoods, (n) => dangerous(n, port)) },
    security: {
      isscValid: true,
      issc: { identifier: 'ISSC-77-1042', typeCode: 'FULL', issuerName: 'Vietnam Register', expiryDate: '2034-05-31' },
      securityPlanOnboard: true,
      currentSecurityLevel: '1',
      companySecurityOfficer: { familyName: 'Doan', givenName: 'Quang Vinh', landlineNumber: '+84 24 5550 1177', email: 'cso@example.com' },
      lastTenCalls: counted(2, (n) => ({
        port: { unLocode: LAST_PORTS[(n - 1) % LAST_PORTS.length] as string },
        from: shifted(eta, -24 * 4 * n).slice(0, 10),
        to: shifted(eta, -24 * 4 * n + 30).slice(0, 10),
        securityLevel: '1' as const,
      })),
    },
    waste: {
      deliveryStatus: 'some',
      lastDeliveryPort: { unLocode: 'SGSIN', name: 'Singapore' },
      lastDeliveryDate: shifted(eta, -96).slice(0, 10),
      items: [waste('101', 4.5, 12), waste('501', 0.8, 3)],
    },
    health: {
      visitedAffectedArea: false,
      personDied: false,
      diseaseOnboard: false,
      illPersonsGreaterThanExpected: false,
      illPersonsNow: false,
      medicalPractitionerConsulted: false,
      infectionConditionOnboard: false,
      sanitaryMeasureApplied: false,
      stowawayFound: false,
      sickAnimal: false,
      reinspectionRequired: false,
      sanitationCertificate: { valid: true },
    },
  };
  if (dangerousGoods === 0) delete all.dangerousGoods;
  if (consignments === 0) delete all.cargo;
  if (crew < 2) delete all.crewEffects;
  if (crew === 0) delete all.crewList;
  if (stores === 0) delete all.shipStores;
  const wanted = options.formalities;
  const formalities =
    wanted === undefined ? all : Object.fromEntries(Object.entries(all).filter(([name]) => wanted.includes(name as FormalityName)));
  return {
    header: {
      messageId: options.messageId ?? messageId,
      purpose: 'original',
      declarationType,
      sentAt: options.sentAt ?? FIXTURE_SENT_AT,
      senderId: options.senderId ?? 'HPAGENCY',
    },
    ship: {
      imoNumber: options.imoNumber ?? '9876543',
      mmsi: '574001230',
      callSign: 'XVTD7',
      name: options.shipName ?? 'TRUONG DAT STAR',
      flagState: 'VN',
      registryPort: { unLocode: 'VNHPH', name: 'Hai Phong' },
      registryCertificate: { identifier: 'VR-2019-0457', issueDate: '2019-08-12' },
      grossTonnage: 17_294,
      netTonnage: 8_113.5,
      deadweight: 22_100,
      lengthOverall: 171.99,
      beam: 27.6,
      shipTypeCode: '150',
      company: { imoCompanyNumber: '5800120', name: 'Truong Dat Shipping JSC' },
      satelliteNumbers: ['457400123'],
    },
    voyage: { voyageNumber: '0423N' },
    agents: [
      {
        name: 'Hai Phong Harbour Agency Co., Ltd',
        roleCode: 'AG',
        identificationNumber: '0201234567',
        address: { streetAndNumber: '12 Le Thanh Tong', city: 'Hai Phong', postcode: '180000', countryCode: 'VN' },
        contact: { familyName: 'Pham', givenName: 'Thu Ha', landlineNumber: '+84 225 555 0142', email: 'ops@example.com' },
      },
    ],
    formalities,
  };
}

function counted<T>(count: number, make: (n: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index + 1));
}

function shifted(time: string, hours: number): string {
  return new Date(Date.parse(time) + hours * 3_600_000).toISOString().replace('.000Z', 'Z');
}

const LAST_PORTS = ['SGSIN', 'MYPKG', 'THLCH', 'VNSGN', 'HKHKG', 'CNYTN', 'TWKHH', 'KRPUS', 'PHMNL', 'IDJKT'];
const FAMILY_NAMES = [
  'Nguyen',
  'Tran',
  'Le',
  'Pham',
  'Hoang',
  'Vu',
  'Dang',
  'Bui',
  'Dela Torre',
  'Santos',
  'Kyaw',
  'Petrenko',
  'Ngô',
  'Đỗ',
];
const GIVEN_NAMES = [
  'Van Hung',
  'Minh Tuan',
  'Quoc Bao',
  'Duc Anh',
  'Thanh Long',
  'Jose',
  'Ramon',
  'Aung',
  'Oleh',
  'Xuân Trường',
  'Hải Đăng',
];
const NATIONALITIES = ['VNM', 'VNM', 'VNM', 'PHL', 'MMR', 'UKR'];
const RANKS = [
  ['10100', 'Master'],
  ['10110', 'Chief mate'],
  ['10150', 'Chief engineer'],
  ['10120', 'Watch officer'],
] as const;

function pick<T>(list: readonly T[], n: number): T {
  return list[n % list.length] as T;
}

/** Seven letters and digits that are unlike for each n; no real document has this form. */
function documentNumber(prefix: string, n: number): string {
  return `${prefix}${String(1_000_000 + ((n * 7_919) % 9_000_000))}`;
}

function birthDate(n: number): string {
  return `${1962 + ((n * 7) % 40)}-${String(1 + ((n * 5) % 12)).padStart(2, '0')}-${String(1 + ((n * 11) % 28)).padStart(2, '0')}`;
}

function crewMember(n: number): PersonOnboard {
  const nationality = pick(NATIONALITIES, n);
  const [code, rank] = RANKS[n - 1] ?? [undefined, n % 2 === 0 ? 'Able seaman' : 'Oiler'];
  return {
    sequenceNumber: n,
    personTypeCode: 'FM',
    name: { familyName: pick(FAMILY_NAMES, n), givenName: pick(GIVEN_NAMES, n * 3) },
    genderCode: n % 9 === 0 ? '2' : '1',
    dateOfBirth: birthDate(n),
    nationality,
    rankOrRating: rank,
    ...(code === undefined ? {} : { rankOrRatingCode: code }),
    travelDocument: { typeCode: n % 4 === 0 ? '718' : '39', number: documentNumber('T', n) },
  };
}

function passenger(n: number, port: string): PersonOnboard {
  const nationality = pick(['AUS', 'DEU', 'VNM', 'FRA', 'JPN'], n);
  return {
    sequenceNumber: n,
    personTypeCode: 'FL',
    name: { familyName: pick(FAMILY_NAMES, n * 5), givenName: `${pick(GIVEN_NAMES, n)} ${String(n)}` },
    genderCode: n % 2 === 0 ? '2' : '1',
    dateOfBirth: birthDate(n + 3),
    nationality,
    travelDocument: { typeCode: '39', number: documentNumber('P', n) },
    portOfEmbarkation: { unLocode: 'SGSIN' },
    portOfDisembarkation: { unLocode: n % 3 === 0 ? port : 'HKHKG' },
    transit: n % 3 !== 0,
  };
}

function store(n: number): {
  sequenceNumber: number;
  articleName: string;
  quantity: { value: number; unit: string };
  locationOnboard: string;
} {
  const [articleName, unit, locationOnboard] = pick(
    [
      ['Fuel oil', 'TNE', 'Bunker tanks'],
      ['Lubricating oil', 'LTR', 'Engine room'],
      ['Rice', 'KGM', 'Dry store'],
      ['Frozen meat', 'KGM', 'Cold store'],
      ['Paint', 'LTR', 'Paint locker'],
      ['Cigarettes', 'NAR', 'Bonded store'],
    ] as const,
    n - 1,
  );
  return { sequenceNumber: n, articleName, quantity: { value: 12.5 * n, unit }, locationOnboard };
}

function waste(
  wasteTypeCode: string,
  value: number,
  storage: number,
): NonNullable<NonNullable<Declaration['formalities']>['waste']>['items'][number] {
  return {
    wasteTypeCode,
    toBeDelivered: { value, unit: 'MTQ' },
    maxStorage: { value: storage, unit: 'MTQ' },
    remainingDeliveryPort: { unLocode: 'HKHKG' },
  };
}

const GOODS = [
  ['Cotton fabrics', '520811', 'BL'],
  ['Electronic components', '854239', 'CT'],
  ['Machine tools', '845811', 'CS'],
  ['Ceramic tiles', '690721', 'PK'],
  ['Coffee, not roasted', '090111', 'BG'],
] as const;

function consignment(n: number, items: number, port: string): Consignment {
  return {
    transportContractNumber: `TDSBL${String(240_000 + n)}`,
    portOfLoading: { unLocode: pick(['SGSIN', 'MYPKG'], n) },
    portOfDischarge: { unLocode: port },
    consignee: { name: `Import Export ${String(n)} Co., Ltd` },
    items: counted(items, (item) => cargoItem(n, item)),
  };
}

function cargoItem(n: number, item: number): CargoItem {
  const [description, hsCode, packageTypeCode] = pick(GOODS, n + item);
  return {
    itemNumber: item,
    description,
    hsCode,
    marksAndNumbers: `LOT ${String(n)}/${String(item)}`,
    numberOfPackages: 20 + ((n * 13) % 400),
    packageTypeCode,
    grossWeight: { value: 1_000 + ((n * 977) % 24_000), unit: 'KGM' },
    equipmentIds: [containerNumber(n * 100 + item)],
  };
}

function dangerous(n: number, port: string): DangerousGoodsItem {
  const [unNumber, properShippingName, ems] = pick(
    [
      ['1263', 'PAINT', ['F-E', 'S-E']],
      ['1993', 'FLAMMABLE LIQUID, N.O.S.', ['F-E', 'S-E']],
      ['1170', 'ETHANOL SOLUTION', ['F-E', 'S-D']],
    ] as const,
    n - 1,
  );
  return {
    sequenceNumber: n,
    regulationCode: 'IMDG',
    unNumber,
    properShippingName,
    hazardClass: '3',
    packingGroup: 'II',
    flashpoint: { value: 12.5, unit: 'CEL' },
    emsNumber: [...ems],
    numberOfPackages: 40 + n,
    packageTypeCode: 'DR',
    mass: { value: 1_850.25, unit: 'KGM' },
    equipmentId: containerNumber(900_000 + n),
    stowagePosition: '0320182',
    transportContractNumber: `TDSBL${String(240_000 + n)}`,
    portOfLoading: { unLocode: 'SGSIN' },
    portOfDischarge: { unLocode: port },
  };
}

/** A container number of an owner that does not exist, with its check digit (ISO 6346). */
export function containerNumber(serial: number): string {
  const body = `TDSU${String(serial % 1_000_000).padStart(6, '0')}`;
  let sum = 0;
  for (let i = 0; i < body.length; i++) sum += containerValueOf(body.charAt(i)) * 2 ** i;
  return body + String((sum % 11) % 10);
}

/** A = 10, B = 12 …: multiples of 11 are left out. */
function containerValueOf(character: string): number {
  if (character <= '9') return Number(character);
  let value = 10;
  for (let code = 65; code < character.charCodeAt(0); code++) {
    value++;
    if (value % 11 === 0) value++;
  }
  return value;
}
