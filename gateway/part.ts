import type { Settings } from '../config/settings';
import type { Peers } from './process-report';

/** Which process of a gateway this is; with WORKERS above 1 there are several (edges/cluster/). */
export type Part =
  | { part: 'whole' }
  /** All roles but intake, and the admin port for all. */
  | { part: 'primary'; workers: Peers }
  /** Intake alone, on the common port. */
  | { part: 'worker' };

/** The roles of this process among those of the gateway. */
export function rolesOf(settings: Pick<Settings, 'roles'>, { part }: Pick<Part, 'part'>): Settings['roles'] {
  switch (part) {
    case 'whole':
      return settings.roles;
    case 'primary':
      return new Set([...settings.roles].filter((role) => role !== 'intake'));
    case 'worker':
      return new Set(['intake']);
  }
}

/** Connections are dealt out in turn, so each worker has an equal share of what the gateway may take. */
export function limitsOf(
  settings: Pick<Settings, 'maxInFlight' | 'tenantRequestsPerSecond' | 'workers'>,
  { part }: Pick<Part, 'part'>,
): Pick<Settings, 'maxInFlight' | 'tenantRequestsPerSecond'> {
  const { maxInFlight, tenantRequestsPerSecond, workers } = settings;
  if (part !== 'worker') return { maxInFlight, tenantRequestsPerSecond };
  return { maxInFlight: Math.max(1, Math.floor(maxInFlight / workers)), tenantRequestsPerSecond: tenantRequestsPerSecond / workers };
}
