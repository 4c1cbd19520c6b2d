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
  const path: (string | number)[] = [];
  const clock = zoneClockOf(zoneOfCall(reading.candidate, zones));

  function node(value: unknown, shape: Shape): unknown {
    switch (shape.kind) {
      case 'object':
        return isRecord(value) ? object(value, shape.fields) : text(value);
      case 'array':
        return Array.isArray(value) ? list(value, shape.items, shape.maxItems) : text(value);
      case 'dateTime':
        return typeof value === 'string' ? time(plain(value)) : value;
      case 'date':
        return typeof value === 'string' ? date(plain(value)) : value;
      case 'unLocode':
        return typeof value === 'string' ? locode(plain(value)) : value;
      case 'unNumber':
        return typeof value === 'string' ? unNumber(plain(value)) : value;
      case 'text':
        return text(value);
      case 'other':
        return value;
    }
  }

  function object(source: Record<string, unknown>, fields: Map<string, Field>): Record<string, unknown> {
    const keys = Object.keys(source);
    if (keys.length > fields.size + MAX_UNKNOWN_KEYS) return object(withFewUnknown(source, keys, fields), fields);
    let copy: Record<string, unknown> | undefined;
    for (const key of keys) {
      const field = fields.get(key);
      const value = source[key];
      if (field === undefined && value !== undefined) continue;
      path.push(key);
      const normalised = field === undefined ? undefined : node(value, field.shape);
      path.pop();
      if (normalised === value && normalised !== undefined && (field?.keepEmpty === true || !isEmpty(normalised))) continue;
      if (copy === undefined) copy = { ...source };
      if (normalised === undefined || (field?.keepEmpty !== true && isEmpty(normalised))) Reflect.deleteProperty(copy, key);
      else copy[key] = normalised;
    }
    return copy ?? source;
  }

  function list(source: unknown[], items: Shape, maxItems: number): unknown[] {
    let copy = source.length > maxItems + 1 ? source.slice(0, maxItems + 1) : undefined;
    const { length } = copy ?? source;
    for (let i = 0; i < length; i++) {
      path.push(i);
      const normalised = node(source[i], items);
      path.pop();
      // An empty entry stays: leaving it out would move the others away from their place in the sender's document.
      if (normalised !== source[i]) (copy ??= source.slice())[i] = normalised;
    }
    return copy ?? source;
  }

  function time(value: string): string {
    const parsed = parseDateTime(value);
    if (parsed === undefined) return value;
    const { clockMs, offsetMinutes } = parsed;
    if (offsetMinutes !== undefined) return formatUtc(clockMs - offsetMinutes * 60_000) ?? value;
    if (warnings.length < MAX_TIME_WARNINGS)
      warnings.push(problem('time-without-zone', { pointer: path.length === 0 ? '' : `/${path.join('/')}` }, undefined, 'warning'));
    return formatUtc(clock.instantOf(clockMs)) ?? value;
  }

  const candidate = node(reading.candidate, declarationShape) as Record<string, unknown>;
  return { candidate, warnings };
}

/** The zone of the port of call, in which times without one are read (architecture.md §5 "Rule set"). */
function zoneOfCall(candidate: Record<string, unknown>, zones: Zones): string {
  const call = candidate['portCall'];
  const port = isRecord(call) ? call['portOfCall'] : undefined;
  const code = isRecord(port) ? port['unLocode'] : undefined;
  return (typeof code === 'string' ? zones.zoneOfPort(locode(plain(code))) : undefined) ?? zones.defaultZone;
}

/** A hostile object of thousands of unknown names: its known ones, and as many unknown ones as are listed. */
function withFewUnknown(source: Record<string, unknown>, keys: string[], fields: Map<string, Field>): Record<string, unknown> {
  const few: Record<string, unknown> = {};
  let unknown = 0;
  for (const key of keys) if (fields.has(key) || unknown++ < MAX_UNKNOWN_KEYS) few[key] = source[key];
  return few;
}

function text(value: unknown): unknown {
  return typeof value === 'string' ? plain(value) : value;
}

/** NFC, without white space around it. Most texts are so already: then the same string comes back. */
function plain(value: string): string {
  let composed = true;
  // Every character below U+0300 is its own NFC (UAX #15, Quick_Check).
  for (let i = 0; i < value.length; i++)
    if (value.charCodeAt(i) >= 0x300) {
      composed = false;
      break;
    }
  return (composed ? value : value.normalize('NFC')).trim();
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
