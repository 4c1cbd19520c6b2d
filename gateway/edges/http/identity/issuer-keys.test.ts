import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FakeClock } from '../../../../test/support/fake-clock';
import { issuerKey } from '../../../../test/support/tokens';
import { discoveredKeys, issuerKeys, readKeySet, type IssuerKeys } from './issuer-keys';

const [one, two] = [issuerKey('one'), issuerKey('two')];
let server: Server;
let url: string;
let answers: Record<string, { status?: number; body: unknown; headers?: Record<string, string> }>;
let asked: string[];

beforeEach(async () => {
  asked = [];
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const answer = answers[request.url ?? ''];
    response.writeHead(answer?.status ?? 200, answer?.headers).end(JSON.stringify(answer?.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  answers = {
    '/.well-known/openid-configuration': { body: { issuer: url, jwks_uri: `${url}/keys` } },
    '/keys': { body: { keys: [one.jwk] } },
  };
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test('the keys are where the discovery document of the issuer says', async () => {
  expect((await discoveredKeys(url)()).keys).toEqual([one.jwk]);
});

test.each<[string, (to: typeof answers) => void]>([
  [
    'a document of another issuer',
    (to) => (to['/.well-known/openid-configuration'] = { body: { issuer: 'https://x', jwks_uri: `${url}/keys` } }),
  ],
  ['a document that names no keys', (to) => (to['/.well-known/openid-configuration'] = { body: { issuer: url } })],
  ['no document', (to) => (to['/.well-known/openid-configuration'] = { status: 404, body: {} })],
  [
    'a document that leads elsewhere',
    (to) => (to['/.well-known/openid-configuration'] = { status: 302, body: {}, headers: { location: `${url}/keys` } }),
  ],
  ['no set of keys', (to) => (to['/keys'] = { body: [] })],
  ['a set without a key', (to) => (to['/keys'] = { body: { keys: [] } })],
  ['an answer without an end', (to) => (to['/keys'] = { body: { keys: [one.jwk], more: 'x'.repeat(300_000) } })],
])('%s gives none', async (_what, change) => {
  change(answers);
  await expect(discoveredKeys(url)()).rejects.toThrow();
});

test('only public keys for signatures that have a name are taken', () => {
  const others = [
    { kty: 'oct', kid: 'secret', k: 'AAAA' },
    { ...two.jwk, kid: undefined },
    { ...two.jwk, use: 'enc' },
    { ...two.privateKey.export({ format: 'jwk' }), kid: 'private' },
    null,
  ];
  expect(readKeySet({ keys: [...others, one.jwk] }).keys).toEqual([one.jwk]);
  expect(() => readKeySet({ keys: others })).toThrow('no public key');
});

describe('asking again', () => {
  const clock = new FakeClock('2026-11-30T00:00:00Z');
  let keys: IssuerKeys;
  let changes: number;
  let warnings: number;

  beforeEach(() => {
    changes = 0;
    warnings = 0;
    keys = issuerKeys({ fetch: discoveredKeys(url), clock, onChanged: () => changes++, onWarning: () => warnings++ });
  });

  afterEach(() => keys.stop());

  const kids = (): unknown[] | undefined => keys.current()?.keys.map(({ kid }) => kid);

  test('whoever comes first waits for the first answer', async () => {
    expect(kids()).toBeUndefined();
    await keys.refresh();
    expect([kids(), keys.isReachable(), changes]).toEqual([['one'], true, 1]);
  });

  test('once a minute at most, however many ask', async () => {
    await keys.refresh();
    answers['/keys'] = { body: { keys: [two.jwk] } };
    for (let i = 0; i < 20; i++) await keys.refresh();
    expect([kids(), asked.length]).toEqual([['one'], 2]);
    clock.advance(60_000);
    await Promise.all([keys.refresh(), keys.refresh(), keys.refresh()]);
    expect([kids(), asked.length, changes]).toEqual([['two'], 4, 2]);
  });

  test('that the issuer is away, or speaks nonsense, takes no key that is known', async () => {
    await keys.refresh();
    clock.advance(60_000);
    answers['/keys'] = { status: 500, body: {} };
    await keys.refresh();
    expect([kids(), keys.isReachable(), warnings, changes]).toEqual([['one'], false, 1, 1]);
    clock.advance(60_000);
    answers['/keys'] = { body: { keys: [one.jwk] } };
    await keys.refresh();
    expect([keys.isReachable(), changes]).toEqual([true, 1]);
  });
});
