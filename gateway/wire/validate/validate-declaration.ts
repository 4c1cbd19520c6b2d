import shippedPolicy from '../../../config/validation-policy.json';
import type { Declaration } from '../../core/declaration';
import { problem } from '../../core/problem-catalogue';
import type { Problem } from '../../core/problem';
import { checkMeaning, readValidationPolicy, type ValidationPolicy } from '../../core/rules/check-meaning';
import type { ValidateDeclaration } from '../read-declaration';
import type { ReadDeclaration } from '../reading';
import { normalise, type Zones } from './normalise';
import { createSchemaValidator, MAX_PROBLEMS } from './schema-validator';
import { writeIfNormal } from './write-normal';
import { zoneClockOf } from './zone-clock';

export interface DeclarationValidatorConfig extends Zones {
  /** Severity by code; config/validation-policy.json when absent. */
  policy?: ValidationPolicy;
}

/** Warnings travel in the receipt and the record: bounded, whatever the size of the declaration. */
export const MAX_WARNINGS = 200;

/**
 * The whole way from a reading to a declaration: normalise → schema → meaning. All faults at once, with code, JSON Pointer and the
 * place in the sender's own document, errors first, each group in the order of the document. Everything costly happens here, once.
 *
 * @throws RangeError at start, when a zone is not in the tz database.
 */
export function createDeclarationValidator(config: DeclarationValidatorConfig): ValidateDeclaration {
  const { policy = readValidationPolicy(shippedPolicy), ...zones } = config;
  zoneClockOf(zones.defaultZone);
  const validateSchema = createSchemaValidator();

  return (reading, receivedAt) => {
    // Not an object at all: there is nothing to look at.
    if (reading.problems.some(({ code, pointer }) => code === 'type' && pointer === '')) return { ok: false, problems: reading.problems };
    const written = writeIfNormal(reading.candidate);
    const { candidate, warnings: timeWarnings } =
      written === undefined ? normalise(reading, zones) : { candidate: reading.candidate, warnings: [] };
    const schema = validateSchema(candidate);
    const readErrors = reading.problems.filter(({ severity }) => severity === 'error');

    const sparse = schema.problems.length + readErrors.length === 0 ? candidate : without(candidate, [...schema.problems, ...readErrors]);
    // Past the limit of the schema's faults nobody knows what else has the wrong type.
    const meaning = schema.truncated ? [] : checkMeaning(sparse, policy, { receivedAt });

    const all = withoutRepeats([...reading.problems, ...unsaid(schema.problems, readErrors), ...meaning, ...timeWarnings]);
    const warnings = placed(
      all.filter(({ severity }) => severity === 'warning'),
      MAX_WARNINGS,
      reading,
      false,
    );
    const errors = all.filter(({ severity }) => severity === 'error');
    if (errors.length === 0) {
      // Nothing had to be normalised, and the sender writes JSON as we do: its text is the record's.
      const asSent = candidate === reading.candidate ? reading.json : undefined;
      const json = written ?? Buffer.from(asSent ?? JSON.stringify(candidate));
      return { ok: true, value: candidate as unknown as Declaration, json, warnings };
    }
    return { ok: false, problems: [...placed(errors, MAX_PROBLEMS, reading, schema.truncated), ...warnings] };
  };
}

/** The candidate without what is known to be wrong, so that rules meet only values of the right type. A copy. */
function without(candidate: Record<string, unknown>, problems: Problem[]): Record<string, unknown> {
  const copy = structuredClone(candidate);
  for (const { code, pointer } of problems) {
    if (code === 'required' || pointer === '') continue;
    const tokens = pointer.slice(1).split('/').map(unescapeToken);
    const last = tokens.pop() ?? '';
    let at: unknown = copy;
    for (const token of tokens) at = memberOf(at, token);
    // An entry of a list leaves a hole: the others keep their places.
    if (Array.isArray(at)) at[Number(last)] = undefined;
    else if (at !== null && typeof at === 'object') Reflect.deleteProperty(at, last);
  }
  return copy;
}

function memberOf(value: unknown, token: string): unknown {
  return value !== null && typeof value === 'object' && Object.hasOwn(value, token) ? (value as Record<string, unknown>)[token] : undefined;
}

function unescapeToken(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** What the schema says of places of which the reader said nothing: a value that it refused would be missing a second time. */
function unsaid(problems: Problem[], readErrors: Problem[]): Problem[] {
  if (readErrors.length === 0) return problems;
  const judged = new Set(readErrors.map(({ pointer }) => pointer));
  judged.delete('');
  return problems.filter(({ pointer }) => !judged.has(pointer));
}

/** A place has one fault of a code. */
function withoutRepeats(problems: Problem[]): Problem[] {
  if (problems.length === 0) return problems;
  const seen = new Set<string>();
  return problems.filter(({ code, pointer, xpath, line, column }) => {
    // A reader's fault may have no canonical place: its own place tells it from others.
    const key = `${code} ${pointer} ${pointer === '' ? `${xpath ?? ''} ${line ?? ''} ${column ?? ''}` : ''}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** At most `limit` problems with their places, in the order of the sender's document. */
function placed(problems: Problem[], limit: number, reading: ReadDeclaration, truncated: boolean): Problem[] {
  const list = problems.slice(0, limit).map((found) => (found.line === undefined ? { ...found, ...reading.locate(found.pointer) } : found));
  list.sort(
    (a, b) =>
      (a.line ?? Infinity) - (b.line ?? Infinity) || (a.column ?? Infinity) - (b.column ?? Infinity) || compareTexts(a.pointer, b.pointer),
  );
  if (truncated || problems.length > limit) list.push(problem('problems-truncated', {}, undefined, 'warning'));
  return list;
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
