import type { IncomingMessage, ServerResponse } from 'node:http';
import { ExchangeError } from '../../core/exchange-error';
import type { Problem } from '../../core/problem';
import { problem, type ProblemCode } from '../../core/problem-catalogue';
import type { Received, Refusal, Submission } from '../../intake';
import { headCode, problemHeaders, send, sendJson, sendProblem } from './answer';
import { sendClearance } from './clearance-answer';
import { epcContext } from './epc-context';
import type { GatewayApi } from './gateway-api';
import { bodyFormat, namesXml, negotiate, preferredWaitSeconds, saysNothing, traceparentOf } from './negotiate';
import { problemStatus } from './problem-status';
import { createQuota } from './quota';
import { bodyLimits, readBody } from './read-body';

/** POST /v1/declarations, answered in the plain listener ahead of express: the hot path of the edge. */
const XML = 'application/xml';
const JSON_TYPE = 'application/json';
const MAX_WAIT_SECONDS = 60;

export type SubmissionHandler = (request: IncomingMessage, response: ServerResponse, url: URL) => Promise<void>;

export function createSubmissionHandler(api: GatewayApi): SubmissionHandler {
  const { settings, metrics } = api;
  const limits = bodyLimits(settings.maxDeclarationBytes);
  const quota = createQuota(api.limits.tenantRequestsPerSecond, api.clock);
  let inFlight = 0;
  /** Unread: nobody knows what it would have been. */
  const shed = (request: IncomingMessage, response: ServerResponse, code: ProblemCode, retryAfterSeconds: number): void => {
    count(api, 'unknown', 'unknown', 'shed');
    turnAway(request, response, code, retryAfterSeconds);
  };

  return async (request, response, url) => {
    const { intake } = api;
    if (intake === undefined) return sendProblem(request, response, 'not-found');
    const principal = api.authenticate(request);
    if (principal === undefined) return turnAway(request, response, 'unauthenticated');
    if (principal.role !== 'agent') return turnAway(request, response, 'forbidden');
    if (api.stopping()) return shed(request, response, 'stopping', 1);
    const left = quota.take(principal.tenant);
    if (left !== undefined) for (const [name, value] of Object.entries(left.headers)) response.setHeader(name, value);
    if (left?.allowed === false) return shed(request, response, 'quota-exceeded', left.retryAfterSeconds);
    if (inFlight >= api.limits.maxInFlight) return shed(request, response, 'overloaded', 1);
    const format = bodyFormat(request.headers['content-type']);
    if (format !== 'xml' && format !== 'json') return turnAway(request, response, hasBody(request) ? format : 'body-missing');
    const answerType = saysNothing(request.headers.accept)
      ? format === 'xml'
        ? XML
        : JSON_TYPE
      : negotiate(request.headers.accept, [format === 'xml' ? XML : JSON_TYPE, format === 'xml' ? JSON_TYPE : XML, 'text/xml']);
    if (answerType === undefined) return turnAway(request, response, 'not-acceptable');
    const idempotencyKey = headerText(request.headers['idempotency-key']);
    if (idempotencyKey !== undefined && (idempotencyKey === '' || idempotencyKey.length > 255))
      return turnAway(request, response, 'header-invalid');

    metrics.inflight.set(++inFlight);
    const startedMs = api.clock.monotonicMs();
    let dialect = 'unknown';
    try {
      const body = await readBody(request, limits);
      if (!body.ok) {
        if (body.code !== 'aborted') turnAway(request, response, body.code);
        return;
      }
      if (body.bytes.byteLength === 0) return sendProblem(request, response, 'body-missing');
      const traceparent = traceparentOf(request.headers['traceparent'], api.random);
      const submission: Submission = {
        tenant: principal.tenant,
        bytes: body.bytes,
        format,
        idempotencyKey,
        traceparent,
        startedMs,
      };
      response.setHeader('traceparent', traceparent);
      if (url.searchParams.get('dryRun') === 'true') return await answerDryRun(api, submission, request, response);
      const answer = await intake.submit(submission);
      dialect = answer.dialect;
      if (answer.kind === 'refused') {
        count(api, dialect, 'unknown', 'refused');
        metrics.rejected.inc({ code: headCode(answer.problems) });
        return answerRefusal(api, answer, request, response);
      }
      count(api, dialect, answer.action, answer.replayed ? 'replayed' : 'accepted');
      if (answer.replayed) metrics.duplicates.inc({ kind: 'submission' });
      const waitSeconds = preferredWaitSeconds(request.headers['prefer'], MAX_WAIT_SECONDS);
      if (waitSeconds > 0 && (await answerWhenFinal(api, principal.tenant, answer, answerType, waitSeconds, request, response))) return;
      answerReceipt(api, answer, answerType, response);
    } catch (cause) {
      if (!(cause instanceof ExchangeError)) throw cause;
      count(api, dialect, 'unknown', 'failed');
      sendProblem(request, response, cause.code as ProblemCode, { retryAfterSeconds: 2 });
    } finally {
      metrics.inflight.set(--inFlight);
      metrics.intakeSeconds.observe({ dialect }, (api.clock.monotonicMs() - startedMs) / 1000);
    }
  };
}

function count(api: GatewayApi, dialect: string, action: string, outcome: string): void {
  api.metrics.declarations.inc({ dialect, action, outcome });
}

/** A fault known before or while the body is read: the rest of it is not wanted, so the connection ends. */
function turnAway(request: IncomingMessage, response: ServerResponse, code: ProblemCode, retryAfterSeconds?: number): void {
  const unread = hasBody(request) && !request.complete;
  sendProblem(request, response, code, { close: unread, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) });
}

function hasBody(request: IncomingMessage): boolean {
  return request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
}

function headerText(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

function answerReceipt(api: GatewayApi, answer: Received, answerType: string, response: ServerResponse): void {
  const { receipt } = answer;
  const headers: Record<string, string> = {
    Location: `/v1/dossiers/${receipt.dossierId}`,
    'Cache-Control': 'no-store',
    ...(answer.replayed ? { 'Idempotent-Replayed': 'true' } : {}),
  };
  if (answerType === JSON_TYPE) return sendJson(response, 202, receipt, headers);
  send(
    response,
    202,
    `${answerType}; charset=utf-8`,
    api.epc.receipt(receipt, epcContext(api, answer.dialect, answer.messageId, receipt.dossierCode)),
    headers,
  );
}

/** Waits for the clearance; false when it was not final in time. A declaration that the fold rejects is told so. */
async function answerWhenFinal(
  api: GatewayApi,
  tenant: string,
  answer: Received,
  answerType: string,
  waitSeconds: number,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  const { dossierId, declarationId } = answer.receipt;
  const gone = new AbortController();
  request.once('close', () => gone.abort());
  response.once('close', () => gone.abort());
  const done = await api.waiting
    .until(dossierId, waitSeconds * 1000, gone.signal, async () => {
      const progress = await api.reads.progress(tenant, dossierId, declarationId);
      return progress.folded && progress.final ? progress : undefined;
    })
    .catch((cause: unknown) => {
      // It is durable: a store that fails now only takes the wait away.
      if (cause instanceof ExchangeError) return undefined;
      throw cause;
    });
  if (done === undefined) return false;
  if (done.rejectedCode !== undefined) {
    const problems = [problem(done.rejectedCode as ProblemCode)];
    answerRefusal(api, { kind: 'refused', dialect: answer.dialect, problems }, request, response);
    return true;
  }
  const read = await api.reads.clearance(tenant, dossierId);
  if (read.kind !== 'found' || 'rejected' in read.value) return false;
  await sendClearance(api, read.value, answerType, { dialect: answer.dialect, shipMessageId: answer.messageId }, response, {
    Location: `/v1/dossiers/${dossierId}`,
    'Cache-Control': 'no-store',
    ...(answer.replayed ? { 'Idempotent-Replayed': 'true' } : {}),
  });
  return true;
}

/** All faults at once; in EPC form when Accept names XML, with the same status. */
function answerRefusal(api: GatewayApi, refusal: Refusal, request: IncomingMessage, response: ServerResponse): void {
  const code = headCode(refusal.problems);
  if (!namesXml(request.headers.accept)) return sendProblem(request, response, code, { errors: refusal.problems });
  const body = api.epc.problems(refusal.problems, epcContext(api, refusal.dialect));
  send(response, problemStatus[code], `${XML}; charset=utf-8`, body, problemHeaders(code, {}));
}

async function answerDryRun(api: GatewayApi, submission: Submission, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (api.dryRun === undefined) return sendProblem(request, response, 'not-found');
  const result = await api.dryRun.run(submission);
  if (result.kind === 'unreadable')
    return answerRefusal(api, { kind: 'refused', dialect: 'unknown', problems: result.problems as Problem[] }, request, response);
  sendJson(response, 200, result.answer, { 'Cache-Control': 'no-store' });
}
