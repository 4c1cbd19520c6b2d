import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorsPage } from '../../../scripts/errors-page';
import { catalogueEntry, problemCodes } from '../../core/problem-catalogue';
import { problemStatus } from './problem-status';

describe('the table of errors', () => {
  it('gives each code of the catalogue a status of contract.md §3', () => {
    const statuses = [400, 401, 403, 404, 405, 406, 408, 409, 410, 413, 415, 422, 429, 500, 503];
    expect(Object.keys(problemStatus).sort()).toEqual([...problemCodes].sort());
    for (const code of problemCodes) expect([code, statuses.includes(problemStatus[code])]).toEqual([code, true]);
  });

  it('follows guarantees.md §4', () => {
    const rows: Record<number, string> = {
      400: 'xml-malformed xml-doctype xml-forbidden xml-limit encoding-invalid json-malformed json-duplicate-key json-limit body-missing',
      413: 'too-large',
      415: 'charset-unsupported dialect-unknown content-type-unsupported content-coding-unsupported',
      422: 'unknown-element element-repeated unknown-property number-out-of-range type text-invalid imo-check-digit locode-unknown country-unknown un-number-unknown times-out-of-order count-mismatch reference-unknown message-id-reused idempotency-key-reused decision-invalid',
      401: 'unauthenticated',
      403: 'forbidden agency-mismatch',
      404: 'not-found task-unknown',
      409: 'revision-conflict dossier-cancelled in-progress task-superseded',
      429: 'quota-exceeded',
      503: 'log-unavailable outcome-unknown not-yet rebuilding store-unavailable overloaded stopping',
    };
    for (const [status, codes] of Object.entries(rows))
      for (const code of codes.split(' '))
        expect([code, problemStatus[code as keyof typeof problemStatus]]).toEqual([code, Number(status)]);
  });

  it('says in both languages what happened, and what to do', () => {
    for (const code of problemCodes) {
      const { title, titleVi, remedy } = catalogueEntry(code);
      expect([code, /\S\.$/.test(title), /\S\.$/.test(titleVi), /\S/.test(remedy)]).toEqual([code, true, true, true]);
    }
  });

  it('is docs/errors.md', () => {
    expect(readFileSync(join(__dirname, '../../../docs/errors.md'), 'utf8')).toBe(errorsPage());
  });
});
