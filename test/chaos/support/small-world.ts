import { generateKeyPairSync } from 'node:crypto';
import { isoTime } from '../../../gateway/core/deadlines';
import type { Declaration } from '../../../gateway/core/declaration';
import { ExchangeError, StoreUnavailable } from '../../../gateway/core/exchange-error';
import type { FoldRules } from '../../../gateway/core/fold';
import type { Clearance, DecisionMessage, Receipt, RequestMessage } from '../../../gateway/core/messages';
import type { ProblemCode } from '../../../gateway/core/problem-catalogue';
import { createAesSealer } from '../../../gateway/edges/signing/aes-sealer';
import { createEd25519Signer } from '../../../gateway/edges/signing/ed25519-signer';
import { problemStatus } from '../../../gateway/edges/http/problem-status';
import { Exchange, type ExchangeObserver } from '../../../gateway/exchange';
import { Intake, type IntakePorts } from '../../../gateway/intake';
import type { LogBatch, LogRecord, MessageLog } from '../../../gateway/ports/message-log';
import type { DossierStore } from '../../../gateway/ports/dossier-store';
import { Reads } from '../../../gateway/reads';
import { relayBatch } from '../../../gateway/relay';
import { StoreReader } from '../../../gateway/store-reader';
import { topicCatalogue } from '../../../gateway/topic-catalogue';
import { createTopics } from '../../../gateway/topics';
import { deadLetterRecord } from '../../../gateway/wire/dead-letter';
import { readJsonDeclaration } from '../../../gateway/wire/json/read-json-declaration';
import { problem } from '../../../gateway/core/problem-catalogue';
import { FakeClock } from '../../support/fake-clock';
import { FakeDossierStore, FakeStoreData } from '../../support/fake-dossier-store';
import { FakeLogData, FakeMessageLog } from '../../support/fake-message-log';
import { plainDeclaration } from '../../support/plain-declaration';
import { shippedRules } from '../../support/test-rules';
import { digestOf } from '../checker/digest';
import type { About, FeedItem, JournalEntry, LogEntry } from '../checker/history';
import { MemoryHistory } from './memory-history';

/**
 * The real intake, relay, exchange and reads over a log and a store in memory, with agencies that a test plays: a history of some dossiers
 * in milliseconds, and each port can be wrapped by one that has a bug.
 */
export const PARTITIONS = 2;
export const AGENTS = { agent: 'CANARY-OF-ONE', agent2: 'CANARY-OF-TWO' } as const;
export type Agent = keyof typeof AGENTS;
export const PERSON = 'CANARY-PERSON';
export const PASSPORT = 'CANARYPASS';
export const ILLNESS = 'CANARY-ILLNESS';

const START = '2026-11-24T03:00:00Z';
const DAY_MS = 86_400_000;
const MODES: About['agencyModes'] = { 'harbour-master': 'rules', customs: 'backend', tax: 'http', planning: 'rules' };
const AGENCIES = Object.keys(MODES);

export type Part = 'intake' | 'relay' | 'exchange' | 'agency' | 'reads';

/** What an agency makes of a request: decisions, at once; undefined: silence. */
export type Play = (request: RequestMessage) => Partial<DecisionMessage>[] | undefined;

export interface WorldOptions {
  /** A log or a store with a bug in it. */
  logOf?(part: Part, log: FakeMessageLog): MessageLog;
  storeOf?(part: Part, store: FakeDossierStore): DossierStore;
  /** Of the exchange. */
  rules?: FoldRules;
  /** Records that the relay is given. */
  relayed?(batch: LogBatch): LogBatch;
  /** The key that an agency's call has, by the number of the call; its task by default. */
  callKey?(taskId: string, call: number): string;
}

/** JSON as it came: what is under test is what becomes of it, not its validation. */
const readUnvalidated: IntakePorts['read'] = (_format, bytes) => {
  const reading = readJsonDeclaration(bytes);
  if ('unreadable' in reading) return { kind: 'refused', dialect: 'unknown', problems: reading.unreadable };
  const head = reading.candidate as unknown as Declaration;
  if (head.ship?.name === undefined && head.header.purpose === 'original')
    return { kind: 'refused', dialect: 'json', problems: [problem('required', { pointer: '/ship/name' })] };
  return { kind: 'valid', dialect: 'json', resendIsUpdate: false, head, json: Buffer.from(JSON.stringify(head)), warnings: [] };
};

export class SmallWorld {
  readonly clock = new FakeClock(START);
  readonly logData = new FakeLogData(() => this.clock.nowMs());
  readonly storeData = new FakeStoreData();
  readonly signer = createEd25519Signer(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  readonly entries: JournalEntry[] = [];
  readonly pages: { where: string; text: string }[] = [];
  /** By agency; who is not named accepts. */
  readonly plays: Record<string, Play> = {};
  isStoreAway = false;
  private readonly sealer = createAesSealer([Buffer.alloc(32, 7)]);
  private readonly options: WorldOptions;
  private readonly reads: Reads;
  private exchange: Exchange;
  private readonly exits = { applied: 0, duplicates: 0, rejected: 0, deadLettered: 0 };
  private readonly inbox = new Set<string>();
  private readonly cursors = new Map<string, string>();
  private count = 0;

  private constructor(options: WorldOptions) {
    this.options = options;
    this.exchange = this.newExchange();
    const store = this.store('reads');
    const reader = new StoreReader(store, this.log('reads'), this.clock);
    this.reads = new Reads({ store, reader, rules: shippedRules, partitions: PARTITIONS });
  }

  static async create(options: WorldOptions = {}): Promise<SmallWorld> {
    const world = new SmallWorld(options);
    await createTopics(new FakeMessageLog(world.logData), topicCatalogue(AGENCIES, { partitions: PARTITIONS, retentionDays: 400 }));
    await world.settle();
    return world;
  }

  // ------------------------------------------------------------------------------------------------ what agents do

  declaration(agent: Agent, change: (declaration: Declaration) => void = () => undefined): Declaration {
    const declaration = plainDeclaration();
    const at = (ms: number): string => isoTime(this.clock.nowMs() + ms);
    declaration.header.messageId = `${AGENTS[agent]}-${++this.count}`;
    declaration.header.sentAt = at(0);
    Object.assign(declaration.portCall ?? {}, { eta: at(3 * DAY_MS), etd: at(4 * DAY_MS) });
    const master = declaration.formalities?.crewList?.members?.[0];
    Object.assign(master?.name ?? {}, { familyName: `${PERSON} ${this.count}` });
    Object.assign(master?.travelDocument ?? {}, { number: `${PASSPORT}${this.count}` });
    Object.assign(declaration.formalities?.health ?? {}, { cases: [{ illness: `${ILLNESS} ${this.count}` }] });
    change(declaration);
    return declaration;
  }

  /** Journaled as the load does it. Returns the status, and the receipt where there is one. */
  async submit(agent: Agent, declaration: object, atRest = false): Promise<{ status: number; receipt: Receipt | undefined; text: string }> {
    const bytes = Buffer.from(JSON.stringify(declaration));
    const attempt = {
      attempt: `a-${this.entries.length}`,
      atMs: this.clock.nowMs(),
      tenant: agent,
      messageId: (declaration as Declaration).header.messageId,
      digest: digestOf(bytes),
    };
    this.entries.push({ kind: 'attempt', ...attempt });
    let status = 202;
    let text: string;
    let receipt: Receipt | undefined;
    let replayed = false;
    const refuse = (code: string, more: object = {}): string => {
      status = problemStatus[code as ProblemCode];
      return JSON.stringify({ code, ...more });
    };
    try {
      const answer = await this.intake().submit({
        tenant: agent,
        bytes,
        format: 'json',
        idempotencyKey: undefined,
        traceparent: undefined,
      });
      if (answer.kind === 'received') ({ receipt, replayed } = answer);
      text = answer.kind === 'received' ? JSON.stringify(receipt) : refuse(answer.problems[0]?.code ?? '', { errors: answer.problems });
    } catch (cause) {
      if (!(cause instanceof ExchangeError)) throw cause;
      text = refuse(cause.code);
    }
    this.entries.push({ kind: 'answer', ...attempt, status, body: text, replayed, atRest });
    return { status, receipt, text };
  }

  /** A dry run, as far as the log is concerned: an attempt after which nothing may be stored. */
  dryRun(agent: Agent, declaration: Declaration): void {
    const { messageId } = declaration.header;
    const attempt = { attempt: `a-${this.entries.length}`, atMs: this.clock.nowMs(), tenant: agent, messageId, dryRun: true };
    const digest = digestOf(JSON.stringify(declaration));
    this.entries.push({ kind: 'attempt', ...attempt, digest }, { kind: 'answer', ...attempt, digest, status: 200, body: '{}' });
  }

  /** A client looks at a clearance. */
  async look(agent: Agent, dossierId: string): Promise<Clearance | undefined> {
    const found = await this.reads.clearance(agent, dossierId);
    if (found.kind !== 'found' || 'rejected' in found.value) return undefined;
    const { json, clearance } = found.value;
    const { version } = clearance;
    const seen = { observer: `observer of ${agent}`, tenant: agent, dossierId, version, digest: digestOf(json) };
    this.entries.push({ kind: 'seen', atMs: this.clock.nowMs(), ...seen });
    return clearance;
  }

  async followFeed(agent: Agent): Promise<void> {
    const page = await this.reads.feed(agent, this.cursors.get(agent), 100);
    if (page === undefined || page.next === null) throw new Error('not a cursor');
    this.cursors.set(agent, page.next);
    this.entries.push({ kind: 'feed', tenant: agent, reader: 'follower', items: page.items as unknown as FeedItem[] });
  }

  // ------------------------------------------------------------------------------------------------ what agencies do

  /** Bytes on an agency's topic, as a back-end writes them. */
  async write(
    agency: string,
    value: Buffer | object,
    { test = false, partition = 0 }: { test?: boolean; partition?: number } = {},
  ): Promise<LogEntry> {
    const topic = `${test ? 'test.' : ''}decisions.${agency}`;
    const record = { topic, partition, key: null, value: Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value)), headers: {} };
    const [position] = await this.log('agency').append([record]);
    return { ...record, offset: position?.offset ?? -1 };
  }

  /** Poison, where only the gateway writes. */
  async poison(topic: string, value = 'not json'): Promise<void> {
    await this.log('agency').append([{ topic, partition: 1, key: null, value: Buffer.from(value), headers: {} }]);
  }

  private async answerRequests(): Promise<boolean> {
    let any = false;
    for (const test of [false, true])
      for (const agency of AGENCIES)
        for (const record of this.take('agencies', `${test ? 'test.' : ''}requests.${agency}`)) {
          any = true;
          if (record.headers['ce_type'] === undefined) {
            await this.log('agency').append([this.deadLetter(record, 'request-invalid')]);
            continue;
          }
          const request = JSON.parse(record.value.toString()) as RequestMessage;
          if (!test && MODES[agency] !== 'rules') this.called(agency, request);
          if (request.action === 'cancel') continue;
          const { taskId } = request;
          const decisions = (test ? undefined : this.plays[agency]) ?? (() => [{ outcome: 'accepted' as const }]);
          for (const decision of decisions(request) ?? [])
            await this.write(agency, { taskId, ...decision }, { test, partition: record.partition });
        }
    return any;
  }

  private called(agency: string, { taskId, action, test }: RequestMessage): void {
    const key = this.options.callKey?.(taskId, this.inbox.size) ?? taskId;
    const name = `${agency} ${key} ${action}`;
    this.entries.push({ kind: 'agency', agency, taskId, action, test, key, effect: !this.inbox.has(name) });
    this.inbox.add(name);
  }

  // ------------------------------------------------------------------------------------------------ the gateway

  /** Until nothing moves any more. */
  async settle(): Promise<void> {
    for (;;) {
      const answered = await this.answerRequests();
      const relayed = await this.relay();
      const folded = await this.fold();
      if (!answered && !relayed && !folded) return;
    }
  }

  /** Nobody is left over: what was done and not committed is done again by a new exchange. */
  restartExchange(): void {
    this.exchange = this.newExchange();
  }

  /** Folds everything there is again, from the beginning, into an empty store. */
  async rebuild(): Promise<void> {
    this.storeData.loseEverything();
    this.restartExchange();
    this.exchange.assign([...Array(PARTITIONS).keys()]);
    await this.exchange.fireDeadlines();
  }

  /** What the exchange did last is delivered once more. */
  async redeliver(records: number): Promise<void> {
    this.restartExchange();
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const place = `exchange dossiers/${partition}`;
      this.logData.committed.set(place, Math.max(0, (this.logData.committed.get(place) ?? 0) - records));
    }
    this.entries.push({ kind: 'reset', group: 'exchange' });
    await this.settle();
  }

  async fireDeadlines(): Promise<void> {
    this.exchange.assign([...Array(PARTITIONS).keys()]);
    await this.exchange.fireDeadlines();
    await this.exchange.fireDeadlines();
    await this.settle();
  }

  private async relay(): Promise<boolean> {
    let any = false;
    for (const topic of AGENCIES.flatMap((agency) => [`decisions.${agency}`, `test.decisions.${agency}`]))
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const records = this.take('relay', topic, partition);
        if (records.length === 0) continue;
        any = true;
        const batch = { topic, partition, records, endOffset: (records.at(-1)?.offset ?? -1) + 1 };
        await relayBatch(this.options.relayed?.(batch) ?? batch, {
          log: this.log('relay'),
          clock: this.clock,
          partitions: PARTITIONS,
          deadLetter: (record, reason) => this.deadLetter(record, reason),
          refused: () => undefined,
        });
      }
    return any;
  }

  private async fold(): Promise<boolean> {
    let any = false;
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const records = this.peek('exchange', 'dossiers', partition);
      const last = records.at(-1);
      if (last === undefined) continue;
      any = true;
      let sought: number | undefined;
      const control = { isStale: () => false, heartbeat: () => Promise.resolve(), seek: (offset: number) => void (sought = offset) };
      await this.exchange.onBatch({ topic: 'dossiers', partition, records, endOffset: last.offset + 1 }, control);
      const offset = sought ?? last.offset + 1;
      if (sought === undefined) this.logData.committed.set(`exchange dossiers/${partition}`, offset);
      const clearancesEnd = this.logData.end({ topic: 'clearances', partition });
      if (sought === undefined)
        this.entries.push({ kind: 'committed', group: 'exchange', topic: 'dossiers', partition, offset, clearancesEnd });
    }
    return any;
  }

  private newExchange(): Exchange {
    const { exits } = this;
    const observe: ExchangeObserver = {
      folded: ({ exit }, again) => {
        if (again) return;
        if (exit.exit === 'applied') exits.applied++;
        else if (exit.exit === 'duplicate') exits.duplicates++;
        else if (exit.exit === 'rejected') exits.rejected++;
        else exits.deadLettered++;
      },
      poison: () => exits.deadLettered++,
      voided: () => undefined,
      epochChanged: () => undefined,
      rebuilding: () => undefined,
      stage: () => undefined,
    };
    return new Exchange({
      log: this.log('exchange'),
      store: this.store('exchange'),
      signer: this.signer,
      clock: this.clock,
      rules: this.options.rules ?? shippedRules,
      partitions: PARTITIONS,
      deadLetter: (record, reason) => this.deadLetter(record, reason),
      observe,
    });
  }

  private intake(): Intake {
    const { clock, signer } = this;
    const store = this.store('intake');
    if (this.isStoreAway && store instanceof FakeDossierStore)
      store.before = () => {
        throw new StoreUnavailable('away');
      };
    const log = this.log('intake');
    const reader = new StoreReader(store, log, clock);
    const limits = { partitions: PARTITIONS, maxDeclarationBytes: 8 * 1024 * 1024 };
    return new Intake({ log, store: reader, signer, clock, rules: shippedRules, ...limits, read: readUnvalidated });
  }

  private log(part: Part): MessageLog {
    const log = new FakeMessageLog(this.logData);
    return this.options.logOf?.(part, log) ?? log;
  }

  private store(part: Part): DossierStore {
    const store = new FakeDossierStore(this.storeData);
    return this.options.storeOf?.(part, store) ?? store;
  }

  private deadLetter(source: LogRecord, reason: string) {
    return deadLetterRecord({ source, reason, attempts: 1, sealer: this.sealer, at: isoTime(this.clock.nowMs()), partitions: PARTITIONS });
  }

  private peek(group: string, topic: string, partition?: number): LogRecord[] {
    return this.logData
      .records(topic)
      .filter((record) => partition === undefined || record.partition === partition)
      .filter((record) => record.offset >= (this.logData.committed.get(`${group} ${topic}/${record.partition}`) ?? 0));
  }

  private take(group: string, topic: string, partition?: number): LogRecord[] {
    const records = this.peek(group, topic, partition);
    for (const record of records) this.logData.committed.set(`${group} ${topic}/${record.partition}`, record.offset + 1);
    return records;
  }

  // ------------------------------------------------------------------------------------------------ at rest

  /** What everybody reads once nothing moves any more, and all that the log holds. */
  async history(): Promise<MemoryHistory> {
    const dossiers = new Map<string, Agent>();
    for (const { value, headers } of this.logData.records('dossiers'))
      if (headers['ce_type'] === 'vn.seaport.declaration.v1') {
        const { dossierId, tenant } = JSON.parse(value.toString()) as { dossierId: string; tenant: Agent };
        dossiers.set(dossierId, tenant);
      }
    for (const [dossierId, tenant] of dossiers) {
      const versions = await this.readAtRest(tenant, dossierId);
      for (let version = 1; version < versions; version++) await this.readAtRest(tenant, dossierId, version);
      const dossier = await this.reads.dossier(tenant, dossierId);
      const told = { what: `the dossier ${dossierId}`, status: dossier.kind === 'found' ? 200 : 404, body: JSON.stringify(dossier) };
      this.entries.push({ kind: 'told', to: { tenant }, ...told });
      const other = tenant === 'agent' ? 'agent2' : 'agent';
      const foreign = await this.reads.dossier(other, dossierId);
      const status = foreign.kind === 'found' ? 200 : 404;
      this.entries.push({
        kind: 'told',
        to: { tenant: other },
        what: 'a dossier of another',
        status,
        body: JSON.stringify(foreign),
        foreign: true,
      });
    }
    for (const agent of Object.keys(AGENTS) as Agent[]) {
      await this.followFeed(agent);
      const page = await this.reads.feed(agent, undefined, 100_000);
      this.entries.push({ kind: 'feed', tenant: agent, reader: 'at rest', items: (page?.items ?? []) as unknown as FeedItem[] });
    }
    for (const agency of AGENCIES) {
      const body = JSON.stringify(await this.reads.tasks(agency, 'done', undefined));
      this.entries.push({ kind: 'told', to: { agency }, what: `the work list of ${agency}`, status: 200, body });
    }
    this.pages.push({ where: 'the log of the gateway', text: 'started' });
    const records = this.logData.records('dossiers').length - PARTITIONS;
    this.entries.push({ kind: 'counted', records, ...this.exits });
    const about: About = {
      tenants: { ...AGENTS },
      personal: [PERSON, PASSPORT, ILLNESS],
      agencyModes: MODES,
      jwks: this.signer.jwks(),
      restMs: this.clock.nowMs(),
    };
    const logs = new Map(
      [...this.logData.topics.keys()].map((topic) => [topic, this.logData.records(topic).map((record) => ({ ...record }))]),
    );
    return new MemoryHistory(about, this.entries, logs, this.pages);
  }

  private async readAtRest(tenant: Agent, dossierId: string, version?: number): Promise<number> {
    const found = await this.reads.clearance(tenant, dossierId, version);
    const isThere = found.kind === 'found' && !('rejected' in found.value);
    const body = isThere ? (found.value as { json: string }).json : JSON.stringify(found);
    const number = version === undefined ? {} : { version };
    this.entries.push({ kind: 'read', tenant, dossierId, ...number, status: isThere ? 200 : 404, body });
    return isThere ? (JSON.parse(body) as Clearance).version : 0;
  }
}
