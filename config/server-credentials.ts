import { readFileSync } from 'node:fs';
import { SettingsFault, type Settings } from './settings';

/** How a client of Kafka proves who it is, and knows whom it speaks to: the same form for every client library. */
export interface KafkaCredentials {
  /** true: the certificate authorities that Node knows. */
  ssl?: true | { ca: string };
  sasl?: { mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'; username: string; password: string };
}

/** The same for Redis; the user's name is in its URL. */
export interface RedisCredentials {
  tls?: { ca: string };
  password?: string;
}

type KafkaSettings = Pick<Settings, 'kafkaSsl' | 'kafkaSslCaFile' | 'kafkaSaslMechanism' | 'kafkaSaslUsername' | 'kafkaSaslPasswordFile'>;

/**
 * Reads the files that KAFKA_SSL_CA_FILE and KAFKA_SASL_PASSWORD_FILE name.
 * @throws SettingsFault naming every file that cannot be used, never what is in it
 */
export function readKafkaCredentials(settings: KafkaSettings): KafkaCredentials {
  const faults: string[] = [];
  const credentials: KafkaCredentials = {};
  if (settings.kafkaSsl)
    credentials.ssl = settings.kafkaSslCaFile === '' ? true : { ca: readAuthority('KAFKA_SSL_CA_FILE', settings.kafkaSslCaFile, faults) };
  if (settings.kafkaSaslMechanism !== '')
    credentials.sasl = {
      mechanism: settings.kafkaSaslMechanism,
      username: settings.kafkaSaslUsername,
      password: readSecret('KAFKA_SASL_PASSWORD_FILE', settings.kafkaSaslPasswordFile, faults),
    };
  if (faults.length > 0) throw new SettingsFault(faults);
  return credentials;
}

/**
 * Reads the files that REDIS_SSL_CA_FILE and REDIS_PASSWORD_FILE name.
 * @throws SettingsFault
 */
export function readRedisCredentials(settings: Pick<Settings, 'redisSslCaFile' | 'redisPasswordFile'>): RedisCredentials {
  const faults: string[] = [];
  const credentials: RedisCredentials = {};
  if (settings.redisSslCaFile !== '') credentials.tls = { ca: readAuthority('REDIS_SSL_CA_FILE', settings.redisSslCaFile, faults) };
  if (settings.redisPasswordFile !== '') credentials.password = readSecret('REDIS_PASSWORD_FILE', settings.redisPasswordFile, faults);
  if (faults.length > 0) throw new SettingsFault(faults);
  return credentials;
}

function readAuthority(variable: string, file: string, faults: string[]): string {
  const text = readFile(variable, file, faults);
  if (text !== undefined && !text.includes('-----BEGIN CERTIFICATE-----')) faults.push(`${variable}="${file}" holds no certificate (PEM)`);
  return text ?? '';
}

function readSecret(variable: string, file: string, faults: string[]): string {
  const text = readFile(variable, file, faults);
  if (text === '') faults.push(`${variable}="${file}" is empty`);
  return text ?? '';
}

function readFile(variable: string, file: string, faults: string[]): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    faults.push(`${variable}="${file}" cannot be read: ${(cause as NodeJS.ErrnoException).code ?? 'unknown'}`);
    return undefined;
  }
}
