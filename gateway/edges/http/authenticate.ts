import type { IncomingMessage } from 'node:http';
import { hash } from 'node:crypto';

/** Who calls: tenant, agency and role come from the credential, never from the payload (guarantees.md §5). */
export type Principal =
  | { role: 'agent'; tenant: string; name: string }
  | { role: 'agency'; agency: string; name: string }
  | { role: 'operator'; name: string }
  | { role: 'auditor'; name: string };

/** An API key as it is kept: only its SHA-256. */
export interface ApiKey {
  sha256: string;
  role: Principal['role'];
  tenant?: string;
  agency?: string;
  name: string;
}

export type Authenticate = (request: IncomingMessage) => Principal | undefined;

export function createAuthenticate(apiKeys: readonly ApiKey[]): Authenticate {
  const byHash = new Map(apiKeys.map((key) => [key.sha256, principalOf(key)]));
  return (request) => {
    const header = request.headers.authorization;
    if (header === undefined || header.length > 4_096 || header.slice(0, 7).toLowerCase() !== 'bearer ') return undefined;
    return byHash.get(hash('sha256', header.slice(7).trim(), 'hex'));
  };
}

function principalOf(key: ApiKey): Principal {
  switch (key.role) {
    case 'agent':
      if (key.tenant === undefined) throw new Error(`API key ${key.name} names no tenant`);
      return { role: 'agent', tenant: key.tenant, name: key.name };
    case 'agency':
      if (key.agency === undefined) throw new Error(`API key ${key.name} names no agency`);
      return { role: 'agency', agency: key.agency, name: key.name };
    case 'operator':
    case 'auditor':
      return { role: key.role, name: key.name };
  }
}
