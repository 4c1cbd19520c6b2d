import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '../../scripts/local-services';
import { openRedisDossierStore } from '../../gateway/edges/redis/redis-dossier-store';
import type { DossierStore } from '../../gateway/ports/dossier-store';
import { testAuthority } from '../support/certificates';
import { ownRedis } from '../support/services';
import { untilHolds } from '../support/until-holds';

jest.setTimeout(120_000);

/** The store over TLS as the users of deploy/acls.md, whose lines are read from there. */
const PASSWORD = 'odd-password-of-a-test';
const PREFIX = 'seaport:';
const authority = testAuthority();
const ca = readFileSync(authority.caFile, 'utf8');
let redis: Awaited<ReturnType<typeof ownRedis>>;
let port: number;

beforeAll(async () => {
  const { keyFile, certificateFile } = authority.issue('redis', 'DNS:localhost');
  const hash = createHash('sha256').update(PASSWORD).digest('hex');
  const lines = readFileSync(path.resolve(__dirname, '..', '..', 'deploy', 'acls.md'), 'utf8')
    .split('\n')
    .filter((line) => /^user seaport-\S+ on #… /.test(line));
  expect(lines).toHaveLength(3);
  port = await freePort();
  const tls = [
    '--tls-port',
    String(port),
    '--tls-cert-file',
    certificateFile,
    '--tls-key-file',
    keyFile,
    '--tls-ca-cert-file',
    authority.caFile,
  ];
  redis = await ownRedis({ arguments: [...tls, '--tls-auth-clients', 'no'] });
  const admin = new Redis(redis.url);
  for (const line of lines) await admin.call('ACL', 'SETUSER', ...line.replace('#…', `#${hash}`).split(' ').slice(1));
  await admin.quit();
});

afterAll(async () => {
  await redis.stop();
  authority.remove();
});

const urlOf = (user: string): string => `rediss://${user}@localhost:${port}`;

/** Connected: on a busy machine a store may still be about to be when it is opened. */
async function openAs(user: string, { onWarning }: { onWarning?: (message: string) => void } = {}): Promise<DossierStore> {
  const store = await openRedisDossierStore({
    url: urlOf(user),
    keyPrefix: PREFIX,
    tls: { ca },
    password: PASSWORD,
    onWarning: (message) => {
      if (!message.includes('connecting goes on')) onWarning?.(message);
    },
  });
  await untilHolds(() => store.ping());
  return store;
}

/** As this user, whatever the library would rather do first. */
async function answerTo(user: string, ...command: [string, ...string[]]): Promise<string> {
  const client = new Redis({ host: 'localhost', port, username: user, password: PASSWORD, tls: { ca }, enableReadyCheck: false });
  client.on('error', () => undefined);
  try {
    return String(await client.call(...command));
  } catch (cause) {
    return (cause as Error).message;
  } finally {
    client.disconnect();
  }
}

it('serves the exchange all that a store does, and warns of nothing', async () => {
  const warnings: string[] = [];
  const store = await openAs('seaport-exchange', { onWarning: (message) => warnings.push(message) });
  const told: string[] = [];
  store.onChange((dossierIds) => told.push(...dossierIds));
  const marker = { epoch: 'e', offset: 1, clearancesOffset: 0 };
  const changes = [
    { put: 'a', value: '1' },
    { put: 'b', value: '2' },
    { index: 'open', add: 'm', score: 1 },
    { index: 'open', add: 'n', score: 2 },
  ];
  expect(await store.commit(7, null, marker, changes, ['d'])).toBe('ok');
  expect(await store.commit(7, null, marker, changes)).toBe('stale');
  await store.write(7, [{ remove: 'b' }, { index: 'open', drop: 'n' }]);
  expect(await store.marker(7)).toEqual(marker);
  expect((await store.getMany(7, ['a', 'b'])).map((value) => value?.toString())).toEqual(['1', undefined]);
  expect(await store.range(7, 'open', { limit: 5, reverse: true })).toEqual([{ member: 'm', score: 1 }]);
  await untilHolds(async () => expect(told).toEqual(['d']));
  await store.clear(7);
  expect(await store.marker(7)).toBeNull();
  await store.close();
  expect(warnings).toEqual([]);
});

it('serves intake what it reads, remembers and tells of jobs, and warns of nothing', async () => {
  const warnings: string[] = [];
  const store = await openAs('seaport-intake', { onWarning: (message) => warnings.push(message) });
  expect(await store.putIfAbsent(1, 'first', 'value')).toBe(true);
  await store.write(1, [
    { put: 'job', value: 'half' },
    { index: 'jobs', add: 'job', score: 1 },
  ]);
  expect((await store.getMany(1, ['first', 'job'])).map(String)).toEqual(['value', 'half']);
  expect(await store.range(1, 'jobs', { limit: 5 })).toEqual([{ member: 'job', score: 1 }]);
  expect(await store.count(1, 'jobs')).toBe(1);
  expect(await store.marker(1)).toBeNull();
  await expect(store.clear(1)).rejects.toMatchObject({ code: 'store-unavailable' });
  await store.close();
  expect(warnings).toEqual([]);
});

it('lets adapters see that it is there, and nothing of what it holds', async () => {
  const store = await openAs('seaport-adapters');
  await store.ping();
  await expect(store.getMany(1, ['first'])).rejects.toThrow(/NOPERM/);
  await expect(store.write(1, [{ put: 'a', value: 'b' }])).rejects.toThrow(/NOPERM/);
  await store.close();
});

it.each(['seaport-exchange', 'seaport-intake', 'seaport-adapters'])(
  'gives %s no FLUSHALL, CONFIG, KEYS and no key of others',
  async (user) => {
    for (const command of [
      ['FLUSHALL'],
      ['FLUSHDB'],
      ['CONFIG', 'GET', '*'],
      ['KEYS', '*'],
      ['SCAN', '0'],
      ['ACL', 'LIST'],
      ['GET', 'another:key'],
    ])
      expect([command, await answerTo(user, ...(command as [string, ...string[]]))]).toEqual([command, expect.stringMatching(/^NOPERM/)]);
  },
);

it('is refused at once with a wrong password, and without a word of it', async () => {
  const wrong = { keyPrefix: PREFIX, tls: { ca }, password: 'a-wrong-password' };
  const opening = openRedisDossierStore({ url: urlOf('seaport-exchange'), ...wrong });
  await expect(opening).rejects.toMatchObject({
    code: 'store-refused',
    message: 'Redis refuses the credentials, rights or database of the store: WRONGPASS',
  });
});

it.each([
  ['an authority that did not sign the certificate', () => testAuthority(), 'localhost', /SIGN|CERT|ISSUER/],
  ['an address that the certificate does not name', () => authority, '127.0.0.1', /ERR_TLS_CERT_ALTNAME_INVALID/],
])('says so where it has %s', async (_what, authorityOf, host, reason) => {
  const other = authorityOf();
  const warnings: string[] = [];
  const store = await openRedisDossierStore({
    url: `rediss://seaport-exchange@${host}:${port}`,
    keyPrefix: PREFIX,
    tls: { ca: readFileSync(other.caFile, 'utf8') },
    password: PASSWORD,
    onWarning: (message) => warnings.push(message),
  });
  expect(warnings.join('\n')).toMatch(reason);
  await expect(store.ping()).rejects.toMatchObject({ code: 'store-unavailable' });
  await store.close();
  if (other !== authority) other.remove();
});
