import type { Problem, Severity } from '../../core/problem';
import { problem, type ProblemCode } from '../../core/problem-catalogue';
import { Refusal } from './conversions';
import { epcChildrenOf } from './epc-elements';
import type { Facts, Rule, Rules } from './epc-rules';
import type { ElementTable } from './element-table';
import { xpathWithin, type XmlElement } from './strict-xml';

/** Errors, and warnings, each: answers stay bounded, and what is wrong a thousand times is one mistake of the sender's system. */
export const MAX_READER_PROBLEMS = 1_000;

type JsonObject = Record<string, unknown>;

/** What was read and is left to `finish`. */
interface Note {
  readonly name: string;
  readonly value: unknown;
  readonly row: number;
  readonly rule: Rule;
  readonly next: Note | undefined;
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
  readonly row: number;
  value: JsonObject | undefined;
  /** Position in its list, once there. */
  index = -1;
  /** A chain: a frame has few. */
  notes: Note | undefined;
  /** Places of which only the first is taken. */
  taken: string[] | undefined;
  /** True when a value below was refused: what is missing then has been said already. */
  faulted = false;
  /** True where `finish` must run even without a value or a note. */
  isFilled = false;
  /** Dangerous goods declared inside (cargo item, consignment): their context is filled in when all of it is known. */
  dangerousGoods: JsonObject[] | undefined;

  constructor(parent: Frame | undefined, path: readonly string[], list: boolean, row: number) {
    this.parent = parent;
    this.path = path;
    this.list = list;
    this.row = row;
  }

  noteOf(name: string): Note | undefined {
    let note = this.notes;
    while (note !== undefined && note.name !== name) note = note.next;
    return note;
  }

  addNote(name: string, value: unknown, row: number, rule: Rule): void {
    this.notes = { name, value, row, rule, next: this.notes };
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

  readonly table: ElementTable;
  /** JSON Pointer → element: only filled when positions are asked for. */
  readonly #recorder: Map<string, XmlElement> | undefined;
  readonly #warnedUnmapped = new Set<Rule>();
  readonly #reading: number;
  #hasExtensions = false;
  #errors = 0;
  #warnings = 0;
  #isTruncated = false;
  // See #listOf.
  #list: JsonObject[] | undefined;
  #listFrame: Frame | undefined;
  #listPath: readonly string[] | undefined;

  constructor(table: ElementTable, recorder?: Map<string, XmlElement>) {
    this.table = table;
    this.#recorder = recorder;
    this.#reading = ++readings;
    this.root = new Frame(undefined, [], false, 0);
    this.root.value = {};
  }

  get hasExtensions(): boolean {
    return this.#hasExtensions;
  }

  /** Reads the children of an element by rules of its place. */
  readChildren(row: number, rules: Rules, frame: Frame): void {
    const { table } = this;
    const { byNumber } = rules;
    const end = table.endOf(row);
    if (end > row + 1 && table.hasText(row)) this.report('format', row, frame, '', MIXED_CONTENT);
    for (let child = row + 1; child < end; child = table.endOf(child)) {
      const rule = byNumber[table.nameOf(child)];
      if (rule === undefined || !table.isEpc(child)) {
        this.report('unknown-element', child, frame, '');
        continue;
      }
      if (!rule.many) {
        if (rule.lastParent === row && rule.lastReading === this.#reading) {
          this.report('element-repeated', child, frame, rule.suffix);
          continue;
        }
        rule.lastParent = row;
        rule.lastReading = this.#reading;
      }
      if (rule.plainKey !== undefined && table.isLeaf(child)) this.#readPlain(child, rule, rule.plainKey, frame);
      else this.readElement(child, rule, frame);
    }
  }

  /** The short way of what `readElement` does for the most of all values. */
  #readPlain(row: number, rule: Rule, key: string, frame: Frame): void {
    if (rule.convert === undefined || !this.table.hasText(row)) return;
    let value = rule.convert(this.table.textOf(row));
    if (value instanceof Refusal) value = this.converted(row, value, frame, rule);
    if (value === undefined) return;
    const object = frame.value ?? this.materialise(frame);
    if (object[key] !== undefined) {
      this.report('element-repeated', row, frame, rule.suffix);
      return;
    }
    object[key] = value;
    this.#record(frame, rule.path, row);
  }

  readElement(row: number, rule: Rule, frame: Frame): void {
    if (rule.ignored) return;
    const { table } = this;
    if (!rule.mapped || (rule.when !== undefined && !rule.when(this.facts))) {
      this.keep(row, rule);
      return;
    }
    if (rule.first && table.hasContent(row)) {
      const key = rule.suffix === '' ? (rule.note ?? rule.local) : rule.suffix;
      const taken = (climb(frame, rule.up).taken ??= []);
      if (taken.includes(key)) {
        this.keep(row, rule);
        return;
      }
      taken.push(key);
    }
    if (rule.special !== undefined) {
      rule.special(this, row, frame, rule);
      return;
    }
    if (table.isLeaf(row)) {
      if (table.hasText(row)) this.#readText(row, table.textOf(row), rule, frame);
      return;
    }
    if (rule.wrapped !== undefined && this.#hasChildIn(row, rule.wrapped)) {
      this.readChildren(row, rule.wrapped, frame);
    } else if (rule.children === undefined) {
      for (let child = row + 1; child < table.endOf(row); child = table.endOf(child)) {
        this.report('unknown-element', child, frame, rule.suffix);
      }
    } else if (rule.shape === undefined) {
      this.readChildren(row, rule.children, frame);
    } else {
      this.#readShape(row, rule, frame);
    }
  }

  #hasChildIn(row: number, rules: Rules): boolean {
    const { table } = this;
    const end = table.endOf(row);
    for (let child = row + 1; child < end; child = table.endOf(child)) if (rules.byNumber[table.nameOf(child)] !== undefined) return true;
    return false;
  }

  #readText(row: number, text: string, rule: Rule, frame: Frame): void {
    if (rule.convert !== undefined) {
      const value = this.converted(row, rule.convert(text), frame, rule);
      if (value === undefined) return;
      if (rule.note === undefined) this.set(climb(frame, rule.up), rule.path, value, row, rule.append);
      else this.#note(climb(frame, rule.up), rule.note, value, row, rule);
    } else if (rule.shape?.bare !== undefined) {
      const value = this.converted(row, rule.shape.bare(text), frame, rule);
      if (value !== undefined) this.set(climb(frame, rule.up), rule.path, value, row, rule.append);
    } else {
      this.report('format', row, frame, rule.suffix, TEXT_IN_CONTAINER);
    }
  }

  #readShape(row: number, rule: Rule, frame: Frame): void {
    const { shape } = rule;
    if (shape === undefined || rule.children === undefined) return;
    const parent = climb(frame, rule.up);
    const inner = shape.open === undefined ? new Frame(parent, rule.path, shape.list, row) : shape.open(this, row, parent);
    if (inner === undefined) {
      this.keep(row, rule);
      return;
    }
    this.readChildren(row, rule.children, inner);
    if (inner.faulted) parent.faulted = true;
    const wasFilled = inner.isFilled || inner.value !== undefined || inner.notes !== undefined || inner.dangerousGoods !== undefined;
    if (wasFilled && shape.finish !== undefined) shape.finish(inner, this, row);
  }

  /** What a conversion gave: its value, or that of a refusal, which is reported. */
  converted(row: number, result: unknown, frame: Frame, rule: Rule): unknown {
    if (!(result instanceof Refusal)) return result;
    const target = climb(frame, rule.up);
    const pointer = rule.append ? `${rule.suffix}/${this.#listLength(target, rule.path)}` : rule.suffix;
    this.report(result.code, row, target, pointer, result.detail, result.severity);
    if (result.severity === 'error') target.faulted = true;
    if (result.keepsText) this.keepText(row);
    return result.value;
  }

  #note(frame: Frame, name: string, value: unknown, row: number, rule: Rule): void {
    if (frame.noteOf(name) === undefined) frame.addNote(name, value, row, rule);
    else this.report('element-repeated', row, frame, '');
  }

  /** Puts a value at a path below a frame's object. A second one for the same place is `element-repeated`. */
  set(frame: Frame, path: readonly string[], value: unknown, row: number, append = false): void {
    const object = this.#containerOf(frame, path, row);
    const key = path[path.length - 1] ?? '';
    const present = object[key];
    if (append) {
      const list = present === undefined ? (object[key] = [] as unknown[]) : (present as unknown[]);
      for (const item of Array.isArray(value) ? (value as unknown[]) : [value]) {
        list.push(item);
        this.#record(frame, path, row, list.length - 1);
      }
      return;
    }
    if (present !== undefined) {
      this.report('element-repeated', row, frame, `/${path.join('/')}`);
      return;
    }
    object[key] = value;
    this.#record(frame, path, row);
  }

  /** The frame's object, brought into being in its parent's. */
  materialise(frame: Frame): JsonObject {
    if (frame.value !== undefined) return frame.value;
    const { parent, path, row } = frame;
    if (parent === undefined) return (frame.value = {});
    if (frame.list) {
      const list = this.#listOf(parent, path, row);
      frame.index = list.length;
      frame.value = {};
      list.push(frame.value);
    } else {
      const container = this.#containerOf(parent, path, row);
      const key = path[path.length - 1] ?? '';
      frame.value = (container[key] ??= {}) as JsonObject;
    }
    if (this.#recorder !== undefined) this.#recorder.set(pointerOf(frame), this.table.elementOf(row));
    return frame.value;
  }

  /** The list at a path below a frame's object. The last one is at hand: entries follow each other. */
  #listOf(frame: Frame, path: readonly string[], row: number): JsonObject[] {
    if (this.#list === undefined || this.#listFrame !== frame || this.#listPath !== path) {
      const container = this.#containerOf(frame, path, row);
      this.#list = (container[path[path.length - 1] ?? ''] ??= []) as JsonObject[];
      this.#listFrame = frame;
      this.#listPath = path;
    }
    return this.#list;
  }

  /** The object that holds the last member of a path below a frame's object. */
  #containerOf(frame: Frame, path: readonly string[], row: number): JsonObject {
    let container = this.materialise(frame);
    for (let i = 0; i < path.length - 1; i++) container = this.#memberObject(frame, container, path, i, row);
    return container;
  }

  #memberObject(frame: Frame, object: JsonObject, path: readonly string[], depth: number, row: number): JsonObject {
    const key = path[depth] ?? '';
    const member = object[key];
    if (member !== undefined) return member as JsonObject;
    const created: JsonObject = {};
    object[key] = created;
    if (this.#recorder !== undefined) {
      const element = this.table.elementOf(row);
      this.#recorder.set(`${pointerOf(frame)}/${path.slice(0, depth + 1).join('/')}`, element.parent ?? element);
    }
    return created;
  }

  /** Takes an object that turned out to be nothing out of its list, where it is the last. */
  discardLast(frame: Frame): void {
    if (frame.parent?.value === undefined || frame.value === undefined) return;
    this.#list = undefined;
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

  #record(frame: Frame, path: readonly string[], row: number, index?: number): void {
    if (this.#recorder === undefined) return;
    this.#recorder.set(`${pointerOf(frame)}/${path.join('/')}${index === undefined ? '' : `/${index}`}`, this.table.elementOf(row));
  }

  /** Keeps an element that has no canonical place, with all below it; one warning for each place in the table. */
  keep(row: number, rule: Rule): void {
    if (!this.#keepTexts(row)) return;
    if (this.#warnedUnmapped.has(rule)) return;
    this.#warnedUnmapped.add(rule);
    this.report('element-unmapped', row, this.root, '/extensions/epc', undefined, 'warning');
  }

  keepText(row: number): void {
    const { table } = this;
    this.extensions[xpathWithin(table.elementOf(row), table.elementOf(0))] = table.textOf(row);
    this.#hasExtensions = true;
  }

  #keepTexts(row: number): boolean {
    const { table } = this;
    if (table.isLeaf(row)) {
      if (!table.hasText(row)) return false;
      this.keepText(row);
      return true;
    }
    let kept = false;
    const known = epcChildrenOf(table.localOf(row));
    const seen = new Set<string>();
    for (let child = row + 1; child < table.endOf(row); child = table.endOf(child)) {
      const local = table.localOf(child);
      const many = known.get(local);
      if (many === undefined || !table.isEpc(child)) {
        this.report('unknown-element', child, this.root, '');
      } else if (!many && seen.has(local)) {
        this.report('element-repeated', child, this.root, '');
      } else {
        seen.add(local);
        if (this.#keepTexts(child)) kept = true;
      }
    }
    return kept;
  }

  /** A fault or warning at an element; `suffix` is the JSON Pointer below the frame's object. */
  report(
    code: ProblemCode,
    row: number,
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
    this.problems.push(problem(code, { pointer: pointerOf(frame) + suffix, ...this.table.locate(row) }, detail, severity));
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

function climb(frame: Frame, up: number): Frame {
  let at = frame;
  for (let i = 0; i < up; i++) at = at.parent ?? at;
  return at;
}

/** So that marks on rules (see Rule.lastParent) are unlike those of any message before. */
let readings = 0;

export const MIXED_CONTENT = { en: 'Text stands between elements.', vi: 'Có văn bản giữa các phần tử.' };
const TEXT_IN_CONTAINER = { en: 'Elements are needed here, not text.', vi: 'Cần các phần tử, không phải văn bản.' };
