import { renameSync, writeFileSync } from 'node:fs';
import { Agent, request as startRequest } from 'node:https';
import path from 'node:path';
import type { TLSSocket } from 'node:tls';
import { certificate, type Certified } from '../support/x509';
import { eventually } from '../support/eventually';
import { gatewayFolder, startGatewayProcess, type GatewayProcess } from '../support/gateway-process';

/** F37 on the HTTP port: expired, wrong authority, wrong name are refused; a certificate is changed without a connection that breaks. */
jest.setTimeout(60_000);
const HOUR_MS = 3_600_000;
const folder = gatewayFolder();
const authority = certificate({ commonName: 'authority' });
const clients = certificate({ commonName: 'authority of clients' });
const stranger = certificate({ commonName: 'authority of clients' });
const customs = { issuer: clients, commonName: 'customs', san: ['DNS:gateway.customs.vn'], use: 'client' as const };
const agents: Agent[] = [];
let gateway: GatewayProcess;

const fileOf = (name: string): string => path.join(folder.varDir, name);
function write(name: string, content: string): void {
  writeFileSync(`${fileOf(name)}.new`, content);
  renameSync(`${fileOf(name)}.new`, fileOf(name));
}

function serverCertificate(): Certified {
  const made = certificate({ issuer: authority, commonName: 'gateway', san: ['DNS:gateway.port.vn', 'IP:127.0.0.1'], use: 'server' });
  write('tls.key', made.keyPem);
  write('tls.pem', made.pem);
  return made;
}

const rows = (...names: string[]): string =>
  JSON.stringify({
    keys: [],
    certificates: names.map((name) => ({
      ...(name.startsWith('DNS') ? { san: name } : { subject: name }),
      role: 'agency',
      agency: 'customs',
      name: 'customs-gateway',
    })),
  });

beforeAll(async () => {
  serverCertificate();
  write('client-ca.pem', clients.pem);
  write('keys.json', rows('DNS:gateway.customs.vn', 'O=Seaport, CN=by-subject'));
  gateway = await startGatewayProcess(folder, {
    TLS_CERT_FILE: fileOf('tls.pem'),
    TLS_KEY_FILE: fileOf('tls.key'),
    TLS_CLIENT_CA_FILE: fileOf('client-ca.pem'),
    API_KEYS_FILE: fileOf('keys.json'),
  });
}, 180_000);

afterAll(async () => {
  for (const agent of agents) agent.destroy();
  await gateway.stop();
  folder.remove();
});

function client(options: { own?: Certified; ca?: Certified; servername?: string } = {}): Agent {
  const { own, ca = authority, servername } = options;
  const agent = new Agent({
    keepAlive: true,
    maxSockets: 1,
    ca: ca.pem,
    ...(own === undefined ? {} : { cert: own.pem, key: own.keyPem }),
    ...(servername === undefined ? {} : { servername }),
  });
  agents.push(agent);
  return agent;
}

interface Answer {
  status: number | undefined;
  socket: TLSSocket;
  serial: string;
}

function get(agent: Agent, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    startRequest(`${gateway.url}/v1/agencies/customs/tasks`, { agent, headers }, (response) => {
      const socket = response.socket as unknown as TLSSocket;
      const serial = socket.getPeerX509Certificate()?.serialNumber ?? '';
      response.resume().once('end', () => resolve({ status: response.statusCode, socket, serial }));
    })
      .once('error', reject)
      .end();
  });
}

const statusWith = async (own?: Certified): Promise<number | undefined> => (await get(client(own === undefined ? {} : { own }))).status;

test('a client meets the gateway under its names, and refuses another name or authority', async () => {
  expect(gateway.url).toMatch(/^https:/);
  expect((await get(client())).status).toBe(401);
  expect((await get(client({ servername: 'gateway.port.vn' }))).status).toBe(401);
  await expect(get(client({ servername: 'other.port.vn' }))).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  await expect(get(client({ ca: stranger }))).rejects.toMatchObject({ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
});

test('a certificate of the authority is who its row says, by name or by subject', async () => {
  expect(await statusWith(certificate(customs))).toBe(200);
  expect(await statusWith(certificate({ ...customs, commonName: 'by-subject', san: [] }))).toBe(200);
});

test.each<[string, () => Certified]>([
  ['expired', () => certificate({ ...customs, fromMs: Date.now() - 2 * HOUR_MS, untilMs: Date.now() - HOUR_MS })],
  ['not valid yet', () => certificate({ ...customs, fromMs: Date.now() + HOUR_MS })],
  ['of another authority of the same name', () => certificate({ ...customs, issuer: stranger })],
  ['signed by nobody but itself', () => certificate({ commonName: 'by-subject', san: customs.san })],
  ['of the authority of servers', () => certificate({ ...customs, issuer: authority })],
  ['for servers', () => certificate({ ...customs, use: 'server' })],
  ['with another name', () => certificate({ ...customs, san: ['DNS:gateway.tax.vn'] })],
  ['with a name that holds another one', () => certificate({ ...customs, san: ['DNS:a, DNS:gateway.customs.vn'] })],
  ['with the name as a common name', () => certificate({ ...customs, commonName: 'gateway.customs.vn', san: [] })],
])('a certificate %s is nobody', async (_what, own) => {
  expect(await statusWith(own())).toBe(401);
});

test('a token that is not valid is not made good by a certificate', async () => {
  expect((await get(client({ own: certificate(customs) }), { authorization: 'Bearer nobody' })).status).toBe(401);
});

test('a certificate is shut out on open connections too, and let in again', async () => {
  const agent = client({ own: certificate(customs) });
  const first = await get(agent);
  write('keys.json', rows('DNS:gateway.tax.vn'));
  await eventually('shut out', async () => (await get(agent)).status === 401);
  write('keys.json', rows('DNS:gateway.customs.vn'));
  await eventually('let in', async () => (await get(agent)).status === 200);
  expect((await get(agent)).socket).toBe(first.socket);
});

test('the certificate of the gateway is changed: new connections have the new one, and no open one breaks', async () => {
  const agent = client({ own: certificate(customs) });
  const before = await get(agent);
  serverCertificate();
  await eventually('the new certificate', async () => (await get(client())).serial !== before.serial);
  const after = await get(agent);
  expect(after.socket).toBe(before.socket);
  expect(after.status).toBe(200);
  expect(await statusWith(certificate(customs))).toBe(200);
});

test('a certificate that has expired, or is not of the key, is not taken', async () => {
  const { serial } = await get(client());
  const own = { issuer: authority, commonName: 'gateway', san: ['IP:127.0.0.1'], use: 'server' as const };
  write('tls.pem', certificate({ ...own, untilMs: Date.now() - HOUR_MS }).pem);
  await eventually('the refusal', () => /"what":"tls"[^\n]*stay in force/.test(gateway.output()));
  expect((await get(client())).serial).toBe(serial);

  const expired = certificate({ ...own, untilMs: Date.now() - HOUR_MS });
  write('tls.key', expired.keyPem);
  write('tls.pem', expired.pem);
  const start = startGatewayProcess(folder, { TLS_CERT_FILE: fileOf('tls.pem'), TLS_KEY_FILE: fileOf('tls.key') });
  await expect(start).rejects.toThrow(/ended with 1:[\s\S]*tls\.pem": the certificate expired/);
});

test('the authority of clients is changed', async () => {
  serverCertificate();
  const next = certificate({ commonName: 'next authority of clients' });
  write('client-ca.pem', `${clients.pem}${next.pem}`);
  await eventually('the new authority', async () => (await statusWith(certificate({ ...customs, issuer: next }))) === 200);
  expect(await statusWith(certificate(customs))).toBe(200);
  write('client-ca.pem', next.pem);
  await eventually('the old one is out', async () => (await statusWith(certificate(customs))) === 401);
});
