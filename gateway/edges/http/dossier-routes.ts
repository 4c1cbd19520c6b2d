import type { Request, Response, Router } from 'express';
import type { ProblemCode } from '../../core/problem-catalogue';
import type { DossierFilter, Lookup } from '../../reads';
import { prefersVietnamese, sendJson, sendProblem } from './answer';
import { clearanceTypes, etagOf, sendClearance } from './clearance-answer';
import { streamEvents } from './event-stream';
import type { GatewayApi } from './gateway-api';
import { negotiate, preferredWaitSeconds } from './negotiate';
import { abortedWith, agentOf, notFound } from './principal';

/** An agent's reads: its dossiers, clearances, events, feed. */
const MAX_WAIT_SECONDS = 60;
const MAX_FEED_ITEMS = 500;
const STATUSES = ['pending', 'granted', 'conditional', 'refused', 'incomplete', 'held', 'cancelled'];

export function dossierRoutes(router: Router, api: GatewayApi): void {
  router.get('/v1/dossiers', async (request, response) => {
    const tenant = agentOf(api, request, response);
    if (tenant === undefined) return;
    const filter = filterOf(request);
    if (filter === undefined) return sendProblem(request, response, 'parameter-invalid');
    const page = await api.reads.dossiers(tenant, filter, text(request.query['cursor']));
    if (page === undefined) return notFound(request, response);
    sendJson(response, 200, page, { 'Cache-Control': 'no-store' });
  });

  router.get('/v1/dossiers/:dossierId', async (request, response) => {
    const tenant = agentOf(api, request, response);
    if (tenant === undefined) return;
    answerLookup(request, response, await api.reads.dossier(tenant, request.params.dossierId));
  });

  router.get('/v1/dossiers/:dossierId/clearance', async (request, response) => {
    const tenant = agentOf(api, request, response);
    if (tenant === undefined) return;
    await answerClearance(api, tenant, request.params.dossierId, request, response);
  });

  router.get('/v1/dossiers/:dossierId/events', async (request, response) => {
    const tenant = agentOf(api, request, response);
    if (tenant === undefined) return;
    const known = await api.reads.exists(tenant, request.params.dossierId);
    if (known.kind !== 'found') return answerLookup(request, response, known);
    await streamEvents(api, request.params.dossierId, request, response);
  });

  router.get('/v1/events', async (request, response) => {
    const tenant = agentOf(api, request, response);
    if (tenant === undefined) return;
    const limit = number(request.query['limit'], 100, 1, MAX_FEED_ITEMS);
    const waitSeconds = number(request.query['wait'], 0, 0, 3_600);
    if (limit === undefined || waitSeconds === undefined) return sendProblem(request, response, 'parameter-invalid');
    const after = text(request.query['after']);
    const first = await api.reads.feed(tenant, after, limit);
    if (first === undefined) return notFound(request, response);
    const cursor = first.items.length === 0 ? after : undefined;
    const page =
      first.items.length > 0 || waitSeconds === 0
        ? first
        : ((await api.waiting.until(
            tenantKey(api, tenant),
            Math.min(waitSeconds, MAX_WAIT_SECONDS) * 1000,
            abortedWith(response),
            async () => {
              const next = await api.reads.feed(tenant, cursor, limit);
              return next !== undefined && next.items.length > 0 ? next : undefined;
            },
          )) ?? first);
    sendJson(response, 200, page, { 'Cache-Control': 'no-store' });
  });
}

function tenantKey(api: GatewayApi, tenant: string): string {
  return api.reads.tenantKey(tenant);
}

async function answerClearance(api: GatewayApi, tenant: string, dossierId: string, request: Request, response: Response): Promise<void> {
  const version = request.query['version'] === undefined ? undefined : number(request.query['version'], 0, 0, 1_000_000);
  if (request.query['version'] !== undefined && version === undefined) return sendProblem(request, response, 'parameter-invalid');
  const type = negotiate(request.headers.accept, clearanceTypes);
  if (type === undefined) return sendProblem(request, response, 'not-acceptable');
  const waitSeconds = preferredWaitSeconds(request.headers['prefer'], MAX_WAIT_SECONDS);
  const unchanged = request.headers['if-none-match'];
  const read = () => api.reads.clearance(tenant, dossierId, version);
  let found = await read();
  if (waitSeconds > 0 && version === undefined && isWaiting(found, unchanged, type)) {
    found =
      (await api.waiting.until(dossierId, waitSeconds * 1000, abortedWith(response), async () => {
        const next = await read();
        return isWaiting(next, unchanged, type) ? undefined : next;
      })) ?? (await read());
  }
  if (found.kind !== 'found') return answerLookup(request, response, found);
  if ('rejected' in found.value) return sendProblem(request, response, found.value.rejected.code as ProblemCode);
  const headers = {
    'Cache-Control': 'private, no-cache',
    ...(prefersVietnamese(request) ? { 'Content-Language': 'vi' } : { 'Content-Language': 'en' }),
  };
  if (unchanged !== undefined && sameTag(unchanged, etagOf(found.value, type))) {
    response.writeHead(304, { ETag: etagOf(found.value, type), ...headers }).end();
    return;
  }
  const { dialect = 'epc-2021', messageId } = found.value;
  const epc = { dialect, ...(messageId === undefined ? {} : { shipMessageId: messageId }) };
  await sendClearance(api, found.value, type, epc, response, headers);
}

/** Until it differs from the ETag, or without one until it is final. */
function isWaiting(found: Awaited<ReturnType<GatewayApi['reads']['clearance']>>, etag: string | undefined, type: string): boolean {
  if (found.kind === 'unknown') return false;
  if (found.kind !== 'found') return true;
  if ('rejected' in found.value) return false;
  if (etag !== undefined) return sameTag(etag, etagOf(found.value, type)) && !found.value.clearance.final;
  return !found.value.clearance.final;
}

function sameTag(header: string, tag: string): boolean {
  return header === '*' || header.split(',').some((part) => part.trim().replace(/^W\//, '') === tag);
}

/** @internal shared by the routes of agencies */
export function answerLookup(request: Request, response: Response, lookup: Lookup<unknown>): void {
  switch (lookup.kind) {
    case 'found':
      return sendJson(response, 200, lookup.value, { 'Cache-Control': 'no-store' });
    case 'unknown':
      return notFound(request, response);
    case 'erased':
      return sendProblem(request, response, 'erased');
    case 'not-yet':
    case 'rebuilding':
      return sendProblem(request, response, lookup.kind, { retryAfterSeconds: 1 });
  }
}

function filterOf(request: Request): DossierFilter | undefined {
  const status = text(request.query['status']);
  if (status !== undefined && !STATUSES.includes(status)) return undefined;
  const from = time(request.query['from']);
  const to = time(request.query['to']);
  if (Number.isNaN(from) || Number.isNaN(to)) return undefined;
  const imo = text(request.query['imo']);
  const port = text(request.query['port']);
  return {
    ...(status === undefined ? {} : { status }),
    ...(imo === undefined ? {} : { imo }),
    ...(port === undefined ? {} : { port }),
    ...(from === undefined ? {} : { fromMs: from }),
    ...(to === undefined ? {} : { toMs: to }),
  };
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function time(value: unknown): number | undefined {
  const given = text(value);
  return given === undefined ? undefined : Date.parse(given);
}

/** A whole number within bounds, the fallback when absent, undefined when it is none. */
export function number(value: unknown, fallback: number, min: number, max: number): number | undefined {
  if (value === undefined) return fallback;
  const given = Number(value);
  return typeof value === 'string' && /^\d{1,7}$/.test(value) && given >= min ? Math.min(given, max) : undefined;
}
