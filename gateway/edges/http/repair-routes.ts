import { json, type Request, type Response, type Router } from 'express';
import { dossierIdFrom, isDeadLetterId, type DeadLetterFilter } from '../../dead-letter-desk';
import { MAX_RECORDS_PER_SECOND, type JobKind } from '../../operator-jobs';
import type { TaskFilter } from '../../task-desk';
import { sendJson, sendProblem } from './answer';
import type { Principal } from './authenticate';
import { number, text } from './dossier-routes';
import type { GatewayApi } from './gateway-api';
import { actorOf, notFound, onlyWith, principalWith } from './principal';

/** Operators mend: dead letters listed, inspected without content and redriven; tasks asked again; jobs with progress and stop. */
const MAX_REDRIVE = 1_000;
const RECORDS_PER_SECOND = 50;
const noStore = { 'Cache-Control': 'no-store' };

export function repairRoutes(router: Router, api: GatewayApi): void {
  router.get('/v1/ops/dead-letters', async (request, response) => {
    if (principalWith(api, request, response, 'operator') === undefined) return;
    const limit = number(request.query['limit'], 100, 1, 1_000);
    const filter = deadLetterFilter(request.query);
    if (limit === undefined || filter === undefined) return sendProblem(request, response, 'parameter-invalid');
    const page = await api.deadLetters.list(filter, limit, text(request.query['cursor']));
    if (page === undefined) return sendProblem(request, response, 'parameter-invalid');
    sendJson(response, 200, page, noStore);
  });

  router.get('/v1/ops/dead-letters/:id', async (request, response) => {
    const principal = principalWith(api, request, response, 'operator');
    if (principal === undefined) return;
    const { id } = request.params;
    if (!isDeadLetterId(id)) return notFound(request, response);
    await api.audit.record({ action: 'operator.inspect', by: actorOf(principal), detail: { id } });
    const letter = await api.deadLetters.inspect(id);
    if (letter === undefined) return notFound(request, response);
    sendJson(response, 200, letter, noStore);
  });

  router.post('/v1/ops/dead-letters/redrive', onlyWith(api, 'operator'), json({ limit: '256kb' }), async (request, response) => {
    const principal = principalWith(api, request, response, 'operator');
    if (principal === undefined) return;
    const body = (request.body ?? {}) as Record<string, unknown>;
    const preview = body['preview'] === true;
    const { ids, filter: given } = body;
    if ((ids === undefined) === (given === undefined)) return sendProblem(request, response, 'parameter-invalid');
    if (ids !== undefined) {
      if (!Array.isArray(ids) || ids.length > MAX_REDRIVE || !ids.every((id) => typeof id === 'string'))
        return sendProblem(request, response, 'parameter-invalid');
      if (!preview)
        await api.audit.record({ action: 'operator.redrive', by: actorOf(principal), detail: { ids: ids.filter(isDeadLetterId) } });
      const items = api.deadLetters.named(ids);
      const outcomes = preview
        ? (await api.jobs.preview(items, ids.length)).items.map((item) =>
            item.outcome === 'redriven' ? { ...item, outcome: 'would-be-redriven' } : item,
          )
        : await api.jobs.sendNow('redrive', items);
      api.logger.warn({ operator: principal.name, count: ids.length, preview }, 'dead letters redriven');
      return sendJson(response, 200, { items: outcomes }, noStore);
    }
    const filter = given === null || typeof given !== 'object' ? undefined : deadLetterFilter(given as Record<string, unknown>);
    const rate = rateOf(body['recordsPerSecond']);
    if (filter === undefined || rate === undefined) return sendProblem(request, response, 'parameter-invalid');
    const items = api.deadLetters.matching(filter);
    if (preview) return sendJson(response, 200, await api.jobs.preview(items), noStore);
    await startJob(api, response, {
      kind: 'redrive',
      by: principal,
      filter,
      rate,
      items,
      says: 'an operator began to redrive dead letters',
    });
  });

  router.post('/v1/ops/tasks/resend', onlyWith(api, 'operator'), json({ limit: '16kb' }), async (request, response) => {
    const principal = principalWith(api, request, response, 'operator');
    if (principal === undefined) return;
    const body = (request.body ?? {}) as Record<string, unknown>;
    const given = body['filter'];
    const filter = typeof given !== 'object' || given === null ? undefined : taskFilter(given as Record<string, unknown>, api);
    const rate = rateOf(body['recordsPerSecond']);
    if (filter === undefined || rate === undefined) return sendProblem(request, response, 'parameter-invalid');
    const items = api.tasks.open(filter);
    if (body['preview'] === true) return sendJson(response, 200, await api.jobs.preview(items), noStore);
    await startJob(api, response, { kind: 'resend', by: principal, filter, rate, items, says: 'an operator began to ask agencies again' });
  });

  router.get('/v1/ops/jobs', async (request, response) => {
    if (principalWith(api, request, response, 'operator') === undefined) return;
    sendJson(response, 200, { items: await api.jobs.list() }, noStore);
  });

  router.get('/v1/ops/jobs/:jobId', async (request, response) => {
    if (principalWith(api, request, response, 'operator') === undefined) return;
    answerJob(request, response, await api.jobs.get(request.params.jobId));
  });

  router.post('/v1/ops/jobs/:jobId/stop', async (request, response) => {
    const principal = principalWith(api, request, response, 'operator');
    if (principal === undefined) return;
    const { jobId } = request.params;
    if ((await api.jobs.get(jobId)) === undefined) return notFound(request, response);
    await api.audit.record({ action: 'operator.stop-job', by: actorOf(principal), detail: { jobId } });
    api.logger.warn({ operator: principal.name, jobId }, 'an operator stopped a job');
    answerJob(request, response, await api.jobs.stop(jobId));
  });
}

type Jobs = GatewayApi['jobs'];

interface JobOrder {
  kind: JobKind;
  by: Principal;
  filter: object;
  rate: number;
  items: Parameters<Jobs['start']>[3];
  /** In the log. */
  says: string;
}

/** Recorded first, then begun. */
async function startJob(api: GatewayApi, response: Response, { kind, by, filter, rate, items, says }: JobOrder): Promise<void> {
  const detail = { filter: { ...filter }, recordsPerSecond: rate };
  await api.audit.record({ action: `operator.${kind}`, by: actorOf(by), detail });
  const job = await api.jobs.start(kind, by.name, rate, items);
  api.logger.warn({ operator: by.name, jobId: job.jobId, recordsPerSecond: rate }, says);
  sendJson(response, 202, job, { ...noStore, Location: `/v1/ops/jobs/${job.jobId}` });
}

function answerJob(request: Request, response: Response, job: Awaited<ReturnType<Jobs['get']>>): void {
  if (job === undefined) return notFound(request, response);
  sendJson(response, 200, job, noStore);
}

/** Of a query or of a body; undefined where a member is not what it should be. */
function deadLetterFilter(given: Record<string, unknown>): DeadLetterFilter | undefined {
  const names = ['topic', 'reason', 'from', 'to', 'dossier'] as const;
  // A filter that says nothing by mistake would be one that lets everything through.
  if (names.some((name) => given[name] !== undefined && text(given[name]) === undefined)) return undefined;
  // Written into the audit log: names, no free text.
  if (['topic', 'reason'].some((name) => given[name] !== undefined && !/^[a-z0-9.-]{1,100}$/.test(given[name] as string))) return undefined;
  const [topic, reason, from, to, dossier] = names.map((name) => text(given[name]));
  const fromMs = from === undefined ? undefined : Date.parse(from);
  const toMs = to === undefined ? undefined : Date.parse(to);
  const dossierId = dossier === undefined ? undefined : dossierIdFrom(dossier);
  if (Number.isNaN(fromMs) || Number.isNaN(toMs) || (dossier !== undefined && dossierId === undefined)) return undefined;
  return {
    ...(topic === undefined ? {} : { topic }),
    ...(reason === undefined ? {} : { reason }),
    ...(fromMs === undefined ? {} : { fromMs }),
    ...(toMs === undefined ? {} : { toMs }),
    ...(dossierId === undefined ? {} : { dossierId }),
  };
}

/** Undefined where a member is not what it should be, or is none of a filter. */
function taskFilter(given: Record<string, unknown>, { tasks, clock }: GatewayApi): TaskFilter | undefined {
  const names = ['agency', 'dossier', 'askedBefore'] as const;
  if (Object.keys(given).some((name) => !(names as readonly string[]).includes(name))) return undefined;
  if (names.some((name) => given[name] !== undefined && text(given[name]) === undefined)) return undefined;
  const [agency, dossier, askedBefore] = names.map((name) => text(given[name]));
  if (agency !== undefined && !tasks.agencies().includes(agency)) return undefined;
  const askedBeforeMs = askedBefore === undefined ? clock.nowMs() : Date.parse(askedBefore);
  const dossierId = dossier === undefined ? undefined : dossierIdFrom(dossier);
  if (Number.isNaN(askedBeforeMs) || (dossier !== undefined && dossierId === undefined)) return undefined;
  return { askedBeforeMs, ...(agency === undefined ? {} : { agency }), ...(dossierId === undefined ? {} : { dossierId }) };
}

function rateOf(given: unknown): number | undefined {
  if (given === undefined) return RECORDS_PER_SECOND;
  return Number.isInteger(given) && Number(given) >= 1 && Number(given) <= MAX_RECORDS_PER_SECOND ? Number(given) : undefined;
}
