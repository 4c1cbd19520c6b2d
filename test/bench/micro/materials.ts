import { generateKeyPairSync } from 'node:crypto';
import portZones from '../../../config/port-zones.json';
import type { FoldRules } from '../../../gateway/core/fold';
import type { DeclarationRecord } from '../../../gateway/core/messages';
import { createEd25519Signer } from '../../../gateway/edges/signing/ed25519-signer';
import { Intake } from '../../../gateway/intake';
import { systemClock } from '../../../gateway/ports/clock';
import { StoreReader } from '../../../gateway/store-reader';
import { topicCatalogue } from '../../../gateway/topic-catalogue';
import type { ReadDeclaration } from '../../../gateway/wire/reading';
import { readEpc } from '../../../gateway/wire/epc/read-epc';
import { readDeclaration } from '../../../gateway/wire/read-declaration';
import { createZoneOfPort } from '../../../gateway/wire/validate/port-zones';
import { createDeclarationValidator } from '../../../gateway/wire/validate/validate-declaration';
import { makeBody, idOf, type Format, type Size } from '../../load/bodies';
import { FakeDossierStore } from '../../support/fake-dossier-store';
import { FakeMessageLog } from '../../support/fake-message-log';
import { shippedRules } from '../../support/test-rules';

/** What the benches are made of: the load's bodies, and what the gateway makes of them. */
export const PARTITIONS = 4;
export const nowMs = Date.now();
export const receivedAt = `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
const zoneOfPort = createZoneOfPort(portZones);

export const rules: FoldRules = {
  ...shippedRules,
  zoneOf: (unLocode) => (unLocode === undefined ? undefined : zoneOfPort(unLocode)) ?? 'Asia/Ho_Chi_Minh',
};
export const signer = createEd25519Signer(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
export const validate = createDeclarationValidator({ zoneOfPort, defaultZone: 'Asia/Ho_Chi_Minh' });

/** The bytes of a declaration; `n` gives another message id. */
export function bytesOf(size: Size, format: Format, n = 0): Buffer {
  const body = makeBody(size, format, 'original', nowMs);
  for (const at of body.ids) body.bytes.write(idOf('micro', n), at, 'latin1');
  return body.bytes;
}

export function readingOf(bytes: Buffer): ReadDeclaration {
  const reading = readEpc(bytes);
  if ('unreadable' in reading) throw new Error('the fixture cannot be read');
  return reading;
}

export async function createLog(): Promise<FakeMessageLog> {
  const log = new FakeMessageLog();
  const connected = rules.agencies.filter((agency) => agency.connected).map((agency) => agency.code);
  await log.createTopics(topicCatalogue(connected, { partitions: PARTITIONS, retentionDays: 400 }));
  return log;
}

export function createIntake(log: FakeMessageLog): Intake {
  return new Intake({
    log,
    store: new StoreReader(new FakeDossierStore(), log, systemClock),
    signer,
    clock: systemClock,
    rules,
    partitions: PARTITIONS,
    maxDeclarationBytes: 8 * 1024 * 1024,
    read: (format, bytes, receivedAt) => readDeclaration(format, bytes, receivedAt, validate),
  });
}

/** The record that intake appends for the nth typical declaration. */
export async function recordOf(n = 0): Promise<DeclarationRecord> {
  const intake = createIntake(new FakeMessageLog());
  const bytes = bytesOf('typical', 'xml', n);
  const prepared = await intake.prepare({ tenant: 'agent', bytes, format: 'xml', idempotencyKey: undefined, traceparent: undefined });
  if (prepared.kind === 'refused') throw new Error(JSON.stringify(prepared.problems));
  const { record, receipt, json } = prepared;
  return {
    ...record,
    receipt: { ...receipt, signature: signer.sign('{}') },
    declaration: JSON.parse(Buffer.from(json).toString()) as DeclarationRecord['declaration'],
  };
}
