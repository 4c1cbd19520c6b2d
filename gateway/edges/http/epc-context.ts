import { isoTime } from '../../core/deadlines';
import type { EpcContext, GatewayApi } from './gateway-api';

/** What an EPC answer says besides its content. */
export function epcContext(api: GatewayApi, dialect: string, shipMessageId?: string, dossierCode?: string): EpcContext {
  return {
    dialect: dialect.startsWith('epc') ? dialect : 'epc-2021',
    sentTime: isoTime(api.clock.nowMs()),
    portSecurityLevel: `SL${api.settings.portSecurityLevel}`,
    ...(shipMessageId === undefined ? {} : { shipMessageId }),
    ...(dossierCode === undefined ? {} : { dossierCode }),
  };
}
