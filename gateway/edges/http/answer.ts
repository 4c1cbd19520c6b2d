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
  const languages = request.headers['accept-language']?.toLowerCase();
  if (languages === undefined) return false;
  const vi = languages.indexOf('vi');
  const en = languages.indexOf('en');
  return vi >= 0 && (en < 0 || vi < en);
}

function problemText(request: IncomingMessage, code: ProblemCode, errors: readonly Problem[] | undefined): string {
  const vietnamese = prefersVietnamese(request);
  if (errors === undefined) return bareProblem(code, vietnamese);
  const { title, titleVi, remedy } = catalogueEntry(code);
  const first = errors[0];
  return JSON.stringify({
    type: `/problems/${code}`,
    title: vietnamese ? titleVi : title,
    status: problemStatus[code],
    code,
    detail: first === undefined ? (vietnamese ? titleVi : remedy) : vietnamese ? first.messageVi : first.message,
    errors,
  });
}

/** By code, English and Vietnamese: what says nothing of the request is written once, so that refusing is cheap. */
const bareProblems = new Map<ProblemCode, [en: string, vi: string]>();

function bareProblem(code: ProblemCode, vietnamese: boolean): string {
  let texts = bareProblems.get(code);
  if (texts === undefined) {
    const { title, titleVi, remedy } = catalogueEntry(code);
    const text = (said: string, detail: string): string =>
      JSON.stringify({ type: `/problems/${code}`, title: said, status: problemStatus[code], code, detail });
    bareProblems.set(code, (texts = [text(title, remedy), text(titleVi, titleVi)]));
  }
  return texts[vietnamese ? 1 : 0];
}

export function sendProblem(request: IncomingMessage, response: ServerResponse, code: ProblemCode, extras: ProblemExtras = {}): void {
  const body = problemText(request, code, extras.errors);
  const lingers = extras.close === true && !request.complete && lingering < MAX_LINGERING;
  const headers = problemHeaders(code, extras);
  if (code === 'unauthenticated') headers['WWW-Authenticate'] = 'Bearer';
  send(response, problemStatus[code], 'application/problem+json; charset=utf-8', body, headers, lingers);
  if (lingers) linger(request, response);
}

/** How long, and how much, of an unwanted body is still taken in, and from how many at once. */
const LINGER_MS = 2_000;
const LINGER_BYTES = 64 * 1024 * 1024;
const MAX_LINGERING = 200;
let lingering = 0;

/**
 * A client that is still sending would see a reset instead of its answer, were the connection closed at once (RFC 9112 §9.6): what
 * comes is thrown away, for a while, and then the connection ends.
 */
function linger(request: IncomingMessage, response: ServerResponse): void {
  let bytes = 0;
  let hasEnded = false;
  lingering++;
  const end = (): void => {
    if (hasEnded) return;
    hasEnded = true;
    lingering--;
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
  request.once('close', end);
  request.resume();
}

export function problemHeaders(code: ProblemCode, extras: ProblemExtras): Record<string, string> {
  const headers: Record<string, string> = { 'Cache-Control': 'no-store' };
  const retryAfter = extras.retryAfterSeconds ?? (problemStatus[code] === 503 ? 1 : undefined);
  if (retryAfter !== undefined) headers['Retry-After'] = String(retryAfter);
  if (extras.close === true) headers['Connection'] = 'close';
  return extras.headers === undefined ? headers : Object.assign(headers, extras.headers);
}

export function sendJson(response: ServerResponse, status: number, value: unknown, headers: Record<string, string> = {}): void {
  send(response, status, 'application/json; charset=utf-8', JSON.stringify(value), headers);
}

/** A text goes out with the head in one write, bytes in a second one. */
export function send(
  response: ServerResponse,
  status: number,
  contentType: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
  staysOpen = false,
): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(body),
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  });
  if (staysOpen) response.write(body);
  else response.end(response.req.method === 'HEAD' ? undefined : body);
}

/** The code that heads an answer with several faults: that of the first error. */
export function headCode(problems: readonly Problem[]): ProblemCode {
  return ((problems.find((entry) => entry.severity === 'error') ?? problems[0])?.code ?? 'internal') as ProblemCode;
}
