import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { agencyRequest } from '../../test/support/agency-requests';
import requestSchema from '../../schemas/request.schema.json';
import { parseRequest } from './parse-request';

// The schema as it stands, with ajv's own formats: what parseRequest must agree with.
const oracle = new Ajv2020({ strict: true });
addFormats(oracle);
const isRequest = oracle.compile(requestSchema);

function reasonOf(value: unknown): string | undefined {
  const bytes = Buffer.from(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
  const record = { topic: 'requests.customs', partition: 0, offset: 0, timestampMs: 0, key: null, value: bytes, headers: {} };
  const parsed = parseRequest(record, 'customs');
  return parsed.ok ? undefined : parsed.reason;
}

const request = agencyRequest();

describe('parseRequest', () => {
  it('gives the request as it was sent', () => {
    const record = { topic: 'requests.customs', partition: 0, offset: 0, timestampMs: 0, key: null, headers: {} };
    expect(parseRequest({ ...record, value: Buffer.from(JSON.stringify(request)) }, 'customs')).toEqual({ ok: true, request });
  });

  it.each([
    '2026-11-24T02:00:00Z',
    '2026-11-24T02:00:00.123Z',
    '2026-11-24T02:00:00.1234567Z',
    '2026-11-24T02:00:00+07:00',
    '2026-11-24t02:00:00z',
    '2026-11-24 02:00:00Z',
    '2028-02-29T00:00:00Z',
    '2026-02-29T00:00:00Z',
    '2026-11-24T24:00:00Z',
    '2026-11-24T24:00:00.000Z',
    '2026-11-24T23:59:60Z',
    '2026-11-24T02:00:00',
    '2026-11-24T02:00Z',
    '2026-11-24',
    '0000-01-01T00:00:00Z',
    'soon',
    '',
  ])('takes %j for a time exactly where the schema does', (time) => {
    const changed = { ...request, dueAt: time, receivedAt: time };
    expect(reasonOf(changed) === undefined).toBe(isRequest(changed));
  });

  it('takes what the schema takes, and nothing else', () => {
    const member = fc.constantFrom(...(Object.keys(request) as (keyof typeof request)[]));
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 1 }),
      fc.constantFrom(...Object.values(request)),
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
      fc.constantFrom('decides', 'cancel', 'x'.repeat(65), undefined),
    );
    let taken = 0;
    fc.assert(
      fc.property(fc.dictionary(member, value, { maxKeys: 2, noNullPrototype: true }), (changes) => {
        const changed: unknown = JSON.parse(JSON.stringify({ ...request, ...changes, agency: 'customs', test: false }));
        const isOne = isRequest(changed);
        if (isOne) taken++;
        expect(reasonOf(changed)).toBe(isOne ? undefined : 'poison');
      }),
      { numRuns: 2_000 },
    );
    expect(taken).toBeGreaterThan(100);
  });
});
