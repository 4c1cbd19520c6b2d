import { messageOf, problemOf } from '../submit/gateway-client';
import { faultLine } from '../submit/submit-report';
import type { GatewayAddress } from '../submit/gateway-address';

/** The gateway said no, or did not answer: one line that says so. */
export class NotDone extends Error {
  /** It may be otherwise in a moment. */
  readonly mayPass: boolean;

  constructor(line: string, { mayPass, cause }: { mayPass: boolean; cause?: unknown }) {
    super(line, { cause });
    this.name = 'NotDone';
    this.mayPass = mayPass;
  }
}

/** A preview may look at ten thousand records. */
const ANSWER_TIMEOUT_MS = 120_000;

/** Asks once: an order whose answer was lost may have begun a job, so it is the operator who repeats it. */
export class OpsClient {
  private readonly address: GatewayAddress;

  constructor(address: GatewayAddress) {
    this.address = address;
  }

  /** @throws NotDone */
  get<T>(path: string): Promise<T> {
    return this.exchange<T>('GET', path);
  }

  /** @throws NotDone */
  post<T>(path: string, body: object = {}): Promise<T> {
    return this.exchange<T>('POST', path, JSON.stringify(body));
  }

  private async exchange<T>(method: string, path: string, body?: string): Promise<T> {
    const { url, token } = this.address;
    let status: number;
    let text: string;
    try {
      const response = await fetch(new URL(path, url), {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body }),
        redirect: 'manual',
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      });
      status = response.status;
      text = await response.text();
    } catch (cause) {
      // fetch says only that it failed; why is underneath.
      const reason = (cause as Error).name === 'TimeoutError' ? 'the gateway did not answer in time' : undefined;
      throw new NotDone(`error: ${reason ?? messageOf((cause as Error).cause ?? cause, url)}`, { mayPass: true, cause });
    }
    if (status !== 200 && status !== 202) throw new NotDone(faultLine(status, problemOf(text)), { mayPass: status === 503 });
    try {
      return JSON.parse(text) as T;
    } catch (cause) {
      throw new NotDone(`error: ${messageOf(cause, url)}`, { mayPass: false, cause });
    }
  }
}
