import { Kafka, logLevel, type Producer } from 'kafkajs';
import { dossierIdOf, taskIdOf } from '../../gateway/core/identifiers';
import type { Clearance } from '../../gateway/core/messages';
import type { DeadLetterPage, InspectedDeadLetter } from '../../gateway/dead-letter-desk';
import type { JobPreview, OperatorJob } from '../../gateway/operator-jobs';
import { AgentClient, arrival } from '../support/agent-client';
import { gatewayFolder, startGatewayProcess, type GatewayProcess } from '../support/gateway-process';
import { testServices, uniqueKeyPrefix, uniqueTopicPrefix } from '../support/services';
import { untilHolds } from '../support/until-holds';

jest.setTimeout(90_000);

/** F14: a decision on a task that is not in the log yet is set aside, and applied once when it is redriven after its cause is gone. */
const folder = gatewayFolder();
const prefix = uniqueTopicPrefix('redrive');
const processes: GatewayProcess[] = [];
let producer: Producer;
let agent: AgentClient;
let operator: AgentClient;

beforeAll(async () => {
  const { kafkaBrokers, redisUrl } = testServices();
  const env = {
    KAFKA_BROKERS: kafkaBrokers.join(','),
    REDIS_URL: redisUrl,
    REDIS_KEY_PREFIX: uniqueKeyPrefix('redrive'),
    TOPIC_PREFIX: prefix,
    TOPIC_PARTITIONS: '2',
    AGENCY_CUSTOMS_MODE: 'backend',
  };
  for (const role of ['exchange', 'adapters', 'intake']) processes.push(await startGatewayProcess(folder, { ...env, ROLES: role }));
  const url = processes.at(-1)?.url ?? '';
  agent = new AgentClient(url, folder.tokens()['agent'] ?? '');
  operator = new AgentClient(url, folder.tokens()['operator'] ?? '');
  producer = new Kafka({ clientId: 'customs', brokers: kafkaBrokers, logLevel: logLevel.ERROR }).producer();
  await producer.connect();
}, 120_000);

afterAll(async () => {
  await producer.disconnect();
  await Promise.all(processes.map((running) => running.stop()));
  folder.remove();
}, 60_000);

const redrive = <T>(body: object) =>
  operator.request<T>('POST', '/v1/ops/dead-letters/redrive', {
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });

async function redriven(filter: object): Promise<OperatorJob> {
  const begun = await redrive<OperatorJob>({ filter, recordsPerSecond: 1_000 });
  expect([begun.status, begun.headers.get('location')]).toEqual([202, `/v1/ops/jobs/${begun.body.jobId}`]);
  return untilHolds(async () => {
    const { body } = await operator.get<OperatorJob>(`/v1/ops/jobs/${begun.body.jobId}`);
    expect(body.state).toBe('done');
    return body;
  });
}

it('applies a decision that overtook its request once, when it is redriven', async () => {
  const declaration = arrival();
  const dossierId = dossierIdOf('agent', declaration.header.messageId);
  const taskId = taskIdOf(dossierId, 'customs', 1);
  const value = JSON.stringify({ taskId, outcome: 'conditionallyAccepted', conditions: [{ code: 'C', text: 'SAILOR shows the seals.' }] });
  await producer.send({ topic: `${prefix}decisions.customs`, messages: [{ value }, { value: 'no JSON' }] });

  const path = `/v1/ops/dead-letters?reason=task-unknown&dossier=${dossierId}`;
  const letter = await untilHolds(async () => {
    const { body } = await operator.get<DeadLetterPage>(path);
    expect(body.items).toHaveLength(1);
    return body.items[0];
  });
  const inspected = await operator.get<InspectedDeadLetter>(`/v1/ops/dead-letters/${letter?.id}`);
  expect(inspected.body).toMatchObject({ fault: { code: 'task-unknown' }, record: { dossierId, format: 'json' } });
  expect(inspected.text).not.toContain('SAILOR');

  // The cause is mended: the declaration comes.
  expect((await agent.submit(declaration)).status).toBe(202);
  const filter = { reason: 'task-unknown', dossier: dossierId };
  const preview = await redrive<JobPreview>({ filter, preview: true });
  expect([preview.status, preview.body.outcomes]).toEqual([200, { redriven: 1 }]);
  expect((await redriven(filter)).outcomes).toEqual({ redriven: 1 });
  const cleared = await untilHolds(async () => {
    const { body } = await agent.get<Clearance>(`/v1/dossiers/${dossierId}/clearance`);
    expect(body.status).toBe('conditional');
    return body;
  });

  // Again is safe: the same identity, no second effect.
  expect((await redriven(filter)).outcomes).toEqual({ redriven: 1 });
  const exchange = processes[0]?.adminUrl ?? '';
  await untilHolds(async () =>
    expect(await (await fetch(`${exchange}/metrics`)).text()).toContain('seaport_duplicates_total{kind="decision"} 1'),
  );
  expect((await agent.get<Clearance>(`/v1/dossiers/${dossierId}/clearance`)).body).toEqual(cleared);
  const { body: dossier } = await agent.get<{ decisions: { agency: string }[] }>(`/v1/dossiers/${dossierId}`);
  expect(dossier.decisions.filter(({ agency }) => agency === 'customs')).toHaveLength(1);
  // What the filter does not name stays where it is.
  expect((await operator.get<DeadLetterPage>('/v1/ops/dead-letters?reason=decision-invalid')).body.items).toHaveLength(1);
});

it('asks an agency again that lost what it was asked, with the same record', async () => {
  const declaration = arrival((given) => void (given.header.messageId = `${given.header.messageId}-lost`));
  expect((await agent.submit(declaration)).status).toBe(202);
  const dossierId = dossierIdOf('agent', declaration.header.messageId);
  const taskId = taskIdOf(dossierId, 'customs', 1);
  const resend = <T>(body: object) =>
    operator.request<T>('POST', '/v1/ops/tasks/resend', { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
  const filter = { agency: 'customs', dossier: dossierId };
  await untilHolds(async () => {
    const preview = await resend<JobPreview>({ filter, preview: true });
    expect([preview.status, preview.body.outcomes, preview.body.items[0]?.id]).toEqual([200, { resent: 1 }, taskId]);
    expect(preview.text).not.toContain(declaration.ship?.name);
  });
  const begun = await resend<OperatorJob>({ filter });
  expect([begun.status, begun.headers.get('location')]).toEqual([202, `/v1/ops/jobs/${begun.body.jobId}`]);
  await untilHolds(async () => {
    const { body } = await operator.get<OperatorJob>(`/v1/ops/jobs/${begun.body.jobId}`);
    expect([body.state, body.outcomes]).toEqual(['done', { resent: 1 }]);
  });

  // What customs finds in its topic: the same twice.
  const found: { id: string; value: string }[] = [];
  const consumer = new Kafka({ clientId: 'customs', brokers: testServices().kafkaBrokers, logLevel: logLevel.ERROR }).consumer({
    groupId: `${prefix}customs-own`,
  });
  await consumer.connect();
  await consumer.subscribe({ topic: `${prefix}requests.customs`, fromBeginning: true });
  await consumer.run({
    eachMessage: ({ message }) => {
      const value = message.value?.toString() ?? '';
      if (value.includes(taskId)) found.push({ id: String(message.headers?.['ce_id']), value });
      return Promise.resolve();
    },
  });
  await untilHolds(() => Promise.resolve(expect(found).toHaveLength(2)), 40_000);
  await consumer.disconnect();
  expect(found[1]).toEqual(found[0]);

  await producer.send({ topic: `${prefix}decisions.customs`, messages: [{ value: JSON.stringify({ taskId, outcome: 'accepted' }) }] });
  expect((await agent.clearance(dossierId)).body.status).toBe('granted');
});

it('refuses a filter of tasks that means nothing', async () => {
  for (const filter of [undefined, null, { agency: 'nobody' }, { dossier: 'nonsense' }, { askedBefore: 'yesterday' }, { askedbefore: 1 }]) {
    const body = JSON.stringify({ filter });
    const answer = await operator.request('POST', '/v1/ops/tasks/resend', { body, headers: { 'content-type': 'application/json' } });
    expect([filter, answer.status, answer.body['code']]).toEqual([filter, 400, 'parameter-invalid']);
  }
});

it('refuses a filter that means nothing rather than redriving everything', async () => {
  for (const filter of [{ dossier: 'nonsense' }, { from: 'yesterday' }, { topic: 7 }, { topic: '' }, { reason: 'Nguyen Van A' }])
    expect((await redrive({ filter })).status).toBe(400);
  expect((await redrive({ filter: {}, recordsPerSecond: 0 })).status).toBe(400);
  expect((await redrive({ ids: [], filter: {} })).status).toBe(400);
});
