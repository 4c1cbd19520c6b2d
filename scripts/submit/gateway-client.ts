import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Clearance, Receipt } from '../../gateway/core/messages';
import type { DryRunAnswer } from '../../gateway/dry-run';
import type { DeclarationType } from './declaration-file';
import type { ProblemAnswer, SubmitOutcome } from './submit-outcome';

/**
 * Sends declarations over connections that are kept. What the gateway asks to repeat (503, 429, 409 in-progress, a connection that
 * broke) is sent again with the same bytes: that is safe, because the message id identifies.
 */
export interface ClientOptions {
  url: string;
  token: string;
  /** Connections at once. */
  concurrency: number;
  sleep?: (ms: number) => Promise<void>;
  nowMs?: () => number;
}

export interface Sending {
  bytes: Buffer;
  type: DeclarationType;
  waitSeconds: number;
  dryRun: boolean;
  /** Asks once more for the clearance of what is still pending, to say who is awaited. */
  showPending: boolean;
  onRetry?: (reason: string) => void;
}

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** The gateway waits no longer than this for one request. */
const MAX_PREFERRED_WAIT_SECONDS = 60;
/** How long the same is sent again at least. */
const GIVE_UP_MS = 60_000;
const MAX_RETRY_AFTER_MS = 60_000;
const ANSWER_TIMEOUT_MS = 30_000;
const PAUSE_MS = 500;

export class GatewayClient {
  private readonly options: ClientOptions;
  private readonly agent: HttpAgent;
  private readonly request: typeof httpRequest;
  private readonly sleep: (ms: number) => Promise<void>;
  private readonly nowMs: () => number;
  private answered = false;

  constructor(options: ClientOptions) {
    const secure = options.url.startsWith('https:');
    const pool = { keepAlive: true, maxSockets: options.concurrency };
    this.options = options;
    this.agent = secure ? new HttpsAgent(pool) : new HttpAgent(pool);
    this.request = secure ? httpsRequest : httpRequest;
    this.sleep = options.sleep ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms)));
    this.nowMs = options.nowMs ?? (() => performance.now());
  }

  close(): void {
    this.agent.destroy();
  }

  /** Never throws: what went wrong is an outcome. */
  async send(sending: Sending): Promise<SubmitOutcome> {
    const deadlineMs = this.nowMs() + sending.waitSeconds * 1000;
    const giveUpMs = Math.max(deadlineMs, this.nowMs() + GIVE_UP_MS);
    try {
      for (;;) {
        const left = Math.ceil((deadlineMs - this.nowMs()) / 1000);
        const wait = sending.dryRun ? 0 : Math.min(Math.max(left, 0), MAX_PREFERRED_WAIT_SECONDS);
        const askedMs = this.nowMs();
        const answer = await this.repeated(() => this.post(sending, wait), giveUpMs, sending.onRetry);
        if (answer.status === 200 && sending.dryRun) return { kind: 'dry-run', answer: JSON.parse(answer.body) as DryRunAnswer };
        const replayed = answer.headers['idempotent-replayed'] === 'true';
        if (answer.status === 200) return { kind: 'clearance', clearance: JSON.parse(answer.body) as Clearance, replayed, warnings: [] };
        if (answer.status !== 202) return faultOf(answer);
        const receipt = JSON.parse(answer.body) as Receipt;
        const tookMs = this.nowMs() - askedMs;
        if (this.nowMs() < deadlineMs) {
          // A gateway that answers a wait at once is not asked in a tight circle.
          if (tookMs < PAUSE_MS) await this.sleep(PAUSE_MS);
          continue;
        }
        if (!sending.showPending) return { kind: 'received', receipt, replayed };
        return await this.pending(receipt, replayed, giveUpMs);
      }
    } catch (cause) {
      return { kind: 'failure', message: messageOf(cause, this.options.url) };
    }
  }

  /** The clearance as it stands when the time is over; a declaration that the fold rejected is a fault. */
  private async pending(receipt: Receipt, replayed: boolean, giveUpMs: number): Promise<SubmitOutcome> {
    const answer = await this.repeated(() => this.exchange('GET', `/v1/dossiers/${receipt.dossierId}/clearance`, {}), giveUpMs);
    if (answer.status === 503) return { kind: 'received', receipt, replayed };
    if (answer.status !== 200) return faultOf(answer);
    const clearance = JSON.parse(answer.body) as Clearance;
    // An older revision may have been cleared; of this one only the receipt is known.
    if (clearance.final) return { kind: 'received', receipt, replayed };
    return { kind: 'clearance', clearance, replayed, warnings: receipt.warnings };
  }

  private post(sending: Sending, waitSeconds: number): Promise<Answer> {
    const path = sending.dryRun ? '/v1/declarations?dryRun=true' : '/v1/declarations';
    const headers = { 'Content-Type': sending.type, ...(waitSeconds > 0 ? { Prefer: `wait=${waitSeconds}` } : {}) };
    return this.exchange('POST', path, headers, sending.bytes, waitSeconds);
  }

  private async repeated(ask: () => Promise<Answer>, giveUpMs: number, onRetry?: (reason: string) => void): Promise<Answer> {
    for (;;) {
      let again: { reason: string; afterMs: number };
      let answer: Answer | undefined;
      try {
        answer = await ask();
        this.answered = true;
        const afterMs = retryAfterMs(answer);
        if (afterMs === undefined) return answer;
        again = { reason: String(answer.status), afterMs };
      } catch (cause) {
        if (!this.mayPass(cause)) throw cause;
        again = { reason: (cause as NodeJS.ErrnoException).code ?? 'broken', afterMs: PAUSE_MS };
        if (this.nowMs() + again.afterMs > giveUpMs) throw cause;
      }
      if (answer !== undefined && this.nowMs() + again.afterMs > giveUpMs) return answer;
      onRetry?.(again.reason);
      await this.sleep(again.afterMs);
    }
  }

  /** A broken connection leaves open whether the declaration arrived; refused before the first answer, nobody is there. */
  private mayPass(cause: unknown): boolean {
    const code = (cause as NodeJS.ErrnoException).code;
    return code === 'ECONNRESET' || code === 'EPIPE' || code === 'ETIMEDOUT' || (code === 'ECONNREFUSED' && this.answered);
  }

  private exchange(method: string, path: string, headers: Record<string, string>, body?: Buffer, waitSeconds = 0): Promise<Answer> {
    const { url, token } = this.options;
    return new Promise((resolve, reject) => {
      const request = this.request(
        new URL(path, url),
        {
          method,
          agent: this.agent,
          headers: {
            Authorization: `Bearer ${token}`,
            Accept: 'application/json',
            ...headers,
            ...(body === undefined ? {} : { 'Content-Length': body.byteLength }),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => {
            clearTimeout(timer);
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks).toString() });
          });
          response.on('error', reject);
        },
      );
      const timeout = Object.assign(new Error('the gateway did not answer in time'), { code: 'ETIMEDOUT' });
      const timer = setTimeout(() => request.destroy(timeout), waitSeconds * 1000 + ANSWER_TIMEOUT_MS);
      request.on('error', (cause) => {
        clearTimeout(timer);
        reject(cause);
      });
      request.end(body);
    });
  }
}

/** Undefined: not to be repeated. */
function retryAfterMs({ status, headers, body }: Answer): number | undefined {
  const inProgress = status === 409 && problemOf(body).code === 'in-progress';
  if (status !== 503 && status !== 429 && !inProgress) return undefined;
  const header = headers['retry-after'];
  const seconds = header === undefined ? 1 : /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Math.min(Math.max(Number.isFinite(seconds) ? seconds * 1000 : 1_000, 100), MAX_RETRY_AFTER_MS);
}

function faultOf({ status, body }: Answer): SubmitOutcome {
  return { kind: 'fault', httpStatus: status, problem: problemOf(body) };
}

export function problemOf(body: string): ProblemAnswer {
  try {
    return JSON.parse(body) as ProblemAnswer;
  } catch {
    return { title: body.slice(0, 200) };
  }
}

/** Why there was no answer. */
export function messageOf(cause: unknown, url: string): string {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'ECONNREFUSED') return `nothing listens at ${url}: start the gateway with npm start, or name another with --url`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `the host of ${url} is not known`;
  if (cause instanceof SyntaxError) return `${url} gave an answer that is not JSON: is it the gateway?`;
  return cause instanceof Error ? cause.message : String(cause);
}
