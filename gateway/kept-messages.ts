import { DATA_KEY_HEADER, EVIDENCE_KEYS_TOPIC, EVIDENCE_TOPIC, evidenceKey } from './evidence';
import { findRecords } from './find-record';
import type { LogRecord, MessageLog } from './ports/message-log';

/** Messages as received in `evidence`, each with its key in `evidence-keys`: found, and their keys destroyed. */
export interface KeptMessage {
  message: LogRecord;
  /** `own`: the sealed key; `gone`: destroyed, or retention has removed it; `shared`: sealed with the data key, before messages had keys. */
  key: { kind: 'own'; record: LogRecord } | { kind: 'gone' } | { kind: 'shared' };
}

export interface NamedMessage {
  partition: number;
  declarationId: string;
  receivedAt: string;
}

/** All copies: one that was in doubt may be there twice. @throws LogUnavailable */
export async function findMessages(log: MessageLog, { partition, declarationId, receivedAt }: NamedMessage): Promise<KeptMessage[]> {
  const atMs = Date.parse(receivedAt);
  const kept: KeptMessage[] = [];
  for (const message of await findRecords(log, { topic: EVIDENCE_TOPIC, partition, id: declarationId, atMs })) {
    const name = message.headers[DATA_KEY_HEADER];
    if (name === undefined) kept.push({ message, key: { kind: 'shared' } });
    else {
      const [record] = await findRecords(log, { topic: EVIDENCE_KEYS_TOPIC, partition, id: name, atMs });
      kept.push({ message, key: record === undefined || record.value.length === 0 ? { kind: 'gone' } : { kind: 'own', record } });
    }
  }
  return kept;
}

/** `kept`: sealed with the data key, from before messages had keys of their own; it goes with its segment. */
export type Destruction = 'destroyed' | 'not-kept' | 'kept';

/** Destroys the keys of a message, every copy's. May be repeated. @throws LogUnavailable, LogOutcomeUnknown */
export async function destroyMessage(log: MessageLog, named: NamedMessage, at: string): Promise<Destruction> {
  const copies = await findMessages(log, named);
  for (const { key } of copies) {
    if (key.kind !== 'own') continue;
    const { partition, offset, headers } = key.record;
    await log.replace({ partition, offset }, evidenceKey(partition, headers['ce_id'] ?? '', Buffer.alloc(0), at));
  }
  return fateOf(copies);
}

/** What becomes of a message whose keys are destroyed: known beforehand. */
export function fateOf(copies: readonly KeptMessage[]): Destruction {
  if (copies.length === 0) return 'not-kept';
  return copies.some(({ key }) => key.kind === 'shared') ? 'kept' : 'destroyed';
}
