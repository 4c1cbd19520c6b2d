import type { RequestMessage } from '../../gateway/core/messages';
import { isInForce, type Registries } from '../registries/registries';
import type { StopRow } from '../registries/rows';
import { canonicalTaxCode } from '../registries/tax-code';
import { callDate, declarationTypeOf, viewOf } from './assessment';

/**
 * The stops of an agency that match the call: in force on its date, and holds that have ended. Ended ones matter only to a later
 * revision: the hold of an earlier one may still stand on the dossier.
 */
export function stopsOnCall(agency: string, request: RequestMessage, registries: Registries): { inForce: StopRow[]; ended: StopRow[] } {
  const on = callDate(request);
  const matching = registries.stops(agency).filter((stop) => matches(stop, request));
  const inForce = matching.filter((stop) => isInForce(stop, on));
  if (request.revision < 2 || inForce.some((stop) => stop.effect === 'hold')) return { inForce, ended: [] };
  return { inForce, ended: matching.filter((stop) => stop.effect === 'hold' && stop.validTo !== undefined && stop.validTo < on) };
}

function matches(stop: StopRow, request: RequestMessage): boolean {
  const { ship, portCall, formalities } = viewOf(request);
  if (stop.declarationTypes !== undefined && !stop.declarationTypes.includes(declarationTypeOf(request))) return false;
  if (stop.imoNumber !== undefined && stop.imoNumber !== ship?.imoNumber) return false;
  if (stop.unLocode !== undefined && stop.unLocode !== portCall?.portOfCall?.unLocode) return false;
  if (stop.previousPort !== undefined) {
    const ports = [portCall?.lastPortOfCall, ...(portCall?.previousPorts ?? []).map((call) => call.port)];
    if (!ports.some((port) => port?.unLocode === stop.previousPort)) return false;
  }
  if (stop.billOfLading === undefined && stop.consigneeTaxCode === undefined) return true;
  return (formalities?.cargo?.consignments ?? []).some(
    (consignment) =>
      (stop.billOfLading === undefined || consignment.transportContractNumber === stop.billOfLading) &&
      (stop.consigneeTaxCode === undefined ||
        (consignment.consignee?.taxCode !== undefined && canonicalTaxCode(consignment.consignee.taxCode) === stop.consigneeTaxCode)),
  );
}
