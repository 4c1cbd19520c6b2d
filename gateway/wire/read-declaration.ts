import type { Declaration } from '../core/declaration';
import type { Problem } from '../core/problem';
import { readEpc } from './epc/read-epc';
import { readJsonDeclaration } from './json/read-json-declaration';
import type { ReadDeclaration } from './reading';

/** From bytes to a valid declaration, serialised once: what intake needs to know of it, and the rest as it goes into the record. */
export type BodyFormat = 'xml' | 'json';

/** The parts of a declaration that intake looks at. */
export type DeclarationHead = Pick<Declaration, 'header' | 'portCall' | 'ship'>;

export interface ValidDeclaration {
  kind: 'valid';
  dialect: string;
  resendIsUpdate: boolean;
  head: DeclarationHead;
  /** The whole declaration as JSON, UTF-8. */
  json: Uint8Array;
  warnings: Problem[];
}

export interface RefusedDeclaration {
  kind: 'refused';
  /** unknown where the bytes could not be read at all. */
  dialect: string;
  problems: Problem[];
}

/** What passes every check, with its bytes as JSON, UTF-8; or all the faults that stop it. */
export type Validated = { ok: true; value: Declaration; json: Uint8Array; warnings: Problem[] } | { ok: false; problems: Problem[] };

export type ValidateDeclaration = (reading: ReadDeclaration, receivedAt: string) => Validated;

export function readDeclaration(
  format: BodyFormat,
  bytes: Buffer,
  receivedAt: string,
  validate: ValidateDeclaration,
): ValidDeclaration | RefusedDeclaration {
  const reading = format === 'xml' ? readEpc(bytes) : readJsonDeclaration(bytes);
  if ('unreadable' in reading) return { kind: 'refused', dialect: 'unknown', problems: reading.unreadable };
  const { dialect, resendIsUpdate } = reading;
  const valid = validate(reading, receivedAt);
  if (!valid.ok) return { kind: 'refused', dialect, problems: valid.problems };
  const { header, portCall, ship } = valid.value;
  const head: DeclarationHead = { header, ...(portCall === undefined ? {} : { portCall }), ...(ship === undefined ? {} : { ship }) };
  return { kind: 'valid', dialect, resendIsUpdate, head, json: valid.json, warnings: valid.warnings };
}
