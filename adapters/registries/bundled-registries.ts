import allowances from './allowances.json';
import businessLines from './business-lines.json';
import channels from './channels.json';
import dangerousGoods from './dangerous-goods.json';
import enterpriseStatuses from './enterprise-statuses.json';
import enterprises from './enterprises.json';
import facilities from './facilities.json';
import goods from './goods.json';
import noticeLimits from './notice-limits.json';
import policies from './policies.json';
import risks from './risks.json';
import securityLevels from './security-levels.json';
import shipDues from './ship-dues.json';
import ships from './ships.json';
import stops from './stops.json';
import tariffs from './tariffs.json';
import taxpayers from './taxpayers.json';
import allowancesSchema from './schemas/allowances.schema.json';
import businessLinesSchema from './schemas/business-lines.schema.json';
import channelsSchema from './schemas/channels.schema.json';
import dangerousGoodsSchema from './schemas/dangerous-goods.schema.json';
import enterpriseStatusesSchema from './schemas/enterprise-statuses.schema.json';
import enterprisesSchema from './schemas/enterprises.schema.json';
import facilitiesSchema from './schemas/facilities.schema.json';
import goodsSchema from './schemas/goods.schema.json';
import noticeLimitsSchema from './schemas/notice-limits.schema.json';
import policiesSchema from './schemas/policies.schema.json';
import risksSchema from './schemas/risks.schema.json';
import securityLevelsSchema from './schemas/security-levels.schema.json';
import shipDuesSchema from './schemas/ship-dues.schema.json';
import shipsSchema from './schemas/ships.schema.json';
import stopsSchema from './schemas/stops.schema.json';
import tariffsSchema from './schemas/tariffs.schema.json';
import taxpayersSchema from './schemas/taxpayers.schema.json';
import type { RegistryName } from './rows';

/** The files of this folder and their schemas, imported so that a build carries them along. One line a registry. */
export const bundledRegistries: Readonly<Record<RegistryName, { file: unknown; schema: object }>> = {
  ships: { file: ships, schema: shipsSchema },
  taxpayers: { file: taxpayers, schema: taxpayersSchema },
  enterprises: { file: enterprises, schema: enterprisesSchema },
  'enterprise-statuses': { file: enterpriseStatuses, schema: enterpriseStatusesSchema },
  facilities: { file: facilities, schema: facilitiesSchema },
  channels: { file: channels, schema: channelsSchema },
  tariffs: { file: tariffs, schema: tariffsSchema },
  'ship-dues': { file: shipDues, schema: shipDuesSchema },
  goods: { file: goods, schema: goodsSchema },
  'dangerous-goods': { file: dangerousGoods, schema: dangerousGoodsSchema },
  stops: { file: stops, schema: stopsSchema },
  'security-levels': { file: securityLevels, schema: securityLevelsSchema },
  'notice-limits': { file: noticeLimits, schema: noticeLimitsSchema },
  policies: { file: policies, schema: policiesSchema },
  risks: { file: risks, schema: risksSchema },
  allowances: { file: allowances, schema: allowancesSchema },
  'business-lines': { file: businessLines, schema: businessLinesSchema },
};
