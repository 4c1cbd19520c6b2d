import { randomBytes } from 'node:crypto';
import { declarationRecord, type RecordOptions } from '../test/support/declaration-records';
import { declarationEvent, decisionEvent, ExchangeWorld, PARTITIONS, type ExchangeProcess } from '../test/support/exchange-world';
import { FakeSigner } from '../test/support/fake-signer';
import { shippedRules } from '../test/support/test-rules';
import { canonicalJson } from './core/canonical-json';
import { verifyEvidence, type EvidenceBundle } from './core/evidence-bundle';
import { dossierIdOf } from './core/identifiers';
import type { DeclarationRecord } from './core/messages';
import { partitionOf } from './core/partition';
import { createAesSealer } from './edges/signing/aes-sealer';
import { createEvidence } from './evidence';
import { EvidenceDesk } from './evidence-desk';
import { Reads } from './reads';
import { StoreReader } from './store-reader';

/** A dossier with two revisions, a refused declaration and eight decisions, among others; folded, then looked at. */
const signer = new FakeSigner();
const sealer = createAesSealer([randomBytes(32)]);
const evidence = createEvidence('all', sealer);
const dossierId = dossierIdOf('agent', 'M-1');
const verifies = (signature: string, text: string): boolean => signature === signer.sign(text);

const agencies = ['harbour-master', 'customs', 'tax', 'planning'];

let world: ExchangeWorld;
let process: ExchangeProcess;
let desk: EvidenceDesk;
let messages: Map<string, Buffer>;

/** What intake appends: declaration and message, the receipt signed. */
async function submit(options: RecordOptions): Promise<DeclarationRecord> {
  const record = declarationRecord(options);
  const { signature: _none, ...unsigned } = record.receipt;
  record.receipt = { ...unsigned, signature: signer.sign(canonicalJson(unsigned)) };
  const bytes = Buffer.from(JSON.stringify([record.declaration, record.dialect]));
  messages.set(record.declarationId, bytes);
  const raw = evidence?.({ ...record, partition: partitionOf(record.dossierId, PARTITIONS) }, bytes);
  await world.append(declarationEvent(record), ...(raw ?? []));
  return record;
}

beforeEach(async () => {
  world = await ExchangeWorld.create();
  await world.log().createTopics(['evidence', 'evidence-keys'].map((topic) => ({ topic, partitions: PARTITIONS })));
  process = world.process({ signer });
  messages = new Map();
  const { clock } = world;
  const [log, store] = [world.log(), world.store()];
  const reader = new StoreReader(store, log, clock);
  const reads = new Reads({ store, reader, rules: shippedRules, partitions: PARTITIONS });
  desk = new EvidenceDesk({ log, store, reads, sealer, signer, clock, partitions: PARTITIONS });
  for (let i = 0; i < 30; i++) await submit({ messageId: `other-${i}`, receivedAt: '2026-11-24T03:00:00.500Z' });
  await submit({ receivedAt: '2026-11-24T03:00:00Z' });
  await world.append(...agencies.map((agency) => decisionEvent(agency, 'accepted')));
  await submit({
    messageId: 'M-2',
    root: 'M-1',
    action: 'amend',
    receivedAt: '2026-11-24T03:10:00Z',
    declaration: { ship: { name: 'NEW NAME', imoNumber: '9074729' } },
  });
  await submit({ receivedAt: '2026-11-24T03:11:00Z', declaration: { ship: { name: 'NOT ACCEPTED', imoNumber: '9074729' } } });
  await world.append(...agencies.map((agency) => decisionEvent(agency, 'accepted', { revision: 2 })));
  await process.consume();
});

async function bundle(): Promise<EvidenceBundle> {
  const found = await desk.bundle(dossierId);
  if (found.kind !== 'found') throw new Error(found.kind);
  return JSON.parse(JSON.stringify(found.value)) as EvidenceBundle;
}

test('a bundle holds what was issued and said, and verifies with every message', async () => {
  const { manifest, parts } = await bundle();
  const kinds = parts.map(({ name }) => name.split('/')[0]);
  expect(Object.fromEntries([...new Set(kinds)].map((kind) => [kind, kinds.filter((other) => other === kind).length]))).toEqual({
    dossier: 1,
    revisions: 2,
    receipts: 3,
    clearances: manifest.versions,
    decisions: 8,
    rejections: 1,
  });
  expect(manifest).toMatchObject({ dossierId, tenant: 'agent', revisions: 2 });
  expect(manifest.versions).toBeGreaterThan(1);
  for (const { name, value } of parts.filter(({ name }) => name.startsWith('clearances/')))
    expect(world.firsts('clearances').get(`${dossierId}-v${name.split('/')[1]}`)).toBe(canonicalJson(value));
  // Nothing of what was declared: only what became of it.
  expect(JSON.stringify(parts)).not.toMatch(/NEW NAME|NOT ACCEPTED|Rice/);
  const digests = new Map<string, string>();
  for (const { name, value } of parts) {
    const { declarationId } = value as { declarationId?: string };
    if (!name.startsWith('revisions/') || declarationId === undefined) continue;
    const message = await desk.message(dossierId, declarationId);
    if (message.kind !== 'found') throw new Error(message.kind);
    expect(message.value.bytes).toEqual(messages.get(declarationId));
    digests.set(declarationId, message.value.digest);
  }
  const report = verifyEvidence({ manifest, parts }, { verifies, messageDigest: (id) => digests.get(id) });
  expect(report).toMatchObject({ receipts: 3, clearances: manifest.versions, messages: 2, findings: [] });
});

test('it reads no more of the log than the records that it names', async () => {
  const reads: unknown[] = [];
  const log = world.log();
  const read = log.read.bind(log);
  log.read = (topic, ranges, onBatch) => {
    reads.push([topic, ...ranges.map(({ from, to }) => to - from)]);
    return read(topic, ranges, onBatch);
  };
  const { clock } = world;
  const store = world.store();
  const readModel = new Reads({ store, reader: new StoreReader(store, log, clock), rules: shippedRules, partitions: PARTITIONS });
  const own = new EvidenceDesk({ log, store, reads: readModel, sealer, signer, clock, partitions: PARTITIONS });
  expect((await own.bundle(dossierId)).kind).toBe('found');
  expect(reads).toEqual(Array.from({ length: 9 }, () => ['dossiers', 1]));
});

test('the message of a refused declaration is there too', async () => {
  const { parts } = await bundle();
  const rejected = parts.find(({ name }) => name.startsWith('rejections/'))?.value as { declaration: { declarationId: string } };
  const message = await desk.message(dossierId, rejected.declaration.declarationId);
  expect(message).toMatchObject({ kind: 'found', value: { bytes: messages.get(rejected.declaration.declarationId) } });
});

test('an unknown dossier or declaration is unknown, a message that is not kept is said to be none', async () => {
  expect(await desk.bundle(dossierIdOf('agent', 'never'))).toEqual({ kind: 'unknown' });
  const [revision] = (await bundle()).parts.filter(({ name }) => name === 'revisions/1');
  const { declarationId } = revision?.value as { declarationId: string };
  expect(await desk.message(dossierId, 'f'.repeat(32))).toEqual({ kind: 'unknown' });
  world.logData.deleteUntil('evidence', partitionOf(dossierId, PARTITIONS), 1_000);
  expect(await desk.message(dossierId, declarationId)).toEqual({ kind: 'not-kept' });
});

test('while the store is behind or made anew, it says so and shows nothing', async () => {
  await submit({ messageId: 'late', receivedAt: '2026-11-24T03:20:00Z' });
  expect(await desk.bundle(dossierIdOf('agent', 'late'))).toEqual({ kind: 'not-yet' });
  await world.store().clear(partitionOf(dossierId, PARTITIONS));
  expect(await desk.bundle(dossierId)).toEqual({ kind: 'rebuilding' });
});
