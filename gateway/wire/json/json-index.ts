/**
 * One strict pass over JSON bytes (RFC 8259): finds the first fault of grammar, every repeated key, and where each value stands.
 *
 * Slow by design: only run when a fault needs a position. The common case never comes here (strict-json.ts).
 * Refuses to know what the values mean.
 */
export interface JsonIndex {
  /** First fault of grammar or past a limit: nothing behind it was looked at. */
  fault?: { kind: 'malformed' | 'limit'; offset: number; expected: string };
  /** Keys that occur a second time in their object; offsets of the second key. At most `maxFindings`. */
  duplicates: { node: number; offset: number }[];
  /** Numbers that no double holds. */
  numbers: number[];
  /** Nodes whose string, or whose key, has characters that are not accepted. */
  texts: number[];
  /** Keys that would reach a prototype in careless code. */
  protoKeys: number[];
  /** Number of values. */
  length: number;
  /** Offset of the value of a node. */
  offsetOf(node: number): number;
  /** The JSON Pointer of a node. */
  pointerOf(node: number): string;
  /** The deepest node on the way of a pointer that is in the document. */
  nearest(pointer: string): number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Text as long as a pointer needs: a hostile key is not repeated in full in an answer. */
const MAX_KEY_CHARACTERS = 100;

export function isPrototypeKey(key: string): boolean {
  return key === '__proto__' || key === 'constructor' || key === 'prototype';
}

/** Tab, line feed and carriage return are text; other controls, lone surrogates and the two non-characters of XML are not. */
export function isAcceptedText(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x20) {
      if (unit !== 0x09 && unit !== 0x0a && unit !== 0x0d) return false;
    } else if (unit >= 0x7f && (unit < 0xa0 || unit >= 0xd800)) {
      if (unit < 0xa0 || unit === 0xfffe || unit === 0xffff) return false;
      if (unit >= 0xd800 && unit <= 0xdfff) {
        const next = text.charCodeAt(i + 1);
        if (unit > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) return false;
        i++;
      }
    }
  }
  return true;
}

export function indexJson(bytes: Buffer, start: number, limits: { maxDepth: number; maxValues: number; maxFindings: number }): JsonIndex {
  // One entry a value, in document order; `ends` is the index behind the value's subtree, so a sibling is one step away.
  let offsets = new Int32Array(1024);
  let keyStarts = new Int32Array(1024);
  let keyEnds = new Int32Array(1024);
  let ends = new Int32Array(1024);
  let parents = new Int32Array(1024);
  let length = 0;
  let at = start;
  // One character a byte: slices of it cost nothing, where decoding each key would dominate.
  const raw = bytes.toString('latin1');
  const duplicates: JsonIndex['duplicates'] = [];
  const numbers: number[] = [];
  const texts: number[] = [];
  const protoKeys: number[] = [];
  /** Nodes whose key is written with an escape. */
  const escapedKeys = new Set<number>();

  class Fault extends Error {
    readonly kind: 'malformed' | 'limit';
    readonly offset: number;
    constructor(kind: 'malformed' | 'limit', offset: number, expected: string) {
      super(expected);
      this.kind = kind;
      this.offset = offset;
    }
  }
  const malformed = (expected: string, offset = at): Fault => new Fault('malformed', offset, expected);

  function grow(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
    const larger = new Int32Array(array.length * 2);
    larger.set(array);
    return larger;
  }

  function open(parent: number, keyStart: number, keyEnd: number): number {
    if (length >= limits.maxValues) throw new Fault('limit', at, `at most ${limits.maxValues} values`);
    if (length === offsets.length) {
      offsets = grow(offsets);
      keyStarts = grow(keyStarts);
      keyEnds = grow(keyEnds);
      ends = grow(ends);
      parents = grow(parents);
    }
    offsets[length] = at;
    keyStarts[length] = keyStart;
    keyEnds[length] = keyEnd;
    parents[length] = parent;
    return length++;
  }

  function skipSpace(): void {
    for (;;) {
      const byte = bytes[at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      at++;
    }
  }

  /** Behind the closing quote afterwards. True when the text has an escape or a byte beyond printable ASCII. */
  function readString(): boolean {
    let special = false;
    at++;
    for (;;) {
      const byte = bytes[at];
      if (byte === undefined) throw malformed('a closing quote');
      if (byte === QUOTE) break;
      if (byte < 0x20) throw malformed('no raw control character in a string');
      if (byte >= 0x7f) special = true;
      else if (byte === BACKSLASH) {
        special = true;
        at++;
        switch (bytes[at]) {
          case QUOTE:
          case BACKSLASH:
          case 0x2f: // /
          case 0x62: // b
          case 0x66: // f
          case 0x6e: // n
          case 0x72: // r
          case 0x74: // t
            break;
          case 0x75: // u
            for (let i = 1; i <= 4; i++) if (!isHexDigit(bytes[at + i])) throw malformed('four hexadecimal digits', at + i);
            at += 4;
            break;
          default:
            throw malformed('an escape of JSON');
        }
      }
      at++;
    }
    at++;
    return special;
  }

  function digits(): void {
    if (!isDigit(bytes[at])) throw malformed('a digit');
    while (isDigit(bytes[at])) at++;
  }

  function readNumber(node: number): void {
    const begin = at;
    if (bytes[at] === 0x2d) at++;
    if (bytes[at] === 0x30) at++;
    else digits();
    let whole = true;
    if (bytes[at] === 0x2e) {
      whole = false;
      at++;
      digits();
    }
    if (bytes[at] === 0x65 || bytes[at] === 0x45) {
      whole = false;
      at++;
      if (bytes[at] === 0x2b || bytes[at] === 0x2d) at++;
      digits();
    }
    if ((whole && at - begin < 16) || numbers.length >= limits.maxFindings) return;
    const value = Number(raw.slice(begin, at));
    if (!Number.isFinite(value) || (whole && !Number.isSafeInteger(value))) numbers.push(node);
  }

  function readWord(word: string): void {
    for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word.charCodeAt(i)) throw malformed(`the word ${word}`, at + i);
    at += word.length;
  }

  function readValue(parent: number, depth: number, keyStart: number, keyEnd: number): void {
    const node = open(parent, keyStart, keyEnd);
    const byte = bytes[at];
    if (byte === QUOTE) {
      if (readString() && texts.length < limits.maxFindings && !isAcceptedText(textOf(offsets[node] ?? 0, at))) texts.push(node);
    } else if (byte === 0x7b) {
      if (depth >= limits.maxDepth) throw new Fault('limit', at, `at most ${limits.maxDepth} levels`);
      readObject(node, depth + 1);
    } else if (byte === 0x5b) {
      if (depth >= limits.maxDepth) throw new Fault('limit', at, `at most ${limits.maxDepth} levels`);
      readArray(node, depth + 1);
    } else if (byte === 0x74) readWord('true');
    else if (byte === 0x66) readWord('false');
    else if (byte === 0x6e) readWord('null');
    else if (byte === 0x2d || isDigit(byte)) readNumber(node);
    else throw malformed('a value');
    ends[node] = length;
  }

  function readObject(node: number, depth: number): void {
    const keys = new Set<string>();
    at++;
    skipSpace();
    if (bytes[at] === 0x7d) {
      at++;
      return;
    }
    for (;;) {
      if (bytes[at] !== QUOTE) throw malformed('a key in quotes');
      const keyStart = at;
      const special = readString();
      const keyEnd = at;
      const key = special ? textOf(keyStart, keyEnd) : raw.slice(keyStart + 1, keyEnd - 1);
      const child = length;
      const { size } = keys;
      keys.add(key);
      if (keys.size === size && duplicates.length < limits.maxFindings) duplicates.push({ node: child, offset: keyStart });
      if (special && raw.slice(keyStart, keyEnd).includes('\\')) escapedKeys.add(child);
      if (isPrototypeKey(key)) {
        if (protoKeys.length < limits.maxFindings) protoKeys.push(child);
      } else if (special && texts.length < limits.maxFindings && !isAcceptedText(key)) texts.push(child);
      skipSpace();
      if (bytes[at] !== 0x3a) throw malformed('a colon');
      at++;
      skipSpace();
      readValue(node, depth, keyStart, keyEnd);
      skipSpace();
      if (bytes[at] === 0x7d) break;
      if (bytes[at] !== 0x2c) throw malformed('a comma or a closing brace');
      at++;
      skipSpace();
    }
    at++;
  }

  function readArray(node: number, depth: number): void {
    at++;
    skipSpace();
    if (bytes[at] === 0x5d) {
      at++;
      return;
    }
    for (;;) {
      readValue(node, depth, -1, -1);
      skipSpace();
      if (bytes[at] === 0x5d) break;
      if (bytes[at] !== 0x2c) throw malformed('a comma or a closing bracket');
      at++;
      skipSpace();
    }
    at++;
  }

  /** The string between two quotes, escapes undone. */
  function textOf(from: number, to: number): string {
    const text = bytes.toString('utf8', from + 1, to - 1);
    return text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text;
  }

  function keyOf(node: number): string | undefined {
    const keyStart = keyStarts[node] ?? -1;
    if (keyStart < 0) return undefined;
    const keyEnd = keyEnds[node] ?? 0;
    const key = raw.slice(keyStart + 1, keyEnd - 1);
    return isPlainKey(key) ? key : textOf(keyStart, keyEnd);
  }

  // Entries are listed once a list, so that many faults in a huge one stay linear in its size.
  const childLists = new Map<number, Int32Array>();

  function childrenOf(parent: number): Int32Array {
    const known = childLists.get(parent);
    if (known !== undefined) return known;
    let count = 0;
    for (let child = parent + 1; child < (ends[parent] ?? 0); child = ends[child] ?? length) count++;
    const children = new Int32Array(count);
    for (let child = parent + 1, i = 0; child < (ends[parent] ?? 0); child = ends[child] ?? length) children[i++] = child;
    childLists.set(parent, children);
    return children;
  }

  /** Compares bytes where a key has no escape; decoding each key of a huge object would dominate. */
  function childByKey(parent: number, key: string): number | undefined {
    const plain = Buffer.from(key).toString('latin1');
    for (let child = parent + 1; child < (ends[parent] ?? 0); child = ends[child] ?? length) {
      const from = (keyStarts[child] ?? 0) + 1;
      const to = (keyEnds[child] ?? 0) - 1;
      if (to - from === plain.length && raw.startsWith(plain, from)) return child;
      if (to - from > plain.length && escapedKeys.has(child) && textOf(from - 1, to + 1) === key) return child;
    }
    return undefined;
  }

  function positionIn(parent: number, node: number): number {
    const children = childrenOf(parent);
    let low = 0;
    let high = children.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((children[middle] ?? 0) < node) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  function pointerOf(node: number): string {
    let pointer = '';
    for (let child = node; child > 0; child = parents[child] ?? 0) {
      pointer = `/${escapeToken(keyOf(child) ?? String(positionIn(parents[child] ?? 0, child)))}${pointer}`;
    }
    return pointer;
  }

  function nearest(pointer: string): number {
    let node = 0;
    if (pointer === '') return node;
    for (const token of pointer.slice(1).split('/')) {
      const inArray = bytes[offsets[node] ?? 0] === 0x5b;
      const child = inArray
        ? /^\d{1,9}$/.test(token)
          ? childrenOf(node)[Number(token)]
          : undefined
        : childByKey(node, token.replaceAll('~1', '/').replaceAll('~0', '~'));
      if (child === undefined) break;
      node = child;
    }
    return node;
  }

  let fault: JsonIndex['fault'];
  try {
    skipSpace();
    readValue(-1, 0, -1, -1);
    skipSpace();
    if (at < bytes.length) throw malformed('the end of the document');
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    fault = { kind: error.kind, offset: error.offset, expected: error.message };
  }
  return {
    ...(fault === undefined ? {} : { fault }),
    duplicates,
    numbers,
    texts,
    protoKeys,
    length,
    offsetOf: (node) => offsets[node] ?? start,
    pointerOf,
    nearest,
  };
}

/** RFC 6901 §3; shortened, since the token may be a hostile key. */
export function escapeToken(token: string): string {
  const short = token.length > MAX_KEY_CHARACTERS ? `${token.slice(0, MAX_KEY_CHARACTERS)}…` : token;
  // A lone surrogate cannot be sent back: U+FFFD instead.
  return Buffer.from(short).toString().replaceAll('~', '~0').replaceAll('/', '~1');
}

function isPlainKey(latin1: string): boolean {
  for (let i = 0; i < latin1.length; i++) {
    const byte = latin1.charCodeAt(i);
    if (byte >= 0x7f || byte === BACKSLASH) return false;
  }
  return true;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

function isHexDigit(byte: number | undefined): boolean {
  return isDigit(byte) || (byte !== undefined && ((byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66)));
}
