import type { AuditEntry } from '../core/audit-chain';

/**
 * Who did what. `await audit.record(…)` before the thing is done: an operator's action, or an answer with personal data, that cannot be
 * recorded first must not happen (guarantees.md G16). Implementation: gateway/audit-log.ts.
 */
export interface Audit {
  /**
   * Resolves once the entry is durable. Entries hold ids, never personal values.
   * @throws AuditUnavailable (`audit-unavailable`, 503): do not go on
   */
  record(entry: AuditEntry): Promise<void>;
}
