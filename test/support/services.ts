import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  startKafka,
  startRedis,
  type KafkaOptions,
  type LocalKafka,
  type LocalRedis,
  type RedisOptions,
} from '../../scripts/local-services';

/** Where the shared servers of a test run are. Nobody stops or empties them: names are made unique instead. */
export interface TestServices {
  kafkaBrokers: string[];
  redisUrl: string;
}

const SERVICES_ENV = path.resolve(__dirname, '..', '..', 'var', 'services.env');

/**
 * The servers that `npm test` started, or those of the environment, or of `npm run services -- --detach`.
 * @throws when there are none: a test that needs them fails, it is never skipped in silence
 */
export function testServices(): TestServices {
  const written = servicesEnvironment();
  // Tests are the one place besides config/ that may look here: scripts/test.js hands the addresses over.
  const kafkaBrokers = process.env['KAFKA_BROKERS'] || written['KAFKA_BROKERS'];
  const redisUrl = process.env['REDIS_URL'] || written['REDIS_URL'];
  if (!kafkaBrokers || !redisUrl)
    throw new Error('No Kafka and Redis: use `npm test`, or `npm run services -- --detach`, or set KAFKA_BROKERS and REDIS_URL.');
  return { kafkaBrokers: kafkaBrokers.split(','), redisUrl };
}

function servicesEnvironment(): Record<string, string> {
  try {
    const lines = readFileSync(SERVICES_ENV, 'utf8').split('\n');
    return Object.fromEntries(lines.filter((line) => line.includes('=')).map((line) => splitOnce(line)));
  } catch {
    return {};
  }
}

function splitOnce(line: string): [string, string] {
  const at = line.indexOf('=');
  return [line.slice(0, at), line.slice(at + 1)];
}

/** A prefix that no other test uses: `t-<name>-<random>.` */
export function uniqueTopicPrefix(name = 'test'): string {
  return `t-${name}-${randomBytes(5).toString('hex')}.`;
}

/** A key prefix that no other test uses: `t:<name>:<random>:` */
export function uniqueKeyPrefix(name = 'test'): string {
  return `t:${name}:${randomBytes(5).toString('hex')}:`;
}

/** A broker of the test's own, to be killed and started again. The test stops it in afterAll. */
export function ownKafka(options: KafkaOptions = {}): Promise<LocalKafka> {
  return startKafka({ quick: true, ...options });
}

/** A Redis of the test's own. */
export function ownRedis(options: RedisOptions = {}): Promise<LocalRedis> {
  return startRedis(options);
}
