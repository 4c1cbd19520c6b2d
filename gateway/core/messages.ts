import type { Declaration } from './declaration';
import type { AgencyCode, DossierCode, DossierId, TaskId, Tenant } from './identifiers';
import type { Problem } from './problem';

/** Shapes of what travels on the topics and in the answers (contract.md §§3–4). Times are ISO 8601 UTC strings. */

export const AgencyRole = { decides: 'decides', advises: 'advises', informed: 'informed' } as const;
export type AgencyRole = (typeof AgencyRole)[keyof typeof AgencyRole];

export const DeclarationAction = { original: 'original', amend: 'amend', cancel: 'cancel' } as const;
export type DeclarationAction = (typeof DeclarationAction)[keyof typeof DeclarationAction];

export const DecisionOutcome = {
  acknowledged: 'acknowledged',
  accepted: 'accepted',
  conditionallyAccepted: 'conditionallyAccepted',
  refused: 'refused',
  moreInfoRequired: 'moreInfoRequired',
  notApplicable: 'notApplicable',
  revoked: 'revoked',
  held: 'held',
  released: 'released',
} as const;
export type DecisionOutcome = (typeof DecisionOutcome)[keyof typeof DecisionOutcome];

export const FORMALITIES = [
  'generalDeclaration',
  'cargo',
  'shipStores',
  'crewEffects',
  'crewList',
  'passengerList',
  'dangerousGoods',
  'security',
  'waste',
  'health',
] as const;
export type FormalityName = (typeof FORMALITIES)[number];

/** A reason or a condition of a decision. `textVi` where the agency gave one. */
export interface CodedText {
  code: string;
  text: string;
  textVi?: string;
}

export interface ReceiptAgency {
  agency: AgencyCode;
  role: AgencyRole;
  dueAt: string;
}

export interface Receipt {
  receiptId: string;
  dossierId: DossierId;
  dossierCode: DossierCode;
  declarationId: string;
  messageId: string;
  action?: DeclarationAction;
  status: 'received';
  receivedAt: string;
  agencies: ReceiptAgency[];
  warnings: Problem[];
  signature: string;
}

/** Value of `vn.seaport.declaration.v1` in `dossiers`. */
export interface DeclarationRecord {
  tenant: Tenant;
  dossierId: DossierId;
  dossierCode: DossierCode;
  declarationId: string;
  messageId: string;
  /** SHA-256 of the bytes as received, hexadecimal. */
  digest: string;
  /** epc-2011 | epc-2021 | json | … */
  dialect: string;
  action: DeclarationAction;
  receivedAt: string;
  test: boolean;
  ruleSet: string;
  receipt: Receipt;
  declaration: Declaration;
}

/** Value of `vn.seaport.request.v1` in `requests.<agency>`. */
export interface RequestMessage {
  taskId: TaskId;
  dossierId: DossierId;
  dossierCode: DossierCode;
  revision: number;
  agency: AgencyCode;
  role: AgencyRole;
  dueAt: string;
  action: DeclarationAction;
  test: boolean;
  /** When the gateway received the declaration that caused this request. */
  receivedAt: string;
  ruleSet: string;
  /** Only the fields of the canonical declaration that this agency may see. Empty for a cancel. */
  view: Partial<Declaration>;
}

/** Value of `vn.seaport.decision.v1` in `decisions.<agency>`: only taskId and outcome are needed. */
export interface DecisionMessage {
  taskId: TaskId;
  outcome: DecisionOutcome;
  dossierId?: DossierId;
  revision?: number;
  agency?: AgencyCode;
  reasons?: CodedText[];
  conditions?: CodedText[];
  /** Per formality, where the agency decides documents apart: { cargo: 'accepted' }. */
  documents?: Record<string, DecisionOutcome>;
  reference?: string;
  decidedAt?: string;
}

/** The same in `dossiers`, stamped by the relay. */
export interface RelayedDecision extends DecisionMessage {
  dossierId: DossierId;
  agency: AgencyCode;
  /** Identity within its task: ce_id (HTTP: Idempotency-Key), else SHA-256 of the value. */
  decisionId: string;
  receivedAt: string;
  /** Came by the topic of test decisions. */
  test: boolean;
}

/** Value of `vn.seaport.deadline.v1` in `dossiers`. */
export interface DeadlineRecord {
  deadlineId: string;
  dossierId: DossierId;
  /** The timer that fired, as the fold set it. */
  timer: string;
  dueAt: string;
  receivedAt: string;
}

/** Value of `vn.seaport.erasure.v1` in `dossiers`: the dossier's personal data are to be gone, now and after any rebuild. */
export interface ErasureRecord {
  erasureId: string;
  dossierId: DossierId;
  /** Code of why: no free text. */
  reason: string;
  receivedAt: string;
}

/** Value of `vn.seaport.result.v1` in `results.<agency>`. */
export interface ResultMessage {
  dossierId: DossierId;
  dossierCode: DossierCode;
  version: number;
  status: ClearanceStatus;
  decisions: { agency: AgencyCode; outcome: string; conditions: CodedText[]; decidedAt?: string; reasons?: CodedText[] }[];
  dueAt?: string;
}

export const ClearanceStatus = {
  pending: 'pending',
  granted: 'granted',
  conditional: 'conditional',
  refused: 'refused',
  incomplete: 'incomplete',
  held: 'held',
  cancelled: 'cancelled',
} as const;
export type ClearanceStatus = (typeof ClearanceStatus)[keyof typeof ClearanceStatus];

export interface ClearanceAgency {
  agency: AgencyCode;
  role: AgencyRole;
  /** open, acknowledged, an outcome, or withdrawn. */
  status: string;
  decidedAt?: string;
  dueAt: string;
  overdue: boolean;
  reasons: CodedText[];
  conditions: CodedText[];
  reference?: string;
}

export interface Clearance {
  clearanceId: string;
  dossierId: DossierId;
  dossierCode: DossierCode;
  version: number;
  revision: number;
  status: ClearanceStatus;
  statusCode?: string;
  final: boolean;
  ruleSet: string;
  issuedAt?: string;
  validFrom?: string;
  validTo?: string;
  summary: string;
  summaryVi: string;
  agencies: ClearanceAgency[];
  conditions: (CodedText & { agency: AgencyCode })[];
  missing: { formality: string; dueAt?: string }[];
  /** Times of the way through: received, firstDecision, lastDecision. */
  stages: Record<string, string>;
  /** The position in `dossiers` that this version folded. */
  basis: { partition: number; offset: number };
  test?: boolean;
  /** Absent in version 0. */
  signature?: string;
}

/** Value of `vn.seaport.declaration-rejected.v1` in `clearances`. */
export interface DeclarationRejected {
  dossierId: DossierId;
  dossierCode: DossierCode;
  tenant: Tenant;
  messageId: string;
  declarationId: string;
  code: string;
  message: string;
  messageVi: string;
  receivedAt: string;
  basis: { partition: number; offset: number };
}

export const EventType = {
  declaration: 'vn.seaport.declaration.v1',
  request: 'vn.seaport.request.v1',
  decision: 'vn.seaport.decision.v1',
  result: 'vn.seaport.result.v1',
  deadline: 'vn.seaport.deadline.v1',
  erasure: 'vn.seaport.erasure.v1',
  evidenceKey: 'vn.seaport.evidence-key.v1',
  clearance: 'vn.seaport.clearance.v1',
  rejected: 'vn.seaport.declaration-rejected.v1',
  epoch: 'vn.seaport.epoch.v1',
  audit: 'vn.seaport.audit.v1',
} as const;
export type EventType = (typeof EventType)[keyof typeof EventType];
