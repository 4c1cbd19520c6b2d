import { canonicalJson } from './core/canonical-json';
import { agencyDueAt, isoTime } from './core/deadlines';
import type { DossierState } from './core/dossier';
import { LogOutcomeUnknown, LogUnavailable, RecordTooLarge } from './core/exchange-error';
import { faultAgainst, opensDossier, routeOf } from './core/fold';
import {
  declarationIdOf,
  digestOf,
  dossierCodeOf,
  dossierIdFromCode,
  dossierIdOf,
  isDossierOf,
  receiptIdOf,
  type Tenant,
} from './core/identifiers';
import { EventType, type DeclarationAction, type DeclarationRecord, type Receipt } from './core/messages';
import { partitionOf } from './core/partition';
import type { Problem } from './core/problem';
import { problem, type ProblemCode } from './core/problem-catalogue';
import { ruleSetOf, type ExchangeRules } from './core/rule-set';
import type { Clock } from './ports/clock';
import type { MessageLog, OutgoingRecord } from './ports/message-log';
import type { Signer } from './ports/signer';
import { keys, readOpenCall } from './read-model';
import type { StoreReader } from './store-reader';
import { eventHeaders } from './wire/event-envelope';
import type { BodyFormat, DeclarationHead, RefusedDeclaration, ValidDeclaration } from './wire/read-declaration';

/**
 * Hot path 1: read strictly → validate → look for a repeat → append to `dossiers` (acks=all) → receipt. Nothing is acknowledged from
 * memory: the receipt is given after the log holds the declaration (guarantees.md G1). The order of the partition decides between
 * declarations that race; the store only makes the common case quick.
 */
export interface IntakePorts {
  log: MessageLog;
  store: StoreReader;
  signer: Signer;
  clock: Clock;
  rules: ExchangeRules;
  partitions: number;
  maxDeclarationBytes: number;
  /** Bytes to a valid declaration; off the main thread where they are many. */
  read(
    format: BodyFormat,
    bytes: Buffer,
    receivedAt: string,
  ): ValidDeclaration | RefusedDeclaration | Promise<ValidDeclaration | RefusedDeclaration>;
  /** The message as received, for `evidence`, and its key, in the same append; undefined where none is kept. */
  evidence?(
    record: { dossierId: string; declarationId: string; partition: number; digest: string; receivedAt: string },
    bytes: Buffer,
  ): OutgoingRecord[];
  /** Told of each real declaration that was appended: request to append, and the append. */
  stage?(stage: 'intake' | 'publish', seconds: number): void;
}

export interface Submission {
  tenant: Tenant;
  bytes: Buffer;
  format: BodyFormat;
  idempotencyKey: string | undefined;
  traceparent: string | undefined;
  /** Monotonic milliseconds at which the request came; without it, at which it was submitted. */
  startedMs?: number;
}

export type Refusal = RefusedDeclaration;

export interface Received {
  kind: 'received';
  dialect: string;
  /** What the sender called it; the EPC answer echoes it. */
  messageId: string;
  action: DeclarationAction;
  receipt: Receipt;
  /** The receipt as JSON, as it is kept. */
  receiptJson: string;
  replayed: boolean;
}

/** A declaration ready to be appended. */
export interface Prepared {
  kind: 'prepared';
  dialect: string;
  resendIsUpdate: boolean;
  record: DeclarationHeadRecord;
  /** Signed once nothing can change it any more. */
  receipt: UnsignedReceipt;
  /** The whole declaration as JSON: serialised once, by whoever read it. */
  json: Uint8Array;
  partition: number;
  warnings: Problem[];
}

/** The record without its receipt, and without the parts of the declaration that intake does not look at. */
export type DeclarationHeadRecord = Omit<DeclarationRecord, 'receipt' | 'declaration'> & { declaration: DeclarationHead };

/** Its members, and those of an agency, stand in the order of RFC 8785, for its JSON to be canonical as it is written. */
export type UnsignedReceipt = Omit<Receipt, 'signature' | 'action'> & { action: DeclarationAction };

export class Intake {
  private readonly ports: IntakePorts;
  /** Submissions under way, by tenant and message id: the same one again waits for the first. */
  private readonly underWay = new Map<string, Promise<Received | Refusal>>();

  constructor(ports: IntakePorts) {
    this.ports = ports;
  }

  /** @throws LogUnavailable, LogOutcomeUnknown when it cannot be stored durably. */
  async submit(submission: Submission): Promise<Received | Refusal> {
    const startedMs = submission.startedMs ?? this.ports.clock.monotonicMs();
    const prepared = await this.prepare(submission);
    if (prepared.kind === 'refused') return prepared;
    const key = `${submission.tenant}\n${prepared.record.messageId}`;
    const first = this.underWay.get(key);
    if (first !== undefined) await first.catch(() => undefined);
    const answer = this.receive(submission, prepared, startedMs);
    this.underWay.set(key, answer);
    try {
      return await answer;
    } finally {
      if (this.underWay.get(key) === answer) this.underWay.delete(key);
    }
  }

  /** Everything up to the look-ups: pure but for the stamp. */
  async prepare(submission: Submission): Promise<Prepared | Refusal> {
    const { clock, rules, partitions } = this.ports;
    const receivedAt = isoTime(clock.nowMs());
    const read = await this.ports.read(submission.format, submission.bytes, receivedAt);
    if (read.kind === 'refused') return read;
    const { dialect, head: declaration, warnings } = read;
    const { messageId, purpose, testIndicator } = declaration.header;
    const target = dossierOf(submission.tenant, declaration);
    if ('code' in target) return { kind: 'refused', dialect, problems: [target] };
    const { dossierId } = target;
    const digest = digestOf(submission.bytes);
    const declarationId = declarationIdOf(submission.tenant, messageId, digest);
    const ruleSet = ruleSetOf(declaration, receivedAt, rules);
    const dueAt = agencyDueAt(receivedAt, ruleSet);
    const dossierCode = dossierCodeOf(dossierId);
    const receipt: UnsignedReceipt = {
      action: purpose,
      agencies: routeOf(declaration, rules).map(({ code, role }) => ({ agency: code, dueAt, role })),
      declarationId,
      dossierCode,
      dossierId,
      messageId,
      receiptId: receiptIdOf(submission.tenant, messageId, digest),
      receivedAt,
      status: 'received',
      warnings,
    };
    const record: DeclarationHeadRecord = {
      tenant: submission.tenant,
      dossierId,
      dossierCode,
      declarationId,
      messageId,
      digest,
      dialect,
      action: purpose,
      receivedAt,
      test: testIndicator === true,
      ruleSet: ruleSet.id,
      declaration,
    };
    return {
      kind: 'prepared',
      dialect,
      resendIsUpdate: read.resendIsUpdate,
      record,
      receipt,
      json: read.json,
      partition: partitionOf(dossierId, partitions),
      warnings,
    };
  }

  private async receive(submission: Submission, prepared: Prepared, startedMs: number): Promise<Received | Refusal> {
    const { log, signer, clock } = this.ports;
    const { record, partition, dialect } = prepared;
    const known = await this.lookUp(submission, prepared);
    if (known.kind !== 'new')
      return known.kind === 'refused'
        ? { kind: 'refused', dialect, problems: [known.problem] }
        : received(prepared, known.receipt, known.receiptJson, true);
    const unsigned = withWarning(prepared.receipt, known.warning);
    const canonical = canonicalJson(unsigned);
    const signature = await signer.signAside(canonical);
    const receipt: Receipt = { ...unsigned, signature };
    // Written once: for the signature, the record, the store and the answer.
    const receiptJson = `${canonical.slice(0, -1)},"signature":${JSON.stringify(signature)}}`;
    const value = recordBytes(record, receiptJson, prepared.json);
    if (value.byteLength > this.ports.maxDeclarationBytes) return { kind: 'refused', dialect, problems: [problem('too-large')] };
    const outgoing: OutgoingRecord[] = [
      {
        topic: 'dossiers',
        partition,
        key: record.dossierId,
        value,
        headers: eventHeaders({
          type: EventType.declaration,
          id: record.declarationId,
          source: '/seaport/intake',
          time: record.receivedAt,
          subject: record.dossierCode,
          traceparent: submission.traceparent,
        }),
      },
    ];
    const { dossierId, declarationId, digest, receivedAt } = record;
    if (this.ports.evidence !== undefined)
      outgoing.push(...this.ports.evidence({ dossierId, declarationId, partition, digest, receivedAt }, submission.bytes));
    const appendMs = clock.monotonicMs();
    try {
      await log.append(outgoing);
    } catch (cause) {
      if (cause instanceof RecordTooLarge) return { kind: 'refused', dialect, problems: [problem('record-too-large')] };
      if (cause instanceof LogUnavailable || cause instanceof LogOutcomeUnknown) throw cause;
      throw new LogOutcomeUnknown('the append failed in an unforeseen way', cause);
    }
    if (!record.test && this.ports.stage !== undefined) {
      this.ports.stage('intake', (appendMs - startedMs) / 1000);
      this.ports.stage('publish', (clock.monotonicMs() - appendMs) / 1000);
    }
    await this.rememberReceipt(submission, prepared, receiptJson, known.isFirst);
    return received(prepared, receipt, receiptJson, false);
  }

  /** What the store knows of this declaration already. Without the store the log decides alone. */
  private async lookUp(submission: Submission, prepared: Prepared): Promise<Known> {
    const { store, partitions } = this.ports;
    const { record, partition, resendIsUpdate } = prepared;
    const { tenant, messageId, dossierId, declarationId, digest } = record;
    const wouldBe = dossierIdOf(tenant, messageId);
    const { imoNumber } = record.declaration.ship ?? {};
    const unLocode = record.declaration.portCall?.portOfCall.unLocode;
    const opens = record.action === 'original' && wouldBe === dossierId && imoNumber !== undefined && unLocode !== undefined;
    const callKey = opens ? keys.openCall(tenant, imoNumber, unLocode) : undefined;
    const idempotencyKey = submission.idempotencyKey === undefined ? undefined : keys.idempotencyKey(tenant, submission.idempotencyKey);
    // An original of its own dossier, the common case, looks in one place.
    const home = wouldBe === dossierId;
    const [own, away, call, guarded] = await Promise.all([
      store.find(partition, [
        keys.firstReceipt(dossierId),
        keys.receipt(dossierId, declarationId),
        keys.state(dossierId),
        ...(home ? [keys.message(wouldBe)] : []),
      ]),
      home ? undefined : store.find(partitionOf(wouldBe, partitions), [keys.message(wouldBe), keys.state(wouldBe)]),
      callKey === undefined ? undefined : store.find(partitionOf(callKey, partitions), [callKey]),
      idempotencyKey === undefined ? undefined : store.find(partitionOf(idempotencyKey, partitions), [idempotencyKey]),
    ]);
    const elsewhere = home ? own?.slice(3) : away;
    for (const value of own?.slice(0, 2) ?? []) {
      if (value === null) continue;
      const receiptJson = value.toString();
      const receipt = JSON.parse(receiptJson) as Receipt;
      if (receipt.declarationId === declarationId) return { kind: 'known', receipt, receiptJson };
    }
    /** As far as the store shows, nothing of this dossier has come before. */
    const isFirst = own === undefined ? home : own[0] == null && own[2] == null;
    const guard = guarded?.[0];
    if (guard != null && guard.toString() !== digest) return refusal('idempotency-key-reused');
    const went = elsewhere?.[0]?.toString();
    // It went to another dossier, or opened one itself.
    if ((went !== undefined && went !== dossierId) || elsewhere?.[1] != null) return refusal('message-id-reused');
    let state = own?.[2];
    if (state === null && !opensDossier(record) && (await store.isCaughtUp(partition))) {
      // The fold may have come past between the first look and the question how far it is.
      state = (await store.find(partition, [keys.state(dossierId)]))?.[0];
      if (state === null) return refusal('reference-unknown');
    }
    if (state != null) {
      const fault = faultAgainst(JSON.parse(state.toString()) as DossierState, record, resendIsUpdate);
      if (fault !== undefined) return refusal(fault);
    }
    const entry = call?.[0]?.toString();
    const open = entry === undefined ? undefined : readOpenCall(entry);
    // The call before this one is over, whatever became of its dossier.
    const isOpen = open !== undefined && open.dossierCode !== record.dossierCode && Date.parse(open.until) > Date.parse(record.receivedAt);
    if (!isOpen) return { kind: 'new', isFirst };
    return {
      kind: 'new',
      isFirst,
      warning: problem(
        'dossier-open',
        { pointer: '/portCall/visitId' },
        {
          en: `A dossier of the same ship and port is open: ${open.dossierCode}. To join it, send this code as portCall.visitId (EPC: JournalNumber).`,
          vi: `Đang có hồ sơ mở cho cùng tàu và cảng: ${open.dossierCode}. Để bổ sung vào hồ sơ đó, gửi mã này ở portCall.visitId (EPC: JournalNumber).`,
        },
        'warning',
      ),
    };
  }

  /** Best effort: the fold writes the same bytes. */
  private async rememberReceipt(submission: Submission, prepared: Prepared, receiptJson: string, isFirst: boolean): Promise<void> {
    const { store, partitions } = this.ports;
    const { dossierId, declarationId, digest, tenant } = prepared.record;
    const receiptKey = isFirst ? keys.firstReceipt(dossierId) : keys.receipt(dossierId, declarationId);
    const writes = [store.remember(prepared.partition, receiptKey, receiptJson)];
    if (submission.idempotencyKey !== undefined) {
      const key = keys.idempotencyKey(tenant, submission.idempotencyKey);
      writes.push(store.remember(partitionOf(key, partitions), key, digest));
    }
    await Promise.all(writes);
  }
}

type Known =
  | { kind: 'new'; warning?: Problem; isFirst: boolean }
  | { kind: 'known'; receipt: Receipt; receiptJson: string }
  | { kind: 'refused'; problem: Problem };

function refusal(code: ProblemCode): Known {
  return { kind: 'refused', problem: problem(code) };
}

function received(prepared: Prepared, receipt: Receipt, receiptJson: string, replayed: boolean): Received {
  return {
    kind: 'received',
    dialect: prepared.dialect,
    messageId: prepared.record.messageId,
    action: prepared.record.action,
    receipt,
    receiptJson,
    replayed,
  };
}

function withWarning(receipt: UnsignedReceipt, warning: Problem | undefined): UnsignedReceipt {
  return warning === undefined ? receipt : { ...receipt, warnings: [...receipt.warnings, warning] };
}

/** The record: what intake knows of the declaration, its receipt, and the declaration as its last member. */
function recordBytes({ declaration: _head, ...rest }: DeclarationHeadRecord, receiptJson: string, declaration: Uint8Array): Buffer {
  const head = `${JSON.stringify(rest).slice(0, -1)},"receipt":${receiptJson},"declaration":`;
  const headBytes = Buffer.byteLength(head);
  const bytes = Buffer.allocUnsafe(headBytes + declaration.byteLength + 1);
  bytes.write(head);
  bytes.set(declaration, headBytes);
  bytes.write('}', bytes.byteLength - 1);
  return bytes;
}

/** The dossier that a declaration opens or goes to; another tenant's code is as unknown as any foreign journal number. */
function dossierOf(tenant: Tenant, declaration: DeclarationHead): { dossierId: string } | Problem {
  const { messageId, referenceMessageId } = declaration.header;
  const named = declaration.portCall?.visitId === undefined ? undefined : dossierIdFromCode(declaration.portCall.visitId);
  const joined = named !== undefined && isDossierOf(tenant, named) ? named : undefined;
  const root = referenceMessageId ?? (joined === undefined ? messageId : undefined);
  const rooted = root === undefined ? undefined : dossierIdOf(tenant, root);
  if (joined !== undefined && rooted !== undefined && joined !== rooted && referenceMessageId !== messageId) {
    return problem('reference-mismatch', { pointer: '/header/referenceMessageId' });
  }
  return { dossierId: joined ?? rooted ?? dossierIdOf(tenant, messageId) };
}
