import Ajv2020, { _, type CodeKeywordDefinition, type ErrorObject, type SchemaObject } from 'ajv/dist/2020';
import schema from '../../../schemas/declaration.schema.json';
import { isDate, isUtcDateTime } from '../../core/date-time';
import { problem, type ProblemCode } from '../../core/problem-catalogue';
import type { Problem } from '../../core/problem';
import { escapeToken } from '../json/json-index';

/** More faults than this help nobody; the last entry then says that there are more. */
export const MAX_PROBLEMS = 1000;

interface Sentence {
  en: string;
  vi: string;
}

/** What each pattern of the schema asks for, in words. A test keeps this table and the schema equal. */
export const patternSentences: Record<string, Sentence> = {
  '^\\d{7}$': { en: '7 digits', vi: '7 chữ số' },
  '^\\d{9}$': { en: '9 digits', vi: '9 chữ số' },
  '^\\d{5}$': { en: '5 digits', vi: '5 chữ số' },
  '^\\d{4}$': { en: '4 digits, for example 1203', vi: '4 chữ số, ví dụ 1203' },
  '^\\d{1,2}$': { en: '1 or 2 digits', vi: '1 hoặc 2 chữ số' },
  '^\\d{4,10}$': { en: '4 to 10 digits', vi: '4 đến 10 chữ số' },
  '^[0-9a-f]{64}$': { en: '64 hexadecimal digits in lower case', vi: '64 chữ số thập lục phân viết thường' },
  '^[A-Z]{2}$': { en: 'a country code of two capital letters, for example VN', vi: 'mã quốc gia hai chữ in hoa, ví dụ VN' },
  '^[A-Z]{3}$': { en: 'a country code of three capital letters, for example VNM', vi: 'mã quốc gia ba chữ in hoa, ví dụ VNM' },
  '^[A-Z]{2}[A-Z2-9]{3}$|^ZZUKN$|^[A-Z]{2}888$': {
    en: 'a UN/LOCODE of five characters, for example VNHPH',
    vi: 'mã UN/LOCODE năm ký tự, ví dụ VNHPH',
  },
  '^(1(\\.[1-6][A-LNS]?)?|2(\\.[1-3])?|3|4(\\.[1-3])?|5(\\.[12])?|6(\\.[12])?|7|8|9)$': {
    en: 'a class or division of the IMDG Code, for example 3 or 1.4S',
    vi: 'loại hoặc nhóm theo Bộ luật IMDG, ví dụ 3 hoặc 1.4S',
  },
  '^(F-[A-J]|S-[A-Z])$': { en: 'an EmS code, for example F-E or S-D', vi: 'mã EmS, ví dụ F-E hoặc S-D' },
};

const formatSentences: Record<string, Sentence> = {
  'date-time': {
    en: 'a date and time of the calendar with a zone, for example 2026-11-24T10:00:00+07:00',
    vi: 'ngày giờ có thật kèm múi giờ, ví dụ 2026-11-24T10:00:00+07:00',
  },
  date: { en: 'a date of the calendar, for example 2026-11-24', vi: 'ngày có thật, ví dụ 2026-11-24' },
};

const typeSentences: Record<string, Sentence> = {
  string: { en: 'text in quotes', vi: 'văn bản trong dấu ngoặc kép' },
  number: { en: 'a number without quotes', vi: 'số, không có dấu ngoặc kép' },
  integer: { en: 'a whole number without quotes', vi: 'số nguyên, không có dấu ngoặc kép' },
  boolean: { en: 'true or false', vi: 'true hoặc false' },
  object: { en: 'an object', vi: 'một đối tượng' },
  array: { en: 'a list', vi: 'một danh sách' },
};

class Enough extends Error {}

/**
 * ajv collects every fault of a document; a hostile one of 8 MB has millions. This keyword, put into each object of the schema,
 * hands what was found so far to the collector at the end of each object, which stops the run.
 */
function errorBudget(spend: (errors: ErrorObject[]) => void): CodeKeywordDefinition {
  return {
    keyword: 'errorBudget',
    type: 'object',
    schemaType: 'boolean',
    code({ gen }) {
      const hook = gen.scopeValue('func', { ref: spend });
      gen.if(_`errors > 0`, () => gen.code(_`${hook}(vErrors)`));
    },
  };
}

export interface SchemaFindings {
  problems: Problem[];
  /** True when the run stopped at MAX_PROBLEMS: what was not named may be wrong too. */
  truncated: boolean;
}

/**
 * Validates a normalised candidate against schemas/declaration.schema.json, compiled here, once. All faults at once, each mapped to a
 * code of the catalogue with its JSON Pointer (of a missing property: where it would be) and without any value of the sender.
 *
 * A `null` formality withdraws it and is taken out before: only an amend may carry one (architecture.md §5 "Identity").
 */
export function createSchemaValidator(): (candidate: Record<string, unknown>) => SchemaFindings {
  let collected = new Set<ErrorObject>();
  let last: ErrorObject[] | undefined;
  let lastLength = 0;
  const spend = (errors: ErrorObject[]): void => {
    if (errors === last && errors.length === lastLength) return;
    last = errors;
    lastLength = errors.length;
    for (const error of errors) collected.add(error);
    if (collected.size >= MAX_PROBLEMS) throw new Enough();
  };
  // `unicode: false` counts a character outside the basic plane as two: stricter by a hair in emoji, and one property read
  // instead of a loop over each text. ajv calls the option deprecated, hence no logger.
  const ajv = new Ajv2020({ allErrors: true, strictTypes: false, messages: false, unicode: false, logger: false });
  ajv.addKeyword(errorBudget(spend));
  ajv.addFormat('date-time', isUtcDateTime);
  ajv.addFormat('date', isDate);
  const validate = ajv.compile(prepared(structuredClone(schema) as SchemaObject));

  return (candidate) => {
    collected = new Set();
    const { withoutNulls, problems } = takeNullFormalities(candidate);
    let truncated = false;
    try {
      if (validate(withoutNulls)) return { problems, truncated };
      spend(validate.errors ?? []);
    } catch (error) {
      if (!(error instanceof Enough)) throw error;
      truncated = true;
    }
    for (const error of collected) {
      const found = problemOf(error);
      if (found !== undefined && problems.length < MAX_PROBLEMS) problems.push(found);
    }
    collected = new Set();
    last = undefined;
    return { problems: withoutEchoes(problems), truncated };
  };
}

/** The schema as ajv gets it: the budget in each object, a type beside each list of texts, formalities without `null`. */
function prepared(root: SchemaObject): SchemaObject {
  const visit = (node: unknown): void => {
    if (node === null || typeof node !== 'object') return;
    const members = node as Record<string, unknown>;
    for (const child of Object.values(members)) visit(child);
    if (members['type'] === 'object') members['errorBudget'] = true;
    if (Array.isArray(members['enum']) && members['type'] === undefined) members['type'] = 'string';
  };
  const { properties, $defs } = root as { properties: Record<string, SchemaObject>; $defs: unknown };
  visit(properties);
  visit($defs);
  const formalities = properties['formalities']?.['properties'] as Record<string, SchemaObject>;
  for (const [name, { anyOf }] of Object.entries(formalities)) formalities[name] = (anyOf as SchemaObject[])[0] ?? {};
  return root;
}

function takeNullFormalities(candidate: Record<string, unknown>): { withoutNulls: Record<string, unknown>; problems: Problem[] } {
  const problems: Problem[] = [];
  const formalities = candidate['formalities'];
  if (!isRecord(formalities)) return { withoutNulls: candidate, problems };
  const nulls = Object.keys(formalities).filter((name) => formalities[name] === null && Object.hasOwn(knownFormalities, name));
  if (nulls.length === 0) return { withoutNulls: candidate, problems };
  const header = candidate['header'];
  const purpose = isRecord(header) ? header['purpose'] : undefined;
  const rest = { ...formalities };
  for (const name of nulls) {
    Reflect.deleteProperty(rest, name);
    if (purpose === 'original' || purpose === 'cancel')
      problems.push(
        problem(
          'type',
          { pointer: `/formalities/${name}` },
          {
            en: `${name}: null withdraws a formality, which only an amend can do.`,
            vi: `${name}: null là rút chứng từ, chỉ dùng khi sửa (amend).`,
          },
        ),
      );
  }
  return { withoutNulls: { ...candidate, formalities: rest }, problems };
}

const knownFormalities: Record<string, unknown> = schema.properties.formalities.properties;

function problemOf(error: ErrorObject): Problem | undefined {
  const params = error.params as Record<string, unknown>;
  const limit = String(params['limit']);
  const fault = (code: ProblemCode, sentence: Sentence, pointer = error.instancePath): Problem => {
    const name = nameOf(pointer);
    return problem(code, { pointer }, { en: `${name}: ${sentence.en}.`, vi: `${name}: ${sentence.vi}.` });
  };
  const wanted = (code: ProblemCode, sentence: Sentence | undefined): Problem =>
    fault(code, {
      en: `must be ${sentence?.en ?? 'of the form in the schema'}`,
      vi: `phải là ${sentence?.vi ?? 'dạng quy định trong lược đồ'}`,
    });
  switch (error.keyword) {
    case 'required':
      return fault(
        'required',
        { en: 'is missing', vi: 'bị thiếu' },
        `${error.instancePath}/${escapeToken(String(params['missingProperty']))}`,
      );
    case 'additionalProperties':
      return fault(
        'unknown-property',
        { en: 'is not part of a declaration here', vi: 'không thuộc tờ khai ở vị trí này' },
        `${error.instancePath}/${escapeToken(String(params['additionalProperty']))}`,
      );
    case 'type':
      return wanted('type', typeSentences[String(params['type'])]);
    case 'format':
      return wanted('format', formatSentences[String(params['format'])]);
    case 'pattern':
      return wanted('format', patternSentences[String(params['pattern'])]);
    case 'enum': {
      const values = (params['allowedValues'] as unknown[]).map(String).join(', ');
      return fault('value-not-allowed', { en: `must be one of ${values}`, vi: `phải là một trong ${values}` });
    }
    case 'const':
      return fault('value-not-allowed', {
        en: `must be ${String(params['allowedValue'])}`,
        vi: `phải là ${String(params['allowedValue'])}`,
      });
    case 'minLength':
      return fault('length', { en: `must have at least ${limit} characters`, vi: `phải có ít nhất ${limit} ký tự` });
    case 'maxLength':
      return fault('length', { en: `must have at most ${limit} characters`, vi: `chỉ được có tối đa ${limit} ký tự` });
    case 'minimum':
      return fault('number-out-of-range', { en: `must be at least ${limit}`, vi: `phải từ ${limit} trở lên` });
    case 'maximum':
      return fault('number-out-of-range', { en: `must be at most ${limit}`, vi: `không được quá ${limit}` });
    case 'maxItems':
      return fault('too-many', { en: `must have at most ${limit} entries`, vi: `chỉ được có tối đa ${limit} mục` });
    case 'minItems':
    case 'minProperties':
      return fault('too-few', { en: `must have at least ${limit} entry`, vi: `phải có ít nhất ${limit} mục` });
    default:
      // `if` only says that a branch failed; the branch names its own faults.
      return undefined;
  }
}

/** The last name on the way, with the number of the entry before it: readable without the pointer. */
function nameOf(pointer: string): string {
  if (pointer === '') return 'declaration';
  const tokens = pointer.slice(1).split('/');
  const last = tokens.at(-1) ?? '';
  const shown = /^\d+$/.test(last) && tokens.length > 1 ? `${tokens.at(-2) ?? ''}[${last}]` : last;
  return shown.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** One fault a place: a value of the wrong type has no form, and a branch may name the same missing property twice. */
function withoutEchoes(problems: Problem[]): Problem[] {
  const wrongTypes = new Set(problems.filter(({ code }) => code === 'type').map(({ pointer }) => pointer));
  const seen = new Set<string>();
  return problems.filter(({ code, pointer }) => {
    if (code !== 'type' && wrongTypes.has(pointer)) return false;
    const key = `${code} ${pointer}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
