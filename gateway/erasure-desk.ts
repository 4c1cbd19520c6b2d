import { setTimeout as sleep } from 'node:timers/promises';
import { isoTime } from './core/deadlines';
import type { DossierState } from './core/dossier';
import { faultAgainstErasure } from './core/fold';
import { hashOf } from './core/identifiers';
import { EventType, type ErasureRecord } from './core/messages';
import { partitionOf } from './core/partition';
import type { ProblemCode } from './core/problem-catalogue';
import { destroyMessage, fateOf, findMessages, type Destruction, type NamedMessage } from './kept-messages';
import type { Clock } from './ports/clock';
import type { MessageLog } from './ports/message-log';
import type { Lookup, Reads } from './reads';
import { eventHeaders } from './wire/event-envelope';

/**
 * Erases the personal data of a dossier: one record in `dossiers`, so that the fold removes the store's copy now and in every rebuild; once
 * the fold has taken it, for an amendment may have come before it, the keys of the messages as received are destroyed. What was issued
 * stays.
 */
export interface ErasureDeskPorts {
  log: MessageLog;
  reads: Reads;
  clock: Clock;
  partitions: number;
  /** How long an order waits for the fold; then it is to be repeated. */
  waitMs?: number;
}

export interface Erasure {
  dossierId: string;
  dossierCode: string;
  erasureId: string;
  /** When it was ordered first. */
  receivedAt: string;
  /** `ordered`: durable, and not folded yet: repeat the order. `erased`: the store's copy is gone, and so are the keys. */
  state: 'ordered' | 'erased';
  /** What became of each message as received, once it is erased. */
  messages?: { declarationId: string; outcome: Destruction }[];
}

/** What an order would come to. */
export interface ErasurePreview {
  dossierId: string;
  dossierCode: string;
  /** `erased`: it was already. */
  state: 'would-be-erased' | 'erased';
  messages: { declarationId: string; outcome: Destruction }[];
}

type Refused = { kind: 'refused'; code: ProblemCode };

const WAIT_MS = 5_000;
const LOOK_MS = 100;
const MAX_EVENTS = 10_000;

export class ErasureDesk {
  private readonly ports: ErasureDeskPorts;

  constructor(ports: ErasureDeskPorts) {
    this.ports = ports;
  }

  /** To be recorded in the audit log first. @throws LogUnavailable, LogOutcomeUnknown, StoreUnavailable: ask again, a repeat is harmless */
  async erase(dossierId: string, reason: string): Promise<Lookup<Erasure> | Refused> {
    const { log, clock, partitions } = this.ports;
    const found = await this.erasable(dossierId);
    if (found.kind !== 'found') return found;
    const state = found.value;
    if (state.erasedAt !== undefined) return { kind: 'found', value: await this.destroyKeys(state, state.erasedAt) };
    const receivedAt = isoTime(clock.nowMs());
    const { dossierCode } = state;
    const erasureId = erasureIdOf(dossierId);
    const value: ErasureRecord = { erasureId, dossierId, reason, receivedAt };
    await log.append([
      {
        topic: 'dossiers',
        partition: partitionOf(dossierId, partitions),
        key: dossierId,
        value: Buffer.from(JSON.stringify(value)),
        headers: eventHeaders({
          type: EventType.erasure,
          id: erasureId,
          source: '/seaport/erasures',
          time: receivedAt,
          subject: dossierCode,
          traceparent: undefined,
        }),
      },
    ]);
    const erased = await this.erasedState(dossierId);
    if (erased?.erasedAt === undefined)
      return { kind: 'found', value: { dossierId, dossierCode, erasureId, receivedAt, state: 'ordered' } };
    return { kind: 'found', value: await this.destroyKeys(erased, erased.erasedAt) };
  }

  /** What an order would come to; nothing is done. @throws LogUnavailable, StoreUnavailable */
  async preview(dossierId: string): Promise<Lookup<ErasurePreview> | Refused> {
    const found = await this.erasable(dossierId);
    if (found.kind !== 'found') return found;
    const { dossierCode, erasedAt } = found.value;
    const messages: ErasurePreview['messages'] = [];
    for (const named of await this.messagesOf(found.value))
      messages.push({ declarationId: named.declarationId, outcome: fateOf(await findMessages(this.ports.log, named)) });
    return { kind: 'found', value: { dossierId, dossierCode, state: erasedAt === undefined ? 'would-be-erased' : 'erased', messages } };
  }

  /** The state of a dossier that may be erased, or is. */
  private async erasable(dossierId: string): Promise<Lookup<DossierState> | Refused> {
    const found = await this.ports.reads.known(dossierId);
    if (found.kind !== 'found') return found;
    const { state } = found.value;
    // Only its receipt is known yet, or all that it was is refused.
    if (state === undefined) return { kind: 'refused', code: 'erasure-too-early' };
    const fault = state.erasedAt === undefined ? faultAgainstErasure(state) : undefined;
    return fault === undefined ? { kind: 'found', value: state } : { kind: 'refused', code: fault };
  }

  /** The state once the fold has taken the order; undefined where that takes too long, or an amendment came first. */
  private async erasedState(dossierId: string): Promise<DossierState | undefined> {
    const { clock, reads, waitMs = WAIT_MS } = this.ports;
    for (const untilMs = clock.monotonicMs() + waitMs; ; await sleep(LOOK_MS)) {
      const found = await reads.known(dossierId);
      if (found.kind === 'found' && found.value.state?.erasedAt !== undefined) return found.value.state;
      if (clock.monotonicMs() >= untilMs) return undefined;
    }
  }

  private async destroyKeys(state: DossierState, receivedAt: string): Promise<Erasure> {
    const { dossierId, dossierCode } = state;
    const { log, clock } = this.ports;
    const at = isoTime(clock.nowMs());
    const messages: NonNullable<Erasure['messages']> = [];
    for (const named of await this.messagesOf(state))
      messages.push({ declarationId: named.declarationId, outcome: await destroyMessage(log, named, at) });
    return { dossierId, dossierCode, erasureId: erasureIdOf(dossierId), receivedAt, state: 'erased', messages };
  }

  /** Every message that came for it, the refused ones too. */
  private async messagesOf({ dossierId, revisions }: DossierState): Promise<NamedMessage[]> {
    const { reads, partitions } = this.ports;
    const partition = partitionOf(dossierId, partitions);
    // The state has the last refused ones only.
    const refused = (await reads.events(dossierId, 0, MAX_EVENTS)).filter(({ type }) => type === 'rejected');
    const came = new Map([
      ...revisions.map(({ declarationId, receivedAt: cameAt }) => [declarationId, cameAt] as const),
      ...refused.map(({ data, at }) => [String(data['declarationId']), at] as const),
    ]);
    return [...came].map(([declarationId, receivedAt]) => ({ partition, declarationId, receivedAt }));
  }
}

function erasureIdOf(dossierId: string): string {
  return hashOf(32, 'erasure', dossierId);
}
