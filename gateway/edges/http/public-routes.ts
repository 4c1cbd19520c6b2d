import type { Router } from 'express';
import { catalogueEntry, problemCodes, type ProblemCode } from '../../core/problem-catalogue';
import { prefersVietnamese, sendJson } from './answer';
import type { GatewayApi } from './gateway-api';
import { notFound } from './principal';
import { problemStatus } from './problem-status';

/** What anybody may read: keys, documents, the directory of agencies, services, code lists, the meaning of problem codes. */
const CACHED = { 'Cache-Control': 'public, max-age=300' };

export function publicRoutes(router: Router, api: GatewayApi): void {
  const { documents } = api;
  router.get('/.well-known/jwks.json', (_request, response) => sendJson(response, 200, api.signer.jwks(), CACHED));
  router.get('/openapi.json', (_request, response) => sendJson(response, 200, documents.openapi, CACHED));
  router.get('/asyncapi.json', (_request, response) => sendJson(response, 200, documents.asyncapi, CACHED));
  router.get('/v1/services', (_request, response) => sendJson(response, 200, documents.services, CACHED));

  router.get('/v1/agencies', (_request, response) => {
    const items = api.rules.agencies.map(({ code, name, nameVi, role, connected, declarationTypes }) => ({
      agency: code,
      name,
      nameVi,
      role,
      connected,
      declarationTypes,
    }));
    sendJson(response, 200, { items }, CACHED);
  });

  router.get('/v1/codelists', (_request, response) => sendJson(response, 200, { items: Object.keys(documents.codeLists) }, CACHED));
  router.get('/v1/codelists/:name', (request, response) => {
    const list = Object.hasOwn(documents.codeLists, request.params.name) ? documents.codeLists[request.params.name] : undefined;
    if (list === undefined) return notFound(request, response);
    sendJson(response, 200, { name: request.params.name, items: list }, CACHED);
  });

  router.get('/problems/:code', (request, response) => {
    const code = problemCodes.find((known) => known === request.params.code);
    if (code === undefined) return notFound(request, response);
    sendJson(response, 200, describe(code, prefersVietnamese(request)), CACHED);
  });
}

function describe(code: ProblemCode, vietnamese: boolean): Record<string, unknown> {
  const entry = catalogueEntry(code);
  return {
    code,
    status: problemStatus[code],
    title: vietnamese ? entry.titleVi : entry.title,
    titleEn: entry.title,
    titleVi: entry.titleVi,
    remedy: entry.remedy,
  };
}
