import { declarationShape, type Field, type Shape } from './declaration-shape';
import { isComposed, isInOneForm, plain } from './normalise';

/**
 * The short way of nearly every declaration: what needs no normalising is found to be so and written as JSON in one pass, less
 * than half of what `normalise`, `JSON.stringify` and its bytes cost (test/bench/micro/wire/validate.bench.ts). It gives the bytes of
 * `JSON.stringify(candidate)`, or undefined where `normalise` might change or tell anything, or the schema finds a fault for sure: then
 * those have the word. Its test holds it against them.
 */
export function writeIfNormal(candidate: Record<string, unknown>): Uint8Array | undefined {
  at = 0;
  const isWritten = write(candidate, declarationShape);
  const bytes = isWritten ? new Uint8Array(page.subarray(0, at)) : undefined;
  if (page.length > MOST_KEPT_BYTES) turnTo(new Uint8Array(FIRST_BYTES));
  return bytes;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const DIGIT_0 = 0x30;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

const FIRST_BYTES = 65_536;
/** Between two declarations no more is kept. */
const MOST_KEPT_BYTES = 1_048_576;

/** Written here and copied when done: how long it will be is known then. */
let page = new Uint8Array(FIRST_BYTES);
let view = new DataView(page.buffer);
let at = 0;

/** Makes room for so many bytes. */
function reserve(bytes: number): void {
  if (at + bytes <= page.length) return;
  const larger = new Uint8Array(Math.max(2 * page.length, at + bytes));
  larger.set(page.subarray(0, at));
  turnTo(larger);
}

function turnTo(other: Uint8Array<ArrayBuffer>): void {
  page = other;
  view = new DataView(other.buffer);
}

/** False where it gives up; what was written then means nothing. */
function write(value: unknown, shape: Shape): boolean {
  switch (typeof value) {
    case 'string':
      return isNormal(value, shape) && writeText(value);
    case 'number':
      return shape.kind === 'other' && writeNumber(value);
    case 'boolean':
      return shape.kind === 'other' && writeAscii(value ? 'true' : 'false');
    case 'object':
      if (value === null) return false;
      if (shape.kind === 'object') return !Array.isArray(value) && writeObject(value as Record<string, unknown>, shape.fields);
      if (shape.kind === 'array') return Array.isArray(value) && writeList(value, shape.items, shape.maxItems);
      return shape.kind === 'other' && writeAsItIs(value);
    default:
      return false;
  }
}

function writeObject(source: Record<string, unknown>, fields: Map<string, Field>): boolean {
  reserve(2);
  const begin = at;
  // No enumerable member is inherited: candidates are made of literals.
  for (const key in source) {
    const field = fields.get(key);
    if (field === undefined) return false;
    const value = source[key];
    writeName(field);
    const valueAt = at;
    if (!write(value, field.shape)) return false;
    // An empty object or list is left out unless it says something.
    if (at === valueAt + 2 && typeof value === 'object' && !field.keepEmpty) return false;
  }
  if (at === begin) at++;
  // In place of the comma before the first name.
  page[begin] = OPEN_BRACE;
  return writeByte(CLOSE_BRACE);
}

function writeList(source: readonly unknown[], items: Shape, maxItems: number): boolean {
  if (source.length > maxItems) return false;
  writeByte(OPEN_BRACKET);
  for (let i = 0; i < source.length; i++) {
    if (i > 0) writeByte(COMMA);
    if (!write(source[i], items)) return false;
  }
  return writeByte(CLOSE_BRACKET);
}

/** True where only its characters can be in the way. */
function isNormal(value: string, { kind }: Shape): boolean {
  switch (kind) {
    case 'text':
      return true;
    case 'dateTime':
      return isInOneForm(value);
    case 'date':
      return value.length === 10;
    case 'unLocode':
      return value.length === 5;
    case 'unNumber':
      return value.length <= 4;
    case 'object':
    case 'array':
    case 'other':
      return false;
  }
}

/** One pass: as it is encoded it is seen whether it is NFC without white space around it (`plain` of normalise.ts). */
function writeText(value: string): boolean {
  const { length } = value;
  if (length > 0 && (isWhite(value.charCodeAt(0)) || isWhite(value.charCodeAt(length - 1)))) return false;
  reserve(3 * length + 2);
  const bytes = page;
  let to = at;
  bytes[to++] = QUOTE;
  for (let i = 0; i < length; i++) {
    const unit = value.charCodeAt(i);
    if (unit < 0x80) {
      if (unit === QUOTE || unit === BACKSLASH) bytes[to++] = BACKSLASH;
      else if (unit < 0x20) return writeAsItIs(value);
      bytes[to++] = unit;
    } else if (unit < 0x300) {
      bytes[to++] = 0xc0 | (unit >> 6);
      bytes[to++] = 0x80 | (unit & 0x3f);
    } else if (isComposed(unit)) {
      bytes[to++] = 0xe0 | (unit >> 12);
      bytes[to++] = 0x80 | ((unit >> 6) & 0x3f);
      bytes[to++] = 0x80 | (unit & 0x3f);
    } else {
      return plain(value) === value && writeAsItIs(value);
    }
  }
  bytes[to++] = QUOTE;
  at = to;
  return true;
}

/** What `trim` takes away, of the characters that are encoded here. */
function isWhite(unit: number): boolean {
  return unit === 0x20 || (unit >= 0x09 && unit <= 0x0d) || unit === 0xa0;
}

function writeNumber(value: number): boolean {
  if (value < 0 || value >= 1_000_000 || !Number.isInteger(value)) return Number.isFinite(value) && writeAscii(String(value));
  let digits = 1;
  for (let bound = 10; value >= bound; bound *= 10) digits++;
  reserve(digits);
  let rest = value;
  for (let place = at + digits - 1; place >= at; place--) {
    page[place] = DIGIT_0 + (rest % 10);
    rest = Math.trunc(rest / 10);
  }
  at += digits;
  return true;
}

/** Control characters, characters that were composed by whoever sent them, and what stands under `extensions`. */
function writeAsItIs(value: unknown): boolean {
  const bytes = Buffer.from(JSON.stringify(value));
  reserve(bytes.length);
  page.set(bytes, at);
  at += bytes.length;
  return true;
}

function writeAscii(text: string): boolean {
  const { length } = text;
  reserve(length);
  const bytes = page;
  const to = at;
  for (let i = 0; i < length; i++) bytes[to + i] = text.charCodeAt(i);
  at = to + length;
  return true;
}

/** Four bytes at a time: names are most of a declaration. What is written too much is written over. */
function writeName({ nameWords, nameBytes }: Field): void {
  reserve(4 * nameWords.length);
  const words = view;
  const to = at;
  for (let i = 0; i < nameWords.length; i++) words.setInt32(to + 4 * i, nameWords[i] as number, true);
  at = to + nameBytes;
}

function writeByte(byte: number): boolean {
  reserve(1);
  page[at++] = byte;
  return true;
}
