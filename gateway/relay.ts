import { isoTime } from './core/deadlines';
import { digestOf, dossierIdOfTask } from './core/identifiers';
import { EventType, type RelayedDecision } from './core/messages';
import { partitionOf } from './core/partition';
import type { ProblemCode } from './core/problem-catalogue';
import type { Clock } from './ports/clock';
import type { LogBatch, LogRecord, MessageLog, OutgoingRecord } from './ports/message-log';
import { parseDecision } from './wire/decision-message';
import { eventHeaders } from './wire/event-envelope';

/**
 * The only way in for a decision: reads every `decisions.<agency>`, checks agency and schema, stamps the time and appends to `dossiers`,
 * in the partition of the task's dossier, so that how an agency's client partitions its records does not matter.
 */
export interface RelayPorts {
  log: MessageLog;
  clock: Clock;
  partitions: number;
  deadLetter(record: LogRecord, reason: string): OutgoingRecord;
  refused(record: LogRecord, reason: ProblemCode): void;
}

/** A longer ce_id is known by its digest: every identity stays in the dossier's state. */
const MAX_IDENTITY_LENGTH = 128;

const TEST_PREFIX = 'test.';
const TOPIC_PREFIX = 'decisions.';

/** Topics that the relay reads for these agencies. */
export function decisionTopics(agencies: readonly string[]): string[] {
  return agencies.flatMap((agency) => [`${TOPIC_PREFIX}${agency}`, `${TEST_PREFIX}${TOPIC_PREFIX}${agency}`]);
}

export async function relayBatch(batch: LogBatch, ports: RelayPorts): Promise<void> {
  const test = batch.topic.startsWith(TEST_PREFIX);
  const agency = batch.topic.slice((test ? TEST_PREFIX.length : 0) + TOPIC_PREFIX.length);
  const receivedAt = isoTime(ports.clock.nowMs());
  const outgoing = batch.records.map((record) => {
    const relayed = relayRecord(record, agency, test, receivedAt, ports.partitions);
    if (typeof relayed !== 'string') return relayed;
    ports.refused(record, relayed);
    return ports.deadLetter(record, relayed);
  });
  if (outgoing.length > 0) await ports.log.append(outgoing);
}

/** The record for `dossiers`, or why there is none. */
function relayRecord(
  record: LogRecord,
  agency: string,
  test: boolean,
  receivedAt: string,
  partitions: number,
): OutgoingRecord | ProblemCode {
  const parsed = parseDecision(record.value);
  if (!parsed.ok) return 'decision-invalid';
  const decision = parsed.value;
  if (decision.agency !== undefined && decision.agency !== agency) return 'agency-mismatch';
  const dossierId = dossierIdOfTask(decision.taskId);
  if (dossierId === undefined || (decision.dossierId !== undefined && decision.dossierId !== dossierId)) return 'task-unknown';
  const given = record.headers['ce_id'];
  const relayed: RelayedDecision = {
    ...decision,
    dossierId,
    agency,
    decisionId: given === undefined || given === '' ? digestOf(record.value) : given.length > MAX_IDENTITY_LENGTH ? digestOf(given) : given,
    receivedAt,
    test,
  };
  return {
    topic: 'dossiers',
    partition: partitionOf(dossierId, partitions),
    key: dossierId,
    value: Buffer.from(JSON.stringify(relayed)),
    headers: eventHeaders({
      type: EventType.decision,
      // The position of the source makes it the same event when the relay reads it again.
      id: sourceOf(record),
      source: '/seaport/relay',
      time: receivedAt,
      subject: dossierId,
      traceparent: record.headers['traceparent'],
    }),
  };
}

function sourceOf(record: LogRecord): string {
  return `${record.topic}-${record.partition}-${record.offset}`;
}
