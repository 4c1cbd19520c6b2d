import { declarationRecord, type RecordOptions } from '../test/support/declaration-records';
import { declarationEvent, decisionEvent, ExchangeWorld, PARTITIONS, type ExchangeProcess } from '../test/support/exchange-world';
import { FakeStoreData } from '../test/support/fake-dossier-store';
import { shippedRules } from '../test/support/test-rules';
import { dossierIdOf, taskIdOf } from './core/identifiers';
import { LogUnavailable } from './core/exchange-error';
import { partitionOf } from './core/partition';
import { ErasureDesk } from './erasure-desk';
import { keys } from './read-model';
import { Reads } from './reads';
import { StoreReader } from './store-reader';

/** A dossier that is final, erased at an operator's order: what is left of it, now and when the store is made anew. */
const agencies = ['harbour-master', 'customs', 'tax', 'planning'];
const dossierId = dossierIdOf('agent', 'M-1');
const home = partitionOf(dossierId, PARTITIONS);
const taskId = taskIdOf(dossierId, 'customs', 1);

let world: ExchangeWorld;
let process: ExchangeProcess;
let reads: Reads;
let desk: ErasureDesk;

const submit = (options: RecordOptions = {}) => world.append(declarationEvent(declarationRecord(options)));
const bodyOf = async (id: string) => (await world.store().getMany(partitionOf(id, PARTITIONS), [keys.body(id)]))[0];

function open(): void {
  const [log, store] = [world.log(), world.store()];
  reads = new Reads({ store, reader: new StoreReader(store, log, world.clock), rules: shippedRules, partitions: PARTITIONS });
  desk = new ErasureDesk({ log, reads, clock: world.clock, partitions: PARTITIONS });
}

beforeEach(async () => {
  world = await ExchangeWorld.create();
  process = world.process();
  open();
  await submit();
  await submit({ messageId: 'M-9' });
  await world.append(...agencies.map((agency) => decisionEvent(agency, 'accepted')));
  await process.consume();
});

async function erased(): Promise<void> {
  expect(await desk.erase(dossierId, 'request-of-subject')).toMatchObject({ kind: 'found', value: { dossierId, repeated: false } });
  await process.consume();
}

test('the body goes, reads of it say so, and the clearance stays as it was issued', async () => {
  const issued = await reads.clearance('agent', dossierId);
  expect((await bodyOf(dossierId))?.toString()).toContain('SONG CAM STAR');
  await erased();
  expect(await bodyOf(dossierId)).toBeNull();
  expect(await reads.dossier('agent', dossierId)).toEqual({ kind: 'erased' });
  expect(await reads.task('customs', taskId)).toEqual({ kind: 'erased' });
  expect(await reads.clearance('agent', dossierId)).toEqual(issued);
  // Another tenant's is as unknown as before, and another dossier as it was.
  expect(await reads.dossier('agent2', dossierId)).toEqual({ kind: 'unknown' });
  expect(await bodyOf(dossierIdOf('agent', 'M-9'))).not.toBeNull();
  expect(process.told.exits.at(-1)).toBe('erasure applied');
  expect(world.records('clearances')).toHaveLength(1);
});

test.each([1, 2, 500])('it stays erased when the store is made anew, in batches of %i', async (batchRecords) => {
  await erased();
  await submit({ messageId: 'M-2', root: 'M-1', action: 'amend', receivedAt: '2026-11-24T04:00:00Z' });
  await process.consume();
  const before = world.storeData.dump();
  world.storeData = new FakeStoreData();
  open();
  const anew = world.process();
  anew.batchRecords = batchRecords;
  anew.exchange.assign([0, 1]);
  await anew.exchange.fireDeadlines();
  expect(await bodyOf(dossierId)).toBeNull();
  expect(await reads.dossier('agent', dossierId)).toEqual({ kind: 'erased' });
  expect(world.storeData.dump()).toBe(before);
  expect(world.records('clearances')).toHaveLength(2);
});

test('folded in one batch with its declaration, nothing of it is kept either', async () => {
  world.storeData = new FakeStoreData();
  world.logData.committed.clear();
  open();
  await world.append({
    topic: 'dossiers',
    partition: home,
    key: dossierId,
    value: Buffer.from(JSON.stringify({ erasureId: 'e', dossierId, reason: 'r', receivedAt: '2026-11-24T04:00:00Z' })),
    headers: { ce_type: 'vn.seaport.erasure.v1', ce_id: 'e' },
  });
  await world.process().consume();
  expect(await bodyOf(dossierId)).toBeNull();
  expect(await reads.dossier('agent', dossierId)).toEqual({ kind: 'erased' });
});

test('nothing goes into it any more: amendments and decisions are refused, no deadline passes', async () => {
  await erased();
  const versions = world.records('clearances').length;
  await submit({ messageId: 'M-2', root: 'M-1', action: 'amend', receivedAt: '2026-11-24T04:00:00Z' });
  await world.append(decisionEvent('customs', 'refused', { receivedAt: '2026-11-24T04:01:00Z' }));
  await process.consume();
  expect(process.told.exits.slice(-2)).toEqual(['declaration rejected', 'decision rejected']);
  expect(await bodyOf(dossierId)).toBeNull();
  const told = world.records('clearances').slice(versions);
  expect(told.map(({ value }) => (JSON.parse(value.toString()) as { code: string }).code)).toEqual(['erased']);
  world.clock.advance(30 * 86_400_000);
  await process.exchange.fireDeadlines();
  expect(world.records('dossiers').filter(({ key, headers }) => key === dossierId && headers['ce_type']?.includes('deadline'))).toEqual([]);
});

test('a dossier that is not final is not erased, though it became so after the order', async () => {
  const open = dossierIdOf('agent', 'M-9');
  expect(await desk.erase(open, 'r')).toEqual({ kind: 'refused', code: 'erasure-too-early' });
  // The amendment is in the log before the order, and not folded yet.
  await submit({
    messageId: 'M-2',
    root: 'M-1',
    action: 'amend',
    receivedAt: '2026-11-24T04:00:00Z',
    declaration: { ship: { name: 'OTHER', imoNumber: '9074729' } },
  });
  expect((await desk.erase(dossierId, 'r')).kind).toBe('found');
  await process.consume();
  expect(process.told.exits.slice(-2)).toEqual(['declaration applied', 'erasure rejected']);
  expect(await bodyOf(dossierId)).not.toBeNull();
});

test('the order may be repeated, and may fail', async () => {
  await desk.erase(dossierId, 'r');
  await erased();
  expect(process.told.exits.slice(-2)).toEqual(['erasure applied', 'erasure duplicate']);
  expect(await desk.erase(dossierId, 'r')).toMatchObject({ kind: 'found', value: { repeated: true } });
  expect(await desk.erase(dossierIdOf('agent', 'never'), 'r')).toEqual({ kind: 'unknown' });
  const log = world.log();
  log.beforeAppend = () => {
    throw new LogUnavailable('away');
  };
  await submit({ messageId: 'M-8' });
  await world.append(...agencies.map((agency) => decisionEvent(agency, 'accepted', { root: 'M-8' })));
  await process.consume();
  const failing = new ErasureDesk({ log, reads, clock: world.clock, partitions: PARTITIONS });
  await expect(failing.erase(dossierIdOf('agent', 'M-8'), 'r')).rejects.toThrow(LogUnavailable);
});
