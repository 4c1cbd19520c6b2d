/**
 * The one settings table (contract.md §1). Only config/ reads the environment; the rest receive a frozen object. Every fault is named
 * at once and a typo is never a default.
 */
export interface Settings {
  port: number;
  host: string;
  adminPort: number;
  adminHost: string;
  dataDir: string;
  varDir: string;
  kafkaBrokers: string[];
  kafkaClient: 'kafkajs' | 'platformatic';
  kafkaSsl: boolean;
  kafkaSslCaFile: string;
  kafkaSaslMechanism: '' | 'plain' | 'scram-sha-256' | 'scram-sha-512';
  kafkaSaslUsername: string;
  kafkaSaslPasswordFile: string;
  redisUrl: string;
  redisSslCaFile: string;
  redisPasswordFile: string;
  redisKeyPrefix: string;
  topicPrefix: string;
  topicPartitions: number;
  topicReplicationFactor: number;
  roles: ReadonlySet<'intake' | 'exchange' | 'adapters'>;
  adapters: readonly string[];
  workers: number;
  signingKeyFile: string;
  signingRetiredKeysFile: string;
  dataKeyFile: string;
  maxDeclarationBytes: number;
  maxInFlight: number;
  maxFoldDelayMs: number;
  tenantRequestsPerSecond: number;
  logRetentionDays: number;
  portTimeZone: string;
  portSecurityLevel: '1' | '2' | '3';
  tlsCertFile: string;
  tlsKeyFile: string;
  tlsClientCaFile: string;
  apiKeysFile: string;
  oidcIssuer: string;
  oidcAudience: string;
  oidcJwksFile: string;
  oidcRoleClaim: string;
  oidcTenantClaim: string;
  oidcAgencyClaim: string;
  agenciesFile: string;
  acceptedGaps: readonly string[];
  rawEvidence: 'all' | 'signed' | 'none';
  results: 'all' | 'none';
  readingThread: 'auto' | 'on' | 'off';
  agencyModes: Readonly<Record<string, 'rules' | 'backend' | 'http' | 'desk'>>;
  agencyUrls: Readonly<Record<string, string>>;
  production: boolean;
  logLevel: string;
}

type Field = Exclude<keyof Settings, 'production' | 'agencyModes' | 'agencyUrls'>;

interface Row {
  field: Field;
  env: string;
  unit: string;
  fallback: string;
  /** Must be set explicitly when NODE_ENV=production. */
  production: boolean;
  meaning: string;
  read(text: string): unknown;
}

const text = (value: string): string => value;
const list = (value: string): string[] =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
const flag = (value: string): boolean => oneOf('true', 'false')(value) === 'true';

function integer(min: number, max: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < min || number > max) throw new Error(`must be a whole number from ${min} to ${max}`);
    return number;
  };
}

function oneOf<const T extends string>(...allowed: T[]): (value: string) => T {
  return (value) => {
    const found = allowed.find((item) => item === value);
    if (found === undefined) throw new Error(`must be one of ${allowed.map((item) => item || '(empty)').join(', ')}`);
    return found;
  };
}

function roles(value: string): ReadonlySet<string> {
  const known = ['intake', 'exchange', 'adapters'];
  if (value === 'all') return new Set(known);
  const named = list(value);
  if (named.length === 0 || named.some((role) => !known.includes(role))) throw new Error(`must be all or a list of ${known.join(', ')}`);
  return new Set(named);
}

function timeZone(value: string): string {
  try {
    new Intl.DateTimeFormat('en', { timeZone: value });
  } catch {
    throw new Error('must be an IANA time zone');
  }
  return value;
}

function prefix(value: string): string {
  if (!/^[A-Za-z0-9._-]{0,60}$/.test(value)) throw new Error('must be at most 60 of A-Z a-z 0-9 . _ -');
  return value;
}

function redisUrl(value: string): string {
  if (value !== '' && !/^rediss?:\/\//.test(value)) throw new Error('must start with redis:// or rediss://');
  return value;
}

function httpUrl(value: string): string {
  if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol)) throw new Error('must be an http or https URL');
  return new URL(value).href;
}

/** As it is written: tokens and the discovery document repeat it to the letter. */
function issuer(value: string): string {
  if (value === '') return value;
  httpUrl(value);
  if (/[?#]|\/\/[^/]*@/.test(value)) throw new Error('must have no user, query or fragment');
  return value;
}

function claim(value: string): string {
  if (!/^[\w.:/-]{1,100}$/.test(value)) throw new Error('must be the name of a claim');
  return value;
}

/** A fault is printed and logged: what stands before an @ may be a password. */
function withoutCredentials(value: string): string {
  return value.replace(/^.*@/s, '…@');
}

// prettier-ignore
export const settingsTable: readonly Row[] = [
  { field: 'port', env: 'PORT', unit: '', fallback: '8080', production: false, meaning: 'HTTP port; 0 picks a free one and prints it', read: integer(0, 65535) },
  { field: 'host', env: 'HOST', unit: '', fallback: '127.0.0.1', production: true, meaning: 'Address that the HTTP port listens on', read: text },
  { field: 'adminPort', env: 'ADMIN_PORT', unit: '', fallback: '9464', production: false, meaning: 'Metrics and health; 0 picks a free one and prints it', read: integer(0, 65535) },
  { field: 'adminHost', env: 'ADMIN_HOST', unit: '', fallback: '127.0.0.1', production: false, meaning: 'Address that the admin port listens on', read: text },
  { field: 'dataDir', env: 'DATA_DIR', unit: '', fallback: './var/data', production: false, meaning: 'Folder of the embedded log and store', read: text },
  { field: 'varDir', env: 'VAR_DIR', unit: '', fallback: './var', production: false, meaning: 'Folder of development credentials and keys', read: text },
  { field: 'kafkaBrokers', env: 'KAFKA_BROKERS', unit: 'host:port, …', fallback: '', production: false, meaning: 'Kafka; empty: the embedded log', read: list },
  { field: 'kafkaClient', env: 'KAFKA_CLIENT', unit: '', fallback: 'kafkajs', production: false, meaning: 'Kafka client library: kafkajs, or platformatic for @platformatic/kafka (brokers from 3.0 on)', read: oneOf('kafkajs', 'platformatic') },
  { field: 'kafkaSsl', env: 'KAFKA_SSL', unit: 'true|false', fallback: 'false', production: false, meaning: 'TLS to Kafka', read: flag },
  { field: 'kafkaSslCaFile', env: 'KAFKA_SSL_CA_FILE', unit: 'PEM', fallback: '', production: false, meaning: 'Certificate authority of the brokers', read: text },
  { field: 'kafkaSaslMechanism', env: 'KAFKA_SASL_MECHANISM', unit: '', fallback: '', production: false, meaning: 'SASL mechanism; empty: none', read: oneOf('', 'plain', 'scram-sha-256', 'scram-sha-512') },
  { field: 'kafkaSaslUsername', env: 'KAFKA_SASL_USERNAME', unit: '', fallback: '', production: false, meaning: 'SASL user', read: text },
  { field: 'kafkaSaslPasswordFile', env: 'KAFKA_SASL_PASSWORD_FILE', unit: '', fallback: '', production: false, meaning: 'File with the SASL password', read: text },
  { field: 'redisUrl', env: 'REDIS_URL', unit: 'redis://…', fallback: '', production: false, meaning: 'Redis, user included; empty: the embedded store', read: redisUrl },
  { field: 'redisSslCaFile', env: 'REDIS_SSL_CA_FILE', unit: 'PEM', fallback: '', production: false, meaning: 'Certificate authority of Redis', read: text },
  { field: 'redisPasswordFile', env: 'REDIS_PASSWORD_FILE', unit: '', fallback: '', production: false, meaning: 'File with the password of the Redis user', read: text },
  { field: 'redisKeyPrefix', env: 'REDIS_KEY_PREFIX', unit: '', fallback: 'seaport:', production: false, meaning: 'Prefix of every Redis key', read: text },
  { field: 'topicPrefix', env: 'TOPIC_PREFIX', unit: '', fallback: '', production: false, meaning: 'Prefix of topics and groups', read: prefix },
  { field: 'topicPartitions', env: 'TOPIC_PARTITIONS', unit: 'partitions', fallback: '12', production: false, meaning: 'Partitions of every topic, fixed for the life of a prefix', read: integer(1, 1000) },
  { field: 'topicReplicationFactor', env: 'TOPIC_REPLICATION_FACTOR', unit: 'copies', fallback: '-1', production: true, meaning: 'Copies of each partition; -1: the broker decides', read: (value) => (value === '-1' ? -1 : integer(1, 10)(value)) },
  { field: 'roles', env: 'ROLES', unit: '', fallback: 'all', production: false, meaning: 'all, or a list of intake, exchange, adapters', read: roles },
  { field: 'adapters', env: 'ADAPTERS', unit: 'agencies', fallback: '', production: false, meaning: 'Adapters that this process runs; empty: all', read: list },
  { field: 'workers', env: 'WORKERS', unit: 'processes', fallback: '1', production: false, meaning: 'Intake processes on one port', read: integer(1, 64) },
  { field: 'signingKeyFile', env: 'SIGNING_KEY_FILE', unit: 'PEM', fallback: '', production: true, meaning: 'Ed25519 private key that signs; empty: a development key', read: text },
  { field: 'signingRetiredKeysFile', env: 'SIGNING_RETIRED_KEYS_FILE', unit: 'PEM', fallback: '', production: false, meaning: 'Ed25519 public keys that signed before, one after the other: they stay in the JWKS', read: text },
  { field: 'dataKeyFile', env: 'DATA_KEY_FILE', unit: '', fallback: '', production: true, meaning: '32 bytes that encrypt dead letters and evidence; empty: a development key', read: text },
  { field: 'maxDeclarationBytes', env: 'MAX_DECLARATION_BYTES', unit: 'bytes', fallback: '8388608', production: false, meaning: 'Largest body, and largest canonical record', read: integer(1024, 16_000_000) },
  { field: 'maxInFlight', env: 'MAX_IN_FLIGHT', unit: 'declarations', fallback: '1000', production: false, meaning: 'Declarations being received at once, of one tenant nine tenths of them; more get 503', read: integer(1, 100_000) },
  { field: 'maxFoldDelayMs', env: 'MAX_FOLD_DELAY_MS', unit: 'ms', fallback: '2000', production: false, meaning: 'How long declarations may wait for a working exchange; more get 429 or 503; 0: however long', read: integer(0, 600_000) },
  { field: 'tenantRequestsPerSecond', env: 'TENANT_REQUESTS_PER_SECOND', unit: '1/s', fallback: '0', production: false, meaning: 'Submissions of one tenant per second; more get 429; 0: no limit', read: integer(0, 1_000_000) },
  { field: 'logRetentionDays', env: 'LOG_RETENTION_DAYS', unit: 'days', fallback: '400', production: false, meaning: 'How long topics keep records', read: integer(1, 36_500) },
  { field: 'portTimeZone', env: 'PORT_TIME_ZONE', unit: 'IANA', fallback: 'Asia/Ho_Chi_Minh', production: false, meaning: 'Zone of a port that the list does not know', read: timeZone },
  { field: 'portSecurityLevel', env: 'PORT_SECURITY_LEVEL', unit: '', fallback: '1', production: false, meaning: 'ISPS level of the port, told in EPC receipts', read: oneOf('1', '2', '3') },
  { field: 'tlsCertFile', env: 'TLS_CERT_FILE', unit: 'PEM', fallback: '', production: false, meaning: 'Certificate of the HTTP port and what leads to its authority, read again when it changes; empty: no TLS', read: text },
  { field: 'tlsKeyFile', env: 'TLS_KEY_FILE', unit: 'PEM', fallback: '', production: false, meaning: 'Private key of the certificate', read: text },
  { field: 'tlsClientCaFile', env: 'TLS_CLIENT_CA_FILE', unit: 'PEM', fallback: '', production: false, meaning: 'Authorities of client certificates; the file of API_KEYS_FILE says who they are; empty: none are asked for', read: text },
  { field: 'apiKeysFile', env: 'API_KEYS_FILE', unit: '', fallback: '', production: false, meaning: 'Hashed API keys, read again when it changes; in production this or OIDC_ISSUER; without both: development credentials', read: text },
  { field: 'oidcIssuer', env: 'OIDC_ISSUER', unit: 'https://…', fallback: '', production: false, meaning: 'Issuer of tokens (JWT), as their iss has it; its keys by its discovery document; empty: none', read: issuer },
  { field: 'oidcAudience', env: 'OIDC_AUDIENCE', unit: '', fallback: '', production: false, meaning: 'What must stand in aud of a token', read: text },
  { field: 'oidcJwksFile', env: 'OIDC_JWKS_FILE', unit: 'JWKS', fallback: '', production: false, meaning: 'Keys of the issuer, read again when it changes, where it cannot be asked', read: text },
  { field: 'oidcRoleClaim', env: 'OIDC_ROLE_CLAIM', unit: '', fallback: 'seaport_role', production: false, meaning: 'Claim with agent, agency, operator or auditor, or a list with one of them', read: claim },
  { field: 'oidcTenantClaim', env: 'OIDC_TENANT_CLAIM', unit: '', fallback: 'seaport_tenant', production: false, meaning: 'Claim with the tenant of an agent', read: claim },
  { field: 'oidcAgencyClaim', env: 'OIDC_AGENCY_CLAIM', unit: '', fallback: 'seaport_agency', production: false, meaning: 'Claim with the agency of an officer', read: claim },
  { field: 'agenciesFile', env: 'AGENCIES_FILE', unit: '', fallback: '', production: false, meaning: 'Agencies in place of config/agencies.json', read: text },
  { field: 'acceptedGaps', env: 'ACCEPTED_GAPS', unit: 'agencies', fallback: '', production: false, meaning: 'Final authorities that may be unconnected in production', read: list },
  { field: 'rawEvidence', env: 'RAW_EVIDENCE', unit: '', fallback: 'none', production: false, meaning: 'Messages kept as received: all, signed or none; in production all unless set', read: oneOf('all', 'signed', 'none') },
  { field: 'readingThread', env: 'READING_THREAD', unit: '', fallback: 'auto', production: false, meaning: 'Declarations are read in a thread beside the main one: on, off, or auto: where intake and exchange are one process with two cores or more', read: oneOf('auto', 'on', 'off') },
  { field: 'results', env: 'RESULTS', unit: '', fallback: 'all', production: false, meaning: 'Whether agencies are told of each version in results.<agency>: all or none', read: oneOf('all', 'none') },
  { field: 'logLevel', env: 'LOG_LEVEL', unit: '', fallback: 'info', production: false, meaning: 'Least severe level that is logged', read: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'silent') },
];

export class SettingsFault extends Error {
  readonly faults: string[];

  constructor(faults: string[]) {
    super(`The settings are not usable:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.name = 'SettingsFault';
    this.faults = faults;
  }
}

/**
 * Reads the environment against the table.
 * @throws SettingsFault naming every fault at once.
 */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const faults: string[] = [];
  const production = env['NODE_ENV'] === 'production';
  const values: Record<string, unknown> = { production };
  for (const row of settingsTable) {
    const given = env[row.env];
    if ((given === undefined || given === '') && row.production && production)
      faults.push(`${row.env} must be set in production: ${row.meaning}`);
    try {
      values[row.field] = row.read(given ?? row.fallback);
    } catch (cause) {
      faults.push(`${row.env}="${withoutCredentials(given ?? row.fallback)}" ${(cause as Error).message}`);
    }
  }
  if (production && values['apiKeysFile'] === '' && values['oidcIssuer'] === '')
    faults.push('API_KEYS_FILE or OIDC_ISSUER must be set in production: there are no development credentials');
  if (production && env['RAW_EVIDENCE'] === undefined) values['rawEvidence'] = 'all';
  const { modes, urls } = readAgencies(env, faults);
  values['agencyModes'] = modes;
  values['agencyUrls'] = urls;
  const settings = values as unknown as Settings;
  if (faults.length === 0) faults.push(...contradictions(settings));
  if (faults.length > 0) throw new SettingsFault(faults);
  return Object.freeze(settings);
}

/** AGENCY_<CODE>_MODE and AGENCY_<CODE>_URL; `-` in a code is written `_`. */
function readAgencies(
  env: Readonly<Record<string, string | undefined>>,
  faults: string[],
): { modes: Record<string, 'rules' | 'backend' | 'http' | 'desk'>; urls: Record<string, string> } {
  const modes: Record<string, 'rules' | 'backend' | 'http' | 'desk'> = {};
  const urls: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    const match = /^AGENCY_([A-Z0-9_]+)_(MODE|URL)$/.exec(name);
    if (value === undefined) continue;
    if (match === null) {
      if (name.startsWith('AGENCY_')) faults.push(`${name} is no setting: AGENCY_<CODE>_MODE and AGENCY_<CODE>_URL are`);
      continue;
    }
    const code = (match[1] ?? '').toLowerCase().replaceAll('_', '-');
    try {
      if (match[2] === 'MODE') modes[code] = oneOf('rules', 'backend', 'http', 'desk')(value);
      else urls[code] = httpUrl(value);
    } catch (cause) {
      faults.push(`${name}="${withoutCredentials(value)}" ${(cause as Error).message}`);
    }
  }
  for (const [code, mode] of Object.entries(modes)) {
    if (mode === 'http' && urls[code] === undefined)
      faults.push(`AGENCY_${code.toUpperCase().replaceAll('-', '_')}_URL must be set in mode http`);
  }
  return { modes, urls };
}

function contradictions(settings: Settings): string[] {
  const faults: string[] = [];
  const shared = settings.kafkaBrokers.length > 0 && settings.redisUrl !== '';
  if (settings.workers > 1 && !shared) faults.push('WORKERS above 1 needs KAFKA_BROKERS and REDIS_URL');
  if (settings.roles.size < 3 && !shared) faults.push('ROLES other than all needs KAFKA_BROKERS and REDIS_URL');
  if (settings.adapters.length > 0 && !shared) faults.push('ADAPTERS needs KAFKA_BROKERS and REDIS_URL');
  if (settings.kafkaSslCaFile !== '' && !settings.kafkaSsl) faults.push('KAFKA_SSL_CA_FILE needs KAFKA_SSL=true');
  if (settings.redisSslCaFile !== '' && !settings.redisUrl.startsWith('rediss:'))
    faults.push('REDIS_SSL_CA_FILE needs a REDIS_URL that begins with rediss://');
  if (settings.redisPasswordFile !== '' && settings.redisUrl === '') faults.push('REDIS_PASSWORD_FILE needs REDIS_URL');
  if (settings.production && settings.kafkaSaslMechanism === 'plain' && !settings.kafkaSsl)
    faults.push('KAFKA_SASL_MECHANISM=plain needs KAFKA_SSL=true in production: it sends the password as it is');
  const hasSasl = settings.kafkaSaslMechanism !== '';
  if (hasSasl !== (settings.kafkaSaslUsername !== '') || hasSasl !== (settings.kafkaSaslPasswordFile !== '')) {
    faults.push('KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD_FILE must be set together');
  }
  if ((settings.tlsCertFile === '') !== (settings.tlsKeyFile === '')) faults.push('TLS_CERT_FILE and TLS_KEY_FILE must be set together');
  if (settings.tlsClientCaFile !== '' && settings.tlsCertFile === '') faults.push('TLS_CLIENT_CA_FILE needs TLS_CERT_FILE');
  if ((settings.oidcIssuer === '') !== (settings.oidcAudience === '')) faults.push('OIDC_ISSUER and OIDC_AUDIENCE must be set together');
  if (settings.oidcIssuer === '' && settings.oidcJwksFile !== '') faults.push('OIDC_JWKS_FILE needs OIDC_ISSUER');
  if (settings.production && settings.oidcIssuer.startsWith('http:') && settings.oidcJwksFile === '')
    faults.push('OIDC_ISSUER must be https in production');
  if (settings.workers > 1 && !settings.roles.has('intake')) faults.push('WORKERS above 1 needs the role intake');
  return faults;
}
