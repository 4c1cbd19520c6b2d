import { isUtf8 } from 'node:buffer';
import { problem } from '../../core/problem-catalogue';
import type { Problem } from '../../core/problem';
import type { SourcePosition } from '../reading';
import { indexJson, isPrototypeKey, type JsonIndex } from './json-index';
import { lineMapOf, type LineMap } from './line-map';

export interface JsonLimits {
  /** Levels of objects and arrays. */
  maxDepth: number;
  /** Values of any kind, as XML is bounded in elements: a parser's work and memory go with these, not with bytes. */
  maxValues: number;
  /** Faults of one kind that are listed. */
  maxFindings: number;
}

export interface StrictJson {
  value: unknown;
  /** The text, where it is just what `JSON.stringify` writes for the value. */
  text?: string;
  /** Faults in content (422): numbers no double holds, text that is not accepted, keys that reach a prototype. */
  problems: Problem[];
  /** Where a JSON Pointer stands, or the nearest ancestor of it that is in the document. */
  locate(pointer: string): SourcePosition;
}

const defaultLimits: JsonLimits = { maxDepth: 64, maxValues: 1_000_000, maxFindings: 200 };

/**
 * Reads JSON as RFC 8259 and RFC 7493 (I-JSON) want it: UTF-8, no repeated key, no number out of a double's range, no lone
 * surrogate. What `JSON.parse` forgives silently is a fault here.
 *
 * The good case costs one scan of the bytes, one `JSON.parse` and one walk that counts keys; only when these disagree is the
 * document read again, slowly, for positions.
 *
 * Unreadable: `json-malformed`, `json-duplicate-key`, `json-limit`, `encoding-invalid` (400), `charset-unsupported` (415).
 */
export function readStrictJson(bytes: Buffer, limits: JsonLimits = defaultLimits): StrictJson | { unreadable: Problem[] } {
  if (looksLikeUtf16(bytes)) return { unreadable: [problem('charset-unsupported')] };
  const start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  if (!isUtf8(bytes)) {
    const offset = firstInvalidUtf8(bytes);
    return { unreadable: [problem('encoding-invalid', lineMapOf(bytes.subarray(0, offset + 1), start).positionOf(offset))] };
  }

  const scan = scanBytes(bytes, start, limits);
  let index: JsonIndex | undefined;
  let lines: LineMap | undefined;
  const indexOf = (): JsonIndex => (index ??= indexJson(bytes, start, limits));
  const positionOf = (offset: number): SourcePosition => (lines ??= lineMapOf(bytes, start)).positionOf(offset);
  const locate = (pointer: string): SourcePosition => positionOf(indexOf().offsetOf(indexOf().nearest(pointer)));

  // A document past a limit is refused before anything is built of it.
  if (scan.crowded && indexOf().fault !== undefined) return judge(indexOf(), undefined, locate, positionOf);
  let value: unknown;
  let text = '';
  let parsed = false;
  let keys: KeyCount = { total: 0, prototype: false };
  try {
    text = bytes.toString('utf8', start);
    value = JSON.parse(text) as unknown;
    parsed = true;
    keys = countKeys(value);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }

  if (parsed && !scan.suspicious && keys.total === scan.colons && !keys.prototype) {
    return { value, ...(scan.compact ? { text } : {}), problems: [], locate };
  }
  return judge(indexOf(), value, locate, positionOf);
}

function judge(
  index: JsonIndex,
  value: unknown,
  locate: StrictJson['locate'],
  positionOf: (offset: number) => SourcePosition,
): StrictJson | { unreadable: Problem[] } {
  const { fault } = index;
  if (fault !== undefined) {
    const place = positionOf(fault.offset);
    if (fault.kind === 'limit') {
      const detail = {
        en: `The JSON exceeds a limit: ${fault.expected}.`,
        vi: 'JSON vượt quá giới hạn: tối đa 64 cấp và 1.000.000 giá trị.',
      };
      return { unreadable: [problem('json-limit', place, detail)] };
    }
    const detail = {
      en: `The JSON is not well formed: expected ${fault.expected}.`,
      vi: 'JSON không đúng cú pháp tại vị trí này.',
    };
    return { unreadable: [problem('json-malformed', place, detail)] };
  }
  if (index.duplicates.length > 0)
    return {
      unreadable: index.duplicates.map(({ node, offset }) =>
        problem('json-duplicate-key', { pointer: index.pointerOf(node), ...positionOf(offset) }),
      ),
    };
  const at = (node: number): { pointer: string } & SourcePosition => ({
    pointer: index.pointerOf(node),
    ...positionOf(index.offsetOf(node)),
  });
  const problems = [
    ...index.numbers.map((node) => problem('number-out-of-range', at(node))),
    ...index.texts.map((node) => problem('text-invalid', at(node))),
    ...index.protoKeys.map((node) => problem('unknown-property', at(node))),
  ];
  if (index.protoKeys.length > 0) dropPrototypeKeys(value);
  return { value, problems, locate };
}

/** UTF-16 and UTF-32 show in the first bytes: a mark, or zeros beside ASCII characters (RFC 4627 §3). */
function looksLikeUtf16(bytes: Buffer): boolean {
  const [first, second, third, fourth] = bytes;
  if ((first === 0xfe && second === 0xff) || (first === 0xff && second === 0xfe)) return true;
  if (bytes.length % 2 !== 0) return false;
  return first === 0 ? third === 0 : second === 0 && fourth === 0;
}

interface ByteScan {
  /** Too deep, or perhaps more values than are allowed. */
  crowded: boolean;
  /** Keys in the text. */
  colons: number;
  /** Something that needs the slow reading: a large number, an escape or a character that may not be accepted. */
  suspicious: boolean;
  /** Sure to be as `JSON.stringify` would write it, if it is JSON without repeated keys. */
  compact: boolean;
}

/**
 * Forgiving of grammar (JSON.parse judges that), exact on depth and on the number of keys. A loop over bytes: no allocation.
 */
function scanBytes(bytes: Buffer, start: number, { maxDepth, maxValues }: JsonLimits): ByteScan {
  const { length } = bytes;
  let depth = 0;
  let colons = 0;
  // Openings and commas: at least as many as values, less one.
  let marks = 0;
  let suspicious = false;
  let compact = true;
  let at = start;
  while (at < length) {
    const byte = bytes[at++] as number;
    if (byte === 0x22) {
      const begin = at;
      while (at < length) {
        const inner = bytes[at++] as number;
        if (inner === 0x22) {
          // Keys that are numbers change places.
          if (bytes[at] === 0x3a && isDigit(bytes[begin])) compact = false;
          break;
        }
        if (inner === 0x5c) {
          compact = false;
          // An escaped letter is only of interest as \u00xx, \uD8xx–\uDFxx, \uFFFx; \b and \f are controls.
          const escaped = bytes[at++];
          if (escaped === 0x75) {
            const high = bytes[at] as number;
            if (high === 0x30 || high === 0x64 || high === 0x44 || high === 0x66 || high === 0x46) suspicious = true;
          } else if (escaped === 0x62 || escaped === 0x66) suspicious = true;
        } else if (inner >= 0x7f) {
          if (inner === 0x7f || (inner === 0xc2 && (bytes[at] as number) < 0xa0) || (inner === 0xef && bytes[at] === 0xbf))
            suspicious = true;
        }
      }
    } else if (byte === 0x7b || byte === 0x5b) {
      marks++;
      if (++depth > maxDepth) return { crowded: true, colons, suspicious: true, compact: false };
    } else if (byte === 0x7d || byte === 0x5d) depth--;
    else if (byte === 0x2c) marks++;
    else if (byte === 0x3a) colons++;
    else if (byte >= 0x30 && byte <= 0x39) {
      // Up to 15 characters without an exponent cannot be out of range, and are what a double of them is written as, but for
      // zeros at the end of a fraction, a minus before zero, and fractions so small that they get an exponent.
      const begin = at;
      let fraction = false;
      while (at < length) {
        const inner = bytes[at] as number;
        if (inner === 0x65 || inner === 0x45) suspicious = true;
        else if (inner === 0x2e) fraction = true;
        else if (inner < 0x30 || inner > 0x39) break;
        at++;
      }
      if (at - begin > 14) suspicious = true;
      if (fraction && bytes[at - 1] === 0x30) compact = false;
      else if (byte === 0x30 && (bytes[begin - 2] === 0x2d || (fraction && bytes[begin + 1] === 0x30))) compact = false;
    } else if (byte <= 0x20) compact = false;
  }
  return { crowded: marks >= maxValues, colons, suspicious, compact };
}

interface KeyCount {
  total: number;
  prototype: boolean;
}

/** A repeated key shows as fewer keys in the value than colons in the text. Depth is bounded by the scan. */
function countKeys(value: unknown): KeyCount {
  const count: KeyCount = { total: 0, prototype: false };
  count.total = countInto(value, count);
  return count;
}

function countInto(value: unknown, count: KeyCount): number {
  if (value === null || typeof value !== 'object') return 0;
  let total = 0;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item: unknown = value[i];
      if (item !== null && typeof item === 'object') total += countInto(item, count);
    }
    return total;
  }
  const members = value as Record<string, unknown>;
  // What JSON.parse makes inherits nothing that is enumerable.
  for (const key in members) {
    total++;
    if ((key.length === 9 || key.length === 11) && isPrototypeKey(key)) count.prototype = true;
    const member = members[key];
    if (member !== null && typeof member === 'object') total += countInto(member, count);
  }
  return total;
}

/** `JSON.parse` makes own properties of these; no later copy may set a prototype with them. */
function dropPrototypeKeys(value: unknown): void {
  if (value === null || typeof value !== 'object') return;
  if (Array.isArray(value)) {
    for (const item of value) dropPrototypeKeys(item);
    return;
  }
  const members = value as Record<string, unknown>;
  for (const key of Object.keys(members))
    if (isPrototypeKey(key)) Reflect.deleteProperty(members, key);
    else dropPrototypeKeys(members[key]);
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

/** Offset of the first byte that is not part of well-formed UTF-8 (Unicode table 3-7); the length when all are. */
export function firstInvalidUtf8(bytes: Buffer): number {
  let at = 0;
  while (at < bytes.length) {
    const lead = bytes[at] as number;
    const width =
      lead < 0x80 ? 1 : lead >= 0xc2 && lead <= 0xdf ? 2 : lead >= 0xe0 && lead <= 0xef ? 3 : lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
    if (width === 0 || (width > 1 && !isUtf8(bytes.subarray(at, at + width))) || at + width > bytes.length) return at;
    at += width;
  }
  return at;
}
