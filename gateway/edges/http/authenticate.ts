import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { hash } from 'node:crypto';

/** Who calls: tenant, agency and role come from the credential, never from the payload (guarantees.md §5). */
export type Principal =
  | { role: 'agent'; tenant: string; name: string }
  | { role: 'agency'; agency: string; name: string }
  | { role: 'operator'; name: string }
  | { role: 'auditor'; name: string };

/** A principal as a row of a file names it. */
export interface PrincipalRow {
  role: Principal['role'];
  tenant?: string;
  agency?: string;
  name: string;
}

/** An API key as it is kept: only its SHA-256. */
export interface ApiKey extends PrincipalRow {
  sha256: string;
  /** Valid from this time on, and until that one; absent: without end. */
  notBefore?: string;
  expires?: string;
}

/** At once, or later where the keys of an issuer of tokens are asked for; undefined: nobody. @throws IssuerUnavailable */
export type Authenticate = (request: IncomingMessage) => Principal | undefined | Promise<Principal | undefined>;

const MAX_HEADER_CHARACTERS = 4_096;
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

export interface AuthenticatePorts {
  keys: { find(sha256: string): Principal | undefined };
  /** Undefined where no client certificates are asked for. */
  certificates?: { find(socket: Socket): Principal | undefined } | undefined;
  /** Undefined where no issuer is configured. */
  tokens?: { verify(token: string, sha256: string): Principal | undefined | Promise<Principal | undefined> } | undefined;
  /** API keys that are nobody's though their hash is known: those of development, in production. */
  isRefused?: (token: string) => boolean;
}

/**
 * The caller of a request, by its bearer token: an API key, or what has the three parts of a JWT; without one, by the client certificate
 * of its connection.
 */
export function createAuthenticate({ keys, tokens, certificates, isRefused = () => false }: AuthenticatePorts): Authenticate {
  return ({ headers: { authorization }, socket }) => {
    if (authorization === undefined) return certificates?.find(socket);
    if (authorization.length > MAX_HEADER_CHARACTERS || !isBearer(authorization)) return undefined;
    const token = authorization.slice(7).trim();
    const sha256 = hash('sha256', token, 'hex');
    const found = keys.find(sha256);
    if (found !== undefined) return isRefused(token) ? undefined : found;
    return tokens !== undefined && JWT.test(token) ? tokens.verify(token, sha256) : undefined;
  };
}

function isBearer(header: string): boolean {
  return header.slice(0, 7).toLowerCase() === 'bearer ';
}

export function principalOf(key: PrincipalRow): Principal {
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
