import type { RequestMessage } from '../../gateway/core/messages';
import { canonicalTaxCode } from '../registries/tax-code';
import { viewOf, type DeepPartial } from './assessment';
import type { Party } from '../../gateway/core/declaration';

/** Who acts for the ship, by tax code: declarant and agents, each code once. */
export interface ShipParty {
  code: string;
  /** As declared; for texts. */
  name: string;
}

export function shipPartiesOf(request: RequestMessage): ShipParty[] {
  const { declarant, agents } = viewOf(request);
  const parties = new Map<string, ShipParty>();
  for (const party of [declarant, ...(agents ?? [])]) {
    const code = codeOf(party);
    if (code !== undefined && !parties.has(code)) parties.set(code, { code, name: party?.name ?? code });
  }
  return [...parties.values()];
}

/** Consignees by tax code, each with the bills that are for it. */
export function consigneesOf(request: RequestMessage): { code: string; name: string; bills: string[]; hsCodes: string[] }[] {
  const consignees = new Map<string, { code: string; name: string; bills: string[]; hsCodes: string[] }>();
  for (const [index, consignment] of (viewOf(request).formalities?.cargo?.consignments ?? []).entries()) {
    const code = codeOf(consignment.consignee);
    if (code === undefined) continue;
    let entry = consignees.get(code);
    if (entry === undefined) consignees.set(code, (entry = { code, name: consignment.consignee?.name ?? code, bills: [], hsCodes: [] }));
    entry.bills.push(consignment.transportContractNumber ?? `#${index + 1}`);
    for (const item of consignment.items ?? []) if (item.hsCode !== undefined) entry.hsCodes.push(item.hsCode);
  }
  return [...consignees.values()];
}

function codeOf(party: DeepPartial<Party> | undefined): string | undefined {
  const code = party?.taxCode ?? (party?.scheme === 'TAX' ? party.identificationNumber : undefined);
  return code === undefined ? undefined : canonicalTaxCode(code);
}
