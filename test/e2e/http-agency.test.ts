import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clearance, RequestMessage } from '../../gateway/core/messages';
import { AgentClient, arrival } from '../support/agent-client';
import { gatewayFolder, startGatewayProcess, type GatewayProcess } from '../support/gateway-process';
import { untilHolds } from '../support/until-holds';

jest.setTimeout(120_000);

/** An agency whose system is called over HTTP: slow, broken, back again; the others are not delayed, and it is asked once in effect. */
const folder = gatewayFolder();
let agency: Server;
let gateway: GatewayProcess;
let agent: AgentClient;
let behaviour: 'decides' | 'fails' | 'hangs' = 'decides';
const calls: { key: string; signature: string; request: RequestMessage }[] = [];

function answer(request: IncomingMessage, response: ServerResponse): void {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    const asked = JSON.parse(body) as RequestMessage;
    const signature = Object.entries(request.headers).find(([name]) => name.includes('signature'))?.[1];
    calls.push({ key: String(request.headers['idempotency-key']), signature: String(signature), request: asked });
    if (behaviour === 'hangs') return;
    if (behaviour === 'fails') return void response.writeHead(500).end();
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ taskId: asked.taskId, outcome: 'accepted', reference: `HTTP-${asked.revision}` }));
  });
}

beforeAll(async () => {
  agency = createServer(answer);
  await new Promise<void>((resolve) => agency.listen(0, '127.0.0.1', resolve));
  const { port } = agency.address() as AddressInfo;
  gateway = await startGatewayProcess(folder, { AGENCY_CUSTOMS_MODE: 'http', AGENCY_CUSTOMS_URL: `http://127.0.0.1:${port}/requests` });
  agent = new AgentClient(gateway.url, folder.tokens()['agent'] ?? '');
}, 120_000);
afterAll(async () => {
  await gateway.stop();
  agency.closeAllConnections();
  agency.close();
  folder.remove();
});

it('decides by the answer of the system, which is asked with an identity and a signature', async () => {
  const { status, body } = await agent.submit(arrival(), { prefer: 'wait=20' });
  expect([status, body.status]).toEqual([200, 'granted']);
  const customs = (body as unknown as Clearance).agencies.find((entry) => entry.agency === 'customs');
  expect(customs).toMatchObject({ status: 'accepted', reference: 'HTTP-1' });
  const call = calls.find(({ request }) => request.dossierId === body.dossierId);
  expect(call?.key).toBe(call?.request.taskId);
  expect(call?.signature).toMatch(/^[\w-]+\.\.[\w-]+$/);
});

it.each(['fails', 'hangs'] as const)(
  'is awaited while the system %s, without delaying the others, and decides when it is back',
  async (trouble) => {
    behaviour = trouble;
    const { body } = await agent.submit(arrival());
    await untilHolds(async () => {
      const pending = await agent.get<Clearance>(`/v1/dossiers/${body.dossierId}/clearance`);
      expect(pending.body.status).toBe('pending');
      expect(pending.body.agencies.map((entry) => [entry.agency, entry.status])).toEqual([
        ['harbour-master', 'accepted'],
        ['customs', 'open'],
        ['tax', 'accepted'],
        ['planning', 'accepted'],
      ]);
    });
    await untilHolds(() => {
      expect(calls.some(({ request }) => request.dossierId === body.dossierId)).toBe(true);
      return Promise.resolve();
    });
    behaviour = 'decides';
    await untilHolds(
      async () => expect((await agent.get<Clearance>(`/v1/dossiers/${body.dossierId}/clearance`)).body.status).toBe('granted'),
      60_000,
    );
    // However often it was asked, it was the same task.
    const asked = calls.filter(({ request }) => request.dossierId === body.dossierId);
    expect(new Set(asked.map(({ key }) => key)).size).toBe(1);
  },
);

it('writes nothing of a person into its log', () => {
  for (const personal of ['SAILOR', 'P0000002', 'S0000001', 'GUEST']) expect(gateway.output()).not.toContain(personal);
});
