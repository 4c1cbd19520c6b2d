import { canonicalJson } from '../../gateway/core/canonical-json';
import { isoTime } from '../../gateway/core/deadlines';
import { DeclarationAction, EventType } from '../../gateway/core/messages';
import type { DecisionMessage, RequestMessage } from '../../gateway/core/messages';
import type { Clock } from '../../gateway/ports/clock';
import type { Signer } from '../../gateway/ports/signer';
import { MAX_DECISION_BYTES, parseDecision } from '../../gateway/wire/decision-message';
import { abandoned, admit, closedCircuit, failed, succeeded, type Circuit, type CircuitPolicy } from './circuit-breaker';
import { RetryBudget, type RetryBudgetPolicy } from './retry-budget';

/**
 * Calls one agency's system over HTTP: bounded concurrency, time limit, retries with exponential back-off, jitter and budget, circuit
 * breaker. Repeats are safe for an agency that honours `Idempotency-Key`.
 */
export interface CallPolicy {
  timeoutMs: number;
  maxConcurrency: number;
  /** Failures of its own after which a request is given up: others are answered meanwhile, or its answers are nonsense. */
  maxAttempts: number;
  baseDelayMs: number;
  maxDelayMs: number;
  /** How long a request is tried at most, whatever the cause. */
  giveUpAfterMs: number;
  circuit: CircuitPolicy;
  retryBudget: RetryBudgetPolicy;
}

export const defaultCallPolicy: CallPolicy = {
  timeoutMs: 10_000,
  maxConcurrency: 16,
  maxAttempts: 6,
  baseDelayMs: 200,
  maxDelayMs: 30_000,
  giveUpAfterMs: 24 * 3_600_000,
  circuit: { failureThreshold: 5, openMs: 2_000, maxOpenMs: 60_000 },
  retryBudget: { perCall: 0.2, perSecond: 2, maxTokens: 20 },
};

export interface AgencyCallerOptions {
  url: string;
  clock: Clock;
  signer: Signer;
  policy?: Partial<CallPolicy>;
  /** For tests; the platform's otherwise. */
  fetch?: typeof fetch;
  /** Resolves after so many milliseconds, rejects when aborted. */
  sleep?(ms: number, signal: AbortSignal): Promise<void>;
  /** 0 ≤ x < 1, for the jitter. */
  random?(): number;
}

export type CallAnswer =
  | { kind: 'decision'; decision: DecisionMessage }
  /** Taken: the decision comes later, by the topic or the decisions API; or a cancel was taken. */
  | { kind: 'taken' }
  /** A durable give-up: the request is set aside. */
  | {
      kind: 'given-up';
      reason: 'agency-unreachable' | 'agency-refused-request' | 'decision-invalid' | 'agency-mismatch';
      attempts: number;
    };

/** What one attempt says. */
type Attempt =
  | CallAnswer
  /** The agency answered nonsense. */
  | { kind: 'nonsense'; reason: 'decision-invalid' | 'agency-mismatch'; retryAfterMs?: number }
  /** The agency is there and asks to come later. */
  | { kind: 'busy'; retryAfterMs?: number }
  /** Nobody there, or broken as a whole. */
  | { kind: 'failed'; retryAfterMs?: number };

/** 401, 403, 404, 405: our address or credential is wrong, for every request alike. Not this request's fault. */
const MISCONFIGURED = new Set([401, 403, 404, 405]);
const BUSY = new Set([408, 425, 429]);

export class AgencyCaller {
  private circuit: Circuit = closedCircuit;
  private readonly budget: RetryBudget;
  private readonly policy: CallPolicy;
  private readonly options: Required<Omit<AgencyCallerOptions, 'policy'>>;
  private free: number;
  private readonly waiting: (() => void)[] = [];
  /** Attempts to which the agency gave any usable answer. */
  private served = 0;

  constructor(options: AgencyCallerOptions) {
    this.policy = { ...defaultCallPolicy, ...options.policy };
    this.budget = new RetryBudget(this.policy.retryBudget);
    this.free = this.policy.maxConcurrency;
    const { policy: _policy, ...rest } = options;
    this.options = { fetch: (input, init) => fetch(input, init), sleep, random: Math.random, ...rest };
  }

  get circuitPhase(): Circuit['phase'] {
    return this.circuit.phase;
  }

  /** Asks until there is an answer or a give-up. @throws the signal's reason when aborted: nothing is decided then. */
  async call(request: RequestMessage, traceparent: string | undefined, signal: AbortSignal): Promise<CallAnswer> {
    await this.acquire(signal);
    try {
      return await this.untilAnswered(request, traceparent, signal);
    } finally {
      this.release();
    }
  }

  private async untilAnswered(request: RequestMessage, traceparent: string | undefined, signal: AbortSignal): Promise<CallAnswer> {
    const { clock } = this.options;
    const body = canonicalJson(request);
    const headers = this.headersOf(request, body, traceparent);
    const startedMs = clock.monotonicMs();
    let servedAtFailure = this.served;
    /** Failures that this request alone has: nonsense for an answer, or a failure while others were served since its last one. */
    let ownFailures = 0;
    let reason: Extract<CallAnswer, { kind: 'given-up' }>['reason'] = 'agency-unreachable';
    for (let attempts = 0; ;) {
      if (attempts === 0) this.budget.deposit();
      else await this.budgeted(signal);
      await this.admitted(signal);
      attempts++;
      const attempt = await this.attempt(request, body, headers, signal);
      if (attempt.kind === 'given-up') return { ...attempt, attempts };
      if (attempt.kind === 'decision' || attempt.kind === 'taken') return attempt;
      if (attempt.kind === 'nonsense') reason = attempt.reason;
      // An outage is waited for: it counts against nobody.
      if (attempt.kind === 'nonsense' || (attempt.kind === 'failed' && this.served > servedAtFailure)) ownFailures++;
      servedAtFailure = this.served;
      if (ownFailures >= this.policy.maxAttempts || clock.monotonicMs() - startedMs >= this.policy.giveUpAfterMs)
        return { kind: 'given-up', reason, attempts };
      await this.options.sleep(Math.max(this.backoffMs(attempts), attempt.retryAfterMs ?? 0), signal);
    }
  }

  /** Full jitter: between nothing and the doubled delay, so that those who wait do not come back together. */
  private backoffMs(attempts: number): number {
    return Math.ceil(this.options.random() * Math.min(this.policy.maxDelayMs, this.policy.baseDelayMs * 2 ** (attempts - 1)));
  }

  private async admitted(signal: AbortSignal): Promise<void> {
    for (;;) {
      const asked = admit(this.circuit, this.options.clock.monotonicMs(), this.policy.circuit);
      if (asked.admitted) {
        this.circuit = asked.circuit;
        return;
      }
      await this.options.sleep(asked.waitMs, signal);
    }
  }

  private async budgeted(signal: AbortSignal): Promise<void> {
    while (!this.budget.tryTake(this.options.clock.monotonicMs())) await this.options.sleep(this.policy.baseDelayMs, signal);
  }

  private async attempt(request: RequestMessage, body: string, headers: Record<string, string>, signal: AbortSignal): Promise<Attempt> {
    let attempt: Attempt;
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(this.policy.timeoutMs)]);
      const response = await this.options.fetch(this.options.url, { method: 'POST', body, headers, redirect: 'manual', signal: limit });
      attempt = await this.read(response, request);
    } catch {
      if (signal.aborted) {
        this.circuit = abandoned(this.circuit, this.options.clock.monotonicMs());
        throw signal.reason;
      }
      attempt = { kind: 'failed' };
    }
    if (attempt.kind === 'failed') this.circuit = failed(this.circuit, this.options.clock.monotonicMs(), this.policy.circuit);
    else this.circuit = succeeded();
    if (attempt.kind === 'decision' || attempt.kind === 'taken') this.served++;
    return attempt;
  }

  private async read(response: Response, request: RequestMessage): Promise<Attempt> {
    const { status } = response;
    const retryAfterMs = retryAfterOf(response, this.policy.maxDelayMs);
    if (status === 202 || status === 204 || (response.ok && request.action === DeclarationAction.cancel)) {
      await response.body?.cancel();
      return { kind: 'taken' };
    }
    if (status === 200 || status === 201) {
      const bytes = await boundedBody(response, MAX_DECISION_BYTES);
      const parsed = bytes === undefined ? undefined : parseDecision(bytes);
      if (parsed?.ok !== true) return { kind: 'nonsense', reason: 'decision-invalid' };
      const decision = parsed.value;
      if (decision.taskId !== request.taskId || (decision.agency ?? request.agency) !== request.agency)
        return { kind: 'nonsense', reason: 'agency-mismatch' };
      return { kind: 'decision', decision };
    }
    await response.body?.cancel();
    if (BUSY.has(status)) return { kind: 'busy', ...retryAfterMs };
    if (status >= 500 || status < 400 || MISCONFIGURED.has(status)) return { kind: 'failed', ...retryAfterMs };
    return { kind: 'given-up', reason: 'agency-refused-request', attempts: 0 };
  }

  private headersOf(request: RequestMessage, body: string, traceparent: string | undefined): Record<string, string> {
    // A cancel names the withdrawn task: it must not be taken for a repeat of its request.
    const key = request.action === DeclarationAction.cancel ? `${request.taskId}:cancel` : request.taskId;
    return {
      'content-type': 'application/json',
      accept: 'application/json',
      'idempotency-key': key,
      'x-jws-signature': this.options.signer.sign(body),
      'ce-specversion': '1.0',
      'ce-id': key,
      'ce-source': '/seaport/exchange',
      'ce-type': EventType.request,
      'ce-subject': request.dossierCode,
      'ce-time': isoTime(Date.parse(request.receivedAt)),
      ...(traceparent === undefined ? {} : { traceparent }),
    };
  }

  private async acquire(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.free > 0) {
      this.free--;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        this.waiting.splice(this.waiting.indexOf(taken), 1);
        reject(signal.reason as Error);
      };
      const taken = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.waiting.push(taken);
    });
  }

  private release(): void {
    const next = this.waiting.shift();
    if (next === undefined) this.free++;
    else next();
  }
}

/** Seconds or a date, bounded: a hostile value must not park a partition. */
function retryAfterOf(response: Response, maxMs: number): { retryAfterMs?: number } {
  const seconds = Number(response.headers.get('retry-after') ?? NaN);
  return Number.isFinite(seconds) && seconds > 0 ? { retryAfterMs: Math.min(seconds * 1000, maxMs) } : {};
}

async function boundedBody(response: Response, maxBytes: number): Promise<Buffer | undefined> {
  if (response.body === null) return Buffer.alloc(0);
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop cancels the stream.
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength;
    if (length > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
