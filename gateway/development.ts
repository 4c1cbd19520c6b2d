import { createHash, createPrivateKey, randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SettingsFault, type Settings } from '../config/settings';
import { developmentBytes, developmentSigningKey, isDevelopmentBytes, isDevelopmentSigningKey } from './development-mark';
import type { ApiKey } from './edges/http/authenticate';
import { ensureDataKeys, readDataKeys } from './edges/signing/aes-sealer';

/**
 * Credentials and keys for development (contract.md §2): made once by whoever is first, mode 0600, kept over restarts. Production refuses
 * to start on them, wherever they were copied to.
 */
const ACCOUNTS = ['agent', 'agent2', 'harbour-master', 'customs', 'tax', 'planning', 'operator', 'auditor'] as const;

interface DevelopmentCredentials {
  baseUrl: string;
  tokens: Record<string, string>;
}

export function developmentCredentialsFile(varDir: string): string {
  return join(varDir, 'dev-credentials.json');
}

/** API keys of the development accounts, and of every other connected agency. */
export function ensureDevelopmentCredentials(varDir: string, agencies: readonly string[]): ApiKey[] {
  const file = developmentCredentialsFile(varDir);
  const newToken = (): string => developmentBytes().toString('base64url');
  createOnce(file, () => JSON.stringify({ baseUrl: '', tokens: Object.fromEntries(ACCOUNTS.map((name) => [name, newToken()])) }, null, 2));
  const credentials = readCredentials(file);
  const missing = agencies.filter((agency) => credentials.tokens[agency] === undefined);
  if (missing.length > 0) {
    for (const agency of missing) credentials.tokens[agency] = newToken();
    replace(file, credentials);
  }
  return Object.entries(credentials.tokens).map(([name, token]) => ({
    sha256: hashOfToken(token),
    name,
    ...accountOf(name),
  }));
}

/** Says where the gateway listens; tokens stay. */
export function setDevelopmentBaseUrl(varDir: string, baseUrl: string): void {
  const file = developmentCredentialsFile(varDir);
  const credentials = readCredentials(file);
  if (credentials.baseUrl !== baseUrl) replace(file, { ...credentials, baseUrl });
}

/** PEM of the development signing key. */
export function ensureDevelopmentSigningKey(varDir: string): string {
  const file = signingKeyFile(varDir);
  createOnce(file, () => developmentSigningKey().export({ type: 'pkcs8', format: 'pem' }).toString());
  return readFileSync(file, 'utf8');
}

export function ensureDevelopmentDataKeys(varDir: string): ReturnType<typeof ensureDataKeys> {
  return ensureDataKeys(dataKeyFile(varDir), developmentBytes);
}

function signingKeyFile(varDir: string): string {
  return join(varDir, 'dev-signing-key.pem');
}

function dataKeyFile(varDir: string): string {
  return join(varDir, 'dev-data-key');
}

/**
 * Keys by their mark; those that were made before there was one, and tokens, of which a file of API keys has the hashes only, by being those
 * in VAR_DIR. A marked token of elsewhere is refused when it is presented (identity.ts).
 * @throws SettingsFault naming every file in which there is one. What cannot be read is told by who needs it
 */
export function refuseDevelopmentKeys({
  production,
  varDir,
  signingKeyFile: signing,
  dataKeyFile: data,
  apiKeysFile: keys,
}: Settings): void {
  if (!production) return;
  const faults: string[] = [];
  const signingKey = attempt(() => createPrivateKey(readFileSync(signing, 'utf8')));
  const ownSigningKey = attempt(() => createPrivateKey(readFileSync(signingKeyFile(varDir), 'utf8')));
  if (signingKey !== undefined && (isDevelopmentSigningKey(signingKey) || ownSigningKey?.equals(signingKey) === true))
    faults.push(`SIGNING_KEY_FILE="${signing}" is a development key`);
  const ownDataKeys = attempt(() => readDataKeys(dataKeyFile(varDir))) ?? [];
  const isOfDevelopment = (key: Uint8Array): boolean =>
    isDevelopmentBytes(key) || ownDataKeys.some((own) => Buffer.compare(own, key) === 0);
  if (attempt(() => readDataKeys(data))?.some(isOfDevelopment) === true) faults.push(`DATA_KEY_FILE="${data}" has a development key`);
  const own = attempt(() => readCredentials(developmentCredentialsFile(varDir))) ?? { tokens: {} };
  const hashes = Object.values(own.tokens).map(hashOfToken);
  const rows = attempt(() => readFileSync(keys, 'utf8').toLowerCase()) ?? '';
  if (hashes.some((hash) => rows.includes(hash))) faults.push(`API_KEYS_FILE="${keys}" has the hash of a development token`);
  if (faults.length > 0) throw new SettingsFault(faults);
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function hashOfToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

function accountOf(name: string): Pick<ApiKey, 'role' | 'tenant' | 'agency'> {
  switch (name) {
    case 'agent':
    case 'agent2':
      return { role: 'agent', tenant: name };
    case 'operator':
    case 'auditor':
      return { role: name };
    default:
      return { role: 'agency', agency: name };
  }
}

/** link(2) fails where the name exists, and the name never points at a half-written file. */
function createOnce(file: string, content: () => string): void {
  mkdirSync(dirname(file), { recursive: true });
  try {
    statSync(file);
    return;
  } catch {
    // Not there yet: several processes may come here at once.
  }
  const own = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    writeFileSync(own, content(), { mode: 0o600, flag: 'wx' });
    linkSync(own, file);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
  } finally {
    rmSync(own, { force: true });
  }
}

function replace(file: string, credentials: DevelopmentCredentials): void {
  const own = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(own, JSON.stringify(credentials, null, 2), { mode: 0o600 });
  renameSync(own, file);
}

function readCredentials(file: string): DevelopmentCredentials {
  return JSON.parse(readFileSync(file, 'utf8')) as DevelopmentCredentials;
}
