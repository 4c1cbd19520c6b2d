import { isoTime } from './core/deadlines';
import { faultAgainstErasure } from './core/fold';
import { hashOf } from './core/identifiers';
import { EventType, type ErasureRecord } from './core/messages';
import { partitionOf } from './core/partition';
import type { ProblemCode } from './core/problem-catalogue';
import type { Clock } from './ports/clock';
import type { MessageLog } from './ports/message-log';
import type { Lookup, Reads } from './reads';
import { eventHeaders } from './wire/event-envelope';

/**
 * Erases the personal data of a dossier: one record in `dossiers`, so that the fold removes the store's copy now and in every rebuild. What was issued
 * stays.
 */
export interface ErasureDeskPorts {
  log: MessageLog;
  reads: Reads;
  clock: Clock;
  partitions: number;
}

/** What was ordered; the store follows within moments. */
export interface Erasure {
  dossierId: string;
  dossierCode: string;
  erasureId: string;
  /** When it was ordered first. */
  receivedAt: string;
  /** It had been ordered before. */
  repeated: boolean;
}

export class ErasureDesk {
  private readonly ports: ErasureDeskPorts;

  constructor(ports: ErasureDeskPorts) {
    this.ports = ports;
  }

  /** To be recorded in the audit log first. @throws LogUnavailable, LogOutcomeUnknown, StoreUnavailable: ask again, a repeat is harmless */
  async erase(dossierId: string, reason: string): Promise<Lookup<Erasure> | { kind: 'refused'; code: ProblemCode }> {
    const { log, reads, clock, partitions } = this.ports;
    const found = await reads.known(dossierId);
    if (found.kind !== 'found') return found;
    const { state } = found.value;
    // Only its receipt is known yet, or all that it was is refused.
    if (state === undefined) return { kind: 'refused', code: 'erasure-too-early' };
    const { dossierCode } = state;
    const erasureId = hashOf(32, 'erasure', dossierId);
    if (state.erasedAt !== undefined)
      return { kind: 'found', value: { dossierId, dossierCode, erasureId, receivedAt: state.erasedAt, repeated: true } };
    const fault = faultAgainstErasure(state);
    if (fault !== undefined) return { kind: 'refused', code: fault };
    const receivedAt = isoTime(clock.nowMs());
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
    return { kind: 'found', value: { dossierId, dossierCode, erasureId, receivedAt, repeated: false } };
  }
}
