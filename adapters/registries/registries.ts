import type {
  AllowanceRow,
  BusinessLineRow,
  ChannelRow,
  DangerousGoodsRow,
  DatedRow,
  EnterpriseRow,
  EnterpriseStatusRow,
  FacilityRow,
  GoodsRow,
  NoticeLimitRow,
  PolicyRow,
  RegistryData,
  RiskRow,
  ShipDueRow,
  ShipRow,
  StopRow,
  TariffRow,
  TaxpayerRow,
} from './rows';
import { foldDiacritics } from './fold-diacritics';

/**
 * What the rules ask: facts in force on a local date (YYYY-MM-DD). An agency's own back-end can stand behind the same questions.
 * All answers come from memory; nothing here waits.
 */
export interface Registries {
  ship(imoNumber: string, on: string): ShipRow | undefined;
  /** A branch code (…-001) that has no row of its own is answered by its enterprise's. */
  taxpayer(taxCode: string, on: string): TaxpayerRow | undefined;
  enterprise(enterpriseCode: string, on: string): EnterpriseRow | undefined;
  enterpriseStatus(status: string, on: string): EnterpriseStatusRow | undefined;
  /** By code, else by name or alias without regard to case and diacritics, within the port. */
  facility(
    place: { unLocode?: string | undefined; code?: string | undefined; name?: string | undefined },
    on: string,
  ): FacilityRow | undefined;
  channel(channel: string, on: string): ChannelRow | undefined;
  tariffs(on: string): readonly TariffRow[];
  shipDues(imoNumber: string, on: string): ShipDueRow[];
  /** Rows whose prefix the HS code starts with. */
  goods(hsCode: string, on: string): GoodsRow[];
  dangerousGoods(unNumber: string, on: string): DangerousGoodsRow | undefined;
  /** Every stop of an agency, in force or not: ended ones release what they held. */
  stops(agency: string): StopRow[];
  securityLevel(unLocode: string | undefined, on: string): '1' | '2' | '3';
  noticeLimit(ruleSet: string, declarationType: string, document: NoticeLimitRow['document']): NoticeLimitRow | undefined;
  policy(code: string, on: string): PolicyRow | undefined;
  risks(on: string): readonly RiskRow[];
  allowances(kind: AllowanceRow['kind'], on: string): AllowanceRow[];
  businessLines(activity: BusinessLineRow['activity'], on: string): BusinessLineRow[];
}

export function isInForce(row: DatedRow, on: string): boolean {
  return row.validFrom <= on && (row.validTo === undefined || on <= row.validTo);
}

/** Builds the indexes once; missing files count as empty, so that a test gives only what it needs. */
export function indexRegistries(data: Partial<RegistryData>): Registries {
  const ships = dated(data.ships, (row) => row.imoNumber);
  const taxpayers = dated(data.taxpayers, (row) => row.taxCode);
  const enterprises = dated(data.enterprises, (row) => row.enterpriseCode);
  const statuses = dated(data['enterprise-statuses'], (row) => row.status);
  const facilities = dated(data.facilities, (row) => row.facilityCode);
  const facilityNames = new Map<string, FacilityRow[]>();
  for (const row of data.facilities ?? [])
    for (const name of new Set([row.name, ...(row.aliases ?? [])].map(foldDiacritics))) push(facilityNames, `${row.unLocode} ${name}`, row);
  const channels = dated(data.channels, (row) => row.channel);
  const dues = grouped(data['ship-dues'], (row) => row.imoNumber);
  const goods = grouped(data.goods, (row) => row.hsPrefix);
  const prefixLengths = [...new Set([...goods.keys()].map((prefix) => prefix.length))].sort((a, b) => a - b);
  const unNumbers = dated(data['dangerous-goods'], (row) => row.unNumber);
  const stops = grouped(data.stops, (row) => row.agency);
  const levels = dated(data['security-levels'], (row) => row.unLocode);
  const limits = new Map<string, NoticeLimitRow>();
  for (const row of data['notice-limits'] ?? [])
    for (const type of row.declarationTypes) limits.set(`${row.ruleSet} ${type} ${row.document}`, row);
  const newestRuleSet = [...(data['notice-limits'] ?? [])].sort((a, b) => (a.validFrom < b.validFrom ? -1 : 1)).at(-1)?.ruleSet;
  const ruleSets = new Set((data['notice-limits'] ?? []).map((row) => row.ruleSet));
  const policies = dated(data.policies, (row) => row.code);
  const allowances = grouped(data.allowances, (row) => row.kind);
  const businessLines = grouped(data['business-lines'], (row) => row.activity);

  return {
    ship: ships,
    taxpayer: (code, on) => taxpayers(code, on) ?? taxpayers(code.slice(0, 10), on),
    enterprise: (code, on) => enterprises(code, on) ?? enterprises(code.slice(0, 10), on),
    enterpriseStatus: statuses,
    facility({ unLocode, code, name }, on) {
      const byCode = code === undefined ? undefined : facilities(code, on);
      if (byCode !== undefined || name === undefined || unLocode === undefined) return byCode;
      return facilityNames.get(`${unLocode} ${foldDiacritics(name)}`)?.find((row) => isInForce(row, on));
    },
    channel: channels,
    tariffs: onEachDate(data.tariffs ?? []),
    shipDues: (imoNumber, on) => (dues.get(imoNumber) ?? []).filter((row) => isInForce(row, on)),
    goods(hsCode, on) {
      const found: GoodsRow[] = [];
      for (const length of prefixLengths) {
        if (length > hsCode.length) break;
        for (const row of goods.get(hsCode.slice(0, length)) ?? []) if (isInForce(row, on)) found.push(row);
      }
      return found;
    },
    dangerousGoods: unNumbers,
    stops: (agency) => stops.get(agency) ?? [],
    securityLevel: (unLocode, on) => (levels(unLocode ?? '*', on) ?? levels('*', on))?.level ?? '1',
    // A rule set that this registry does not know yet is judged by the newest one that it knows.
    noticeLimit: (ruleSet, type, document) => limits.get(`${ruleSets.has(ruleSet) ? ruleSet : (newestRuleSet ?? '')} ${type} ${document}`),
    policy: policies,
    risks: onEachDate(data.risks ?? []),
    allowances: (kind, on) => (allowances.get(kind) ?? []).filter((row) => isInForce(row, on)),
    businessLines: (activity, on) => (businessLines.get(activity) ?? []).filter((row) => isInForce(row, on)),
  };
}

function dated<Row extends DatedRow>(rows: Row[] | undefined, keyOf: (row: Row) => string): (key: string, on: string) => Row | undefined {
  const groups = grouped(rows, keyOf);
  return (key, on) => groups.get(key)?.find((row) => isInForce(row, on));
}

/** Dates of calls lie close together: the rows of each are looked for once. */
const MOST_DATES = 100;

/** The rows in force on a date; nobody changes the list. */
function onEachDate<Row extends DatedRow>(rows: readonly Row[]): (on: string) => readonly Row[] {
  const known = new Map<string, readonly Row[]>();
  return (on) => {
    let inForce = known.get(on);
    if (inForce === undefined) {
      if (known.size >= MOST_DATES) known.clear();
      known.set(on, (inForce = rows.filter((row) => isInForce(row, on))));
    }
    return inForce;
  };
}

function grouped<Row>(rows: Row[] | undefined, keyOf: (row: Row) => string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows ?? []) push(groups, keyOf(row), row);
  return groups;
}

function push<Row>(groups: Map<string, Row[]>, key: string, row: Row): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [row]);
  else group.push(row);
}
