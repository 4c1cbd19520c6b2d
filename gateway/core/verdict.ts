import { AgencyRole, ClearanceStatus, DecisionOutcome } from './messages';
import type { CodedText } from './messages';
import type { RuleSet } from './rule-set';

/**
 * The verdict: the pure function of all tasks, severest first (architecture.md §5 "The verdict is a table").
 *
 * | # | when | status |
 * |---|---|---|
 * | 1 | the dossier was cancelled | cancelled |
 * | 2 | an agency holds | held |
 * | 3 | a refusal that counts | refused |
 * | 4 | more information wanted that counts, or a formality missing at its due time | incomplete |
 * | 5 | an answer awaited | pending |
 * | 6 | a condition, or an adviser's refusal or wish that does not block | conditional |
 * | 7 | otherwise | granted |
 */
export interface AgencyAnswer {
  agency: string;
  role: AgencyRole;
  /** open, acknowledged or an outcome; revoked counts as open. */
  state: string;
  overdue: boolean;
  held: boolean;
  reasons: readonly CodedText[];
  conditions: readonly CodedText[];
  documents: Readonly<Record<string, string>>;
}

export interface VerdictInput {
  cancelled: boolean;
  answers: readonly AgencyAnswer[];
  /** A required formality is not there and its due time has passed. */
  formalityOverdue: boolean;
  ruleSet: RuleSet;
  /** Whether an agency has a say in this dossier; a document whose final authority has none falls to the lead. */
  takesPart(agency: string): boolean;
}

export interface Verdict {
  status: ClearanceStatus;
  /** Nothing awaited and not held. A later version may follow all the same. */
  final: boolean;
  /** Agencies whose answer is awaited. */
  awaited: string[];
}

type Effect = 'refused' | 'incomplete' | 'awaited' | 'condition' | 'none';

export function verdictOf(input: VerdictInput): Verdict {
  const awaited: string[] = [];
  let held = false;
  let refused = false;
  let incomplete = input.formalityOverdue;
  let condition = false;
  for (const answer of input.answers) {
    held ||= answer.held;
    switch (effectOf(answer, input)) {
      case 'refused':
        refused = true;
        break;
      case 'incomplete':
        incomplete = true;
        break;
      case 'awaited':
        awaited.push(answer.agency);
        break;
      case 'condition':
        condition = true;
        break;
      case 'none':
    }
  }
  if (input.cancelled) return { status: ClearanceStatus.cancelled, final: true, awaited: [] };
  const final = awaited.length === 0 && !held;
  if (held) return { status: ClearanceStatus.held, final, awaited };
  if (refused) return { status: ClearanceStatus.refused, final, awaited };
  if (incomplete) return { status: ClearanceStatus.incomplete, final, awaited };
  if (awaited.length > 0) return { status: ClearanceStatus.pending, final, awaited };
  return { status: condition ? ClearanceStatus.conditional : ClearanceStatus.granted, final, awaited };
}

function effectOf(answer: AgencyAnswer, input: VerdictInput): Effect {
  if (answer.role === AgencyRole.informed) return 'none';
  switch (answer.state) {
    case 'open':
    case DecisionOutcome.acknowledged:
    case DecisionOutcome.revoked:
      return isAwaited(answer, input.ruleSet) ? 'awaited' : 'none';
    case DecisionOutcome.accepted:
    case DecisionOutcome.conditionallyAccepted:
    case DecisionOutcome.refused:
    case DecisionOutcome.moreInfoRequired:
    case DecisionOutcome.notApplicable:
      return answered(answer, input);
    default:
      return 'none';
  }
}

/**
 * Advice is awaited until its due time; a decision always, unless the rule set lets the lead decide without it. Who took an answer
 * back is not silent: a revoked decision is awaited under every rule set.
 */
export function isAwaited(answer: Pick<AgencyAnswer, 'agency' | 'role' | 'state' | 'overdue'>, ruleSet: RuleSet): boolean {
  if (answer.role === AgencyRole.informed) return false;
  const revoked = answer.state === DecisionOutcome.revoked;
  if (answer.state !== 'open' && answer.state !== DecisionOutcome.acknowledged && !revoked) return false;
  if (!answer.overdue) return true;
  if (answer.role === AgencyRole.advises) return false;
  return revoked || ruleSet.onSilence === 'wait' || answer.agency === ruleSet.lead;
}

function answered(answer: AgencyAnswer, input: VerdictInput): Effect {
  const refuses = counts(answer, DecisionOutcome.refused, input);
  const wants = counts(answer, DecisionOutcome.moreInfoRequired, input);
  if (answer.role === AgencyRole.advises) {
    if ((refuses || wants) && blocksByPolicy(answer, input.ruleSet)) return refuses ? 'refused' : 'incomplete';
    if (refuses || wants) return 'condition';
  } else {
    if (refuses) return 'refused';
    if (wants) return 'incomplete';
  }
  return hasCondition(answer) ? 'condition' : 'none';
}

/**
 * An outcome counts on documents of which the agency is the final authority, or on the whole call when it names none.
 * A document named inside another outcome counts in the same way. Advisers have no documents of their own.
 */
function counts(answer: AgencyAnswer, outcome: DecisionOutcome, input: VerdictInput): boolean {
  const named = Object.keys(answer.documents).filter((document) => answer.documents[document] === outcome);
  if (named.length === 0) return answer.state === outcome;
  if (answer.role === AgencyRole.advises) return true;
  return named.some((document) => finalAuthorityOf(document, input) === answer.agency);
}

function finalAuthorityOf(document: string, input: VerdictInput): string {
  const authority = input.ruleSet.finalAuthority[document];
  return authority !== undefined && input.takesPart(authority) ? authority : input.ruleSet.lead;
}

function blocksByPolicy(answer: AgencyAnswer, ruleSet: RuleSet): boolean {
  return ruleSet.policies.some((row) => row.agency === answer.agency && answer.reasons.some((reason) => reason.code === row.reasonCode));
}

function hasCondition(answer: AgencyAnswer): boolean {
  return (
    answer.state === DecisionOutcome.conditionallyAccepted ||
    answer.conditions.length > 0 ||
    Object.values(answer.documents).includes(DecisionOutcome.conditionallyAccepted)
  );
}

/** Status codes of EMSWe / UN/EDIFACT 1373 (contract.md §3). None when cancelled. */
export function statusCodeOf(status: ClearanceStatus): string | undefined {
  switch (status) {
    case ClearanceStatus.granted:
      return '1';
    case ClearanceStatus.conditional:
      return '3';
    case ClearanceStatus.refused:
      return '8';
    case ClearanceStatus.incomplete:
      return '35';
    case ClearanceStatus.pending:
    case ClearanceStatus.held:
      return '45';
    case ClearanceStatus.cancelled:
      return undefined;
  }
}
