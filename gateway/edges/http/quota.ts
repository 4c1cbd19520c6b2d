import type { Clock } from '../../ports/clock';

/** A token bucket per tenant: one second's worth may come at once, and one submission in any case. */
export interface Quota {
  /** Undefined where there is no limit. */
  take(tenant: string): { allowed: boolean; retryAfterSeconds: number; headers: Record<string, string> } | undefined;
}

export function createQuota(perSecond: number, clock: Clock): Quota {
  if (perSecond === 0) return { take: () => undefined };
  // A share of a quota may be less than one in a second.
  const capacity = Math.max(1, perSecond);
  const buckets = new Map<string, { tokens: number; atMs: number }>();
  return {
    take(tenant) {
      const nowMs = clock.monotonicMs();
      const bucket = buckets.get(tenant) ?? { tokens: capacity, atMs: nowMs };
      bucket.tokens = Math.min(capacity, bucket.tokens + ((nowMs - bucket.atMs) / 1000) * perSecond);
      bucket.atMs = nowMs;
      const allowed = bucket.tokens >= 1;
      if (allowed) bucket.tokens -= 1;
      buckets.set(tenant, bucket);
      const remaining = Math.floor(bucket.tokens);
      const retryAfterSeconds = Math.max(1, Math.ceil((1 - bucket.tokens) / perSecond));
      return {
        allowed,
        retryAfterSeconds,
        headers: {
          'RateLimit-Limit': String(Math.floor(capacity)),
          'RateLimit-Remaining': String(remaining),
          'RateLimit-Reset': String(retryAfterSeconds),
        },
      };
    },
  };
}
