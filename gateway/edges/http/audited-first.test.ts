import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { readSettings } from '../../../config/settings';
import { Admission } from '../../admission';
import type { AuditEntry } from '../../core/audit-chain';
import { AuditUnavailable } from '../../core/exchange-error';
import type { Principal } from './authenticate';
import type { GatewayApi } from './gateway-api';
import { createHttpServer } from './server';

/** A personal read or an operator's action that cannot be recorded first is not answered or done (guarantees.md G16). */
const dossierId = 'a'.repeat(30);
const taskId = `${dossierId}-${'b'.repeat(16)}`;
const officer: Principal = { role: 'agency', agency: 'customs', name: 'desk-1' };
const operator: Principal = { role: 'operator', name: 'night-shift' };
const auditor: Principal = { role: 'auditor', name: 'inspectorate' };

let server: Server;
let url: string;
/** In the order in which they happened: entries, and what was done after them. */
let happened: unknown[];
let isAway: boolean;
let principal: Principal;

beforeEach(async () => {
  happened = [];
  isAway = false;
  const settings = readSettings({});
  const did = (what: string, answer: unknown) => () => {
    happened.push(what);
    return Promise.resolve(answer);
  };
  ({ server } = createHttpServer({
    settings,
    limits: settings,
    admission: new Admission({ ...settings, partitions: 1 }, { monotonicMs: () => 0 }),
    authenticate: () => principal,
    reads: {
      task: () =>
        Promise.resolve({
          kind: 'found',
          value: { dossier: { dossierId, tasks: [], index: {} }, task: { taskId, agency: 'customs' }, view: { crewList: 'NGUYEN VAN A' } },
        }),
    },
    decisions: { decide: did('decided', { kind: 'recorded', repeated: false, decision: {} }) },
    deadLetters: { inspect: did('inspected', {}), named: () => [], matching: () => [] },
    tasks: { agencies: () => ['customs'], open: () => [] },
    clock: { nowMs: () => 0, monotonicMs: () => 0 },
    jobs: {
      sendNow: did('redriven', []),
      start: did('begun', { jobId: 'J' }),
      get: () => Promise.resolve({ jobId: 'J' }),
      stop: did('stopped', {}),
    },
    auditDesk: { prepare: () => Promise.resolve(), page: did('audit read', { items: [], next: '', more: false, partitions: [] }) },
    erasures: { erase: did('erased', { kind: 'found', value: {} }) },
    evidence: {
      bundle: did('bundle made', { kind: 'found', value: {} }),
      message: did('message opened', { kind: 'found', value: { bytes: Buffer.from('NGUYEN VAN A'), digest: 'ab' } }),
    },
    audit: {
      record: (entry: AuditEntry) => {
        if (isAway) return Promise.reject(new AuditUnavailable('away'));
        happened.push(entry);
        return Promise.resolve();
      },
    },
    random: (bytes: number) => '1'.repeat(bytes * 2),
    logger: { error: () => undefined, warn: () => undefined },
  } as unknown as GatewayApi));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const post = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});
const requests: [string, Principal, string, RequestInit, string | undefined][] = [
  ['an agency reads its view', officer, `/v1/agencies/customs/tasks/${taskId}`, {}, undefined],
  ['an agency decides', officer, `/v1/agencies/customs/tasks/${taskId}/decisions`, post({ outcome: 'accepted' }), 'decided'],
  ['an operator redrives', operator, '/v1/ops/dead-letters/redrive', post({ ids: ['0-1'] }), 'redriven'],
  ['an operator redrives by a filter', operator, '/v1/ops/dead-letters/redrive', post({ filter: { reason: 'poison' } }), 'begun'],
  ['an operator asks an agency again', operator, '/v1/ops/tasks/resend', post({ filter: { agency: 'customs' } }), 'begun'],
  ['an operator stops a job', operator, '/v1/ops/jobs/J/stop', post({}), 'stopped'],
  ['an operator inspects a dead letter', operator, '/v1/ops/dead-letters/0-1', {}, 'inspected'],
  ['an operator erases', operator, '/v1/ops/erasures', post({ dossier: dossierId, reason: 'request-of-subject' }), 'erased'],
  ['an auditor reads the evidence of a dossier', auditor, `/v1/evidence/${dossierId}`, {}, 'bundle made'],
  ['an auditor opens a message', auditor, `/v1/evidence/${dossierId}/messages/${'d'.repeat(32)}`, {}, 'message opened'],
  ['an auditor reads the audit log', auditor, '/v1/audit', {}, 'audit read'],
];

test.each(requests)('when %s, it is recorded first', async (_what, who, path, init, done) => {
  principal = who;
  expect((await fetch(url + path, init)).status).toBeLessThan(300);
  const [entry, ...rest] = happened;
  expect((entry as AuditEntry).by).toEqual(who);
  expect(rest).toEqual(done === undefined ? [] : [done]);
  expect(JSON.stringify(happened)).not.toContain('NGUYEN');
});

test.each(requests)('when %s and that cannot be recorded, nothing is done or shown', async (_what, who, path, init) => {
  principal = who;
  isAway = true;
  const answer = await fetch(url + path, init);
  const body = await answer.text();
  expect([answer.status, (JSON.parse(body) as { code: string }).code, answer.headers.get('retry-after')]).toEqual([
    503,
    'audit-unavailable',
    '1',
  ]);
  expect(body).not.toContain('NGUYEN');
  expect(happened).toEqual([]);
});
