import { createAesSealer } from './edges/signing/aes-sealer';
import { taskIdOf, dossierIdOf, dossierCodeOf } from './core/identifiers';
import { DeadLetterDesk, dossierIdFrom, type DeadLetterFilter } from './dead-letter-desk';
import type { LogRecord } from './ports/message-log';
import { deadLetterRecord } from './wire/dead-letter';
import { FakeMessageLog } from '../test/support/fake-message-log';

const sealer = createAesSealer([Buffer.alloc(32, 1)]);
const dossierId = dossierIdOf('agent', 'M-1');
const taskId = taskIdOf(dossierId, 'customs', 1);

let log: FakeMessageLog;
let desk: DeadLetterDesk;

beforeEach(async () => {
  log = new FakeMessageLog();
  await log.createTopics(['dead-letters', 'decisions.customs', 'dossiers'].map((topic) => ({ topic, partitions: 2 })));
  desk = new DeadLetterDesk({ log, sealer });
});

function decision(change: Partial<LogRecord> = {}): LogRecord {
  return {
    topic: 'decisions.customs',
    partition: 0,
    offset: 7,
    timestampMs: 0,
    key: dossierId,
    value: Buffer.from(JSON.stringify({ taskId, outcome: 'accepted' })),
    headers: { ce_id: 'D-1', ce_type: 'vn.seaport.decision.v1' },
    ...change,
  };
}

const minute = (n: number): string => `2026-11-24T03:${String(n).padStart(2, '0')}:00.000Z`;

/** So many dead letters, one a minute, in both partitions. */
async function setAside(count: number, change: (n: number) => Partial<LogRecord> = () => ({}), reason = 'task-unknown'): Promise<void> {
  const letters = Array.from({ length: count }, (_, n) => {
    const source = decision({ partition: n % 2, offset: n, ...change(n) });
    return deadLetterRecord({ source, reason, attempts: 1, sealer, at: minute(n) });
  });
  await log.append(letters);
}

async function listed(filter: DeadLetterFilter, limit = 100): Promise<string[]> {
  const page = await desk.list(filter, limit, undefined);
  return page?.items.map(({ at }) => at) ?? [];
}

it('lists the newest first, page by page, each once', async () => {
  await setAside(25);
  const seen: string[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await desk.list({}, 7, cursor);
    seen.push(...(page?.items.map(({ at }) => at) ?? []));
    // What is set aside meanwhile is newer than the first page.
    if (seen.length === 7) await setAside(1);
    if (page?.next == null) break;
    cursor = page.next;
  }
  expect(seen).toEqual(Array.from({ length: 25 }, (_, n) => minute(24 - n)));
});

it('reads on through what the filter does not let through', async () => {
  await setAside(1, () => ({}), 'poison');
  await setAside(900);
  expect(await listed({ reason: 'poison' })).toEqual([minute(0)]);
});

it.each<[string, DeadLetterFilter, number[]]>([
  ['source topic', { topic: 'dossiers' }, [3]],
  ['time', { fromMs: Date.parse(minute(1)), toMs: Date.parse(minute(3)) }, [2, 1]],
  ['dossier, by key', { dossierId: dossierIdOf('agent', 'M-3') }, [3]],
  ['dossier, by taskId where there is no key', { dossierId: dossierIdOf('agent', 'M-2') }, [2]],
])('filters by %s', async (_name, filter, expected) => {
  await setAside(4, (n) => {
    const own = dossierIdOf('agent', `M-${n}`);
    const value = Buffer.from(JSON.stringify({ taskId: taskIdOf(own, 'customs', 1), outcome: 'accepted' }));
    return { topic: n === 3 ? 'dossiers' : 'decisions.customs', key: n === 2 ? null : own, value };
  });
  expect(await listed(filter)).toEqual(expected.map(minute));
});

it('takes no cursor that is none', async () => {
  for (const cursor of ['x', Buffer.from('{}').toString('base64url'), Buffer.from('[["a",1]]').toString('base64url')])
    expect(await desk.list({}, 10, cursor)).toBeUndefined();
});

it('shows structure, sizes and the fault of a dead letter, and not one value', async () => {
  const value = {
    taskId,
    outcome: 'perhaps',
    reasons: [{ code: 'SECRET-1', text: 'SAILOR Nguyen', 'Nguyen Van A': 1 }, { code: 'SECRET-22' }],
    passport: 'P0000002',
  };
  const headers = {
    ce_id: 'Nguyen',
    ce_type: 'vn.seaport.decision.v1',
    ce_source: '/seaport/Nguyen',
    'x-name': 'Nguyen',
    constructor: 'x',
  };
  await setAside(1, () => ({ value: Buffer.from(JSON.stringify(value)), headers, key: null }), 'decision-invalid');
  const letter = await desk.inspect('0-0');
  expect(letter).toMatchObject({
    reason: 'decision-invalid',
    fault: { code: 'decision-invalid', title: 'The decision does not follow its schema.' },
    record: {
      keyBytes: 0,
      dossierId,
      headers: { ce_type: 'vn.seaport.decision.v1' },
      otherHeaders: 4,
      format: 'json',
      truncated: false,
    },
  });
  expect(letter?.record?.structure).toEqual(
    expect.arrayContaining([
      { path: 'reasons', types: ['array'], count: 1, largest: 2 },
      { path: 'reasons[].code', types: ['string'], count: 2, largest: 9 },
      { path: 'reasons[].*', types: ['number'], count: 1, largest: 0 },
    ]),
  );
  expect(letter?.record?.faults[0]).toMatchObject({ code: 'decision-invalid' });
  for (const secret of ['SECRET', 'SAILOR', 'Nguyen', 'P0000002', 'perhaps']) expect(JSON.stringify(letter)).not.toContain(secret);
});

it('shows what it can of a record that is no JSON, and of one whose key is gone', async () => {
  await setAside(1, () => ({ value: Buffer.from('SAILOR Nguyen') }), 'poison');
  expect((await desk.inspect('0-0'))?.record).toMatchObject({ format: 'other', valueBytes: 13, structure: [] });
  const later = new DeadLetterDesk({ log, sealer: createAesSealer([Buffer.alloc(32, 2)]) });
  const sealed = await later.inspect('0-0');
  expect([sealed?.reason, sealed?.record]).toEqual(['poison', undefined]);
  expect(await desk.inspect('0-1')).toBeUndefined();
  expect(await desk.inspect('one')).toBeUndefined();
});

it('gives each matching record for its source again as it was, in order, and nothing that came while it was read', async () => {
  await setAside(6);
  const items = [];
  for await (const item of desk.matching({})) {
    if (items.length === 0) await setAside(2);
    items.push(item);
  }
  expect(items.map(({ id, outcome }) => `${id} ${outcome}`)).toEqual(
    ['0-0', '0-1', '0-2', '1-0', '1-1', '1-2'].map((id) => `${id} redriven`),
  );
  const { topic, partition, key, value, headers } = decision();
  expect(items[0]?.record).toEqual({ topic, partition, key, value, headers });
});

it('says why one is not redriven', async () => {
  await setAside(3, (n) => (n === 0 ? { topic: 'decisions.gone' } : n === 2 ? { value: Buffer.alloc(16_000_000) } : {}));
  const outcomes = async (of: DeadLetterDesk): Promise<string[]> => {
    const all: string[] = [];
    for await (const { id, outcome } of of.named(['0-0', '1-0', '0-1', '9-9', '../x'])) all.push(`${id} ${outcome}`);
    return all;
  };
  expect(await outcomes(desk)).toEqual(['0-0 topic-missing', '1-0 redriven', '0-1 value-omitted', '9-9 unknown', '../x unknown']);
  expect(await outcomes(new DeadLetterDesk({ log, sealer: createAesSealer([Buffer.alloc(32, 2)]) }))).toContain('1-0 sealed');
});

it('knows a dossier by its id and by its code', () => {
  expect(dossierIdFrom(dossierId)).toBe(dossierId);
  expect(dossierIdFrom(dossierCodeOf(dossierId))).toBe(dossierId);
  expect(dossierIdFrom('M-1')).toBeUndefined();
});
