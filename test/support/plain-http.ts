import { request as httpRequest, type Agent } from 'node:http';

/**
 * A request as it is written, and its answer: fetch would put paths in order, refuse headers and follow what it is told.
 */
export interface PlainRequest {
  method: string;
  /** Path and query to the letter. */
  target: string;
  /** By name and value; a name may come several times. */
  headers: readonly (readonly [name: string, value: string])[];
  body?: Buffer | undefined;
}

export interface PlainAnswer {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  contentType: string;
  text: string;
}

/**
 * Of an event stream the beginning: it is left then.
 * @throws when there is no answer in time
 */
export function exchange(url: string, request: PlainRequest, agent: Agent, withinMs = 20_000): Promise<PlainAnswer> {
  return new Promise((resolve, reject) => {
    const headers = request.headers.flat();
    // With headers as a list node adds none by itself.
    if (!request.headers.some(([name]) => name.toLowerCase() === 'host')) headers.push('Host', new URL(url).host);
    if (request.body !== undefined) headers.push('Content-Length', String(request.body.byteLength));
    const { hostname, port } = new URL(url);
    const sent = httpRequest({ hostname, port, agent, method: request.method, path: request.target, headers }, (response) => {
      const chunks: Buffer[] = [];
      const contentType = response.headers['content-type'] ?? '';
      const done = (): void => {
        clearTimeout(timer);
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, contentType, text });
      };
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        if (!contentType.startsWith('text/event-stream')) return;
        done();
        response.destroy();
      });
      response.once('end', done);
    });
    const timer = setTimeout(() => sent.destroy(new Error(`no answer within ${withinMs} ms`)), withinMs);
    sent.once('error', (cause) => {
      clearTimeout(timer);
      reject(cause);
    });
    sent.end(request.body);
  });
}
