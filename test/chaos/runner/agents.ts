import { setTimeout as sleep } from 'node:timers/promises';
import type { Declaration } from '../../../gateway/core/declaration';
import { writeEpcDeclaration } from '../../../gateway/wire/epc/write-epc';
import { shipOf } from '../../load/bodies';
import { arrivalJson } from '../../support/fixtures';
import { digestOf } from '../checker/digest';
import type { FeedItem } from '../checker/history';
import { HttpClient, type HttpAnswer } from './http-client';
import type { Journal } from './journal';
import { Random } from './random';

/** Text within what is personal in every declaration of a run. */
export const PERSONAL = ['CANARYPERSON', 'CANARYPASS'] as const;

export interface AgentAccount {
  tenant: string;
  token: string;
  /** Begins each of its message ids. */
  canary: string;
}

interface Submission {
  bytes: Buffer;
  type: 'application/json' | 'application/xml';
  messageId: string;
  dryRun: boolean;
}

export interface Case {
  dossierId: string;
  root: Declaration;
  first: Submission;
  isXml: boolean;
  cancelled: boolean;
}

/** What an agent does next, and how often. */
const WORK = { original: 62, again: 10, amend: 9, otherBytes: 4, cancel: 2, invalid: 3, dryRun: 2, test: 3, joins: 2, foreign: 3 };

const DAY_MS = 86_400_000;
const AGAIN_AFTER_MS = 700;
const LOOK_EVERY_MS = 150;
const FEED_EVERY_MS = 400;
const MAX_UNDER_WAY = 60;
/** Dossiers that an agent goes on with. */
/** At rest. */
const ANSWERED_WITHIN_MS = 60_000;
const RECENT = 40;

/**
 * The load: some shipping agents' systems. Each submits, sends again whatever was not answered conclusively (the same bytes, as the 503
 * says), amends, cancels, looks at its clearances and follows its feed; and tries what it may not. Everything is journaled.
 */
export class Agent {
  readonly account: AgentAccount;
  readonly client: HttpClient;
  /** Dossiers opened since the last call of `begin`. */
  readonly opened = new Map<string, Case>();
  /** Submissions without a conclusive answer. */
  readonly unresolved = new Set<Submission>();
  accepted = 0;
  turnedAway = 0;
  private readonly journal: Journal;
  private readonly random: Random;
  private readonly run: string;
  private readonly foreignDossier: () => string | undefined;
  private recent: Case[] = [];
  private count = 0;
  private attempts = 0;
  private underWay = 0;
  private cursor = '';
  private restCursor = '';
  private stopped = false;
  private resting = false;
  /** What the readers are doing now. */
  private readonly reading = new Set<Promise<unknown>>();
  private readonly loops: Promise<void>[] = [];
  private readonly atWork = new Set<Promise<unknown>>();

  constructor(options: {
    account: AgentAccount;
    urls: readonly string[];
    journal: Journal;
    seed: number;
    /** Characters that no other run has. */
    run: string;
    foreignDossier(): string | undefined;
  }) {
    this.account = options.account;
    this.client = new HttpClient(options.urls, options.account.token);
    this.journal = options.journal;
    this.random = new Random(options.seed);
    this.run = options.run;
    this.foreignDossier = options.foreignDossier;
  }

  /** Looks and follows until it is stopped. */
  startReading(): void {
    this.loops.push(
      this.every(LOOK_EVERY_MS, () => this.look()),
      this.every(FEED_EVERY_MS, () => this.follow()),
    );
  }

  begin(): void {
    this.opened.clear();
    this.recent = [];
    this.accepted = 0;
    this.turnedAway = 0;
  }

  /** Nobody looks any more, or looks again. */
  async rest(resting: boolean): Promise<void> {
    this.resting = resting;
    await Promise.all(this.reading);
  }

  /** One piece of work, begun; it is not waited for. */
  work(): void {
    if (this.underWay >= MAX_UNDER_WAY) return;
    this.underWay++;
    const piece = this.doSomething().finally(() => {
      this.underWay--;
      this.atWork.delete(piece);
    });
    this.atWork.add(piece);
  }

  /** Nothing new any more, and what is under way is answered conclusively; false when it is not within the time. */
  async finishWork(withinMs: number): Promise<boolean> {
    const untilMs = performance.now() + withinMs;
    while (this.atWork.size > 0 && performance.now() < untilMs) await sleep(50);
    return this.atWork.size === 0;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.loops);
    this.client.close();
  }

  // ---------------------------------------------------------------------------------------------------- submissions

  /** A new dossier, until it is accepted. */
  async declare(change: (declaration: Declaration) => void = () => undefined): Promise<string | undefined> {
    const declaration = this.arrival(change);
    const isXml = declaration.header.testIndicator !== true && this.random.next() < 0.4;
    const submission = this.submissionOf(declaration, isXml);
    const answer = await this.untilConclusive(submission);
    if (answer?.status !== 202) return undefined;
    const { dossierId } = JSON.parse(answer.text) as { dossierId: string };
    const opened = { dossierId, root: declaration, first: submission, isXml, cancelled: false };
    this.opened.set(dossierId, opened);
    this.recent.push(opened);
    if (this.recent.length > RECENT) this.recent.shift();
    return dossierId;
  }

  private async doSomething(): Promise<unknown> {
    const known = this.recent.length > 0 ? this.random.pick(this.recent) : undefined;
    const work = known === undefined ? 'original' : this.random.weighted(WORK);
    if (known === undefined || work === 'original') return this.declare();
    switch (work) {
      case 'again':
        return this.untilConclusive(known.first);
      case 'amend':
        return this.untilConclusive(this.amendmentOf(known));
      case 'joins': {
        const { portCall } = known.root;
        const visitId = await this.codeOf(known.dossierId);
        if (visitId === undefined) return undefined;
        const joining = this.arrival((declaration) => {
          if (portCall !== undefined) declaration.portCall = { ...portCall, visitId };
          declaration.formalities = { waste: { items: [{ wasteTypeCode: this.random.pick(['101', '102', '103']) }] } };
        });
        return this.untilConclusive(this.submissionOf(joining, false));
      }
      case 'otherBytes': {
        if (known.isXml) return undefined;
        const changed = { ...known.root, voyage: { voyageNumber: String(++this.count) } };
        return this.untilConclusive(this.submissionOf(changed, false));
      }
      case 'cancel': {
        known.cancelled = true;
        const { messageId, declarationType } = known.root.header;
        const header = { ...this.header('cancel'), declarationType, referenceMessageId: messageId };
        const cancel = { header, cancellation: { reason: 'Diverted.' } } as unknown as Declaration;
        return this.untilConclusive(this.submissionOf(cancel, false));
      }
      case 'invalid': {
        const bad = this.arrival((declaration) => Object.assign(declaration.ship ?? {}, { imoNumber: '9876540' }));
        return this.untilConclusive(this.submissionOf(bad, this.random.next() < 0.4));
      }
      case 'dryRun':
        return this.attempt({ ...this.submissionOf(this.arrival(), false), dryRun: true });
      case 'test':
        return this.declare(({ header }) => (header.testIndicator = true));
      case 'foreign':
        return this.lookAtForeign();
    }
  }

  /** The same bytes again and again until it is known what became of them. */
  private async untilConclusive(submission: Submission): Promise<HttpAnswer | undefined> {
    this.unresolved.add(submission);
    while (!this.stopped) {
      const answer = await this.attempt(submission);
      const isConclusive = answer.status !== 0 && answer.status !== 429 && answer.status < 500;
      if (isConclusive) {
        this.unresolved.delete(submission);
        if (answer.status === 202) this.accepted++;
        return answer;
      }
      this.turnedAway++;
      await sleep(AGAIN_AFTER_MS * (0.5 + this.random.next()));
    }
    return undefined;
  }

  async attempt({ bytes, type, messageId, dryRun }: Submission, atRest = false): Promise<HttpAnswer> {
    const attempt = {
      attempt: `${this.account.tenant}-${++this.attempts}`,
      tenant: this.account.tenant,
      messageId,
      digest: digestOf(bytes),
      ...(dryRun ? { dryRun } : {}),
    };
    this.journal.write({ kind: 'attempt', atMs: Date.now(), ...attempt });
    const path = `/v1/declarations${dryRun ? '?dryRun=true' : ''}`;
    const answer = await this.client.post(path, bytes, { 'content-type': type, accept: 'application/json' });
    const replayed = answer.headers['idempotent-replayed'] === 'true';
    const { status, text: body } = answer;
    this.journal.write({
      kind: 'answer',
      atMs: Date.now(),
      ...attempt,
      status,
      body,
      ...(replayed ? { replayed } : {}),
      ...(atRest ? { atRest } : {}),
    });
    return answer;
  }

  private header(purpose: 'original' | 'amend' | 'cancel'): Declaration['header'] {
    const messageId = `${this.account.canary}-${this.run}-${String(++this.count).padStart(6, '0')}`;
    return { messageId, purpose, declarationType: 'arrival', sentAt: isoSecond(Date.now()) };
  }

  private arrival(change: (declaration: Declaration) => void = () => undefined): Declaration {
    const { random } = this;
    const declaration = arrivalJson({
      eta: isoSecond(Date.now() + (2 + Math.floor(random.next() * 5)) * DAY_MS),
      imoNumber: shipOf(Math.floor(random.next() * 899_999)),
      shipName: `SHIP ${String(Math.floor(random.next() * 1_000))}`,
      crew: 3,
      consignments: 1 + Math.floor(random.next() * 3),
      dangerousGoods: random.next() < 0.2 ? 1 : 0,
    });
    declaration.header = { ...declaration.header, ...this.header('original') };
    for (const member of declaration.formalities?.crewList?.members ?? []) {
      Object.assign(member.name, { familyName: `${PERSONAL[0]} ${String(this.count)}` });
      Object.assign(member.travelDocument ?? {}, { number: `${PERSONAL[1]}${String(this.count)}` });
    }
    change(declaration);
    return declaration;
  }

  /** EPC amends by a resend under the same id with a later SentTime; JSON by a message of its own that names the first. */
  private amendmentOf({ root, isXml }: Case): Submission {
    const { random } = this;
    const waste = { deliveryStatus: 'some' as const, items: [{ wasteTypeCode: random.pick(['101', '102', '103', '501']) }] };
    if (isXml) {
      const header = { ...root.header, sentAt: isoSecond(Date.now()) };
      return this.submissionOf({ ...root, header, formalities: { ...root.formalities, waste } }, true);
    }
    const header: Declaration['header'] = { ...this.header('amend'), referenceMessageId: root.header.messageId };
    const stores = {
      items: [{ sequenceNumber: 1, articleName: 'Cigarettes', quantity: { value: 100 + Math.floor(random.next() * 900), unit: 'NAR' } }],
    };
    if (root.header.testIndicator === true) header.testIndicator = true;
    return this.submissionOf({ header, formalities: random.next() < 0.5 ? { waste } : { shipStores: stores } }, false);
  }

  private submissionOf(declaration: Declaration, isXml: boolean): Submission {
    const text = isXml ? writeEpcDeclaration(declaration, 'epc-2021') : JSON.stringify(declaration);
    return {
      bytes: Buffer.from(text),
      type: isXml ? 'application/xml' : 'application/json',
      messageId: declaration.header.messageId,
      dryRun: false,
    };
  }

  private async codeOf(dossierId: string): Promise<string | undefined> {
    const { status, text } = await this.client.get(`/v1/dossiers/${dossierId}`);
    return status === 200 ? (JSON.parse(text) as { dossierCode: string }).dossierCode : undefined;
  }

  // ---------------------------------------------------------------------------------------------------- reads

  private async every(ms: number, read: () => Promise<void>): Promise<void> {
    while (!this.stopped) {
      await sleep(ms);
      if (this.resting) continue;
      const one = read().finally(() => this.reading.delete(one));
      this.reading.add(one);
      await one;
    }
  }

  private async look(): Promise<void> {
    if (this.recent.length === 0) return;
    const { journal } = this;
    const { tenant } = this.account;
    const { dossierId } = this.random.pick(this.recent);
    const { status, text } = await this.client.get(`/v1/dossiers/${dossierId}/clearance`, { accept: 'application/json' });
    if (status === 200) {
      const { version, revision, status: said } = JSON.parse(text) as { version: number; revision: number; status: string };
      const seen = {
        observer: `observer of ${tenant}`,
        tenant,
        dossierId,
        version,
        digest: digestOf(text),
        said: `${said} at revision ${revision}`,
      };
      journal.write({ kind: 'seen', atMs: Date.now(), ...seen });
    } else if (status !== 0) {
      journal.write({ kind: 'told', to: { tenant }, what: 'a clearance while the run went on', status, body: text });
      // Acknowledged, and unknown to those who acknowledged it (guarantees.md G10).
      if (status === 404) journal.write({ kind: 'unknown', tenant, dossierId });
    }
  }

  private async follow(): Promise<void> {
    this.cursor = (await this.readFeed('follower', this.cursor)) ?? this.cursor;
  }

  /** One page; undefined when it was not answered. */
  private async readFeed(reader: string, after: string): Promise<string | undefined> {
    const path = `/v1/events?limit=200${after === '' ? '' : `&after=${encodeURIComponent(after)}`}`;
    const { status, text } = await (this.resting ? this.readUntilAnswered(path) : this.client.get(path));
    if (status !== 200) return undefined;
    const { items, next } = JSON.parse(text) as { items: FeedItem[]; next: string | null };
    if (items.length > 0) this.journal.write({ kind: 'feed', tenant: this.account.tenant, reader, items });
    return next ?? after;
  }

  private async lookAtForeign(): Promise<void> {
    const dossierId = this.foreignDossier();
    if (dossierId === undefined) return;
    const path = this.random.pick([`/v1/dossiers/${dossierId}`, `/v1/dossiers/${dossierId}/clearance`]);
    const { status, text: body } = await this.client.get(path);
    const to = { tenant: this.account.tenant };
    this.journal.write({ kind: 'told', to, what: `${path} of another`, status, body, foreign: true });
  }

  /** At rest: on a machine that is short of time an answer may still come late, or be a 503 that says when to ask again. */
  private async readUntilAnswered(path: string): Promise<HttpAnswer> {
    const untilMs = performance.now() + ANSWERED_WITHIN_MS;
    for (;;) {
      const answer = await this.client.get(path, { accept: 'application/json' });
      if ((answer.status !== 0 && answer.status !== 503) || performance.now() > untilMs) return answer;
      await sleep(AGAIN_AFTER_MS);
    }
  }

  /** The latest clearance and all before it. */
  async readClearances({ dossierId }: Case): Promise<void> {
    const { journal } = this;
    const { tenant } = this.account;
    const { status, text } = await this.readUntilAnswered(`/v1/dossiers/${dossierId}/clearance`);
    journal.write({ kind: 'read', tenant, dossierId, status, body: text });
    const last = status === 200 ? (JSON.parse(text) as { version: number }).version : 0;
    for (let version = 1; version < last; version++) {
      const old = await this.readUntilAnswered(`/v1/dossiers/${dossierId}/clearance?version=${String(version)}`);
      journal.write({ kind: 'read', tenant, dossierId, version, status: old.status, body: old.text });
    }
  }

  /** Everything once more, now that nothing moves: clearances, old versions, dossiers, receipts, the feed from where it was read last. */
  async readAtRest(): Promise<void> {
    const { account, journal } = this;
    const { tenant } = account;
    for (const one of this.opened.values()) {
      const { dossierId, first } = one;
      await this.readClearances(one);
      const dossier = await this.readUntilAnswered(`/v1/dossiers/${dossierId}`);
      journal.write({ kind: 'told', to: { tenant }, what: `the dossier ${dossierId}`, status: dossier.status, body: dossier.text });
      await this.attempt(first, true);
    }
    for (;;) {
      const next = await this.readFeed('at rest', this.restCursor);
      if (next === undefined || next === this.restCursor) break;
      this.restCursor = next;
    }
    // The follower has come so far too.
    for (let page = 0; page < 3; page++) await this.follow();
  }
}

function isoSecond(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
