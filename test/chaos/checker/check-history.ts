import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Fact } from '../../../gateway/core/fold';
import { digestOf } from './digest';
import { Disclosure } from './disclosure';
import { checkDossier, type DossierEntry } from './dossiers';
import { Findings, INVARIANTS, type Harm, type Invariant, type Violation } from './findings';
import type { Answer, History, JournalEntry, LogEntry } from './history';
import { checkMessage, type MessageEntry, type ReceiptMark } from './messages';
import { Offsets } from './offsets';
import { checkPosition, type PositionEntry } from './positions';
import { canonicalText, Signatures } from './signatures';
import { Spill } from './spill';

/**
 * The independent checker: reads a whole history once and judges I1–I12 of guarantees.md. What belongs together is brought together on
 * disk, by message, by dossier and by position in the log; one bucket of it is in memory at a time. It imports nothing of the gateway but
 * types; the verdicts come from test/support/reference-fold.ts.
 */
export interface CheckOptions {
  /** Buckets on disk; default 64. */
  buckets?: number;
  /** Invariants that this history need not have anything of: the others fail where nothing was checked. */
  mayBeEmpty?: readonly Invariant[];
}

export interface CheckReport {
  violations: Violation[];
  /** All, also those that are not listed. */
  violated: Partial<Record<Invariant, number>>;
  harms: Record<Harm, number>;
  /** How much each invariant was held against. */
  checked: Record<Invariant, number>;
  counted: Record<string, number>;
}

type Json = Record<string, unknown>;

const DOSSIER_ID = /^[0-9a-f]{30}/;

export async function checkHistory(history: History, { buckets = 64, mayBeEmpty = [] }: CheckOptions = {}): Promise<CheckReport> {
  const directory = mkdtempSync(path.join(tmpdir(), 'seaport-check-'));
  try {
    return await new Check(history, directory, buckets).run(mayBeEmpty);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

class Check {
  private readonly history: History;
  private readonly findings = new Findings();
  private readonly disclosure: Disclosure;
  private readonly signatures: Signatures;
  private readonly offsets = new Offsets(this.findings);
  private readonly messages: Spill<MessageEntry>;
  private readonly dossiers: Spill<DossierEntry>;
  private readonly positions: Spill<PositionEntry>;
  private readonly feedReaders = new Map<string, Set<string>>();
  private reads = false;

  constructor(history: History, directory: string, buckets: number) {
    this.history = history;
    this.disclosure = new Disclosure(history.about, this.findings);
    this.signatures = new Signatures(history.about.jwks, this.findings);
    this.messages = new Spill(path.join(directory, 'messages'), buckets);
    this.dossiers = new Spill(path.join(directory, 'dossiers'), buckets);
    this.positions = new Spill(path.join(directory, 'positions'), buckets);
  }

  async run(mayBeEmpty: readonly Invariant[]): Promise<CheckReport> {
    const { findings, offsets } = this;
    for (const topic of await this.history.topics()) await this.takeTopic(topic);
    for await (const entry of this.history.journal()) await this.takeEntry(entry);
    for await (const { where, text } of this.history.texts()) this.disclosure.impersonal(where, text);

    for (const [message, entries] of this.messages.groups()) checkMessage(message.replace('\n', ' '), entries, findings);
    const context = {
      about: this.history.about,
      findings,
      reads: this.reads,
      feedReaders: this.feedReaders,
      exit: ({ partition, offset }: { partition: number; offset: number }, setAside: boolean, why: string) =>
        this.positions.add(`dossiers/${partition}/${offset}`, setAside ? { is: 'to-be-set-aside', why } : { is: 'counts', why }),
      unanswered: (position: string, agency: string) => this.positions.add(position, { is: 'unanswered', agency }),
      issued: (partition: number, basis: number, offset: number) => offsets.issue(partition, basis, offset),
    };
    for (const [dossierId, entries] of this.dossiers.groups()) checkDossier(dossierId, entries, context);
    for (const [position, entries] of this.positions.groups()) checkPosition(position, entries, findings);
    offsets.finish();

    for (const invariant of INVARIANTS)
      if (findings.checked[invariant] === 0 && !mayBeEmpty.includes(invariant))
        findings.report(invariant, 'wrong', 'the whole history', 'there was nothing to check');
    const { violations, violated, harms, checked, counted } = findings;
    return { violations, violated, harms, checked, counted };
  }

  // ---------------------------------------------------------------------------------------------------- topics

  private async takeTopic(topic: string): Promise<void> {
    const next = new Map<number, number>();
    for await (const record of this.history.records(topic)) {
      const expected = next.get(record.partition) ?? record.offset;
      if (record.offset !== expected) throw new Error(`the copy of ${topic}/${record.partition} lacks what stands before ${record.offset}`);
      next.set(record.partition, record.offset + 1);
      this.findings.count(`records in ${topic}`);
      this.disclosure.record(record);
      await this.takeRecord(record);
    }
  }

  private async takeRecord(record: LogEntry): Promise<void> {
    const { topic } = record;
    const test = topic.startsWith('test.');
    const [kind, agency] = splitOnce(test ? topic.slice('test.'.length) : topic);
    switch (kind) {
      case 'dossiers':
        return this.takeFact(record);
      case 'requests':
        return this.takeRequest(record, agency, test);
      case 'decisions':
        return this.takeDecision(record, agency, test);
      case 'results':
        return this.takeResult(record, agency);
      case 'clearances':
        return this.takeClearance(record);
      case 'dead-letters':
        return this.takeDeadLetter(record);
    }
  }

  private takeFact(record: LogEntry): void {
    const { partition, offset, value, headers } = record;
    if (headers['ce_type'] === 'vn.seaport.epoch.v1') return;
    const position = positionOf(record);
    this.positions.add(position, { is: 'input', digest: digestOf(value) });
    const fact = factOf(record);
    if (fact === undefined) {
      this.positions.add(position, { is: 'to-be-set-aside', why: 'it cannot be read' });
      return;
    }
    this.dossiers.add(fact.value.dossierId, { is: 'fact', fact });
    if (fact.kind === 'declaration') {
      const { tenant, messageId, digest, receipt } = fact.value;
      this.disclosure.learn(fact.value);
      this.messages.add(`${tenant}\n${messageId}`, { is: 'record', digest, position, receipt: markOf(receipt as unknown as Json) });
    }
    if (fact.kind === 'decision') {
      // The relay names its source: `topic-partition-offset`.
      const source = (headers['ce_id'] ?? '').replace(/-(\d+)-(\d+)$/, '/$1/$2');
      const { agency, test } = fact.value;
      this.positions.add(source, { is: 'relayed', at: `dossiers/${partition}/${offset}`, agency, test });
    }
  }

  private takeRequest(record: LogEntry, agency: string, test: boolean): void {
    const position = positionOf(record);
    this.positions.add(position, { is: 'input', digest: digestOf(record.value) });
    const value = jsonOf(record.value);
    // The gateway's own say what they are, and of which task: what does neither may name a dossier all the same.
    const isForeign = record.headers['ce_type'] === undefined && typeof value?.['taskId'] !== 'string';
    if (value === undefined || typeof value['dossierId'] !== 'string' || isForeign) {
      // Somebody's poison: for whoever reads it to set aside.
      const isRead = test || this.history.about.agencyModes[agency] !== 'backend';
      if (isRead) this.positions.add(position, { is: 'to-be-set-aside', why: 'it is no request' });
      return;
    }
    this.disclosure.view(agency, position, value['view']);
    const { dossierId, taskId, revision, action } = value as { dossierId: string; taskId: string; revision: number; action: string };
    this.dossiers.add(dossierId, { is: 'request', agency, test, position, taskId, revision, action });
  }

  private takeDecision(record: LogEntry, agency: string, test: boolean): void {
    this.positions.add(positionOf(record), { is: 'decision', agency, test, digest: digestOf(record.value) });
    const taskId = jsonOf(record.value)?.['taskId'];
    if (typeof taskId !== 'string') return;
    const dossierId = DOSSIER_ID.exec(taskId)?.[0];
    if (dossierId !== undefined) this.dossiers.add(dossierId, { is: 'decision', agency, taskId });
  }

  private takeResult(record: LogEntry, agency: string): void {
    const value = jsonOf(record.value);
    if (value === undefined || typeof value['dossierId'] !== 'string') return this.findings.count('records in results that are none');
    this.disclosure.result(agency, positionOf(record), value);
    const { dossierId, version, status } = value as { dossierId: string; version: number; status: string };
    this.dossiers.add(dossierId, { is: 'result', agency, version, status });
  }

  private async takeClearance(record: LogEntry): Promise<void> {
    const { partition, offset, value, headers } = record;
    const told = jsonOf(value);
    const dossierId = told?.['dossierId'];
    if (told === undefined || typeof dossierId !== 'string') return this.findings.count('records in clearances that are none');
    if (headers['ce_type'] === 'vn.seaport.declaration-rejected.v1')
      return this.dossiers.add(dossierId, { is: 'rejection', value: told as never });
    await this.signatures.check(positionOf(record), told);
    this.dossiers.add(dossierId, { is: 'clearance', partition, offset, text: value.toString() });
  }

  private takeDeadLetter(record: LogEntry): void {
    const { headers } = record;
    const source = `${headers['source_topic'] ?? ''}/${headers['source_partition'] ?? ''}/${headers['source_offset'] ?? ''}`;
    const letter = { at: positionOf(record), reason: headers['reason'] ?? '', digest: headers['digest'] ?? '' };
    this.positions.add(source, { is: 'dead-letter', ...letter });
  }

  // ---------------------------------------------------------------------------------------------------- journals

  private async takeEntry(entry: JournalEntry): Promise<void> {
    const { disclosure, dossiers, messages } = this;
    switch (entry.kind) {
      case 'attempt': {
        const { attempt, digest, dryRun = false, tenant, messageId } = entry;
        return messages.add(`${tenant}\n${messageId}`, { is: 'attempt', attempt, digest, dryRun });
      }
      case 'answer':
        return this.takeAnswer(entry);
      case 'seen': {
        const { dossierId, observer, version, digest, said } = entry;
        return dossiers.add(dossierId, { is: 'seen', observer, version, digest, said: said === undefined ? '' : `: ${said}` });
      }
      case 'unknown':
        return dossiers.add(entry.dossierId, { is: 'unknown' });
      case 'read': {
        const { tenant, dossierId, version, status, body } = entry;
        this.reads = true;
        disclosure.toTenant(tenant, `the clearance of ${dossierId}`, body);
        return dossiers.add(dossierId, { is: 'read', status, body, ...(version === undefined ? {} : { version }) });
      }
      case 'feed': {
        const { tenant, reader, items } = entry;
        const readers = this.feedReaders.get(tenant) ?? new Set();
        this.feedReaders.set(tenant, readers.add(reader));
        disclosure.toTenant(tenant, 'the feed', JSON.stringify(items));
        for (const { dossierId, id, type, data } of items) dossiers.add(dossierId, { is: 'fed', reader, id, type, data });
        return;
      }
      case 'told': {
        const { to, what, status, body, foreign = false } = entry;
        if (foreign && status === 200) this.findings.report('I10', 'leaked', what, `was given to ${JSON.stringify(to)}`);
        if ('tenant' in to) disclosure.toTenant(to.tenant, what, body);
        else if ('agency' in to && status === 200 && jsonOf(Buffer.from(body))?.['view'] !== undefined) {
          const { view, ...rest } = jsonOf(Buffer.from(body)) as Json;
          disclosure.view(to.agency, what, view);
          return disclosure.impersonal(what, JSON.stringify(rest));
        } else return disclosure.impersonal(what, body);
        if (status >= 400) disclosure.impersonal(what, body);
        return;
      }
      case 'agency': {
        const { agency, taskId, action, test, effect } = entry;
        return dossiers.add(taskId.slice(0, taskId.lastIndexOf('-')), { is: 'call', agency, taskId, action, test, effect });
      }
      case 'decision':
        if (entry.intent === 'genuine')
          this.positions.add(positionOf(entry), { is: 'counts', why: `a genuine decision of ${entry.agency}` });
        else this.positions.add(positionOf(entry), { is: 'to-be-set-aside', why: `forged by ${entry.agency}` });
        return;
      case 'committed':
      case 'reset':
        return this.offsets.sample(entry);
      case 'counted': {
        const { records, applied, duplicates, rejected, deadLettered } = entry;
        this.findings.check('I8');
        const left = applied + duplicates + rejected + deadLettered;
        if (left !== records)
          this.findings.report(
            'I8',
            left < records ? 'lost' : 'doubled',
            'the metrics',
            `${records} records of dossiers, ${left} exits counted`,
          );
      }
    }
  }

  private async takeAnswer({ attempt, tenant, messageId, digest, status, body, atRest = false }: Answer): Promise<void> {
    const what = `the answer to ${attempt}`;
    this.disclosure.toTenant(tenant, what, body);
    if (status >= 400) this.disclosure.impersonal(what, body);
    const receipt = jsonOf(Buffer.from(body));
    const isReceipt = status >= 200 && status < 300 && typeof receipt?.['receiptId'] === 'string';
    if (isReceipt) await this.signatures.check(what, receipt);
    const mark = isReceipt ? { receipt: markOf(receipt) } : {};
    this.messages.add(`${tenant}\n${messageId}`, { is: 'answer', attempt, digest, status, atRest, ...mark });
  }
}

function splitOnce(topic: string): [string, string] {
  const at = topic.indexOf('.');
  return at < 0 ? [topic, ''] : [topic.slice(0, at), topic.slice(at + 1)];
}

function positionOf({ topic, partition, offset }: Pick<LogEntry, 'topic' | 'partition' | 'offset'>): string {
  return `${topic}/${partition}/${offset}`;
}

function jsonOf(bytes: Buffer): Json | undefined {
  try {
    const value = JSON.parse(bytes.toString()) as unknown;
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}

function markOf(receipt: Json): ReceiptMark {
  const { receiptId, dossierId, declarationId } = receipt as Record<'receiptId' | 'dossierId' | 'declarationId', string>;
  return { receiptId, dossierId, declarationId, bytes: digestOf(canonicalText(receipt)) };
}

/** A record of `dossiers` as contract.md §4 has it, or undefined when it is none: then it must be set aside. */
function factOf({ partition, offset, value: bytes, headers }: LogEntry): Fact | undefined {
  const value = jsonOf(bytes);
  const text = (name: string): boolean => typeof value?.[name] === 'string';
  if (value === undefined || !text('dossierId') || !/^[0-9a-f]{30}$/.test(value['dossierId'] as string)) return undefined;
  if (Number.isNaN(Date.parse(value['receivedAt'] as string))) return undefined;
  const position = { partition, offset };
  switch (headers['ce_type']) {
    case 'vn.seaport.declaration.v1':
      return ['tenant', 'messageId', 'digest', 'action'].every(text) && typeof value['declaration'] === 'object'
        ? ({ kind: 'declaration', position, value } as unknown as Fact)
        : undefined;
    case 'vn.seaport.decision.v1':
      return ['taskId', 'agency', 'decisionId', 'outcome'].every(text)
        ? ({ kind: 'decision', position, value } as unknown as Fact)
        : undefined;
    case 'vn.seaport.deadline.v1':
      return ['timer', 'dueAt'].every(text) ? ({ kind: 'deadline', position, value } as unknown as Fact) : undefined;
    default:
      return undefined;
  }
}
