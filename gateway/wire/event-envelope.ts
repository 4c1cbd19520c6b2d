import type { EventType } from '../core/messages';

/** CloudEvents 1.0, Kafka binary content mode (contract.md §4). */
export interface EnvelopeContext {
  type: EventType;
  /** Deterministic: the same event always has the same id. */
  id: string;
  /** Path of the part that wrote it, without host: /seaport/intake. */
  source: string;
  time: string;
  subject: string;
  traceparent: string | undefined;
}

export function eventHeaders(context: EnvelopeContext): Record<string, string> {
  const headers: Record<string, string> = {
    ce_specversion: '1.0',
    ce_id: context.id,
    ce_source: context.source,
    ce_type: context.type,
    ce_time: context.time,
    ce_subject: context.subject,
    'content-type': 'application/json',
  };
  if (context.traceparent !== undefined) headers['traceparent'] = context.traceparent;
  return headers;
}
