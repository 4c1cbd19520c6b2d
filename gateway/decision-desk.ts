import { canonicalJson } from './core/canonical-json';
import { isoTime } from './core/deadlines';
import { isFull } from './core/fold';
import { agencyOfTaskAmong, digestOf } from './core/identifiers';
import { EventType, type DecisionMessage } from './core/messages';
import type { Problem } from './core/problem';
import { problem, type ProblemCode } from './core/problem-catalogue';
import { partitionOf } from './core/partition';
import type { Clock } from './ports/clock';
import type { DossierStore } from './ports/dossier-store';
import type { MessageLog } from './ports/message-log';
import type { Reads } from './reads';
import { parseDecision } from './wire/decision-message';
import { eventHeaders } from './wire/event-envelope';

/**
 * An agency's decision by HTTP: judged against the store, then appended to `decisions.<agency>` like any other; the relay is the only
 * way into the dossier. Its identity is the Idempotency-Key, else the SHA-256 of its canonical value.
 */
export type DecisionAnswer =
  | { kind: 'recorded'; repeated: boolean; decision: DecisionMessage & { decisionId: string } }
  | { kind: 'refused'; code: ProblemCode; problems: Problem[] };

export interface DecisionDeskPorts {
  log: MessageLog;
  store: DossierStore;
  reads: Reads;
  clock: Clock;
  partitions: number;
  /** Codes of all agencies of which there are rows. */
  agencies: readonly string[];
}

export class DecisionDesk {
  private readonly ports: DecisionDeskPorts;
  private readonly agencyOf: ReturnType<typeof agencyOfTaskAmong>;

  constructor(ports: DecisionDeskPorts) {
    this.ports = ports;
    this.agencyOf = agencyOfTaskAmong(ports.agencies);
  }

  /** @throws LogUnavailable, LogOutcomeUnknown, StoreUnavailable */
  async decide(
    agency: string,
    taskId: string,
    bytes: Buffer,
    idempotencyKey: string | undefined,
    traceparent: string,
  ): Promise<DecisionAnswer> {
    // By what the id says, so that the answer does not tell whether another agency was asked.
    const named = this.agencyOf(taskId);
    if (named !== undefined && named !== agency) return refuse('agency-mismatch');
    const found = await this.ports.reads.task(agency, taskId);
    if (found.kind !== 'found') return refuse(found.kind === 'unknown' ? 'task-unknown' : found.kind);
    const { dossier, task } = found.value;
    const parsed = parseDecision(withTaskId(bytes, taskId));
    if (!parsed.ok)
      return {
        kind: 'refused',
        code: parsed.problems.some((entry) => entry.pointer !== '') ? 'decision-invalid' : malformedOr(bytes),
        problems: parsed.problems,
      };
    const decision: DecisionMessage = { ...parsed.value, agency: parsed.value.agency ?? agency, dossierId: dossier.dossierId };
    if (decision.agency !== agency || decision.taskId !== taskId) return refuse('agency-mismatch');
    const value = canonicalJson(decision);
    const digest = digestOf(value);
    const decisionId = idempotencyKey ?? digest;
    const partition = partitionOf(dossier.dossierId, this.ports.partitions);
    const key = `dc:${taskId}:${digestOf(decisionId).slice(0, 32)}`;
    const [seen] = await this.ports.store.getMany(partition, [key]);
    if (seen != null && seen.toString() !== digest) return refuse('idempotency-key-reused');
    if (seen != null || task.decisionIds.includes(decisionId))
      return { kind: 'recorded', repeated: true, decision: { ...decision, decisionId } };
    if (dossier.erasedAt !== undefined) return refuse('erased');
    if (dossier.cancelled) return refuse('dossier-cancelled');
    if (!dossier.tasks.some((current) => current.taskId === taskId)) return refuse('task-superseded');
    if (decision.revision !== undefined && decision.revision !== task.revision) return refuse('task-superseded');
    if (isFull(task)) return refuse('dossier-full');
    await this.ports.log.append([
      {
        topic: `${dossier.test ? 'test.' : ''}decisions.${agency}`,
        partition,
        key: dossier.dossierId,
        value: Buffer.from(value),
        headers: eventHeaders({
          type: EventType.decision,
          id: decisionId,
          source: '/seaport/decisions-api',
          time: isoTime(this.ports.clock.nowMs()),
          subject: dossier.dossierCode,
          traceparent,
        }),
      },
    ]);
    await this.ports.store.putIfAbsent(partition, key, digest).catch(() => false);
    return { kind: 'recorded', repeated: false, decision: { ...decision, decisionId } };
  }
}

function refuse(code: ProblemCode): DecisionAnswer {
  return { kind: 'refused', code, problems: [problem(code)] };
}

/** The path names the task; a body may leave it out. */
function withTaskId(bytes: Buffer, taskId: string): Buffer {
  try {
    const value = JSON.parse(bytes.toString()) as unknown;
    if (value !== null && typeof value === 'object' && !Array.isArray(value) && !('taskId' in value))
      return Buffer.from(JSON.stringify({ ...value, taskId }));
  } catch {
    // parseDecision says what is wrong.
  }
  return bytes;
}

function malformedOr(bytes: Buffer): ProblemCode {
  try {
    JSON.parse(bytes.toString());
    return 'decision-invalid';
  } catch {
    return 'json-malformed';
  }
}
