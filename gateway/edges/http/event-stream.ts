import type { Request, Response } from 'express';
import { scoreAfter } from '../../reads';
import { sendProblem } from './answer';
import type { GatewayApi } from './gateway-api';
import { abortedWith } from './principal';

/** Server-sent events of a dossier: history first (or what came after Last-Event-ID), then what happens; a comment each 15 s. */
const KEEP_ALIVE_MS = 15_000;
const CHUNK = 200;

export async function streamEvents(api: GatewayApi, dossierId: string, request: Request, response: Response): Promise<void> {
  const lastEventId = request.headers['last-event-id'];
  const resumed = typeof lastEventId === 'string' && lastEventId !== '' ? scoreAfter(lastEventId) : { partition: 0, score: 0 };
  if (resumed === undefined) return sendProblem(request, response, 'not-found');
  let next = resumed.score;
  const signal = abortedWith(response);
  response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' });
  if (request.method === 'HEAD') return void response.end();
  response.write('retry: 1000\n\n');
  while (!signal.aborted && !api.stopping()) {
    const events = await api.waiting
      .until(dossierId, KEEP_ALIVE_MS, signal, async () => {
        const found = await api.reads.events(dossierId, next, CHUNK);
        return found.length > 0 || api.stopping() ? found : undefined;
      })
      // The stream lives through a store that is away; the client resumes by itself should we end.
      .catch(() => new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 1_000)));
    if (signal.aborted) break;
    if (events === undefined) response.write(': still here\n\n');
    for (const event of events ?? []) {
      response.write(
        `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify({ dossierId: event.dossierId, dossierCode: event.dossierCode, at: event.at, ...event.data })}\n\n`,
      );
      next = scoreAfter(event.id)?.score ?? next;
    }
  }
  response.end();
}
