import { isoTime } from './core/deadlines';
import { digestOf, dossierIdOfTask } from './core/identifiers';
import { EventType, type RelayedDecision } from './core/messages';
import { partitionOf } from './core/partition';
import type { ProblemCode } from './core/problem-catalogue';
import type { Clock } from './ports/clock';
import type { LogBatch, LogRecord, MessageLog, OutgoingRecord } from './ports/message-log';
import { parseDecision } from './wire/decision-message';
import { eventHeaders } from './wire/event-envelope';
import { readPlainDecision, withMembers, type PlainDecision } from './wire/plain-decision';

/**
 * The only way in for a decision: reads every `decisions.<agency>`, checks agency and schema, stamps the time and appends to `dossiers`,
 * in the partition of the task's dossier, so that how an agency's client partitions its records does not matter.
 */
export interface RelayPorts {
  log: MessageLog;
  clock: Clock;
  partitions: number;
  deadLetter(record: LogRecord, reason: string): OutgoingRecord;
  /** Once it is set aside. */
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
  const refused: { record: LogRecord; reason: ProblemCode }[] = [];
  const outgoing = batch.records.map((record) => {
    const relayed = relayRecord(record, agency, test, receivedAt, ports.partitions);
    if (typeof relayed !== 'string') return relayed;
    refused.push({ record, reason: relayed });
    return ports.deadLetter(record, relayed);
  });
  if (outgoing.length > 0) await ports.log.append(outgoing);
  for (const { record, reason } of refused) ports.refused(record, reason);
}

/** What the relay adds to a decision, or sets in place of what it says. */
type Stamp = Pick<RelayedDecision, 'dossierId' | 'agency' | 'decisionId' | 'receivedAt' | 'test'>;

/** The record for `dossiers`, or why there is none. */
function relayRecord(
  record: LogRecord,
  agency: string,
  test: boolean,
  receivedAt: string,
  partitions: number,
): OutgoingRecord | ProblemCode {
  const plain = readPlainDecision(record.value);
  if (plain !== undefined) {
    const stamp = stampOf(record, plain, agency, test, receivedAt);
    return typeof stamp === 'string' ? stamp : outgoing(record, stamp, stampedBytes(record.value, plain, stamp), partitions);
  }
  const parsed = parseDecision(record.value);
  if (!parsed.ok) return 'decision-invalid';
  const stamp = stampOf(record, parsed.value, agency, test, receivedAt);
  if (typeof stamp === 'string') return stamp;
  const relayed: RelayedDecision = { ...parsed.value, ...stamp };
  return outgoing(record, stamp, Buffer.from(JSON.stringify(relayed)), partitions);
}

function stampOf(
  record: LogRecord,
  decision: { taskId: string; dossierId?: string | undefined; agency?: string | undefined },
  agency: string,
  test: boolean,
  receivedAt: string,
): Stamp | ProblemCode {
  if (decision.agency !== undefined && decision.agency !== agency) return 'agency-mismatch';
  const dossierId = dossierIdOfTask(decision.taskId);
  if (dossierId === undefined || (decision.dossierId !== undefined && decision.dossierId !== dossierId)) return 'task-unknown';
  const given = record.headers['ce_id'];
  const decisionId =
    given === undefined || given === '' ? digestOf(record.value) : given.length > MAX_IDENTITY_LENGTH ? digestOf(given) : given;
  return { dossierId, agency, decisionId, receivedAt, test };
}

/** The bytes of a plain decision go on as they are: what it names of the stamp was found equal, the rest is put at its end. */
function stampedBytes(value: Buffer, plain: PlainDecision, { dossierId, agency, decisionId, receivedAt, test }: Stamp): Buffer {
  const named = `${plain.dossierId === undefined ? `,"dossierId":"${dossierId}"` : ''}${plain.agency === undefined ? `,"agency":${JSON.stringify(agency)}` : ''}`;
  return withMembers(value, `${named},"decisionId":${JSON.stringify(decisionId)},"receivedAt":"${receivedAt}","test":${String(test)}`);
}

function outgoing(record: LogRecord, { dossierId, receivedAt }: Stamp, value: Buffer, partitions: number): OutgoingRecord {
  return {
    topic: 'dossiers',
    partition: partitionOf(dossierId, partitions),
    key: dossierId,
    value,
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
