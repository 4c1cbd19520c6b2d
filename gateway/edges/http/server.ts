import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import express, { type NextFunction, type Request, type Response } from 'express';
import { ExchangeError } from '../../core/exchange-error';
import { problemCodes, type ProblemCode } from '../../core/problem-catalogue';
import { agencyRoutes } from './agency-routes';
import { sendProblem } from './answer';
import { auditorRoutes } from './auditor-routes';
import { dossierRoutes } from './dossier-routes';
import { erasureRoutes } from './erasure-routes';
import type { GatewayApi } from './gateway-api';
import { operatorRoutes } from './operator-routes';
import { identify, notFound } from './principal';
import { publicRoutes } from './public-routes';
import { repairRoutes } from './repair-routes';
import { createSubmissionHandler } from './submissions';

/**
 * The HTTP server. A submission is answered in the plain listener: express costs several times more than the whole of it
 * (performance.md §6); everything else goes through the express app. Both share the same pieces.
 */
export interface HttpServer {
  server: Server | TlsServer;
  /** For each new connection from now on; those that are open go on. */
  useTls(options: SecureContextOptions): void;
  /** Ends idle connections at once, lets requests under way finish, resolves when all are closed. */
  close(graceMs: number): Promise<void>;
}

/** How long a client may take over its TLS handshake. */
const HANDSHAKE_MS = 5_000;

export function createHttpServer(api: GatewayApi, tls?: SecureContextOptions): HttpServer {
  const submit = createSubmissionHandler(api);
  const app = createApp(api);
  const limits = {
    maxHeaderSize: 8_192,
    headersTimeout: 5_000,
    requestTimeout: 130_000,
    connectionsCheckingInterval: 1_000,
    keepAliveTimeout: 30_000,
  };
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    if (isSubmission(request)) submit(request, response).catch((cause: unknown) => failed(api, cause, request, response));
    else app(request, response);
  };
  // A client whose certificate is not good is told so (401), as one whose token is not: it may have a token, too.
  const server =
    tls === undefined
      ? createServer(limits, listener)
      : createTlsServer(
          { ...limits, ...tls, requestCert: tls.ca !== undefined, rejectUnauthorized: false, handshakeTimeout: HANDSHAKE_MS },
          listener,
        );
  // A submission is told to go on only when it is taken; everybody else at once, as node:http does.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (!isSubmission(request)) response.writeContinue();
    server.emit('request', request, response);
  });
  server.on('clientError', answerClientError);
  return {
    server,
    useTls: (options) => {
      if ('setSecureContext' in server) server.setSecureContext(options);
    },
    close: (graceMs) =>
      new Promise((resolve) => {
        const force = setTimeout(() => server.closeAllConnections(), graceMs);
        server.close(() => {
          clearTimeout(force);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

function isSubmission({ method, url }: IncomingMessage): boolean {
  return method === 'POST' && (url === '/v1/declarations' || url?.startsWith('/v1/declarations?') === true);
}

function createApp(api: GatewayApi): express.Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  publicRoutes(app, api);
  app.use(async (request, _response, next) => {
    await identify(api, request);
    next();
  });
  dossierRoutes(app, api);
  agencyRoutes(app, api);
  operatorRoutes(app, api);
  repairRoutes(app, api);
  erasureRoutes(app, api);
  auditorRoutes(app, api);
  app.use(createOtherMethods(routesOf(app)));
  // express tells an error handler by its four parameters.
  app.use((cause: unknown, request: Request, response: Response, _next: NextFunction) => failed(api, cause, request, response));
  return app;
}

interface MethodsAt {
  path: RegExp;
  methods: readonly string[];
}

/** Every address that there is, and its methods. */
function routesOf(app: express.Express): MethodsAt[] {
  // The plain listener takes it ahead of express.
  const submission = { path: /^\/v1\/declarations$/, methods: ['POST'] };
  const routes = app.router.stack.flatMap(({ route }) => {
    if (route === undefined) return [];
    const path = new RegExp(`^${route.path.replaceAll('.', '\\.').replace(/:\w+/g, '[^/]+')}/?$`, 'i');
    const methods = route.stack.map(({ method }) => method.toUpperCase());
    return [{ path, methods: methods.includes('GET') ? [...methods, 'HEAD'] : methods }];
  });
  return [submission, ...routes];
}

/** What no route took: another method of an address that is there (RFC 9110 §15.5.6, §9.3.7), or no address at all. */
function createOtherMethods(routes: readonly MethodsAt[]): express.RequestHandler {
  return (request, response) => {
    const methods = new Set(routes.filter(({ path }) => path.test(request.path)).flatMap((route) => route.methods));
    if (methods.size === 0 || methods.has(request.method)) return notFound(request, response);
    const headers = { Allow: [...methods, 'OPTIONS'].join(', ') };
    if (request.method === 'OPTIONS') response.writeHead(204, headers).end();
    else sendProblem(request, response, 'method-not-allowed', { headers });
  };
}

/** What went wrong, in the catalogue's words; never a stack or a body (body parsers put bodies on their errors). */
function failed(api: GatewayApi, cause: unknown, request: IncomingMessage, response: ServerResponse): void {
  if (cause instanceof ExchangeError && (problemCodes as string[]).includes(cause.code)) {
    return sendProblem(request, response, cause.code as ProblemCode, { retryAfterSeconds: 1 });
  }
  // A part of the path that decodes to no text names nothing.
  if (cause instanceof URIError) return sendProblem(request, response, 'not-found');
  const { status, type } = (cause ?? {}) as { status?: unknown; type?: unknown };
  if (type === 'charset.unsupported') return sendProblem(request, response, 'charset-unsupported', { close: true });
  if (type === 'encoding.unsupported') return sendProblem(request, response, 'content-coding-unsupported', { close: true });
  if (status === 400) return sendProblem(request, response, 'json-malformed', { close: true });
  if (status === 413) return sendProblem(request, response, 'too-large', { close: true });
  if (status === 415) return sendProblem(request, response, 'content-type-unsupported', { close: true });
  const error = cause instanceof Error ? cause : new Error('not an error');
  api.logger.error({ err: { name: error.name, message: error.message, stack: error.stack } }, 'a request failed');
  if (response.headersSent) response.destroy();
  else sendProblem(request, response, 'internal');
}

/** Requests that are none: answered with the least, then closed. */
function answerClientError(cause: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || socket.destroyed) return;
  const [status, code] =
    cause.code === 'HPE_HEADER_OVERFLOW'
      ? ['431 Request Header Fields Too Large', 'header-invalid']
      : cause.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ['408 Request Timeout', 'request-timeout']
        : ['400 Bad Request', 'header-invalid'];
  const body = JSON.stringify({ type: `/problems/${code}`, title: status.slice(4), status: Number(status.slice(0, 3)), code });
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
