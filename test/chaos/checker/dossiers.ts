import type { Fact } from '../../../gateway/core/fold';
import type { Clearance, DeclarationRejected, RelayedDecision } from '../../../gateway/core/messages';
import type { Agency } from '../../../gateway/core/rule-set';
import { ReferenceDossier, type ReferenceRules, type ReferenceStep } from '../../support/reference-fold';
import { digestOf } from './digest';
import type { About } from './history';
import type { Findings, Harm, Invariant } from './findings';
import { agenciesOf, lawOf, missingAt } from './law';

/** I3–I8 and I12 of one dossier: everything that was said of it, in the order in which each source told it. */
export type DossierEntry =
  | { is: 'fact'; fact: Fact }
  | { is: 'request'; agency: string; test: boolean; position: string; taskId: string; revision: number; action: string }
  | { is: 'decision'; agency: string; taskId: string }
  | { is: 'result'; agency: string; version: number; status: string }
  | { is: 'clearance'; partition: number; offset: number; text: string }
  | { is: 'rejection'; value: DeclarationRejected }
  | { is: 'call'; agency: string; taskId: string; action: string; test: boolean; effect: boolean }
  | { is: 'seen'; observer: string; version: number; digest: string; said: string }
  | { is: 'unknown' }
  | { is: 'read'; version?: number; status: number; body: string }
  | { is: 'fed'; reader: string; id: string; type: string; data: Record<string, unknown> };

type Of<Is extends DossierEntry['is']> = DossierEntry & { is: Is };

export interface DossierContext {
  about: About;
  findings: Findings;
  /** Whether clearances were read at rest at all. */
  reads: boolean;
  /** Tenant → who read its feed. */
  feedReaders: ReadonlyMap<string, ReadonlySet<string>>;
  /** A record of `dossiers` that must have been set aside, or must not. */
  exit(position: { partition: number; offset: number }, setAside: boolean, why: string): void;
  unanswered(position: string, agency: string): void;
  issued(partition: number, basis: number, offset: number): void;
}

interface Version {
  clearance: Clearance;
  text: string;
  offset: number;
}

/** What the fold written a second time says after one record. */
interface Stand {
  offset: number;
  step: ReferenceStep;
  status: string | undefined;
  revision: number;
  final: boolean;
  answers: ReferenceDossier['answers'];
}

/** A due time that passed this long before the end must have been told. */
const DEADLINE_TOLD_WITHIN_MS = 60_000;
const NOT_ANSWERED = ['open', 'acknowledged', 'revoked'];

export function checkDossier(dossierId: string, entries: readonly DossierEntry[], context: DossierContext): void {
  const of = <Is extends DossierEntry['is']>(is: Is): Of<Is>[] => entries.filter((entry): entry is Of<Is> => entry.is === is);
  new DossierCheck(dossierId, of, context).run();
}

class DossierCheck {
  private readonly id: string;
  private readonly of: <Is extends DossierEntry['is']>(is: Is) => Of<Is>[];
  private readonly context: DossierContext;
  private readonly agencies: Agency[];
  private readonly facts: Fact[];
  private readonly tenant: string | undefined;
  private readonly test: boolean;
  /** agency and revision → taskId, as the requests say. */
  private readonly taskIds = new Map<string, string>();
  private readonly versions: Version[] = [];
  private readonly stands: Stand[] = [];

  constructor(id: string, of: DossierCheck['of'], context: DossierContext) {
    this.id = id;
    this.of = of;
    this.context = context;
    this.agencies = agenciesOf(Object.keys(context.about.agencyModes));
    this.facts = of('fact').map(({ fact }) => fact);
    const opening = this.facts.find((fact) => fact.kind === 'declaration');
    this.tenant = opening?.value.tenant;
    this.test = opening?.value.test ?? false;
  }

  run(): void {
    this.collectTasks();
    this.collectVersions();
    this.foldAgain();
    this.checkTasks();
    const ungranted = this.checkGrants();
    this.checkBases(ungranted);
    this.checkEnd();
    this.checkReads();
    this.checkExits();
    this.checkFeed();
  }

  private report(invariant: Invariant, harm: Harm, explanation: string): void {
    this.context.findings.report(invariant, harm, this.id, explanation);
  }

  private get findings(): Findings {
    return this.context.findings;
  }

  // ------------------------------------------------------------------------------------------------ I3: tasks

  private collectTasks(): void {
    const asked = new Map<string, string>();
    for (const { agency, revision, taskId, action, test, position } of this.of('request')) {
      if (test !== this.test && this.tenant !== undefined)
        this.report(
          'I3',
          'wrong',
          `${position} asks a ${test ? 'test' : 'real'} agency about a ${this.test ? 'test' : 'real'} declaration`,
        );
      if (action === 'cancel') continue;
      const name = `${agency} ${revision}`;
      const known = this.taskIds.get(name);
      if (known === undefined) this.taskIds.set(name, taskId);
      else if (known !== taskId) this.report('I3', 'doubled', `${agency} has two tasks for revision ${revision}: ${known}, ${taskId}`);
      else this.findings.count('requests sent again');
      const owner = asked.get(taskId) ?? name;
      asked.set(taskId, owner);
      if (owner !== name) this.report('I3', 'wrong', `the task ${taskId} is of ${owner} and of ${name}`);
    }
  }

  private checkTasks(): void {
    const wanted = this.stands.flatMap(({ step }) => step.asked.map(({ agency, revision }) => `${agency} ${revision}`));
    this.findings.check('I3', wanted.length);
    for (const name of wanted) if (!this.taskIds.has(name)) this.report('I3', 'lost', `never asked: ${name}`);
    for (const name of this.taskIds.keys())
      if (!wanted.includes(name)) this.report('I3', 'wrong', `asked without a change of what it sees: ${name}`);
    const withdrawn = new Set(this.stands.flatMap(({ step }) => step.withdrawn));
    const cancels = new Set(this.of('request').flatMap(({ action, taskId }) => (action === 'cancel' ? [taskId] : [])));
    for (const taskId of withdrawn) if (!cancels.has(taskId)) this.report('I3', 'lost', `the task ${taskId} was not taken back`);
    for (const taskId of cancels) if (!withdrawn.has(taskId)) this.report('I3', 'wrong', `the task ${taskId} was taken back`);

    const effects = new Map<string, number>();
    for (const { agency, taskId, action, test, effect } of this.of('call')) {
      this.findings.check('I3');
      if (test) this.report('I3', 'leaked', `a test declaration reached the real ${agency} (${taskId})`);
      if (!effect) continue;
      const name = `${taskId} ${action}`;
      effects.set(name, (effects.get(name) ?? 0) + 1);
      if (effects.get(name) === 2) this.report('I3', 'doubled', `two effects of ${name} at ${agency}`);
    }
  }

  // ------------------------------------------------------------------------------------------------ I4: versions

  private collectVersions(): void {
    const first = new Map<number, string>();
    for (const { partition, offset, text } of this.of('clearance')) {
      const clearance = JSON.parse(text) as Clearance;
      this.findings.check('I4');
      const standing = first.get(clearance.version);
      if (standing === undefined) {
        first.set(clearance.version, text);
        this.versions.push({ clearance, text, offset });
        this.context.issued(partition, clearance.basis.offset, offset);
      } else if (standing === text) this.findings.count('clearances written again');
      else {
        this.findings.count('clearances void');
        this.report('I4', 'doubled', `version ${clearance.version} was issued twice with different bytes`);
      }
    }
    const numbers = this.versions.map(({ clearance }) => clearance.version);
    if (!numbers.every((version, i) => version === i + 1)) this.report('I4', 'wrong', `versions are ${numbers.join(', ')}`);
  }

  // ------------------------------------------------------------------------------------------------ I5: the fold

  private foldAgain(): void {
    const rules: ReferenceRules = {
      agencies: this.agencies,
      lawOf,
      missingAt,
      // Independent of how the gateway makes its identifiers: a task is what was asked.
      taskIdOf: (_, agency, revision) => this.taskIds.get(`${agency} ${revision}`) ?? `${agency} ${revision} was not asked`,
    };
    const reference = new ReferenceDossier(rules);
    for (const fact of this.facts) {
      const step = reference.step(fact);
      const { status, revision, final, answers } = reference;
      this.stands.push({ offset: fact.position.offset, step, status, revision, final, answers });
    }
    const partitions = new Set(this.facts.map(({ position }) => position.partition));
    if (partitions.size > 1) this.report('I5', 'wrong', `its records stand in the partitions ${[...partitions].join(', ')}`);
  }

  private checkBases(judged: ReadonlySet<number>): void {
    let before = -1;
    for (const { clearance } of this.versions) {
      const { version, basis } = clearance;
      this.findings.check('I5');
      if (basis.offset <= before) this.report('I5', 'wrong', `the basis of version ${version}, ${basis.offset}, is not after ${before}`);
      before = basis.offset;
      // What I7 has said of it is the heavier word.
      if (judged.has(version)) continue;
      const stand = this.stands.find(({ offset }) => offset === basis.offset);
      if (stand?.step.exit !== 'applied' || basis.partition !== this.facts[0]?.position.partition) {
        this.report('I5', 'wrong', `version ${version} names as its basis ${basis.partition}/${basis.offset}, which changed nothing`);
        continue;
      }
      const differs = differenceOf(clearance, stand);
      if (differs !== undefined) this.report('I5', 'wrong', `version ${version}: ${differs}`);
    }
  }

  private checkEnd(): void {
    const end = this.stands.at(-1);
    const last = this.versions.at(-1);
    if (end?.status === undefined) {
      if (last !== undefined) this.report('I5', 'wrong', 'a clearance without a declaration that opens its dossier');
      return;
    }
    this.findings.check('I5');
    // Judged by its basis already, where nothing came after it.
    const changed = this.stands.filter(({ step }) => step.exit === 'applied').at(-1);
    if (last !== undefined && changed?.offset === last.clearance.basis.offset) return;
    if (last === undefined ? end.status === 'pending' : last.clearance.status === end.status && last.clearance.final === end.final) return;
    const stands = last === undefined ? 'there is none' : `version ${last.clearance.version} says ${last.clearance.status}`;
    this.report('I5', 'lost', `the records come to ${end.status}${end.final ? ', final' : ''}, and ${stands}`);
  }

  // ------------------------------------------------------------------------------------------------ I7: grants

  /** Judged from the records alone, without the fold. Returns the versions that it speaks of. */
  private checkGrants(): Set<number> {
    const wrong = new Set<number>();
    for (const { clearance } of this.versions) {
      if (clearance.status !== 'granted' && clearance.status !== 'conditional') continue;
      this.findings.check('I7');
      for (const agency of this.agencies) {
        const fault = this.faultOfGrant(agency, clearance);
        if (fault === undefined) continue;
        wrong.add(clearance.version);
        this.report('I7', 'wrong', `version ${clearance.version} is ${clearance.status}, but ${fault}`);
      }
    }
    return wrong;
  }

  private faultOfGrant({ code, role }: Agency, { basis, revision, ruleSet }: Clearance): string | undefined {
    const revisions = [...this.taskIds.keys()]
      .filter((name) => name.startsWith(`${code} `))
      .map((name) => Number(name.slice(code.length + 1)));
    const present = Math.max(...revisions.filter((asked) => asked <= revision), 0);
    const taskId = this.taskIds.get(`${code} ${present}`);
    const known = new Set<string>();
    let held = false;
    let answer: RelayedDecision | undefined;
    let silenceLogged = false;
    for (const { kind, value, position } of this.facts) {
      if (position.offset > basis.offset) break;
      if (kind === 'deadline') silenceLogged ||= value.timer === `task:${taskId ?? ''}`;
      if (kind !== 'decision' || value.agency !== code || value.test !== this.test || known.has(`${value.taskId} ${value.decisionId}`))
        continue;
      known.add(`${value.taskId} ${value.decisionId}`);
      // A hold is lifted by a release only, whatever is asked again.
      if (value.outcome === 'held' || value.outcome === 'released') held = value.outcome === 'held';
      else if (value.taskId === taskId && value.outcome !== 'acknowledged') answer = value;
    }
    if (held) return `${code} holds`;
    const law = lawOf(ruleSet);
    const mayBeSilent = law.onSilence === 'leadDecides' && code !== law.lead && answer === undefined;
    // Whoever only advises is awaited by the fold, not by this rule.
    if (role !== 'decides' && (answer === undefined || answer.outcome === 'revoked')) return undefined;
    if (answer === undefined || answer.outcome === 'revoked')
      return mayBeSilent && silenceLogged ? undefined : `${code} has not answered ${taskId ?? '(it was never asked)'}`;
    const counts =
      role === 'decides' || law.policies.some((row) => row.agency === code && answer.reasons?.some((one) => one.code === row.reasonCode));
    const refuses = answer.outcome === 'refused' && Object.values(answer.documents ?? {}).every((outcome) => outcome !== 'refused');
    return refuses && counts ? `${code} refuses` : undefined;
  }

  // ------------------------------------------------------------------------------------------------ I6: the read model

  private checkReads(): void {
    const last = this.versions.at(-1);
    // Whoever read twice had come to rest the second time.
    const reads = [...new Map(this.of('read').map((read) => [read.version, read])).values()];
    for (const { version, status, body } of reads) {
      this.findings.check('I6');
      const wanted = version === undefined ? last : this.versions.find(({ clearance }) => clearance.version === version);
      const name = version === undefined ? 'the clearance' : `version ${version}`;
      if (this.stands.at(-1)?.status === undefined) {
        if (status === 200 && this.of('rejection').length > 0)
          this.report('I6', 'wrong', `${name} is answered though the declaration was rejected`);
      } else if (status !== 200) this.report('I6', 'lost', `${name} was answered with ${status} at rest`);
      else if (wanted !== undefined && body !== wanted.text)
        this.report('I6', 'wrong', `${name} as read at rest is not what was issued last`);
      else if (wanted === undefined && (JSON.parse(body) as Clearance).version !== 0)
        this.report('I6', 'wrong', `${name} was read at rest, and none was issued`);
    }
    if (this.context.reads && reads.length === 0 && this.tenant !== undefined) this.report('I6', 'lost', 'was not read at rest');

    if (this.of('unknown').length > 0) this.report('I6', 'lost', 'was acknowledged, and its tenant was told that it does not exist');
    const issued = new Map(this.versions.map(({ clearance, text }) => [clearance.version, digestOf(text)]));
    const highest = new Map<string, number>();
    for (const { observer, version, digest, said } of this.of('seen')) {
      this.findings.check('I6');
      const before = highest.get(observer) ?? 0;
      if (version < before) this.report('I6', 'wrong', `${observer} saw version ${version} after version ${before}${said}`);
      if (version > 0 && issued.get(version) !== digest)
        this.report('I6', 'wrong', `${observer} saw a version ${version} that was never issued`);
      highest.set(observer, Math.max(before, version));
    }
  }

  // ------------------------------------------------------------------------------------------------ I8: exits, outputs, liveness

  private checkExits(): void {
    this.findings.check('I8', this.facts.length);
    const rejections = this.of('rejection');
    for (const [i, { offset, step }] of this.stands.entries()) {
      const fact = this.facts[i] as Fact;
      const why = `a ${fact.kind} that leaves as ${step.exit}`;
      this.context.exit(fact.position, step.exit === 'dead-lettered', why);
      this.findings.count(`${fact.kind}s ${step.exit}`);
      if (fact.kind !== 'declaration') continue;
      const told = rejections.some(({ value }) => value.basis.offset === offset && value.declarationId === fact.value.declarationId);
      if (step.exit === 'rejected' && !told) this.report('I8', 'lost', `the rejection of the declaration at ${offset} was not told`);
      if (step.exit !== 'rejected' && told) this.report('I8', 'wrong', `the declaration at ${offset} was rejected, and it is ${step.exit}`);
    }
    for (const { value } of rejections)
      if (!this.stands.some(({ offset }) => offset === value.basis.offset))
        this.report('I8', 'wrong', `a rejection of ${value.basis.offset}, where no declaration is`);

    const end = this.stands.at(-1);
    const { restMs, agencyModes } = this.context.about;
    for (const { agency, taskId, status, overdue, due } of end?.answers ?? [])
      if (NOT_ANSWERED.includes(status) && !overdue && due < restMs - DEADLINE_TOLD_WITHIN_MS)
        this.report('I8', 'lost', `${agency} is silent past the due time of ${taskId}, and nobody was told`);

    const answered = new Set(this.of('decision').map(({ taskId }) => taskId));
    for (const { agency, taskId, action, test, position } of this.of('request')) {
      const byRules = test || agencyModes[agency] === 'rules';
      if (action !== 'cancel' && !answered.has(taskId) && (byRules || agencyModes[agency] === 'http'))
        this.context.unanswered(position, agency);
    }

    if (this.test) return;
    const results = new Map<string, string>();
    for (const { agency, version, status } of this.of('result')) results.set(`${version} ${agency}`, status);
    for (const { clearance } of this.versions)
      for (const { agency } of clearance.agencies) {
        const status = results.get(`${clearance.version} ${agency}`);
        if (status === undefined) this.report('I8', 'lost', `${agency} was not told of version ${clearance.version}`);
        else if (status !== clearance.status)
          this.report('I8', 'wrong', `${agency} was told that version ${clearance.version} is ${status}`);
      }
  }

  // ------------------------------------------------------------------------------------------------ I12: the feed

  private checkFeed(): void {
    if (this.tenant === undefined) return;
    for (const reader of this.context.feedReaders.get(this.tenant) ?? []) {
      const items = new Map<string, Of<'fed'>>();
      for (const item of this.of('fed')) {
        if (item.reader !== reader) continue;
        const known = items.get(item.id);
        if (known === undefined) items.set(item.id, item);
        else if (JSON.stringify([known.type, known.data]) !== JSON.stringify([item.type, item.data]))
          this.report('I12', 'wrong', `${reader} was given two events ${item.id}`);
      }
      const positions = [...items.keys()].map((id) => id.split('-').map(Number));
      this.findings.check('I12', positions.length);
      for (const [i, [, offset = 0, place = 0]] of positions.entries()) {
        const [, before = -1, beforePlace = -1] = positions[i - 1] ?? [];
        if (offset < before || (offset === before && place <= beforePlace))
          this.report('I12', 'wrong', `${reader} was given ${[...items.keys()][i]} after ${[...items.keys()][i - 1]}`);
      }
      const fed = [...items.values()];
      for (const { clearance } of this.versions) {
        const told = fed.filter(({ type, data }) => type === 'clearance' && data['version'] === clearance.version);
        if (told.length === 0) this.report('I12', 'lost', `${reader} was not given version ${clearance.version}`);
        if (told.length > 1)
          this.report('I12', 'doubled', `${reader} was given version ${clearance.version} as ${told.map(({ id }) => id).join(', ')}`);
      }
      for (const { value } of this.of('rejection')) {
        const told = fed.some(({ type, data }) => type === 'rejected' && data['declarationId'] === value.declarationId);
        if (!told) this.report('I12', 'lost', `${reader} was not given the rejection of ${value.declarationId}`);
      }
    }
  }
}

function differenceOf(clearance: Clearance, stand: Stand): string | undefined {
  if (clearance.status !== stand.status) return `${clearance.status}, and the records up to its basis come to ${String(stand.status)}`;
  if (clearance.revision !== stand.revision) return `revision ${clearance.revision}, and the records come to ${stand.revision}`;
  if (clearance.final !== stand.final) return `final ${clearance.final}, and the records come to ${stand.final}`;
  for (const { agency, status, overdue } of stand.answers) {
    const told = clearance.agencies.find((one) => one.agency === agency);
    if (told?.status !== status || told.overdue !== overdue)
      return `${agency} ${told?.status ?? 'is not named'}, and the records come to ${status}${overdue ? ', overdue' : ''}`;
  }
  return undefined;
}
