import type { JSONWebKeySet, JWTPayload, JWTVerifyGetKey } from 'jose';
import type { Clock } from '../../../ports/clock';
import type { Principal } from '../authenticate';
import { IssuerUnavailable } from '../../../core/exchange-error';
import type { IssuerKeys } from './issuer-keys';

/**
 * Tokens (JWT) of one issuer. jose verifies (no dependencies, the one that everybody reviews; node:crypto would be ours to get right);
 * here stands what it is told: which algorithms, whose token, for whom, how long, and which
 * claims say who it is. A token that was verified is known by its hash until it expires, so that the hot path has no `await`.
 */
export interface TokenVerifier {
  /** The caller, at once where the token is known; undefined: not valid. @throws IssuerUnavailable when nobody can say */
  verify(token: string, sha256: string): Principal | undefined | Promise<Principal | undefined>;
  /** The keys changed: what was verified by those of before must be verified again. */
  forget(): void;
}

export interface TokenRules {
  issuer: string;
  audience: string;
  /** Names of the claims. */
  roleClaim: string;
  tenantClaim: string;
  agencyClaim: string;
  agencies: readonly string[];
}

/** Signatures of a public key only: with `none` or HS256 anybody could sign with what the issuer publishes. */
const ALGORITHMS = ['EdDSA', 'ES256', 'PS256', 'RS256'];
/** Between our clock and the issuer's. */
const SKEW_SECONDS = 60;
const MAX_LIFETIME_SECONDS = 600;
/** Verified tokens that are remembered. */
const MAX_KNOWN = 10_000;
const ROLES = ['agent', 'agency', 'operator', 'auditor'] as const;
const NAME = /^[^\u0000-\u001f\u007f]{1,100}$/;
const TENANT = /^[A-Za-z0-9][A-Za-z0-9._:@-]{0,99}$/;

export async function createTokenVerifier(keys: IssuerKeys, clock: Clock, rules: TokenRules, maxKnown = MAX_KNOWN): Promise<TokenVerifier> {
  // Only where there is an issuer; and it ships ES modules only.
  const jose = await import('jose');
  const known = new Map<string, { principal: Principal; untilMs: number }>();
  let ofKeys: { set: JSONWebKeySet; get: JWTVerifyGetKey } | undefined;
  /** How often the keys changed, so that nothing is remembered that was verified by those of before. */
  let generation = 0;

  const keyOf: JWTVerifyGetKey = (header, token) => {
    const set = keys.current();
    if (set === undefined) throw new jose.errors.JWKSNoMatchingKey();
    if (ofKeys?.set !== set) ofKeys = { set, get: jose.createLocalJWKSet(set) };
    return ofKeys.get(header, token);
  };

  const payloadOf = async (token: string): Promise<JWTPayload | undefined> => {
    try {
      const { payload } = await jose.jwtVerify(token, keyOf, {
        algorithms: ALGORITHMS,
        issuer: rules.issuer,
        audience: rules.audience,
        clockTolerance: SKEW_SECONDS,
        currentDate: new Date(clock.nowMs()),
        requiredClaims: ['sub', 'iat', 'exp'],
      });
      return payload;
    } catch {
      // Not valid, or signed by a key that is none or too short: all the same to the caller.
      return undefined;
    }
  };

  const verify = async (token: string, sha256: string): Promise<Principal | undefined> => {
    const kid = kidOf(token, jose.decodeProtectedHeader);
    if (kid === undefined) return undefined;
    const isKnown = (): boolean => keys.current()?.keys.some((key) => key.kid === kid) === true;
    if (!isKnown()) {
      await keys.refresh();
      if (!isKnown()) {
        if (keys.isReachable()) return undefined;
        throw new IssuerUnavailable('the issuer of tokens cannot be asked for the key of this one');
      }
    }
    const begun = generation;
    const payload = await payloadOf(token);
    const principal = payload === undefined ? undefined : principalOf(payload, rules, clock.nowMs() / 1000);
    if (payload === undefined || principal === undefined) return undefined;
    if (begun === generation) {
      // The oldest goes: tokens live for minutes.
      if (known.size >= maxKnown) known.delete(known.keys().next().value ?? '');
      known.set(sha256, { principal, untilMs: Number(payload.exp) * 1000 });
    }
    return principal;
  };

  return {
    verify: (token, sha256) => {
      const found = known.get(sha256);
      if (found === undefined) return verify(token, sha256);
      if (clock.nowMs() < found.untilMs) return found.principal;
      known.delete(sha256);
      return undefined;
    },
    forget: () => {
      generation++;
      known.clear();
    },
  };
}

function kidOf(token: string, decode: (token: string) => { kid?: string | undefined; alg?: string | undefined }): string | undefined {
  try {
    const { kid, alg } = decode(token);
    return typeof kid === 'string' && kid !== '' && ALGORITHMS.includes(String(alg)) ? kid : undefined;
  } catch {
    return undefined;
  }
}

/** jose has looked at the signature, issuer, audience and the beginning of its time; how long it lives and who it is are looked at here. */
function principalOf(payload: JWTPayload, rules: TokenRules, nowSeconds: number): Principal | undefined {
  const { sub, exp, iat } = payload;
  // Our own end has no tolerance: an expired token is expired. From `iat`, so that a long-lived one is not valid at its end either.
  if (exp === undefined || iat === undefined || exp <= nowSeconds || iat > nowSeconds + SKEW_SECONDS) return undefined;
  if (exp - iat > MAX_LIFETIME_SECONDS || exp > nowSeconds + MAX_LIFETIME_SECONDS + SKEW_SECONDS) return undefined;
  if (typeof sub !== 'string' || !NAME.test(sub)) return undefined;
  const role = roleOf(payload[rules.roleClaim]);
  switch (role) {
    case undefined:
      return undefined;
    case 'agent': {
      const tenant = payload[rules.tenantClaim];
      return typeof tenant === 'string' && TENANT.test(tenant) ? { role, tenant, name: sub } : undefined;
    }
    case 'agency': {
      const agency = payload[rules.agencyClaim];
      return typeof agency === 'string' && rules.agencies.includes(agency) ? { role, agency, name: sub } : undefined;
    }
    case 'operator':
    case 'auditor':
      return { role, name: sub };
  }
}

/** A role, or a list with exactly one of ours: with two nobody could say which one acts. */
function roleOf(claim: unknown): Principal['role'] | undefined {
  const given = Array.isArray(claim) ? (claim as unknown[]) : [claim];
  const [role, ...others] = ROLES.filter((known) => given.includes(known));
  return others.length === 0 ? role : undefined;
}
