import type { RequestMessage } from '../../gateway/core/messages';
import type { Registries } from '../registries/registries';
import type { TariffRow } from '../registries/rows';
import { callDate, declarationTypeOf, viewOf } from '../runtime/assessment';

/** One line of a fee notice. Amounts are decimal text: 1530.00. */
export interface Charge {
  row: TariffRow;
  /** GT, GT-hours, calls or containers. */
  quantity: number;
  amount: string;
  currency: 'USD' | 'VND';
}

const HOUR_MS = 3_600_000;
/** USD in cents, VND without decimals. */
const PLACES = { USD: 2, VND: 0 } as const;
const RATE_PLACES = 6;

/** The charges of this call by the tariff in force on its date; lines of which the quantity is not declared are left out. */
export function chargesOf(request: RequestMessage, registries: Registries): Charge[] {
  const voyageType = voyageTypeOf(request);
  const type = declarationTypeOf(request);
  const charges: Charge[] = [];
  for (const row of registries.tariffs(callDate(request))) {
    if (row.voyageType !== voyageType || !row.declarationTypes.includes(type)) continue;
    const quantity = quantityOf(row, request);
    if (quantity > 0) charges.push({ row, quantity, amount: amountOf(row.rate, quantity, PLACES[row.currency]), currency: row.currency });
  }
  return charges;
}

/** As declared, else by the country of the port before or after; unknown counts as international. */
function voyageTypeOf(request: RequestMessage): 'international' | 'domestic' {
  const { voyage, portCall } = viewOf(request);
  if (voyage?.voyageType !== undefined) return voyage.voyageType;
  const other = declarationTypeOf(request) === 'departure' ? portCall?.nextPortOfCall : portCall?.lastPortOfCall;
  const here = portCall?.portOfCall?.unLocode?.slice(0, 2);
  return here !== undefined && other?.unLocode?.slice(0, 2) === here ? 'domestic' : 'international';
}

function quantityOf(row: TariffRow, request: RequestMessage): number {
  const { ship, portCall, formalities } = viewOf(request);
  // Tonnage is a whole number by the Convention of 1969.
  const tonnage = Math.round(ship?.grossTonnage ?? 0);
  switch (row.unit) {
    case 'GT':
      return tonnage;
    case 'GT-hour': {
      const stayMs = portCall?.anchorage === true ? Date.parse(portCall.etd ?? '') - Date.parse(portCall.eta ?? '') : NaN;
      if (Number.isNaN(stayMs)) return 0;
      const hours = Math.min(Math.ceil(stayMs / HOUR_MS), row.toHour ?? Infinity) - (row.fromHour ?? 0);
      return tonnage * Math.max(0, hours);
    }
    case 'call':
      return 1;
    case 'container-20':
    case 'container-40': {
      const isTwenty = row.unit === 'container-20';
      const full = (formalities?.cargo?.equipment ?? []).filter((unit) => unit.fullOrEmpty !== 'empty' && unit.sizeTypeCode !== undefined);
      // ISO 6346: the first character is the length; 2 = 20 ft, the longer ones are charged as 40 ft.
      return full.filter((unit) => (unit.sizeTypeCode?.startsWith('2') === true) === isTwenty).length;
    }
  }
}

/** rate × quantity, half up, in whole-number arithmetic: a rate of 0.034 has no binary fraction. */
export function amountOf(rate: string, quantity: number, places: number): string {
  const [whole = '0', fraction = ''] = rate.split('.');
  const rateMillionths = whole + fraction.padEnd(RATE_PLACES, '0');
  const rounded = roundedQuotient(rateMillionths, Math.round(quantity), RATE_PLACES - places).padStart(places + 1, '0');
  return places === 0 ? rounded : `${rounded.slice(0, -places)}.${rounded.slice(-places)}`;
}

/** factor × quantity / 10^places, half up. Numbers are exact up to 2^53, which no due comes near; beyond it BigInt is. */
function roundedQuotient(factor: string, quantity: number, places: number): string {
  const unit = 10 ** places;
  const sum = Number(factor) * quantity + unit / 2;
  if (sum <= Number.MAX_SAFE_INTEGER) return String((sum - (sum % unit)) / unit);
  return ((BigInt(factor) * BigInt(quantity) + BigInt(unit / 2)) / BigInt(unit)).toString();
}
