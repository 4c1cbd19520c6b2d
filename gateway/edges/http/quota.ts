import type { Clock } from '../../ports/clock';

/** A token bucket per tenant: one second's worth may come at once. */
export interface Quota {
  /** Undefined where there is no limit. */
  take(tenant: string): { allowed: boolean; retryAfterSeconds: number; headers: Record<string, string> } | undefined;
}

export function createQuota(perSecond: number, clock: Clock): Quota {
  if (perSecond === 0) return { take: () => undefined };
  const buckets = new Map<string, { tokens: number; atMs: number }>();
  return {
    take(tenant) {
      const nowMs = clock.monotonicMs();
      const bucket = buckets.get(tenant) ?? { tokens: perSecond, atMs: nowMs };
      bucket.tokens = Math.min(perSecond, bucket.tokens + ((nowMs - bucket.atMs) / 1000) * perSecond);
      bucket.atMs = nowMs;
      const allowed = bucket.tokens >= 1;
      if (allowed) bucket.tokens -= 1;
      buckets.set(tenant, bucket);
      const remaining = Math.floor(bucket.tokens);
      return {
        allowed,
        retryAfterSeconds: 1,
        headers: { 'RateLimit-Limit': String(perSecond), 'RateLimit-Remaining': String(remaining), 'RateLimit-Reset': '1' },
      };
    },
  };
}
