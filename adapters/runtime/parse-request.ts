import Ajv2020 from 'ajv/dist/2020';
import { fullFormats } from 'ajv-formats/dist/formats';
import { isUtcDateTime } from '../../gateway/core/date-time';
import type { RequestMessage } from '../../gateway/core/messages';
import type { LogRecord } from '../../gateway/ports/message-log';
import requestSchema from '../../schemas/request.schema.json';

const dateTime = fullFormats['date-time'] as { validate: (text: string) => boolean };
const ajv = new Ajv2020({ strict: true });
// Our own exchange writes UTC: read without ajv-formats' expressions. 24:00 is no time to those.
ajv.addFormat('date-time', (text) => (isUtcDateTime(text) && !text.startsWith('24', 11)) || dateTime.validate(text));
const isRequest = ajv.compile<RequestMessage>(requestSchema);

export type ParsedRequest = { ok: true; request: RequestMessage } | { ok: false; reason: 'poison' | 'agency-mismatch' | 'test-mismatch' };

/** The request in a record, or why it is set aside. A test request never counts as a real one, nor the other way round (invariant I3). */
export function parseRequest(record: LogRecord, agency: string): ParsedRequest {
  let value: unknown;
  try {
    value = JSON.parse(record.value.toString('utf8'));
  } catch {
    return { ok: false, reason: 'poison' };
  }
  if (!isRequest(value)) return { ok: false, reason: 'poison' };
  if (value.agency !== agency) return { ok: false, reason: 'agency-mismatch' };
  if (value.test !== record.topic.startsWith('test.')) return { ok: false, reason: 'test-mismatch' };
  return { ok: true, request: value };
}
