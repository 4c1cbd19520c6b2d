import type { Settings } from '../../../config/settings';
import type { Clearance, Receipt } from '../../core/messages';
import type { Problem } from '../../core/problem';
import type { FoldRules } from '../../core/fold';
import type { Admission } from '../../admission';
import type { AuditDesk } from '../../audit-desk';
import type { Intake } from '../../intake';
import type { DryRun } from '../../dry-run';
import type { DeadLetterDesk } from '../../dead-letter-desk';
import type { DecisionDesk } from '../../decision-desk';
import type { ErasureDesk } from '../../erasure-desk';
import type { EvidenceDesk } from '../../evidence-desk';
import type { OperatorDesk } from '../../operator-desk';
import type { OperatorJobs } from '../../operator-jobs';
import type { Reads } from '../../reads';
import type { TaskDesk } from '../../task-desk';
import type { AccessLog } from '../../access-log';
import type { Waiting } from '../../waiting';
import type { Audit } from '../../ports/audit';
import type { Clock } from '../../ports/clock';
import type { Signer } from '../../ports/signer';
import type { Metrics } from '../metrics/metrics';
import type { Authenticate } from './authenticate';

/** What the EPC answers need besides the object. */
export interface EpcContext {
  dialect: string;
  shipMessageId?: string;
  dossierCode?: string;
  sentTime: string;
  portSecurityLevel: 'SL1' | 'SL2' | 'SL3';
}

/** Everything that the HTTP edge calls: wired in app.ts, given to each route module. */
export interface GatewayApi {
  settings: Settings;
  /** What this process may take of the limits, of which several intake processes have a share each. */
  limits: Pick<Settings, 'tenantRequestsPerSecond'>;
  admission: Admission;
  clock: Clock;
  rules: FoldRules;
  authenticate: Authenticate;
  intake: Intake | undefined;
  dryRun: DryRun | undefined;
  reads: Reads;
  waiting: Waiting;
  decisions: DecisionDesk;
  operator: OperatorDesk;
  deadLetters: DeadLetterDesk;
  tasks: TaskDesk;
  jobs: OperatorJobs;
  /** Personal reads and operators' actions are recorded before they are answered or done. */
  audit: Audit;
  auditDesk: AuditDesk;
  evidence: EvidenceDesk;
  erasures: ErasureDesk;
  accessLog: Pick<AccessLog, 'refused'>;
  signer: Signer;
  metrics: Metrics;
  epc: {
    receipt(receipt: Receipt, context: EpcContext): string;
    clearance(clearance: Clearance, context: EpcContext): string;
    problems(problems: readonly Problem[], context: EpcContext): string;
  };
  documents: Documents;
  /** Random hexadecimal of so many bytes (trace ids). */
  random(bytes: number): string;
  /** True once the process is stopping: no new work. */
  stopping(): boolean;
  logger: { error(fields: object, message: string): void; warn(fields: object, message: string): void };
}

/** Forms of a clearance for people, and the public documents. */
export interface Documents {
  clearanceHtml(clearance: Clearance, language: 'en' | 'vi'): string;
  clearancePdf(clearance: Clearance, language: 'en' | 'vi'): Promise<Buffer>;
  openapi: object;
  asyncapi: object;
  services: object;
  codeLists: Readonly<Record<string, unknown>>;
}
