import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestHandler } from 'express';
import type { AuditActor } from '../../core/audit-chain';
import { sendProblem } from './answer';
import type { AccessLog } from '../../access-log';
import type { Authenticate, Principal } from './authenticate';
import type { GatewayApi } from './gateway-api';

/** The role of each route, checked first; whoever may not is answered here. */

const callers = new WeakMap<IncomingMessage, Principal>();

/** Ahead of every route that is not public: who calls is known before the route asks. */
export async function identify(api: GatewayApi, request: IncomingMessage): Promise<void> {
  const principal = await api.authenticate(request);
  if (principal !== undefined) callers.set(request, principal);
}

/** The caller, when it has one of the roles; nobody where it was not identified. */
export function principalWith<R extends Principal['role']>(
  api: GatewayApi,
  request: IncomingMessage,
  response: ServerResponse,
  ...roles: R[]
): Extract<Principal, { role: R }> | undefined {
  const principal = callers.get(request);
  if (principal !== undefined && (roles as string[]).includes(principal.role)) return principal as Extract<Principal, { role: R }>;
  sendProblem(request, response, noteRefused(api, request, principal));
  return undefined;
}

/** Ahead of what reads a body: of whoever may not, none is read. */
export function onlyWith(api: GatewayApi, ...roles: Principal['role'][]): RequestHandler {
  return (request, response, next) => {
    if (principalWith(api, request, response, ...roles) !== undefined) next();
  };
}

/** Counted for the audit log; returns what to answer. */
export function noteRefused(api: GatewayApi, request: IncomingMessage, principal?: Principal): 'unauthenticated' | 'forbidden' {
  const source = sourceOf(request);
  const code = principal === undefined ? 'unauthenticated' : 'forbidden';
  if (principal === undefined) api.accessLog.refused({ code, source, credential: request.headers.authorization });
  else api.accessLog.refused({ code, source, name: principal.name });
  return code;
}

/** Tells of each caller that is known. */
export function tellingWho(authenticate: Authenticate, accessLog: Pick<AccessLog, 'signedIn'>): Authenticate {
  const tell = (principal: Principal | undefined, request: IncomingMessage): Principal | undefined => {
    if (principal !== undefined) accessLog.signedIn({ by: actorOf(principal), source: sourceOf(request) });
    return principal;
  };
  return (request) => {
    const found = authenticate(request);
    return found instanceof Promise ? found.then((principal) => tell(principal, request)) : tell(found, request);
  };
}

function sourceOf(request: IncomingMessage): string {
  return request.socket.remoteAddress ?? 'unknown';
}

/** The tenant of an agent. */
export function agentOf(api: GatewayApi, request: IncomingMessage, response: ServerResponse): string | undefined {
  return principalWith(api, request, response, 'agent')?.tenant;
}

/** Who acts, as the audit log names them. */
export function actorOf(principal: Principal): AuditActor {
  const { role, name } = principal;
  switch (role) {
    case 'agent':
      return { role, name, tenant: principal.tenant };
    case 'agency':
      return { role, name, agency: principal.agency };
    case 'operator':
    case 'auditor':
      return { role, name };
  }
}

/** The caller, when it is of the agency in the path. */
export function agencyOf(
  api: GatewayApi,
  agency: string,
  request: IncomingMessage,
  response: ServerResponse,
): Extract<Principal, { role: 'agency' }> | undefined {
  const principal = principalWith(api, request, response, 'agency');
  if (principal === undefined) return undefined;
  if (principal.agency === agency) return principal;
  sendProblem(request, response, noteRefused(api, request, principal));
  return undefined;
}

export function notFound(request: IncomingMessage, response: ServerResponse): void {
  sendProblem(request, response, 'not-found');
}

/** Aborts when the caller goes away. Of the answer, not of the connection: that lives on, and would keep a listener of each answer. */
export function abortedWith(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  return gone.signal;
}
