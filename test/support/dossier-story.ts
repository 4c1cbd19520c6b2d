import type { DossierBody, DossierState, Task } from '../../gateway/core/dossier';
import { fold, needsBody, requestText, timersOf, type Fact, type FoldResult, type FoldRules } from '../../gateway/core/fold';
import type { Clearance, DecisionOutcome, RelayedDecision, RequestMessage } from '../../gateway/core/messages';
import { declarationRecord, type RecordOptions } from './declaration-records';
import { shippedRules } from './test-rules';

type DecisionOptions = Partial<Omit<RelayedDecision, 'outcome' | 'agency'>>;

/** One dossier told record by record, as the exchange folds it. Whatever goes into the fold is frozen: it must change nothing. */
export class DossierStory {
  readonly rules: FoldRules;
  state: DossierState | undefined;
  body: DossierBody | undefined;
  readonly results: FoldResult[] = [];
  readonly facts: Fact[] = [];
  /** Versions issued, first to last. */
  readonly clearances: Clearance[] = [];
  private minutes = 0;

  constructor(rules: FoldRules = shippedRules) {
    this.rules = rules;
  }

  /** Stamp of the next record: the story begins at three o'clock and each record comes a minute later. */
  get now(): string {
    return new Date(Date.parse('2026-11-24T03:00:00Z') + this.minutes * 60_000).toISOString().replace('.000', '');
  }

  /** The next record comes at this time and not earlier. */
  at(time: string): this {
    this.minutes = (Date.parse(time) - Date.parse('2026-11-24T03:00:00Z')) / 60_000;
    return this;
  }

  declare(options: RecordOptions = {}): FoldResult {
    const stamped = declarationRecord({
      root: this.facts[0]?.kind === 'declaration' ? this.facts[0].value.messageId : (options.messageId ?? 'M-1'),
      receivedAt: this.now,
      ...options,
    });
    return this.tell({ kind: 'declaration', position: this.position(), value: stamped });
  }

  decide(agency: string, outcome: DecisionOutcome, options: DecisionOptions = {}): FoldResult {
    const task = this.state?.tasks.find((candidate) => candidate.agency === agency);
    const value: RelayedDecision = {
      taskId: task?.taskId ?? 'no such task',
      dossierId: this.state?.dossierId ?? '',
      agency,
      outcome,
      decisionId: `decision-${this.facts.length}`,
      receivedAt: this.now,
      test: this.state?.test ?? false,
      ...options,
    };
    return this.tell({ kind: 'decision', position: this.position(), value });
  }

  /** The deadline of an agency's task, or of a formality, is logged once it has passed. */
  pass(what: string): FoldResult {
    const timer = this.state?.tasks.some((task) => task.agency === what) === true ? `task:${this.task(what).taskId}` : `formality:${what}`;
    const dueAt = this.timers.get(timer);
    if (dueAt === undefined || this.state === undefined) throw new Error(`no timer for ${what}`);
    if (Date.parse(this.now) < Date.parse(dueAt)) this.at(dueAt);
    return this.tell({
      kind: 'deadline',
      position: this.position(),
      value: { deadlineId: `deadline-${timer}`, dossierId: this.state.dossierId, timer, dueAt, receivedAt: this.now },
    });
  }

  tell(fact: Fact): FoldResult {
    deepFreeze([this.state, this.body, fact]);
    const body = needsBody(this.state, fact) ? this.body : undefined;
    const result = fold(this.state, fact, body, this.rules);
    this.facts.push(fact);
    this.results.push(result);
    this.state = result.state;
    if (result.body !== undefined) this.body = result.body;
    if (result.clearance !== undefined) this.clearances.push(result.clearance);
    this.minutes++;
    return result;
  }

  /** The four default agencies accept. */
  acceptAll(...agencies: string[]): this {
    const all = agencies.length > 0 ? agencies : ['harbour-master', 'customs', 'tax', 'planning'];
    for (const agency of all) this.decide(agency, 'accepted');
    return this;
  }

  task(agency: string): Task {
    const task = this.state?.tasks.find((candidate) => candidate.agency === agency);
    if (task === undefined) throw new Error(`${agency} has no task`);
    return task;
  }

  /** Timers that the exchange would keep. */
  get timers(): Map<string, string> {
    return this.state === undefined ? new Map() : timersOf(this.state);
  }

  get status(): string | undefined {
    return this.state?.status;
  }

  get latest(): Clearance {
    const latest = this.clearances.at(-1);
    if (latest === undefined) throw new Error('no version was issued');
    return latest;
  }

  get requests(): RequestMessage[] {
    return this.results.flatMap((result) =>
      result.requests.map((request) => JSON.parse(requestText(request, this.rules)) as RequestMessage),
    );
  }

  position(): { partition: number; offset: number } {
    return { partition: 3, offset: this.facts.length };
  }
}

export function deepFreeze<T>(value: T): T {
  if (value !== null && typeof value === 'object' && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}
