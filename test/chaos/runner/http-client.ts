import http from 'node:http';

export interface HttpAnswer {
  /** 0: there was none. */
  status: number;
  headers: http.IncomingHttpHeaders;
  text: string;
}

const NO_ANSWER: HttpAnswer = { status: 0, headers: {}, text: '' };
const ANSWER_WITHIN_MS = 15_000;

/** One credential at one or several processes that do the same. Never throws: no answer is an answer too. */
export class HttpClient {
  /** Whether this request is given up once its body is written. */
  isCut: () => boolean = () => false;
  private readonly agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
  private readonly urls: readonly string[];
  private readonly token: string;
  private turn = 0;

  constructor(urls: readonly string[], token: string) {
    this.urls = urls;
    this.token = token;
  }

  get(path: string, headers: Record<string, string> = {}, at?: number): Promise<HttpAnswer> {
    return this.request('GET', path, headers, undefined, at);
  }

  post(path: string, body: string | Buffer, headers: Record<string, string>, at?: number): Promise<HttpAnswer> {
    return this.request('POST', path, headers, body, at);
  }

  close(): void {
    this.agent.destroy();
  }

  /** `at`: which of the processes; else one after the other. */
  private request(
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: string | Buffer,
    at: number = this.turn++,
  ): Promise<HttpAnswer> {
    const { agent, token, urls } = this;
    return new Promise((resolve) => {
      const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
      const options = { method, agent, timeout: ANSWER_WITHIN_MS, headers: { authorization: `Bearer ${token}`, ...length, ...headers } };
      const request = http.request(new URL(path, urls[at % urls.length]), options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', () => resolve(NO_ANSWER));
        response.on('aborted', () => resolve(NO_ANSWER));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString() }),
        );
      });
      request.on('timeout', () => request.destroy());
      if (body !== undefined && this.isCut()) request.on('finish', () => setImmediate(() => request.destroy()));
      request.on('error', () => resolve(NO_ANSWER));
      request.end(body);
    });
  }
}
