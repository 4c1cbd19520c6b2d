import { hashOf } from '../../gateway/core/identifiers';
import { DecisionOutcome, EventType } from '../../gateway/core/messages';
import type { DecisionMessage, RequestMessage } from '../../gateway/core/messages';
import type { LogRecord, OutgoingRecord } from '../../gateway/ports/message-log';
import { eventHeaders } from '../../gateway/wire/event-envelope';
import type { Assessment } from './assessment';

/** A decision with its identity within the task: the same assessment always has the same one. */
export interface IdentifiedDecision {
  decisionId: string;
  decision: DecisionMessage;
}

/**
 * What an assessment says on the wire: the answer and, where a rule holds or releases, a second decision of its own identity.
 * The second repeats all reasons, because the last reasons are the ones that a clearance shows.
 */
export function decisionsOf(request: RequestMessage, assessment: Assessment, decidedAt: string): IdentifiedDecision[] {
  const { taskId, dossierId, revision, agency } = request;
  const { reasons, conditions, documents, reference } = assessment;
  // In this order and without spreading: the relay passes such bytes on as they are (gateway/wire/plain-decision.ts).
  const answer: DecisionMessage = { taskId, dossierId, revision, agency, outcome: assessment.outcome, reasons, conditions };
  if (Object.keys(documents).length > 0) answer.documents = documents;
  if (reference !== undefined) answer.reference = reference;
  answer.decidedAt = decidedAt;
  const decisions = [{ decisionId: decisionIdOf(request, 'rules'), decision: answer }];
  if (assessment.held || assessment.released) {
    const outcome = assessment.held ? DecisionOutcome.held : DecisionOutcome.released;
    const effect: DecisionMessage = { taskId, dossierId, revision, agency, outcome, reasons, decidedAt };
    decisions.push({ decisionId: decisionIdOf(request, `rules-${outcome}`), decision: effect });
  }
  return decisions;
}

export function decisionIdOf(request: RequestMessage, ...origin: string[]): string {
  return hashOf(32, 'decision', request.taskId, ...origin);
}

/** The record for `decisions.<agency>`, in the partition of its request. */
export function decisionRecord(
  source: LogRecord,
  request: RequestMessage,
  { decisionId, decision }: IdentifiedDecision,
  time: string,
): OutgoingRecord {
  return {
    topic: decisionTopicOf(source.topic),
    partition: source.partition,
    key: request.dossierId,
    value: Buffer.from(JSON.stringify(decision)),
    headers: eventHeaders({
      type: EventType.decision,
      id: decisionId,
      source: `/seaport/adapters/${request.agency}`,
      time,
      subject: request.dossierCode,
      traceparent: source.headers['traceparent'],
    }),
  };
}

/** requests.<agency> → decisions.<agency>; test.requests.<agency> → test.decisions.<agency>. */
function decisionTopicOf(requestTopic: string): string {
  return requestTopic.replace('requests.', 'decisions.');
}
