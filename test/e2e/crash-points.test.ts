import path from 'node:path';
import { Redis } from 'ioredis';
import { openKafkaMessageLog } from '../../gateway/edges/kafka/kafka-message-log';
import type { Clearance, RequestMessage } from '../../gateway/core/messages';
import type { LogRecord } from '../../gateway/ports/message-log';
import { AgentClient, arrival } from '../support/agent-client';
import { gatewayFolder, startGatewayProcess, type GatewayProcess } from '../support/gateway-process';
import { testServices, uniqueKeyPrefix, uniqueTopicPrefix } from '../support/services';
import { untilHolds } from '../support/until-holds';
import { verifies } from './scenarios';

jest.setTimeout(240_000);

/**
 * A gateway that ends by SIGKILL at each point between what it reads and what it has done (guarantees.md F02, F03), one life after the other
 * over one log and one store; then one that lives. Random moments: crash.test.ts, and the chaos.
 */
const PRELOAD = path.join(__dirname, '..', 'support', 'crash-at.js');
const PARTITIONS = 2;
const folder = gatewayFolder();
const prefix = uniqueTopicPrefix('points');
const keyPrefix = uniqueKeyPrefix('points');
let running: GatewayProcess | undefined;
const sent = new Map<string, { declaration: object; receipt: object | undefined }>();

afterAll(async () => {
  await running?.stop('SIGKILL');
  folder.remove();
});

async function start(crashAt?: string): Promise<{ gateway: GatewayProcess; agent: AgentClient }> {
  const { kafkaBrokers, redisUrl } = testServices();
  const env = {
    KAFKA_BROKERS: kafkaBrokers.join(','),
    REDIS_URL: redisUrl,
    REDIS_KEY_PREFIX: keyPrefix,
    TOPIC_PREFIX: prefix,
    TOPIC_PARTITIONS: String(PARTITIONS),
  };
  const gateway =
    crashAt === undefined
      ? await startGatewayProcess(folder, env)
      : await startGatewayProcess(folder, { ...env, CRASH_AT: crashAt }, { nodeArguments: ['--require', PRELOAD] });
  running = gateway;
  return { gateway, agent: new AgentClient(gateway.url, folder.tokens()['agent'] ?? '') };
}

/** What the lives before have left may be enough to come to the point while it starts. */
async function lifeUntil(point: string): Promise<void> {
  const life = await start(point).catch((cause: unknown) => {
    if (!/^the gateway ended with null/.test((cause as Error).message)) throw cause;
    return undefined;
  });
  if (life === undefined) return;
  await submitUntilGone(life.agent);
  expect([await life.gateway.stop(), life.gateway.child.signalCode]).toEqual([null, 'SIGKILL']);
}

/** One declaration after the other until the process is gone. */
async function submitUntilGone(agent: AgentClient): Promise<void> {
  for (let i = 0; i < 500; i++) {
    const declaration = arrival();
    const id = declaration.header.messageId;
    sent.set(id, { declaration, receipt: undefined });
    try {
      const { status, body } = await agent.submit(declaration);
      if (status === 202) sent.set(id, { declaration, receipt: body });
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function recordsOf(topic: string): Promise<LogRecord[]> {
  const log = await openKafkaMessageLog({ brokers: testServices().kafkaBrokers, clientId: 'look', topicPrefix: prefix });
  const ends = await log.offsets(topic);
  const records: LogRecord[] = [];
  await log.read(
    topic,
    ends.map(({ partition, start: from, end: to }) => ({ partition, from, to })),
    (batch) => void records.push(...batch.records),
  );
  await log.close();
  return records;
}

/** Record values by what must be told apart, each with the distinct ones. */
function distinct(records: readonly LogRecord[], keyOf: (record: LogRecord) => string): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const record of records) {
    const key = keyOf(record);
    found.set(key, (found.get(key) ?? new Set()).add(record.value.toString('latin1')));
  }
  return found;
}

it.each([
  ['intake, before it publishes', 'before-declared'],
  ['intake, published and not answered', 'after-declared 3'],
  ['the exchange, with its outputs written and its state not', 'after-requested'],
  ['the relay, with decisions in the log and its position not committed', 'after-relayed'],
  ['an adapter, before it has decided', 'before-decided'],
  ['an adapter, with its decision written and its position not', 'after-decided 2'],
  ['the exchange, with a clearance issued and its state not written', 'after-cleared'],
  ['the exchange, before it commits its state', 'before-committed 2'],
  ['the exchange, with its state written and its position not', 'after-committed 2'],
])('ends %s', async (_name, point) => {
  await lifeUntil(point);
});

it('ends in the middle of a rebuild', async () => {
  const redis = new Redis(testServices().redisUrl);
  const keys = await redis.keys(`${keyPrefix}*`);
  expect(keys.length).toBeGreaterThan(0);
  await redis.del(...keys);
  redis.disconnect();
  await lifeUntil('after-committed');
});

it('and the one that lives on clears everything once, with the ids and bytes that there were', async () => {
  const { gateway, agent } = await start();
  for (const { declaration, receipt } of sent.values()) {
    const again = await untilHolds(async () => {
      const answer = await agent.submit(declaration);
      expect(answer.status).toBe(202);
      return answer;
    });
    if (receipt !== undefined) expect([again.headers.get('idempotent-replayed'), again.body]).toEqual(['true', receipt]);
    const { dossierId } = again.body;
    const clearance = await untilHolds(async () => {
      const { status, body } = await agent.get<Clearance>(`/v1/dossiers/${dossierId}/clearance`, { prefer: 'wait=10' });
      expect([status, body.status, body.final, body.version]).toEqual([200, 'granted', true, 1]);
      return body;
    }, 40_000);
    expect(await verifies({ url: gateway.url, adminUrls: [], tokens: {} }, clearance)).toBe(true);
  }
  // Each version was issued once; what is there more than once is the same.
  const clearances = await recordsOf('clearances');
  expect(clearances).toHaveLength(sent.size);
  expect(distinct(clearances, ({ headers }) => headers['ce_id'] ?? '').size).toBe(sent.size);
  for (const agency of ['harbour-master', 'customs', 'tax', 'planning']) {
    const requests = distinct(
      await recordsOf(`requests.${agency}`),
      ({ value }) => (JSON.parse(value.toString()) as RequestMessage).dossierId,
    );
    expect([agency, requests.size, [...requests.values()].filter(({ size }) => size > 1)]).toEqual([agency, sent.size, []]);
  }
  expect(await recordsOf('dead-letters')).toEqual([]);
  expect(await gateway.stop()).toBe(0);
});
