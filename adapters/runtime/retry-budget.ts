/**
 * Retries may be a share of the calls and a few a second, no more: an agency that fails is not finished off by those who wait for it.
 * A token bucket; time is an argument.
 */
export interface RetryBudgetPolicy {
  /** Tokens that each first attempt adds: 0.2 allows one retry for five calls. */
  perCall: number;
  perSecond: number;
  maxTokens: number;
}

export class RetryBudget {
  private tokens: number;
  private refilledMs: number | undefined;
  private readonly policy: RetryBudgetPolicy;

  constructor(policy: RetryBudgetPolicy) {
    this.policy = policy;
    this.tokens = policy.maxTokens;
  }

  /** A first attempt went out. */
  deposit(): void {
    this.tokens = Math.min(this.policy.maxTokens, this.tokens + this.policy.perCall);
  }

  /** Takes a token for one retry; false = wait and ask again. */
  tryTake(nowMs: number): boolean {
    const elapsedMs = Math.max(0, nowMs - (this.refilledMs ?? nowMs));
    this.refilledMs = nowMs;
    this.tokens = Math.min(this.policy.maxTokens, this.tokens + (elapsedMs / 1000) * this.policy.perSecond);
    if (this.tokens < 1) return false;
    this.tokens -= 1;
    return true;
  }
}
