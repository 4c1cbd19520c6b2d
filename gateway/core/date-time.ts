/** Dates and times as text, read without a regular expression: on the path of every declaration. Proleptic Gregorian calendar. */
export interface ParsedDateTime {
  /** The clock time read as if it were UTC, in milliseconds since 1970. */
  clockMs: number;
  /** Minutes east of UTC that the text names; absent when it names no zone. */
  offsetMinutes?: number;
}

const DAY_MS = 86_400_000;
const daysInMonth = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * `YYYY-MM-DDTHH:mm[:ss[.f…]][Z|±HH:mm|±HHmm|±HH]`, with digits of a second beyond milliseconds cut. 24:00:00 is the end of its day
 * (XML Schema part 2 §3.2.7). No leap second, no year before 0001 or after 9999. Undefined when the text is none.
 */
export function parseDateTime(text: string): ParsedDateTime | undefined {
  const dayMs = parseDay(text);
  const separator = text.charCodeAt(10);
  if (dayMs === undefined || (separator !== 0x54 && separator !== 0x74) || text.charCodeAt(13) !== 0x3a) return undefined;
  const hour = digits(text, 11, 2);
  const minute = digits(text, 14, 2);
  let second = 0;
  let millisecond = 0;
  let fraction = false;
  let at = 16;
  if (text.charCodeAt(at) === 0x3a) {
    second = digits(text, 17, 2);
    at = 19;
    if (text.charCodeAt(at) === 0x2e) {
      at++;
      const begin = at;
      for (let weight = 100; isDigit(text.charCodeAt(at)); at++, weight = Math.floor(weight / 10)) {
        const digit = text.charCodeAt(at) - 0x30;
        millisecond += digit * weight;
        if (digit !== 0) fraction = true;
      }
      if (at === begin) return undefined;
    }
  }
  if (!(hour >= 0 && hour <= 24 && minute >= 0 && minute <= 59 && second >= 0 && second <= 59)) return undefined;
  if (hour === 24 && (minute > 0 || second > 0 || fraction)) return undefined;
  const clockMs = dayMs + ((hour * 60 + minute) * 60 + second) * 1000 + millisecond;
  if (at === text.length) return { clockMs };
  const offsetMinutes = parseOffset(text, at);
  return offsetMinutes === undefined ? undefined : { clockMs, offsetMinutes };
}

function parseOffset(text: string, at: number): number | undefined {
  const sign = text.charCodeAt(at);
  const rest = text.length - at;
  if (sign === 0x5a || sign === 0x7a) return rest === 1 ? 0 : undefined;
  if (sign !== 0x2b && sign !== 0x2d) return undefined;
  const hours = digits(text, at + 1, 2);
  const minutes = rest === 3 ? 0 : rest === 5 ? digits(text, at + 3, 2) : rest === 6 && text[at + 3] === ':' ? digits(text, at + 4, 2) : -1;
  // XML Schema part 2 §3.2.7.3: at most 14 hours.
  if (hours < 0 || minutes < 0 || minutes > 59 || hours * 60 + minutes > 14 * 60) return undefined;
  return (sign === 0x2d ? -1 : 1) * (hours * 60 + minutes);
}

/** `YYYY-MM-DD`, a day of the calendar. */
export function isDate(text: string): boolean {
  return text.length === 10 && parseDay(text) !== undefined;
}

/** The first ten characters as a day, in milliseconds since 1970. */
function parseDay(text: string): number | undefined {
  if (text.charCodeAt(4) !== 0x2d || text.charCodeAt(7) !== 0x2d) return undefined;
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 2);
  const day = digits(text, 8, 2);
  if (year < 1 || month < 1 || month > 12 || day < 1) return undefined;
  const leap = month === 2 && (year % 4 === 0 ? (year % 100 !== 0 || year % 400 === 0 ? 1 : 0) : 0);
  if (day > (daysInMonth[month - 1] ?? 0) + Number(leap)) return undefined;
  return daysSince1970(year, month, day) * DAY_MS;
}

/** Days by the civil-from-days arithmetic (years start in March). `Date.UTC` would read years below 100 as 19xx. */
function daysSince1970(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468;
}

/** The number of `count` digits, or -1. */
function digits(text: string, at: number, count: number): number {
  let value = 0;
  for (let i = at; i < at + count; i++) {
    const unit = text.charCodeAt(i);
    if (!isDigit(unit)) return -1;
    value = value * 10 + unit - 0x30;
  }
  return value;
}

function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39;
}

/** `YYYY-MM-DDTHH:mm:ssZ`, milliseconds only when not zero. Undefined outside the years 0001 to 9999. */
export function formatUtc(ms: number): string | undefined {
  const text = ms >= -62_135_596_800_000 && ms < 253_402_300_800_000 ? new Date(ms).toISOString() : undefined;
  return text?.endsWith('.000Z') ? `${text.slice(0, 19)}Z` : text;
}

/** The form that times of a valid declaration have: UTC, with milliseconds only when not zero. */
export function isUtcDateTime(text: string): boolean {
  if (text.charCodeAt(text.length - 1) !== 0x5a || (text.length !== 20 && text.length !== 24)) return false;
  return parseDateTime(text) !== undefined && text.charCodeAt(11) !== 0x74;
}

/** Milliseconds since 1970 of a time with a zone; undefined for anything else. */
export function instantOf(text: string | undefined): number | undefined {
  const parsed = text === undefined ? undefined : parseDateTime(text);
  return parsed?.offsetMinutes === undefined ? undefined : parsed.clockMs - parsed.offsetMinutes * 60_000;
}
