import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Clearance, Receipt } from '../../gateway/core/messages';
import { AgentClient, arrival, type Answer } from '../support/agent-client';
import { gatewayFolder, startGatewayProcess, type GatewayProcess } from '../support/gateway-process';
import { OpenapiDocument } from '../support/openapi-document';

/** What a real gateway (embedded) answers follows the OpenAPI document that it serves. */
const folder = gatewayFolder();
let gateway: GatewayProcess;
let openapi: OpenapiDocument;
let as: Record<string, AgentClient>;
const seen = new Set<string>();

beforeAll(async () => {
  gateway = await startGatewayProcess(folder, { RAW_EVIDENCE: 'all' });
  as = Object.fromEntries(Object.entries(folder.tokens()).map(([name, token]) => [name, new AgentClient(gateway.url, token)]));
  openapi = new OpenapiDocument((await client('agent').get('/openapi.json')).body);
}, 120_000);

afterAll(async () => {
  await gateway.stop();
  folder.remove();
});

function client(name: string): AgentClient {
  return as[name] as AgentClient;
}

/** Status, content type and body stand in the document at this operation. */
function follows(method: string, route: string, answer: Answer<unknown>): void {
  const { status, text } = answer;
  const fault = openapi.faultOf(method, route, { status, text, contentType: answer.headers.get('content-type') ?? '' });
  expect([method, route, fault]).toEqual([method, route, undefined]);
  seen.add(`${method} ${route}`);
}

async function get(name: string, route: string, address: string, headers: Record<string, string> = {}): Promise<Answer> {
  const answer = await client(name).get(address, headers);
  follows('get', route, answer);
  return answer;
}

test('every answer of the way of a declaration follows the document', async () => {
  const agent = client('agent');
  const declaration = arrival();
  const submitted = await agent.submit(declaration, { prefer: 'wait=20' });
  follows('post', '/v1/declarations', submitted);
  expect(submitted.status).toBe(200);
  const { dossierId } = submitted.body;

  const replayed = await agent.submit(declaration);
  expect(replayed.status).toBe(202);
  follows('post', '/v1/declarations', replayed);
  expect((replayed.body as unknown as Receipt).dossierId).toBe(dossierId);

  const clearance = '/v1/dossiers/{dossierId}/clearance';
  const json = await get('agent', clearance, `/v1/dossiers/${dossierId}/clearance`);
  for (const type of ['application/xml', 'text/html', 'application/pdf']) {
    const form = await get('agent', clearance, `/v1/dossiers/${dossierId}/clearance`, { accept: type, 'accept-language': 'vi' });
    expect(form.headers.get('content-type')).toContain(type);
    expect(form.headers.get('clearance-signature')).toBe((json.body as unknown as Clearance).signature);
  }
  await get('agent', clearance, `/v1/dossiers/${dossierId}/clearance?version=0`);
  await get('agent', clearance, `/v1/dossiers/${dossierId}/clearance`, { 'if-none-match': json.headers.get('etag') ?? '' });
  await get('agent', clearance, `/v1/dossiers/${dossierId}/clearance`, { accept: 'image/png' });
  await get('agent', clearance, `/v1/dossiers/${dossierId}/clearance?version=x`);
  await get('agent2', clearance, `/v1/dossiers/${dossierId}/clearance`);

  await get('agent', '/v1/dossiers', '/v1/dossiers?status=granted');
  await get('agent', '/v1/dossiers', '/v1/dossiers?status=nonsense');
  await get('agent', '/v1/dossiers/{dossierId}', `/v1/dossiers/${dossierId}`);
  await get('agent2', '/v1/dossiers/{dossierId}', `/v1/dossiers/${dossierId}`);
  await get('customs', '/v1/dossiers/{dossierId}', `/v1/dossiers/${dossierId}`);
  await get('agent', '/v1/events', '/v1/events');
  await get('agent', '/v1/events', '/v1/events?after=nonsense');

  const tasks = await get('customs', '/v1/agencies/{agency}/tasks', '/v1/agencies/customs/tasks?state=done');
  const { taskId } = (tasks.body as { items: { taskId: string }[] }).items[0] ?? { taskId: '' };
  await get('customs', '/v1/agencies/{agency}/tasks/{taskId}', `/v1/agencies/customs/tasks/${taskId}`);
  const decide = async (body: object) => {
    const answer = await client('customs').request('POST', `/v1/agencies/customs/tasks/${taskId}/decisions`, {
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });
    follows('post', '/v1/agencies/{agency}/tasks/{taskId}/decisions', answer);
    return answer.status;
  };
  const decision = { outcome: 'conditionallyAccepted', conditions: [{ code: 'C-1', text: 'Seal two containers.' }] };
  expect([await decide(decision), await decide(decision), await decide({ outcome: 'perhaps' })]).toEqual([201, 200, 422]);
}, 120_000);

test('every form of refusal follows the document', async () => {
  const post = async (body: string, headers: Record<string, string>) => {
    const answer = await client('agent').request('POST', '/v1/declarations', { body, headers });
    follows('post', '/v1/declarations', answer);
    return answer.status;
  };
  const json = { 'content-type': 'application/json' };
  expect(await post('{', json)).toBe(400);
  expect(await post('{"header":{},"unknown":1}', json)).toBe(422);
  expect(await post('<a/>', { 'content-type': 'application/xml' })).toBe(415);
  expect(await post('x', { 'content-type': 'text/plain' })).toBe(415);
  expect(await post('{}', { ...json, accept: 'image/png' })).toBe(406);
  expect(await post('{}', { ...json, authorization: 'Bearer nobody' })).toBe(401);
  const dryRun = await client('agent').request('POST', '/v1/declarations?dryRun=true', {
    body: JSON.stringify(arrival()),
    headers: json,
  });
  follows('post', '/v1/declarations', dryRun);
});

test('the EPC dialect is answered in XML, as the document says', async () => {
  const xml = readFileSync(path.join(__dirname, '..', 'fixtures', 'epc', 'arrival-2021.xml'), 'utf8');
  const answer = await client('agent').submitXml(xml, { prefer: 'wait=20' });
  expect(answer.headers.get('content-type')).toContain('application/xml');
  follows('post', '/v1/declarations', answer);
}, 60_000);

test('every other answer follows the document', async () => {
  await get('operator', '/v1/ops/dead-letters', '/v1/ops/dead-letters');
  await get('operator', '/v1/ops/lag', '/v1/ops/lag');
  await get('operator', '/v1/ops/config', '/v1/ops/config');
  await get('agent', '/v1/ops/lag', '/v1/ops/lag');
  await get('operator', '/v1/ops/dead-letters/{id}', '/v1/ops/dead-letters/0-999');
  const operate = async (route: string, address: string, body: object): Promise<Answer> => {
    const headers = { 'content-type': 'application/json' };
    const answer = await client('operator').request('POST', address, { body: JSON.stringify(body), headers });
    follows('post', route, answer);
    return answer;
  };
  const erasures = '/v1/ops/erasures';
  await operate(erasures, erasures, { dossier: 'none', reason: 'test' });
  await operate(erasures, erasures, { dossier: 'f'.repeat(30), reason: 'test' });
  const redrive = '/v1/ops/dead-letters/redrive';
  await operate(redrive, redrive, { ids: ['0-1'], preview: true });
  await operate(redrive, redrive, { ids: ['0-1'] });
  await operate(redrive, redrive, { filter: {}, preview: true });
  const { body: job } = await operate(redrive, redrive, { filter: { reason: 'poison' } });
  const resend = '/v1/ops/tasks/resend';
  await operate(resend, resend, { filter: { agency: 'customs' }, preview: true });
  await operate(resend, resend, { filter: { agency: 'nobody' } });
  await operate(resend, resend, { filter: {} });
  await get('operator', '/v1/ops/jobs', '/v1/ops/jobs');
  await get('operator', '/v1/ops/jobs/{jobId}', `/v1/ops/jobs/${String(job['jobId'])}`);
  await operate('/v1/ops/jobs/{jobId}/stop', `/v1/ops/jobs/${String(job['jobId'])}/stop`, {});
  await get('auditor', '/v1/audit', '/v1/audit?limit=5');
  const { items: dossiers } = (await client('agent').get<{ items: { dossierId: string }[] }>('/v1/dossiers')).body;
  const dossierId = dossiers[0]?.dossierId ?? '';
  const evidence = await get('auditor', '/v1/evidence/{dossierId}', `/v1/evidence/${dossierId}`);
  expect(evidence.status).toBe(200);
  await get('auditor', '/v1/evidence/{dossierId}', '/v1/evidence/none');
  const { parts } = evidence.body as { parts: { name: string; value: { declarationId: string } }[] };
  const { declarationId } = parts.find(({ name }) => name === 'revisions/1')?.value ?? { declarationId: '' };
  const message = '/v1/evidence/{dossierId}/messages/{declarationId}';
  expect((await get('auditor', message, `/v1/evidence/${dossierId}/messages/${declarationId}`)).status).toBe(200);
  await get('auditor', message, `/v1/evidence/${dossierId}/messages/${'f'.repeat(32)}`);
  await get('auditor', '/v1/audit', '/v1/audit?after=nonsense');
  for (const route of ['/v1/agencies', '/v1/services', '/v1/codelists', '/.well-known/jwks.json', '/openapi.json', '/asyncapi.json'])
    await get('agent', route, route);
  const { items } = (await get('agent', '/v1/codelists', '/v1/codelists')).body as { items: string[] };
  for (const name of items) await get('agent', '/v1/codelists/{name}', `/v1/codelists/${name}`);
  await get('agent', '/v1/codelists/{name}', '/v1/codelists/none');
  await get('agent', '/problems/{code}', '/problems/imo-check-digit');
  await get('agent', '/problems/{code}', '/problems/none');
});

test('every operation but the stream has been looked at', () => {
  const all = openapi.operations.map(({ method, route }) => `${method} ${route}`);
  expect(all.filter((operation) => !seen.has(operation))).toEqual(['get /v1/dossiers/{dossierId}/events']);
});
