import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { metadataV10 } from '@platformatic/kafka';
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  ResourcePatternTypes,
  type Consumer,
  type Kafka,
  type Producer,
} from 'kafkajs';
import type { Clearance, RequestMessage } from '../../gateway/core/messages';
import { openKafkaMessageLog } from '../../gateway/edges/kafka/kafka-message-log';
import { Brokers } from '../../gateway/edges/platformatic/brokers';
import { openPlatformaticMessageLog } from '../../gateway/edges/platformatic/platformatic-message-log';
import type { MessageLog } from '../../gateway/ports/message-log';
import { topicCatalogue } from '../../gateway/topic-catalogue';
import { numbered } from '../contract/message-log';
import { openTask } from '../e2e/scenarios';
import { AgentClient, arrival } from '../support/agent-client';
import { buildGateway, gatewayFolder, startGatewayProcess, type GatewayProcess } from '../support/gateway-process';
import { ADMINISTRATOR, secureKafka, type SecureKafka } from '../support/secure-kafka';
import { testServices, uniqueKeyPrefix } from '../support/services';
import { untilHolds } from '../support/until-holds';

jest.setTimeout(900_000);

/**
 * deploy/acls.js against a broker with an authorizer, and what each user can do then, asked of the broker topic by topic: contract.md §4.
 * The harbour master decides by rules, customs and tax have back-ends, planning has a desk.
 */
const PREFIX = 'port.';
const ROOT = path.resolve(__dirname, '..', '..');
const CODES = ['harbour-master', 'customs', 'tax', 'planning'];
const MODES = { AGENCY_CUSTOMS_MODE: 'backend', AGENCY_TAX_MODE: 'backend', AGENCY_PLANNING_MODE: 'desk' };
const TOPICS = topicCatalogue(CODES, { partitions: 1, retentionDays: 1 }).map(({ topic }) => topic);

const each = (...kinds: string[]): string[] => kinds.flatMap((kind) => CODES.map((code) => `${kind}.${code}`));
const adapter = (code: string, ...more: string[]): { writes: string[]; reads: string[] } => ({
  writes: [...more, `test.decisions.${code}`, 'dead-letters'],
  reads: [`requests.${code}`, `test.requests.${code}`],
});
const backend = (code: string): { writes: string[]; reads: string[] } => ({
  writes: [`decisions.${code}`],
  reads: [`requests.${code}`, `results.${code}`],
});

/** Of each user; what is not here is refused. */
const MAY: Record<string, { writes: string[]; reads: string[] }> = {
  'seaport-intake': {
    writes: ['dossiers', 'evidence', 'evidence-keys', 'audit', ...each('requests', 'decisions', 'test.requests', 'test.decisions')],
    reads: ['dossiers', 'clearances', 'audit', 'evidence', 'evidence-keys', 'dead-letters'],
  },
  'seaport-exchange': {
    writes: ['dossiers', 'clearances', 'dead-letters', 'audit', ...each('requests', 'results', 'test.requests')],
    reads: ['dossiers', 'clearances', 'audit', ...each('decisions', 'test.decisions')],
  },
  'seaport-adapter-harbour-master': adapter('harbour-master', 'decisions.harbour-master'),
  'seaport-adapter-customs': adapter('customs'),
  'seaport-adapter-tax': adapter('tax'),
  'seaport-adapter-planning': adapter('planning'),
  'seaport-adapters': {
    writes: ['decisions.harbour-master', 'dead-letters', ...each('test.decisions')],
    reads: each('requests', 'test.requests'),
  },
  customs: backend('customs'),
  tax: backend('tax'),
  'seaport-operator': { writes: ['dossiers'], reads: ['dead-letters'] },
  'seaport-auditor': { writes: [], reads: ['audit'] },
  stranger: { writes: [], reads: [] },
};
const GATEWAY = Object.keys(MAY).filter((user) => /^seaport-(intake|exchange|adapter)/.test(user));

let secure: SecureKafka;
/** What deploy/acls.js said the first time. */
let said: string;

function run(script: string, user: string, ...args: string[]): string {
  return runFor({ ...MODES, TOPIC_PREFIX: PREFIX }, script, user, ...args);
}

function runFor(gateway: Record<string, string>, script: string, user: string, ...args: string[]): string {
  const env = { PATH: process.env['PATH'] ?? '', ...gateway, ...secure.environment(user) };
  return execFileSync(process.execPath, [path.join(ROOT, 'deploy', script), ...args], { env, encoding: 'utf8', stdio: 'pipe' });
}

beforeAll(async () => {
  buildGateway();
  secure = await secureKafka(Object.keys(MAY));
  said = run('acls.js', ADMINISTRATOR);
  run('topics.js', 'seaport-operator', '--partitions', '1', '--replication', '1');
  // Something to read in each.
  const log = await openKafkaMessageLog({ brokers: [secure.kafka.brokers], clientId: 'anybody', topicPrefix: PREFIX });
  await log.append(TOPICS.flatMap((topic) => numbered(topic, 1)));
  await log.close();
});

afterAll(() => secure.stop());

it('makes the ACLs once, shows what else is open to somebody, and how to close it', async () => {
  expect(said).toMatch(/^seaport-intake: \d+ ACLs, [1-9]\d* created$/m);
  expect(said).not.toContain('To take away');
  expect(run('acls.js', ADMINISTRATOR)).not.toMatch(/ [1-9]\d* created/);
  const admin = secure.client(ADMINISTRATOR).admin();
  await admin.connect();
  const open = {
    host: '*',
    permissionType: AclPermissionTypes.ALLOW,
    operation: AclOperationTypes.READ,
    resourceType: AclResourceTypes.TOPIC,
  };
  await admin.createAcls({
    acl: [
      { ...open, principal: 'User:stranger', resourceName: 'port.req', resourcePatternType: ResourcePatternTypes.PREFIXED },
      { ...open, principal: 'User:stranger', resourceName: 'another.topic', resourcePatternType: ResourcePatternTypes.LITERAL },
    ],
  });
  const shown = run('acls.js', ADMINISTRATOR);
  expect(shown.slice(shown.indexOf('Not of this set'))).toBe(
    [
      'Not of this set, and open to what is here. To take away:',
      `kafka-acls.sh --bootstrap-server ${secure.brokers} --command-config admin.properties --remove --force \\`,
      '  --allow-principal User:stranger --operation Read \\',
      '  --resource-pattern-type prefixed \\',
      '  --topic port.req',
      '',
    ].join('\n'),
  );
  await admin.deleteAcls({
    filters: [
      {
        ...open,
        operation: AclOperationTypes.ANY,
        resourceType: AclResourceTypes.ANY,
        principal: 'User:stranger',
        resourcePatternType: ResourcePatternTypes.ANY,
      },
    ],
  });
  await admin.disconnect();
});

it('is refused to anybody but an administrator, with a clear message', () => {
  expect(() => run('acls.js', 'seaport-operator')).toThrow(/acls: ACLs cannot be listed: this user has no ACL for it/);
});

it.each(Object.keys(MAY))('%s may read and write what the table grants it, and nothing else', async (user) => {
  const brokers = new Brokers({ brokers: [secure.brokers], clientId: user, ...credentialsOf(user) }, 10_000);
  // The broker lists what the user may describe, and says of each what else it may do (KIP-430).
  const { topics } = await brokers.ask(await brokers.any(), metadataV10.api.async, null, false, true);
  await brokers.close();
  const { reads, writes } = MAY[user] ?? { reads: [], writes: [] };
  const having = (...operations: number[]): string[] =>
    topics
      .filter(({ topicAuthorizedOperations: bits }) => operations.some((operation) => (bits & (1 << operation)) !== 0))
      .map(({ name }) => (name ?? '').slice(PREFIX.length))
      .sort();
  expect({ reads: having(3), writes: having(4) }).toEqual({ reads: [...reads].sort(), writes: [...writes].sort() });
  // Create; delete, alter and what else there is.
  expect(having(5)).toEqual(user === 'seaport-operator' ? [...TOPICS].sort() : []);
  expect(having(6, 7, 9, 10, 11, 12)).toEqual([]);
  const seen = GATEWAY.includes(user) || user === 'seaport-operator' ? TOPICS : [...reads, ...writes];
  expect(topics.map(({ name }) => name).sort()).toEqual([...new Set(seen)].map((topic) => PREFIX + topic).sort());
});

describe.each([
  ['kafkajs', openKafkaMessageLog],
  ['@platformatic/kafka', openPlatformaticMessageLog],
])('through %s', (_client, open) => {
  const openAs = (user: string): Promise<MessageLog> =>
    open({ brokers: [secure.brokers], clientId: user, topicPrefix: PREFIX, ...credentialsOf(user) });

  it('an agency writes its decisions, reads what it is asked, in a group of its own', async () => {
    const log = await openAs('customs');
    await log.append(numbered('decisions.customs', 1));
    expect(await canRead(log, 'requests.customs')).toBe(true);
    expect(await canRead(log, 'results.customs')).toBe(true);
    expect(await canJoin(log, 'customs.1', 'requests.customs')).toBe(true);
    await log.close();
  });

  it('an agency neither reads what others are asked nor decides for them, nor anything that holds whole dossiers', async () => {
    const log = await openAs('customs');
    for (const topic of [
      'requests.tax',
      'results.tax',
      'decisions.customs',
      'dossiers',
      'clearances',
      'evidence',
      'evidence-keys',
      'audit',
      'test.requests.customs',
    ])
      expect([topic, await canRead(log, topic)]).toEqual([topic, false]);
    for (const topic of ['decisions.tax', 'requests.customs', 'dossiers', 'clearances', 'test.decisions.customs'])
      expect([topic, await isAllowed(log.append(numbered(topic, 1)))]).toEqual([topic, false]);
    for (const group of ['adapter.customs', 'tax.1', 'exchange'])
      expect([group, await canJoin(log, group, 'requests.customs')]).toEqual([group, false]);
    await log.close();
  });

  it("intake forges no clearance and reads no agency's topic; the exchange decides for nobody", async () => {
    const [intake, exchange] = [await openAs('seaport-intake'), await openAs('seaport-exchange')];
    expect(await isAllowed(intake.append(numbered('clearances', 1)))).toBe(false);
    for (const topic of ['requests.customs', 'results.customs', 'decisions.customs']) expect(await canRead(intake, topic)).toBe(false);
    expect(await canJoin(intake, 'exchange', 'dossiers')).toBe(false);
    expect(await isAllowed(exchange.append(numbered('decisions.customs', 1)))).toBe(false);
    expect(await isAllowed(exchange.createTopics([{ topic: 'another', partitions: 1 }]))).toBe(false);
    await Promise.all([intake.close(), exchange.close()]);
  });
});

describe.each(['kafkajs', 'platformatic'])('the whole gateway, each role with its own user, through %s', (client) => {
  const prefix = `whole-${client}.`;
  const roles = { intake: 'seaport-intake', exchange: 'seaport-exchange', adapters: 'seaport-adapters' };
  const folder = gatewayFolder();
  const processes: GatewayProcess[] = [];
  let customs: Kafka;
  let consumer: Consumer;
  let producer: Producer;
  let agent: AgentClient;
  const asked: RequestMessage[] = [];

  beforeAll(async () => {
    const gateway = { TOPIC_PREFIX: prefix, TOPIC_PARTITIONS: '2', AGENCY_CUSTOMS_MODE: 'backend', AGENCY_PLANNING_MODE: 'desk' };
    runFor(gateway, 'acls.js', ADMINISTRATOR);
    runFor(gateway, 'topics.js', 'seaport-operator', '--partitions', '2', '--replication', '1');
    const shared = { ...gateway, KAFKA_CLIENT: client, REDIS_URL: testServices().redisUrl, REDIS_KEY_PREFIX: uniqueKeyPrefix('acls') };
    for (const [role, user] of Object.entries(roles))
      processes.push(await startGatewayProcess(folder, { ...shared, ...secure.environment(user), ROLES: role }));
    agent = new AgentClient(processes[0]?.url ?? '', folder.tokens()['agent'] ?? '');
    customs = secure.client('customs');
    consumer = customs.consumer({ groupId: `${prefix}customs.back-end` });
    producer = customs.producer();
    await Promise.all([consumer.connect(), producer.connect()]);
    await consumer.subscribe({ topic: `${prefix}requests.customs`, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message }) => {
        asked.push(JSON.parse(message.value?.toString() ?? '{}') as RequestMessage);
      },
    });
  });

  afterAll(async () => {
    await Promise.all([consumer.disconnect(), producer.disconnect()]);
    await Promise.all(processes.map((running) => running.stop()));
    folder.remove();
  });

  /** Customs by its own Kafka client, planning at its desk, the others by rules. */
  async function decided(dossierId: string): Promise<void> {
    const request = await untilHolds(async () => {
      const found = asked.find((one) => one.dossierId === dossierId);
      if (found === undefined) throw new Error('customs was not asked');
      return Promise.resolve(found);
    }, 60_000);
    await producer.send({
      topic: `${prefix}decisions.customs`,
      messages: [{ value: JSON.stringify({ taskId: request.taskId, outcome: 'accepted' }) }],
    });
    const planning = new AgentClient(processes[0]?.url ?? '', folder.tokens()['planning'] ?? '');
    const { taskId } = await openTask(planning, 'planning', dossierId);
    expect((await planning.decide('planning', taskId, { outcome: 'accepted' })).status).toBe(201);
  }

  async function isFinal(dossierId: string): Promise<void> {
    await untilHolds(async () => {
      const { body } = await agent.get<Clearance>(`/v1/dossiers/${dossierId}/clearance`);
      expect([body.status, body.version > 0, body.final]).toEqual(['granted', true, true]);
    }, 60_000);
  }

  it('clears a declaration, and nothing was refused or set aside on the way', async () => {
    const { status, body } = await agent.submit(arrival());
    expect(status).toBe(202);
    await decided(body.dossierId);
    await isFinal(body.dossierId);
    for (const { output } of processes) expect(output()).not.toMatch(/no ACL|AUTHORIZATION/);
    const log = await openKafkaMessageLog({ brokers: [secure.kafka.brokers], clientId: 'anybody', topicPrefix: prefix });
    expect((await log.offsets('dead-letters')).every(({ end }) => end === 0)).toBe(true);
    await log.close();
  });

  it('waits while the exchange may not write clearances, says so, and goes on when it may again', async () => {
    const admin = secure.client(ADMINISTRATOR).admin();
    await admin.connect();
    const right = {
      principal: 'User:seaport-exchange',
      host: '*',
      permissionType: AclPermissionTypes.ALLOW,
      operation: AclOperationTypes.WRITE,
      resourceType: AclResourceTypes.TOPIC,
      resourceName: `${prefix}clearances`,
      resourcePatternType: ResourcePatternTypes.LITERAL,
    };
    await admin.deleteAcls({ filters: [right] });
    const { status, body } = await agent.submit(arrival());
    expect(status).toBe(202);
    await decided(body.dossierId);
    const exchange = processes[1];
    await untilHolds(async () => {
      // All the rest of what the append held is stored.
      expect(exchange?.output()).toMatch(/this user has no ACL for it [^}]*"topics":\["whole-\w+\.clearances"\]/);
      return Promise.resolve();
    }, 60_000);
    await admin.createAcls({ acl: [right] });
    await admin.disconnect();
    await isFinal(body.dossierId);
  });
});

function credentialsOf(user: string): {
  ssl: { ca: string };
  sasl: { mechanism: 'scram-sha-512'; username: string; password: string };
} {
  return {
    ssl: { ca: readFileSync(secure.authority.caFile, 'utf8') },
    sasl: { mechanism: 'scram-sha-512', username: user, password: secure.passwordOf(user) },
  };
}

/** False where the cluster refuses it for want of an ACL; any other failure is the test's. */
async function isAllowed(attempt: Promise<unknown>): Promise<boolean> {
  try {
    await attempt;
    return true;
  } catch (cause) {
    if (/_AUTHORIZATION_FAILED/.test((cause as Error).message)) return false;
    throw cause;
  }
}

async function canRead(log: MessageLog, topic: string): Promise<boolean> {
  let seen = 0;
  const reading = log.read(topic, [{ partition: 0, from: 0, to: 1 }], ({ records }) => {
    seen += records.length;
  });
  return (await isAllowed(reading)) && seen === 1;
}

async function canJoin(log: MessageLog, group: string, topic: string): Promise<boolean> {
  const joining = log.consume({ group: PREFIX + group, topics: [topic], onBatch: () => Promise.resolve() });
  return isAllowed(joining.then((consumer) => consumer.stop()));
}
