import type { Router } from 'express';
import { digestOf, dossierIdOfTask } from '../../core/identifiers';
import { taskView } from '../../reads';
import { sendJson, sendProblem } from './answer';
import { answerLookup, text } from './dossier-routes';
import type { GatewayApi } from './gateway-api';
import { traceparentOf } from './negotiate';
import { actorOf, agencyOf, notFound } from './principal';
import { bodyLimits, readBody } from './read-body';

/** An agency's work list, its own view of a dossier, its decision. */
const MAX_DECISION_BYTES = 4_000_000;

export function agencyRoutes(router: Router, api: GatewayApi): void {
  router.get('/v1/agencies/:agency/tasks', async (request, response) => {
    const officer = agencyOf(api, request.params.agency, request, response);
    if (officer === undefined) return;
    const { agency } = officer;
    const state = text(request.query['state']) ?? 'open';
    const done = ['decided', 'done', 'closed', 'withdrawn'].includes(state);
    if (!done && !['open', 'acknowledged', 'overdue'].includes(state)) return sendProblem(request, response, 'parameter-invalid');
    const page = await api.reads.tasks(agency, done ? 'done' : 'open', text(request.query['cursor']));
    if (page === undefined) return notFound(request, response);
    const items =
      state === 'acknowledged'
        ? page.items.filter((item) => item['state'] === 'acknowledged')
        : state === 'overdue'
          ? page.items.filter((item) => item['overdue'] === true)
          : page.items;
    sendJson(response, 200, { ...page, items }, { 'Cache-Control': 'no-store' });
  });

  router.get('/v1/agencies/:agency/tasks/:taskId', async (request, response) => {
    const officer = agencyOf(api, request.params.agency, request, response);
    if (officer === undefined) return;
    const { agency } = officer;
    const found = await api.reads.task(agency, request.params.taskId);
    if (found.kind !== 'found') return answerLookup(request, response, found);
    const { dossier, task, view } = found.value;
    const subject = { dossierId: dossier.dossierId, taskId: task.taskId };
    await api.audit.record({ action: 'task.read', by: actorOf(officer), subject });
    sendJson(response, 200, { ...taskView(dossier, task), view }, { 'Cache-Control': 'no-store' });
  });

  router.post('/v1/agencies/:agency/tasks/:taskId/decisions', async (request, response) => {
    const officer = agencyOf(api, request.params.agency, request, response);
    if (officer === undefined) return;
    const { agency } = officer;
    const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
    if (type !== 'application/json')
      return sendProblem(request, response, type === '' ? 'content-type-missing' : 'content-type-unsupported', { close: true });
    const body = await readBody(request, bodyLimits(MAX_DECISION_BYTES));
    if (!body.ok) return body.code === 'aborted' ? undefined : sendProblem(request, response, body.code, { close: true });
    if (body.bytes.byteLength === 0) return sendProblem(request, response, 'body-missing');
    const key = request.headers['idempotency-key'];
    if (typeof key === 'string' && (key === '' || key.length > 255)) return sendProblem(request, response, 'header-invalid');
    const traceparent = traceparentOf(request.headers['traceparent'], api.random);
    const { taskId } = request.params;
    const dossierId = dossierIdOfTask(taskId);
    // What names no task is refused below without a trace: it is no decision.
    if (dossierId !== undefined)
      await api.audit.record({
        action: 'decision.submit',
        by: actorOf(officer),
        subject: { dossierId, taskId },
        detail: { digest: digestOf(body.bytes) },
      });
    const answer = await api.decisions.decide(agency, taskId, body.bytes, typeof key === 'string' ? key : undefined, traceparent);
    if (answer.kind === 'refused') return sendProblem(request, response, answer.code, { errors: answer.problems });
    sendJson(response, answer.repeated ? 200 : 201, answer.decision, { 'Cache-Control': 'no-store' });
  });
}
