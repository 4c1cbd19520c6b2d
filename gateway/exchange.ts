import type { DossierBody, DossierState } from './core/dossier';
import { canonicalJson } from './core/canonical-json';
import { isoTime } from './core/deadlines';
import { fold, needsBody, type Fact, type FoldResult, type FoldRules } from './core/fold';
import { dossierIdOf, hashOf } from './core/identifiers';
import { EventType, type Clearance, type DeadlineRecord, type DeclarationRecord, type DeclarationRejected, type RelayedDecision } from './core/messages';
import { partitionOf } from './core/partition';
import { IssuedClearances } from './issued-clearances';
import type { Clock } from './ports/clock';
import type { DossierStore, Marker, StoreChange } from './ports/dossier-store';
import type { BatchControl, LogBatch, LogRecord, MessageLog, OutgoingRecord } from './ports/message-log';
import type { Signer } from './ports/signer';
import { eventChanges, indexChanges, indexes, keys, parseTimerMember } from './read-model';
import { eventHeaders } from './wire/event-envelope';

/**
 * Hot path 2: receive, fold, fan out, collect, answer. Reads `dossiers` only. Order of effects per fetched batch (architecture.md §5):
 * apply → append outputs (acks=all) → write the store with compare-and-set on the marker → commit the offset. A crash anywhere replays
 * into the same ids and bytes; what was issued before is taken from `clearances` and signed no second time.
 */
export interface ExchangePorts {
  log: MessageLog;
  store: DossierStore;
  signer: Signer;
  clock: Clock;
  rules: FoldRules;
  partitions: number;
  /** A record that cannot be handled, ready for `dead-letters`. */
  deadLetter(record: LogRecord, reason: string): OutgoingRecord;
  observe: ExchangeObserver;
}

export interface ExchangeObserver {
  folded(result: FoldResult, fact: Fact): void;
  poison(record: LogRecord, reason: string): void;
  voided(count: number): void;
  /** The log is not the one that the store was made from: the store's partition is rebuilt. */
  epochChanged(partition: number): void;
  rebuilding(partition: number, from: number): void;
  stage(stage: 'transit' | 'fold' | 'aggregate', seconds: number): void;
}

/** What one process knows of a partition while it owns it. */
interface Owner {
  marker: Marker;
  /** False until the first commit of a store that had no marker. */
  stored: boolean;
  issued: IssuedClearances;
}

interface Step {
  record: LogRecord;
  fact: Fact;
  before: DossierState | undefined;
  result: FoldResult;
}

export class Exchange {
  private readonly ports: ExchangePorts;
  private readonly owners = new Map<number, Owner>();
  private readonly fired = new Map<string, number>();

  constructor(ports: ExchangePorts) {
    this.ports = ports;
  }

  /** Partitions that this process folds now. */
  ownedPartitions(): number[] {
    return [...this.owners.keys()];
  }

  /** Forget what was known of a partition: somebody else may fold it now. */
  release(partition: number): void {
    this.owners.delete(partition);
  }

  async onBatch(batch: LogBatch, control: BatchControl): Promise<void> {
    const { partition } = batch;
    try {
      const owner = this.owners.get(partition) ?? (await this.takeOver(partition, batch));
      const next = owner.marker.offset + 1;
      const records = batch.records.filter((record) => record.offset >= next);
      const first = records[0];
      if (first === undefined) return;
      if (first.offset > next && next >= (await this.firstKept(partition, next, first.offset))) {
        this.ports.observe.rebuilding(partition, next);
        control.seek(next);
        return;
      }
      await this.apply(owner, partition, records, control);
    } catch (cause) {
      // What was appended before the fault is found again in `clearances`; nothing in memory outlives it.
      this.owners.delete(partition);
      throw cause;
    }
  }

  private async firstKept(partition: number, wanted: number, present: number): Promise<number> {
    if (wanted === present) return wanted;
    return (await this.ports.log.offsets('dossiers'))[partition]?.start ?? 0;
  }

  /** A new owner trusts the store only as far as its marker belongs to this log, and reads what was issued since. */
  private async takeOver(partition: number, batch: LogBatch): Promise<Owner> {
    const { log, store, observe } = this.ports;
    const epoch = await this.epochOf(partition);
    let marker = await store.marker(partition);
    const foreign = marker !== null && ((epoch !== undefined && marker.epoch !== epoch) || marker.offset >= batch.endOffset);
    if (foreign) {
      observe.epochChanged(partition);
      await store.clear(partition);
      marker = null;
    }
    const start = marker ?? { epoch: epoch ?? 'truncated', offset: -1, clearancesOffset: 0 };
    const issued = await IssuedClearances.open(log, partition, start.clearancesOffset);
    const owner = { marker: start, stored: marker !== null, issued };
    this.owners.set(partition, owner);
    return owner;
  }

  /** Identity of the partition: its first record. Undefined once retention has removed it. */
  private async epochOf(partition: number): Promise<string | undefined> {
    let epoch: string | undefined;
    await this.ports.log.read('dossiers', [{ partition, from: 0, to: 1 }], (batch) => {
      for (const record of batch.records) if (record.offset === 0) epoch = hashOf(32, record.headers['ce_id'] ?? '', String(record.timestampMs));
    });
    return epoch;
  }

  private async apply(owner: Owner, partition: number, records: LogRecord[], control: BatchControl): Promise<void> {
    const { log, store, clock, observe } = this.ports;
    const startedMs = clock.monotonicMs();
    const outgoing: OutgoingRecord[] = [];
    const facts = this.readFacts(records, outgoing);
    const states = await this.loadStates(partition, facts);
    const bodies = await this.loadBodies(partition, facts, states);
    const last = records.at(-1) as LogRecord;
    await owner.issued.readTo(last.offset);
    const changes: StoreChange[] = [];
    const steps: Step[] = [];
    const before = new Map(states);
    for (const { record, fact } of facts) {
      const { dossierId } = fact.value;
      const result = fold(states.get(dossierId), fact, bodies.get(dossierId), this.ports.rules);
      steps.push({ record, fact, before: states.get(dossierId), result });
      if (result.state !== undefined) states.set(dossierId, result.state);
      if (result.body !== undefined) bodies.set(dossierId, result.body);
      observe.folded(result, fact);
    }
    observe.stage('fold', (clock.monotonicMs() - startedMs) / 1000);
    const issuing = this.outputsOf(owner, steps, outgoing);
    if (control.isStale()) throw new Error('the partition was taken away');
    const appended = outgoing.length === 0 ? [] : await log.append(outgoing);
    await this.settleIssued(owner, appended, issuing);
    for (const issue of issuing) if (issue.kind === 'clearance') changes.push({ put: keys.clearance(issue.dossierId, issue.version), value: issue.value });
    this.projectSteps(partition, steps, before, states, bodies, changes);
    await this.indexMessages(steps);
    const marker: Marker = { epoch: owner.marker.epoch, offset: last.offset, clearancesOffset: owner.issued.positionAfter(last.offset) };
    const outcome = await store.commit(partition, owner.stored ? owner.marker : null, marker, changes, [...new Set(steps.map((step) => step.fact.value.dossierId))]);
    if (outcome === 'stale') throw new Error(`another process folds partition ${partition}`);
    owner.marker = marker;
    owner.stored = true;
    observe.stage('aggregate', (clock.monotonicMs() - startedMs) / 1000);
  }

  private readFacts(records: LogRecord[], outgoing: OutgoingRecord[]): { record: LogRecord; fact: Fact }[] {
    const facts: { record: LogRecord; fact: Fact }[] = [];
    for (const record of records) {
      if (record.headers['ce_type'] === EventType.epoch) continue;
      const fact = factOf(record);
      if (fact !== undefined) facts.push({ record, fact });
      else {
        this.ports.observe.poison(record, 'poison');
        outgoing.push(this.ports.deadLetter(record, 'poison'));
      }
    }
    return facts;
  }

  private async loadStates(partition: number, facts: { fact: Fact }[]): Promise<Map<string, DossierState>> {
    const ids = [...new Set(facts.map(({ fact }) => fact.value.dossierId))];
    const values = await this.ports.store.getMany(partition, ids.map(keys.state));
    const states = new Map<string, DossierState>();
    ids.forEach((id, i) => {
      const value = values[i];
      if (value != null) states.set(id, JSON.parse(value.toString()) as DossierState);
    });
    return states;
  }

  private async loadBodies(partition: number, facts: { fact: Fact }[], states: Map<string, DossierState>): Promise<Map<string, DossierBody>> {
    const ids = [...new Set(facts.filter(({ fact }) => needsBody(states.get(fact.value.dossierId), fact)).map(({ fact }) => fact.value.dossierId))];
    const bodies = new Map<string, DossierBody>();
    if (ids.length === 0) return bodies;
    const values = await this.ports.store.getMany(partition, ids.map(keys.body));
    ids.forEach((id, i) => {
      const value = values[i];
      if (value != null) bodies.set(id, JSON.parse(value.toString()) as DossierBody);
    });
    return bodies;
  }

  /** Requests, results, clearances, rejections and dead letters of the steps. What was issued before is not appended again. */
  private outputsOf(owner: Owner, steps: Step[], outgoing: OutgoingRecord[]): Issue[] {
    const issuing: Issue[] = [];
    for (const { record, fact, result } of steps) {
      const traceparent = record.headers['traceparent'];
      const { partition } = record;
      const stamp = fact.value.receivedAt;
      const test = result.state?.test ?? false;
      const add = (topic: string, key: string, type: EventType, id: string, subject: string, time: string, value: string): void => {
        outgoing.push({ topic, partition, key, value: Buffer.from(value), headers: eventHeaders({ type, id, source: '/seaport/exchange', time, subject, traceparent }) });
      };
      for (const request of result.requests) {
        const topic = `${test ? 'test.' : ''}requests.${request.agency}`;
        add(topic, request.dossierId, EventType.request, `${request.taskId}-${request.action}`, request.dossierCode, stamp, JSON.stringify(request));
      }
      if (!test) {
        for (const { agency, message } of result.results) {
          add(`results.${agency}`, message.dossierId, EventType.result, `${message.dossierId}-v${message.version}-${agency}`, message.dossierCode, stamp, JSON.stringify(message));
        }
      }
      if (result.clearance !== undefined) issuing.push(this.issueClearance(owner, result.clearance, add));
      if (result.rejected !== undefined) issuing.push(this.issueRejection(owner, result.rejected, add));
      if (result.exit.exit === 'dead-lettered') outgoing.push(this.ports.deadLetter(record, result.exit.reason));
    }
    return issuing;
  }

  private issueClearance(owner: Owner, clearance: Clearance, add: Add): Issue {
    const { dossierId, version } = clearance;
    const issued = owner.issued.take(clearance.clearanceId);
    if (issued !== undefined) return { kind: 'clearance', id: clearance.clearanceId, dossierId, version, value: issued };
    const signature = this.ports.signer.sign(canonicalJson(clearance));
    const value = canonicalJson({ ...clearance, signature });
    add('clearances', dossierId, EventType.clearance, clearance.clearanceId, clearance.dossierCode, clearance.issuedAt ?? '', value);
    return { kind: 'clearance', id: clearance.clearanceId, dossierId, version, value };
  }

  private issueRejection(owner: Owner, rejected: DeclarationRejected, add: Add): Issue {
    const id = `${rejected.declarationId}-rejected-${rejected.basis.offset}`;
    const value = canonicalJson(rejected);
    if (owner.issued.take(id) === undefined) add('clearances', rejected.dossierId, EventType.rejected, id, rejected.dossierCode, rejected.receivedAt, value);
    return { kind: 'rejection', id, dossierId: rejected.dossierId, version: 0, value };
  }

  /**
   * Compares the offsets returned for `clearances` with those expected. Where another owner wrote in between, the first record of a
   * (dossier, version) is that version; ours is void and counted.
   */
  private async settleIssued(owner: Owner, appended: { topic: string; offset: number }[], issuing: Issue[]): Promise<void> {
    const ours = appended.filter((position) => position.topic === 'clearances').map((position) => position.offset);
    const voided = await owner.issued.settle(ours, issuing);
    if (voided > 0) this.ports.observe.voided(voided);
  }

  private projectSteps(
    partition: number,
    steps: Step[],
    before: Map<string, DossierState>,
    after: Map<string, DossierState>,
    bodies: Map<string, DossierBody>,
    changes: StoreChange[],
  ): void {
    const touched = new Set<string>();
    const rebodied = new Set<string>();
    for (const { record, fact, result } of steps) {
      const { dossierId } = fact.value;
      if (result.state !== undefined && result.exit.exit !== 'duplicate') touched.add(dossierId);
      if (result.body !== undefined) rebodied.add(dossierId);
      const dossier = result.state ?? (fact.kind === 'declaration' ? fact.value : undefined);
      if (dossier !== undefined && result.events.length > 0) changes.push(...eventChanges(dossier, result.events, { partition, offset: record.offset }));
      if (fact.kind === 'declaration' && result.exit.exit !== 'duplicate') {
        const { messageId, digest, receipt } = fact.value;
        const value = JSON.stringify(receipt);
        changes.push({ put: keys.receipt(dossierId, messageId, digest), value }, { put: keys.anyReceipt(dossierId), value });
        if (result.rejected !== undefined && result.state === undefined) changes.push({ put: keys.rejection(dossierId), value: JSON.stringify(result.rejected) });
      }
    }
    for (const dossierId of touched) {
      const state = after.get(dossierId);
      if (state === undefined) continue;
      changes.push({ put: keys.state(dossierId), value: JSON.stringify(state) }, ...indexChanges(before.get(dossierId), state));
    }
    for (const dossierId of rebodied) changes.push({ put: keys.body(dossierId), value: JSON.stringify(bodies.get(dossierId)) });
  }

  /** What intake looks up in other partitions: where a message id went that opened no dossier, and the open dossier of a ship's call. */
  private async indexMessages(steps: Step[]): Promise<void> {
    const writes = new Map<number, StoreChange[]>();
    const put = (partition: number, change: StoreChange): void => void writes.set(partition, [...(writes.get(partition) ?? []), change]);
    for (const { fact, before, result } of steps) {
      if (fact.kind !== 'declaration' || result.exit.exit !== 'applied' || result.state === undefined) continue;
      const { tenant, messageId, dossierId } = fact.value;
      const wouldBe = dossierIdOf(tenant, messageId);
      if (wouldBe !== dossierId) put(partitionOf(wouldBe, this.ports.partitions), { put: keys.message(wouldBe), value: dossierId });
      const { imoNumber, unLocode } = result.state.index;
      if (imoNumber === undefined || unLocode === undefined || (before !== undefined && !result.state.cancelled)) continue;
      const key = keys.openCall(tenant, imoNumber, unLocode);
      put(partitionOf(key, this.ports.partitions), result.state.cancelled ? { remove: key } : { put: key, value: result.state.dossierCode });
    }
    await Promise.all([...writes].map(([partition, changes]) => this.ports.store.write(partition, changes)));
  }

  /**
   * Logs the deadlines that have passed, of partitions that were read to their end since then: silence is known only where everything
   * that was said before has been heard. The event's id is deterministic, so a repeat is a duplicate.
   */
  async fireDeadlines(): Promise<void> {
    const { log, store, clock, partitions } = this.ports;
    const nowMs = clock.nowMs();
    const due: { partition: number; member: string; dueMs: number }[] = [];
    for (const partition of this.owners.keys()) {
      for (const entry of await store.range(partition, indexes.timers, { max: nowMs, limit: 500 })) due.push({ partition, member: entry.member, dueMs: entry.score });
    }
    for (const [key, atMs] of this.fired) if (atMs < nowMs - 60_000) this.fired.delete(key);
    const fresh = due.filter(({ member, dueMs }) => !this.fired.has(`${member}@${dueMs}`));
    if (fresh.length === 0) return;
    const ends = await log.offsets('dossiers');
    const outgoing: OutgoingRecord[] = [];
    for (const { partition, member, dueMs } of fresh) {
      const owner = this.owners.get(partition);
      if (owner === undefined || owner.marker.offset + 1 < (ends[partition]?.end ?? Infinity)) continue;
      const { dossierId, timer } = parseTimerMember(member);
      const dueAt = isoTime(dueMs);
      const value: DeadlineRecord = { deadlineId: hashOf(32, 'deadline', dossierId, timer, dueAt), dossierId, timer, dueAt, receivedAt: isoTime(nowMs) };
      outgoing.push({
        topic: 'dossiers',
        partition: partition % partitions,
        key: dossierId,
        value: Buffer.from(JSON.stringify(value)),
        headers: eventHeaders({ type: EventType.deadline, id: value.deadlineId, source: '/seaport/exchange', time: value.receivedAt, subject: dossierId, traceparent: undefined }),
      });
      this.fired.set(`${member}@${dueMs}`, nowMs);
    }
    if (outgoing.length > 0) await log.append(outgoing);
  }
}

type Add = (topic: string, key: string, type: EventType, id: string, subject: string, time: string, value: string) => void;

/** Something issued in `clearances`: now, or before (then `value` is what was issued). */
export interface Issue {
  kind: 'clearance' | 'rejection';
  id: string;
  dossierId: string;
  version: number;
  value: string;
}

/** A record of `dossiers` as a fact, or undefined when it is none: poison. Intake and relay validated what they appended. */
function factOf(record: LogRecord): Fact | undefined {
  const position = { partition: record.partition, offset: record.offset };
  try {
    const value = JSON.parse(record.value.toString()) as { dossierId?: unknown; receivedAt?: unknown };
    if (value === null || typeof value.dossierId !== 'string' || typeof value.receivedAt !== 'string') return undefined;
    switch (record.headers['ce_type']) {
      case EventType.declaration:
        return isDeclarationRecord(value) ? { kind: 'declaration', position, value } : undefined;
      case EventType.decision:
        return { kind: 'decision', position, value: value as unknown as RelayedDecision };
      case EventType.deadline:
        return { kind: 'deadline', position, value: value as unknown as DeadlineRecord };
      default:
        return undefined;
    }
  } catch {
    return undefined;
  }
}

function isDeclarationRecord(value: object): value is DeclarationRecord {
  const record = value as Partial<DeclarationRecord>;
  return typeof record.tenant === 'string' && typeof record.messageId === 'string' && typeof record.digest === 'string' && typeof record.declaration?.header === 'object';
}
