import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import path from 'node:path';
import agencyTable from '../../config/agencies.json';
import { dossierCodeOf, dossierIdOf, tenantHashOf } from '../../gateway/core/identifiers';
import openapi from '../../schemas/openapi.json';
import { AgentClient, arrival, freshId } from '../support/agent-client';
import { eventually } from '../support/eventually';
import { gatewayFolder, startGatewayProcess, type GatewayProcess } from '../support/gateway-process';
import { exchange, type PlainAnswer } from '../support/plain-http';

jest.setTimeout(120_000);

/**
 * Tenants and agencies apart, for each operation of the OpenAPI document (guarantees.md §5, I10): whoever asks for what is another's is
 * answered, to the byte, as one who asks for what is not there. Status, headers, text: nothing tells them apart. An operation that the
 * table does not have fails the test.
 */
type Guard =
  /** Names a dossier: asked by another tenant. */
  | 'dossier'
  /** Names a task: asked by an agency of which it is not. */
  | 'task'
  /** Takes a cursor, and gives what is the caller's own. */
  | 'own'
  /** Takes a declaration, which may refer to another's. */
  | 'submission'
  /** Operators and auditors see across tenants, and nobody else is let in. */
  | 'staff'
  /** The same for everybody. */
  | 'public';

const table: Record<string, Guard> = {
  'post /v1/declarations': 'submission',
  'get /v1/dossiers': 'own',
  'get /v1/dossiers/{dossierId}': 'dossier',
  'get /v1/dossiers/{dossierId}/clearance': 'dossier',
  'get /v1/dossiers/{dossierId}/events': 'dossier',
  'get /v1/events': 'own',
  'get /v1/agencies/{agency}/tasks': 'own',
  'get /v1/agencies/{agency}/tasks/{taskId}': 'task',
  'post /v1/agencies/{agency}/tasks/{taskId}/decisions': 'task',
  'get /v1/ops/dead-letters': 'staff',
  'get /v1/ops/dead-letters/{id}': 'staff',
  'post /v1/ops/dead-letters/redrive': 'staff',
  'post /v1/ops/tasks/resend': 'staff',
  'get /v1/ops/jobs': 'staff',
  'get /v1/ops/jobs/{jobId}': 'staff',
  'post /v1/ops/jobs/{jobId}/stop': 'staff',
  'get /v1/ops/lag': 'staff',
  'get /v1/ops/config': 'staff',
  'post /v1/ops/erasures': 'staff',
  'get /v1/audit': 'staff',
  'get /v1/evidence/{dossierId}': 'staff',
  'get /v1/evidence/{dossierId}/messages/{declarationId}': 'staff',
  'get /v1/agencies': 'public',
  'get /v1/services': 'public',
  'get /v1/codelists': 'public',
  'get /v1/codelists/{name}': 'public',
  'get /.well-known/jwks.json': 'public',
  'get /openapi.json': 'public',
  'get /asyncapi.json': 'public',
  'get /problems/{code}': 'public',
};

interface Served {
  operation: string;
  method: string;
  route: string;
  roles: string[];
}

const served: Served[] = Object.entries(openapi.paths).flatMap(([route, item]) =>
  Object.entries(item)
    .filter(([method]) => method !== 'parameters')
    .map(([method, operation]) => ({
      operation: `${method} ${route}`,
      method,
      route,
      roles: (operation as { 'x-role': string[] })['x-role'],
    })),
);
const guardedBy = (guard: Guard): Served[] => served.filter(({ operation }) => table[operation] === guard);

/** Connected, and asked about ships that shift, of which there are none here: it has no task. */
const STRANGER = 'finance';
const folder = gatewayFolder();
const connections = new Agent({ keepAlive: true });
let gateway: GatewayProcess;
let tokens: Record<string, string>;
/** A's: one of each state that is answered in its own way. */
const theirs = { pending: '', granted: '', cancelled: '', erased: '' };
const taskOf: Record<string, string> = {};
let messageOfA = '';
let declarationOfA = '';
let feedOfA = '';
let eventOfA = '';
let etags: string[] = [];
/** What only A's own answers may hold. */
const secrets: string[] = ['SHIP OF TENANT A'];

function client(name: string): AgentClient {
  return new AgentClient(gateway.url, tokens[name] ?? '');
}

async function submitAsA(change: Parameters<typeof arrival>[0] = () => undefined) {
  const declaration = arrival((made) => {
    if (made.ship !== undefined) made.ship.name = 'SHIP OF TENANT A';
    change(made);
  });
  const { status, body, text } = await client('agent').submit(declaration, {
    'idempotency-key': 'key-of-a' + declaration.header.messageId,
  });
  if (status !== 202) throw new Error(text);
  secrets.push(declaration.header.messageId, body.receiptId, body.declarationId, body.dossierId, body.dossierCode);
  return { declaration, ...body };
}

beforeAll(async () => {
  const agenciesFile = path.join(folder.varDir, 'agencies.json');
  const rows = agencyTable.agencies.map((row) =>
    row.code === STRANGER ? { ...row, connected: true, mode: 'desk', declarationTypes: ['shift'] } : row,
  );
  writeFileSync(agenciesFile, JSON.stringify({ agencies: rows }));
  gateway = await startGatewayProcess(folder, { AGENCIES_FILE: agenciesFile, AGENCY_CUSTOMS_MODE: 'desk', RAW_EVIDENCE: 'all' });
  tokens = folder.tokens();
  const [agent, customs] = [client('agent'), client('customs')];
  const [pending, granted, cancelled, erased] = [await submitAsA(), await submitAsA(), await submitAsA(), await submitAsA()];
  const tasks = await eventually('customs was asked', async () => {
    const { body } = await customs.get<{ items: { taskId: string; dossierId: string }[] }>('/v1/agencies/customs/tasks');
    return body.items.length === 4 && body.items;
  });
  for (const { taskId, dossierId } of tasks) taskOf[dossierId] = taskId;
  await customs.decide('customs', taskOf[granted.dossierId] ?? '', { outcome: 'accepted' });
  for (const { declaration } of [cancelled, erased]) {
    const header = { ...declaration.header, messageId: freshId(), purpose: 'cancel', referenceMessageId: declaration.header.messageId };
    expect((await agent.submit({ header, cancellation: { reason: 'No call.' } })).status).toBe(202);
  }
  for (const { dossierId } of [granted, cancelled, erased])
    await eventually(`${dossierId} is final`, async () => (await agent.clearance(dossierId)).body.final || undefined);
  const erasure = await client('operator').request('POST', '/v1/ops/erasures', {
    body: JSON.stringify({ dossier: erased.dossierId, reason: 'test' }),
    headers: { 'content-type': 'application/json' },
  });
  expect([200, 202]).toContain(erasure.status);
  await eventually('it is erased', async () => (await agent.get(`/v1/dossiers/${erased.dossierId}`)).status === 410);
  Object.assign(theirs, {
    pending: pending.dossierId,
    granted: granted.dossierId,
    cancelled: cancelled.dossierId,
    erased: erased.dossierId,
  });
  messageOfA = granted.declaration.header.messageId;
  declarationOfA = granted.declarationId;
  const feed = await agent.get<{ items: { id: string }[]; next: string }>('/v1/events?limit=3');
  feedOfA = feed.body.next;
  eventOfA = feed.body.items[0]?.id ?? '';
  const clearance = await agent.get<{ clearanceId: string }>(`/v1/dossiers/${granted.dossierId}/clearance`);
  etags = [clearance.headers.get('etag') ?? '', '*'];
  secrets.push(clearance.body.clearanceId);
  // B has something of its own, so that its lists are not empty.
  expect((await client('agent2').submit(arrival())).status).toBe(202);
  expect([feedOfA, eventOfA, ...etags].every((value) => value !== '')).toBe(true);
}, 120_000);

afterAll(async () => {
  connections.destroy();
  await gateway.stop();
  folder.remove();
});

/** While something is under way an id that is not there is answered with not-yet: everything is asked at rest. */
beforeEach(async () => {
  await eventually('nothing is under way', async () => {
    const { body } = await client('operator').get<{ items: { lag: number }[] }>('/v1/ops/lag');
    return body.items.every(({ lag }) => lag === 0);
  });
});

interface Asking {
  headers?: Record<string, string>;
  body?: string;
}

async function ask(name: string, method: string, target: string, { headers = {}, body }: Asking = {}): Promise<PlainAnswer> {
  const given = Object.entries({ authorization: `Bearer ${tokens[name]}`, ...headers });
  const request = { method: method.toUpperCase(), target, headers: given, ...(body === undefined ? {} : { body: Buffer.from(body) }) };
  return exchange(gateway.url, request, connections);
}

/** All that a caller could tell answers apart by, but for the clock and what is drawn by lot. */
function visible({ status, headers, text }: PlainAnswer): object {
  const { date: _date, traceparent: _traceparent, ...others } = headers;
  return { status, headers: others, text };
}

const json = { 'content-type': 'application/json' };
const digits = (count: number): string => randomBytes(count).toString('hex').slice(0, count);
/** Of nobody: of no tenant, of tenant A, of the caller itself. */
const absentDossiers = (): string[] => [digits(30), tenantHashOf('agent') + digits(20), dossierIdOf('agent2', digits(8))];

/** In how many ways a dossier is asked for. */
function waysToRead(): Asking[] {
  return [
    {},
    ...['application/xml', 'text/html', 'application/pdf', 'image/png'].map((accept) => ({ headers: { accept } })),
    ...etags.map((etag) => ({ headers: { 'if-none-match': etag } })),
    { headers: { prefer: 'wait=1' } },
    { headers: { 'last-event-id': eventOfA } },
    { headers: { 'accept-language': 'vi' } },
    { headers: { 'idempotency-key': `key-of-a${messageOfA}` } },
  ];
}

test('every operation stands in the table', () => {
  expect(Object.keys(table).sort()).toEqual(served.map(({ operation }) => operation).sort());
});

describe.each(guardedBy('dossier'))('$operation', ({ method, route }) => {
  test.each(Object.keys(theirs) as (keyof typeof theirs)[])('asked by another tenant for one that is %s', async (state) => {
    const queries = ['', '?version=0', '?version=1', '?version=999', '?version=x'];
    const address = (dossierId: string, query: string): string => route.replace('{dossierId}', dossierId) + query;
    for (const query of queries) {
      for (const way of query === '' ? waysToRead() : [{}]) {
        const answer = visible(await ask('agent2', method, address(theirs[state], query), way));
        for (const absent of absentDossiers()) expect(visible(await ask('agent2', method, address(absent, query), way))).toEqual(answer);
        expect([400, 404, 406]).toContain((answer as PlainAnswer).status);
      }
    }
  });
});

describe.each(guardedBy('task'))('$operation', ({ method, route }) => {
  const bodies = method === 'post' ? ['{"outcome":"accepted"}', '{"outcome":"perhaps"}', '{'] : [undefined];
  const address = (agency: string, taskId: string): string => route.replace('{agency}', agency).replace('{taskId}', taskId);

  test.each(['tax', 'harbour-master', STRANGER])('asked by %s, of which the task is not', async (agency) => {
    for (const dossierId of Object.values(theirs)) {
      for (const body of bodies) {
        const asking = body === undefined ? {} : { body, headers: json };
        const taskId = taskOf[dossierId] ?? '';
        const answer = visible(await ask(agency, method, address(agency, taskId), asking));
        // The id says of which agency a task would be: the one of a dossier that is not there says the same.
        for (const absent of absentDossiers())
          expect(visible(await ask(agency, method, address(agency, absent + taskId.slice(30)), asking))).toEqual(answer);
        expect([403, 404]).toContain((answer as PlainAnswer).status);
      }
    }
  });

  test('at the address of the agency of which the task is, whether it is there or not', async () => {
    for (const agency of ['tax', STRANGER]) {
      const asking = bodies[0] === undefined ? {} : { body: bodies[0], headers: json };
      const taskId = taskOf[theirs.pending] ?? '';
      const answer = visible(await ask(agency, method, address('customs', taskId), asking));
      expect(answer).toMatchObject({ status: 403 });
      for (const other of [digits(30) + taskId.slice(30), 'none'])
        expect(visible(await ask(agency, method, address('customs', other), asking))).toEqual(answer);
    }
  });
});

const cursorOf = (...parts: unknown[]): string => Buffer.from(JSON.stringify(parts)).toString('base64url');

describe.each(guardedBy('own'))('$operation', ({ method, route, roles }) => {
  const isAgency = roles.includes('agency');
  const [caller, owner] = isAgency ? [STRANGER, 'customs'] : ['agent2', tenantHashOf('agent')];
  const address = route.replace('{agency}', STRANGER);

  test('gives nothing of another', async () => {
    const queries = ['', '?limit=500', '?state=done', '?status=granted', '?imo=9074729', `?after=${eventOfA}`, '?after=0-0-0'];
    for (const query of queries) {
      const { status, text } = await ask(caller, method, address + query);
      expect([query, status]).toEqual([query, 200]);
      for (const secret of secrets) expect(text).not.toContain(secret);
    }
  });

  test('takes no cursor of another, and says so as of one of nobody', async () => {
    const parameter = route === '/v1/events' ? 'after' : 'cursor';
    const positions = [[0, 0]];
    const asked = (cursor: string) => ask(caller, method, `${address}?${parameter}=${cursor}`);
    const others =
      parameter === 'after'
        ? [feedOfA, cursorOf(owner, positions)]
        : [cursorOf(owner, Date.now(), isAgency ? taskOf[theirs.pending] : theirs.granted), cursorOf(owner, 0, '')];
    const answer = visible(await asked(cursorOf('nobody', positions)));
    expect(answer).toMatchObject({ status: 404 });
    for (const cursor of others) expect(visible(await asked(cursor))).toEqual(answer);
  });
});

test('who waits for its feed is not woken by what happens to another', async () => {
  const { body } = await client('agent2').get<{ next: string; items: unknown[] }>('/v1/events?limit=500');
  const waiting = ask('agent2', 'get', `/v1/events?wait=2&after=${body.next}`);
  await submitAsA();
  const { status, text } = await waiting;
  for (const secret of secrets) expect(text).not.toContain(secret);
  expect(status).toBe(200);
});

describe.each(guardedBy('submission'))('$operation', () => {
  const post = (declaration: object, headers: Record<string, string> = {}): Promise<PlainAnswer> =>
    ask('agent2', 'post', '/v1/declarations', { body: JSON.stringify(declaration), headers: { ...json, ...headers } });

  test.each(['amend', 'cancel'])('%s of the message of another is as that of one that is not there', async (purpose) => {
    const messageId = freshId();
    const about = (referenceMessageId: string): object => ({
      header: { ...arrival().header, sentAt: '2026-11-24T00:00:00Z', messageId, purpose, referenceMessageId },
      ...(purpose === 'amend' ? { formalities: {} } : { cancellation: { reason: 'No call.' } }),
    });
    const answer = visible(await post(about(messageOfA)));
    expect(answer).toMatchObject({ status: 422 });
    expect(visible(await post(about('a-message-of-nobody')))).toEqual(answer);
  });

  test('the code of the dossier of another is as one that is not there', async () => {
    const codeOfA = dossierCodeOf(theirs.granted);
    const declaration = arrival();
    const joining = (visitId: string): object => ({ ...declaration, portCall: { ...declaration.portCall, visitId } });
    const dryRun = async (visitId: string): Promise<object> =>
      visible(await ask('agent2', 'post', '/v1/declarations?dryRun=true', { body: JSON.stringify(joining(visitId)), headers: json }));
    // Nothing is stored, so that the same can be asked again; due times are of the moment.
    const timeless = (answer: object): unknown =>
      JSON.parse(JSON.stringify(answer).replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')) as unknown;
    const expected = timeless(await dryRun(dossierCodeOf(tenantHashOf('agent') + digits(20))));
    expect(timeless(await dryRun(codeOfA))).toEqual(expected);
    const { text } = await post(joining(codeOfA));
    for (const secret of secrets.filter((known) => known !== codeOfA)) expect(text).not.toContain(secret);
  });

  test('message ids and keys of another are free', async () => {
    const taken = arrival((made) => (made.header.messageId = messageOfA));
    const first = await post(taken, { 'idempotency-key': `key-of-a${messageOfA}` });
    expect([first.status, first.headers['idempotent-replayed']]).toEqual([202, undefined]);
    const own = JSON.parse(first.text) as { dossierId: string };
    expect(Object.values(theirs)).not.toContain(own.dossierId);
    expect(own.dossierId.startsWith(tenantHashOf('agent2'))).toBe(true);
  });
});

describe.each(guardedBy('staff'))('$operation', ({ method, route, roles }) => {
  const mayNot = ['agent', 'agent2', 'customs', 'tax', STRANGER, ...(roles.includes('operator') ? ['auditor'] : ['operator'])];

  test.each(mayNot)('asked by %s, whether it is there or not', async (name) => {
    const address = (dossierId: string, declarationId: string): string =>
      route
        .replace('{dossierId}', dossierId)
        .replace('{declarationId}', declarationId)
        .replace(/\{\w+\}/, '0-0');
    const asking = (dossier: string): Asking =>
      method === 'post' ? { headers: json, body: JSON.stringify({ dossier, filter: { dossier } }) } : {};
    const answer = visible(await ask(name, method, address(theirs.granted, declarationOfA), asking(theirs.granted)));
    expect(answer).toMatchObject({ status: 403 });
    const absent = absentDossiers()[0] ?? '';
    expect(visible(await ask(name, method, address(absent, digits(32)), asking(absent)))).toEqual(answer);
  });
});

describe.each(guardedBy('public'))('$operation', ({ method, route }) => {
  test('is the same for everybody', async () => {
    const address = route.replace('{name}', 'packageType').replace('{code}', 'not-found');
    const answers = await Promise.all(['agent', 'agent2', 'customs', 'auditor', 'nobody'].map((name) => ask(name, method, address)));
    for (const answer of answers) expect(visible(answer)).toEqual(visible(answers[0] as PlainAnswer));
    for (const secret of secrets) expect(answers[0]?.text).not.toContain(secret);
  });
});
