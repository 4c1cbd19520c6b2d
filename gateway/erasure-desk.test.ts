import { randomBytes } from 'node:crypto';
import { declarationRecord, type RecordOptions } from '../test/support/declaration-records';
import { declarationEvent, decisionEvent, ExchangeWorld, PARTITIONS, type ExchangeProcess } from '../test/support/exchange-world';
import { FakeSigner } from '../test/support/fake-signer';
import { FakeStoreData } from '../test/support/fake-dossier-store';
import { shippedRules } from '../test/support/test-rules';
import { dossierIdOf, taskIdOf } from './core/identifiers';
import { LogUnavailable } from './core/exchange-error';
import { partitionOf } from './core/partition';
import { createAesSealer } from './edges/signing/aes-sealer';
import { ErasureDesk } from './erasure-desk';
import { createEvidence } from './evidence';
import { EvidenceDesk } from './evidence-desk';
import { destroyMessage } from './kept-messages';
import { keys } from './read-model';
import { Reads } from './reads';
import { StoreReader } from './store-reader';

/** A dossier that is final, erased at an operator's order: what is left of it, now and when the store is made anew. */
const agencies = ['harbour-master', 'customs', 'tax', 'planning'];
const dossierId = dossierIdOf('agent', 'M-1');
const home = partitionOf(dossierId, PARTITIONS);
const sealer = createAesSealer([randomBytes(32)]);
const evidence = createEvidence('all', sealer);
const taskId = taskIdOf(dossierId, 'customs', 1);

let world: ExchangeWorld;
let process: ExchangeProcess;
let reads: Reads;
let desk: ErasureDesk;
let auditor: EvidenceDesk;
let first: string;

/** What intake appends: declaration, message, its key. */
async function submit(options: RecordOptions = {}): Promise<string> {
  const record = declarationRecord(options);
  const raw = evidence?.(
    { ...record, partition: partitionOf(record.dossierId, PARTITIONS) },
    Buffer.from(JSON.stringify(record.declaration)),
  );
  await world.append(declarationEvent(record), ...(raw ?? []));
  return record.declarationId;
}
const bodyOf = async (id: string) => (await world.store().getMany(partitionOf(id, PARTITIONS), [keys.body(id)]))[0];

function open(): void {
  const [log, store] = [world.log(), world.store()];
  reads = new Reads({ store, reader: new StoreReader(store, log, world.clock), rules: shippedRules, partitions: PARTITIONS });
  desk = new ErasureDesk({ log, reads, clock: world.clock, partitions: PARTITIONS, waitMs: 0 });
  auditor = new EvidenceDesk({ log, store, reads, sealer, signer: new FakeSigner(), clock: world.clock, partitions: PARTITIONS });
}

beforeEach(async () => {
  world = await ExchangeWorld.create();
  await world.log().createTopics(['evidence', 'evidence-keys'].map((topic) => ({ topic, partitions: PARTITIONS })));
  process = world.process();
  open();
  first = await submit();
  await submit({ messageId: 'M-9' });
  await world.append(...agencies.map((agency) => decisionEvent(agency, 'accepted')));
  await process.consume();
});

async function erased(): Promise<void> {
  expect(await desk.erase(dossierId, 'request-of-subject')).toMatchObject({ kind: 'found', value: { dossierId, state: 'ordered' } });
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

test('says beforehand what an order would come to, and does nothing', async () => {
  const asItWas = world.storeData.dump();
  expect(await desk.preview(dossierId)).toMatchObject({
    kind: 'found',
    value: { dossierId, state: 'would-be-erased', messages: [{ declarationId: first, outcome: 'destroyed' }] },
  });
  expect(await desk.preview(dossierIdOf('agent', 'M-9'))).toEqual({ kind: 'refused', code: 'erasure-too-early' });
  expect(await desk.preview(dossierIdOf('agent', 'never'))).toEqual({ kind: 'unknown' });
  await process.consume();
  expect(world.storeData.dump()).toBe(asItWas);
  expect(await auditor.message(dossierId, first)).toMatchObject({ kind: 'found' });
  await erased();
  expect(await desk.preview(dossierId)).toMatchObject({ value: { state: 'erased', messages: [{ outcome: 'destroyed' }] } });
});

test('the order may be repeated, and may fail', async () => {
  await desk.erase(dossierId, 'r');
  await erased();
  expect(process.told.exits.slice(-2)).toEqual(['erasure applied', 'erasure duplicate']);
  expect(await desk.erase(dossierId, 'r')).toMatchObject({
    kind: 'found',
    value: { state: 'erased', messages: [{ declarationId: first, outcome: 'destroyed' }] },
  });
  expect(await desk.erase(dossierIdOf('agent', 'never'), 'r')).toEqual({ kind: 'unknown' });
  const log = world.log();
  log.beforeAppend = () => {
    throw new LogUnavailable('away');
  };
  await submit({ messageId: 'M-8' });
  await world.append(...agencies.map((agency) => decisionEvent(agency, 'accepted', { root: 'M-8' })));
  await process.consume();
  const failing = new ErasureDesk({ log, reads, clock: world.clock, partitions: PARTITIONS, waitMs: 0 });
  await expect(failing.erase(dossierIdOf('agent', 'M-8'), 'r')).rejects.toThrow(LogUnavailable);
});

test('the keys of its messages are destroyed once it is erased, those of no other', async () => {
  // One that was in doubt stands there twice, each copy with its own key; one was refused.
  await submit();
  const refused = await submit({ receivedAt: '2026-11-24T03:02:00Z', declaration: { ship: { name: 'REFUSED', imoNumber: '9074729' } } });
  await process.consume();
  const message = await auditor.message(dossierId, first);
  expect(message).toMatchObject({ kind: 'found' });
  const sealed = world.records('evidence').filter(({ key }) => key === dossierId);
  const named = new Set(sealed.map(({ headers }) => headers['data_key']));
  expect([sealed.length, named.size]).toEqual([3, 3]);
  const keysOf = () =>
    world.records('evidence-keys').filter(({ headers, value }) => named.has(headers['ce_id']) && value.length > 0).length;
  await erased();
  // Not before the fold has taken the order.
  expect(keysOf()).toBe(3);
  const again = await desk.erase(dossierId, 'request-of-subject');
  expect(again).toMatchObject({
    value: {
      state: 'erased',
      messages: [
        { declarationId: first, outcome: 'destroyed' },
        { declarationId: refused, outcome: 'destroyed' },
      ],
    },
  });
  expect(keysOf()).toBe(0);
  expect(await auditor.message(dossierId, first)).toEqual({ kind: 'erased' });
  const other = dossierIdOf('agent', 'M-9');
  const revision = (await auditor.bundle(other)) as { value: { parts: { name: string; value: { declarationId: string } }[] } };
  const { declarationId } = revision.value.parts.find(({ name }) => name === 'revisions/1')?.value ?? { declarationId: '' };
  expect(await auditor.message(other, declarationId)).toMatchObject({ kind: 'found' });
});

test('a message without a key of its own is opened as before, and said to be kept', async () => {
  const old = {
    topic: 'evidence',
    partition: home,
    key: dossierId,
    value: sealer.seal(Buffer.from('x')),
    headers: { ce_id: 'old', ce_time: '2026-11-24T03:00:00Z' },
  };
  await world.append(old);
  const named = { partition: home, declarationId: 'old', receivedAt: '2026-11-24T03:00:00Z' };
  expect(await destroyMessage(world.log(), named, '2026-11-24T05:00:00Z')).toBe('kept');
  expect(await destroyMessage(world.log(), { ...named, declarationId: 'never' }, '2026-11-24T05:00:00Z')).toBe('not-kept');
});
