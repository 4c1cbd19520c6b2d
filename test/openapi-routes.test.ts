import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';
import { loadRules } from '../config/load-rules';
import { readSettings } from '../config/settings';
import { Admission } from '../gateway/admission';
import { problem } from '../gateway/core/problem-catalogue';
import { createDocuments } from '../gateway/documents';
import type { Principal } from '../gateway/edges/http/authenticate';
import type { GatewayApi } from '../gateway/edges/http/gateway-api';
import { createHttpServer } from '../gateway/edges/http/server';
import { createMetrics } from '../gateway/edges/metrics/metrics';
import type { Refusal } from '../gateway/access-log';

/**
 * The OpenAPI document is what the HTTP edge has: every route is in it, nothing else is, and the roles at each operation are those
 * that may call it (guarantees.md §5: role × route from OpenAPI).
 */
const apps: Express[] = [];
jest.mock('express', () => {
  const real = jest.requireActual<() => Express>('express');
  const observed = (): Express => {
    const app = real();
    apps.push(app);
    return app;
  };
  return Object.assign(observed, real);
});

interface Operation {
  operationId: string;
  'x-role': string[];
  responses: Record<string, unknown>;
  requestBody?: unknown;
}
interface Parameter {
  $ref?: string;
  name: string;
  in: string;
  example?: string;
}

const settings = readSettings({});
const rules = loadRules(settings);
const documents = createDocuments(rules);
const openapi = documents.openapi as {
  paths: Record<string, Record<string, unknown>>;
  components: { parameters: Record<string, Parameter> };
};
const refused: Refusal[] = [];
const principals: Record<string, Principal> = {
  agent: { role: 'agent', tenant: 'tenant-a', name: 'agent' },
  agency: { role: 'agency', agency: 'customs', name: 'customs' },
  operator: { role: 'operator', name: 'operator' },
  auditor: { role: 'auditor', name: 'auditor' },
};

/** Answers as if nothing were there, so that what is refused is refused for the role. */
function fakeApi(): GatewayApi {
  const unknown = () => Promise.resolve({ kind: 'unknown' });
  const nothing = () => Promise.resolve(undefined);
  return {
    settings,
    limits: settings,
    admission: new Admission({ ...settings, partitions: 1 }, { monotonicMs: () => 0 }),
    clock: { nowMs: () => 0, monotonicMs: () => 0 },
    rules,
    authenticate: (request: IncomingMessage) => principals[(request.headers.authorization ?? '').slice('Bearer '.length)],
    intake: { submit: () => Promise.resolve({ kind: 'refused', dialect: 'json', problems: [problem('required')] }) },
    dryRun: undefined,
    reads: { dossiers: nothing, dossier: unknown, clearance: unknown, exists: unknown, feed: nothing, tasks: nothing, task: unknown },
    waiting: { until: nothing },
    decisions: { decide: () => Promise.resolve({ kind: 'refused', code: 'task-unknown', problems: [] }) },
    operator: { lag: () => Promise.resolve([]) },
    deadLetters: { list: () => Promise.resolve({ items: [], next: null }), inspect: nothing },
    tasks: { agencies: () => [] },
    jobs: { list: () => Promise.resolve([]), get: nothing, stop: nothing },
    audit: { record: nothing },
    accessLog: { refused: (refusal: Refusal) => refused.push(refusal) },
    erasures: { erase: unknown },
    evidence: { bundle: unknown, message: unknown },
    auditDesk: { prepare: nothing, page: () => Promise.resolve({ items: [], next: '', more: false, partitions: [] }) },
    signer: { jwks: () => ({ keys: [] }) },
    metrics: createMetrics({ version: 'test', node: process.version }),
    readers: {},
    epc: {},
    documents,
    random: (bytes: number) => '1'.repeat(bytes * 2),
    stopping: () => false,
    logger: { error: () => undefined, warn: () => undefined },
  } as unknown as GatewayApi;
}

const operations = Object.entries(openapi.paths).flatMap(([path, item]) =>
  Object.entries(item)
    .filter(([method]) => method !== 'parameters')
    .map(([method, operation]) => ({ method, path, operation: operation as Operation, example: exampleOf(path, item) })),
);

/** The path with the examples of its parameters. */
function exampleOf(path: string, item: Record<string, unknown>): string {
  const parameters = ((item['parameters'] ?? []) as Parameter[]).map((given) =>
    given.$ref === undefined ? given : (openapi.components.parameters[given.$ref.split('/').at(-1) ?? ''] as Parameter),
  );
  return path.replace(/\{(\w+)\}/g, (_whole, name: string) => {
    const example = parameters.find((parameter) => parameter.in === 'path' && parameter.name === name)?.example;
    if (example === undefined) throw new Error(`${path} gives no example of ${name}`);
    return encodeURIComponent(example);
  });
}

let server: Server;
let url: string;

beforeAll(async () => {
  ({ server } = createHttpServer(fakeApi()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function call(method: string, path: string, role?: string): Promise<{ status: number; code: unknown }> {
  const body = method === 'post' ? { body: '{}' } : {};
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    ...(role === undefined ? {} : { authorization: `Bearer ${role}` }),
  };
  const response = await fetch(url + path, { method: method.toUpperCase(), headers, ...body });
  const text = await response.text();
  const code = (response.headers.get('content-type') ?? '').startsWith('application/problem+json')
    ? (JSON.parse(text) as { code: unknown }).code
    : undefined;
  return { status: response.status, code };
}

interface Layer {
  name: string;
  route?: { path: string; methods: Record<string, boolean> };
}

test('every route of the express app is in the document, and the other way round', () => {
  expect(apps).toHaveLength(1);
  const stack = (apps[0] as unknown as { router: { stack: Layer[] } }).router.stack;
  // A router within the app would hide its routes from this test.
  expect(stack.filter((layer) => layer.name === 'router')).toEqual([]);
  const routes = stack.flatMap(({ route }) =>
    route === undefined ? [] : Object.keys(route.methods).map((method) => `${method} ${route.path.replace(/:(\w+)/g, '{$1}')}`),
  );
  // The plain listener takes it ahead of express; the tests below call it.
  routes.push('post /v1/declarations');
  expect(operations.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(routes.sort());
});

test.each(operations)('$method $path is there', async ({ method, example, operation }) => {
  const { status, code } = await call(method, example);
  if (operation['x-role'].includes('public')) expect(status).toBe(200);
  else expect([status, code, refused.at(-1)?.code]).toEqual([401, 'unauthenticated', 'unauthenticated']);
});

const matrix = operations
  .filter(({ operation }) => !operation['x-role'].includes('public'))
  .flatMap((entry) => Object.keys(principals).map((role) => ({ ...entry, role, may: entry.operation['x-role'].includes(role) })));

test.each(matrix)('$role at $method $path: $may', async ({ method, example, role, may, operation }) => {
  const { status, code } = await call(method, example, role);
  if (!may) {
    expect([status, code]).toEqual([403, 'forbidden']);
    return expect(refused.at(-1)).toMatchObject({ code: 'forbidden', name: principals[role]?.name });
  }
  expect(code).not.toBe('forbidden');
  expect(status).toBeLessThan(500);
  expect(Object.keys(operation.responses)).toContain(String(status));
});

test('an agency may not call the routes of another', async () => {
  for (const { method, example } of operations.filter(({ path }) => path.startsWith('/v1/agencies/{agency}/')))
    expect((await call(method, example.replace('/customs/', '/tax/'), 'agency')).code).toBe('forbidden');
});

test('what is in no document is not found', async () => {
  expect(await call('get', '/v1/nothing', 'agent')).toEqual({ status: 404, code: 'not-found' });
  // With a slash at its end it is another address, and the method is one of the address without it.
  expect(await call('post', '/v1/declarations/', 'agent')).toEqual({ status: 404, code: 'not-found' });
});

test.each(operations)('another method than $method of $path is not allowed, and it is said which are', async ({ example }) => {
  // An address may be that of two routes, and have the methods of both.
  const isHere = (route: string): boolean => new RegExp(`^${route.replace(/\{\w+\}/g, '[^/]+')}$`).test(example);
  const here = operations.filter((operation) => isHere(operation.path)).map(({ method }) => method.toUpperCase());
  for (const method of ['DELETE', 'OPTIONS', ...(here.includes('GET') ? [] : ['HEAD'])]) {
    const { status, headers } = await fetch(url + example, { method });
    expect([method, status]).toEqual([method, method === 'OPTIONS' ? 204 : 405]);
    const allowed = (headers.get('allow') ?? '').split(', ');
    expect(allowed).toEqual(expect.arrayContaining([...here, 'OPTIONS']));
    expect(allowed).not.toContain('DELETE');
  }
});

test.each(operations.filter(({ path }) => path.includes('{')))('$method $path: what decodes to no text is not there', async (operation) => {
  const { method, path } = operation;
  for (const part of ['%', '%E0%A4%A', '%ff'])
    expect(await call(method, path.replace(/\{\w+\}/g, part), 'agent')).toEqual({ status: 404, code: 'not-found' });
});

const taking = operations.filter(({ operation }) => operation.requestBody !== undefined);

test.each(taking)('$method $path reads no body of who may not', async ({ method, example, operation }) => {
  const may = operation['x-role'];
  const others = Object.keys(principals).filter((role) => !may.includes(role));
  for (const [role, code] of [[undefined, 'unauthenticated'] as const, ...others.map((other) => [other, 'forbidden'] as const)]) {
    const headers = { 'content-type': 'application/json', ...(role === undefined ? {} : { authorization: `Bearer ${role}` }) };
    const answer = await fetch(url + example, { method: method.toUpperCase(), headers, body: '{ no JSON' });
    expect(await answer.json()).toMatchObject({ code });
  }
});

test.each(taking.filter(({ path }) => path.startsWith('/v1/ops/')))(
  '$path names a coding and a charset that it does not take',
  async (operation) => {
    const { example } = operation;
    const codeOf = async (headers: Record<string, string>): Promise<unknown> => {
      const authorization = 'Bearer operator';
      const answer = await fetch(url + example, { method: 'POST', headers: { authorization, ...headers }, body: '{}' });
      expect([answer.status, Object.keys(operation.operation.responses)]).toEqual([415, expect.arrayContaining(['415'])]);
      return ((await answer.json()) as { code: unknown }).code;
    };
    expect(await codeOf({ 'content-type': 'application/json', 'content-encoding': 'zip' })).toBe('content-coding-unsupported');
    expect(await codeOf({ 'content-type': 'application/json; charset=latin1' })).toBe('charset-unsupported');
  },
);
