import type { DossierBody, DossierState } from './core/dossier';
import { agencyDueAt } from './core/deadlines';
import { fold, requestText, routeOf, type Fact, type FoldedRequest, type FoldRules } from './core/fold';
import { clearanceOf, verdictOfDossier } from './core/clearance';
import type { Declaration } from './core/declaration';
import type { Clearance, DecisionMessage, DeclarationRecord, RelayedDecision, RequestMessage } from './core/messages';
import type { Problem } from './core/problem';
import { ruleSetById } from './core/rule-set';
import type { Intake, Submission } from './intake';
import { keys } from './read-model';
import type { StoreReader } from './store-reader';

/** What would become of a declaration: faults, warnings, the routing plan and the clearance that the rules would give. Nothing is stored. */
export interface DryRunAnswer {
  valid: boolean;
  dialect: string;
  errors: Problem[];
  warnings: Problem[];
  ruleSet?: string;
  plan?: { agency: string; role: string; mode: string; dueAt: string; asked: boolean; rules: string[] }[];
  predicted?: Clearance;
}

export interface DryRunPorts {
  intake: Intake;
  rules: FoldRules;
  store: StoreReader;
  /** The decision that an agency's rules would give; undefined where it has none here. */
  assess(request: RequestMessage): { decision: DecisionMessage; rules: string[] } | undefined;
}

export class DryRun {
  private readonly ports: DryRunPorts;

  constructor(ports: DryRunPorts) {
    this.ports = ports;
  }

  async run(
    submission: Submission,
  ): Promise<{ kind: 'unreadable'; problems: readonly Problem[] } | { kind: 'answer'; answer: DryRunAnswer }> {
    const prepared = await this.ports.intake.prepare(submission);
    if (prepared.kind === 'refused') {
      if (prepared.dialect === 'unknown') return { kind: 'unreadable', problems: prepared.problems };
      const { dialect, problems } = prepared;
      const errors = problems.filter((entry) => entry.severity === 'error');
      return {
        kind: 'answer',
        answer: { valid: false, dialect, errors, warnings: problems.filter((entry) => entry.severity === 'warning') },
      };
    }
    const { partition, dialect, warnings } = prepared;
    const record: DeclarationRecord = {
      ...prepared.record,
      receipt: { ...prepared.receipt, signature: '' },
      declaration: JSON.parse(Buffer.from(prepared.json).toString()) as Declaration,
    };
    const { rules } = this.ports;
    const [stateBytes, bodyBytes] =
      (await this.ports.store.find(partition, [keys.state(record.dossierId), keys.body(record.dossierId)])) ?? [];
    const before = stateBytes == null ? undefined : (JSON.parse(stateBytes.toString()) as DossierState);
    const body = bodyBytes == null ? undefined : (JSON.parse(bodyBytes.toString()) as DossierBody);
    const position = { partition, offset: (before?.basis.offset ?? -1) + 1 };
    let result = fold(before, { kind: 'declaration', position, value: record }, body, rules);
    const rejected = result.exit.exit === 'rejected' ? result.rejected : undefined;
    const errors: Problem[] =
      rejected === undefined
        ? []
        : [{ code: rejected.code, severity: 'error', pointer: '', message: rejected.message, messageVi: rejected.messageVi }];
    if (result.state === undefined || rejected !== undefined)
      return { kind: 'answer', answer: { valid: false, dialect, errors, warnings } };
    const merged = result.body ?? body;
    const fired = new Map<string, string[]>();
    const asked = new Set(result.requests.map((request) => request.agency));
    let predicted = result.clearance;
    for (let pending = [...result.requests]; pending.length > 0;) {
      const request = JSON.parse(requestText(pending.shift() as FoldedRequest, rules)) as RequestMessage;
      const assessed = this.ports.assess(request);
      if (assessed === undefined) continue;
      fired.set(request.agency, assessed.rules);
      const value: RelayedDecision = {
        ...assessed.decision,
        dossierId: record.dossierId,
        agency: request.agency,
        decisionId: `dry-run-${request.agency}`,
        receivedAt: record.receivedAt,
        test: record.test,
      };
      const fact: Fact = { kind: 'decision', position, value };
      result = fold(result.state, fact, merged, rules);
      pending = [...pending, ...result.requests];
      predicted = result.clearance ?? predicted;
    }
    const state = result.state as DossierState;
    const ruleSet = ruleSetById(rules.ruleSets, state.ruleSet);
    const plan = routeOf(merged ?? record.declaration, rules).map((agency) => ({
      agency: agency.code,
      role: agency.role,
      mode: agency.mode,
      dueAt: agencyDueAt(record.receivedAt, ruleSet),
      asked: asked.has(agency.code),
      rules: fired.get(agency.code) ?? [],
    }));
    predicted ??= clearanceOf(state, verdictOfDossier(state, ruleSet), ruleSet, rules, position);
    return { kind: 'answer', answer: { valid: true, dialect, errors: [], warnings, ruleSet: state.ruleSet, plan, predicted } };
  }
}
