import { formatUtc, parseDateTime } from '../../core/date-time';
import { problem } from '../../core/problem-catalogue';
import type { Problem } from '../../core/problem';
import type { ReadDeclaration } from '../reading';
import { declarationShape, type Field, type Shape } from './declaration-shape';
import { zoneClockOf } from './zone-clock';

export interface Zones {
  /** IANA zone of a port, when one is known. */
  zoneOfPort(unLocode: string): string | undefined;
  /** PORT_TIME_ZONE: for ports without a zone of their own. */
  defaultZone: string;
}

export interface Normalised {
  candidate: Record<string, unknown>;
  /** `time-without-zone`, one a time. */
  warnings: Problem[];
}

/** A declaration has no more unknown names than this worth listing; the rest of a hostile object is not looked at. */
const MAX_UNKNOWN_KEYS = 50;
const MAX_TIME_WARNINGS = 1000;

/**
 * Brings a candidate into its one form, so that XML and JSON of the same declaration have the same canonical bytes: times in UTC,
 * text in NFC without surrounding white space, no empty objects and lists except where they say something, UN numbers and
 * UN/LOCODEs without prefix and blank. What does not fit the schema is left as it is, for the validator to name.
 *
 * Copies only what changes: the reading's candidate is untouched. Lists longer than the schema allows are cut to one entry more.
 */
export function normalise(reading: Pick<ReadDeclaration, 'candidate'>, zones: Zones): Normalised {
  const warnings: Problem[] = [];
  /** The way to the object or list being looked at. */
  const path: (string | number)[] = [];
  const clock = zoneClockOf(zoneOfCall(reading.candidate, zones));

  function node(value: unknown, shape: Shape, at: string | number): unknown {
    if (typeof value === 'string') return text(value, shape, at);
    if (typeof value !== 'object' || value === null) return value;
    let normalised: unknown = value;
    path.push(at);
    if (shape.kind === 'object') {
      if (!Array.isArray(value)) normalised = object(value as Record<string, unknown>, shape.fields);
    } else if (shape.kind === 'array') {
      if (Array.isArray(value)) normalised = list(value, shape.items, shape.maxItems);
    }
    path.pop();
    return normalised;
  }

  function text(value: string, shape: Shape, at: string | number): string {
    if (shape.kind === 'other') return value;
    const normalised = plain(value);
    switch (shape.kind) {
      case 'dateTime':
        return time(normalised, at);
      case 'date':
        return date(normalised);
      case 'unLocode':
        return locode(normalised);
      case 'unNumber':
        return unNumber(normalised);
      case 'text':
      case 'object':
      case 'array':
        return normalised;
    }
  }

  function object(source: Record<string, unknown>, fields: Map<string, Field>): Record<string, unknown> {
    let copy: Record<string, unknown> | undefined;
    let unknown = 0;
    const told = warnings.length;
    // No enumerable member is inherited: candidates are made of literals.
    for (const key in source) {
      const value = source[key];
      const field = fields.get(key);
      let normalised: unknown;
      let isLeftOut = true;
      if (field !== undefined) {
        normalised = node(value, field.shape, key);
        isLeftOut = normalised === undefined || (!field.keepEmpty && isEmpty(normalised));
      } else {
        if (++unknown > MAX_UNKNOWN_KEYS && Object.keys(source).length > fields.size + MAX_UNKNOWN_KEYS) {
          warnings.length = told;
          return object(withFewUnknown(source, fields), fields);
        }
        if (value !== undefined) continue;
      }
      if (normalised === value && !isLeftOut) continue;
      copy ??= { ...source };
      if (isLeftOut) Reflect.deleteProperty(copy, key);
      else copy[key] = normalised;
    }
    return copy ?? source;
  }

  function list(source: unknown[], items: Shape, maxItems: number): unknown[] {
    let copy = source.length > maxItems + 1 ? source.slice(0, maxItems + 1) : undefined;
    const { length } = copy ?? source;
    for (let i = 0; i < length; i++) {
      const normalised = node(source[i], items, i);
      // An empty entry stays: leaving it out would move the others away from their place in the sender's document.
      if (normalised !== source[i]) (copy ??= source.slice())[i] = normalised;
    }
    return copy ?? source;
  }

  function time(value: string, at: string | number): string {
    const parsed = parseDateTime(value);
    if (parsed === undefined || (parsed.offsetMinutes === 0 && isInOneForm(value))) return value;
    const { clockMs, offsetMinutes } = parsed;
    if (offsetMinutes !== undefined) return formatUtc(clockMs - offsetMinutes * 60_000) ?? value;
    if (warnings.length < MAX_TIME_WARNINGS)
      warnings.push(problem('time-without-zone', { pointer: ['', ...path.slice(1), at].join('/') }, undefined, 'warning'));
    return formatUtc(clock.instantOf(clockMs)) ?? value;
  }

  const candidate = node(reading.candidate, declarationShape, '') as Record<string, unknown>;
  return { candidate, warnings };
}

/** `YYYY-MM-DDTHH:mm:ssZ`, as most senders write it; of a time that has been parsed. */
export function isInOneForm(value: string): boolean {
  return value.length === 20 && value.charCodeAt(19) === 0x5a && value.charCodeAt(10) === 0x54 && !value.startsWith('24', 11);
}

/** The zone of the port of call, in which times without one are read (architecture.md §5 "Rule set"). */
function zoneOfCall(candidate: Record<string, unknown>, zones: Zones): string {
  const call = candidate['portCall'];
  const port = isRecord(call) ? call['portOfCall'] : undefined;
  const code = isRecord(port) ? port['unLocode'] : undefined;
  return (typeof code === 'string' ? zones.zoneOfPort(locode(plain(code))) : undefined) ?? zones.defaultZone;
}

/** A hostile object of thousands of unknown names: its known ones, and as many unknown ones as are listed. */
function withFewUnknown(source: Record<string, unknown>, fields: Map<string, Field>): Record<string, unknown> {
  const few: Record<string, unknown> = {};
  let unknown = 0;
  for (const key of Object.keys(source)) if (fields.has(key) || unknown++ < MAX_UNKNOWN_KEYS) few[key] = source[key];
  return few;
}

/** NFC, without white space around it. Most texts are so already: then the same string comes back. */
export function plain(value: string): string {
  const last = value.length - 1;
  for (let i = 0; i <= last; i++) {
    const unit = value.charCodeAt(i);
    if (unit >= 0x300 && !isComposed(unit)) return value.normalize('NFC').trim();
  }
  return isPrintable(value.charCodeAt(0)) && isPrintable(value.charCodeAt(last)) ? value : value.trim();
}

/**
 * Characters from U+0300 on that are their own NFC whatever stands beside them, but for characters that are not in here (UAX #15,
 * Quick_Check=Yes, ccc=0): the letters of Vietnamese, and ideographs.
 */
export function isComposed(unit: number): boolean {
  return (unit >= 0x1ea0 && unit <= 0x1ef9) || (unit >= 0x4e00 && unit <= 0x9fff);
}

/** Of ASCII, and no blank. */
function isPrintable(unit: number): boolean {
  return unit > 0x20 && unit < 0x7f;
}

/** An XML Schema date may carry a zone, which says nothing of a calendar day: 2026-11-24+07:00 is that day. */
function date(value: string): string {
  if (value.length === 10) return value;
  const zone = value.slice(10);
  const hasZone = zone === 'Z' || (zone.length === 6 && parseDateTime(`${value.slice(0, 10)}T00:00:00${zone}`) !== undefined);
  return hasZone ? value.slice(0, 10) : value;
}

/** Written `VN HPH` in the recommendation itself (UN/ECE Rec. 16). */
function locode(value: string): string {
  return value.length === 6 && value[2] === ' ' ? value.slice(0, 2) + value.slice(3) : value;
}

function unNumber(value: string): string {
  if (value.length <= 4 || (value.charCodeAt(0) | 0x20) !== 0x75 || (value.charCodeAt(1) | 0x20) !== 0x6e) return value;
  const rest = value.slice(2).trimStart();
  return rest.charCodeAt(0) >= 0x30 && rest.charCodeAt(0) <= 0x39 ? rest : value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function isEmpty(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return false;
  for (const key in value) if (Object.hasOwn(value, key)) return false;
  return true;
}
