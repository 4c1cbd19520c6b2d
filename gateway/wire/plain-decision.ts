import { isUtf8 } from 'node:buffer';
import { DecisionOutcome } from '../core/messages';

/**
 * The short way for a decision as our own adapters write it: compact JSON, members in their order, no escape. One pass of a regular
 * expression instead of strict JSON, ajv and a copy: 3.4 → 0.6 µs a decision (test/bench/micro/wire/json.bench.ts). It accepts nothing
 * that `parseDecision` refuses; for anything else it does not know, and `parseDecision` is asked. A test holds the two together.
 */
export interface PlainDecision {
  taskId: string;
  dossierId: string | undefined;
  agency: string | undefined;
}

/** More than our rules write; bounds the work on what turns out not to be plain. */
const MAX_PLAIN_BYTES = 64 * 1024;

// Bytes, each read as one character. Left out: quote, backslash, controls, DEL, and the lead bytes C2 (C1 controls) and EF (U+FFFE, U+FFFF).
const CHARACTER = '[^"\\\\\\x00-\\x1f\\x7f\\xc2\\xef]';
// Limits of schemas/decision.schema.json, counted in bytes: never more than it counts in characters.
const text = (most: number): string => `"${CHARACTER}{1,${most}}"`;
const CODED_TEXT = `\\{"code":${text(64)},"text":${text(2000)}(?:,"textVi":${text(2000)})?\\}`;
const CODED_TEXTS = `\\[(?:${CODED_TEXT}(?:,${CODED_TEXT}){0,99})?\\]`;
const DAY = '(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)';
const UTC_TIME = `"\\d{4}-${DAY}T(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,9})?Z"`;

const PLAIN = new RegExp(
  [
    '^\\{"taskId":"([0-9a-f]{30}-[0-9a-f]{16})"',
    '(?:,"dossierId":"([0-9a-f]{30})")?',
    '(?:,"revision":[1-9]\\d{0,14})?',
    '(?:,"agency":"([a-z][a-z0-9-]{0,39})")?',
    `,"outcome":"(?:${Object.values(DecisionOutcome).join('|')})"`,
    `(?:,"reasons":${CODED_TEXTS})?`,
    `(?:,"conditions":${CODED_TEXTS})?`,
    // Not `documents`: its names are free, and none may come twice.
    `(?:,"reference":${text(140)})?`,
    `(?:,"decidedAt":${UTC_TIME})?\\}$`,
  ].join(''),
);

/** What the relay needs of a decision that is plain; undefined where `parseDecision` has to judge. */
export function readPlainDecision(value: Buffer): PlainDecision | undefined {
  if (value.length > MAX_PLAIN_BYTES || !isUtf8(value)) return undefined;
  const match = PLAIN.exec(value.toString('latin1'));
  return match === null ? undefined : { taskId: match[1] as string, dossierId: match[2], agency: match[3] };
}

/** A plain decision with more members at its end: `members` is `,"name":value…`. */
export function withMembers(value: Buffer, members: string): Buffer {
  const end = value.length - 1;
  const extended = Buffer.allocUnsafe(end + Buffer.byteLength(members) + 1);
  value.copy(extended, 0, 0, end);
  extended[end + extended.write(members, end)] = 0x7d;
  return extended;
}
