import { json, type Router } from 'express';
import { configurationInForce } from '../../configuration-in-force';
import { sendJson, sendProblem } from './answer';
import { number, text } from './dossier-routes';
import type { GatewayApi } from './gateway-api';
import { actorOf, principalWith } from './principal';

/** Operators: dead letters without content, redrive, lag, configuration in force without secrets. */
const MAX_REDRIVE = 1_000;

export function operatorRoutes(router: Router, api: GatewayApi): void {
  router.get('/v1/ops/dead-letters', async (request, response) => {
    if (principalWith(api, request, response, 'operator') === undefined) return;
    const limit = number(request.query['limit'], 100, 1, 1_000);
    if (limit === undefined) return sendProblem(request, response, 'parameter-invalid');
    const [topic, reason] = [text(request.query['topic']), text(request.query['reason'])];
    const items = await api.operator.deadLetters(
      { ...(topic === undefined ? {} : { topic }), ...(reason === undefined ? {} : { reason }) },
      limit,
    );
    sendJson(response, 200, { items }, { 'Cache-Control': 'no-store' });
  });

  router.post('/v1/ops/dead-letters/redrive', json({ limit: '256kb' }), async (request, response) => {
    const principal = principalWith(api, request, response, 'operator');
    if (principal === undefined) return;
    const body = request.body as { ids?: unknown; preview?: unknown } | undefined;
    const ids = body?.ids;
    if (!Array.isArray(ids) || ids.length > MAX_REDRIVE || !ids.every((id) => typeof id === 'string'))
      return sendProblem(request, response, 'parameter-invalid');
    const preview = body?.preview === true;
    if (!preview) await api.audit.record({ action: 'operator.redrive', by: actorOf(principal), detail: { ids } });
    const items = await api.operator.redrive(ids, preview);
    api.logger.warn({ operator: principal.name, count: items.length, preview }, 'dead letters redriven');
    sendJson(response, 200, { items }, { 'Cache-Control': 'no-store' });
  });

  router.get('/v1/ops/lag', async (request, response) => {
    if (principalWith(api, request, response, 'operator') === undefined) return;
    sendJson(response, 200, { items: await api.operator.lag() }, { 'Cache-Control': 'no-store' });
  });

  router.get('/v1/ops/config', (request, response) => {
    if (principalWith(api, request, response, 'operator') === undefined) return;
    sendJson(response, 200, configurationInForce(api.settings, api.rules), { 'Cache-Control': 'no-store' });
  });
}
