import type { Request, Response, Router } from 'express';
import { auditPageText } from '../../audit-desk';
import { dossierIdFrom } from '../../dead-letter-desk';
import { parsePositions } from '../../positions-cursor';
import { send, sendProblem } from './answer';
import { answerLookup, number, text } from './dossier-routes';
import type { GatewayApi } from './gateway-api';
import { actorOf, notFound, principalWith } from './principal';

/** Auditors read and change nothing; each reading is recorded first (guarantees.md G16). */
const JSON_TYPE = 'application/json; charset=utf-8';
const noStore = { 'Cache-Control': 'no-store' };
/** Bundles and messages made at a time: each may hold 8 MiB, and asks the log many times. */
const MAX_EVIDENCE_AT_ONCE = 4;

export function auditorRoutes(router: Router, api: GatewayApi): void {
  router.get('/v1/audit', async (request, response) => {
    const auditor = principalWith(api, request, response, 'auditor');
    if (auditor === undefined) return;
    const limit = number(request.query['limit'], 100, 1, 1_000);
    const chain = text(request.query['chain']);
    const cursor = text(request.query['after']);
    const after = parsePositions(cursor);
    if (limit === undefined || after === undefined || (chain !== undefined && !/^[0-9a-f]{32}$/.test(chain)))
      return sendProblem(request, response, 'parameter-invalid');
    const prepared = await api.auditDesk.prepare();
    const detail = { after: Object.fromEntries(after), limit, ...(chain === undefined ? {} : { chain }) };
    await api.audit.record({ action: 'audit.read', by: actorOf(auditor), detail });
    send(response, 200, JSON_TYPE, auditPageText(await api.auditDesk.page({ after, limit, chain }, prepared)), noStore);
  });

  let underWay = 0;
  const oneOfFew = async (request: Request, response: Response, answer: () => Promise<void>): Promise<void> => {
    if (underWay >= MAX_EVIDENCE_AT_ONCE) return sendProblem(request, response, 'overloaded');
    underWay++;
    try {
      await answer();
    } finally {
      underWay--;
    }
  };

  router.get('/v1/evidence/:dossierId', async (request, response) => {
    const auditor = principalWith(api, request, response, 'auditor');
    if (auditor === undefined) return;
    const dossierId = dossierIdFrom(request.params.dossierId);
    if (dossierId === undefined) return notFound(request, response);
    await oneOfFew(request, response, async () => {
      await api.audit.record({ action: 'evidence.read', by: actorOf(auditor), subject: { dossierId } });
      answerLookup(request, response, await api.evidence.bundle(dossierId));
    });
  });

  router.get('/v1/evidence/:dossierId/messages/:declarationId', async (request, response) => {
    const auditor = principalWith(api, request, response, 'auditor');
    if (auditor === undefined) return;
    const { declarationId } = request.params;
    const dossierId = dossierIdFrom(request.params.dossierId);
    if (dossierId === undefined || !/^[0-9a-f]{32}$/.test(declarationId)) return notFound(request, response);
    await oneOfFew(request, response, async () => {
      await api.audit.record({ action: 'evidence.raw', by: actorOf(auditor), subject: { dossierId, declarationId } });
      const found = await api.evidence.message(dossierId, declarationId);
      if (found.kind === 'not-kept') return sendProblem(request, response, 'message-not-kept');
      if (found.kind !== 'found') return answerLookup(request, response, found);
      const { bytes, digest } = found.value;
      send(response, 200, 'application/octet-stream', bytes, {
        ...noStore,
        // RFC 9530; in hexadecimal as revisions have it.
        'Content-Digest': `sha-256=:${Buffer.from(digest, 'hex').toString('base64')}:`,
        'Declaration-Digest': digest,
        'Content-Disposition': `attachment; filename="${declarationId}"`,
      });
    });
  });
}
