import type { SourcePosition } from '../reading';
import { EPC_NAMESPACE, epcNames, epcNumberOf, UNKNOWN_NAME } from './epc-elements';
import { locatorOf, XmlElement, type XmlDocument } from './strict-xml';

/**
 * The elements of a message in document order, as columns: an element is its row, the root is row 0, and its subtree are the rows up
 * to `ends`. Much cheaper than an object for each. Filled by `scan-epc.ts` (plain documents) or from the tree of `strict-xml.ts` (all
 * others); the mapping does not know by which.
 */

/** Namespace of an element, in its flags: none and EPC mean the same, but for the dialect. */
export const NO_NAMESPACE = 0;
export const EPC = 1;
const FOREIGN = 2;
const NAMESPACE_BITS = 3;
/** The text has bytes beyond ASCII. */
export const NOT_ASCII = 4;
/** The text has references or line ends with CR. */
export const NOT_LITERAL = 8;

const FIRST_ROWS = 1_024;
/** A table between two messages has no more: 1 MB. */
const MOST_KEPT_ROWS = 65_536;

export class ElementTable {
  /** Rows in use. */
  count = 0;
  /** Numbers of the local names. */
  names = new Uint16Array(FIRST_ROWS);
  /** The first element with an attribute that was ignored. */
  attributed: number | undefined;
  /** The row behind the last descendant. */
  ends = new Int32Array(FIRST_ROWS);
  /** Offset of the '<' in the bytes. */
  starts = new Int32Array(FIRST_ROWS);
  /** The element's own text in the bytes, without the white space of XML at its ends; equal where there is none. */
  textStarts = new Int32Array(FIRST_ROWS);
  textEnds = new Int32Array(FIRST_ROWS);
  flags = new Uint8Array(FIRST_ROWS);

  #bytes: Buffer = NO_BYTES;
  /** The bytes as one character each: a slice of it costs a tenth of a slice of the bytes. */
  #latin1 = '';
  #texts: string[] | undefined;
  #locals: string[] | undefined;
  #document: XmlDocument | undefined;
  #elements: readonly XmlElement[] | undefined;

  /** The same elements as a strict tree. */
  static of(document: XmlDocument): ElementTable {
    const table = new ElementTable();
    const texts: string[] = [];
    const locals: string[] = [];
    const elements: XmlElement[] = [];
    const add = (element: XmlElement): void => {
      const row = table.count++;
      if (row === table.ends.length) table.grow();
      elements.push(element);
      texts.push(trimmed(element.text));
      locals.push(element.local);
      table.names[row] = epcNumberOf(element.local);
      table.textEnds[row] = texts[row]?.length ?? 0;
      table.flags[row] = element.uri === '' ? NO_NAMESPACE : element.uri === EPC_NAMESPACE ? EPC : FOREIGN;
      for (const child of element.children) add(child);
      table.ends[row] = table.count;
    };
    add(document.root);
    table.#texts = texts;
    table.#locals = locals;
    table.#document = document;
    table.#elements = elements;
    const [attributed] = document.attributed;
    if (attributed !== undefined) table.attributed = attributed.id - 1;
    return table;
  }

  /** Twice as many rows: the columns are others afterwards. */
  grow(): void {
    this.ends = doubled(this.ends);
    this.starts = doubled(this.starts);
    this.textStarts = doubled(this.textStarts);
    this.textEnds = doubled(this.textEnds);
    this.names = doubled(this.names);
    this.flags = doubled(this.flags);
  }

  /** The columns have been filled with what these bytes say. */
  hold(bytes: Buffer, latin1: string, count: number): void {
    this.count = count;
    this.#bytes = bytes;
    this.#latin1 = latin1;
    this.#elements = undefined;
    this.#document = undefined;
  }

  /** Lets go of the document: the table for the next one, of a size that may be kept. */
  forNext(): ElementTable {
    if (this.ends.length > MOST_KEPT_ROWS) return new ElementTable();
    this.hold(NO_BYTES, '', 0);
    return this;
  }

  nameOf(row: number): number {
    return this.names[row] ?? UNKNOWN_NAME;
  }

  localOf(row: number): string {
    return this.#locals?.[row] ?? epcNames[this.names[row] ?? 0] ?? '';
  }

  namespaceOf(row: number): number {
    return (this.flags[row] ?? 0) & NAMESPACE_BITS;
  }

  isEpc(row: number): boolean {
    return this.namespaceOf(row) !== FOREIGN;
  }

  /** The row behind the last descendant: of the next sibling, where there is one. */
  endOf(row: number): number {
    return this.ends[row] ?? row + 1;
  }

  isLeaf(row: number): boolean {
    return this.ends[row] === row + 1;
  }

  /** True when it has text of its own: a value, or text between elements. */
  hasText(row: number): boolean {
    return this.textStarts[row] !== this.textEnds[row];
  }

  /** True when the element or anything below it has a value. */
  hasContent(row: number): boolean {
    const end = this.endOf(row);
    for (let at = row; at < end; at++) if (this.hasText(at) && this.isLeaf(at)) return true;
    return false;
  }

  /** Its own text, references resolved, without the white space of XML at its ends; other blanks (no-break space) are text. */
  textOf(row: number): string {
    if (this.#texts !== undefined) return this.#texts[row] ?? '';
    const start = this.textStarts[row] ?? 0;
    const end = this.textEnds[row] ?? 0;
    if (start === end) return '';
    const flags = this.flags[row] ?? 0;
    const text = (flags & NOT_ASCII) === 0 ? this.#latin1.slice(start, end) : this.#bytes.toString('utf8', start, end);
    return (flags & NOT_LITERAL) === 0 ? text : literal(text);
  }

  /** The first child of a name. */
  childOf(row: number, local: string): number | undefined {
    const end = this.endOf(row);
    for (let child = row + 1; child < end; child = this.endOf(child)) if (this.localOf(child) === local) return child;
    return undefined;
  }

  /** Text of a child, undefined where it is missing or empty. */
  childText(row: number, local: string): string | undefined {
    const child = this.childOf(row, local);
    if (child === undefined || !this.isLeaf(child) || !this.hasText(child)) return undefined;
    return this.textOf(child);
  }

  /** Built when first asked for: for what has to be told of a place. */
  elementOf(row: number): XmlElement {
    this.#elements ??= this.#tree();
    const element = this.#elements[row];
    if (element === undefined) throw new Error(`there is no row ${row}`);
    return element;
  }

  get document(): XmlDocument {
    if (this.#document !== undefined) return this.#document;
    const root = this.elementOf(0);
    const locate = locatorOf(this.#bytes.toString());
    return (this.#document = { root, elementCount: this.count, attributed: [], locate });
  }

  locate(row: number): Required<SourcePosition> {
    return this.document.locate(this.elementOf(row));
  }

  #tree(): XmlElement[] {
    const elements: XmlElement[] = [];
    const units = unitsOf(this.#bytes);
    const add = (row: number, parent: XmlElement | undefined): XmlElement => {
      const uri = this.namespaceOf(row) === EPC ? EPC_NAMESPACE : '';
      const element = new XmlElement(this.localOf(row), uri, parent, units(this.starts[row] ?? 0), row + 1);
      elements.push(element);
      element.text = this.textOf(row);
      const children: XmlElement[] = [];
      for (let child = row + 1; child < this.endOf(row); child = this.endOf(child)) children.push(add(child, element));
      if (children.length > 0) element.children = children;
      return element;
    };
    add(0, undefined);
    return elements;
  }
}

/** Offsets of bytes as offsets of UTF-16 units, asked for in rising order. */
function unitsOf(bytes: Buffer): (offset: number) => number {
  let at = 0;
  let units = 0;
  return (offset) => {
    for (; at < offset; at++) {
      const byte = bytes[at] as number;
      // A character of four bytes is two units; bytes that continue one are none.
      if (byte < 0x80 || (byte >= 0xc0 && byte < 0xf0)) units++;
      else if (byte >= 0xf0) units += 2;
    }
    return units;
  };
}

/** Without the white space of XML at both ends. */
export function trimmed(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isXmlSpace(text.charCodeAt(start))) start++;
  while (end > start && isXmlSpace(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

function isXmlSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x09 || code === 0x0d;
}

const NO_BYTES = Buffer.alloc(0);
const REFERENCES: Record<string, string> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&apos;': "'" };

/** The scanner has let only these references pass; lines end with LF (XML 1.0 §2.11). */
function literal(text: string): string {
  return text.replace(/\r\n?|&[a-z]+;/g, (found) => REFERENCES[found] ?? '\n');
}

function doubled<Column extends Int32Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint8Array<ArrayBuffer>>(column: Column): Column {
  const larger = new (column.constructor as new (length: number) => Column)(column.length * 2);
  larger.set(column);
  return larger;
}
