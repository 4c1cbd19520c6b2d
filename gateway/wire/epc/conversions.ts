import { isDate } from '../../core/date-time';
import { alpha2Of, alpha3Of } from '../../core/code-lists/countries';
import type { ProblemCode } from '../../core/problem-catalogue';
import type { Severity } from '../../core/problem';

/**
 * From the text of one EPC element to a canonical value. Each takes the trimmed, non-empty text and gives the value, `undefined`
 * where the text says "nothing" (MMSI 000000000), or a Refusal: a fault or warning of the catalogue, with the value to go on with.
 */
export type Conversion = (text: string) => unknown;

export class Refusal {
  readonly code: ProblemCode;
  readonly severity: Severity;
  readonly detail: { en: string; vi: string } | undefined;
  /** The value to go on with, where there is one. */
  readonly value: unknown;
  /** True where the text is kept under extensions.epc, so that nothing is lost. */
  readonly keepsText: boolean;

  constructor(
    code: ProblemCode,
    severity: Severity,
    detail?: { en: string; vi: string },
    options: { value?: unknown; keepsText?: boolean } = {},
  ) {
    this.code = code;
    this.severity = severity;
    this.detail = detail;
    this.value = options.value;
    this.keepsText = options.keepsText ?? false;
  }
}

const NOT_A_NUMBER = new Refusal('format', 'error', {
  en: 'Send a decimal number, for example 12.5.',
  vi: 'Gửi số thập phân, ví dụ 12.5.',
});
const NOT_AN_INTEGER = new Refusal('format', 'error', { en: 'Send a whole number.', vi: 'Gửi số nguyên.' });
const OUT_OF_RANGE = new Refusal('number-out-of-range', 'error');
const NOT_A_BOOLEAN = new Refusal('value-not-allowed', 'error', { en: 'Send true, false, Y or N.', vi: 'Gửi true, false, Y hoặc N.' });
const NOT_A_TIME = new Refusal('format', 'error', {
  en: 'Send a date and time, for example 2026-11-24T08:30:00+07:00.',
  vi: 'Gửi ngày giờ, ví dụ 2026-11-24T08:30:00+07:00.',
});
const NOT_A_DATE = new Refusal('format', 'error', { en: 'Send a date, for example 2026-11-24.', vi: 'Gửi ngày, ví dụ 2026-11-24.' });
const TEMPLATE_TIME = new Refusal('time-implausible', 'error', {
  en: 'The year 0001 is the value of an empty template.',
  vi: 'Năm 0001 là giá trị của mẫu trống.',
});
const NOT_A_COUNTRY = new Refusal('country-unknown', 'error');
/** The text stays under extensions.epc. */
export const CODE_UNKNOWN = new Refusal('code-unknown', 'warning', undefined, { keepsText: true });

const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)$/;
const INTEGER = /^[+-]?\d+$/;
const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)?$/;
const DATE = /^(\d{4})-(\d\d)-(\d\d)(T\d\d:\d\d:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?$/;

const LOCODE = /^[A-Z0-9]{3,5}$/;

export const text: Conversion = (value) => value;

export const upperText: Conversion = (value) => value.toUpperCase();

export const decimal: Conversion = (value) => {
  if (!DECIMAL.test(value)) return NOT_A_NUMBER;
  const number = Number(value);
  return Number.isFinite(number) ? number : OUT_OF_RANGE;
};

export const integer: Conversion = (value) => {
  if (!INTEGER.test(value)) return NOT_AN_INTEGER;
  const number = Number(value);
  // -0 is 0.
  return Number.isSafeInteger(number) ? number + 0 : OUT_OF_RANGE;
};

/** EPC knows true/false and 1/0 (2021), Y/N (2011), and both in one message. */
export const boolean: Conversion = (value) => {
  switch (value.toLowerCase()) {
    case 'y':
    case 'yes':
    case 'true':
    case '1':
      return true;
    case 'n':
    case 'no':
    case 'false':
    case '0':
      return false;
    default:
      return NOT_A_BOOLEAN;
  }
};

/** As written, zone or not; fractions of a second are cut to three digits. */
export const dateTime: Conversion = (value) => {
  const parts = DATE_TIME.exec(value);
  if (parts === null) return NOT_A_TIME;
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '', fraction = '', zone = ''] = parts;
  if (!isDay(year, month, day) || hour > '23' || minute > '59' || second > '59' || (zone.length > 1 && zone.slice(1) > '14:00')) {
    return NOT_A_TIME;
  }
  if (year <= '0001') return TEMPLATE_TIME;
  return fraction.length > 4 ? `${year}-${month}-${day}T${hour}:${minute}:${second}${fraction.slice(0, 4)}${zone}` : value;
};

/** A date where the canonical field is a time (2011 EmbarkationDate): that day in UTC. A time stays a time. */
export const dateOrTime: Conversion = (value) => {
  if (value.includes('T')) return dateTime(value);
  const day = date(value);
  return typeof day === 'string' ? `${day}T00:00:00Z` : day;
};

/** The day as written: its time and zone say nothing about a date. */
export const date: Conversion = (value) => {
  if (isDate(value) && value > '0001-99') return value;
  const parts = DATE.exec(value);
  if (parts === null) return NOT_A_DATE;
  const [, year = '', month = '', day = ''] = parts;
  if (!isDay(year, month, day)) return NOT_A_DATE;
  return year <= '0001' ? TEMPLATE_TIME : value.slice(0, 10);
};

function isDay(year: string, month: string, day: string): boolean {
  if (month < '01' || month > '12' || day < '01' || day > '31') return false;
  if (day <= '28') return true;
  const y = Number(year);
  if (month === '02') return day === '29' && y % 4 === 0 && (y % 100 !== 0 || y % 400 === 0);
  return day <= '30' || !(month === '04' || month === '06' || month === '09' || month === '11');
}

export const imoNumber: Conversion = (value) => (/^imo/i.test(value) ? value.slice(3).trim() : value);

/** All zeros is written by systems of ships that have none. */
export const mmsi: Conversion = (value) => (/^0+$/.test(value) ? undefined : value);

/** Alpha-2 as the canonical declaration; an alpha-3 of ISO 3166 is turned round, anything else is left to validation. */
export const country2: Conversion = (value) => {
  const code = value.toUpperCase();
  return code.length === 3 ? (alpha2Of(code) ?? code) : code;
};

/** EPC writes nationalities as alpha-2, travel documents and the canonical declaration as alpha-3 (ISO/IEC 7501). */
export const country3: Conversion = (value) => {
  const code = value.toUpperCase();
  if (code.length === 3) return code;
  return alpha3Of(code) ?? NOT_A_COUNTRY;
};

/** 3 characters beside CountryCode, or all 5; blanks inside are dropped. What belongs together is put together by the port. */
export const locode: Conversion = (value) => (LOCODE.test(value) ? value : value.toUpperCase().replace(/\s+/g, ''));

export const unNumber: Conversion = (value) => (/^un/i.test(value) ? value.slice(2).trim() : value);

/** "F-E,S-E", "F-E S-E" or one of them: always a list. */
export const emsPieces: Conversion = (value) => {
  const pieces: string[] = [];
  for (const piece of value.toUpperCase().split(/[\s,;/]+/)) {
    if (piece === '') continue;
    const match = /^([FS])[-_]?([A-Z])$/.exec(piece);
    if (match === null) return CODE_UNKNOWN;
    pieces.push(`${match[1] ?? ''}-${match[2] ?? ''}`);
  }
  return pieces;
};

/** Chapter-only codes (2 digits) are too coarse for the canonical field: kept as text. */
export const hsCode: Conversion = (value) => {
  const digits = value.replace(/[.\s]/g, '');
  return /^\d{4,10}$/.test(digits) ? digits : CODE_UNKNOWN;
};

export const purposeCode: Conversion = (value) => (/^\d{1,2}$/.test(value) ? value : CODE_UNKNOWN);

/** xs:duration in whole days, or a bare number of days. */
export const days: Conversion = (value) => {
  const match = /^P(\d+(?:\.\d+)?)D$/.exec(value);
  if (match !== null) return Number(match[1]);
  return DECIMAL.test(value) ? Number(value) : CODE_UNKNOWN;
};

/** Looks a code up without regard to case, blanks and hyphens. `undefined` in the table means "none": the field stays absent. */
function coded(table: Record<string, string | undefined>, otherwise: Refusal): Conversion {
  const asWritten = new Map(Object.entries(table));
  const byKey = new Map(Object.entries(table).map(([name, value]) => [keyOf(name), value]));
  return (value) => {
    // Most senders write the code as the standard does.
    const code = asWritten.get(value);
    if (code !== undefined) return code;
    const key = keyOf(value);
    return byKey.has(key) ? byKey.get(key) : otherwise;
  };
}

function keyOf(code: string): string {
  return code.toLowerCase().replace(/[\s_-]/g, '');
}

const notInList = (list: string) =>
  new Refusal('value-not-allowed', 'error', { en: `Send one of ${list}.`, vi: `Gửi một trong các giá trị ${list}.` });

export const securityLevel = coded(
  { SL1: '1', SL2: '2', SL3: '3', '1': '1', '2': '2', '3': '3', Level1: '1', Level2: '2', Level3: '3' },
  notInList('SL1, SL2, SL3'),
);

export const arrivalDeparture = coded(
  { Arrival: 'arrival', Departure: 'departure', Transit: 'transit', Shift: 'shift' },
  notInList('Arrival, Departure'),
);

/** IMO0099. */
export const gender = coded(
  {
    Male: '1',
    M: '1',
    '1': '1',
    Female: '2',
    F: '2',
    '2': '2',
    Unknown: '0',
    NotKnown: '0',
    NotSpecified: '0',
    '0': '0',
    NotApplicable: '9',
    '9': '9',
  },
  CODE_UNKNOWN,
);

/** IMO0104; a seafarer's muster book is the seaman's book 718. */
export const idDocument = coded(
  {
    Passport: '39',
    '39': '39',
    MusterBook: '718',
    SeamansBook: '718',
    "Seaman'sBook": '718',
    SeamanBook: '718',
    SeafarersIdentityDocument: '718',
    SeafarerIdentityDocument: '718',
    '718': '718',
    PictureId: '36',
    IdentityCard: '36',
    IdCard: '36',
    NationalIdentityCard: '36',
    '36': '36',
    RegistrationDocument: '101',
    '101': '101',
    Other: 'other',
  },
  new Refusal('code-unknown', 'warning', undefined, { value: 'other', keepsText: true }),
);

export const wasteDeliveryStatus = coded({ All: 'all', Some: 'some', None: 'none' }, CODE_UNKNOWN);

/** The names of EPC and the codes of UN/EDIFACT 8273. */
export const dgClassification = coded(
  {
    IMDG: 'IMDG',
    IMD: 'IMDG',
    IBC: 'IBC',
    IGC: 'IGC',
    ADZ: 'IGC',
    IMSBC: 'IMSBC',
    BC: 'IMSBC',
    AEA: 'IMSBC',
    MARPOL: 'MARPOL_ANNEX1',
    MARPOLAnnex1: 'MARPOL_ANNEX1',
    MARPOLAnnexI: 'MARPOL_ANNEX1',
    AEB: 'MARPOL_ANNEX1',
  },
  notInList('IMDG, IBC, IGC, IMSBC, MARPOL'),
);

export const packingGroup = coded(
  {
    I: 'I',
    II: 'II',
    III: 'III',
    '1': 'I',
    '2': 'II',
    '3': 'III',
    None: undefined,
    NotApplicable: undefined,
    'N/A': undefined,
    NotAssigned: undefined,
  },
  CODE_UNKNOWN,
);

export const marinePollutant = coded({ P: 'P', X: 'X', Y: 'Y', Z: 'Z', O: 'O', OS: 'O', None: undefined }, CODE_UNKNOWN);

export const infClass = coded({ INF1: 'INF1', INF2: 'INF2', INF3: 'INF3', None: undefined, INF0: undefined }, CODE_UNKNOWN);

export const isscType = coded({ Full: 'FULL', Interim: 'INTERIM' }, CODE_UNKNOWN);

export const crewOrPassenger = coded({ Crew: 'FM', FM: 'FM', Passenger: 'FL', FL: 'FL' }, CODE_UNKNOWN);

export const healthState = coded(
  { Recovered: 'recovered', Ill: 'stillIll', StillIll: 'stillIll', Died: 'died', Dead: 'died' },
  CODE_UNKNOWN,
);

export const disposition = coded(
  {
    OnBoard: 'onboard',
    StillOnBoard: 'onboard',
    Evacuated: 'evacuated',
    BuriedAtSea: 'buriedAtSea',
    Buried: 'buriedAtSea',
  },
  CODE_UNKNOWN,
);
