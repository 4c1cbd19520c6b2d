import { isAscii } from 'node:buffer';
import { canonicalJson } from './core/canonical-json';
import { withIssuedVersion } from './core/clearance';
import { isoTime } from './core/deadlines';
import type { DossierBody, DossierState } from './core/dossier';
import {
  clearanceEvent,
  fold,
  needsBody,
  timersOf,
  type Exit,
  type Fact,
  type FoldResult,
  type FoldRules,
  type Position,
} from './core/fold';
import { dossierIdOf, hashOf, isDossierId, type DossierId } from './core/identifiers';
import {
  DeclarationAction,
  DecisionOutcome,
  EventType,
  type Clearance,
  type DeadlineRecord,
  type DeclarationRecord,
  type DeclarationRejected,
  type ErasureRecord,
  type RelayedDecision,
  type ResultMessage,
} from './core/messages';
import { partitionOf } from './core/partition';
import { RuleSetUnknown } from './core/rule-set';
import { FewAtOnce } from './few-at-once';
import { IssuedClearances, rejectionIdOf, type Issue } from './issued-clearances';
import type { Clock } from './ports/clock';
import type { DossierStore, Marker, StoreChange } from './ports/dossier-store';
import type { AppendedPosition, BatchControl, LogBatch, LogRecord, MessageLog, OutgoingRecord } from './ports/message-log';
import type { Signer } from './ports/signer';
import { feedChange, historyLine, indexChanges, indexes, keys, openCallOf, READ_MODEL_LAYOUT, readOpenCall } from './read-model';
import { requestRecord } from './request-record';
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
  /** Whether `results.<agency>` is written; true where it is not given. */
  results?: boolean;
  /** The group that reads `dossiers`; 'exchange' without a prefix. */
  group?: string;
  /** A record that cannot be handled, ready for `dead-letters`. */
  deadLetter(record: LogRecord, reason: string): OutgoingRecord;
  observe: ExchangeObserver;
}

export interface ExchangeObserver {
  /**
   * Once the store holds it.
   * @param again the group had committed the record before; the store is being made anew
   */
  folded(outcome: Outcome, again: boolean): void;
  poison(record: LogRecord, reason: string): void;
  voided(count: number): void;
  /** What was issued before is not what this build and configuration would issue: the issued one stands. */
  differed?(count: number): void;
  /** The log, or the store's layout, is not the one that the store was made by: the store's partition is rebuilt. */
  epochChanged(partition: number): void;
  rebuilding(partition: number, from: number): void;
  stage(stage: 'transit' | 'fold', seconds: number): void;
}

/** What one process knows of a partition while it owns it. */
interface Owner {
  marker: Marker;
  /** False until the first commit of a store that had no marker. */
  stored: boolean;
  issued: IssuedClearances;
  /**
   * Offset after the last record that the group had committed at the take-over, or that this process had folded: what was issued up to
   * there is all in `clearances`.
   */
  committed: number;
  /** States as they were committed last, of the dossiers touched last that await something: a decision follows its declaration within moments. */
  states: Map<string, DossierState>;
  /** What happened in these, as it was committed last. */
  histories: Map<string, string>;
  /** Until this offset is folded the store shows dossiers as they once were: reads are told (`keys.rebuilding`). */
  rebuildsTo: number | undefined;
}

/** A version's signed bytes; `issued` where they were issued before. */
interface Version {
  issued: Buffer | undefined;
  value: Buffer;
}

interface Step {
  record: LogRecord;
  fact: Fact;
  before: DossierState | undefined;
  result: FoldResult;
}

/** What is left of a batch's records once they are folded. */
interface Work {
  outgoing: OutgoingRecord[];
  issuing: Issue[];
  changes: StoreChange[];
  openings: Opening[];
  outcomes: Outcome[];
  poisoned: LogRecord[];
  /** Issued versions that say something else than the fold of today. */
  differed: number;
  states: Map<string, DossierState>;
  histories: Map<string, string>;
}

/** What an applied declaration means for what intake looks up. */
interface Opening {
  dossierId: DossierId;
  dossierCode: string;
  /** The dossier that its message id would have opened. */
  wouldBe: DossierId;
  isFirst: boolean;
  /** The open call before and after it. */
  was: ReturnType<typeof openCallOf>;
  now: ReturnType<typeof openCallOf>;
}

/** What a record did. */
export interface Outcome {
  kind: Fact['kind'];
  position: Position;
  dossierId: DossierId;
  receivedAt: string;
  test: boolean;
  exit: Exit;
  /** Of the dossier after it. */
  state: DossierState | undefined;
  decision?: RelayedDecision;
  /** The version that it caused. */
  issued?: Pick<Clearance, 'status' | 'version'>;
}

/** Records folded at a time where the exchange reads by itself. */
const CATCH_UP_RECORDS = 1_000;
/** States kept in memory for each partition, about 10 kB each with what happened; final ones are not kept. */
const KEPT_STATES = 2_000;
/** Lost answers remembered for each partition; what they hold of is in memory so long. */
const KEPT_UNTOLD = 8;
/** While one waits for the log or the store another is folded; with more, what they hold outlives collections of young objects. */
const BATCHES_AT_ONCE = 2;
/** A partition whose log or store does not answer holds up the others for so long. */
const BATCH_PATIENCE_MS = 200;
/** Dossiers in which something is due looked at in one partition at a time. */
const DUE_AT_ONCE = 500;
/** A deadline that was logged and not folded within this time is logged again: a repeat is a duplicate. */
const FIRE_AGAIN_MS = 60_000;

export class Exchange {
  private readonly ports: ExchangePorts;
  private readonly owners = new Map<number, Owner>();
  private readonly assigned = new Set<number>();
  private readonly batches = new FewAtOnce(BATCHES_AT_ONCE, BATCH_PATIENCE_MS);
  /** Last work on each partition: a batch and the tending of an idle partition take turns. */
  private readonly turns = new Map<number, Promise<void>>();
  /** Per partition: an end of the log, when it was seen, and up to when everything said has been folded. */
  private readonly horizons = new Map<number, { atMs: number; end: number; heardMs: number }>();
  private readonly fired = new Map<string, number>();
  /** Per partition: offset after the last record folded here. The group's commit follows a little later. */
  private readonly folded = new Map<number, number>();
  /** Per partition: commits whose answer was lost, by the offset of the marker each would leave: what is to be told of the one that holds. */
  private readonly untold = new Map<number, Map<number, () => void>>();

  constructor(ports: ExchangePorts) {
    this.ports = ports;
  }

  /** Partitions that this process folds now. */
  ownedPartitions(): number[] {
    return [...this.owners.keys()];
  }

  /**
   * Partitions given to this process. They are taken over at the next fireDeadlines() even if no record comes: silence must be told in a
   * partition where nobody speaks, and a store that lost one is rebuilt without waiting for a declaration.
   */
  assign(partitions: readonly number[]): void {
    for (const partition of partitions) this.assigned.add(partition);
  }

  /** Forget what was known of a partition: somebody else may fold it now. */
  release(partition: number): void {
    this.assigned.delete(partition);
    this.owners.delete(partition);
    this.horizons.delete(partition);
    this.folded.delete(partition);
    this.untold.delete(partition);
  }

  onBatch(batch: LogBatch, control: BatchControl): Promise<void> {
    return this.inTurn(batch.partition, () => this.batches.run(() => this.takeBatch(batch, control)));
  }

  private async inTurn(partition: number, work: () => Promise<void>): Promise<void> {
    const mine = (this.turns.get(partition) ?? Promise.resolve()).then(work);
    const settled = mine.catch(() => undefined);
    this.turns.set(partition, settled);
    try {
      await mine;
    } finally {
      if (this.turns.get(partition) === settled) this.turns.delete(partition);
    }
  }

  private async takeBatch(batch: LogBatch, control: BatchControl): Promise<void> {
    const { partition } = batch;
    try {
      const owner = this.owners.get(partition) ?? (await this.takeOver(partition, batch.endOffset));
      const next = owner.marker.offset + 1;
      const records = batch.records.filter((record) => record.offset >= next);
      const first = records[0];
      if (first === undefined) return;
      // The store is behind what it was: a piece of what it lacks, then this batch again. So the group's offset never falls.
      if (first.offset > next && (await this.foldBetween(owner, partition, first.offset, control))) return control.seek(first.offset);
      await this.apply(owner, partition, records, control);
    } catch (cause) {
      // What was appended before the fault is found again in `clearances`; nothing in memory outlives it.
      this.owners.delete(partition);
      throw cause;
    }
  }

  private async endsOf(partition: number): Promise<{ start: number; end: number }> {
    return (await this.ports.log.offsets('dossiers')).find((entry) => entry.partition === partition) ?? { start: 0, end: 0 };
  }

  private async committedOf(partition: number): Promise<number> {
    const committed = await this.ports.log.committed(this.ports.group ?? 'exchange', 'dossiers');
    return committed.find((entry) => entry.partition === partition)?.offset ?? -1;
  }

  /** A new owner trusts the store only as far as its marker belongs to this log, and reads what was issued since. */
  private async takeOver(partition: number, endOffset: number): Promise<Owner> {
    const { log, store, observe } = this.ports;
    const first = await this.identityAt(partition, 0);
    let marker = await store.marker(partition);
    if (marker !== null && !(await this.isOfThisLog(partition, marker, first, endOffset))) {
      observe.epochChanged(partition);
      await store.clear(partition);
      this.folded.delete(partition);
      marker = null;
    }
    // The answer to our commit was lost, and it holds; or does not yet: it may still be on its way, and make our next one stale.
    const tellOfHeld = this.untold.get(partition)?.get(marker?.offset ?? -1);
    if (tellOfHeld !== undefined) this.untold.delete(partition);
    tellOfHeld?.();
    const start = marker ?? { epoch: first ?? 'truncated', offset: -1, clearancesOffset: 0 };
    const issued = await IssuedClearances.open(log, partition, start.clearancesOffset);
    const committed = Math.max(await this.committedOf(partition), this.folded.get(partition) ?? -1);
    const rebuildsTo = start.offset + 1 < Math.min(committed, endOffset) ? Math.min(committed, endOffset) : undefined;
    const mark: StoreChange = rebuildsTo === undefined ? { remove: keys.rebuilding } : { put: keys.rebuilding, value: String(rebuildsTo) };
    await store.write(partition, [mark]);
    const owner = {
      marker: start,
      stored: marker !== null,
      issued,
      states: new Map<string, DossierState>(),
      histories: new Map<string, string>(),
      committed,
      rebuildsTo,
    };
    this.owners.set(partition, owner);
    return owner;
  }

  /**
   * Whether the store was made from this log, by the partition's first record and the one folded last: a log that was brought back from
   * a back-up has the one, and may have grown past the other. What retention has removed is not compared.
   */
  private async isOfThisLog(partition: number, marker: Marker, first: string | undefined, endOffset: number): Promise<boolean> {
    if (marker.offset >= endOffset) return false;
    const [madeFrom, foldedLast] = marker.epoch.split(' ');
    if (first !== undefined && madeFrom !== first) return false;
    const last = foldedLast === undefined ? undefined : await this.identityAt(partition, marker.offset);
    return last === undefined || foldedLast === last;
  }

  /** Identity of a record of `dossiers`; undefined where there is none. */
  private async identityAt(partition: number, offset: number): Promise<string | undefined> {
    let identity: string | undefined;
    await this.ports.log.read('dossiers', [{ partition, from: offset, to: offset + 1 }], ({ records }) => {
      for (const record of records) if (record.offset === offset) identity = identityOf(record);
    });
    return identity;
  }

  /**
   * One batch, from fold to commit. What waits for the log and the store is as little as can be: a batch's declarations, views and
   * requests are many times its bytes, and whatever is alive is copied by each collection of young objects.
   */
  private async apply(owner: Owner, partition: number, records: LogRecord[], control: BatchControl): Promise<void> {
    const { log, store, clock, observe } = this.ports;
    const cameMs = clock.nowMs();
    const lastRecord = records.at(-1) as LogRecord;
    const last = lastRecord.offset;
    const epoch = `${owner.marker.epoch.split(' ', 1)[0] ?? ''} ${identityOf(lastRecord)}`;
    const { outgoing, issuing, changes, openings, outcomes, poisoned, differed, states, histories } = await this.workOf(
      owner,
      partition,
      records,
    );
    if (control.isStale()) throw new Error('the partition was taken away');
    await control.heartbeat();
    const appended = outgoing.length === 0 ? [] : await log.append(outgoing);
    const voided = await settleIssued(owner, outgoing, appended, issuing);
    for (const issue of issuing)
      if (issue.kind === 'clearance') changes.push({ put: keys.clearance(issue.dossierId, issue.version), value: issue.value });
    await this.indexMessages(openings);
    if (control.isStale()) throw new Error('the partition was taken away');
    const marker: Marker = { epoch, offset: last, clearancesOffset: owner.issued.positionAfter(last) };
    const isRebuilt = owner.rebuildsTo !== undefined && last + 1 >= owner.rebuildsTo;
    if (isRebuilt) changes.push({ remove: keys.rebuilding });
    // Counted once it holds: what a fault undid is folded again.
    const tell = (): void => {
      this.folded.set(partition, Math.max(last + 1, this.folded.get(partition) ?? 0));
      for (const record of poisoned) if (record.offset >= owner.committed) observe.poison(record, 'poison');
      for (const outcome of outcomes) {
        const again = outcome.position.offset < owner.committed;
        // Stamped by another process, whose clock may be ahead.
        if (!again && outcome.kind === 'declaration' && !outcome.test)
          observe.stage('transit', Math.max(0, cameMs - Date.parse(outcome.receivedAt)) / 1000);
        observe.folded(outcome, again);
      }
      if (voided > 0) observe.voided(voided);
      if (differed > 0) observe.differed?.(differed);
    };
    const hints = [...new Set(outcomes.map(({ dossierId }) => dossierId))];
    const outcome = await store.commit(partition, owner.stored ? owner.marker : null, marker, changes, hints).catch((cause: unknown) => {
      if (this.owners.get(partition) === owner) this.keepUntold(partition, last, tell);
      throw cause;
    });
    if (outcome === 'stale') throw new NotHeld(partition);
    // Of all that began at one marker one holds.
    this.untold.delete(partition);
    owner.marker = marker;
    owner.stored = true;
    if (isRebuilt) owner.rebuildsTo = undefined;
    keepStates(owner, states, histories);
    tell();
  }

  /** Folds the records, signs, and makes what is to be appended and written of it. */
  private async workOf(owner: Owner, partition: number, records: LogRecord[]): Promise<Work> {
    const { clock, observe, rules } = this.ports;
    const startedMs = clock.monotonicMs();
    const outgoing: OutgoingRecord[] = [];
    const poisoned: LogRecord[] = [];
    const facts = readFacts(records, poisoned);
    const { states, histories } = await this.loadStates(owner, partition, facts);
    const bodies = await this.loadBodies(partition, facts, states);
    await owner.issued.readTo((records.at(-1) as LogRecord).offset);
    const changes: StoreChange[] = [];
    const issuing: Issue[] = [];
    const steps: Step[] = [];
    const before = new Map(states);
    let differed = 0;
    for (const { record, fact } of facts) {
      const { dossierId } = fact.value;
      const folded = foldOrPoison(states.get(dossierId), fact, bodies.get(dossierId), rules);
      if (folded === undefined) {
        poisoned.push(record);
        continue;
      }
      const { result, differs } = this.asIssued(owner, record.offset, states.get(dossierId), folded, issuing);
      if (differs) differed++;
      steps.push({ record, fact, before: states.get(dossierId), result });
      if (result.state !== undefined) states.set(dossierId, result.state);
      if (result.body !== undefined) bodies.set(dossierId, result.body);
    }
    observe.stage('fold', (clock.monotonicMs() - startedMs) / 1000);
    for (const record of poisoned) if (record.offset >= owner.committed) outgoing.push(this.ports.deadLetter(record, 'poison'));
    const [versions] = await Promise.all([this.signedVersions(owner, steps), this.assertHeld(owner, partition)]);
    differed += this.outputsOf(owner, steps, outgoing, issuing, versions);
    this.projectSteps(steps, before, states, bodies, histories, changes);
    const outcomes = steps.map(outcomeOf);
    return { outgoing, issuing, changes, openings: openingsOf(steps), outcomes, poisoned, differed, states, histories };
  }

  private keepUntold(partition: number, offset: number, tell: () => void): void {
    const untold = this.untold.get(partition) ?? new Map<number, () => void>();
    untold.delete(offset);
    untold.set(offset, tell);
    for (const oldest of untold.keys()) if (untold.size > KEPT_UNTOLD) untold.delete(oldest);
    this.untold.set(partition, untold);
  }

  /**
   * Issued is issued: for a record that was folded before, `clearances` says which version it caused, if any, and not the fold of today,
   * which may be another build or configuration. So a rebuild signs nothing, and the numbers of versions stay.
   */
  private asIssued(
    owner: Owner,
    offset: number,
    before: DossierState | undefined,
    result: FoldResult,
    issuing: Issue[],
  ): { result: FoldResult; differs: boolean } {
    const { state, clearance, ...rest } = result;
    if (state === undefined) return { result, differs: false };
    if (clearance !== undefined && owner.issued.holdsOnly(clearance.clearanceId, offset)) return { result, differs: false };
    const version = before?.version ?? 0;
    const found = owner.issued.issuedFor(offset).map((value) => ({ value, issued: JSON.parse(value.toString()) as Clearance }));
    const standing = found.find(({ issued }) => issued.dossierId === state.dossierId && issued.version > version);
    if (standing === undefined && (clearance === undefined || offset >= owner.committed)) return { result, differs: false };
    if (standing !== undefined && clearance?.version === standing.issued.version) return { result, differs: false };
    const events = result.events.filter(({ type }) => type !== 'clearance');
    if (standing === undefined) {
      const { issuedAt: _issuedAt, ...unissued } = state;
      const kept = { ...unissued, version, ...(before?.issuedAt === undefined ? {} : { issuedAt: before.issuedAt }) };
      return { result: { ...rest, state: kept, results: [], events }, differs: true };
    }
    const { value, issued } = standing;
    owner.issued.take(issued.clearanceId);
    issuing.push({ kind: 'clearance', id: issued.clearanceId, dossierId: issued.dossierId, version: issued.version, value });
    const stood = withIssuedVersion(state, issued, this.ports.rules);
    return {
      result: { ...rest, state: stood, results: [], events: [...events, clearanceEvent(issued, issued.issuedAt ?? state.asOf)] },
      differs: true,
    };
  }

  /**
   * What was read from the store is of the marker that the owner holds. A store that was emptied meanwhile, or that somebody else folds,
   * would have a dossier be unknown, and what follows from that would be in the log before the commit is refused.
   */
  private async assertHeld(owner: Owner, partition: number): Promise<void> {
    const offset = (await this.ports.store.marker(partition))?.offset;
    if (offset !== (owner.stored ? owner.marker.offset : undefined)) throw new NotHeld(partition);
  }

  /** States of the dossiers, and what has happened in them, as the store holds both. */
  private async loadStates(
    owner: Owner,
    partition: number,
    facts: { fact: Fact }[],
  ): Promise<{ states: Map<string, DossierState>; histories: Map<string, string> }> {
    const states = new Map<string, DossierState>();
    const histories = new Map<string, string>();
    const ids: string[] = [];
    for (const id of new Set(facts.map(({ fact }) => fact.value.dossierId))) {
      const kept = owner.states.get(id);
      if (kept === undefined) ids.push(id);
      else {
        states.set(id, kept);
        histories.set(id, owner.histories.get(id) ?? '');
      }
    }
    if (ids.length === 0) return { states, histories };
    const values = await this.ports.store.getMany(partition, [...ids.map(keys.state), ...ids.map(keys.events)]);
    ids.forEach((id, i) => {
      const state = values[i];
      if (state != null) states.set(id, JSON.parse(state.toString()) as DossierState);
      histories.set(id, values[ids.length + i]?.toString() ?? '');
    });
    return { states, histories };
  }

  private async loadBodies(
    partition: number,
    facts: { fact: Fact }[],
    states: Map<string, DossierState>,
  ): Promise<Map<string, DossierBody>> {
    const ids = [
      ...new Set(facts.filter(({ fact }) => needsBody(states.get(fact.value.dossierId), fact)).map(({ fact }) => fact.value.dossierId)),
    ];
    const bodies = new Map<string, DossierBody>();
    if (ids.length === 0) return bodies;
    const values = await this.ports.store.getMany(partition, ids.map(keys.body));
    ids.forEach((id, i) => {
      const value = values[i];
      if (value != null) bodies.set(id, JSON.parse(value.toString()) as DossierBody);
    });
    return bodies;
  }

  /**
   * Requests, results, clearances, rejections and dead letters of the steps. What was issued before is not appended again, and nothing
   * of records that the group has committed: that came after their append. Returns how many issued versions say something else than the
   * fold of today.
   */
  private outputsOf(
    owner: Owner,
    steps: Step[],
    outgoing: OutgoingRecord[],
    issuing: Issue[],
    versions: ReadonlyMap<Clearance, Version>,
  ): number {
    let differed = 0;
    for (const { record, fact, result } of steps) {
      const isSent = record.offset < owner.committed;
      const traceparent = record.headers['traceparent'];
      const { partition } = record;
      const stamp = fact.value.receivedAt;
      const test = result.state?.test ?? false;
      const add = (topic: string, key: string, type: EventType, id: string, subject: string, time: string, value: Buffer): void => {
        outgoing.push({
          topic,
          partition,
          key,
          value,
          headers: eventHeaders({ type, id, source: '/seaport/exchange', time, subject, traceparent }),
        });
      };
      for (const request of isSent ? [] : result.requests)
        outgoing.push(requestRecord(request, this.ports.rules, { partition, time: stamp, traceparent }));
      if (!test && !isSent && this.ports.results !== false) {
        const values = new Map<ResultMessage, Buffer>();
        for (const { agency, message } of result.results) {
          const value = values.get(message) ?? Buffer.from(JSON.stringify(message));
          values.set(message, value);
          const id = `${message.dossierId}-v${message.version}-${agency}`;
          add(`results.${agency}`, message.dossierId, EventType.result, id, message.dossierCode, stamp, value);
        }
      }
      const version = result.clearance === undefined ? undefined : versions.get(result.clearance);
      if (result.clearance !== undefined && version !== undefined) {
        const { issue, differs } = this.issueClearance(result.clearance, version, add);
        issuing.push(issue);
        if (differs) differed++;
      }
      if (result.rejected !== undefined) issuing.push(this.issueRejection(owner, result.rejected, add));
      if (result.exit.exit === 'dead-lettered' && !isSent) outgoing.push(this.ports.deadLetter(record, result.exit.reason));
    }
    return differed;
  }

  /** The bytes of each version of the steps: as issued before, or signed now, all of a batch at a time and beside the event loop. */
  private async signedVersions(owner: Owner, steps: readonly Step[]): Promise<Map<Clearance, Version>> {
    const versions = new Map<Clearance, Version>();
    await Promise.all(
      steps.map(async ({ result: { clearance } }) => {
        if (clearance === undefined) return;
        const issued = owner.issued.take(clearance.clearanceId);
        versions.set(clearance, { issued, value: issued ?? (await signedBytes(clearance, this.ports.signer)) });
      }),
    );
    return versions;
  }

  private issueClearance(clearance: Clearance, { issued, value }: Version, add: Add): { issue: Issue; differs: boolean } {
    const { dossierId, version, clearanceId: id } = clearance;
    const issue: Issue = { kind: 'clearance', id, dossierId, version, value };
    if (issued !== undefined) return { issue, differs: !isSame(issued, clearance) };
    add('clearances', dossierId, EventType.clearance, id, clearance.dossierCode, clearance.issuedAt ?? '', value);
    return { issue, differs: false };
  }

  private issueRejection(owner: Owner, rejected: DeclarationRejected, add: Add): Issue {
    const id = rejectionIdOf(rejected.declarationId, rejected.basis.offset);
    const value = Buffer.from(canonicalJson(rejected));
    if (owner.issued.take(id) === undefined)
      add('clearances', rejected.dossierId, EventType.rejected, id, rejected.dossierCode, rejected.receivedAt, value);
    return { kind: 'rejection', id, dossierId: rejected.dossierId, version: 0, value };
  }

  private projectSteps(
    steps: Step[],
    before: Map<string, DossierState>,
    after: Map<string, DossierState>,
    bodies: Map<string, DossierBody>,
    histories: Map<string, string>,
    changes: StoreChange[],
  ): void {
    const touched = new Set<string>();
    const told = new Set<string>();
    /** Serialised body by dossier; undefined where the merged one is to be. */
    const rebodied = new Map<string, Buffer | undefined>();
    for (const { record, fact, before, result } of steps) {
      const { dossierId } = fact.value;
      if (result.state !== undefined && result.exit.exit !== 'duplicate') touched.add(dossierId);
      if (result.body !== undefined) {
        const asItCame = fact.kind === 'declaration' && result.body === fact.value.declaration;
        rebodied.set(dossierId, asItCame ? memberText(record, fact.value, 'declaration') : undefined);
      }
      const dossier = result.state ?? (fact.kind === 'declaration' ? fact.value : undefined);
      if (dossier !== undefined && result.events.length > 0) {
        told.add(dossierId);
        histories.set(dossierId, (histories.get(dossierId) ?? '') + historyLine(record.offset, result.events));
        changes.push(feedChange(dossier, record.offset));
      }
      if (fact.kind === 'declaration' && result.exit.exit !== 'duplicate') {
        const { declarationId, receipt } = fact.value;
        const value = memberText(record, fact.value, 'receipt', 'declaration') ?? JSON.stringify(receipt);
        if (before === undefined) changes.push({ put: keys.firstReceipt(dossierId), value });
        // A refused one opens nothing: another may become the first.
        if (before !== undefined || result.state === undefined) changes.push({ put: keys.receipt(dossierId, declarationId), value });
        if (result.rejected !== undefined && result.state === undefined)
          changes.push({ put: keys.rejection(dossierId), value: canonicalJson(result.rejected) });
      }
    }
    for (const dossierId of touched) {
      const state = after.get(dossierId);
      if (state === undefined) continue;
      changes.push({ put: keys.state(dossierId), value: JSON.stringify(state) }, ...indexChanges(before.get(dossierId), state));
    }
    for (const dossierId of told) changes.push({ put: keys.events(dossierId), value: histories.get(dossierId) ?? '' });
    for (const { fact, result } of steps) {
      if (fact.kind !== 'erasure' || result.exit.exit !== 'applied') continue;
      const { dossierId } = fact.value;
      rebodied.delete(dossierId);
      changes.push({ remove: keys.body(dossierId) });
    }
    for (const [dossierId, text] of rebodied)
      changes.push({ put: keys.body(dossierId), value: text ?? JSON.stringify(bodies.get(dossierId)) });
  }

  /** What intake looks up in other partitions: where a message id went that opened no dossier, and the open dossier of a ship's call. */
  private async indexMessages(openings: readonly Opening[]): Promise<void> {
    const { store, partitions } = this.ports;
    const writes = new Map<number, StoreChange[]>();
    const put = (key: string, change: StoreChange): void => {
      const partition = partitionOf(key, partitions);
      writes.set(partition, [...(writes.get(partition) ?? []), change]);
    };
    /** What this batch changes of the open calls. */
    const calls = new Map<string, string | undefined>();
    const isOwn = async (key: string, dossierCode: string, ifNone: boolean): Promise<boolean> => {
      const entry = calls.has(key) ? calls.get(key) : (await store.getMany(partitionOf(key, partitions), [key]))[0]?.toString();
      return entry === undefined ? ifNone : readOpenCall(entry).dossierCode === dossierCode;
    };
    for (const { dossierId, dossierCode, wouldBe, isFirst, was, now } of openings) {
      if (wouldBe !== dossierId) put(wouldBe, { put: keys.message(wouldBe), value: dossierId });
      if (was?.key === now?.key && was?.value === now?.value) continue;
      // A newer dossier of the same call stays the open one.
      if (was !== undefined && was.key !== now?.key && (await isOwn(was.key, dossierCode, false))) calls.set(was.key, undefined);
      if (now !== undefined && (isFirst || (await isOwn(now.key, dossierCode, true)))) calls.set(now.key, now.value);
    }
    for (const [key, value] of calls) put(key, value === undefined ? { remove: key } : { put: key, value });
    await Promise.all([...writes].map(([partition, changes]) => store.write(partition, changes)));
  }

  /**
   * Logs the deadlines that have passed, of partitions that were folded up to where the log ended at some time since then: silence is
   * known only where everything that was said before has been heard. The event's id is deterministic, so a repeat is a duplicate.
   * To be called again and again, one call after the other; it first tends assigned partitions that no record has come to.
   */
  async fireDeadlines(): Promise<void> {
    for (const partition of [...this.assigned]) await this.tend(partition);
    const { log, store, clock } = this.ports;
    const nowMs = clock.nowMs();
    const monotonicMs = clock.monotonicMs();
    const heard = await this.listen(nowMs);
    for (const [key, atMs] of this.fired) if (atMs < monotonicMs - FIRE_AGAIN_MS) this.fired.delete(key);
    const outgoing: OutgoingRecord[] = [];
    const firing: string[] = [];
    for (const [partition, heardMs] of heard) {
      const dueMs = Math.min(heardMs, nowMs);
      const entries = await store.range(partition, indexes.timers, { max: dueMs, limit: DUE_AT_ONCE });
      const due = entries.filter(({ member, score }) => !this.fired.has(`${member}@${score}`));
      const states = await this.statesOf(
        partition,
        due.map(({ member }) => member),
      );
      if (!this.owners.has(partition)) continue;
      for (const [i, { member: dossierId, score }] of due.entries()) {
        const state = states[i];
        if (state === undefined) continue;
        firing.push(`${dossierId}@${score}`);
        for (const [timer, dueAt] of timersOf(state))
          if (Date.parse(dueAt) <= dueMs) outgoing.push(deadlineRecord(partition, { dossierId, timer, dueAt }, isoTime(nowMs)));
      }
    }
    if (outgoing.length === 0) return;
    await log.append(outgoing);
    for (const key of firing) this.fired.set(key, monotonicMs);
  }

  /** States as they were committed last. */
  private async statesOf(partition: number, dossierIds: string[]): Promise<(DossierState | undefined)[]> {
    const values = dossierIds.length === 0 ? [] : await this.ports.store.getMany(partition, dossierIds.map(keys.state));
    return values.map((value) => (value == null ? undefined : (JSON.parse(value.toString()) as DossierState)));
  }

  /** Up to when everything said in each owned partition has been folded; partitions of which that is not known are left out. */
  private async listen(nowMs: number): Promise<Map<number, number>> {
    const heard = new Map<number, number>();
    if (this.owners.size === 0) return heard;
    // The clock was read first: what stood in the log by then lies before these ends.
    const ends = new Map((await this.ports.log.offsets('dossiers')).map(({ partition, end }) => [partition, end]));
    for (const [partition, owner] of this.owners) {
      const end = ends.get(partition);
      if (end === undefined) continue;
      const next = owner.marker.offset + 1;
      const seen = this.horizons.get(partition);
      // Under load the end itself is never reached, but each end that was seen once is.
      const heardMs = next >= end ? nowMs : seen !== undefined && next >= seen.end ? seen.atMs : (seen?.heardMs ?? -Infinity);
      this.horizons.set(partition, seen === undefined || next >= seen.end ? { atMs: nowMs, end, heardMs } : { ...seen, heardMs });
      if (heardMs > -Infinity) heard.set(partition, heardMs);
    }
    return heard;
  }

  /** Takes over a partition that no record came to, and folds again what its store has lost of what the group has committed. */
  private async tend(partition: number): Promise<void> {
    let more = false;
    do {
      const started = more;
      await this.inTurn(partition, async () => {
        try {
          more = await this.catchUp(partition, started);
        } catch (cause) {
          this.owners.delete(partition);
          throw cause;
        }
      });
    } while (more);
  }

  /** One step of it; true when there may be another. */
  private async catchUp(partition: number, started: boolean): Promise<boolean> {
    const { store } = this.ports;
    const isStale = (): boolean => !this.assigned.has(partition);
    if (isStale()) return false;
    const offset = (await store.marker(partition))?.offset;
    const known = this.owners.get(partition);
    const isKept = known !== undefined && (known.stored ? known.marker.offset : undefined) === offset;
    if (isKept && !started) return false;
    const { end } = await this.endsOf(partition);
    // Without a first record the partition has no identity yet.
    if (end === 0) return false;
    const owner = isKept ? known : await this.takeOver(partition, end);
    const to = Math.min(owner.committed, end);
    const more = await this.foldBetween(owner, partition, to, { isStale, heartbeat: () => Promise.resolve(), seek: () => undefined });
    if (!more && owner.rebuildsTo !== undefined) {
      // What retention has removed is not awaited.
      await store.write(partition, [{ remove: keys.rebuilding }]);
      owner.rebuildsTo = undefined;
    }
    return more;
  }

  /** Folds a piece of what lies between the marker and `to`; false when there is nothing: retention or a hole in the log. */
  private async foldBetween(owner: Owner, partition: number, to: number, control: BatchControl): Promise<boolean> {
    const { log, observe } = this.ports;
    const first = Math.max(owner.marker.offset + 1, (await this.endsOf(partition)).start);
    for (let from = first; from < to; from += CATCH_UP_RECORDS) {
      const records: LogRecord[] = [];
      await log.read(
        'dossiers',
        [{ partition, from, to: Math.min(from + CATCH_UP_RECORDS, to) }],
        (batch) => void records.push(...batch.records),
      );
      if (records.length === 0) continue;
      observe.rebuilding(partition, from);
      await this.apply(owner, partition, records, control);
      return true;
    }
    return false;
  }
}

/** The layout is of the first one: a store of another is made anew. */
function identityOf({ offset, headers, timestampMs }: LogRecord): string {
  const parts = [headers['ce_id'] ?? '', String(timestampMs)];
  return offset === 0 ? hashOf(32, READ_MODEL_LAYOUT, ...parts) : hashOf(32, ...parts);
}

/** The marker is not the one that the owner left. */
class NotHeld extends Error {
  override name = 'NotHeld';

  constructor(partition: number) {
    super(`another process folds partition ${partition}, or its store was emptied`);
  }
}

export function outcomeOf({ fact, result }: Pick<Step, 'fact' | 'result'>): Outcome {
  const { dossierId, receivedAt } = fact.value;
  const { exit, state, clearance } = result;
  const outcome: Outcome = { kind: fact.kind, position: fact.position, dossierId, receivedAt, test: isTest(fact, state), exit, state };
  if (fact.kind === 'decision') outcome.decision = fact.value;
  if (clearance !== undefined) outcome.issued = { status: clearance.status, version: clearance.version };
  return outcome;
}

function isTest(fact: Fact, state: DossierState | undefined): boolean {
  return fact.kind === 'declaration' ? fact.value.test : (state?.test ?? false);
}

function openingsOf(steps: readonly Step[]): Opening[] {
  const openings: Opening[] = [];
  for (const { fact, before, result } of steps) {
    if (fact.kind !== 'declaration' || result.exit.exit !== 'applied' || result.state === undefined) continue;
    const { tenant, messageId, dossierId, dossierCode } = fact.value;
    openings.push({
      dossierId,
      dossierCode,
      wouldBe: dossierIdOf(tenant, messageId),
      isFirst: before === undefined,
      was: before === undefined ? undefined : openCallOf(before),
      now: openCallOf(result.state),
    });
  }
  return openings;
}

/** Those that await something: of others hardly anything comes. The newest stand last; the oldest go first. */
function keepStates(owner: Owner, states: ReadonlyMap<string, DossierState>, histories: ReadonlyMap<string, string>): void {
  for (const [id, state] of states) {
    owner.states.delete(id);
    owner.histories.delete(id);
    if (state.final) continue;
    owner.states.set(id, state);
    owner.histories.set(id, histories.get(id) ?? '');
  }
  for (const id of owner.states.keys()) {
    if (owner.states.size <= KEPT_STATES) break;
    owner.states.delete(id);
    owner.histories.delete(id);
  }
}

/**
 * The bytes of a member of a record, when it is the last one, or the last before `next`: intake wrote it so. Nothing is serialised that
 * came as text. A quote within a string is escaped, so `,"name":` stands at the top or in what comes after it.
 */
function memberText(record: LogRecord, value: object, name: string, next?: string): Buffer | undefined {
  const names = Object.keys(value);
  if (names.at(-1) !== (next ?? name) || (next !== undefined && names.at(-2) !== name)) return undefined;
  const from = record.value.indexOf(`,"${name}":`);
  const to = next === undefined ? record.value.lastIndexOf('}') : record.value.indexOf(`,"${next}":`, from);
  return from < 0 || to < 0 ? undefined : record.value.subarray(from + name.length + 4, to);
}

function signatureAt(unsigned: Buffer): number {
  return unsigned.lastIndexOf(',"stages":{');
}

/** Canonical JSON of the signed clearance from one canonicalisation: its signature stands before `stages`, behind which is only text. */
async function signedBytes(clearance: Clearance, signer: Signer): Promise<Buffer> {
  const bytes = Buffer.from(canonicalJson(clearance));
  const at = signatureAt(bytes);
  const signature = Buffer.from(`,"signature":${JSON.stringify(await signer.signAside(bytes))}`);
  return Buffer.concat([bytes.subarray(0, at), signature, bytes.subarray(at)]);
}

function deadlineRecord(
  partition: number,
  { dossierId, timer, dueAt }: Pick<DeadlineRecord, 'dossierId' | 'timer' | 'dueAt'>,
  receivedAt: string,
): OutgoingRecord {
  const value: DeadlineRecord = { deadlineId: hashOf(32, 'deadline', dossierId, timer, dueAt), dossierId, timer, dueAt, receivedAt };
  return {
    topic: 'dossiers',
    partition,
    key: dossierId,
    value: Buffer.from(JSON.stringify(value)),
    headers: eventHeaders({
      type: EventType.deadline,
      id: value.deadlineId,
      source: '/seaport/exchange',
      time: receivedAt,
      subject: dossierId,
      traceparent: undefined,
    }),
  };
}

/**
 * Compares the offsets returned for `clearances` with those expected. Where another owner wrote in between, the first record of a
 * (dossier, version) is that version; ours is void. Returns how many are.
 */
function settleIssued(owner: Owner, outgoing: OutgoingRecord[], appended: AppendedPosition[], issuing: Issue[]): Promise<number> {
  const ids = outgoing.filter((record) => record.topic === 'clearances').map((record) => record.headers['ce_id'] ?? '');
  const places = appended.filter((position) => position.topic === 'clearances');
  return owner.issued.settle(
    places.map(({ offset }, i) => ({ id: ids[i] ?? '', offset })),
    issuing,
  );
}

/** Whether an issued version says what the fold of today says, as a rule in the same bytes around its signature. */
function isSame(issued: Buffer, clearance: Clearance): boolean {
  const text = canonicalJson(clearance);
  const bytes = Buffer.from(text);
  const at = signatureAt(bytes);
  const signed = issued.length - bytes.length;
  if (
    signed > 0 &&
    at > 0 &&
    bytes.compare(issued, 0, at, 0, at) === 0 &&
    bytes.compare(issued, at + signed, issued.length, at) === 0 &&
    /^,"signature":"[^"]*"$/.test(issued.toString('latin1', at, at + signed))
  )
    return true;
  // Its record may have been copied from another place since.
  const { signature: _signature, ...unsigned } = JSON.parse(issued.toString()) as Clearance;
  return canonicalJson({ ...unsigned, basis: clearance.basis }) === text;
}

/** The fold of a record, or undefined where it breaks on it: the same would break it for ever, so it is set aside. */
function foldOrPoison(
  state: DossierState | undefined,
  fact: Fact,
  body: DossierBody | undefined,
  rules: FoldRules,
): FoldResult | undefined {
  try {
    return fold(state, fact, body, rules);
  } catch (cause) {
    // Not the record's fault: a build or configuration that knows the rule set folds it.
    if (cause instanceof RuleSetUnknown) throw cause;
    return undefined;
  }
}

function readFacts(records: LogRecord[], poisoned: LogRecord[]): { record: LogRecord; fact: Fact }[] {
  const facts: { record: LogRecord; fact: Fact }[] = [];
  for (const record of records) {
    if (record.headers['ce_type'] === EventType.epoch) continue;
    const fact = factOf(record);
    if (fact === undefined) poisoned.push(record);
    else facts.push({ record, fact });
  }
  return facts;
}

type Add = (topic: string, key: string, type: EventType, id: string, subject: string, time: string, value: Buffer) => void;

/** A record of `dossiers` as a fact, or undefined when it is none: poison. Intake and relay validated what they appended. */
function factOf(record: LogRecord): Fact | undefined {
  const position = { partition: record.partition, offset: record.offset };
  try {
    const value = JSON.parse(record.value.toString(isAscii(record.value) ? 'latin1' : 'utf8')) as Record<string, unknown>;
    if (typeof value['dossierId'] !== 'string' || !isDossierId(value['dossierId']) || !isTime(value['receivedAt'])) return undefined;
    switch (record.headers['ce_type']) {
      case EventType.declaration:
        return isDeclarationRecord(value) ? { kind: 'declaration', position, value } : undefined;
      case EventType.decision:
        return isRelayedDecision(value) ? { kind: 'decision', position, value } : undefined;
      case EventType.deadline:
        return isDeadlineRecord(value) ? { kind: 'deadline', position, value } : undefined;
      case EventType.erasure:
        return isErasureRecord(value) ? { kind: 'erasure', position, value } : undefined;
      default:
        return undefined;
    }
  } catch {
    return undefined;
  }
}

function isTime(value: unknown): boolean {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value));
}

function isDeclarationRecord(value: object): value is DeclarationRecord {
  const { tenant, messageId, digest, action, receipt, declaration } = value as Partial<DeclarationRecord>;
  const header = declaration?.header as Partial<DeclarationRecord['declaration']['header']> | null | undefined;
  return (
    typeof tenant === 'string' &&
    typeof messageId === 'string' &&
    typeof digest === 'string' &&
    typeof receipt === 'object' &&
    action !== undefined &&
    Object.hasOwn(DeclarationAction, action) &&
    typeof header?.declarationType === 'string' &&
    isTime(header.sentAt)
  );
}

function isRelayedDecision(value: object): value is RelayedDecision {
  const { taskId, agency, decisionId, outcome } = value as Partial<RelayedDecision>;
  const isIdentified = typeof taskId === 'string' && typeof agency === 'string' && typeof decisionId === 'string';
  return isIdentified && outcome !== undefined && Object.hasOwn(DecisionOutcome, outcome);
}

function isDeadlineRecord(value: object): value is DeadlineRecord {
  const { timer, dueAt } = value as Partial<DeadlineRecord>;
  return typeof timer === 'string' && isTime(dueAt);
}

function isErasureRecord(value: object): value is ErasureRecord {
  const { erasureId, reason } = value as Partial<ErasureRecord>;
  return typeof erasureId === 'string' && typeof reason === 'string';
}
