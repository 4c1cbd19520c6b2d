/**
 * What an agency's registry says, one row a fact in force from a date (`validFrom`) to a date (`validTo`, inclusive; absent = still).
 * The schemas beside the data (schemas/*.schema.json) say the same with limits. Dates are local dates of Viet Nam.
 */
export interface DatedRow {
  validFrom: string;
  validTo?: string;
  /** Invented, or a rate that nobody verified: say so wherever it is shown. */
  example?: boolean;
}

export interface ShipRow extends DatedRow {
  imoNumber: string;
  name: string;
  callSign?: string;
  flagState?: string;
  grossTonnage?: number;
  lengthOverall?: number;
}

export interface TaxpayerRow extends DatedRow {
  taxCode: string;
  name: string;
  status: 'active' | 'suspended' | 'closed';
  /** Decision to enforce by stopping customs procedures, while this row is in force. */
  customsStop?: string;
}

export interface EnterpriseRow extends DatedRow {
  enterpriseCode: string;
  name: string;
  /** A status of enterprise-statuses.json. */
  status: string;
  /** Codes of the business lines registered; empty = not recorded. */
  businessLines: string[];
  investment?: {
    certificate: string;
    validFrom: string;
    validTo?: string;
    /** Project that the certificate is for, and the HS chapters of its goods. */
    project?: string;
    goodsChapters?: string[];
    /** The enterprise works in a free or export-processing zone. */
    zone?: string;
  };
  /** Has foreign capital, so that an investment certificate is needed. */
  foreignInvested?: boolean;
}

export interface EnterpriseStatusRow extends DatedRow {
  status: string;
  name: string;
  nameVi: string;
  /** What it means for a party that acts for the ship. */
  effect: 'none' | 'note' | 'condition' | 'refuse';
  /** Reason code where the effect is not none. */
  code: 'PLAN-ENTERPRISE-NOT-OPERATING' | 'PLAN-ENTERPRISE-REVOKED' | 'PLAN-ENTERPRISE-DISSOLVED' | 'PLAN-ENTERPRISE-OPERATING';
}

export interface FacilityRow extends DatedRow {
  facilityCode: string;
  unLocode: string;
  name: string;
  aliases?: string[];
  channel?: string;
  maxDraughtMetres?: number;
  maxLengthMetres?: number;
  maxGrossTonnage?: number;
  /** IMDG classes or divisions that the facility does not take. */
  dangerousGoodsRefused?: string[];
}

export interface ChannelRow extends DatedRow {
  channel: string;
  name: string;
  nameVi: string;
  maxDraughtMetres?: number;
  maxLengthMetres?: number;
}

export interface TariffRow extends DatedRow {
  code: string;
  name: string;
  nameVi: string;
  /** Decimal number as text, at most six places: never a binary fraction. */
  rate: string;
  currency: 'USD' | 'VND';
  unit: 'GT' | 'GT-hour' | 'call' | 'container-20' | 'container-40';
  voyageType: 'international' | 'domestic';
  declarationTypes: string[];
  /** GT-hour: hours of the stay from (exclusive) and to (inclusive) which this rate counts. */
  fromHour?: number;
  toHour?: number;
  legalBasis: string;
}

export interface ShipDueRow extends DatedRow {
  imoNumber: string;
  notice: string;
  amount: string;
  currency: 'USD' | 'VND';
}

export interface GoodsRow extends DatedRow {
  hsPrefix: string;
  rule: 'prohibited' | 'licensed';
  trade: 'import' | 'export' | 'any';
  name: string;
  nameVi: string;
  authority: string;
  /** Licensed goods: type codes of an attachment that counts as the licence (UN/EDIFACT 1001). */
  licenceTypeCodes?: string[];
  legalBasis: string;
}

export interface DangerousGoodsRow extends DatedRow {
  unNumber: string;
  name: string;
  /** Every class or division that the number may carry. */
  classes: string[];
  packingGroups?: string[];
}

export interface StopRow extends DatedRow {
  stopId: string;
  /** Who stops: only its rules look at the row. */
  agency: string;
  effect: 'refuse' | 'hold' | 'condition' | 'note';
  ground: 'safety' | 'security' | 'environment' | 'defence' | 'disaster' | 'epidemic' | 'court' | 'customs';
  /** Which calls: all that are given must match; at least one is. */
  imoNumber?: string;
  unLocode?: string;
  previousPort?: string;
  billOfLading?: string;
  consigneeTaxCode?: string;
  declarationTypes?: string[];
  text: string;
  textVi: string;
  legalBasis: string;
}

export interface SecurityLevelRow extends DatedRow {
  /** UN/LOCODE, or * for every other port. */
  unLocode: string;
  level: '1' | '2' | '3';
}

export interface NoticeLimitRow extends DatedRow {
  ruleSet: string;
  declarationTypes: string[];
  /** notice = the notice of arrival or departure itself. */
  document: 'notice' | 'generalDeclaration' | 'cargo' | 'dangerousGoods' | 'security';
  reference: 'eta' | 'etd';
  hoursBefore: number;
  /** Instead, where the voyage from the last port takes less than shortVoyageDays, or its length is not known. */
  hoursBeforeShortVoyage?: number;
  shortVoyageDays?: number;
  legalBasis: string;
}

export interface PolicyRow extends DatedRow {
  /** A rule code. */
  code: string;
  /** What a finding with this code counts as, instead of what the rule says. */
  kind: 'refuse' | 'moreInfo' | 'condition' | 'note' | 'hold';
  reason: string;
}

export interface RiskRow extends DatedRow {
  riskId: string;
  channel: 'yellow' | 'red';
  /** All that are given must match; at least one is. */
  hsPrefix?: string;
  portOfLoading?: string;
  imoNumber?: string;
  consigneeTaxCode?: string;
  text: string;
  textVi: string;
}

export interface AllowanceRow extends DatedRow {
  allowance: string;
  kind: 'stores' | 'effects';
  name: string;
  nameVi: string;
  articleCodes?: string[];
  /** Lower case, without diacritics; found anywhere in the name. */
  words?: string[];
  unit: string;
  perPerson: number;
}

export interface BusinessLineRow extends DatedRow {
  activity: 'ship-agency' | 'trade';
  /** trade: goods for which the consignee needs one of the lines. */
  hsPrefix?: string;
  /** One of these, or a line below it, must be registered. */
  lines: string[];
  legalBasis: string;
}

/** The files, by name without `.json`. */
export interface RegistryData {
  ships: ShipRow[];
  taxpayers: TaxpayerRow[];
  enterprises: EnterpriseRow[];
  'enterprise-statuses': EnterpriseStatusRow[];
  facilities: FacilityRow[];
  channels: ChannelRow[];
  tariffs: TariffRow[];
  'ship-dues': ShipDueRow[];
  goods: GoodsRow[];
  'dangerous-goods': DangerousGoodsRow[];
  stops: StopRow[];
  'security-levels': SecurityLevelRow[];
  'notice-limits': NoticeLimitRow[];
  policies: PolicyRow[];
  risks: RiskRow[];
  allowances: AllowanceRow[];
  'business-lines': BusinessLineRow[];
}

export type RegistryName = keyof RegistryData;
