import type { Declaration } from './declaration';
import type { AgencyCode, DossierCode, DossierId, TaskId, Tenant } from './identifiers';
import type { AgencyRole, ClearanceStatus, CodedText, DeclarationAction, DecisionOutcome, FormalityName } from './messages';

/** State of one dossier as the fold keeps it (the store holds it as JSON). Times are ISO 8601 UTC. */
export interface Task {
  taskId: TaskId;
  agency: AgencyCode;
  role: AgencyRole;
  /** The revision that changed this agency's view: the one it was asked about. */
  revision: number;
  /** What the request said: original, amend. */
  action: DeclarationAction;
  /** False while it waits for the agencies that its route names under `after`. */
  asked: boolean;
  requestedAt: string;
  dueAt: string;
  /** open, acknowledged, an outcome, or withdrawn. */
  state: 'open' | 'withdrawn' | DecisionOutcome;
  overdue: boolean;
  held: boolean;
  /** Why it is held; apart from `reasons`, so that a hold leaves the decision as it is. Present while it is held with a reason. */
  holdReasons?: CodedText[];
  decidedAt?: string;
  reasons: CodedText[];
  conditions: CodedText[];
  documents: Record<string, string>;
  reference?: string;
  /** Identities of the decisions seen, to know a repeat. */
  decisionIds: string[];
}

export interface Revision {
  revision: number;
  declarationId: string;
  messageId: string;
  digest: string;
  dialect: string;
  action: DeclarationAction;
  receivedAt: string;
  sentAt: string;
  formalities: FormalityName[];
}

export interface Rejection {
  messageId: string;
  declarationId: string;
  code: string;
  message: string;
  messageVi: string;
  receivedAt: string;
}

export interface DossierState {
  dossierId: DossierId;
  dossierCode: DossierCode;
  tenant: Tenant;
  test: boolean;
  ruleSet: string;
  openedAt: string;
  cancelled: boolean;
  /** When its personal data were erased: its body is gone, and nothing goes into it any more. */
  erasedAt?: string;
  /** Stamp of the last record that changed it: what "now" is for due times. */
  asOf: string;
  revisions: Revision[];
  rejections: Rejection[];
  /** The message that each formality came from (an EPC update replaces what its message carried). */
  formalityOrigin: Partial<Record<FormalityName, string>>;
  /** Formalities owed by law and not there, with due times. */
  missing: { formality: FormalityName; dueAt?: string }[];
  /** The present task of each agency, in the order of the routes. */
  tasks: Task[];
  /** Tasks that newer ones replaced. */
  formerTasks: Task[];
  /** 0: no version yet. */
  version: number;
  /** What decides whether there is a new version. */
  versionKey: string;
  status: ClearanceStatus;
  final: boolean;
  issuedAt?: string;
  /** Position in `dossiers` of the last record that was applied. */
  basis: { partition: number; offset: number };
  /** What lists and filters of the read model need. */
  index: { imoNumber?: string; shipName?: string; unLocode?: string; declarationType: string; eta?: string; etd?: string };
  stages: Record<string, string>;
}

/** The merged declaration of a dossier; kept apart from the state because most records do not need it. */
export type DossierBody = Declaration;

/** A task of the dossier, present or former. */
export function taskOf(dossier: DossierState, taskId: TaskId): Task | undefined {
  return dossier.tasks.find((task) => task.taskId === taskId) ?? dossier.formerTasks.find((task) => task.taskId === taskId);
}
