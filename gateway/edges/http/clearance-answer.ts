import type { ServerResponse } from 'node:http';
import type { ClearanceRead } from '../../reads';
import { send } from './answer';
import type { GatewayApi } from './gateway-api';
import { epcContext } from './epc-context';

export const clearanceTypes = ['application/json', 'application/xml', 'text/xml', 'application/pdf', 'text/html'] as const;

/** A clearance in the form asked for. JSON is the issued bytes; other forms carry its identity and signature in headers. */
export function sendClearance(
  api: GatewayApi,
  read: ClearanceRead,
  type: string,
  epc: { dialect: string; shipMessageId?: string },
  response: ServerResponse,
  headers: Record<string, string>,
): void | Promise<void> {
  const { clearance, json } = read;
  const tagged = { ...headers, ETag: etagOf(read, type), Vary: 'Accept, Accept-Language' };
  if (type === 'application/json') return send(response, 200, 'application/json; charset=utf-8', json, tagged);
  const named: Record<string, string> = {
    ...tagged,
    'Clearance-Id': clearance.clearanceId,
    'Clearance-Version': String(clearance.version),
    'Clearance-Status': clearance.status,
    ...(clearance.signature === undefined ? {} : { 'Clearance-Signature': clearance.signature }),
  };
  const language = headers['Content-Language'] === 'vi' ? 'vi' : 'en';
  switch (type) {
    case 'text/html':
      return send(response, 200, 'text/html; charset=utf-8', api.documents.clearanceHtml(clearance, language), {
        ...named,
        'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'",
      });
    case 'application/pdf':
      return api.documents.clearancePdf(clearance, language).then((pdf) =>
        send(response, 200, 'application/pdf', pdf, {
          ...named,
          'Content-Disposition': `inline; filename="clearance-${clearance.clearanceId}.pdf"`,
        }),
      );
    default:
      return send(
        response,
        200,
        `${type}; charset=utf-8`,
        api.epc.clearance(clearance, epcContext(api, epc.dialect, epc.shipMessageId, clearance.dossierCode)),
        named,
      );
  }
}

export function etagOf(read: ClearanceRead, type: string): string {
  return `"${read.etag}${type === 'application/json' ? '' : `-${type.slice(type.indexOf('/') + 1)}`}"`;
}
