import { Exchange, type ExchangeObserver, type ExchangePorts, type Outcome } from '../../gateway/exchange';
import type { FoldRules } from '../../gateway/core/fold';
import { EventType, type DeclarationRecord, type RelayedDecision } from '../../gateway/core/messages';
import { dossierIdOf, taskIdOf } from '../../gateway/core/identifiers';
import { partitionOf } from '../../gateway/core/partition';
import type { LogRecord, OutgoingRecord } from '../../gateway/ports/message-log';
import { eventHeaders } from '../../gateway/wire/event-envelope';
import { FakeClock } from './fake-clock';
import { FakeDossierStore, FakeStoreData } from './fake-dossier-store';
import { FakeLogData, FakeMessageLog } from './fake-message-log';
import { FakeSigner } from './fake-signer';
import { shippedRules } from './test-rules';

export const PARTITIONS = 2;
const topics = ['dossiers', 'clearances', 'dead-letters'];
const agencyTopics = ['requests', 'results', 'test.requests'];

/** What an observer was told. */
export class Told implements ExchangeObserver {
  readonly exits: string[] = [];
  readonly again: string[] = [];
  poisoned = 0;
  void = 0;
  different = 0;
  readonly epochChanges: number[] = [];
  readonly rebuilds: { partition: number; from: number }[] = [];

  folded({ kind, exit }: Outcome, again: boolean): void {
    (again ? this.again : this.exits).push(`${kind} ${exit.exit}`);
  }

  poison(): void {
    this.poisoned++;
  }

  voided(count: number): void {
    this.void += count;
  }

  differed(count: number): void {
    this.different += count;
  }

  epochChanged(partition: number): void {
    this.epochChanges.push(partition);
  }

  rebuilding(partition: number, from: number): void {
    this.rebuilds.push({ partition, from });
  }

  stage(): void {
    // Nothing is asserted about time.
  }
}

/** A log, a store and processes that fold the one into the other, all in memory and one step at a time. */
export class ExchangeWorld {
  readonly clock = new FakeClock('2026-11-24T03:00:00Z');
  logData = new FakeLogData(() => this.clock.nowMs());
  storeData = new FakeStoreData();

  /** Topics as the exchange knows them; the first record of each partition of `dossiers` carries its epoch. */
  static async create(): Promise<ExchangeWorld> {
    const world = new ExchangeWorld();
    await world.createTopics();
    return world;
  }

  async createTopics(): Promise<void> {
    const log = this.log();
    const names = [...topics, ...agencyTopics.flatMap((topic) => shippedRules.agencies.map(({ code }) => `${topic}.${code}`))];
    await log.createTopics(names.map((topic) => ({ topic, partitions: PARTITIONS })));
    await log.append(
      Array.from({ length: PARTITIONS }, (_, partition) => ({
        topic: 'dossiers',
        partition,
        key: null,
        value: Buffer.from('{}'),
        headers: { ce_type: EventType.epoch, ce_id: `epoch-${partition}` },
      })),
    );
  }

  log(): FakeMessageLog {
    return new FakeMessageLog(this.logData);
  }

  store(): FakeDossierStore {
    return new FakeDossierStore(this.storeData);
  }

  /** One process. */
  process(
    options: { rules?: FoldRules; signer?: FakeSigner; log?: FakeMessageLog; store?: FakeDossierStore; results?: boolean } = {},
  ): ExchangeProcess {
    return new ExchangeProcess(this, {
      log: options.log ?? this.log(),
      store: options.store ?? this.store(),
      signer: options.signer ?? new FakeSigner(),
      rules: options.rules ?? shippedRules,
      results: options.results ?? true,
    });
  }

  async append(...records: OutgoingRecord[]): Promise<void> {
    await this.log().append(records);
  }

  records(topic: string): LogRecord[] {
    return this.logData.records(topic);
  }

  /** Ids and values of everything on a topic, the first of each id. */
  firsts(topic: string): Map<string, string> {
    const firsts = new Map<string, string>();
    for (const { headers, value } of this.records(topic)) {
      const id = headers['ce_id'] ?? '';
      if (!firsts.has(id)) firsts.set(id, value.toString());
    }
    return firsts;
  }

  get agencyTopicNames(): string[] {
    return [...this.logData.topics.keys()].filter((topic) => topic.includes('requests') || topic.includes('results'));
  }

  committed(partition: number): number {
    return this.logData.committed.get(`exchange dossiers/${partition}`) ?? 0;
  }
}

export class ExchangeProcess {
  readonly world: ExchangeWorld;
  readonly exchange: Exchange;
  readonly log: FakeMessageLog;
  readonly store: FakeDossierStore;
  readonly signer: FakeSigner;
  readonly told = new Told();
  /** Records in a batch at most. */
  batchRecords = 500;
  isStale = (): boolean => false;

  constructor(
    world: ExchangeWorld,
    parts: { log: FakeMessageLog; store: FakeDossierStore; signer: FakeSigner; rules: FoldRules; results: boolean },
  ) {
    this.world = world;
    this.log = parts.log;
    this.store = parts.store;
    this.signer = parts.signer;
    const ports: ExchangePorts = {
      ...parts,
      clock: world.clock,
      partitions: PARTITIONS,
      deadLetter,
      observe: this.told,
    };
    this.exchange = new Exchange(ports);
  }

  /** Takes what the group has not committed, in each partition, as the consumer would; what a batch throws ends it. */
  async consume(afterBatch: () => void = () => undefined): Promise<void> {
    for (let partition = 0; partition < PARTITIONS; partition++) await this.consumePartition(partition, afterBatch);
  }

  async consumePartition(partition: number, afterBatch: () => void = () => undefined): Promise<void> {
    let next = this.world.committed(partition);
    for (;;) {
      const all = this.world.records('dossiers').filter((record) => record.partition === partition);
      const records = all.filter(({ offset }) => offset >= next).slice(0, this.batchRecords);
      const last = records.at(-1);
      if (last === undefined) return;
      let sought: number | undefined;
      await this.exchange.onBatch(
        { topic: 'dossiers', partition, records, endOffset: (all.at(-1)?.offset ?? 0) + 1 },
        { isStale: this.isStale, heartbeat: () => Promise.resolve(), seek: (offset) => void (sought = offset) },
      );
      afterBatch();
      next = sought ?? last.offset + 1;
      if (sought === undefined) this.world.logData.committed.set(`exchange dossiers/${partition}`, next);
    }
  }
}

function deadLetter(record: LogRecord, reason: string): OutgoingRecord {
  const { topic, partition, offset, value } = record;
  return { topic: 'dead-letters', partition, key: null, value, headers: { ce_id: `${topic}-${partition}-${offset}`, reason } };
}

export function declarationEvent(value: DeclarationRecord): OutgoingRecord {
  return event(EventType.declaration, value.declarationId, value.dossierId, value.receivedAt, value);
}

export interface DecisionOptions extends Partial<RelayedDecision> {
  /** Message id that opened the dossier. */
  root?: string;
  revision?: number;
  tenant?: string;
}

/** What the relay would have appended: an agency's decision on its task of a revision. */
export function decisionEvent(
  agency: string,
  outcome: RelayedDecision['outcome'],
  { root = 'M-1', revision = 1, tenant = 'agent', ...options }: DecisionOptions = {},
): OutgoingRecord {
  const dossierId = dossierIdOf(tenant, root);
  const taskId = options.taskId ?? taskIdOf(dossierId, agency, revision);
  const value: RelayedDecision = {
    taskId,
    dossierId,
    agency,
    outcome,
    decisionId: `${agency}-${outcome}-${revision}`,
    receivedAt: '2026-11-24T03:05:00Z',
    test: false,
    ...options,
  };
  return event(EventType.decision, `${taskId}-${value.decisionId}`, dossierId, value.receivedAt, value);
}

function event(type: EventType, id: string, dossierId: string, time: string, value: unknown): OutgoingRecord {
  return {
    topic: 'dossiers',
    partition: partitionOf(dossierId, PARTITIONS),
    key: dossierId,
    value: Buffer.from(JSON.stringify(value)),
    headers: eventHeaders({ type, id, source: '/test', time, subject: dossierId, traceparent: undefined }),
  };
}
