import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AgentClient, arrival } from '../support/agent-client';
import { gatewayFolder, startGatewayProcess } from '../support/gateway-process';
import { testServices, uniqueKeyPrefix, uniqueTopicPrefix } from '../support/services';

jest.setTimeout(60_000);

/** NODE_ENV=production with keys of its own. */
const folder = gatewayFolder();
const secrets = mkdtempSync(path.join(tmpdir(), 'seaport-secrets-'));
const token = randomBytes(32).toString('base64url');

function secretFile(name: string, content: string): string {
  const file = path.join(secrets, name);
  writeFileSync(file, content, { mode: 0o600 });
  return file;
}

function production(): Record<string, string> {
  const sha256 = createHash('sha256').update(token).digest('hex');
  return {
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    TOPIC_REPLICATION_FACTOR: '1',
    ACCEPTED_GAPS: 'border-guard,health-quarantine',
    SIGNING_KEY_FILE: secretFile(
      'signing.pem',
      generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    ),
    SIGNING_RETIRED_KEYS_FILE: secretFile(
      'retired.pem',
      [1, 2].map(() => generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString()).join(''),
    ),
    DATA_KEY_FILE: secretFile('data.key', randomBytes(32).toString('hex')),
    API_KEYS_FILE: secretFile('keys.json', JSON.stringify({ keys: [{ sha256, name: 'agent-1', role: 'agent', tenant: 'agent-1' }] })),
  };
}

afterAll(() => {
  folder.remove();
  rmSync(secrets, { recursive: true });
});

test('the embedded log creates its topics itself, and those of an agency that is connected later', async () => {
  const first = await startGatewayProcess(folder, production());
  const answer = await new AgentClient(first.url, token).submit(arrival(), { prefer: 'wait=20' });
  expect([answer.status, answer.body.status]).toEqual([200, 'granted']);
  expect(first.output()).not.toContain('development');
  const jwks = (await (await fetch(`${first.url}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] };
  expect(new Set(jwks.keys.map(({ kid }) => kid)).size).toBe(3);
  expect(await first.stop()).toBe(0);

  const second = await startGatewayProcess(folder, { ...production(), AGENCY_BORDER_GUARD_MODE: 'desk' });
  const submitted = await new AgentClient(second.url, token).submit(arrival());
  expect(submitted.body.agencies.map(({ agency }) => agency)).toContain('border-guard');
  expect(await second.stop()).toBe(0);
});

test('on Kafka none is created: the start is refused, and every missing topic is named', async () => {
  const { kafkaBrokers, redisUrl } = testServices();
  const prefix = uniqueTopicPrefix('production');
  const start = startGatewayProcess(folder, {
    ...production(),
    KAFKA_BROKERS: kafkaBrokers.join(','),
    REDIS_URL: redisUrl,
    REDIS_KEY_PREFIX: uniqueKeyPrefix('production'),
    TOPIC_PREFIX: prefix,
  });
  await expect(start).rejects.toThrow(/ended with 1:[\s\S]*topic dossiers is missing[\s\S]*topic test\.decisions\.planning is missing/);
});

test('the start is refused on the keys of a development gateway, copied to files of their own', async () => {
  const development = gatewayFolder();
  const running = await startGatewayProcess(development, {});
  await running.stop();
  const copied = (name: string): string => secretFile(`copied-${name}`, readFileSync(path.join(development.varDir, name), 'utf8'));
  const keys = { SIGNING_KEY_FILE: copied('dev-signing-key.pem'), DATA_KEY_FILE: copied('dev-data-key') };
  development.remove();
  await expect(startGatewayProcess(folder, { ...production(), ...keys })).rejects.toThrow(
    /ended with 1:[\s\S]*SIGNING_KEY_FILE=\S+ is a development key[\s\S]*DATA_KEY_FILE=\S+ has a development key/,
  );
});
