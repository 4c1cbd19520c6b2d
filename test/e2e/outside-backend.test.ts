import { execFileSync, spawn } from 'node:child_process';
import { Kafka, logLevel, type Consumer, type Producer } from 'kafkajs';
import type { Clearance, RequestMessage } from '../../gateway/core/messages';
import { AgentClient, arrival } from '../support/agent-client';
import { gatewayFolder, startGatewayProcess, type GatewayProcess } from '../support/gateway-process';
import { testServices, uniqueKeyPrefix, uniqueTopicPrefix } from '../support/services';
import { untilHolds } from '../support/until-holds';
import { verifies } from './scenarios';

jest.setTimeout(90_000);

/** Agencies' own back-ends with nothing but a Kafka client: customs in kafkajs, the harbour master in librdkafka (kcat). */
const folder = gatewayFolder();
const prefix = uniqueTopicPrefix('backend');
const processes: GatewayProcess[] = [];
let brokers: string[];
let agent: AgentClient;
let url: string;
let consumer: Consumer;
let producer: Producer;
const customsRequests: RequestMessage[] = [];

beforeAll(async () => {
  const services = testServices();
  brokers = services.kafkaBrokers;
  const env = {
    KAFKA_BROKERS: brokers.join(','),
    REDIS_URL: services.redisUrl,
    REDIS_KEY_PREFIX: uniqueKeyPrefix('backend'),
    TOPIC_PREFIX: prefix,
    TOPIC_PARTITIONS: '4',
    AGENCY_CUSTOMS_MODE: 'backend',
    AGENCY_HARBOUR_MASTER_MODE: 'backend',
  };
  for (const role of ['intake', 'exchange', 'adapters']) processes.push(await startGatewayProcess(folder, { ...env, ROLES: role }));
  url = processes[0]?.url ?? '';
  agent = new AgentClient(url, folder.tokens()['agent'] ?? '');
  const kafka = new Kafka({ clientId: 'customs', brokers, logLevel: logLevel.ERROR });
  consumer = kafka.consumer({ groupId: `${prefix}customs-backend` });
  producer = kafka.producer();
  await Promise.all([consumer.connect(), producer.connect()]);
  await consumer.subscribe({ topic: `${prefix}requests.customs`, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      customsRequests.push(JSON.parse(message.value?.toString() ?? '{}') as RequestMessage);
    },
  });
}, 120_000);

afterAll(async () => {
  await Promise.all([consumer.disconnect(), producer.disconnect()]);
  await Promise.all(processes.map((running) => running.stop()));
  folder.remove();
}, 60_000);

async function submitted(): Promise<string> {
  const answer = await agent.submit(arrival());
  expect(answer.status).toBe(202);
  return answer.body.dossierId;
}

const requestOf = (dossierId: string): Promise<RequestMessage> =>
  untilHolds(async () => {
    const request = customsRequests.find((candidate) => candidate.dossierId === dossierId);
    if (request === undefined) throw new Error('customs was not asked');
    return Promise.resolve(request);
  });

/** Without key, headers or a partition: what the smallest client does. */
const decide = (agency: string, decision: object): Promise<unknown> =>
  producer.send({ topic: `${prefix}decisions.${agency}`, messages: [{ value: JSON.stringify(decision) }] });

async function statusOf(dossierId: string, status: string): Promise<Clearance> {
  return untilHolds(async () => {
    const { body, text } = await agent.get<Clearance>(`/v1/dossiers/${dossierId}/clearance`);
    if (body.status !== status) throw new Error(text);
    return body;
  });
}

/** kcat reads the harbour master's request of a dossier, and writes its decision with a partitioning of its own. */
function kcatAvailable(): boolean {
  try {
    execFileSync('kcat', ['-V'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function kcatRequest(dossierId: string): Promise<RequestMessage> {
  return untilHolds(() => {
    const out = execFileSync(
      'kcat',
      ['-b', brokers.join(','), '-C', '-t', `${prefix}requests.harbour-master`, '-o', 'beginning', '-e', '-q', '-u'],
      { maxBuffer: 64 * 1024 * 1024 },
    ).toString();
    const found = out
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as RequestMessage)
      .find((request) => request.dossierId === dossierId);
    if (found === undefined) throw new Error('the harbour master was not asked');
    return Promise.resolve(found);
  });
}

async function kcatDecide(decision: object): Promise<void> {
  const child = spawn('kcat', ['-b', brokers.join(','), '-P', '-t', `${prefix}decisions.harbour-master`, '-p', '2'], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  child.stdin.end(`${JSON.stringify(decision)}\n`);
  await new Promise((resolve, reject) =>
    child.once('exit', (code) => (code === 0 ? resolve(undefined) : reject(new Error(`kcat ended with ${code}`)))),
  );
}

it('grants when kafkajs plays customs and librdkafka the harbour master, each partitioning its own way', async () => {
  // `npm test` installs kcat where it may; a run without it fails, it is never skipped in silence.
  expect(kcatAvailable()).toBe(true);
  const dossierId = await submitted();
  const request = await requestOf(dossierId);
  expect(request).toMatchObject({ agency: 'customs', action: 'original', revision: 1, role: 'decides', test: false });
  const harbour = await kcatRequest(dossierId);
  await kcatDecide({ taskId: harbour.taskId, outcome: 'accepted' });
  await decide('customs', { taskId: request.taskId, outcome: 'accepted', reference: 'VN-1', decidedAt: '2026-11-24T03:00:00Z' });
  const clearance = await statusOf(dossierId, 'granted');
  expect(clearance.agencies.find(({ agency }) => agency === 'customs')).toMatchObject({
    status: 'accepted',
    reference: 'VN-1',
    decidedAt: '2026-11-24T03:00:00Z',
  });
  expect(await verifies({ url, adminUrls: [], tokens: {} }, clearance)).toBe(true);
});

it('says who is awaited while an agency is silent, and what the others decided', async () => {
  const dossierId = await submitted();
  const request = await requestOf(dossierId);
  await decide('customs', { taskId: request.taskId, outcome: 'accepted' });
  await untilHolds(async () => {
    const { body } = await agent.get<Clearance>(`/v1/dossiers/${dossierId}/clearance`);
    expect(body.status).toBe('pending');
    expect(body.agencies.map(({ agency, status }) => [agency, status])).toEqual([
      ['harbour-master', 'open'],
      ['customs', 'accepted'],
      ['tax', 'accepted'],
      ['planning', 'accepted'],
    ]);
    expect(body.summary).toContain('harbour master');
  });
});

it('sets aside what is no decision, what names another agency and what has no task, and goes on', async () => {
  const dossierId = await submitted();
  const request = await requestOf(dossierId);
  await producer.send({
    topic: `${prefix}decisions.customs`,
    messages: [{ value: 'not json' }, { value: null }, { value: Buffer.alloc(300, 255) }],
  });
  await decide('customs', { taskId: request.taskId, outcome: 'accepted', agency: 'tax' });
  await decide('tax', { taskId: request.taskId, outcome: 'refused' });
  await decide('customs', { taskId: `${dossierId}-0123456789abcdef`, outcome: 'refused' });
  await decide('customs', { taskId: 'x', outcome: 'refused' });
  const harbour = await kcatRequest(dossierId);
  await kcatDecide({ taskId: harbour.taskId, outcome: 'accepted' });
  await decide('customs', { taskId: request.taskId, outcome: 'accepted' });
  await statusOf(dossierId, 'granted');
  const operator = new AgentClient(url, folder.tokens()['operator'] ?? '');
  await untilHolds(async () => {
    const { body } = await operator.get<{ items: { id: string; reason: string; source: { topic: string } }[] }>('/v1/ops/dead-letters');
    const reasons = body.items.map(({ reason }) => reason);
    expect(reasons.filter((reason) => reason === 'decision-invalid').length).toBeGreaterThanOrEqual(3);
    expect(reasons).toEqual(expect.arrayContaining(['agency-mismatch', 'task-unknown']));
  });
});

it('counts a decision once however often it is sent, and the last different one', async () => {
  const dossierId = await submitted();
  const request = await requestOf(dossierId);
  const harbour = await kcatRequest(dossierId);
  await kcatDecide({ taskId: harbour.taskId, outcome: 'accepted' });
  for (let i = 0; i < 5; i++)
    await decide('customs', { taskId: request.taskId, outcome: 'refused', reasons: [{ code: 'A', text: 'No.' }] });
  const refused = await statusOf(dossierId, 'refused');
  await decide('customs', { taskId: request.taskId, outcome: 'accepted' });
  const granted = await statusOf(dossierId, 'granted');
  expect(granted.version).toBe(refused.version + 1);
});

it('has traceparent from HTTP to the clearance, and CloudEvents headers everywhere', async () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const answer = await agent.submit(arrival(), { traceparent });
  const { dossierId } = answer.body;
  const request = await requestOf(dossierId);
  const harbour = await kcatRequest(dossierId);
  await kcatDecide({ taskId: harbour.taskId, outcome: 'accepted' });
  await producer.send({
    topic: `${prefix}decisions.customs`,
    messages: [{ key: dossierId, headers: { traceparent }, value: JSON.stringify({ taskId: request.taskId, outcome: 'accepted' }) }],
  });
  await statusOf(dossierId, 'granted');
  const read = (topic: string): { headers: Record<string, string>; value: Record<string, unknown> }[] =>
    execFileSync('kcat', ['-b', brokers.join(','), '-C', '-t', `${prefix}${topic}`, '-o', 'beginning', '-e', '-q', '-J', '-u'], {
      maxBuffer: 256 * 1024 * 1024,
    })
      .toString()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { headers?: string[]; payload: string })
      .map(({ headers = [], payload }) => ({
        headers: Object.fromEntries(headers.flatMap((name, i) => (i % 2 === 0 ? [[name, headers[i + 1] ?? '']] : []))),
        value: JSON.parse(payload) as Record<string, unknown>,
      }));
  for (const [topic, type] of [
    ['requests.customs', 'vn.seaport.request.v1'],
    ['decisions.tax', 'vn.seaport.decision.v1'],
    ['clearances', 'vn.seaport.clearance.v1'],
  ] as const) {
    const record = read(topic).find(({ value }) => value['dossierId'] === dossierId);
    expect(record?.headers).toMatchObject({
      ce_specversion: '1.0',
      ce_type: type,
      'content-type': 'application/json',
      traceparent: expect.stringContaining('0af7651916cd43dd8448eb211c80319c') as string,
    });
  }
  const results = read('results.tax').find(({ value }) => value['dossierId'] === dossierId);
  expect(results?.value).toMatchObject({ version: 1, status: 'granted' });
});
