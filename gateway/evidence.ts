import { gzipSync } from 'node:zlib';
import type { IntakePorts } from './intake';
import type { Sealer } from './ports/sealer';

export const EVIDENCE_TOPIC = 'evidence';

/** The message as received, compressed and encrypted, in the same append as its declaration (contract.md §4 `evidence`). */
export function createEvidence(kept: 'all' | 'signed' | 'none', sealer: Sealer): IntakePorts['evidence'] {
  // Signed messages come with dialects that carry a signature; none does yet.
  if (kept !== 'all') return undefined;
  return (record, bytes) => ({
    topic: EVIDENCE_TOPIC,
    partition: record.partition,
    key: record.dossierId,
    value: sealer.seal(gzipSync(bytes)),
    headers: {
      ce_specversion: '1.0',
      ce_id: record.declarationId,
      ce_source: '/seaport/intake',
      ce_type: 'vn.seaport.evidence.v1',
      ce_time: record.receivedAt,
      'content-type': 'application/octet-stream',
      digest: record.digest,
    },
  });
}
