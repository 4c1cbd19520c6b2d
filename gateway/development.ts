import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ApiKey } from './edges/http/authenticate';

/**
 * Credentials and keys for development (contract.md §2): made once by whoever is first, mode 0600, kept over restarts. Production refuses
 * to start on them.
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
  const newToken = (): string => randomBytes(32).toString('base64url');
  createOnce(file, () => JSON.stringify({ baseUrl: '', tokens: Object.fromEntries(ACCOUNTS.map((name) => [name, newToken()])) }, null, 2));
  const credentials = readCredentials(file);
  const missing = agencies.filter((agency) => credentials.tokens[agency] === undefined);
  if (missing.length > 0) {
    for (const agency of missing) credentials.tokens[agency] = newToken();
    replace(file, credentials);
  }
  return Object.entries(credentials.tokens).map(([name, token]) => ({
    sha256: createHash('sha256').update(token).digest('hex'),
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
  const file = join(varDir, 'dev-signing-key.pem');
  createOnce(file, () => generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  return readFileSync(file, 'utf8');
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
