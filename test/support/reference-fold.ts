import needToKnow from '../../config/need-to-know.json';
import type { Fact } from '../../gateway/core/fold';
import type { Agency, RuleSet } from '../../gateway/core/rule-set';

/**
 * A second fold, written from contract.md, architecture.md §5 and guarantees.md I5/I7 alone: what becomes of each record of a dossier,
 * whom it asks, and what the status is after it. It shares no code with gateway/core (types apart); slow, and short enough to be checked
 * by reading. The property tests hold it against the product's fold, the checker of the fault matrix against what the product did.
 */
type Json = Record<string, unknown>;

interface Owed {
  id: string;
  agency: string;
  revision: number;
  view: string;
  due: number;
  outcome?: string;
  held: boolean;
  overdue: boolean;
  reasons: string[];
  conditions: boolean;
  documents: Json;
  /** Identities of the decisions seen. */
  ids: Set<string>;
}

export interface ReferenceRules {
  /** Those that are connected, in the order of the routes. */
  agencies: readonly Agency[];
  lawOf(id: string): RuleSet;
  taskIdOf(dossier: string, agency: string, revision: number): string;
  /** Due times (milliseconds, NaN where none is known) of the formalities that a declaration owes and lacks. */
  missingAt(declaration: unknown, law: RuleSet): number[];
}

export interface ReferenceStep {
  exit: 'applied' | 'duplicate' | 'rejected' | 'dead-lettered';
  /** Whom the record makes the exchange ask. */
  asked: { agency: string; revision: number }[];
  /** Tasks that a cancel takes back. */
  withdrawn: string[];
}

const ANSWERS = ['accepted', 'conditionallyAccepted', 'refused', 'moreInfoRequired', 'notApplicable'];
const SEVEREST_FIRST = ['held', 'refused', 'incomplete', 'pending', 'conditional'];

export class ReferenceDossier {
  private readonly rules: ReferenceRules;
  private readonly revisions: { id: string; digest: string; sent: number }[] = [];
  private readonly told = new Set<string>();
  /** Present task of each agency. */
  private readonly tasks = new Map<string, Owed>();
  /** Every task there ever was, by its id. */
  private readonly everAsked = new Map<string, Owed>();
  private law: RuleSet | undefined;
  private cancelled = false;
  private test = false;
  /** Latest stamp of what was applied. */
  private asOf = 0;
  private sections: Json = {};
  private formalities: Record<string, { value: unknown; from: string }> = {};

  constructor(rules: ReferenceRules) {
    this.rules = rules;
  }

  step(fact: Fact): ReferenceStep {
    const step: ReferenceStep = { exit: 'applied', asked: [], withdrawn: [] };
    if (fact.kind === 'declaration') this.declare(fact.value, step);
    else if (fact.kind === 'decision') step.exit = this.decide(fact.value);
    else if (fact.kind === 'deadline') step.exit = this.pass(fact.value);
    else throw new Error('the model knows no erasures: they change no verdict');
    if (step.exit === 'applied') this.asOf = Math.max(this.asOf, Date.parse(fact.value.receivedAt));
    return step;
  }

  get revision(): number {
    return this.revisions.length;
  }

  /** Undefined while no declaration has opened it. */
  get status(): string | undefined {
    if (this.law === undefined) return undefined;
    return this.cancelled ? 'cancelled' : (SEVEREST_FIRST.find((status) => this.effects(this.law as RuleSet).has(status)) ?? 'granted');
  }

  /** Nothing awaited and not held. */
  get final(): boolean {
    return this.cancelled || (this.awaited.length === 0 && ![...this.tasks.values()].some(({ held }) => held));
  }

  get awaited(): string[] {
    if (this.law === undefined || this.cancelled) return [];
    return this.rules.agencies.filter((agency) => this.isAwaited(agency, this.law as RuleSet)).map(({ code }) => code);
  }

  /** What a clearance says of each agency's task. */
  get answers(): { agency: string; taskId: string; status: string; overdue: boolean; due: number }[] {
    return this.rules.agencies.flatMap(({ code }) => {
      const task = this.tasks.get(code);
      if (task === undefined) return [];
      const { id: taskId, outcome = 'open', overdue, due } = task;
      const status = this.cancelled && !ANSWERS.includes(outcome) ? 'withdrawn' : outcome;
      return [{ agency: code, taskId, status, overdue, due }];
    });
  }

  private declare(value: (Fact & { kind: 'declaration' })['value'], step: ReferenceStep): void {
    const { messageId: id, digest, action, declaration } = value;
    const earlier = this.revisions.filter((revision) => revision.id === id);
    const sent = Date.parse(declaration.header.sentAt);
    const fault = this.faultOf(value, earlier, sent);
    if (earlier.some((revision) => revision.digest === digest)) step.exit = 'duplicate';
    else if (fault !== undefined) {
      // The same bytes refused for the same reason are told once, where there is a dossier to remember it.
      const name = `${id} ${digest} ${fault}`;
      step.exit = this.law !== undefined && this.told.has(name) ? 'duplicate' : 'rejected';
      if (this.law !== undefined) this.told.add(name);
    }
    if (step.exit !== 'applied') return;
    const [root, opens] = [this.revisions[0]?.id ?? id, this.law === undefined];
    this.law ??= this.rules.lawOf(value.ruleSet);
    this.test = value.test;
    this.revisions.push({ id, digest, sent });
    if (action === 'cancel') {
      this.cancelled = true;
      step.withdrawn = [...this.tasks.values()].filter(({ outcome = '' }) => !ANSWERS.includes(outcome)).map((task) => task.id);
      return;
    }
    const { formalities: carried = {}, ...others } = declaration as unknown as { formalities?: Json } & Json;
    // A resend that replaces what its message carried before.
    if (earlier.length > 0) this.formalities = Object.fromEntries(Object.entries(this.formalities).filter(([, { from }]) => from !== id));
    for (const [name, content] of Object.entries(carried)) {
      if (content === null) Reflect.deleteProperty(this.formalities, name);
      else this.formalities[name] = { value: content, from: id };
    }
    const header = { ...(this.sections['header'] as Json | undefined), ...declaration.header };
    if (opens || id === root) this.sections = others;
    else if (action !== 'original') {
      const members = ['portCall', 'ship', 'voyage'].filter((name) => name in others);
      const merged = members.map((name) => [name, { ...(this.sections[name] as Json | undefined), ...(others[name] as Json) }]);
      this.sections = { ...this.sections, ...others, header, ...Object.fromEntries(merged) };
    }
    for (const { code } of this.rules.agencies) this.ask(value, code, step);
  }

  private faultOf(
    value: (Fact & { kind: 'declaration' })['value'],
    earlier: readonly { sent: number }[],
    sent: number,
  ): string | undefined {
    const { header, portCall } = value.declaration;
    const { action, messageId, dossierCode, dialect } = value;
    if (this.law === undefined) {
      const namesAnother = header.referenceMessageId !== undefined && header.referenceMessageId !== messageId;
      return action !== 'original' || namesAnother || portCall?.visitId === dossierCode ? 'unknown' : undefined;
    }
    if (this.cancelled) return 'cancelled';
    if (this.test !== value.test) return 'test';
    if (earlier.length > 0 && !dialect.startsWith('epc')) return 'reused';
    if (earlier.some((revision) => revision.sent > sent)) return 'conflict';
    return header.baseRevision !== undefined && header.baseRevision !== this.revisions.length ? 'conflict' : undefined;
  }

  /** Asks an agency again when what it may see has changed. */
  private ask(value: (Fact & { kind: 'declaration' })['value'], agency: string, step: ReferenceStep): void {
    const view = this.viewOf(agency);
    const old = this.tasks.get(agency);
    if (old?.view === view) return;
    const revision = this.revisions.length;
    const id = this.rules.taskIdOf(value.dossierId, agency, revision);
    const due = Date.parse(value.receivedAt) + (this.law?.agencyLimitMinutes ?? NaN) * 60_000;
    const fresh = { overdue: false, reasons: [], conditions: false, documents: {}, ids: new Set<string>() };
    const task: Owed = { id, agency, revision, view, due, held: old?.held ?? false, ...fresh };
    this.tasks.set(agency, task);
    this.everAsked.set(id, task);
    step.asked.push({ agency, revision });
  }

  private decide(value: (Fact & { kind: 'decision' })['value']): ReferenceStep['exit'] {
    const task = this.everAsked.get(value.taskId);
    if (task === undefined || task.agency !== value.agency || value.test !== this.test) return 'dead-lettered';
    if (value.revision !== undefined && value.revision !== task.revision) return 'dead-lettered';
    if (task.ids.has(value.decisionId)) return 'duplicate';
    if (this.cancelled || this.tasks.get(task.agency) !== task) return 'rejected';
    task.ids.add(value.decisionId);
    const { outcome, documents = {}, reasons = [], conditions = [] } = value;
    if (outcome === 'held' || outcome === 'released') task.held = outcome === 'held';
    else if (outcome === 'acknowledged') task.outcome ??= outcome;
    else {
      const revoked = outcome === 'revoked';
      task.outcome = outcome;
      task.documents = revoked ? {} : documents;
      task.reasons = reasons.map(({ code }) => code);
      task.conditions = !revoked && conditions.length > 0;
      task.overdue ||= !revoked && Date.parse(value.receivedAt) > task.due;
    }
    return 'applied';
  }

  private pass({ timer, dueAt }: (Fact & { kind: 'deadline' })['value']): ReferenceStep['exit'] {
    if (this.law === undefined || this.cancelled) return 'duplicate';
    const due = Date.parse(dueAt);
    if (timer.startsWith('formality:')) {
      const counts = due > this.asOf && this.rules.missingAt(this.body, this.law).includes(due);
      return counts ? 'applied' : 'duplicate';
    }
    const silent = [...this.tasks.values()].find(({ id, outcome = '', due: owed }) => timer === `task:${id}` && due === owed && !ANSWERS.includes(outcome)); // prettier-ignore
    if (silent?.overdue !== false) return 'duplicate';
    silent.overdue = true;
    return 'applied';
  }

  private get body(): Json {
    return { ...this.sections, formalities: Object.fromEntries(Object.entries(this.formalities).map(([name, { value }]) => [name, value])) }; // prettier-ignore
  }

  private viewOf(agency: string): string {
    const paths = (needToKnow as unknown as Record<string, string[]>)[agency] ?? [];
    return JSON.stringify(paths.map((path) => valuesAt(this.body, path.split('.'))));
  }

  private isAwaited({ code, role }: Agency, law: RuleSet): boolean {
    const { overdue, outcome = 'open' } = this.tasks.get(code) as Owed;
    if (ANSWERS.includes(outcome)) return false;
    const decidedWithout = law.onSilence === 'leadDecides' && code !== law.lead && outcome !== 'revoked';
    return !(overdue && (role === 'advises' || decidedWithout));
  }

  private effects(law: RuleSet): Set<string> {
    const missing = this.rules.missingAt(this.body, law).some((due) => due <= this.asOf);
    const found = new Set<string>(missing ? ['incomplete'] : []);
    const { agencies } = this.rules;
    for (const agency of agencies) {
      const { code, role } = agency;
      const { held, outcome = 'open', documents, reasons, conditions } = this.tasks.get(code) as Owed;
      if (held) found.add('held');
      const named = (what: string): string[] => Object.keys(documents).filter((name) => documents[name] === what);
      const authority = (name: string): string => {
        const code = law.finalAuthority[name];
        return code !== undefined && agencies.some((one) => one.code === code) ? code : law.lead;
      };
      const counts = (what: string): boolean =>
        named(what).length === 0 ? outcome === what : role === 'advises' || named(what).some((name) => authority(name) === code);
      const blocks = role === 'decides' || law.policies.some((row) => row.agency === code && reasons.includes(row.reasonCode));
      if (this.isAwaited(agency, law)) found.add('pending');
      else if (!ANSWERS.includes(outcome)) continue;
      else if (counts('refused')) found.add(blocks ? 'refused' : 'conditional');
      else if (counts('moreInfoRequired')) found.add(blocks ? 'incomplete' : 'conditional');
      else if (outcome === 'conditionallyAccepted' || conditions || named('conditionallyAccepted').length > 0) found.add('conditional');
    }
    return found;
  }
}

/** What stands at a path; of lists what stands there in each entry, nothing where none has it. */
function valuesAt(value: unknown, [step, ...rest]: string[]): unknown {
  if (Array.isArray(value)) {
    const values = value.map((item) => valuesAt(item, step === undefined ? [] : [step, ...rest]));
    return values.every((item) => item === undefined) ? undefined : values;
  }
  return step === undefined ? value : valuesAt((value as Json | null | undefined)?.[step.replace('[]', '')], rest);
}

/** The status of a dossier after these records. */
export function referenceStatus(
  facts: readonly Fact[],
  agencies: readonly Agency[],
  lawOf: ReferenceRules['lawOf'],
  taskIdOf: ReferenceRules['taskIdOf'],
  missingAt: ReferenceRules['missingAt'],
): string | undefined {
  const dossier = new ReferenceDossier({ agencies, lawOf, taskIdOf, missingAt });
  for (const fact of facts) dossier.step(fact);
  return dossier.status;
}
