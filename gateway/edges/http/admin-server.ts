import { createServer, type Server } from 'node:http';
import type { Metrics } from '../metrics/metrics';
import { sendJson, send } from './answer';

/** The admin port: metrics and health. Ready names each dependency and its state. */
export interface Health {
  ready: boolean;
  dependencies: Record<string, { ok: boolean; detail?: string }>;
}

export function createAdminServer(metrics: Metrics, health: () => Promise<Health>, beforeScrape: () => Promise<void>): Server {
  return createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0];
    const answer = async (): Promise<void> => {
      if (request.method !== 'GET' && request.method !== 'HEAD') return sendJson(response, 405, { error: 'method not allowed' });
      switch (path) {
        case '/metrics':
          await beforeScrape();
          return send(response, 200, metrics.registry.contentType, await metrics.registry.metrics());
        case '/health/live':
          return sendJson(response, 200, { live: true });
        case '/health/ready': {
          const state = await health();
          return sendJson(response, state.ready ? 200 : 503, state);
        }
        default:
          return sendJson(response, 404, { error: 'not found' });
      }
    };
    answer().catch(() => sendJson(response, 500, { error: 'failed' }));
  });
}
