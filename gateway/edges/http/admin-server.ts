import { createServer, type Server } from 'node:http';
import type { Health } from '../../process-report';
import { sendJson, send } from './answer';

/** The admin port: metrics and health, of all processes behind it. */
export interface AdminApi {
  /** Prometheus text; of one worker alone where its number is given, undefined where there is none of that number. */
  metrics(worker: number | undefined): Promise<{ contentType: string; text: string } | undefined>;
  health(): Promise<Health>;
}

export function createAdminServer(api: AdminApi): Server {
  return createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://admin');
    const answer = async (): Promise<void> => {
      if (request.method !== 'GET' && request.method !== 'HEAD') return sendJson(response, 405, { error: 'method not allowed' });
      switch (url.pathname) {
        case '/metrics': {
          const worker = url.searchParams.get('worker');
          const metrics = await api.metrics(worker === null ? undefined : Number(worker));
          if (metrics === undefined) return sendJson(response, 404, { error: 'no such worker' });
          return send(response, 200, metrics.contentType, metrics.text);
        }
        case '/health/live':
          return sendJson(response, 200, { live: true });
        case '/health/ready': {
          const state = await api.health();
          return sendJson(response, state.ready ? 200 : 503, state);
        }
        default:
          return sendJson(response, 404, { error: 'not found' });
      }
    };
    answer().catch(() => sendJson(response, 500, { error: 'failed' }));
  });
}
