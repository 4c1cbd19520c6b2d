import type { Problem, Severity } from '../../core/problem';
import { problem, type ProblemCode } from '../../core/problem-catalogue';
import { Refusal } from './conversions';
import { epcChildrenOf } from './epc-elements';
import type { Facts, Rule } from './epc-rules';
import { xpathWithin, type XmlDocument, type XmlElement } from './strict-xml';

/** Namespace of the root; children are in it (2011) or in none (2021). */
export const EPC_NAMESPACE = 'http://www.iso.org/28005-2';

/** Errors, and warnings, each: answers stay bounded, and what is wrong a thousand times is one mistake of the sender's system. */
export const MAX_READER_PROBLEMS = 1_000;

type JsonObject = Record<string, unknown>;

interface Noted {
  value: unknown;
  element: XmlElement;
  rule: Rule;
}

/**
 * One object of the canonical declaration being filled. It comes into being with its first value, so that empty containers leave
 * nothing behind.
 */
export class Frame {
  readonly parent: Frame | undefined;
  /** Below the parent's object. */
  readonly path: readonly string[];
  readonly list: boolean;
  /** The element that the object comes from. */
  readonly element: XmlElement | undefined;
  value: JsonObject | undefined;
  /** Position in its list, once there. */
  index = -1;
  notes: Map<string, Noted> | undefined;
  taken: Set<string> | undefined;
  /** True when a value below was refused: what is missing then has been said already. */
  faulted = false;
  /** Dangerous goods declared inside (cargo item, consignment): their context is filled in when all of it is known. */
  dangerousGoods: JsonObject[] | undefined;

  constructor(parent: Frame | undefined, path: readonly string[], list: boolean, element: XmlElement | undefined) {
    this.parent = parent;
    this.path = path;
    this.list = list;
    this.element = element;
  }
}

export class EpcReader {
  readonly problems: Problem[] = [];
  readonly root: Frame;
  readonly extensions: Record<string, string> = {};
  /** Sequence numbers of persons by the reference that crew effects use. */
  readonly personReferences = new Map<string, number>();
  readonly effectGroups = new Map<string, Frame>();
  /** The health case inside the person being read. */
  personsCase: JsonObject | undefined;
  facts!: Facts;

  readonly #document: XmlDocument;
  /** JSON Pointer → element: only filled when positions are asked for. */
  readonly #recorder: Map<string, XmlElement> | undefined;
  readonly #warnedUnmapped = new Set<Rule>();
  readonly #markBase: number;
  #hasExtensions = false;
  #errors = 0;
  #warnings = 0;
  #isTruncated = false;

  constructor(document: XmlDocument, recorder?: Map<string, XmlElement>) {
    this.#document = document;
    this.#recorder = recorder;
    this.#markBase = marksUsed;
    marksUsed += document.elementCount + 1;
    this.root = new Frame(undefined, [], false, document.root);
    this.root.value = {};
  }

  get hasExtensions(): boolean {
    return this.#hasExtensions;
  }

  /** Reads the children of an element by rules of its place. */
  readChildren(element: XmlElement, rules: ReadonlyMap<string, Rule>, frame: Frame): void {
    if (element.children.length > 0 && element.text !== '') this.report('format', element, frame, '', MIXED_CONTENT);
    for (const child of element.children) {
      const rule = rules.get(child.local);
      if (rule === undefined || !isEpc(child)) {
        this.report('unknown-element', child, frame, '');
        continue;
      }
      if (!rule.many) {
        const mark = this.#markBase + element.id;
        if (rule.lastParent === mark) {
          this.report('element-repeated', child, frame, rule.suffix);
          continue;
        }
        rule.lastParent = mark;
      }
      this.readElement(child, rule, frame);
    }
  }

  readElement(element: XmlElement, rule: Rule, frame: Frame): void {
    if (rule.ignored) return;
    if (!rule.mapped || (rule.when !== undefined && !rule.when(this.facts))) {
      this.keep(element, rule);
      return;
    }
    if (rule.first && hasContent(element)) {
      const key = rule.suffix === '' ? (rule.note ?? rule.local) : rule.suffix;
      const taken = (climb(frame, rule.up).taken ??= new Set());
      if (taken.has(key)) {
        this.keep(element, rule);
        return;
      }
      taken.add(key);
    }
    if (rule.special !== undefined) {
      rule.special(this, element, frame, rule);
      return;
    }
    if (element.children.length === 0) {
      const text = trimmed(element.text);
      if (text !== '') this.#readText(element, text, rule, frame);
      return;
    }
    if (rule.wrapped !== undefined) {
      const { wrapped } = rule;
      if (element.children.some((child) => wrapped.has(child.local))) {
        this.readChildren(element, wrapped, frame);
        return;
      }
    }
    if (rule.children === undefined) {
      for (const child of element.children) this.report('unknown-element', child, frame, rule.suffix);
    } else if (rule.shape === undefined) {
      this.readChildren(element, rule.children, frame);
    } else {
      this.#readShape(element, rule, frame);
    }
  }

  #readText(element: XmlElement, text: string, rule: Rule, frame: Frame): void {
    if (rule.convert !== undefined) {
      const value = this.converted(element, rule.convert(text), frame, rule);
      if (value === undefined) return;
      if (rule.note === undefined) this.set(climb(frame, rule.up), rule.path, value, element, rule.append);
      else this.#note(climb(frame, rule.up), rule.note, value, element, rule);
    } else if (rule.shape?.bare !== undefined) {
      const value = this.converted(element, rule.shape.bare(text), frame, rule);
      if (value !== undefined) this.set(climb(frame, rule.up), rule.path, value, element, rule.append);
    } else {
      this.report('format', element, frame, rule.suffix, TEXT_IN_CONTAINER);
    }
  }

  #readShape(element: XmlElement, rule: Rule, frame: Frame): void {
    const { shape } = rule;
    if (shape === undefined || rule.children === undefined) return;
    const parent = climb(frame, rule.up);
    const inner = shape.open === undefined ? new Frame(parent, rule.path, shape.list === true, element) : shape.open(this, element, parent);
    if (inner === undefined) {
      this.keep(element, rule);
      return;
    }
    this.readChildren(element, rule.children, inner);
    if (inner.faulted) parent.faulted = true;
    const wasFilled = inner.value !== undefined || inner.notes !== undefined || inner.dangerousGoods !== undefined;
    if (wasFilled && shape.finish !== undefined) shape.finish(inner, this, element);
  }

  /** What a conversion gave: its value, or that of a refusal, which is reported. */
  converted(element: XmlElement, result: unknown, frame: Frame, rule: Rule): unknown {
    if (!(result instanceof Refusal)) return result;
    const target = climb(frame, rule.up);
    const pointer = rule.append ? `${rule.suffix}/${this.#listLength(target, rule.path)}` : rule.suffix;
    this.report(result.code, element, target, pointer, result.detail, result.severity);
    if (result.severity === 'error') target.faulted = true;
    if (result.keepsText) this.keepText(element);
    return result.value;
  }

  #note(frame: Frame, name: string, value: unknown, element: XmlElement, rule: Rule): void {
    const notes = (frame.notes ??= new Map());
    if (notes.has(name)) this.report('element-repeated', element, frame, '');
    else notes.set(name, { value, element, rule });
  }

  /** Puts a value at a path below a frame's object. A second one for the same place is `element-repeated`. */
  set(frame: Frame, path: readonly string[], value: unknown, element: XmlElement, append = false): void {
    let object = this.materialise(frame);
    const last = path.length - 1;
    for (let i = 0; i < last; i++) object = this.#memberObject(frame, object, path, i, element);
    const key = path[last] ?? '';
    const present = object[key];
    if (append) {
      const list = present === undefined ? (object[key] = [] as unknown[]) : (present as unknown[]);
      for (const item of Array.isArray(value) ? (value as unknown[]) : [value]) {
        list.push(item);
        this.#record(frame, path, element, list.length - 1);
      }
      return;
    }
    if (present !== undefined) {
      this.report('element-repeated', element, frame, `/${path.join('/')}`);
      return;
    }
    object[key] = value;
    this.#record(frame, path, element);
  }

  /** The frame's object, brought into being in its parent's. */
  materialise(frame: Frame): JsonObject {
    if (frame.value !== undefined) return frame.value;
    const { parent, path, element = this.#document.root } = frame;
    if (parent === undefined) return (frame.value = {});
    let container = this.materialise(parent);
    const last = path.length - 1;
    for (let i = 0; i < last; i++) container = this.#memberObject(parent, container, path, i, element);
    const key = path[last] ?? '';
    if (frame.list) {
      const list = (container[key] ??= []) as JsonObject[];
      frame.index = list.length;
      frame.value = {};
      list.push(frame.value);
    } else {
      frame.value = (container[key] ??= {}) as JsonObject;
    }
    if (this.#recorder !== undefined) this.#recorder.set(pointerOf(frame), element);
    return frame.value;
  }

  #memberObject(frame: Frame, object: JsonObject, path: readonly string[], depth: number, element: XmlElement): JsonObject {
    const key = path[depth] ?? '';
    const member = object[key];
    if (member !== undefined) return member as JsonObject;
    const created: JsonObject = {};
    object[key] = created;
    this.#record(frame, path.slice(0, depth + 1), element.parent ?? element);
    return created;
  }

  /** Takes an object that turned out to be nothing out of its list, where it is the last. */
  discardLast(frame: Frame): void {
    if (frame.parent?.value === undefined || frame.value === undefined) return;
    let container = frame.parent.value;
    for (const key of frame.path.slice(0, -1)) container = container[key] as JsonObject;
    const key = frame.path.at(-1) ?? '';
    if (frame.list) (container[key] as unknown[]).pop();
    else delete container[key];
    frame.value = undefined;
  }

  #listLength(frame: Frame, path: readonly string[]): number {
    let at: unknown = frame.value;
    for (const key of path) at = (at as JsonObject | undefined)?.[key];
    return Array.isArray(at) ? at.length : 0;
  }

  #record(frame: Frame, path: readonly string[], element: XmlElement, index?: number): void {
    if (this.#recorder === undefined) return;
    this.#recorder.set(`${pointerOf(frame)}/${path.join('/')}${index === undefined ? '' : `/${index}`}`, element);
  }

  /** Keeps an element that has no canonical place, with all below it; one warning for each place in the table. */
  keep(element: XmlElement, rule: Rule): void {
    if (!this.#keepTexts(element)) return;
    if (this.#warnedUnmapped.has(rule)) return;
    this.#warnedUnmapped.add(rule);
    this.report('element-unmapped', element, this.root, '/extensions/epc', undefined, 'warning');
  }

  keepText(element: XmlElement): void {
    this.extensions[xpathWithin(element, this.#document.root)] = trimmed(element.text);
    this.#hasExtensions = true;
  }

  #keepTexts(element: XmlElement): boolean {
    if (element.children.length === 0) {
      if (trimmed(element.text) === '') return false;
      this.keepText(element);
      return true;
    }
    let kept = false;
    const known = epcChildrenOf(element.local);
    const seen = new Set<string>();
    for (const child of element.children) {
      const many = known.get(child.local);
      if (many === undefined || !isEpc(child)) {
        this.report('unknown-element', child, this.root, '');
      } else if (!many && seen.has(child.local)) {
        this.report('element-repeated', child, this.root, '');
      } else {
        seen.add(child.local);
        if (this.#keepTexts(child)) kept = true;
      }
    }
    return kept;
  }

  /** A fault or warning at an element; `suffix` is the JSON Pointer below the frame's object. */
  report(
    code: ProblemCode,
    element: XmlElement,
    frame: Frame,
    suffix: string,
    detail?: { en: string; vi: string },
    severity: Severity = 'error',
  ): void {
    // Apart: many warnings must neither hide an error nor be one.
    const said = severity === 'error' ? ++this.#errors : ++this.#warnings;
    if (said > MAX_READER_PROBLEMS) {
      if (!this.#isTruncated) this.problems.push(problem('problems-truncated', { pointer: '' }, undefined, 'warning'));
      this.#isTruncated = true;
      return;
    }
    this.problems.push(problem(code, { pointer: pointerOf(frame) + suffix, ...this.#document.locate(element) }, detail, severity));
  }
}

export function pointerOf(frame: Frame): string {
  if (frame.parent === undefined) return '';
  const at = `${pointerOf(frame.parent)}/${frame.path.join('/')}`;
  if (!frame.list) return at;
  if (frame.index >= 0) return `${at}/${frame.index}`;
  let list: unknown = frame.parent.value;
  for (const key of frame.path) list = (list as JsonObject | undefined)?.[key];
  return `${at}/${Array.isArray(list) ? list.length : 0}`;
}

/** True when the element or anything below it has text. */
export function hasContent(element: XmlElement): boolean {
  if (element.children.length === 0) return trimmed(element.text) !== '';
  return element.children.some(hasContent);
}

export function childOf(element: XmlElement, local: string): XmlElement | undefined {
  return element.children.find((child) => child.local === local);
}

/** Text of a child, undefined where it is missing or empty. */
export function childText(element: XmlElement, local: string): string | undefined {
  const child = childOf(element, local);
  const text = child === undefined || child.children.length > 0 ? '' : trimmed(child.text);
  return text === '' ? undefined : text;
}

/** Without the white space of XML at both ends; other blanks (no-break space) are text. */
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

export function isEpc(element: XmlElement): boolean {
  return element.uri === '' || element.uri === EPC_NAMESPACE;
}

function climb(frame: Frame, up: number): Frame {
  let at = frame;
  for (let i = 0; i < up; i++) at = at.parent ?? at;
  return at;
}

/** Marks on rules (see Rule.lastParent) must be unlike those of any document before. */
let marksUsed = 0;

export const MIXED_CONTENT = { en: 'Text stands between elements.', vi: 'Có văn bản giữa các phần tử.' };
const TEXT_IN_CONTAINER = { en: 'Elements are needed here, not text.', vi: 'Cần các phần tử, không phải văn bản.' };
