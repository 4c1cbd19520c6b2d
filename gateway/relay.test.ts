import { FakeClock } from '../test/support/fake-clock';
import { FakeMessageLog } from '../test/support/fake-message-log';
import { LogUnavailable } from './core/exchange-error';
import { digestOf, dossierIdOf, taskIdOf } from './core/identifiers';
import { EventType, type RelayedDecision } from './core/messages';
import { partitionOf } from './core/partition';
import type { LogRecord } from './ports/message-log';
import { decisionTopics, relayBatch, type RelayPorts } from './relay';

const PARTITIONS = 4;
const dossierId = dossierIdOf('agent', 'M-1');
const taskId = taskIdOf(dossierId, 'customs', 1);

async function relay(decisions: { value: unknown; headers?: Record<string, string> }[], topic = 'decisions.customs') {
  const log = new FakeMessageLog();
  await log.createTopics(['dossiers', 'dead-letters'].map((name) => ({ topic: name, partitions: PARTITIONS })));
  const refused: string[] = [];
  const ports: RelayPorts = {
    log,
    clock: new FakeClock('2026-11-24T03:07:00Z'),
    partitions: PARTITIONS,
    deadLetter: (record, reason) => ({ topic: 'dead-letters', partition: 0, key: null, value: record.value, headers: { reason } }),
    refused: (_record, reason) => refused.push(reason),
  };
  const records = decisions.map(({ value, headers }, offset): LogRecord => ({
    topic,
    partition: 3,
    offset,
    timestampMs: 0,
    key: null,
    value: Buffer.isBuffer(value) ? value : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
    headers: headers ?? {},
  }));
  const batch = { topic, partition: 3, records, endOffset: records.length };
  return { log, ports, batch, refused, run: () => relayBatch(batch, ports) };
}

async function relayed(value: unknown, headers?: Record<string, string>, topic?: string): Promise<RelayedDecision> {
  const { log, run } = await relay([{ value, ...(headers === undefined ? {} : { headers }) }], topic);
  await run();
  const [record] = log.data.records('dossiers');
  return JSON.parse(record?.value.toString() ?? 'null') as RelayedDecision;
}

test('the least that an agency may send goes to the partition of its dossier, with our stamp, its agency and an identity', async () => {
  const value = { taskId, outcome: 'accepted' };
  const { log, run } = await relay([{ value }]);
  await run();
  const [record] = log.data.records('dossiers');
  expect(record).toMatchObject({
    partition: partitionOf(dossierId, PARTITIONS),
    key: dossierId,
    headers: { ce_type: EventType.decision, ce_id: 'decisions.customs-3-0', ce_time: '2026-11-24T03:07:00Z', ce_source: '/seaport/relay' },
  });
  expect(JSON.parse(record?.value.toString() ?? '')).toEqual({
    taskId,
    outcome: 'accepted',
    dossierId,
    agency: 'customs',
    decisionId: digestOf(JSON.stringify(value)),
    receivedAt: '2026-11-24T03:07:00Z',
    test: false,
  });
});

test('the identity is ce_id where there is one, shortened where it is long', async () => {
  const value = { taskId, outcome: 'accepted' };
  expect((await relayed(value, { ce_id: 'ce-1' })).decisionId).toBe('ce-1');
  expect((await relayed(value, { ce_id: '' })).decisionId).toBe(digestOf(JSON.stringify(value)));
  expect((await relayed(value, { ce_id: 'x'.repeat(100_000) })).decisionId).toBe(digestOf('x'.repeat(100_000)));
  expect((await relayed(value, { ce_id: 'x'.repeat(128) })).decisionId).toHaveLength(128);
});

test('stamps and identities of the sender are data: ours stand over them', async () => {
  const decision = await relayed({
    taskId,
    outcome: 'refused',
    receivedAt: '2000-01-01T00:00:00Z',
    decisionId: 'forged',
    test: true,
    decidedAt: '2026-11-24T03:00:00Z',
  });
  expect(decision).toMatchObject({ receivedAt: '2026-11-24T03:07:00Z', test: false, decidedAt: '2026-11-24T03:00:00Z' });
  expect(decision.decisionId).not.toBe('forged');
});

test('a decision goes on with the same content and stamp, whether its bytes are taken as they are or read and written anew', async () => {
  const decision = {
    taskId,
    dossierId,
    revision: 2,
    agency: 'customs',
    outcome: 'conditionallyAccepted',
    reasons: [{ code: 'CUS-CHANNEL-RED', text: 'Inspection', textVi: 'Kiểm tra' }],
    conditions: [{ code: 'CUS-INSPECTION', text: 'Inspection' }],
    reference: 'RED-1',
    decidedAt: '2026-11-24T03:00:00Z',
  };
  for (const ce_id of ['ce-1', 'Số "1" \\ \u2028']) {
    const stamp = { decisionId: ce_id, receivedAt: '2026-11-24T03:07:00Z', test: false };
    expect(await relayed(decision, { ce_id })).toEqual({ ...decision, ...stamp });
    expect(await relayed(JSON.stringify(decision, null, 2), { ce_id })).toEqual({ ...decision, ...stamp });
    const { dossierId: _dossierId, agency: _agency, ...least } = decision;
    expect(await relayed(least, { ce_id })).toEqual({ ...decision, ...stamp });
  }
});

test('what comes by the topic of tests is marked as one', async () => {
  expect(await relayed({ taskId, outcome: 'accepted' }, {}, 'test.decisions.customs')).toMatchObject({ test: true, agency: 'customs' });
});

test('the trace goes on', async () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const { log, run } = await relay([{ value: { taskId, outcome: 'accepted' }, headers: { traceparent } }]);
  await run();
  expect(log.data.records('dossiers')[0]?.headers['traceparent']).toBe(traceparent);
});

test.each<[string, unknown, string]>([
  ['no JSON', '{', 'decision-invalid'],
  ['no text', Buffer.from([0xff]), 'decision-invalid'],
  ['no outcome', { taskId }, 'decision-invalid'],
  ['an outcome that is none', { taskId, outcome: 'granted' }, 'decision-invalid'],
  ['a taskId that is none', { taskId: 'T-1', outcome: 'accepted' }, 'decision-invalid'],
  ['another agency than its topic', { taskId, outcome: 'accepted', agency: 'tax' }, 'agency-mismatch'],
  ['another dossier than its task', { taskId, outcome: 'accepted', dossierId: dossierIdOf('agent2', 'M-1') }, 'task-unknown'],
])('%s goes to the dead letters, and its neighbours go on', async (_case, value, reason) => {
  const good = { value: { taskId, outcome: 'accepted', agency: 'customs', dossierId } };
  const { log, refused, run } = await relay([good, { value }, good]);
  await run();
  expect(log.data.records('dossiers')).toHaveLength(2);
  expect(log.data.records('dead-letters').map(({ headers }) => headers)).toEqual([{ reason }]);
  expect(refused).toEqual([reason]);
});

test('a batch that cannot be appended is not passed over, and what it refuses is told once it is set aside', async () => {
  const { log, refused, run } = await relay([{ value: { taskId, outcome: 'accepted' } }, { value: '{' }]);
  log.beforeAppend = () => {
    throw new LogUnavailable('away');
  };
  await expect(run()).rejects.toThrow('away');
  expect(refused).toEqual([]);
  log.beforeAppend = () => undefined;
  await run();
  expect(refused).toEqual(['decision-invalid']);
});

test('a batch relayed again after a lost answer has the same ids and identities', async () => {
  const { log, run } = await relay([
    { value: { taskId, outcome: 'accepted' } },
    { value: { taskId, outcome: 'refused' }, headers: { ce_id: 'b' } },
  ]);
  log.afterAppend = () => {
    throw new LogUnavailable('lost');
  };
  await expect(run()).rejects.toThrow('lost');
  log.afterAppend = () => undefined;
  await run();
  const told = log.data
    .records('dossiers')
    .map(({ headers, value }) => [headers['ce_id'], (JSON.parse(value.toString()) as RelayedDecision).decisionId]);
  expect(told.slice(2)).toEqual(told.slice(0, 2));
});

test('the relay reads the decisions of every agency, and of tests', () => {
  expect(decisionTopics(['customs', 'tax'])).toEqual([
    'decisions.customs',
    'test.decisions.customs',
    'decisions.tax',
    'test.decisions.tax',
  ]);
});
