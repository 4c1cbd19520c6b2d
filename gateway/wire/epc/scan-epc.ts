import { isUtf8 } from 'node:buffer';
import { EPC, NO_NAMESPACE, NOT_ASCII, NOT_LITERAL, type ElementTable } from './element-table';
import { EPC_NAMESPACE, epcNames } from './epc-elements';
import {
  MAX_XML_ATTRIBUTES,
  MAX_XML_DEPTH,
  MAX_XML_ELEMENTS,
  MAX_XML_TEXT_BYTES,
  SCHEMA_INSTANCE,
  XML_NAMESPACE,
  XMLNS_NAMESPACE,
} from './strict-xml';

/**
 * The fast reading of plain messages: one pass over the bytes into an `ElementTable`, 14 times as fast as the strict reader for a
 * typical message (22 against 310 µs; test/bench/micro/wire/epc.bench.ts). Plain is what senders write: names of EPC, values, the
 * five references of XML, namespaces declared at the root. For everything else, be it right or wrong, it answers that it does not
 * know, and the strict reader has the word: it alone refuses a document and says why. Where the scanner answers, its table is that
 * of the strict reader (scan-epc.test.ts holds them against each other).
 */

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const AMPERSAND = 0x26;
const SLASH = 0x2f;
const COLON = 0x3a;
const LT = 0x3c;
const GT = 0x3e;
const RIGHT_BRACKET = 0x5d;

const isSpace = bytesSet([SPACE, TAB, LF, CR]);
const isNameByte = bytesSet(Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_'));
/** Bytes that say nothing but themselves in a value. */
const isPlain = new Uint8Array(256).fill(1, SPACE, 0x80);
for (const byte of [TAB, LF]) isPlain[byte] = 1;
for (const byte of [LT, GT, AMPERSAND]) isPlain[byte] = 0;

function bytesSet(bytes: Iterable<number>): Uint8Array {
  const set = new Uint8Array(256);
  for (const byte of bytes) set[byte] = 1;
  return set;
}

// -- the names of EPC: each has a number, and its bytes stand in rows of equal length

const NAME_BYTES = 64;
const nameLengths = Uint8Array.from(epcNames, (name) => name.length);
const nameBytes = Buffer.alloc(epcNames.length * NAME_BYTES);
for (const [id, name] of epcNames.entries()) nameBytes.write(name, id * NAME_BYTES, 'latin1');
const nameView = viewOf(nameBytes);
/** The name that stood behind a name when it was last seen, in any message: mostly it does so again. Only ever a guess. */
const followers = new Uint16Array(epcNames.length);

/** Numbers of names by a hash of their bytes, with open addressing; -1 is free. */
const SLOTS = 2_048;
const slots = new Int16Array(SLOTS).fill(-1);
for (const [id, name] of epcNames.entries()) {
  let slot = slotOf(nameBytes, id * NAME_BYTES, name.length);
  while (slots[slot] !== -1) slot = (slot + 1) % SLOTS;
  slots[slot] = id;
}

function slotOf(bytes: Buffer, start: number, length: number): number {
  let hash = 0;
  for (let at = start; at < start + length; at++) hash = (Math.imul(hash, 31) + (bytes[at] ?? 0)) | 0;
  return (hash ^ (hash >>> 11)) & (SLOTS - 1);
}

/** The number of the name that stands there in full, or -1. */
function nameAt(bytes: Buffer, view: DataView, start: number): number {
  const length = nameEnd(bytes, start) - start;
  for (let slot = slotOf(bytes, start, length); ; slot = (slot + 1) % SLOTS) {
    const id = slots[slot] ?? -1;
    if (id === -1 || (nameLengths[id] === length && isSame(view, start, nameView, id * NAME_BYTES, length))) return id;
  }
}

function nameEnd(bytes: Buffer, start: number): number {
  let at = start;
  while (at < bytes.length && isNameByte[bytes[at] ?? 0] === 1) at++;
  return at;
}

/** Four bytes at a time; the last four overlap those before. */
function isSame(one: DataView, oneStart: number, other: DataView, otherStart: number, length: number): boolean {
  if (length < 4) {
    for (let i = 0; i < length; i++) if (one.getUint8(oneStart + i) !== other.getUint8(otherStart + i)) return false;
    return true;
  }
  const last = length - 4;
  for (let i = 0; i < last; i += 4) if (one.getInt32(oneStart + i) !== other.getInt32(otherStart + i)) return false;
  return one.getInt32(oneStart + last) === other.getInt32(otherStart + last);
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

// Of the elements that are open, by depth.
const openRows = new Int32Array(MAX_XML_DEPTH);
const openNameLengths = new Int32Array(MAX_XML_DEPTH);
const openDefaults = new Uint8Array(MAX_XML_DEPTH);
// As constants of this module they are compiled into the loop.
const maxDepth = MAX_XML_DEPTH;
const maxElements = MAX_XML_ELEMENTS;
const maxTextBytes = MAX_XML_TEXT_BYTES;

/**
 * True when the table has become that of the message; false when the scanner does not know what the bytes are, and the table means
 * nothing. Never throws on input; linear in the bytes.
 */
export function scanEpc(bytes: Buffer, table: ElementTable): boolean {
  let length = bytes.length;
  while (length > 0 && isSpace[bytes[length - 1] ?? 0] === 1) length--;
  // A document ends with a tag: from here on there is a byte behind every '<'.
  if (bytes[length - 1] !== GT || !isUtf8(bytes)) return false;
  const latin1 = bytes.toString('latin1');
  const view = viewOf(bytes);
  let { names, starts, ends, textStarts, textEnds, flags } = table;
  let count = 0;
  let depth = 0;
  let before = 0;
  let namespaces = NO_NAMESPACES;

  let at = endOfProlog(latin1);
  while (at < length) {
    // Everything begins here, at a '<'.
    if (bytes[at] !== LT) return false;
    if (bytes[at + 1] === SLASH) {
      // An end tag, of the element that was opened last.
      if (depth === 0) return false;
      depth--;
      const row = openRows[depth] as number;
      const nameLength = openNameLengths[depth] as number;
      at += 2;
      if (at + nameLength >= length || !isSame(view, at, view, (starts[row] as number) + 1, nameLength)) return false;
      at += nameLength;
      if (bytes[at] !== GT) return false;
      at++;
      ends[row] = count;
      if (depth === 0) break;
    } else {
      if (depth === maxDepth || count === maxElements) return false;
      if (count === starts.length) {
        table.grow();
        ({ names, starts, ends, textStarts, textEnds, flags } = table);
      }
      const row = count;
      count++;
      starts[row] = at;
      at++;
      const nameStart = at;
      let name = followers[before] as number;
      const guessedEnd = at + (nameLengths[name] as number);
      const isGuessed =
        guessedEnd < length &&
        isSame(view, at, nameView, name * NAME_BYTES, guessedEnd - at) &&
        isNameByte[bytes[guessedEnd] as number] === 0 &&
        bytes[guessedEnd] !== COLON;
      let defaultNamespace = depth === 0 ? NO_NAMESPACE : (openDefaults[depth - 1] as number);
      let prefix = '';
      if (isGuessed) {
        at = guessedEnd;
      } else {
        const end = nameEnd(bytes, at);
        if (bytes[end] === COLON) {
          prefix = latin1.slice(at, end);
          at = end + 1;
        }
        name = nameAt(bytes, view, at);
        if (name === -1) return false;
        followers[before] = name;
        at += nameLengths[name] as number;
      }
      before = name;
      names[row] = name;
      const nameLength = at - nameStart;
      if (bytes[at] !== GT && bytes[at] !== SLASH) {
        const attributes = attributesAt(latin1, at, depth === 0 ? undefined : namespaces);
        if (attributes === undefined) return false;
        if (depth === 0) namespaces = attributes.namespaces;
        defaultNamespace = attributes.defaultNamespace ?? defaultNamespace;
        at = attributes.end;
      }
      let flag = defaultNamespace;
      if (prefix !== '') {
        if (!namespaces.epc.includes(prefix)) return false;
        flag = EPC;
      }
      if (bytes[at] === SLASH) {
        if (bytes[at + 1] !== GT) return false;
        at += 2;
        textStarts[row] = at;
        textEnds[row] = at;
        flags[row] = flag;
        ends[row] = count;
        if (depth === 0) break;
      } else {
        if (bytes[at] !== GT) return false;
        at++;
        openRows[depth] = row;
        openNameLengths[depth] = nameLength;
        openDefaults[depth] = defaultNamespace;
        depth++;

        // A value, or white space and the first child.
        const begin = at;
        let byte = bytes[at] as number;
        while (isSpace[byte] === 1) byte = bytes[++at] as number;
        textStarts[row] = at;
        let end = at;
        if (byte !== LT) {
          for (;;) {
            while (isPlain[byte] === 1) byte = bytes[++at] as number;
            if (byte === LT) break;
            if (byte >= 0x80) {
              // U+FFFE and U+FFFF are no characters of XML.
              if (byte === 0xef && bytes[at + 1] === 0xbf && (bytes[at + 2] as number) >= 0xbe) return false;
              flag |= NOT_ASCII;
            } else if (byte === CR || (byte === AMPERSAND && isReference(latin1, at))) {
              flag |= NOT_LITERAL;
            } else if (byte !== GT || at + 1 >= length || (bytes[at - 1] === RIGHT_BRACKET && bytes[at - 2] === RIGHT_BRACKET)) {
              return false;
            }
            byte = bytes[++at] as number;
          }
          // Text beside elements, or a comment.
          if (bytes[at + 1] !== SLASH) return false;
          end = at;
          while (isSpace[bytes[end - 1] as number] === 1) end--;
        }
        if (at - begin > maxTextBytes) return false;
        textEnds[row] = end;
        flags[row] = flag;
        continue;
      }
    }
    const begin = at;
    while (isSpace[bytes[at] as number] === 1) at++;
    if (at - begin > maxTextBytes) return false;
  }
  if (depth > 0 || count === 0 || at !== length) return false;
  table.hold(bytes, latin1, count);
  return true;
}

/** The five that name a character: others are an entity, or a character by number. */
const REFERENCES = ['amp;', 'lt;', 'gt;', 'quot;', 'apos;'];

function isReference(latin1: string, at: number): boolean {
  return REFERENCES.some((reference) => latin1.startsWith(reference, at + 1));
}

const DECLARATION = /<\?xml version=(["'])1\.0\1(?: encoding=(["'])[Uu][Tt][Ff]-8\2)?(?: standalone=(["'])(?:yes|no)\3)? ?\?>/y;

/** Where the root begins, in a document without comments before it. */
function endOfProlog(latin1: string): number {
  DECLARATION.lastIndex = 0;
  let at = DECLARATION.test(latin1) ? DECLARATION.lastIndex : 0;
  while (' \t\r\n'.includes(latin1.charAt(at)) && at < latin1.length) at++;
  return at;
}

/** What the root declares: prefixes by what they stand for. */
interface Namespaces {
  epc: string[];
  instance: string[];
}

const NO_NAMESPACES: Namespaces = { epc: [], instance: [] };
const ATTRIBUTE = /[ \t\r\n]+(?:([A-Za-z_]\w*):)?([A-Za-z_]\w*)=(?:"([ !#-%'-;=-~]*)"|'([ -%(-;=-~]*)')/y;
const END_OF_ATTRIBUTES = /[ \t\r\n]*/y;

/**
 * Namespaces and instance attributes (xsi:…), which carry nothing; undefined where there is anything else. The root, which has no
 * namespaces before, may declare prefixes.
 */
function attributesAt(
  latin1: string,
  start: number,
  declared: Namespaces | undefined,
): { namespaces: Namespaces; defaultNamespace: number | undefined; end: number } | undefined {
  const namespaces = declared ?? { epc: [], instance: [] };
  const seen: string[] = [];
  const prefixes: string[] = [];
  let defaultNamespace: number | undefined;
  ATTRIBUTE.lastIndex = start;
  let end = start;
  for (let match = ATTRIBUTE.exec(latin1); match !== null; match = ATTRIBUTE.exec(latin1)) {
    end = ATTRIBUTE.lastIndex;
    const [, prefix = '', local = '', quoted, apostrophed] = match;
    const value = quoted ?? apostrophed ?? '';
    const name = `${prefix}:${local}`;
    if (seen.includes(name) || seen.length === MAX_XML_ATTRIBUTES || value.length > MAX_XML_TEXT_BYTES) return undefined;
    seen.push(name);
    if (name === ':xmlns') {
      if (value !== '' && value !== EPC_NAMESPACE) return undefined;
      defaultNamespace = value === '' ? NO_NAMESPACE : EPC;
    } else if (prefix === 'xmlns') {
      if (declared !== undefined || /^xml/i.test(local) || RESERVED.includes(value)) return undefined;
      if (value === EPC_NAMESPACE) namespaces.epc.push(local);
      if (value === SCHEMA_INSTANCE) namespaces.instance.push(local);
    } else {
      prefixes.push(prefix);
    }
  }
  // Two prefixes of one namespace could name one attribute twice.
  const isKnown = (prefix: string): boolean => namespaces.instance.length === 1 && namespaces.instance[0] === prefix;
  if (!prefixes.every(isKnown)) return undefined;
  END_OF_ATTRIBUTES.lastIndex = end;
  END_OF_ATTRIBUTES.test(latin1);
  return { namespaces, defaultNamespace, end: END_OF_ATTRIBUTES.lastIndex };
}

const RESERVED = ['', XML_NAMESPACE, XMLNS_NAMESPACE];
