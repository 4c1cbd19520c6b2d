import { FakeClock } from '../test/support/fake-clock';
import { FakeMessageLog } from '../test/support/fake-message-log';
import { FakeSigner } from '../test/support/fake-signer';
import { AuditLog } from './audit-log';
import { NO_HASH, signedPartOf, type AuditActor, type AuditRecord, type LogHeads } from './core/audit-chain';
import { LogOutcomeUnknown, LogUnavailable } from './core/exchange-error';
import { digestOf } from './core/identifiers';

const officer: AuditActor = { role: 'agency', name: 'desk-1', agency: 'customs' };
const read = (taskId: string) => ({ action: 'task.read', by: officer, subject: { taskId } }) as const;
const signer = new FakeSigner();

let log: FakeMessageLog;
let audit: AuditLog;

beforeEach(async () => {
  log = new FakeMessageLog();
  await log.createTopics([
    { topic: 'audit', partitions: 3 },
    { topic: 'dossiers', partitions: 2 },
  ]);
  const chain = 'c'.repeat(32);
  audit = new AuditLog({ log, signer, clock: new FakeClock('2026-11-24T03:00:00Z'), partitions: 3, chain, onWarning: fail });
});

function fail(message: string): never {
  throw new Error(message);
}

const stored = (): AuditRecord[] => log.data.records('audit').map(({ value }) => JSON.parse(value.toString()) as AuditRecord);
const isSigned = (record: AuditRecord | undefined): boolean =>
  record !== undefined && record.signature === signer.sign(signedPartOf(record));

describe('the audit log', () => {
  it('is durable when it says so, one entry after the other', async () => {
    await audit.record(read('1'));
    expect(stored()).toHaveLength(1);
    await audit.record(read('2'));
    const [first, second] = stored();
    expect(first).toMatchObject({ n: 0, previous: NO_HASH, by: officer, subject: { taskId: '1' }, at: '2026-11-24T03:00:00Z' });
    expect(second).toMatchObject({ n: 1, previous: first?.hash });
    expect([first, second].every(isSigned)).toBe(true);
  });

  it('takes what comes together into one append and signs its last record', async () => {
    let appends = 0;
    log.beforeAppend = () => {
      appends++;
    };
    await Promise.all(Array.from({ length: 50 }, (_, i) => audit.record(read(String(i)))));
    expect(appends).toBe(1);
    expect(stored().map(({ n }) => n)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(stored().map(isSigned).indexOf(true)).toBe(49);
    expect(new Set(log.data.records('audit').map(({ partition }) => partition)).size).toBe(1);
  });

  it('fails what was not stored, and the chain goes on without it', async () => {
    await audit.record(read('1'));
    log.beforeAppend = () => {
      throw new LogUnavailable('away');
    };
    await expect(audit.record(read('2'))).rejects.toMatchObject({ code: 'audit-unavailable', retriable: true });
    log.beforeAppend = () => undefined;
    await audit.record(read('3'));
    const [first, second] = stored();
    expect(second).toMatchObject({ n: 1, previous: first?.hash, subject: { taskId: '3' } });
    expect(stored()).toHaveLength(2);
  });

  it.each([
    ['was stored', true],
    ['was not', false],
  ])('says no in doubt, and stores the same again first: when it %s', async (_what, wasStored) => {
    log[wasStored ? 'afterAppend' : 'beforeAppend'] = () => {
      throw new LogOutcomeUnknown('no answer');
    };
    await expect(audit.record(read('1'))).rejects.toMatchObject({ code: 'audit-unavailable' });
    log.beforeAppend = log.afterAppend = () => undefined;
    await audit.record(read('2'));
    expect(stored().map(({ n, subject }) => [n, subject?.['taskId']])).toEqual([...(wasStored ? [[0, '1']] : []), [0, '1'], [1, '2']]);
    expect(new Set(stored().map(({ hash }) => hash)).size).toBe(2);
  });

  it('begins with the configuration and ends signed, each naming the last record of every partition', async () => {
    const value = Buffer.from('{}');
    await log.append([{ topic: 'dossiers', partition: 1, key: null, value, headers: {} }]);
    await audit.start({ version: '1' });
    await audit.record(read('1'));
    await audit.stop();
    const records = stored();
    expect(records.map(({ action }) => action)).toEqual(['process.start', 'task.read', 'process.stop']);
    expect(records[0]?.detail).toMatchObject({
      version: '1',
      dossiers: [
        { partition: 0, end: 0 },
        { partition: 1, end: 1, digest: digestOf(value) },
      ],
    });
    const heads = records[2]?.detail as unknown as LogHeads;
    const last = log.data.records('audit')[1];
    expect(heads.audit).toContainEqual({ partition: last?.partition, end: 2, digest: digestOf(last?.value ?? '') });
    expect(records.every(isSigned)).toBe(true);
  });
});
