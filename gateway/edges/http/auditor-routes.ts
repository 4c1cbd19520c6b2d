import type { Router } from 'express';
import { auditPageText, parseAuditPosition } from '../../audit-desk';
import { send, sendProblem } from './answer';
import { number, text } from './dossier-routes';
import type { GatewayApi } from './gateway-api';
import { actorOf, principalWith } from './principal';

/** Auditors read and change nothing; each reading is recorded first (guarantees.md G16). */
const JSON_TYPE = 'application/json; charset=utf-8';
const noStore = { 'Cache-Control': 'no-store' };

export function auditorRoutes(router: Router, api: GatewayApi): void {
  router.get('/v1/audit', async (request, response) => {
    const auditor = principalWith(api, request, response, 'auditor');
    if (auditor === undefined) return;
    const limit = number(request.query['limit'], 100, 1, 1_000);
    const chain = text(request.query['chain']);
    const cursor = text(request.query['after']);
    const after = parseAuditPosition(cursor);
    if (limit === undefined || after === undefined || (chain !== undefined && !/^[0-9a-f]{32}$/.test(chain)))
      return sendProblem(request, response, 'parameter-invalid');
    const prepared = await api.auditDesk.prepare();
    const detail = { after: Object.fromEntries(after), limit, ...(chain === undefined ? {} : { chain }) };
    await api.audit.record({ action: 'audit.read', by: actorOf(auditor), detail });
    send(response, 200, JSON_TYPE, auditPageText(await api.auditDesk.page({ after, limit, chain }, prepared)), noStore);
  });
}
