import { setTimeout as sleep } from 'node:timers/promises';
import { chained, signedPartOf, type AuditActor, type AuditEntry, type AuditRecord, type ChainHead } from './core/audit-chain';
import { canonicalJson } from './core/canonical-json';
import { isoTime } from './core/deadlines';
import { AuditUnavailable, LogOutcomeUnknown } from './core/exchange-error';
import { EventType } from './core/messages';
import { partitionOf } from './core/partition';
import { readLogHeads } from './log-heads';
import type { Audit } from './ports/audit';
import type { Clock } from './ports/clock';
import type { MessageLog, OutgoingRecord } from './ports/message-log';
import type { Signer } from './ports/signer';
import { eventHeaders } from './wire/event-envelope';

/**
 * The chain of this process in the topic `audit`. One append is under way at a time and takes everything that came meanwhile; its last
 * record is signed. All records go to one partition, so that an append is stored whole or not at all and in the order of the chain.
 */
export interface AuditLogPorts {
  log: MessageLog;
  signer: Signer;
  clock: Clock;
  partitions: number;
  /** Random, hexadecimal. */
  chain: string;
  /** Told when a head could not be written: it is tried again a minute later. */
  onWarning(message: string, cause: unknown): void;
}

export const AUDIT_TOPIC = 'audit';
const HEAD_EVERY_MS = 60_000;
const START_TRIES = 5;
const START_PAUSE_MS = 500;
/** Small enough for one produce request whatever the entries hold. */
const MAX_BATCH = 100;
/** Beyond so many the log is too slow to go on asking for entries. */
const MAX_WAITING = 5_000;
const GATEWAY: AuditActor = { role: 'gateway', name: 'gateway' };

interface Waiting {
  entry: AuditEntry;
  done: () => void;
  failed: (cause: unknown) => void;
}

export class AuditLog implements Audit {
  private readonly ports: AuditLogPorts;
  private readonly partition: number;
  private readonly waiting: Waiting[] = [];
  private head: ChainHead | undefined;
  /** An append that may have been stored: the very same records go first, until they certainly are. A repeat is known by its hash. */
  private doubtful: OutgoingRecord[] = [];
  private isSending = false;
  private ticker: NodeJS.Timeout | undefined;

  constructor(ports: AuditLogPorts) {
    this.ports = ports;
    this.partition = partitionOf(ports.chain, ports.partitions);
  }

  /** Begins the chain with what this process runs with, and signs a head each minute. @throws AuditUnavailable, LogUnavailable */
  async start(configuration: Readonly<Record<string, unknown>>): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await this.recordHeads('process.start', configuration);
        break;
      } catch (cause) {
        // A cluster may not lead a topic yet that was just created.
        if (tries === START_TRIES) throw cause;
        await sleep(START_PAUSE_MS);
      }
    }
    let writing: Promise<void> | undefined;
    this.ticker = setInterval(() => {
      writing ??= this.recordHeads('process.head')
        .catch((cause: unknown) => this.ports.onWarning('the heads of the log were not signed', cause))
        .finally(() => (writing = undefined));
    }, HEAD_EVERY_MS);
    this.ticker.unref();
  }

  /** Ends the chain: what follows in its name is forged. */
  async stop(): Promise<void> {
    clearInterval(this.ticker);
    await this.recordHeads('process.stop');
  }

  record(entry: AuditEntry): Promise<void> {
    if (this.waiting.length >= MAX_WAITING) return Promise.reject(new AuditUnavailable('too many entries wait for the log'));
    return new Promise((done, failed) => {
      this.waiting.push({ entry, done, failed });
      if (!this.isSending) void this.send();
    });
  }

  private async recordHeads(
    action: 'process.start' | 'process.head' | 'process.stop',
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    const heads = await readLogHeads(this.ports.log);
    await this.record({ action, by: GATEWAY, detail: { ...more, ...heads } });
  }

  private async send(): Promise<void> {
    this.isSending = true;
    // Entries of one turn of the loop go together.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, MAX_BATCH);
      try {
        await this.append(batch.map(({ entry }) => entry));
        for (const { done } of batch) done();
      } catch (cause) {
        for (const { failed } of batch) failed(new AuditUnavailable('the audit entry is not durable', cause));
      }
    }
    // In the turn in which nothing was found waiting: whoever comes next begins again.
    this.isSending = false;
  }

  private async append(entries: AuditEntry[]): Promise<void> {
    const { log, clock, chain } = this.ports;
    if (this.doubtful.length > 0) await log.append(this.doubtful);
    this.doubtful = [];
    const at = isoTime(clock.nowMs());
    let head = this.head;
    const records = entries.map((entry) => {
      const record = chained(entry, chain, at, head);
      head = record;
      return record;
    });
    const outgoing = await this.outgoing(records);
    try {
      await log.append(outgoing);
    } catch (cause) {
      // A plain no: the chain goes on from where it was.
      if (!(cause instanceof LogOutcomeUnknown)) throw cause;
      this.doubtful = outgoing;
      this.head = head;
      throw cause;
    }
    this.head = head;
  }

  private async outgoing(records: AuditRecord[]): Promise<OutgoingRecord[]> {
    const last = records.at(-1);
    const signature = last === undefined ? '' : await this.ports.signer.signAside(signedPartOf(last));
    return records.map((record) => ({
      topic: AUDIT_TOPIC,
      partition: this.partition,
      key: record.chain,
      value: Buffer.from(canonicalJson(record === last ? { ...record, signature } : record)),
      headers: eventHeaders({
        type: EventType.audit,
        id: `${record.chain}-${record.n}`,
        source: '/seaport/audit',
        time: record.at,
        subject: record.subject?.['dossierId'] ?? record.chain,
        traceparent: undefined,
      }),
    }));
  }
}
