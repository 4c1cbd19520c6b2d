import { gzipSync } from 'node:zlib';
import { digestOf } from './core/identifiers';
import { EventType } from './core/messages';
import type { IntakePorts } from './intake';
import type { OutgoingRecord } from './ports/message-log';
import type { Sealer } from './ports/sealer';

export const EVIDENCE_TOPIC = 'evidence';
/** Compacted: a record with the same key takes the place of an older one. */
export const EVIDENCE_KEYS_TOPIC = 'evidence-keys';
/** Header of a message: key of its record in `evidence-keys`. */
export const DATA_KEY_HEADER = 'data_key';

/**
 * The message as received, compressed and encrypted, in the same append as its declaration (contract.md §4 `evidence`), and the key that
 * it alone is encrypted with, itself encrypted, in `evidence-keys`, where it can be destroyed. A key's name is its own, also
 * where a message is appended twice: neither copy depends on the other's key.
 */
export function createEvidence(kept: 'all' | 'signed' | 'none', sealer: Sealer): IntakePorts['evidence'] {
  // Signed messages come with dialects that carry a signature; none does yet.
  if (kept !== 'all') return undefined;
  return ({ partition, dossierId, declarationId, receivedAt, digest }, bytes) => {
    const { sealed, key } = sealer.sealApart(gzipSync(bytes));
    const keyName = digestOf(key).slice(0, 32);
    return [
      {
        topic: EVIDENCE_TOPIC,
        partition,
        key: dossierId,
        value: sealed,
        headers: {
          ce_specversion: '1.0',
          ce_id: declarationId,
          ce_source: '/seaport/intake',
          ce_type: 'vn.seaport.evidence.v1',
          ce_time: receivedAt,
          'content-type': 'application/octet-stream',
          digest,
          [DATA_KEY_HEADER]: keyName,
        },
      },
      evidenceKey(partition, keyName, key, receivedAt),
    ];
  };
}

/** An empty value takes the place of a key that is destroyed. */
export function evidenceKey(partition: number, keyName: string, value: Buffer, at: string): OutgoingRecord {
  return {
    topic: EVIDENCE_KEYS_TOPIC,
    partition,
    key: keyName,
    value,
    headers: {
      ce_specversion: '1.0',
      ce_id: keyName,
      ce_source: '/seaport/intake',
      ce_type: EventType.evidenceKey,
      ce_time: at,
      'content-type': 'application/octet-stream',
    },
  };
}
