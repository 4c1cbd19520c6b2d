import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { digestOf } from '../../gateway/core/identifiers';
import { EventType } from '../../gateway/core/messages';
import { problemCodes } from '../../gateway/core/problem-catalogue';
import { openEmbeddedMessageLog } from '../../gateway/edges/embedded/embedded-message-log';
import { openEnvironment } from '../../gateway/edges/embedded/open-environment';
import { problemStatus } from '../../gateway/edges/http/problem-status';
import type { LogRecord } from '../../gateway/ports/message-log';
import openapi from '../../schemas/openapi.json';
import { AgentClient, arrival } from '../support/agent-client';
import { eventually } from '../support/eventually';
import { gatewayFolder, startGatewayProcess, type GatewayProcess } from '../support/gateway-process';
import { OpenapiDocument } from '../support/openapi-document';
import { requestsOf, type FuzzedRequest, type Material } from '../support/openapi-requests';
import { exchange, type PlainAnswer } from '../support/plain-http';
import { mutated } from '../support/xml-mutations';

jest.setTimeout(300_000);

/**
 * Every operation of the OpenAPI document, asked with requests made from it, right and spoilt, by every role and by nobody: whatever comes,
 * the answer is one that the document has, says nothing that it must not, and what is refused has changed nothing.
 * HTTP_FUZZ_REQUESTS: how many requests an operation is asked with; FC_SEED: others.
 */
const REQUESTS = Number(process.env['HTTP_FUZZ_REQUESTS'] ?? 40);
/** More than it takes at work; a leak of each request's body would be more still. */
const MAX_GROWTH_BYTES = 300_000_000;
/** Known from the file, so that there is a test of each; what is asked and judged is what the gateway serves. */
const routes = Object.entries(openapi.paths).flatMap(([route, item]) =>
  Object.keys(item)
    .filter((method) => method !== 'parameters')
    .map((method) => [method, route] as const),
);
/** In a declaration of each tenant, and for no other tenant, operator or auditor to see. */
const secrets = { agent: 'CANARY SHIP OF A', agent2: 'CANARY SHIP OF B', person: 'CANARYPERSON' };
/** Operations that show a declaration to whom it is for. */
const showsDeclaration = '/v1/evidence/{dossierId}/messages/{declarationId}';

const folder = gatewayFolder();
const connections = new Agent({ keepAlive: true, maxSockets: 4 });
const fixture = (name: string): Buffer => readFileSync(path.join(__dirname, '..', 'fixtures', 'epc', name));
let gateway: GatewayProcess;
let document: OpenapiDocument;
let tokens: Record<string, string>;
let material: Material;
let residentAtStart: number;
/** By operation: how often each status was the answer. */
const answered = new Map<string, Map<number, number>>();
/** What was answered as taken, declarations by the digest of their bytes: what the log may hold. */
const taken = { declarations: new Set<string>(), decisions: 0, erasures: 0 };

function declaration(tenant: 'agent' | 'agent2'): ReturnType<typeof arrival> {
  return arrival((made) => {
    if (made.ship !== undefined) made.ship.name = secrets[tenant];
    const [member] = made.formalities?.crewList?.members ?? [];
    if (member !== undefined) member.name = { ...member.name, familyName: secrets.person };
  });
}

beforeAll(async () => {
  gateway = await startGatewayProcess(folder, { AGENCY_CUSTOMS_MODE: 'desk', RAW_EVIDENCE: 'all', MAX_DECLARATION_BYTES: '400000' });
  tokens = folder.tokens();
  const client = (name: string): AgentClient => new AgentClient(gateway.url, tokens[name] ?? '');
  const [agent, customs] = [client('agent'), client('customs')];
  document = new OpenapiDocument((await agent.get('/openapi.json')).body);
  const submit = async (tenant: 'agent' | 'agent2'): Promise<{ dossierId: string; declarationId: string; dossierCode: string }> => {
    const sent = declaration(tenant);
    const { status, body } = await client(tenant).submit(sent);
    expect(status).toBe(202);
    taken.declarations.add(digestOf(JSON.stringify(sent)));
    return body;
  };
  const [decided, open, others] = [await submit('agent'), await submit('agent'), await submit('agent2')];
  const tasks = await eventually('customs was asked about all three', async () => {
    const { body } = await customs.get<{ items: { taskId: string; dossierId: string }[] }>('/v1/agencies/customs/tasks');
    return body.items.length === 3 && body.items;
  });
  const task = tasks.find(({ dossierId }) => dossierId === decided.dossierId);
  expect((await customs.decide('customs', task?.taskId ?? '', { outcome: 'accepted' })).status).toBe(201);
  taken.decisions++;
  await eventually('the first is granted', async () => (await agent.clearance(decided.dossierId)).body.final || undefined);
  const { next } = (await agent.get<{ next: string }>('/v1/events?limit=2')).body;
  const resend = await client('operator').request('POST', '/v1/ops/tasks/resend', {
    body: JSON.stringify({ filter: { agency: 'customs' }, recordsPerSecond: 10_000 }),
    headers: { 'content-type': 'application/json' },
  });
  material = {
    document,
    credentials: {
      agent: ['agent', 'agent2'],
      agency: ['customs', 'customs', 'customs', 'tax'],
      operator: ['operator'],
      auditor: ['auditor'],
    },
    known: {
      dossierId: [decided.dossierId, open.dossierId, others.dossierId, others.dossierId],
      declarationId: [others.declarationId],
      taskId: tasks.map(({ taskId }) => taskId),
      agency: ['customs', 'customs', 'tax'],
      dossier: [others.dossierId, decided.dossierCode],
      jobId: [String(resend.body['jobId'])],
      id: ['0-0', '0-999'],
      name: ['un-numbers', 'countries', 'hasOwnProperty'],
      code: ['imo-check-digit', 'not-found'],
      after: [next],
      status: ['granted', 'pending'],
      state: ['open', 'decided', 'overdue'],
      reason: ['test-of-it'],
      version: ['0', '1', '2'],
    },
  };
  residentAtStart = await residentBytes();
}, 120_000);

afterAll(async () => {
  connections.destroy();
  if (gateway?.child.exitCode === null) await gateway.stop();
  folder.remove();
});

async function residentBytes(): Promise<number> {
  const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
  return Number(/^process_resident_memory_bytes (\S+)$/m.exec(metrics)?.[1]);
}

async function ask(request: FuzzedRequest): Promise<PlainAnswer> {
  const token = tokens[request.credential];
  const authorization = token === undefined ? request.credential : `Bearer ${token}`;
  const headers = authorization === '' ? request.headers : [...request.headers, ['Authorization', authorization] as const];
  return exchange(gateway.url, { ...request, headers }, connections);
}

/** What is wrong with an answer; undefined: nothing. */
function faultOf(method: string, route: string, request: FuzzedRequest, answer: PlainAnswer): string | undefined {
  const { status, contentType, text } = answer;
  if (Object.values(tokens).some((token) => text.includes(token))) return 'a credential is told';
  if (/\bat .*\.[jt]s:\d+/.test(text)) return 'a stack is told';
  const hidden = hiddenFrom(request.credential, route).find((secret) => text.includes(secret));
  if (hidden !== undefined) return `"${hidden}" is told to ${request.credential}`;
  if (contentType.startsWith('application/problem+json') && text !== '') {
    const problem = JSON.parse(text) as { code: (typeof problemCodes)[number]; type: string; status: number };
    if (!problemCodes.includes(problem.code)) return `${problem.code} is in no catalogue`;
    if (problem.type !== `/problems/${problem.code}` || problem.status !== status) return 'type or status is not that of the code';
    // Requests that are none to node are answered without the catalogue's status.
    if (status !== problemStatus[problem.code] && status !== 431) return `${problem.code} with ${status}`;
  }
  if (!request.ownMethod) return faultOfOtherMethod(request, answer);
  if (status === 500) return 'a 500';
  const roles = document.operation(method, route)?.roles ?? [];
  // Headers that are too large are nobody's, and a path that decodes to no text is none.
  const isNobody = tokens[request.credential] === undefined && !roles.includes('public') && status !== 431;
  if (isNobody && status !== 401 && !(status === 404 && !isText(request.target))) return `nobody is answered ${status}`;
  return document.faultOf(method, route, answer);
}

/** A method that the document does not have here: 405 with Allow, and what HTTP says of HEAD and OPTIONS. */
function faultOfOtherMethod(request: FuzzedRequest, { status, headers, text }: PlainAnswer): string | undefined {
  const asGiven = request.target.split('?')[0] ?? '';
  const here = document.operations.filter(({ route }) => new RegExp(`^${route.replace(/\{\w+\}/g, '[^/]+')}$`).test(asGiven));
  const methods = here.map((operation) => operation.method.toUpperCase());
  // Another operation of the same path: judged by its own test. What is no request to node is answered by node.
  if (methods.includes(request.method) || status === 431 || !isText(request.target)) return undefined;
  if (request.method === 'HEAD' && methods.includes('GET')) {
    const known = here.some(({ responses }) => responses[String(status)] !== undefined);
    return text === '' && known ? undefined : `HEAD: ${status}, ${text.length} characters`;
  }
  const allowed = String(headers['allow'] ?? '')
    .split(',')
    .map((name) => name.trim());
  if (!methods.every((name) => allowed.includes(name))) return `${status}, and Allow is "${allowed.join(', ')}"`;
  return status === (request.method === 'OPTIONS' ? 204 : 405) ? undefined : `${request.method}: ${status}`;
}

function isText(target: string): boolean {
  try {
    decodeURIComponent(target.split('?')[0] ?? '');
    return true;
  } catch {
    return false;
  }
}

function hiddenFrom(credential: string, route: string): string[] {
  const { agent, agent2, person } = secrets;
  switch (credential) {
    case 'agent':
      return [agent2];
    case 'agent2':
      return [agent];
    case 'customs':
    case 'tax':
      return [person];
    case 'auditor':
      return route === showsDeclaration ? [] : [agent, agent2, person];
    default:
      return [agent, agent2, person];
  }
}

/** Notes what was taken, for the look into the log at the end. */
function note(method: string, route: string, request: FuzzedRequest, { status, text }: PlainAnswer): void {
  const statuses = answered.get(`${method} ${route}`) ?? new Map<number, number>();
  answered.set(`${method} ${route}`, statuses.set(status, (statuses.get(status) ?? 0) + 1));
  if (request.method !== 'POST' || status >= 300) return;
  if (route === '/v1/declarations' && !text.startsWith('{"valid":')) taken.declarations.add(digestOf(unpacked(request)));
  if (route.endsWith('/decisions') && status === 201) taken.decisions++;
  if (route === '/v1/ops/erasures') taken.erasures++;
}

/** The body as the gateway reads it. */
function unpacked({ body = Buffer.alloc(0), headers }: FuzzedRequest): Buffer {
  return headers.some(([name, value]) => name === 'Content-Encoding' && value === 'gzip') ? gunzipSync(body) : body;
}

const xml = mutated([fixture('arrival-2021.xml'), fixture('arrival-2011.xml'), fixture('cancel-2021.xml')]);
const asJson = (values: fc.Arbitrary<unknown>): Record<string, fc.Arbitrary<Buffer>> => ({
  'application/json': values.map((value) => Buffer.from(JSON.stringify(value))),
});
/** Where a body made from the schema would hardly ever be taken. */
const bodiesOf: Record<string, Record<string, fc.Arbitrary<Buffer>>> = {
  '/v1/declarations': { ...asJson(fc.constant(undefined).map(() => arrival())), 'application/xml': xml, 'text/xml': xml },
  '/v1/agencies/{agency}/tasks/{taskId}/decisions': asJson(
    fc.record(
      {
        outcome: fc.constantFrom('acknowledged', 'accepted', 'held', 'released', 'perhaps'),
        reference: fc.string(),
        agency: fc.constant('customs'),
      },
      { requiredKeys: ['outcome'] },
    ),
  ),
  '/v1/ops/erasures': asJson(
    fc.record(
      {
        dossier: fc.constantFrom(0, 1).map((i) => material.known['dossier']?.[i]),
        reason: fc.constantFrom('test', 'x y'),
        preview: fc.boolean(),
      },
      { requiredKeys: ['dossier', 'reason'] },
    ),
  ),
  '/v1/ops/tasks/resend': asJson(
    fc.record({ filter: fc.record({ agency: fc.constantFrom('customs', 'nobody') }, { requiredKeys: [] }), preview: fc.boolean() }),
  ),
  '/v1/ops/dead-letters/redrive': asJson(
    fc.oneof(
      fc.record({ ids: fc.array(fc.constantFrom('0-0', '11-1', '9999-999999999999999', '', '__proto__')), preview: fc.boolean() }),
      fc.record({ filter: fc.record({ topic: fc.constantFrom('dossiers', 'x'), from: fc.constant('2026-01-01') }, { requiredKeys: [] }) }),
    ),
  ),
};

const requestsFor = (method: string, route: string): fc.Arbitrary<FuzzedRequest> => {
  const operation = document.operation(method, route);
  if (operation === undefined) throw new Error(`${method} ${route} is not served`);
  return requestsOf(operation, { ...material, bodies: bodiesOf[route] ?? {} });
};

test.each(routes)('%s %s', async (method, route) => {
  await fc.assert(
    fc.asyncProperty(requestsFor(method, route), async (request) => {
      const answer = await ask(request);
      note(method, route, request, answer);
      const fault = faultOf(method, route, request, answer);
      if (fault !== undefined) throw new Error(`${fault}: ${answer.text.slice(0, 300)}`);
    }),
    { numRuns: REQUESTS },
  );
  const health = await fetch(`${gateway.adminUrl}/health/ready`);
  expect(health.status).toBe(200);
});

test('every operation has been answered well, and each that is not public also refused', () => {
  const classes = (operation: string): Set<number> =>
    new Set([...(answered.get(operation) ?? new Map<number, number>()).keys()].map((status) => Math.floor(status / 100)));
  const names = routes.map((route) => route.join(' '));
  // Whether there are dead letters depends on what came.
  const unanswered = names.filter((name) => !classes(name).has(2) && name !== 'get /v1/ops/dead-letters/{id}');
  expect(unanswered).toEqual([]);
  const guarded = document.operations.filter(({ roles }) => !roles.includes('public')).map(({ method, route }) => `${method} ${route}`);
  expect(guarded.filter((name) => !classes(name).has(4))).toEqual([]);
});

test('there was nothing to warn of, and nothing that somebody must act on', () => {
  const output = gateway.output();
  expect(output).not.toContain('Warning');
  const loud = output.split('\n').filter((line) => line.startsWith('{') && (JSON.parse(line) as { level: number }).level >= 50);
  expect(loud).toEqual([]);
});

test('it takes no more memory than before, beyond what it works with', async () => {
  expect((await residentBytes()) - residentAtStart).toBeLessThan(MAX_GROWTH_BYTES);
});

test('the log holds what was answered as taken, and nothing else', async () => {
  expect(await gateway.stop()).toBe(0);
  const { environment, close } = openEnvironment(path.join(folder.varDir, 'data'));
  const log = await openEmbeddedMessageLog({ environment, topicPrefix: '' });
  const records = async (topic: string): Promise<LogRecord[]> => {
    const found: LogRecord[] = [];
    const ranges = (await log.offsets(topic)).map(({ partition, start, end }) => ({ partition, from: start, to: end }));
    await log.read(topic, ranges, (batch) => void found.push(...batch.records));
    return found;
  };
  const dossiers = await records('dossiers');
  const ofType = (type: string): LogRecord[] => dossiers.filter(({ headers }) => headers['ce_type'] === type);
  const digests = ofType(EventType.declaration).map(({ value }) => (JSON.parse(value.toString()) as { digest: string }).digest);
  expect([...new Set(digests)].sort()).toEqual([...taken.declarations].sort());
  const decisions = (
    await Promise.all(['customs', 'tax', 'planning', 'harbour-master'].map((code) => records(`decisions.${code}`)))
  ).flat();
  expect(decisions.filter(({ headers }) => headers['ce_source'] === '/seaport/decisions-api')).toHaveLength(taken.decisions);
  // The same order twice is one record.
  expect(ofType(EventType.erasure).length).toBeLessThanOrEqual(taken.erasures);
  await log.close();
  await close();
});
