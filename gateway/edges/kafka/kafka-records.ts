import type { IHeaders, KafkaMessage } from 'kafkajs';
import type { LogRecord } from '../../ports/message-log';
import { setHeader } from './record-batches';

const NO_VALUE = Buffer.alloc(0);

/** A message of kafkajs as the port gives it: topic without prefix, key and headers as text, a missing value as an empty one. */
export function logRecordOf(topic: string, partition: number, message: KafkaMessage): LogRecord {
  return {
    topic,
    partition,
    offset: Number(message.offset),
    timestampMs: Number(message.timestamp),
    key: message.key === null ? null : message.key.toString(),
    value: message.value ?? NO_VALUE,
    headers: headersOf(message.headers),
  };
}

/** Of a header given several times the last one counts. */
function headersOf(headers: IHeaders | undefined): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const name in headers) {
    // kafkajs gives null for a header without a value, whatever its types say.
    const value = headers[name] as IHeaders[string] | null;
    const last = Array.isArray(value) ? value.at(-1) : value;
    setHeader(texts, name, last?.toString() ?? '');
  }
  return texts;
}
