import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Refusal as NoPlace } from '../../admission';
import { ExchangeError } from '../../core/exchange-error';
import type { Problem } from '../../core/problem';
import { problem, type ProblemCode } from '../../core/problem-catalogue';
import type { Received, Refusal, Submission } from '../../intake';
import { headCode, problemHeaders, send, sendJson, sendProblem, type ProblemExtras } from './answer';
import { sendClearance } from './clearance-answer';
import type { Principal } from './authenticate';
import { epcContext } from './epc-context';
import type { GatewayApi } from './gateway-api';
import { bodyFormat, namesXml, negotiate, preferredWaitSeconds, saysNothing, traceparentOf } from './negotiate';
import { noteRefused } from './principal';
import { problemStatus } from './problem-status';
import { createQuota } from './quota';
import { bodyLimits, readBody } from './read-body';

/** POST /v1/declarations, answered in the plain listener ahead of express: the hot path of the edge. */
const XML = 'application/xml';
const JSON_TYPE = 'application/json';
const MAX_WAIT_SECONDS = 60;

export type SubmissionHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export function createSubmissionHandler(api: GatewayApi): SubmissionHandler {
  const { settings, metrics, admission } = api;
  const limits = bodyLimits(settings.maxDeclarationBytes);
  const quota = createQuota(api.limits.tenantRequestsPerSecond, api.clock);
  /** Unread: nobody knows what it would have been. */
  const shed = (request: IncomingMessage, response: ServerResponse, code: ProblemCode, extras: ProblemExtras): void => {
    count(api, 'unknown', 'unknown', 'shed');
    metrics.shed.inc({ code });
    turnAway(request, response, code, extras);
  };

  return async (request, response) => {
    const { intake } = api;
    if (intake === undefined) return sendProblem(request, response, 'not-found');
    const found = api.authenticate(request);
    let principal: Principal | undefined;
    try {
      principal = found instanceof Promise ? await found : found;
    } catch (cause) {
      if (!(cause instanceof ExchangeError)) throw cause;
      return turnAway(request, response, cause.code as ProblemCode, { retryAfterSeconds: 1 });
    }
    if (principal?.role !== 'agent') return turnAway(request, response, noteRefused(api, request, principal));
    if (api.stopping()) return shed(request, response, 'stopping', { retryAfterSeconds: 1 });
    const { tenant } = principal;
    const left = quota.take(tenant);
    if (left?.allowed === false) return shed(request, response, 'quota-exceeded', left);
    const { headers } = request;
    const format = bodyFormat(headers['content-type']);
    if (format !== 'xml' && format !== 'json') return turnAway(request, response, hasBody(request) ? format : 'body-missing');
    const answerType = saysNothing(headers.accept)
      ? format === 'xml'
        ? XML
        : JSON_TYPE
      : negotiate(headers.accept, [format === 'xml' ? XML : JSON_TYPE, format === 'xml' ? JSON_TYPE : XML, 'text/xml']);
    if (answerType === undefined) return turnAway(request, response, 'not-acceptable');
    const idempotencyKey = headerText(headers['idempotency-key']);
    if (idempotencyKey !== undefined && (idempotencyKey === '' || idempotencyKey.length > 255))
      return turnAway(request, response, 'header-invalid');

    const startedMs = api.clock.monotonicMs();
    const entered = admission.enter(tenant, Number(headers['content-length'] ?? 0));
    const place = entered instanceof Promise ? await entered : entered;
    if ('refused' in place) return shed(request, response, place.refused === 'share' ? 'quota-exceeded' : 'overloaded', noPlace(place));
    let dialect = 'unknown';
    /** Headers of every answer to a submission that was read. */
    let own: Record<string, string> = {};
    const announce = (): void => {
      if (!response.headersSent) for (const [name, value] of Object.entries(own)) response.setHeader(name, value);
    };
    try {
      if (expectsContinue(request)) response.writeContinue();
      const body = await readBody(request, limits);
      if (!body.ok) {
        if (body.code !== 'aborted') turnAway(request, response, body.code);
        return;
      }
      const { bytes } = body;
      if (bytes.byteLength === 0) return sendProblem(request, response, 'body-missing');
      place.read(bytes.byteLength);
      const traceparent = traceparentOf(headers['traceparent'], api.random);
      const submission: Submission = { tenant, bytes, format, idempotencyKey, traceparent, startedMs };
      own = { traceparent, ...left?.headers };
      if (isDryRun(request.url ?? '')) {
        announce();
        return await answerDryRun(api, submission, request, response);
      }
      const answer = await intake.submit(submission);
      place.leave();
      dialect = answer.dialect;
      if (answer.kind === 'refused') {
        announce();
        count(api, dialect, 'unknown', 'refused');
        metrics.rejected.inc({ code: headCode(answer.problems) });
        return answerRefusal(api, answer, request, response);
      }
      count(api, dialect, answer.action, answer.replayed ? 'replayed' : 'accepted');
      if (answer.replayed) metrics.duplicates.inc({ kind: 'submission' });
      const waitSeconds = preferredWaitSeconds(headers['prefer'], MAX_WAIT_SECONDS);
      if (waitSeconds > 0) {
        announce();
        if (await answerWhenFinal(api, tenant, answer, answerType, waitSeconds, request, response)) return;
        own = {};
      }
      answerReceipt(api, answer, answerType, own, response);
    } catch (cause) {
      announce();
      if (!(cause instanceof ExchangeError)) throw cause;
      count(api, dialect, 'unknown', 'failed');
      sendProblem(request, response, cause.code as ProblemCode, { retryAfterSeconds: 2 });
    } finally {
      place.leave();
      metrics.intakeSeconds.observe({ dialect }, (api.clock.monotonicMs() - startedMs) / 1000);
    }
  };
}

/** What a tenant may send is told only where it is less than it wants. */
function noPlace({ refused, retryAfterSeconds, sharePerSecond }: NoPlace): ProblemExtras {
  if (refused === 'full') return { retryAfterSeconds };
  const headers = { 'RateLimit-Limit': String(sharePerSecond), 'RateLimit-Remaining': '0', 'RateLimit-Reset': String(retryAfterSeconds) };
  return { retryAfterSeconds, headers };
}

function count(api: GatewayApi, dialect: string, action: string, outcome: string): void {
  api.metrics.declarations.inc({ dialect, action, outcome });
}

/** A body of this size is read to its end, or is here already, before a connection could be closed. */
const SMALL_BODY_BYTES = 65_536;

/**
 * A fault known before or while the body is read, the rest of which is not wanted. A small one is thrown away, and the connection goes on:
 * a client that is refused and has to connect again costs more than what it sends. Otherwise the connection ends.
 */
function turnAway(request: IncomingMessage, response: ServerResponse, code: ProblemCode, extras: ProblemExtras = {}): void {
  const announced = Number(request.headers['content-length'] ?? 0);
  const isSmall = announced <= SMALL_BODY_BYTES && request.headers['transfer-encoding'] === undefined;
  sendProblem(request, response, code, { ...extras, close: !request.complete && !isSmall });
}

/** The client sends its body only when it is told to go on (RFC 9110 §10.1.1). */
function expectsContinue(request: IncomingMessage): boolean {
  return request.headers.expect?.toLowerCase() === '100-continue';
}

function isDryRun(url: string): boolean {
  const query = url.indexOf('?');
  return query >= 0 && new URLSearchParams(url.slice(query)).get('dryRun') === 'true';
}

function hasBody(request: IncomingMessage): boolean {
  return request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
}

function headerText(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

/** The usual answer. Its headers go out in one go: setting some before costs node:http a third more. */
function answerReceipt(api: GatewayApi, answer: Received, answerType: string, own: Record<string, string>, response: ServerResponse): void {
  const { receipt, receiptJson } = answer;
  const headers: Record<string, string> = {
    Location: `/v1/dossiers/${receipt.dossierId}`,
    'Cache-Control': 'no-store',
    ...own,
  };
  if (answer.replayed) headers['Idempotent-Replayed'] = 'true';
  if (answerType === JSON_TYPE) return send(response, 202, 'application/json; charset=utf-8', receiptJson, headers);
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
