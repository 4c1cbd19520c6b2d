import { request as startRequest, Agent, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readSettings, type Settings } from '../../../config/settings';
import { FakeClock } from '../../../test/support/fake-clock';
import { Admission } from '../../admission';
import { LogUnavailable } from '../../core/exchange-error';
import { problem } from '../../core/problem-catalogue';
import type { Intake, Received } from '../../intake';
import type { Refusal } from '../../access-log';
import { createMetrics, type Metrics } from '../metrics/metrics';
import type { Principal } from './authenticate';
import type { GatewayApi } from './gateway-api';
import { createHttpServer } from './server';

/** What is turned away before it is read; what becomes of a submission that is read is told in test/e2e. */
let server: Server | undefined;
let admission: Admission;
let clock: FakeClock;
let refused: Refusal[];

afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve) ?? resolve(undefined));
});

/** The credential names the tenant; one of an auditor is not for submitting. */
function authenticate({ headers }: IncomingMessage): Principal | undefined {
  const tenant = headers.authorization?.slice('Bearer '.length);
  if (tenant === 'auditor') return { role: 'auditor', name: tenant };
  return tenant === undefined ? undefined : { role: 'agent', tenant, name: tenant };
}

async function serving(
  changes: Partial<Settings>,
  isStopping = false,
  submit: Intake['submit'] = () => Promise.resolve({ kind: 'refused', dialect: 'json', problems: [problem('required')] }),
): Promise<{ url: string; metrics: Metrics }> {
  const metrics = createMetrics({ version: '', node: '' });
  const settings = { ...readSettings({ MAX_FOLD_DELAY_MS: '200' }), ...changes };
  refused = [];
  clock = new FakeClock('2026-11-24T03:00:00Z');
  admission = new Admission({ ...settings, partitions: 1 }, clock);
  server = createHttpServer({
    settings,
    limits: settings,
    admission,
    clock,
    authenticate,
    intake: { submit },
    documents: {},
    logger: { error: () => undefined, warn: () => undefined },
    accessLog: { refused: (refusal: Refusal) => refused.push(refusal) },
    metrics,
    random: (bytes: number) => '1'.repeat(bytes * 2),
    stopping: () => isStopping,
  } as unknown as GatewayApi).server;
  const listening = server;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(listening.address() as AddressInfo).port}/v1/declarations`, metrics };
}

async function post(url: string, headers: Record<string, string> = { authorization: 'Bearer agent' }): Promise<[number, string | null]> {
  const response = await fetch(url, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json', ...headers } });
  await response.text();
  return [response.status, response.headers.get('retry-after')];
}

/** A request whose body is left out until `send` is called. */
function begin(url: string, headers: Record<string, string | number>, agent?: Agent) {
  const request = startRequest(url, {
    method: 'POST',
    headers: { authorization: 'Bearer agent', 'content-type': 'application/json', ...headers },
    ...(agent === undefined ? {} : { agent }),
  });
  let isToldToGoOn = false;
  request.on('continue', () => (isToldToGoOn = true));
  request.on('error', () => undefined);
  const answer = new Promise<{ status: number; headers: IncomingMessage['headers'] }>((resolve) =>
    request.on('response', (response) => {
      response.resume().on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers }));
    }),
  );
  request.flushHeaders();
  return { request, answer, isToldToGoOn: () => isToldToGoOn };
}

async function outcomes(metrics: Metrics): Promise<Record<string, number>> {
  const { values } = await metrics.declarations.get();
  return Object.fromEntries(values.map(({ labels, value }): [string, number] => [String(labels.outcome), value]));
}

test.each<[string, Partial<Settings>, boolean, number]>([
  ['stopping', {}, true, 503],
  ['overloaded', { maxInFlight: 0 }, false, 503],
])('while it is %s a submission is shed: refused early, to be sent again, and counted', async (why, changes, isStopping, status) => {
  const { url, metrics } = await serving(changes, isStopping);
  expect(await post(url)).toEqual([status, '1']);
  expect(await outcomes(metrics)).toEqual({ shed: 1 });
  expect((await metrics.shed.get()).values).toMatchObject([{ labels: { code: why }, value: 1 }]);
});

test('over its quota a tenant is shed; who may not submit at all is no load', async () => {
  const { url, metrics } = await serving({ tenantRequestsPerSecond: 2 });
  expect((await post(url, {}))[0]).toBe(401);
  for (const status of [422, 422, 429]) expect((await post(url))[0]).toBe(status);
  expect(await outcomes(metrics)).toEqual({ refused: 2, shed: 1 });
});

/** Takes every place that there is, and those where one could wait. */
function fill(tenant: string): void {
  for (;;) {
    const entered = admission.enter(tenant, 1);
    if (!(entered instanceof Promise) && 'refused' in entered) return;
  }
}

test('while there is no place the one who has most is told its share, one with less is taken, and all are once there is room', async () => {
  const { url } = await serving({});
  fill('agent');
  const response = await fetch(url, {
    method: 'POST',
    body: '{}',
    headers: { authorization: 'Bearer agent', 'content-type': 'application/json' },
  });
  expect([response.status, await response.json()]).toEqual([503, expect.objectContaining({ code: 'overloaded' })]);
  expect((await post(url, { authorization: 'Bearer other' }))[0]).toBe(422);
  const told = await fetch(url, {
    method: 'POST',
    body: '{}',
    headers: { authorization: 'Bearer agent', 'content-type': 'application/json' },
  });
  expect([told.status, told.headers.get('ratelimit-limit'), told.headers.get('ratelimit-remaining')]).toEqual([429, '500', '0']);
  expect(Number(told.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(told.headers.get('ratelimit-reset')).toBe(told.headers.get('retry-after'));
  // Bodies that do not come within half a second are no work.
  clock.advance(1_000);
  admission.look();
  expect((await post(url))[0]).toBe(422);
});

test('one that waits is taken when there is room, and gives its place back', async () => {
  const { url } = await serving({});
  const places = Array.from({ length: 200 }, () => admission.enter('agent', 1));
  const { request, answer } = begin(url, { 'content-length': 2 });
  request.end('{}');
  await new Promise<void>((resolve) => server?.on('request', () => resolve()));
  const first = places[0];
  if (first !== undefined && 'leave' in first) first.leave();
  admission.look();
  expect((await answer).status).toBe(422);
  expect(admission.received).toBe(199);
});

test('a small body that is not wanted is thrown away and its connection stays; with a large one it ends', async () => {
  const { url } = await serving({ maxInFlight: 0 });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ports = new Set<number | undefined>();
  for (let i = 0; i < 3; i++) {
    const small = begin(url, { 'content-length': 60_000 }, agent);
    const { status, headers } = await small.answer;
    expect([status, headers.connection]).toEqual([503, 'keep-alive']);
    ports.add(small.request.socket?.localPort);
    await new Promise<void>((resolve) => small.request.end(Buffer.alloc(60_000), resolve));
  }
  expect(ports.size).toBe(1);
  const large = begin(url, { 'content-length': 70_000 });
  expect(await large.answer).toMatchObject({ status: 503, headers: { connection: 'close' } });
  large.request.destroy();
  agent.destroy();
});

test('who asks first is told to send its body when there is a place, and not otherwise', async () => {
  const { url } = await serving({});
  const taken = begin(url, { 'content-length': 2, expect: '100-continue' });
  await new Promise<void>((resolve) => taken.request.on('continue', resolve));
  taken.request.end('{}');
  expect((await taken.answer).status).toBe(422);
  fill('agent');
  const refused = begin(url, { 'content-length': 2, expect: '100-continue' });
  expect((await refused.answer).status).toBe(503);
  expect(refused.isToldToGoOn()).toBe(false);
  refused.request.destroy();
});

describe('an answer to what was read', () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const receipt = { dossierId: 'd'.repeat(30) };
  const received = {
    kind: 'received',
    dialect: 'json',
    action: 'original',
    receipt,
    receiptJson: '{"receiptId":"as kept"}',
    replayed: false,
  };

  test.each<[string, number, Intake['submit']]>([
    ['a receipt', 202, () => Promise.resolve(received as Received)],
    ['a refusal', 422, () => Promise.resolve({ kind: 'refused', dialect: 'json', problems: [problem('required')] })],
    ['a fault of the world', 503, () => Promise.reject(new LogUnavailable('away'))],
    ['a bug of ours', 500, () => Promise.reject(new TypeError('a bug'))],
  ])('names the trace, and what is left of the quota: %s', async (_, status, submit) => {
    const { url } = await serving({ tenantRequestsPerSecond: 10 }, false, submit);
    const headers = { authorization: 'Bearer agent', 'content-type': 'application/json', traceparent };
    const response = await fetch(url, { method: 'POST', body: '{}', headers });
    expect(response.status).toBe(status);
    expect(response.headers.get('traceparent')).toBe(traceparent);
    expect(response.headers.get('ratelimit-remaining')).toBe('9');
    const text = await response.text();
    if (status !== 202) return;
    expect(text).toBe(received.receiptJson);
    expect(response.headers.get('location')).toBe(`/v1/dossiers/${receipt.dossierId}`);
    expect(response.headers.get('idempotent-replayed')).toBeNull();
  });

  test('says that it is a repeat', async () => {
    const { url } = await serving({}, false, () => Promise.resolve({ ...received, replayed: true } as Received));
    const response = await fetch(url, {
      method: 'POST',
      body: '{}',
      headers: { authorization: 'Bearer agent', 'content-type': 'application/json' },
    });
    await response.text();
    expect(response.headers.get('idempotent-replayed')).toBe('true');
  });
});

test('who may not submit is told so and counted, with what was sent for the fingerprint', async () => {
  const { url } = await serving({});
  expect(await post(url, {})).toEqual([401, null]);
  expect(await post(url, { authorization: 'Bearer auditor' })).toEqual([403, null]);
  expect(refused).toEqual([
    { code: 'unauthenticated', source: expect.stringContaining('127.0.0.1') as string, credential: undefined },
    { code: 'forbidden', source: expect.stringContaining('127.0.0.1') as string, name: 'auditor' },
  ]);
});
