import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import type { RequestMessage } from '../../gateway/core/messages';
import type { LogRecord } from '../../gateway/ports/message-log';
import requestSchema from '../../schemas/request.schema.json';

const ajv = new Ajv2020({ strict: true });
addFormats(ajv);
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
