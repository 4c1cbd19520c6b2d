import { agencyRequest } from '../../test/support/agency-requests';
import type { RequestMessage } from '../../gateway/core/messages';
import { createAesSealer } from '../../gateway/edges/signing/aes-sealer';
import type { BatchControl, Consumption, LogBatch, LogRecord, MessageLog, OutgoingRecord } from '../../gateway/ports/message-log';
import { parseDecision } from '../../gateway/wire/decision-message';
import { indexRegistries } from '../registries/registries';
import type { Assess, Assessment } from './assessment';
import { openDeadLetter } from '../../gateway/wire/dead-letter';
import { rulesHandler, startRulesAdapter, type RulesAdapterOptions } from './rules-adapter';

const sealer = createAesSealer([Buffer.alloc(32, 1)]);
const accepted: Assessment = {
  outcome: 'accepted',
  reasons: [{ code: 'X-NOTE', text: 't', textVi: 'v' }],
  conditions: [],
  documents: {},
  reference: 'R-1',
  rules: [],
  held: false,
  released: false,
};
const control: BatchControl = { isStale: () => false, heartbeat: () => Promise.resolve(), seek: () => undefined };

function recordOf(value: RequestMessage | string, offset: number, topic = 'requests.customs'): LogRecord {
  return {
    topic,
    partition: 3,
    offset,
    timestampMs: 0,
    key: typeof value === 'string' ? null : value.dossierId,
    value: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
    headers: { traceparent: '00-aa-bb-01' },
  };
}

function batchOf(...records: LogRecord[]): LogBatch {
  return { topic: records[0]?.topic ?? '', partition: 3, records, endOffset: 100 };
}

function setUp(assess: Assess = () => accepted, changes: Partial<RulesAdapterOptions> = {}) {
  const appends: OutgoingRecord[][] = [];
  const letters: unknown[] = [];
  const consumptions: Consumption[] = [];
  const log = {
    append: (records: OutgoingRecord[]) => {
      appends.push(records);
      return Promise.resolve([]);
    },
    consume: (consumption: Consumption) => {
      consumptions.push(consumption);
      return Promise.resolve({ stop: () => Promise.resolve() });
    },
  } as Pick<MessageLog, 'append' | 'consume'> as MessageLog;
  const options: RulesAdapterOptions = {
    log,
    agency: 'customs',
    assess,
    registries: indexRegistries({}),
    clock: { nowMs: () => Date.parse('2026-11-24T02:00:05Z'), monotonicMs: () => 0 },
    sealer,
    group: 'p-adapter.customs',
    onDeadLetter: (...args) => letters.push(args),
    ...changes,
  };
  return { options, handle: rulesHandler(options), appends, letters, consumptions };
}

describe('the rules adapter', () => {
  it('answers every request of a batch in one append, beside its request, as a CloudEvent that passes the trace on', async () => {
    const { handle, appends } = setUp();
    await handle(batchOf(recordOf(agencyRequest(), 1), recordOf(agencyRequest({ revision: 2 }), 2)), control);
    expect(appends).toHaveLength(1);
    expect(appends[0]).toHaveLength(2);
    const [record] = appends[0] as [OutgoingRecord];
    const request = agencyRequest();
    expect(record).toMatchObject({ topic: 'decisions.customs', partition: 3, key: request.dossierId });
    expect(record.headers).toMatchObject({
      ce_specversion: '1.0',
      ce_source: '/seaport/adapters/customs',
      ce_type: 'vn.seaport.decision.v1',
      ce_time: '2026-11-24T02:00:05Z',
      ce_subject: request.dossierCode,
      'content-type': 'application/json',
      traceparent: '00-aa-bb-01',
    });
    expect(parseDecision(record.value)).toMatchObject({
      ok: true,
      value: { taskId: request.taskId, agency: 'customs', revision: 1, outcome: 'accepted', reference: 'R-1' },
    });
  });

  it('gives the same identity to the same request, however often it is delivered', async () => {
    const { handle, appends } = setUp();
    const batch = batchOf(recordOf(agencyRequest(), 1));
    await handle(batch, control);
    await handle(batch, control);
    const ids = appends.flat().map((record) => record.headers['ce_id']);
    expect(ids[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(new Set(ids).size).toBe(1);
  });

  it('does not answer a cancel', async () => {
    const { handle, appends } = setUp(() => {
      throw new Error('not asked');
    });
    await handle(batchOf(recordOf(agencyRequest({ action: 'cancel' }), 1)), control);
    expect(appends).toEqual([]);
  });

  it('writes a second decision of its own identity when a rule holds, or releases', async () => {
    for (const [flags, outcome] of [
      [{ held: true }, 'held'],
      [{ released: true }, 'released'],
    ] as const) {
      const { handle, appends } = setUp(() => ({ ...accepted, ...flags }));
      await handle(batchOf(recordOf(agencyRequest(), 1)), control);
      const decisions = appends.flat().map((record) => JSON.parse(record.value.toString()) as { outcome: string; reasons: unknown[] });
      expect(decisions.map((decision) => decision.outcome)).toEqual(['accepted', outcome]);
      expect(decisions[1]?.reasons).toEqual(accepted.reasons);
      expect(new Set(appends.flat().map((record) => record.headers['ce_id'])).size).toBe(2);
    }
  });

  it.each([
    ['what is not JSON', recordOf('{', 1), 'poison'],
    ['what is no request', recordOf('{"taskId":"x"}', 1), 'poison'],
    ['a request to another agency', recordOf(agencyRequest({ agency: 'tax' }), 1), 'agency-mismatch'],
    ['a test request among the real ones', recordOf(agencyRequest({ test: true }), 1), 'test-mismatch'],
  ])('sets %s aside and answers the next one', async (_name, poison, reason) => {
    const { handle, appends, letters } = setUp();
    await handle(batchOf(poison, recordOf(agencyRequest(), 2)), control);
    expect(appends.flat().map((record) => record.topic)).toEqual(['dead-letters', 'decisions.customs']);
    expect(letters).toEqual([['requests.customs', reason]]);
    const letter = appends.flat()[0] as OutgoingRecord;
    expect(letter.headers).toMatchObject({ reason, source_topic: 'requests.customs', source_partition: '3', source_offset: '1' });
    expect(openDeadLetter(letter, sealer).value.equals(poison.value)).toBe(true);
  });

  it('sets aside a request on which a rule throws, and answers the next one', async () => {
    const { handle, appends, letters } = setUp((request) => {
      if (request.revision === 1) throw new Error('a bug');
      return accepted;
    });
    await handle(batchOf(recordOf(agencyRequest(), 1), recordOf(agencyRequest({ revision: 2 }), 2)), control);
    expect(appends.flat().map((record) => record.topic)).toEqual(['dead-letters', 'decisions.customs']);
    expect(letters).toEqual([['requests.customs', 'rules-failed']]);
  });

  it('lets the batch come again when the log does not take the answers', async () => {
    const { options } = setUp();
    const handle = rulesHandler({
      ...options,
      log: { append: () => Promise.reject(new Error('away')) } as Partial<MessageLog> as MessageLog,
    });
    await expect(handle(batchOf(recordOf(agencyRequest(), 1)), control)).rejects.toThrow('away');
  });

  it('writes nothing for a partition that was taken away', async () => {
    const { handle, appends } = setUp();
    await expect(handle(batchOf(recordOf(agencyRequest(), 1)), { ...control, isStale: () => true })).rejects.toMatchObject({
      code: 'partition-lost',
    });
    expect(appends).toEqual([]);
  });

  it('keeps its membership alive through a long batch', async () => {
    const { handle } = setUp();
    let beats = 0;
    const records = Array.from({ length: 1000 }, (_, offset) => recordOf(agencyRequest(), offset));
    await handle(batchOf(...records), { ...control, heartbeat: () => Promise.resolve(beats++).then(() => undefined) });
    expect(beats).toBe(5);
  });

  it('answers test requests on the test topics and leaves them out of the metrics', async () => {
    const { options, consumptions, appends } = setUp(undefined, { test: true });
    await startRulesAdapter(options);
    expect(consumptions[0]).toMatchObject({ group: 'p-adapter.customs', topics: ['test.requests.customs'] });
    await consumptions[0]?.onBatch(batchOf(recordOf(agencyRequest({ test: true }), 1, 'test.requests.customs')), control);
    expect(appends.flat().map((record) => record.topic)).toEqual(['test.decisions.customs']);
  });
});
