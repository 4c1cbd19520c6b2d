import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readSettings, type SettingsFault, type Settings } from '../config/settings';
import { ensureDevelopmentCredentials, ensureDevelopmentDataKeys, ensureDevelopmentSigningKey, refuseDevelopmentKeys } from './development';
import { isDevelopmentToken } from './development-mark';
import { createAuthenticate } from './edges/http/authenticate';
import { ApiKeyTable } from './edges/http/identity/api-key-table';

/** Production refuses what was made for development by what it is, wherever it lies. */
const folder = mkdtempSync(path.join(tmpdir(), 'seaport-development-'));
/** Where development was; production is elsewhere. */
const developed = path.join(folder, 'development');
const elsewhere = path.join(folder, 'production');
const sha256 = (token: string): string => createHash('sha256').update(token).digest('hex');
const own = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

afterAll(() => rmSync(folder, { recursive: true }));

function secret(name: string, content: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, content, { mode: 0o600 });
  return file;
}

function settings(files: Partial<Settings>, production = true): Settings {
  const good = {
    signingKeyFile: secret('signing.pem', own),
    dataKeyFile: secret('data.key', randomBytes(32).toString('hex')),
    apiKeysFile: secret('keys.json', JSON.stringify({ keys: [{ sha256: sha256('seaport_x'), name: 'a', role: 'operator' }] })),
  };
  return { ...readSettings({}), production, varDir: elsewhere, ...good, ...files };
}

function faultsOf(given: Settings): string[] {
  try {
    refuseDevelopmentKeys(given);
    return [];
  } catch (cause) {
    return (cause as SettingsFault).faults;
  }
}

function tokens(varDir: string): Record<string, string> {
  ensureDevelopmentCredentials(varDir, []);
  return (JSON.parse(readFileSync(path.join(varDir, 'dev-credentials.json'), 'utf8')) as { tokens: Record<string, string> }).tokens;
}

test('keys of production are taken', () => {
  expect(faultsOf(settings({}))).toEqual([]);
});

test('development keys that were copied elsewhere are refused, all at once', () => {
  const signingKeyFile = secret('copied.pem', ensureDevelopmentSigningKey(developed));
  const [key] = ensureDevelopmentDataKeys(developed);
  // Also where it only opens what was sealed with it.
  const dataKeyFile = secret('copied.key', `${randomBytes(32).toString('hex')}\n${Buffer.from(key).toString('hex')}\n`);
  expect(faultsOf(settings({ signingKeyFile, dataKeyFile }))).toEqual([
    `SIGNING_KEY_FILE="${signingKeyFile}" is a development key`,
    `DATA_KEY_FILE="${dataKeyFile}" has a development key`,
  ]);
  expect(faultsOf(settings({ signingKeyFile, dataKeyFile }, false))).toEqual([]);
});

test('those of VAR_DIR are refused also where they have no mark: they were made by an earlier build', () => {
  ensureDevelopmentSigningKey(elsewhere);
  writeFileSync(path.join(elsewhere, 'dev-signing-key.pem'), own);
  writeFileSync(path.join(elsewhere, 'dev-data-key'), 'ab'.repeat(32));
  expect(faultsOf(settings({ dataKeyFile: secret('same.key', 'AB'.repeat(32)) }))).toHaveLength(2);
});

test('the hash of a development token of VAR_DIR is refused in the file of API keys', () => {
  const { agent = '' } = tokens(developed);
  const apiKeysFile = secret('copied.json', JSON.stringify({ keys: [{ sha256: sha256(agent), name: 'a', role: 'operator' }] }));
  expect(faultsOf(settings({ apiKeysFile, varDir: developed }))).toEqual([
    `API_KEYS_FILE="${apiKeysFile}" has the hash of a development token`,
  ]);
});

test('a development token of elsewhere is nobody in production, though its hash is in the file', () => {
  const given = Object.values(tokens(developed));
  expect(given.length).toBeGreaterThan(5);
  const keys = new ApiKeyTable(
    { nowMs: () => 0, monotonicMs: () => 0 },
    [...given, 'seaport_y'].map((token) => ({ sha256: sha256(token), name: 'a', role: 'operator' })),
  );
  const asked = (token: string): IncomingMessage =>
    ({ headers: { authorization: `Bearer ${token}` }, socket: {} }) as unknown as IncomingMessage;
  const production = createAuthenticate({ keys, isRefused: isDevelopmentToken });
  const development = createAuthenticate({ keys });
  for (const token of given)
    expect([production(asked(token)), development(asked(token))]).toEqual([undefined, { role: 'operator', name: 'a' }]);
  expect(production(asked('seaport_y'))).toEqual({ role: 'operator', name: 'a' });
});

test('what is made by lot has no mark, and what is copied has it still', () => {
  for (let i = 0; i < 1_000; i++) expect(isDevelopmentToken(randomBytes(32).toString('base64url'))).toBe(false);
  copyFileSync(path.join(developed, 'dev-credentials.json'), path.join(folder, 'copy.json'));
  const { tokens: copied } = JSON.parse(readFileSync(path.join(folder, 'copy.json'), 'utf8')) as { tokens: Record<string, string> };
  for (const token of Object.values(copied)) expect(isDevelopmentToken(token)).toBe(true);
});
