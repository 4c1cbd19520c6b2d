import { json, type Router } from 'express';
import { dossierIdFrom } from '../../dead-letter-desk';
import { sendJson, sendProblem } from './answer';
import { answerLookup, text } from './dossier-routes';
import type { GatewayApi } from './gateway-api';
import { actorOf, onlyWith, principalWith } from './principal';

/** An operator orders that the personal data of a dossier be erased; recorded before it is done. */
export function erasureRoutes(router: Router, api: GatewayApi): void {
  router.post('/v1/ops/erasures', onlyWith(api, 'operator'), json({ limit: '4kb' }), async (request, response) => {
    const operator = principalWith(api, request, response, 'operator');
    if (operator === undefined) return;
    const body = (request.body ?? {}) as Record<string, unknown>;
    const dossierId = dossierIdFrom(text(body['dossier']) ?? '');
    const reason = text(body['reason']);
    // Both are written into the audit log: a name, no free text.
    if (dossierId === undefined || reason === undefined || !/^[a-z0-9.-]{1,100}$/.test(reason))
      return sendProblem(request, response, 'parameter-invalid');
    if (body['preview'] === true) {
      const preview = await api.erasures.preview(dossierId);
      if (preview.kind === 'refused') return sendProblem(request, response, preview.code);
      if (preview.kind !== 'found') return answerLookup(request, response, preview);
      return sendJson(response, 200, preview.value, { 'Cache-Control': 'no-store' });
    }
    await api.audit.record({ action: 'operator.erase', by: actorOf(operator), subject: { dossierId }, detail: { reason } });
    const erasure = await api.erasures.erase(dossierId, reason);
    if (erasure.kind === 'refused') return sendProblem(request, response, erasure.code);
    if (erasure.kind !== 'found') return answerLookup(request, response, erasure);
    api.logger.warn({ operator: operator.name, dossierId, reason }, 'an operator ordered an erasure');
    sendJson(response, erasure.value.state === 'erased' ? 200 : 202, erasure.value, { 'Cache-Control': 'no-store' });
  });
}
