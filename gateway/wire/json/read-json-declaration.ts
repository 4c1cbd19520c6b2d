import { problem } from '../../core/problem-catalogue';
import type { Reading } from '../reading';
import { readStrictJson } from './strict-json';

/** Reads a declaration in canonical JSON. A resend under the same message id with other bytes is a fault, not an update. */
export function readJsonDeclaration(bytes: Buffer): Reading {
  const json = readStrictJson(bytes);
  if ('unreadable' in json) return json;
  const { value, text, problems, locate } = json;
  const isObject = value !== null && typeof value === 'object' && !Array.isArray(value);
  return {
    dialect: 'json',
    resendIsUpdate: false,
    candidate: isObject ? (value as Record<string, unknown>) : {},
    ...(isObject && text !== undefined ? { json: text } : {}),
    problems: isObject
      ? problems
      : [
          problem(
            'type',
            { pointer: '', ...locate('') },
            { en: 'A declaration is a JSON object.', vi: 'Tờ khai phải là một đối tượng JSON.' },
          ),
        ],
    locate,
  };
}
