import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readSettings, type Settings } from '../../../config/settings';
import { FakeClock } from '../../../test/support/fake-clock';
import { problem } from '../../core/problem-catalogue';
import { createMetrics, type Metrics } from '../metrics/metrics';
import type { Principal } from './authenticate';
import type { GatewayApi } from './gateway-api';
import { createSubmissionHandler } from './submissions';

/** What is turned away before it is read; what becomes of a submission that is read is told in test/e2e. */
const agent: Principal = { role: 'agent', tenant: 'tenant-a', name: 'agent' };
let server: Server | undefined;

afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve) ?? resolve(undefined));
});

async function serving(changes: Partial<Settings>, isStopping = false): Promise<{ url: string; metrics: Metrics }> {
  const metrics = createMetrics({ version: '', node: '' });
  const submit = createSubmissionHandler({
    settings: readSettings({}),
    limits: { ...readSettings({}), ...changes },
    clock: new FakeClock('2026-11-24T03:00:00Z'),
    authenticate: (request: IncomingMessage) => (request.headers.authorization === undefined ? undefined : agent),
    intake: { submit: () => Promise.resolve({ kind: 'refused', dialect: 'json', problems: [problem('required')] }) },
    metrics,
    random: (bytes: number) => '1'.repeat(bytes * 2),
    stopping: () => isStopping,
  } as unknown as GatewayApi);
  const listening = createServer((request, response) => void submit(request, response, new URL(request.url ?? '', 'http://gateway')));
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(listening.address() as AddressInfo).port}/v1/declarations`, metrics };
}

async function post(url: string, headers: Record<string, string> = { authorization: 'Bearer agent' }): Promise<[number, string | null]> {
  const response = await fetch(url, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json', ...headers } });
  await response.text();
  return [response.status, response.headers.get('retry-after')];
}

async function outcomes(metrics: Metrics): Promise<Record<string, number>> {
  const { values } = await metrics.declarations.get();
  return Object.fromEntries(values.map(({ labels, value }): [string, number] => [String(labels.outcome), value]));
}

test.each<[string, Partial<Settings>, boolean, number]>([
  ['stopping', {}, true, 503],
  ['overloaded', { maxInFlight: 0 }, false, 503],
])('while it is %s a submission is shed: refused early, to be sent again, and counted', async (_why, changes, isStopping, status) => {
  const { url, metrics } = await serving(changes, isStopping);
  expect(await post(url)).toEqual([status, '1']);
  expect(await outcomes(metrics)).toEqual({ shed: 1 });
});

test('over its quota a tenant is shed; who may not submit at all is no load', async () => {
  const { url, metrics } = await serving({ tenantRequestsPerSecond: 2 });
  expect((await post(url, {}))[0]).toBe(401);
  for (const status of [422, 422, 429]) expect((await post(url))[0]).toBe(status);
  expect(await outcomes(metrics)).toEqual({ refused: 2, shed: 1 });
});
