import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configurationPage } from '../scripts/documentation';
import { SettingsFault, readSettings, settingsTable, type Settings } from './settings';

/** Every variable with a value that no other has, and what it must become. */
const odd: Record<string, [text: string, value: unknown]> = {
  PORT: ['18081', 18081],
  HOST: ['127.9.9.1', '127.9.9.1'],
  ADMIN_PORT: ['19465', 19465],
  ADMIN_HOST: ['127.9.9.2', '127.9.9.2'],
  DATA_DIR: ['/odd/data', '/odd/data'],
  VAR_DIR: ['/odd/var', '/odd/var'],
  KAFKA_BROKERS: ['odd-1:9092, odd-2:9092', ['odd-1:9092', 'odd-2:9092']],
  KAFKA_CLIENT: ['platformatic', 'platformatic'],
  KAFKA_SSL: ['true', true],
  KAFKA_SSL_CA_FILE: ['/odd/ca.pem', '/odd/ca.pem'],
  KAFKA_SASL_MECHANISM: ['scram-sha-256', 'scram-sha-256'],
  KAFKA_SASL_USERNAME: ['odd-user', 'odd-user'],
  KAFKA_SASL_PASSWORD_FILE: ['/odd/password', '/odd/password'],
  REDIS_URL: ['rediss://odd-redis:6390', 'rediss://odd-redis:6390'],
  REDIS_SSL_CA_FILE: ['/odd/redis-ca.pem', '/odd/redis-ca.pem'],
  REDIS_PASSWORD_FILE: ['/odd/redis-password', '/odd/redis-password'],
  REDIS_KEY_PREFIX: ['odd-keys:', 'odd-keys:'],
  TOPIC_PREFIX: ['odd-topics.', 'odd-topics.'],
  TOPIC_PARTITIONS: ['37', 37],
  TOPIC_REPLICATION_FACTOR: ['5', 5],
  ROLES: ['intake, exchange', new Set(['intake', 'exchange'])],
  ADAPTERS: ['odd-agency-1,odd-agency-2', ['odd-agency-1', 'odd-agency-2']],
  WORKERS: ['7', 7],
  SIGNING_KEY_FILE: ['/odd/signing.pem', '/odd/signing.pem'],
  SIGNING_RETIRED_KEYS_FILE: ['/odd/retired.pem', '/odd/retired.pem'],
  DATA_KEY_FILE: ['/odd/data.key', '/odd/data.key'],
  MAX_DECLARATION_BYTES: ['1234567', 1_234_567],
  MAX_IN_FLIGHT: ['4321', 4321],
  MAX_FOLD_DELAY_MS: ['765', 765],
  TENANT_REQUESTS_PER_SECOND: ['43', 43],
  LOG_RETENTION_DAYS: ['397', 397],
  PORT_TIME_ZONE: ['Pacific/Chatham', 'Pacific/Chatham'],
  PORT_SECURITY_LEVEL: ['3', '3'],
  TLS_CERT_FILE: ['/odd/tls.pem', '/odd/tls.pem'],
  TLS_KEY_FILE: ['/odd/tls.key', '/odd/tls.key'],
  TLS_CLIENT_CA_FILE: ['/odd/client-ca.pem', '/odd/client-ca.pem'],
  API_KEYS_FILE: ['/odd/keys.json', '/odd/keys.json'],
  OIDC_ISSUER: ['https://odd-issuer/realm', 'https://odd-issuer/realm'],
  OIDC_AUDIENCE: ['odd-audience', 'odd-audience'],
  OIDC_JWKS_FILE: ['/odd/jwks.json', '/odd/jwks.json'],
  OIDC_ROLE_CLAIM: ['https://odd/role', 'https://odd/role'],
  OIDC_TENANT_CLAIM: ['odd_tenant', 'odd_tenant'],
  OIDC_AGENCY_CLAIM: ['odd_agency', 'odd_agency'],
  AGENCIES_FILE: ['/odd/agencies.json', '/odd/agencies.json'],
  ACCEPTED_GAPS: ['odd-gap', ['odd-gap']],
  RAW_EVIDENCE: ['signed', 'signed'],
  READING_THREAD: ['off', 'off'],
  RESULTS: ['none', 'none'],
  LOG_LEVEL: ['debug', 'debug'],
};
/** Without these the variable would be a contradiction. */
const companions: Record<string, Record<string, string>> = {
  REDIS_SSL_CA_FILE: { REDIS_URL: 'rediss://r' },
  REDIS_PASSWORD_FILE: { REDIS_URL: 'redis://r' },
  KAFKA_SSL_CA_FILE: { KAFKA_SSL: 'true' },
  TLS_CERT_FILE: { TLS_CERT_FILE: '/cert', TLS_KEY_FILE: '/key' },
  TLS_KEY_FILE: { TLS_CERT_FILE: '/cert', TLS_KEY_FILE: '/key' },
  TLS_CLIENT_CA_FILE: { TLS_CERT_FILE: '/cert', TLS_KEY_FILE: '/key' },
  OIDC_ISSUER: { OIDC_ISSUER: 'https://issuer', OIDC_AUDIENCE: 'us' },
  OIDC_AUDIENCE: { OIDC_ISSUER: 'https://issuer', OIDC_AUDIENCE: 'us' },
  OIDC_JWKS_FILE: { OIDC_ISSUER: 'https://issuer', OIDC_AUDIENCE: 'us' },
  KAFKA_SASL_MECHANISM: { KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'user', KAFKA_SASL_PASSWORD_FILE: '/file' },
  KAFKA_SASL_USERNAME: { KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'user', KAFKA_SASL_PASSWORD_FILE: '/file' },
  KAFKA_SASL_PASSWORD_FILE: { KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'user', KAFKA_SASL_PASSWORD_FILE: '/file' },
};
const shared = { KAFKA_BROKERS: 'k:9092', REDIS_URL: 'redis://r' };

function faultsOf(env: Record<string, string>): string[] {
  try {
    readSettings(env);
  } catch (fault) {
    if (fault instanceof SettingsFault) return fault.faults;
    throw fault;
  }
  return [];
}

test('every variable of the table has its odd value here, and no two share one', () => {
  expect(Object.keys(odd)).toEqual(settingsTable.map((row) => row.env));
  const texts = Object.values(odd).map(([text]) => text);
  expect(new Set(texts).size).toBe(texts.length);
  expect(new Set(settingsTable.map((row) => row.field)).size).toBe(settingsTable.length);
});

test('all variables together land each in its own field', () => {
  const settings = readSettings(Object.fromEntries(Object.entries(odd).map(([env, [text]]) => [env, text])));
  for (const row of settingsTable) expect([row.env, settings[row.field]]).toEqual([row.env, odd[row.env]?.[1]]);
});

test.each(settingsTable.map((row) => [row.env, row] as const))('%s alone changes its own field and no other', (env, row) => {
  const base = { ...shared, ...companions[env] };
  const before = readSettings(base);
  const after = readSettings({ ...base, [env]: odd[env]?.[0] });
  const changed = (Object.keys(before) as (keyof Settings)[]).filter((field) => !equals(before[field], after[field]));
  expect(changed).toEqual([row.field]);
});

function equals(a: unknown, b: unknown): boolean {
  return JSON.stringify(a instanceof Set ? [...a] : a) === JSON.stringify(b instanceof Set ? [...b] : b);
}

test('every default is a value that the table accepts', () => {
  for (const row of settingsTable) expect(() => row.read(row.fallback)).not.toThrow();
  expect(faultsOf({})).toEqual([]);
});

test('all faults are named at once, each with its variable', () => {
  const faults = faultsOf({
    PORT: '80a',
    ADMIN_PORT: '65536',
    TOPIC_PARTITIONS: '0',
    TOPIC_PREFIX: 'with blank',
    KAFKA_SSL: 'yes',
    REDIS_URL: 'http://redis',
    ROLES: 'intake,exchnge',
    PORT_TIME_ZONE: 'Asia/Hanoi2',
    LOG_LEVEL: 'verbose',
    AGENCY_CUSTOMS_MODE: 'rule',
    AGENCY_TAX_URL: 'ftp://tax',
    AGENCY_TAX_MOD: 'desk',
  });
  expect(faults.map((fault) => /^[A-Z_]+/.exec(fault)?.[0])).toEqual([
    'PORT',
    'ADMIN_PORT',
    'KAFKA_SSL',
    'REDIS_URL',
    'TOPIC_PREFIX',
    'TOPIC_PARTITIONS',
    'ROLES',
    'PORT_TIME_ZONE',
    'LOG_LEVEL',
    'AGENCY_CUSTOMS_MODE',
    'AGENCY_TAX_URL',
    'AGENCY_TAX_MOD',
  ]);
});

test('a typo is never a default: no number is guessed from text', () => {
  for (const text of ['', ' 8080', '8080 ', '0x10', '1e3', '-1', '8080.0', '８０']) expect(faultsOf({ PORT: text })).toHaveLength(1);
});

test('a fault does not repeat a password', () => {
  const faults = faultsOf({ REDIS_URL: 'http://user:secret@redis:6379', AGENCY_TAX_URL: 'user:secret@tax' });
  expect(faults).toHaveLength(2);
  expect(faults.join()).not.toContain('secret');
});

test('agency variables are read with - written as _', () => {
  const settings = readSettings({ AGENCY_BORDER_GUARD_MODE: 'http', AGENCY_BORDER_GUARD_URL: 'https://guard.example/ask' });
  expect(settings.agencyModes).toEqual({ 'border-guard': 'http' });
  expect(settings.agencyUrls).toEqual({ 'border-guard': 'https://guard.example/ask' });
  expect(faultsOf({ AGENCY_BORDER_GUARD_MODE: 'http' })).toEqual([expect.stringContaining('AGENCY_BORDER_GUARD_URL')]);
});

test('a part of the roles, several workers and chosen adapters need Kafka and Redis', () => {
  for (const env of [{ ROLES: 'intake' }, { WORKERS: '2' }, { ADAPTERS: 'tax' }]) {
    expect(faultsOf(env)).toHaveLength(1);
    expect(faultsOf({ ...env, KAFKA_BROKERS: 'k:9092' })).toHaveLength(1);
    expect(faultsOf({ ...env, ...shared })).toEqual([]);
  }
  expect(faultsOf({ ...shared, WORKERS: '2', ROLES: 'exchange' })).toEqual(['WORKERS above 1 needs the role intake']);
});

test('what Kafka would need besides is asked for', () => {
  expect(faultsOf({ KAFKA_SSL_CA_FILE: '/ca.pem' })).toEqual(['KAFKA_SSL_CA_FILE needs KAFKA_SSL=true']);
  expect(faultsOf({ KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'user' })).toEqual([
    expect.stringContaining('must be set together'),
  ]);
  expect(faultsOf({ KAFKA_SASL_PASSWORD_FILE: '/file' })).toEqual([expect.stringContaining('must be set together')]);
});

test('production names everything that must be set, and an empty value does not count', () => {
  const required = settingsTable.filter((row) => row.production).map((row) => row.env);
  expect(required).toEqual(['HOST', 'TOPIC_REPLICATION_FACTOR', 'SIGNING_KEY_FILE', 'DATA_KEY_FILE']);
  expect(faultsOf({ NODE_ENV: 'production' }).map((fault) => fault.split(' ')[0])).toEqual([...required, 'API_KEYS_FILE']);
  const set = Object.fromEntries([...required, 'API_KEYS_FILE'].map((env) => [env, odd[env]?.[0] ?? '']));
  expect(faultsOf({ NODE_ENV: 'production', ...set })).toEqual([]);
  expect(faultsOf({ NODE_ENV: 'production', ...set, SIGNING_KEY_FILE: '' })).toEqual([
    expect.stringContaining('SIGNING_KEY_FILE must be set'),
  ]);
});

test('an issuer of tokens takes the place of API keys, has an audience, and is https in production', () => {
  const tokens = { OIDC_ISSUER: 'https://issuer/realm', OIDC_AUDIENCE: 'us' };
  const required = settingsTable.filter((row) => row.production).map((row) => [row.env, odd[row.env]?.[0] ?? '']);
  const set = { NODE_ENV: 'production', ...(Object.fromEntries(required) as Record<string, string>) };
  expect(faultsOf({ ...set, ...tokens })).toEqual([]);
  expect(faultsOf({ ...set, ...tokens, OIDC_ISSUER: 'http://issuer' })).toEqual(['OIDC_ISSUER must be https in production']);
  expect(faultsOf({ OIDC_ISSUER: 'https://issuer' })).toEqual(['OIDC_ISSUER and OIDC_AUDIENCE must be set together']);
  expect(faultsOf({ OIDC_JWKS_FILE: '/jwks.json' })).toEqual(['OIDC_JWKS_FILE needs OIDC_ISSUER']);
  for (const bad of ['issuer', 'ldap://issuer', 'https://me:secret@issuer', 'https://issuer?a=b'])
    expect(faultsOf({ ...tokens, OIDC_ISSUER: bad })).toEqual([expect.stringMatching(/^OIDC_ISSUER(?!.*secret)/)]);
  expect(faultsOf({ OIDC_ROLE_CLAIM: 'a b' })).toEqual([expect.stringContaining('OIDC_ROLE_CLAIM')]);
});

test('TLS needs a certificate and its key, client certificates need TLS', () => {
  expect(faultsOf({ TLS_CERT_FILE: '/cert' })).toEqual(['TLS_CERT_FILE and TLS_KEY_FILE must be set together']);
  expect(faultsOf({ TLS_KEY_FILE: '/key' })).toEqual(['TLS_CERT_FILE and TLS_KEY_FILE must be set together']);
  expect(faultsOf({ TLS_CLIENT_CA_FILE: '/ca' })).toEqual(['TLS_CLIENT_CA_FILE needs TLS_CERT_FILE']);
});

test('production keeps all evidence unless told otherwise', () => {
  const { RAW_EVIDENCE: _unset, ...set } = Object.fromEntries(Object.entries(odd).map(([env, [text]]) => [env, text] as const));
  const production = { ...set, NODE_ENV: 'production' };
  expect(readSettings(production).rawEvidence).toBe('all');
  expect(readSettings({ ...production, RAW_EVIDENCE: 'none' }).rawEvidence).toBe('none');
});

test('settings are frozen', () => {
  expect(Object.isFrozen(readSettings({}))).toBe(true);
});

test('docs/configuration.md is what the table says (npm run build && node scripts/generate-docs.js)', () => {
  expect(readFileSync(join(__dirname, '..', 'docs', 'configuration.md'), 'utf8')).toBe(configurationPage());
});
