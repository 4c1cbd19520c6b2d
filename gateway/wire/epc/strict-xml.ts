import { isUtf8 } from 'node:buffer';
import { SaxesParser } from 'saxes';
import type { Problem } from '../../core/problem';
import { problem, type ProblemCode } from '../../core/problem-catalogue';
import type { SourcePosition } from '../reading';

/**
 * A strict read of XML 1.0 with namespaces into a light tree of local names. It refuses (guarantees.md §4 "XML") what an exchange of
 * declarations never needs: DOCTYPE, processing instructions, XML 1.1, other encodings than UTF-8, comments inside values. saxes
 * reads; what it takes and must not is refused in its events. Nothing is ever fetched. Knows no dialect.
 */

/** Elements inside elements; the root is 1. */
export const MAX_XML_DEPTH = 64;
export const MAX_XML_ELEMENTS = 400_000;
/** Namespace declarations count. */
export const MAX_XML_ATTRIBUTES = 32;
/** UTF-8 bytes of the text of one element, or of one attribute value. White space between elements does not count. */
export const MAX_XML_TEXT_BYTES = 65_536;
/** Names are only echoed up to here. */
const MAX_ECHOED_NAME_LENGTH = 80;

/** Instance attributes (xsi:schemaLocation, xsi:type) carry nothing of a declaration. */
export const SCHEMA_INSTANCE = 'http://www.w3.org/2001/XMLSchema-instance';
export const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace';
export const XMLNS_NAMESPACE = 'http://www.w3.org/2000/xmlns/';

const NO_CHILDREN: readonly XmlElement[] = [];

/** An element of the tree. `text` is its own text, entities resolved; white space between child elements is left out. */
export class XmlElement {
  text = '';
  children: readonly XmlElement[] = NO_CHILDREN;
  /** Its number among the siblings of the same name, from 1; 0 until somebody asks. */
  ordinal = 0;
  /** How many siblings of its name there are, itself included; 0 until somebody asks. */
  ordinalCount = 0;

  readonly local: string;
  readonly uri: string;
  readonly parent: XmlElement | undefined;
  /** Of the '<' of the start tag, in UTF-16 units of the source. */
  readonly offset: number;
  /** Number of the element in the document, from 1, in document order. */
  readonly id: number;

  constructor(local: string, uri: string, parent: XmlElement | undefined, offset: number, id: number) {
    this.local = local;
    this.uri = uri;
    this.parent = parent;
    this.offset = offset;
    this.id = id;
  }
}

export interface XmlDocument {
  root: XmlElement;
  elementCount: number;
  /** Elements that carry an attribute other than a namespace declaration, xml:… or xsi:… */
  attributed: XmlElement[];
  /** xpath, line and column (in UTF-16 units) of the start tag. Linear in the document once, then cheap. */
  locate(element: XmlElement): Required<SourcePosition>;
}

/** Thrown inside this module only: stops the parser at the first fault. */
class XmlFault extends Error {
  readonly problem: Problem;
  constructor(fault: Problem) {
    super(fault.code);
    this.problem = fault;
  }
}

/**
 * Reads the whole document, or says why it cannot be read: one problem of code `xml-malformed`, `xml-doctype`, `xml-forbidden`,
 * `xml-limit`, `encoding-invalid` or `charset-unsupported`, with line and column. Never throws on input. Bounded by the limits above
 * as it reads; the bytes themselves are bounded by the caller.
 */
export function readStrictXml(bytes: Buffer): XmlDocument | { unreadable: Problem[] } {
  try {
    return parse(decode(bytes));
  } catch (error) {
    if (error instanceof XmlFault) return { unreadable: [error.problem] };
    throw error;
  }
}

/** `/EPCMessage/EPCRequestBody/CrewList[3]/Name`: local names, [n] only where a name repeats among its siblings. */
export function xpathOf(element: XmlElement): string {
  return xpathBelow(element, undefined);
}

/** The same below an ancestor, without the leading slash. */
export function xpathWithin(element: XmlElement, ancestor: XmlElement): string {
  return xpathBelow(element, ancestor).slice(1);
}

function xpathBelow(element: XmlElement, ancestor: XmlElement | undefined): string {
  let path = '';
  for (let at: XmlElement | undefined = element; at !== undefined && at !== ancestor; at = at.parent) {
    if (at.ordinal === 0) numberChildren(at);
    const name = at.local.length > MAX_ECHOED_NAME_LENGTH ? `${at.local.slice(0, MAX_ECHOED_NAME_LENGTH)}…` : at.local;
    path = `/${name}${at.ordinalCount > 1 ? `[${at.ordinal}]` : ''}${path}`;
  }
  return path;
}

/** All siblings at once, so that many faults below one parent stay linear. */
function numberChildren(element: XmlElement): void {
  if (element.parent === undefined) {
    element.ordinal = 1;
    element.ordinalCount = 1;
    return;
  }
  const counts = new Map<string, number>();
  for (const sibling of element.parent.children) {
    const ordinal = (counts.get(sibling.local) ?? 0) + 1;
    counts.set(sibling.local, ordinal);
    sibling.ordinal = ordinal;
  }
  for (const sibling of element.parent.children) sibling.ordinalCount = counts.get(sibling.local) ?? 1;
}

function decode(bytes: Buffer): string {
  const [b0, b1, b2, b3] = bytes;
  const start = b0 === 0xef && b1 === 0xbb && b2 === 0xbf ? 3 : 0;
  const isUtf16 = (b0 === 0xfe && b1 === 0xff) || (b0 === 0xff && b1 === 0xfe) || (b0 === 0 && b1 === 0x3c) || (b0 === 0x3c && b1 === 0);
  const isUtf32 = b0 === 0 && b1 === 0 && ((b2 === 0xfe && b3 === 0xff) || (b2 === 0 && b3 === 0x3c));
  if (isUtf16 || isUtf32) throw new XmlFault(problem('charset-unsupported', { line: 1, column: 1 }));
  const body = start === 0 ? bytes : bytes.subarray(start);
  if (isUtf8(body)) return body.toString('utf8');
  // An honest label of another encoding explains the bytes better than "not UTF-8" does.
  const label = /^<\?xml[ \t\r\n][^>]*?encoding[ \t\r\n]*=[ \t\r\n]*["']([^"'>]*)/.exec(body.toString('latin1', 0, 256))?.[1];
  if (label !== undefined && label.toLowerCase() !== 'utf-8') throw new XmlFault(problem('charset-unsupported', { line: 1, column: 1 }));
  throw new XmlFault(problem('encoding-invalid', firstInvalidUtf8(body)));
}

function firstInvalidUtf8(bytes: Buffer): { line: number; column: number } {
  let line = 1;
  for (let from = 0; from <= bytes.length; line++) {
    const newline = bytes.indexOf(0x0a, from);
    const to = newline < 0 ? bytes.length : newline;
    const content = bytes.subarray(from, to);
    if (!isUtf8(content)) {
      // The decoder puts U+FFFD at the first bad byte; a genuine U+FFFD before it only makes the column an earlier one.
      return { line, column: content.toString('utf8').indexOf('\ufffd') + 1 };
    }
    if (newline < 0) break;
    from = to + 1;
  }
  return { line: 1, column: 1 };
}

function isWhiteSpace(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code !== 0x20 && code !== 0x0a && code !== 0x09 && code !== 0x0d) return false;
  }
  return true;
}

/** Any DOCTYPE is named as such even where it is malformed itself: looked for before the parser meets it. */
function doctypeInProlog(source: string): number {
  let at = 0;
  for (;;) {
    while (isWhiteSpace(source.charAt(at)) && at < source.length) at++;
    if (source.startsWith('<!DOCTYPE', at)) return at;
    const end = source.startsWith('<!--', at)
      ? source.indexOf('-->', at + 4)
      : source.startsWith('<?', at)
        ? source.indexOf('?>', at + 2)
        : -1;
    if (end < 0) return -1;
    at = end + (source.startsWith('-->', end) ? 3 : 2);
  }
}

class LineIndex {
  readonly #source: string;
  #starts: number[] | undefined;

  constructor(source: string) {
    this.#source = source;
  }

  positionOf(offset: number): { line: number; column: number } {
    const starts = (this.#starts ??= this.#build());
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  }

  /** Lines end at LF, CR LF or a lone CR, as in XML. */
  #build(): number[] {
    const source = this.#source;
    const starts = [0];
    const hasCr = source.includes('\r');
    if (!hasCr) {
      for (let at = source.indexOf('\n'); at >= 0; at = source.indexOf('\n', at + 1)) starts.push(at + 1);
      return starts;
    }
    for (let at = 0; at < source.length; at++) {
      const code = source.charCodeAt(at);
      if (code === 0x0a || (code === 0x0d && source.charCodeAt(at + 1) !== 0x0a)) starts.push(at + 1);
    }
    return starts;
  }
}

/** The names under which saxes keeps its handlers. */
interface SaxesHandlers {
  errorHandler: unknown;
  doctypeHandler: unknown;
  piHandler: unknown;
  xmldeclHandler: unknown;
  openTagStartHandler: unknown;
  attributeHandler: unknown;
  openTagHandler: unknown;
  textHandler: unknown;
  cdataHandler: unknown;
  commentHandler: unknown;
  closeTagHandler: unknown;
}

/**
 * saxes stores its handlers under computed names, and V8 keeps an object that gets more than a few of those as a hash table: each
 * access of the parser to itself is then slow (1,469 instead of 312 µs for 23 kB). Fields that are there before stay fast.
 */
function fastParser(): SaxesParser<{ xmlns: true; position: false }> {
  const parser = new SaxesParser({ xmlns: true, position: false });
  const handlers = parser as unknown as SaxesHandlers;
  handlers.errorHandler = undefined;
  handlers.doctypeHandler = undefined;
  handlers.piHandler = undefined;
  handlers.xmldeclHandler = undefined;
  handlers.openTagStartHandler = undefined;
  handlers.attributeHandler = undefined;
  handlers.openTagHandler = undefined;
  handlers.textHandler = undefined;
  handlers.cdataHandler = undefined;
  handlers.commentHandler = undefined;
  handlers.closeTagHandler = undefined;
  return parser;
}

function parse(source: string): XmlDocument {
  const lines = new LineIndex(source);
  const stop = (code: ProblemCode, offset: number, detail?: { en: string; vi: string }): never => {
    throw new XmlFault(problem(code, lines.positionOf(Math.max(0, Math.min(offset, source.length))), detail));
  };

  const doctypeAt = doctypeInProlog(source);
  if (doctypeAt >= 0) stop('xml-doctype', doctypeAt);

  const parser = fastParser();
  const attributed: XmlElement[] = [];
  const open: XmlElement[] = [];
  /** Children lists are grown here and handed over: most elements are values and never get one. */
  const openChildren: (XmlElement[] | undefined)[] = [];
  /** Offset of the first comment directly inside each open element, or -1. */
  const openComments: number[] = [];
  /** UTF-8 bytes of text so far: counted as it comes, or a value of many CDATA sections would be counted over and over. */
  const openTextBytes: number[] = [];
  let root: XmlElement | undefined;
  let current: XmlElement | undefined;
  let elements = 0;
  let startOffset = 0;
  let attributes = 0;
  let ended = false;
  /** Everything before this offset has been read without fault. */
  let handled = 0;

  parser.on('error', (error) => {
    // `position` stands behind the offending character, at the end of the document on the end itself.
    const at = ended ? source.length : parser.position - 1;
    if (error.message.includes('doctype')) stop('xml-doctype', at);
    // saxes looks for the ';' of a raw '&' to the end of the document: the fault is where it began.
    const ampersand = rawAmpersand(source, handled);
    if (ampersand >= 0 && ampersand <= at && (ended || error.message.includes('entity'))) stop('xml-malformed', ampersand, RAW_AMPERSAND);
    stop('xml-malformed', at, { en: `The XML is not well formed: ${plain(error.message)}`, vi: 'XML không đúng cú pháp.' });
  });
  parser.on('doctype', () => stop('xml-doctype', parser.position - 1));
  parser.on('processinginstruction', () => stop('xml-forbidden', parser.position - 1, PROCESSING_INSTRUCTION));
  parser.on('xmldecl', (declaration) => {
    if (declaration.version !== '1.0') stop('xml-forbidden', 0, XML_VERSION);
    if (declaration.encoding !== undefined && declaration.encoding.toLowerCase() !== 'utf-8') stop('charset-unsupported', 0);
  });
  parser.on('opentagstart', (tag) => {
    // Behind the character that ended the name: '>', '/', white space, or CR LF, which counts as one.
    startOffset = parser.position - tag.name.length - 2;
    if (source.charCodeAt(startOffset) !== 0x3c) startOffset--;
    attributes = 0;
    if (open.length >= MAX_XML_DEPTH) stop('xml-limit', startOffset, LIMITS.depth);
    if (++elements > MAX_XML_ELEMENTS) stop('xml-limit', startOffset, LIMITS.elements);
  });
  parser.on('attribute', (attribute) => {
    if (++attributes > MAX_XML_ATTRIBUTES) stop('xml-limit', startOffset, LIMITS.attributes);
    if (exceedsTextLimit(attribute.value)) stop('xml-limit', startOffset, LIMITS.text);
  });
  parser.on('opentag', (tag) => {
    const element = new XmlElement(tag.local, tag.uri, current, startOffset, elements);
    if (attributes > 0) {
      for (const name in tag.attributes) {
        const uri = tag.attributes[name]?.uri;
        if (uri !== XMLNS_NAMESPACE && uri !== SCHEMA_INSTANCE && uri !== XML_NAMESPACE) {
          attributed.push(element);
          break;
        }
      }
    }
    if (current === undefined) {
      root = element;
    } else {
      const depth = open.length - 1;
      const siblings = openChildren[depth];
      if (siblings === undefined) {
        current.children = openChildren[depth] = [element];
        if (current.text !== '' && isWhiteSpace(current.text)) {
          current.text = '';
          openTextBytes[depth] = 0;
        }
      } else {
        siblings.push(element);
      }
    }
    handled = parser.position;
    open.push(element);
    openChildren.push(undefined);
    openComments.push(-1);
    openTextBytes.push(0);
    current = element;
  });
  const addText = (text: string): void => {
    handled = parser.position;
    if (current === undefined) return;
    const depth = open.length - 1;
    if (openChildren[depth] !== undefined && isWhiteSpace(text)) {
      if (exceedsTextLimit(text)) stop('xml-limit', current.offset, LIMITS.text);
      return;
    }
    const textBytes = (openTextBytes[depth] ?? 0) + Buffer.byteLength(text);
    if (textBytes > MAX_XML_TEXT_BYTES) stop('xml-limit', current.offset, LIMITS.text);
    openTextBytes[depth] = textBytes;
    current.text = current.text === '' ? text : current.text + text;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('comment', () => {
    handled = parser.position;
    const depth = open.length - 1;
    if (depth >= 0 && openComments[depth] === -1) openComments[depth] = parser.position - 1;
  });
  parser.on('closetag', () => {
    handled = parser.position;
    const element = open.pop();
    openChildren.pop();
    openTextBytes.pop();
    const comment = openComments.pop() ?? -1;
    if (element !== undefined && comment >= 0 && element.children.length === 0 && !isWhiteSpace(element.text)) {
      stop('xml-forbidden', comment, COMMENT_IN_VALUE);
    }
    current = open.at(-1);
  });

  parser.write(source);
  ended = true;
  parser.close();
  // saxes has refused a document without a root.
  const documentRoot = root as unknown as XmlElement;
  return {
    root: documentRoot,
    elementCount: elements,
    attributed,
    locate: locatorOf(source, lines),
  };
}

/** xpath, line and column of the elements of a document; `offset`s are those of its text. */
export function locatorOf(source: string, lines = new LineIndex(source)): XmlDocument['locate'] {
  return (element) => ({ xpath: xpathOf(element), ...lines.positionOf(element.offset) });
}

/** The first '&' from an offset on that begins none of the references of XML, or -1. */
function rawAmpersand(source: string, from: number): number {
  for (let at = source.indexOf('&', from); at >= 0; at = source.indexOf('&', at + 1)) {
    REFERENCE.lastIndex = at;
    if (!REFERENCE.test(source)) return at;
  }
  return -1;
}

function exceedsTextLimit(text: string): boolean {
  // A UTF-16 unit is at most three bytes of UTF-8.
  return text.length * 3 > MAX_XML_TEXT_BYTES && Buffer.byteLength(text) > MAX_XML_TEXT_BYTES;
}

/** saxes names tags and prefixes in its messages; anything long or that was sent by others stays out. */
function plain(message: string): string {
  const colon = message.indexOf(':');
  return (colon < 0 ? message : `${message.slice(0, colon)}.`).slice(0, MAX_ECHOED_NAME_LENGTH);
}

/** Those that mean a character: &#0; does not. */
const REFERENCE = /&(?:amp|lt|gt|quot|apos|#(?!0+;)\d{1,7}|#x(?!0+;)[0-9A-Fa-f]{1,6});/y;
const RAW_AMPERSAND = {
  en: 'The XML is not well formed: an & begins none of the references of XML. Write &amp; for the character.',
  vi: 'XML không đúng cú pháp: dấu & không mở đầu tham chiếu hợp lệ. Hãy viết &amp; cho ký tự này.',
};
const PROCESSING_INSTRUCTION = {
  en: 'Processing instructions are not accepted.',
  vi: 'Không chấp nhận chỉ thị xử lý (processing instruction).',
};
const XML_VERSION = { en: 'Only XML 1.0 is accepted.', vi: 'Chỉ chấp nhận XML 1.0.' };
const COMMENT_IN_VALUE = { en: 'A comment inside a value is not accepted.', vi: 'Không chấp nhận chú thích bên trong giá trị.' };
const LIMITS = {
  depth: { en: `Elements are nested deeper than ${MAX_XML_DEPTH}.`, vi: `Phần tử lồng sâu hơn ${MAX_XML_DEPTH} cấp.` },
  elements: { en: `There are more than ${MAX_XML_ELEMENTS} elements.`, vi: `Có hơn ${MAX_XML_ELEMENTS} phần tử.` },
  attributes: {
    en: `An element has more than ${MAX_XML_ATTRIBUTES} attributes.`,
    vi: `Một phần tử có hơn ${MAX_XML_ATTRIBUTES} thuộc tính.`,
  },
  text: {
    en: `The text of an element is longer than ${MAX_XML_TEXT_BYTES} bytes.`,
    vi: `Nội dung một phần tử dài hơn ${MAX_XML_TEXT_BYTES} byte.`,
  },
};
