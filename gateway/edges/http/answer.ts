import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Problem } from '../../core/problem';
import { catalogueEntry, type ProblemCode } from '../../core/problem-catalogue';
import { problemStatus } from './problem-status';

/** Writing answers: RFC 9457 problems with a stable code, JSON, other forms. The HTTP status is chosen here and nowhere else. */

export interface ProblemExtras {
  /** All faults of a validation. */
  errors?: readonly Problem[];
  retryAfterSeconds?: number;
  /** Closes the connection after the answer (too large, too slow). */
  close?: boolean;
  headers?: Record<string, string>;
}

export function prefersVietnamese(request: IncomingMessage): boolean {
  const languages = request.headers['accept-language'] ?? '';
  const vi = languages.toLowerCase().indexOf('vi');
  const en = languages.toLowerCase().indexOf('en');
  return vi >= 0 && (en < 0 || vi < en);
}

export function problemBody(request: IncomingMessage, code: ProblemCode, extras: ProblemExtras = {}): Record<string, unknown> {
  const entry = catalogueEntry(code);
  const vietnamese = prefersVietnamese(request);
  const first = extras.errors?.[0];
  return {
    type: `/problems/${code}`,
    title: vietnamese ? entry.titleVi : entry.title,
    status: problemStatus[code],
    code,
    detail: first === undefined ? (vietnamese ? entry.titleVi : entry.remedy) : vietnamese ? first.messageVi : first.message,
    ...(extras.errors === undefined ? {} : { errors: extras.errors }),
  };
}

export function sendProblem(request: IncomingMessage, response: ServerResponse, code: ProblemCode, extras: ProblemExtras = {}): void {
  const body = JSON.stringify(problemBody(request, code, extras));
  const lingers = extras.close === true && !request.complete;
  send(
    response,
    problemStatus[code],
    'application/problem+json; charset=utf-8',
    body,
    { ...(code === 'unauthenticated' ? { 'WWW-Authenticate': 'Bearer' } : {}), ...problemHeaders(code, extras) },
    lingers,
  );
  if (lingers) linger(request, response);
}

/** How long, and how much, of an unwanted body is still taken in. */
const LINGER_MS = 2_000;
const LINGER_BYTES = 64 * 1024 * 1024;

/**
 * A client that is still sending would see a reset instead of its answer, were the connection closed at once (RFC 9112 §9.6): what
 * comes is thrown away, for a while, and then the connection ends.
 */
function linger(request: IncomingMessage, response: ServerResponse): void {
  let bytes = 0;
  const end = (): void => {
    clearTimeout(timer);
    request.off('data', discard);
    response.end(() => request.destroy());
  };
  const discard = (chunk: Buffer): void => {
    bytes += chunk.byteLength;
    if (bytes > LINGER_BYTES) end();
  };
  const timer = setTimeout(end, LINGER_MS).unref();
  request.on('data', discard);
  request.once('end', end);
  request.once('error', end);
  request.resume();
}

export function problemHeaders(code: ProblemCode, extras: ProblemExtras): Record<string, string> {
  const retryAfter = extras.retryAfterSeconds ?? (problemStatus[code] === 503 ? 1 : undefined);
  return {
    'Cache-Control': 'no-store',
    ...(retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) }),
    ...(extras.close === true ? { Connection: 'close' } : {}),
    ...extras.headers,
  };
}

export function sendJson(response: ServerResponse, status: number, value: unknown, headers: Record<string, string> = {}): void {
  send(response, status, 'application/json; charset=utf-8', JSON.stringify(value), headers);
}

export function send(
  response: ServerResponse,
  status: number,
  contentType: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
  staysOpen = false,
): void {
  if (response.headersSent || response.destroyed) return;
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  response.writeHead(status, {
    'Content-Type': contentType,
    'Content-Length': bytes.byteLength,
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  });
  if (staysOpen) response.write(bytes);
  else response.end(response.req.method === 'HEAD' ? undefined : bytes);
}

/** The code that heads an answer with several faults: that of the first error. */
export function headCode(problems: readonly Problem[]): ProblemCode {
  return ((problems.find((entry) => entry.severity === 'error') ?? problems[0])?.code ?? 'internal') as ProblemCode;
}
