import { gunzipSync } from 'node:zlib';
import { isoTime } from './core/deadlines';
import type { DossierState, Rejection } from './core/dossier';
import {
  EVIDENCE_FORMAT,
  partDigest,
  signedPartOfManifest,
  type EvidenceBundle,
  type EvidenceManifest,
  type EvidencePart,
} from './core/evidence-bundle';
import { digestOf } from './core/identifiers';
import { EventType, type DeclarationRejected, type Receipt } from './core/messages';
import { partitionOf } from './core/partition';
import { findMessages } from './kept-messages';
import type { Clock } from './ports/clock';
import type { DossierStore } from './ports/dossier-store';
import type { LogRecord, MessageLog } from './ports/message-log';
import type { Sealer } from './ports/sealer';
import type { Signer } from './ports/signer';
import { keys } from './read-model';
import type { Lookup, Reads } from './reads';

/**
 * Everything that is kept of a dossier, for an auditor. Signed bytes (receipts, clearances) come from the store, which holds them as they
 * were issued; decisions, deadlines and refused declarations from `dossiers`, by the offsets that the dossier's events name; messages
 * as received from `evidence`, by their time (find-record.ts). No topic is read as a whole.
 *
 * A bundle costs one look into the store and one read of one record for each decision, deadline and refused declaration; it holds
 * neither a declaration nor a message. A message costs about forty reads of one record and those of 4 s, and is held whole (8 MiB at most).
 */
export interface EvidenceDeskPorts {
  log: MessageLog;
  store: DossierStore;
  reads: Reads;
  sealer: Sealer;
  signer: Signer;
  clock: Clock;
  partitions: number;
}

/** A message as received. */
export interface RawMessage {
  bytes: Buffer;
  /** SHA-256, as in the revision. */
  digest: string;
}

/** Records of `dossiers` in a bundle: what is more is left out, and the manifest says so. */
const MAX_RECORDS = 1_000;

interface Known {
  dossierId: string;
  state?: DossierState;
  receipt?: Receipt;
  rejected?: DeclarationRejected;
}

export class EvidenceDesk {
  private readonly ports: EvidenceDeskPorts;

  constructor(ports: EvidenceDeskPorts) {
    this.ports = ports;
  }

  /** @throws LogUnavailable, StoreUnavailable */
  async bundle(dossierId: string): Promise<Lookup<EvidenceBundle>> {
    const found = await this.ports.reads.known(dossierId);
    if (found.kind !== 'found') return found;
    const known = { dossierId, ...found.value };
    const { state, receipt, rejected } = known;
    const { dossierCode } = (state ?? receipt ?? rejected) as { dossierCode: string };
    const records = await this.records(dossierId);
    const parts: EvidencePart[] = [
      ...(state === undefined ? [] : [{ name: 'dossier', value: aboutDossier(state) }]),
      ...(state?.revisions ?? []).map((revision) => ({ name: `revisions/${revision.revision}`, value: revision })),
      ...(await this.receipts(known)),
      ...(await this.clearances(dossierId, state?.version ?? 0)),
      ...records.parts,
    ].filter(({ name }, i, all) => all.findIndex((part) => part.name === name) === i);
    const unsigned: EvidenceManifest = {
      format: EVIDENCE_FORMAT,
      dossierId,
      dossierCode,
      tenant: state?.tenant ?? rejected?.tenant ?? '',
      createdAt: isoTime(this.ports.clock.nowMs()),
      upTo: state?.basis ?? { partition: this.partition(dossierId), offset: -1 },
      versions: state?.version ?? 0,
      revisions: state?.revisions.length ?? 0,
      ...(records.isTruncated ? { truncated: true } : {}),
      parts: parts.map(({ name, value }) => ({ name, sha256: partDigest(value) })),
    };
    const signature = await this.ports.signer.signAside(signedPartOfManifest(unsigned));
    return { kind: 'found', value: { manifest: { ...unsigned, signature }, parts } };
  }

  /**
   * A declaration's bytes as they came. `not-kept`: there never was a copy, or retention has removed it.
   * @throws LogUnavailable, StoreUnavailable, ExchangeError `seal-broken`
   */
  async message(dossierId: string, declarationId: string): Promise<Lookup<RawMessage> | { kind: 'not-kept' }> {
    const found = await this.ports.reads.known(dossierId);
    if (found.kind !== 'found') return found;
    const receivedAt = receivedAtOf(found.value, declarationId);
    if (receivedAt === undefined) return { kind: 'unknown' };
    if (found.value.state?.erasedAt !== undefined) return { kind: 'erased' };
    const { log, sealer } = this.ports;
    const partition = this.partition(dossierId);
    for (const { message, key } of await findMessages(log, { partition, declarationId, receivedAt })) {
      if (key.kind === 'gone') continue;
      const opened = key.kind === 'own' ? sealer.openApart(message.value, key.record.value) : sealer.open(message.value);
      const bytes = gunzipSync(opened);
      return { kind: 'found', value: { bytes, digest: digestOf(bytes) } };
    }
    return { kind: 'not-kept' };
  }

  private partition(dossierId: string): number {
    return partitionOf(dossierId, this.ports.partitions);
  }

  private async receipts({ dossierId, state, receipt }: Known): Promise<EvidencePart[]> {
    if (state === undefined) return receipt === undefined ? [] : [receiptPart(receipt)];
    const names = state.revisions.map(({ declarationId }, i) =>
      i === 0 ? keys.firstReceipt(dossierId) : keys.receipt(dossierId, declarationId),
    );
    const values = await this.ports.store.getMany(this.partition(dossierId), names);
    return values.flatMap((value) => (value === null ? [] : [receiptPart(JSON.parse(value.toString()) as Receipt)]));
  }

  private async clearances(dossierId: string, versions: number): Promise<EvidencePart[]> {
    const names = Array.from({ length: versions }, (_, i) => keys.clearance(dossierId, i + 1));
    const values = await this.ports.store.getMany(this.partition(dossierId), names);
    return values.flatMap((value, i) =>
      value === null ? [] : [{ name: `clearances/${i + 1}`, value: JSON.parse(value.toString()) as unknown }],
    );
  }

  /** What agencies and clocks said, and what was refused, in the order of the log. */
  private async records(dossierId: string): Promise<{ parts: EvidencePart[]; isTruncated: boolean }> {
    const partition = this.partition(dossierId);
    const events = await this.ports.reads.events(dossierId, 0, 4 * MAX_RECORDS);
    const told = events.filter(({ type }) => type === 'decision' || type === 'deadline' || type === 'rejected');
    const offsets = [...new Set(told.map(({ id }) => Number(id.split('-')[1])))];
    const parts: EvidencePart[] = [];
    for (const offset of offsets.slice(0, MAX_RECORDS)) {
      await this.ports.log.read('dossiers', [{ partition, from: offset, to: offset + 1 }], ({ records }) => {
        for (const record of records) parts.push(...recordParts(record));
      });
    }
    return { parts, isTruncated: offsets.length > MAX_RECORDS || events.length >= 4 * MAX_RECORDS };
  }
}

function receiptPart(receipt: Receipt): EvidencePart {
  return { name: `receipts/${receipt.declarationId}`, value: receipt };
}

function aboutDossier(state: DossierState): object {
  const { dossierId, dossierCode, tenant, test, ruleSet, openedAt, status, final, version, rejections, erasedAt } = state;
  const erased = erasedAt === undefined ? {} : { erasedAt };
  return { dossierId, dossierCode, tenant, test, ruleSet, openedAt, status, final, version, rejections, ...erased };
}

/** A decision or a deadline as it stands in the log; of a refused declaration what was received and its receipt, never its content. */
function recordParts(record: LogRecord): EvidencePart[] {
  const { partition, offset, headers, value: bytes } = record;
  const stored = { topic: 'dossiers', partition, offset, digest: digestOf(bytes) };
  const value = JSON.parse(bytes.toString()) as Record<string, unknown>;
  switch (headers['ce_type']) {
    case EventType.decision:
      return [{ name: `decisions/${offset}`, value: { stored, decision: value } }];
    case EventType.deadline:
      return [{ name: `deadlines/${offset}`, value: { stored, deadline: value } }];
    case EventType.declaration: {
      const { declarationId, messageId, digest, dialect, action, receivedAt, receipt } = value;
      const refused = { declarationId, messageId, digest, dialect, action, receivedAt };
      return [{ name: `rejections/${offset}`, value: { stored, declaration: refused } }, receiptPart(receipt as Receipt)];
    }
    default:
      return [];
  }
}

function receivedAtOf({ state, rejected, receipt }: Omit<Known, 'dossierId'>, declarationId: string): string | undefined {
  const known: Pick<Rejection, 'declarationId' | 'receivedAt'>[] = [
    ...(state?.revisions ?? []),
    ...(state?.rejections ?? []),
    ...(rejected === undefined ? [] : [rejected]),
    ...(receipt === undefined ? [] : [receipt]),
  ];
  return known.find((entry) => entry.declarationId === declarationId)?.receivedAt;
}
