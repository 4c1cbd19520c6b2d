import clearanceSchema from '../../schemas/clearance.schema.json';
import decisionSchema from '../../schemas/decision.schema.json';
import declarationRecordSchema from '../../schemas/declaration-record.schema.json';
import declarationSchema from '../../schemas/declaration.schema.json';
import receiptSchema from '../../schemas/receipt.schema.json';
import requestSchema from '../../schemas/request.schema.json';
import resultSchema from '../../schemas/result.schema.json';
import { dossierIdOfTask, isDossierId, type DossierId } from '../core/identifiers';
import { EventType } from '../core/messages';
import type { Problem } from '../core/problem';
import type { LogRecord } from '../ports/message-log';
import { parseDecision } from './decision-message';

/**
 * A record as somebody may see it who may see no content (guarantees.md §5: operators see no personal data): how it is built, and how
 * large; no value, and no name that our schemas do not have, for a sender may write a person's name where a member's should stand.
 */
export interface MaskedRecord {
  keyBytes: number;
  valueBytes: number;
  /** Headers whose values are ours or follow a fixed form; the others are counted. */
  headers: Record<string, string>;
  otherHeaders: number;
  /** Whose it is, where key or taskId tell. */
  dossierId?: DossierId;
  format: 'json' | 'other';
  /** Each path once: `reasons[].code`; an unknown name is `*`. */
  structure: { path: string; types: string[]; count: number; largest: number }[];
  /** True where there are more paths than are told. */
  truncated: boolean;
  /** What is wrong with a decision, by its schema. */
  faults: Pick<Problem, 'code' | 'pointer' | 'message'>[];
}

const MAX_PATHS = 300;
const MAX_DEPTH = 12;

const eventTypes: readonly string[] = Object.values(EventType);

/** What may be told of a header, where its value has the form that our own writers give it. */
const TOLD_HEADERS = new Map<string, (value: string) => boolean>(
  Object.entries({
    ce_specversion: (value: string) => value === '1.0',
    ce_type: (value: string) => eventTypes.includes(value),
    ce_time: (value: string) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(value),
    ce_source: (value: string) => /^\/seaport\/(intake|relay|exchange|decisions-api|adapters\/[a-z][a-z0-9-]{0,39})$/.test(value),
    'content-type': (value: string) => ['application/json', 'application/octet-stream'].includes(value),
    traceparent: (value: string) => /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(value),
  }),
);

const knownNames = namesOf([
  clearanceSchema,
  decisionSchema,
  declarationRecordSchema,
  declarationSchema,
  receiptSchema,
  requestSchema,
  resultSchema,
]);

export function maskRecord(record: LogRecord): MaskedRecord {
  const told = Object.entries(record.headers).filter(([name, value]) => TOLD_HEADERS.get(name)?.(value) === true);
  const value = parsed(record.value);
  const dossierId = dossierOf(record, value);
  const paths = new Map<string, { types: Set<string>; count: number; largest: number }>();
  const truncated = value !== undefined && !walk(value, '', 0, paths);
  return {
    keyBytes: Buffer.byteLength(record.key ?? ''),
    valueBytes: record.value.byteLength,
    headers: Object.fromEntries(told),
    otherHeaders: Object.keys(record.headers).length - told.length,
    ...(dossierId === undefined ? {} : { dossierId }),
    format: value === undefined ? 'other' : 'json',
    structure: [...paths].map(([path, { types, count, largest }]) => ({ path, types: [...types], count, largest })),
    truncated,
    faults: /^(test\.)?decisions\./.test(record.topic) ? decisionFaults(record.value) : [],
  };
}

function parsed(value: Buffer): unknown {
  try {
    return JSON.parse(value.toString());
  } catch {
    return undefined;
  }
}

function dossierOf({ key }: LogRecord, value: unknown): DossierId | undefined {
  if (key !== null && isDossierId(key)) return key;
  const taskId = value !== null && typeof value === 'object' ? (value as { taskId?: unknown }).taskId : undefined;
  return typeof taskId === 'string' ? dossierIdOfTask(taskId) : undefined;
}

/** False where something was left out. */
function walk(
  value: unknown,
  path: string,
  depth: number,
  paths: Map<string, { types: Set<string>; count: number; largest: number }>,
): boolean {
  let entry = paths.get(path);
  if (entry === undefined) {
    if (paths.size === MAX_PATHS) return false;
    paths.set(path, (entry = { types: new Set(), count: 0, largest: 0 }));
  }
  entry.types.add(value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);
  entry.count++;
  entry.largest = Math.max(entry.largest, sizeOf(value));
  if (value === null || typeof value !== 'object') return true;
  if (depth === MAX_DEPTH) return false;
  let whole = true;
  for (const [name, member] of Object.entries(value)) {
    const below = Array.isArray(value) ? `${path}[]` : `${path === '' ? '' : `${path}.`}${knownNames.has(name) ? name : '*'}`;
    if (!walk(member, below, depth + 1, paths)) whole = false;
  }
  return whole;
}

/** Characters of a text, members of an object, entries of a list; of a number, which may be a secret as well, nothing. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  return value !== null && typeof value === 'object' ? Object.keys(value).length : 0;
}

/** No fault of a decision repeats a value. */
function decisionFaults(value: Buffer): MaskedRecord['faults'] {
  const decision = parseDecision(value);
  return decision.ok ? [] : decision.problems.map(({ code, pointer, message }) => ({ code, pointer, message }));
}

/** Every member that the schemas name. */
function namesOf(schemas: readonly object[]): ReadonlySet<string> {
  const names = new Set<string>();
  const collect = (node: unknown): void => {
    if (node === null || typeof node !== 'object') return;
    for (const [keyword, value] of Object.entries(node)) {
      if (keyword === 'properties') for (const name of Object.keys(value as object)) names.add(name);
      collect(value);
    }
  };
  schemas.forEach(collect);
  return names;
}
