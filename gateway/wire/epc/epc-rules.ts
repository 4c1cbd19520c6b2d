import type { Conversion } from './conversions';
import { epcChildrenOf, epcNumberOf, UNKNOWN_NAME } from './epc-elements';
import type { EpcReader, Frame } from './epc-reader';

/**
 * The language in which `epc-mapping.ts` says what goes where, and its compilation, once at start, into rules that are looked up by
 * element name as a message is read.
 */

/** What a row may ask about the message as a whole, whatever the order of its elements. */
export interface Facts {
  /** arrival, departure, transit, shift: as declared, else taken from the ports given. */
  declarationType: string;
  /** True when the body carries the element with content. */
  has(element: string): boolean;
  /** PortOfArrival or PortOfDeparture: the one whose port is the port of call. */
  portOfCallElement: string | undefined;
  /** The other of the two where it names the same port: only its times say something new. */
  secondPortOfCallElement: string | undefined;
  hasRegistryPort: boolean;
  hasSecurity: boolean;
  /** Effects name the persons of the crew list. */
  hasCrewEffects: boolean;
  hasHealth: boolean;
  /** Only looked for where there is a general list that they would replace. */
  hasDangerousGoodsSheets: boolean;
}

export interface Shape {
  rows: readonly Row[];
  /** One object a time, appended to the list at the canonical path. */
  list?: boolean;
  /** The frame to fill where the path does not say it; undefined leaves the element unmapped. */
  open?: (reader: EpcReader, row: number, frame: Frame) => Frame | undefined;
  /** The object where the element has text only. */
  bare?: Conversion;
  /** Puts together what several elements say. Runs only when something was read. */
  finish?: (frame: Frame, reader: EpcReader, row: number) => void;
}

/** A shape with all its members: objects of one form, which are read fast. */
export interface CompiledShape {
  list: boolean;
  open: Shape['open'];
  bare: Conversion | undefined;
  finish: Shape['finish'];
}

export interface RowOptions {
  /** Otherwise the element is kept unmapped. */
  when?: (facts: Facts) => boolean;
  /** Only the first is taken; what follows for the same place is kept unmapped. */
  first?: boolean;
  /** The element holds one object itself (2021: repeated) or is the wrapper of elements of these names (2011). */
  wraps?: readonly string[];
}

/** Read, and left to `finish` of the shape under this name. */
export interface Note {
  note: string;
  as: Conversion;
}

export interface Special {
  special: (reader: EpcReader, row: number, frame: Frame, rule: Rule) => void;
}

/** Carries nothing of a declaration (MessageType, Version): read and dropped. */
export const ignored = { ignored: true } as const;
/** Holds elements that have rows of their own; for options on the element itself. */
export const group = { group: true } as const;

/**
 * Element path below the element of the table, canonical path below its object (`a.b`, `a.b[]` appends, `../a` one object up),
 * conversion.
 */
export type Row = readonly [
  element: string,
  canonical: string,
  as: Conversion | Shape | Note | Special | typeof ignored | typeof group,
  options?: RowOptions,
];

export function note(name: string, as: Conversion): Note {
  return { note: name, as };
}

export function special(run: Special['special']): Special {
  return { special: run };
}

export class Rule {
  readonly local: string;
  /** False where EPC knows the element but the canonical declaration has no place. */
  mapped = false;
  many: boolean;
  path: readonly string[] = [];
  /** JSON Pointer of `path`. */
  suffix = '';
  append = false;
  /** Frames to climb before `path`. */
  up = 0;
  convert: Conversion | undefined;
  note: string | undefined;
  shape: CompiledShape | undefined;
  special: Special['special'] | undefined;
  ignored = false;
  first = false;
  when: RowOptions['when'];
  children: Rules | undefined;
  wrapped: Rules | undefined;
  /** The key of a value that goes straight into the frame's object: most do, and take a short way. */
  plainKey: string | undefined;
  /** The last parent that had this element, and in which reading: finds repetition without a set per parent. */
  lastParent = 0;
  lastReading = 0;

  constructor(local: string, many: boolean) {
    this.local = local;
    this.many = many;
  }
}

/** The rules of one place, by number of the element's name: an array, so that a look-up is a load. */
export class Rules {
  readonly byNumber: (Rule | undefined)[] = Array.from({ length: UNKNOWN_NAME + 1 }, () => undefined);

  get(local: string): Rule | undefined {
    return this.byNumber[epcNumberOf(local)];
  }

  add(rule: Rule): void {
    const number = epcNumberOf(rule.local);
    if (number === UNKNOWN_NAME) throw new Error(`${rule.local} is no element of EPC`);
    this.byNumber[number] = rule;
  }

  all(): Rule[] {
    return this.byNumber.filter((rule) => rule !== undefined);
  }
}

/** @throws Error where rows contradict each other: at start, never per message. */
export function compileRules(parent: string, rows: readonly Row[]): Rules {
  const rules = new Rules();
  for (const row of rows) insert(rules, parent, row[0].split('/'), row, 0);
  complete(rules, parent);
  return rules;
}

function insert(rules: Rules, parent: string, segments: string[], row: Row, up: number): void {
  const [local = '', ...rest] = segments;
  let rule = rules.get(local);
  if (rule === undefined) {
    rule = new Rule(local, epcChildrenOf(parent).get(local) ?? false);
    rules.add(rule);
  }
  rule.mapped = true;
  if (rest.length > 0) {
    insert((rule.children ??= new Rules()), local, rest, row, rule.shape === undefined ? up : up + 1);
    return;
  }
  describe(rule, row, up);
}

function describe(rule: Rule, [element, canonical, as, options = {}]: Row, up: number): void {
  const climbs = canonical.match(/^(\.\.\/)+/)?.[0] ?? '';
  const below = canonical.slice(climbs.length);
  const path = below === '' ? [] : below.split('.');
  const last = path.at(-1);
  if (last?.endsWith('[]') === true) {
    path[path.length - 1] = last.slice(0, -2);
    rule.append = true;
  }
  rule.path = path;
  rule.suffix = path.map((part) => `/${part}`).join('');
  rule.up = up + climbs.length / 3;
  rule.first = options.first ?? false;
  rule.when = options.when;
  if (typeof as === 'function') {
    if (rule.convert !== undefined) throw new Error(`two rows for ${element}`);
    rule.convert = as;
  } else if ('note' in as) {
    rule.note = as.note;
    rule.convert = as.as;
  } else if ('special' in as) {
    rule.special = as.special;
  } else if ('ignored' in as) {
    rule.ignored = true;
  } else if ('rows' in as) {
    if (rule.children !== undefined) throw new Error(`the row of ${element} must come before those below it`);
    const shape = { list: as.list ?? false, open: as.open, bare: as.bare, finish: as.finish };
    rule.shape = shape;
    rule.children = compileRules(rule.local, as.rows);
    if (options.wraps !== undefined) {
      rule.wrapped = new Rules();
      for (const name of options.wraps) {
        const inner = new Rule(name, true);
        inner.mapped = true;
        inner.path = rule.path;
        inner.suffix = rule.suffix;
        inner.up = rule.up;
        inner.shape = shape;
        inner.children = compileRules(name, as.rows);
        rule.wrapped.add(inner);
      }
    }
  }
}

/** Adds what EPC knows in each place beside the rows. Shapes are complete already. */
function complete(rules: Rules, parent: string): void {
  for (const [local, many] of epcChildrenOf(parent)) if (rules.get(local) === undefined) rules.add(new Rule(local, many));
  for (const rule of rules.all()) {
    if (rule.mapped && rule.children !== undefined) complete(rule.children, rule.local);
    rule.plainKey = isPlain(rule) ? rule.path[0] : undefined;
  }
}

function isPlain(rule: Rule): boolean {
  const isAlways = !rule.first && rule.when === undefined;
  return rule.convert !== undefined && isAlways && rule.path.length === 1 && rule.up === 0 && !rule.append && rule.note === undefined;
}
