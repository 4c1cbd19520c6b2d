import { digestOf, hashOf } from '../core/identifiers';
import type { LogRecord, OutgoingRecord } from '../ports/message-log';
import type { Sealer } from '../ports/sealer';

/**
 * A record that cannot be handled is set aside in `dead-letters`, so that its partition moves on (guarantees.md G7). Headers hold
 * no text of the record: key, headers and value travel sealed together, so that a redrive has the same identity.
 */
export const DEAD_LETTERS_TOPIC = 'dead-letters';
export const DEAD_LETTER_TYPE = 'vn.seaport.dead-letter.v1';
/** A larger value is left out, its digest kept: `dead-letters` takes 16 MiB. */
export const MAX_DEAD_LETTER_VALUE_BYTES = 15 * 1024 * 1024;

export interface DeadLetterInput {
  source: LogRecord;
  /** A code of the problem catalogue or of this runtime; bounded set: it is a metric label. */
  reason: string;
  /** How often it was tried. */
  attempts: number;
  sealer: Sealer;
  /** ISO 8601 UTC. */
  at: string;
  /** Partitions of `dead-letters`; without it those of the source are taken as equal. */
  partitions?: number;
}

/** The outgoing record for `dead-letters`. Its ce_id depends on the source's position only: a second setting-aside is known as one. */
export function deadLetterRecord({ source, reason, attempts, sealer, at, partitions }: DeadLetterInput): OutgoingRecord {
  const kept = source.value.length <= MAX_DEAD_LETTER_VALUE_BYTES;
  return {
    topic: DEAD_LETTERS_TOPIC,
    partition: partitions === undefined ? source.partition : source.partition % partitions,
    key: null,
    value: sealer.seal(envelope(source.key, source.headers, kept ? source.value : Buffer.alloc(0))),
    headers: {
      ce_specversion: '1.0',
      ce_id: hashOf(32, 'dead-letter', source.topic, String(source.partition), String(source.offset)),
      ce_source: '/seaport/dead-letters',
      ce_type: DEAD_LETTER_TYPE,
      ce_time: at,
      'content-type': 'application/octet-stream',
      reason,
      source_topic: source.topic,
      source_partition: String(source.partition),
      source_offset: String(source.offset),
      digest: digestOf(source.value),
      attempts: String(attempts),
      ...(kept ? {} : { value_omitted: String(source.value.length) }),
    },
  };
}

/** What was set aside: read from a record of `dead-letters`. @throws ExchangeError `seal-broken`. */
export function openDeadLetter(letter: { value: Uint8Array; headers: Record<string, string> }, sealer: Sealer): LogRecord {
  const opened = sealer.open(letter.value);
  const headLength = opened.readUInt32BE(0);
  const head = JSON.parse(opened.toString('utf8', 4, 4 + headLength)) as { key: string | null; headers: Record<string, string> };
  return {
    topic: letter.headers['source_topic'] ?? '',
    partition: Number(letter.headers['source_partition']),
    offset: Number(letter.headers['source_offset']),
    timestampMs: Date.parse(letter.headers['ce_time'] ?? ''),
    key: head.key,
    value: opened.subarray(4 + headLength),
    headers: head.headers,
  };
}

/** Length of the head (4 bytes) ‖ head as JSON ‖ value as it was. */
function envelope(key: string | null, headers: Record<string, string>, value: Buffer): Buffer {
  const head = Buffer.from(JSON.stringify({ key, headers }));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(head.length);
  return Buffer.concat([length, head, value]);
}
