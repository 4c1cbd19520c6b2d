import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readKafkaCredentials, readRedisCredentials } from './server-credentials';

const directory = mkdtempSync(path.join(tmpdir(), 'seaport-credentials-'));
afterAll(() => rmSync(directory, { recursive: true }));

function file(name: string, content: string): string {
  writeFileSync(path.join(directory, name), content);
  return path.join(directory, name);
}

const CA = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----';
const caFile = file('ca.pem', `${CA}\n`);
const passwordFile = file('password', 'odd secret\n');
const none = { kafkaSsl: false, kafkaSslCaFile: '', kafkaSaslMechanism: '', kafkaSaslUsername: '', kafkaSaslPasswordFile: '' } as const;
const scram = { kafkaSaslMechanism: 'scram-sha-512', kafkaSaslUsername: 'seaport-intake', kafkaSaslPasswordFile: passwordFile } as const;

test('password and authority come from their files, without the line end', () => {
  expect(readKafkaCredentials(none)).toEqual({});
  expect(readKafkaCredentials({ ...none, kafkaSsl: true })).toEqual({ ssl: true });
  expect(readKafkaCredentials({ ...scram, kafkaSsl: true, kafkaSslCaFile: caFile })).toEqual({
    ssl: { ca: CA },
    sasl: { mechanism: 'scram-sha-512', username: 'seaport-intake', password: 'odd secret' },
  });
  expect(readRedisCredentials({ redisSslCaFile: caFile, redisPasswordFile: passwordFile })).toEqual({
    tls: { ca: CA },
    password: 'odd secret',
  });
  expect(readRedisCredentials({ redisSslCaFile: '', redisPasswordFile: '' })).toEqual({});
});

test('every file that cannot be used is named at once, and nothing of what is in it', () => {
  const missing = path.join(directory, 'missing');
  const given = { ...scram, kafkaSsl: true, kafkaSslCaFile: passwordFile, kafkaSaslPasswordFile: missing };
  expect(() => readKafkaCredentials(given)).toThrow(
    `KAFKA_SSL_CA_FILE="${passwordFile}" holds no certificate (PEM)\n  - KAFKA_SASL_PASSWORD_FILE="${missing}" cannot be read: ENOENT`,
  );
  expect(() => readRedisCredentials({ redisSslCaFile: missing, redisPasswordFile: file('empty', '\n') })).toThrow(
    /REDIS_SSL_CA_FILE=".*missing" cannot be read: ENOENT\n.*REDIS_PASSWORD_FILE=".*empty" is empty/,
  );
});
