import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AgentClient, arrival } from '../support/agent-client';
import { gatewayFolder, startGatewayProcess, type GatewayProcess } from '../support/gateway-process';
import { issuerKey, signed, type IssuerKey } from '../support/tokens';

/** Agents and officers who sign in at an issuer: no API key anywhere. */
jest.setTimeout(60_000);
const folder = gatewayFolder();
const [first, second, third] = ['first', 'second', 'third'].map((kid) => issuerKey(kid)) as [IssuerKey, IssuerKey, IssuerKey];
let published = [first, second];
let issuer: Server;
let issuerUrl: string;
let gateway: GatewayProcess;

beforeAll(async () => {
  issuer = createServer((request, response) => {
    const isDiscovery = request.url === '/.well-known/openid-configuration';
    response.end(
      JSON.stringify(isDiscovery ? { issuer: issuerUrl, jwks_uri: `${issuerUrl}/keys` } : { keys: published.map(({ jwk }) => jwk) }),
    );
  });
  await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve));
  issuerUrl = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}`;
  gateway = await startGatewayProcess(folder, { OIDC_ISSUER: issuerUrl, OIDC_AUDIENCE: 'seaport', OIDC_TENANT_CLAIM: 'company' });
}, 180_000);

afterAll(async () => {
  await gateway.stop();
  issuer.closeAllConnections();
  await new Promise((resolve) => issuer.close(resolve));
  folder.remove();
});

function as(key: IssuerKey, who: object): AgentClient {
  const iat = Math.floor(Date.now() / 1000);
  const token = signed(key, 'EdDSA', { iss: issuerUrl, aud: 'seaport', sub: 'somebody', iat, exp: iat + 300, ...who });
  return new AgentClient(gateway.url, token);
}

const agent = { seaport_role: 'agent', company: 'vosa' };
const officer = { seaport_role: 'agency', seaport_agency: 'customs' };

test('an agent declares and reads, an officer sees its tasks, each no more than its role', async () => {
  const answer = await as(first, agent).submit(arrival(), { prefer: 'wait=20' });
  expect([answer.status, answer.body.status]).toEqual([200, 'granted']);
  const clearance = `/v1/dossiers/${answer.body.dossierId}/clearance`;
  expect((await as(second, agent).get(clearance)).status).toBe(200);
  expect((await as(first, { ...agent, company: 'other' }).get(clearance)).status).toBe(404);
  expect((await as(first, officer).get('/v1/agencies/customs/tasks?state=done')).status).toBe(200);
  expect((await as(first, officer).get('/v1/agencies/tax/tasks')).status).toBe(403);
  expect((await as(first, officer).get(clearance)).status).toBe(403);
  expect((await as(first, { ...agent, exp: 1 }).get(clearance)).status).toBe(401);
  expect((await as(first, { ...agent, aud: 'other' }).submit(arrival())).status).toBe(401);
  expect(gateway.output()).not.toContain('development credentials');
});

test('while the issuer is away known keys go on, and of an unknown one is said that nobody can tell', async () => {
  published = [third];
  // An unknown key within the minute after the last question: not known, so not valid.
  expect((await as(third, agent).get('/v1/dossiers')).status).toBe(401);
  issuer.closeAllConnections();
  await new Promise((resolve) => issuer.close(resolve));
  expect((await as(second, agent).get('/v1/dossiers')).status).toBe(200);

  const alone = await startGatewayProcess(gatewayFolder(), { OIDC_ISSUER: issuerUrl, OIDC_AUDIENCE: 'seaport' });
  const token = signed(first, 'EdDSA', { iss: issuerUrl });
  for (const answer of [
    await new AgentClient(alone.url, token).submit(arrival()),
    await new AgentClient(alone.url, token).get('/v1/dossiers'),
  ]) {
    expect([answer.status, (answer.body as { code?: string }).code]).toEqual([503, 'issuer-unavailable']);
    expect(answer.headers.get('retry-after')).toBe('1');
  }
  expect((await new AgentClient(alone.url, token).get('/v1/services')).status).toBe(200);
  expect(await alone.stop()).toBe(0);
});
