import type { Clearance, Receipt } from '../../gateway/core/messages';
import { plainDeclaration } from './plain-declaration';

/** A shipping agent's system, as a test plays it: fetch and nothing else. */
export interface Answer<T = Record<string, unknown>> {
  status: number;
  headers: Headers;
  body: T;
  text: string;
}

/** A receipt, a clearance or a problem: what a submission is answered with. */
export type Submitted = Omit<Receipt, 'status' | 'agencies'> &
  Omit<Clearance, 'status' | 'agencies' | 'signature'> & {
    status: string;
    agencies: Receipt['agencies'];
    signature: string;
    code?: string;
  };

export class AgentClient {
  private readonly url: string;
  private readonly token: string;

  constructor(url: string, token: string) {
    this.url = url;
    this.token = token;
  }

  async request<T = Record<string, unknown>>(
    method: string,
    path: string,
    options: { body?: string | Buffer; headers?: Record<string, string> } = {},
  ): Promise<Answer<T>> {
    const response = await fetch(new URL(path, this.url), {
      method,
      headers: { authorization: `Bearer ${this.token}`, ...options.headers },
      ...(options.body === undefined ? {} : { body: options.body }),
    });
    const text = await response.text();
    const isJson = (response.headers.get('content-type') ?? '').includes('json');
    return { status: response.status, headers: response.headers, body: (isJson && text !== '' ? JSON.parse(text) : {}) as T, text };
  }

  get<T = Record<string, unknown>>(path: string, headers: Record<string, string> = {}): Promise<Answer<T>> {
    return this.request<T>('GET', path, { headers });
  }

  submit(declaration: object, headers: Record<string, string> = {}): Promise<Answer<Submitted>> {
    return this.request('POST', '/v1/declarations', {
      body: JSON.stringify(declaration),
      headers: { 'content-type': 'application/json', ...headers },
    });
  }

  submitXml(xml: string, headers: Record<string, string> = {}): Promise<Answer<Submitted>> {
    return this.request('POST', '/v1/declarations', { body: xml, headers: { 'content-type': 'application/xml', ...headers } });
  }

  /** Long-polls until the clearance is final, or the seconds are over. */
  clearance(dossierId: string, waitSeconds = 20): Promise<Answer<Clearance>> {
    return this.get<Clearance>(`/v1/dossiers/${dossierId}/clearance`, { prefer: `wait=${waitSeconds}` });
  }

  decide(agency: string, taskId: string, decision: object, headers: Record<string, string> = {}): Promise<Answer> {
    return this.request('POST', `/v1/agencies/${agency}/tasks/${taskId}/decisions`, {
      body: JSON.stringify(decision),
      headers: { 'content-type': 'application/json', ...headers },
    });
  }
}

let count = 0;

/** A message id that no other declaration of the run has. */
export function freshId(): string {
  return `m-${process.pid}-${Date.now().toString(36)}-${++count}`;
}

/** A good arrival a few days from now, with its own message id. */
export function arrival(
  change: (declaration: ReturnType<typeof plainDeclaration>) => void = () => undefined,
): ReturnType<typeof plainDeclaration> {
  const declaration = plainDeclaration();
  const day = 86_400_000;
  const at = (days: number): string => new Date(Math.floor(Date.now() / 1000) * 1000 + days * day).toISOString().replace('.000Z', 'Z');
  const date = (days: number): string => at(days).slice(0, 10);
  declaration.header = { ...declaration.header, messageId: freshId(), sentAt: at(0) };
  const call = declaration.portCall;
  if (call !== undefined) {
    call.eta = at(3);
    call.etd = at(4);
    if (call.previousPorts?.[0] !== undefined) Object.assign(call.previousPorts[0], { from: date(-6), to: date(-5) });
  }
  // Explosives are cleared on conditions only.
  declaration.formalities?.dangerousGoods?.items?.splice(1);
  change(declaration);
  return declaration;
}
