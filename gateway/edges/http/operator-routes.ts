import type { Router } from 'express';
import { configurationInForce } from '../../configuration-in-force';
import { sendJson } from './answer';
import type { GatewayApi } from './gateway-api';
import { principalWith } from './principal';

/** Operators look: lag, configuration in force without secrets. */
export function operatorRoutes(router: Router, api: GatewayApi): void {
  router.get('/v1/ops/lag', async (request, response) => {
    if (principalWith(api, request, response, 'operator') === undefined) return;
    sendJson(response, 200, { items: await api.operator.lag() }, { 'Cache-Control': 'no-store' });
  });

  router.get('/v1/ops/config', (request, response) => {
    if (principalWith(api, request, response, 'operator') === undefined) return;
    sendJson(response, 200, configurationInForce(api.settings, api.rules), { 'Cache-Control': 'no-store' });
  });
}
