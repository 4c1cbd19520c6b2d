import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { ExchangeError } from '../../gateway/core/exchange-error';
import { bundledRegistries } from './bundled-registries';
import { indexRegistries, type Registries } from './registries';
import type { DatedRow, RegistryData, RegistryName } from './rows';

const names = Object.keys(bundledRegistries) as RegistryName[];

/** Registries where one subject has one row at a time: two in force on one day contradict each other. */
const keys: { [Name in RegistryName]?: (row: RegistryData[Name][number]) => string } = {
  ships: (row) => row.imoNumber,
  taxpayers: (row) => row.taxCode,
  enterprises: (row) => row.enterpriseCode,
  'enterprise-statuses': (row) => row.status,
  facilities: (row) => row.facilityCode,
  channels: (row) => row.channel,
  tariffs: (row) => row.code,
  'ship-dues': (row) => row.notice,
  'dangerous-goods': (row) => row.unNumber,
  stops: (row) => row.stopId,
  'security-levels': (row) => row.unLocode,
  'notice-limits': (row) => `${row.ruleSet} ${row.declarationTypes.join(',')} ${row.document}`,
  policies: (row) => row.code,
  risks: (row) => row.riskId,
  allowances: (row) => row.allowance,
};

/**
 * Reads `<folder>/<name>.json` for every registry, or the files that came with this build when no folder is named.
 * @throws ExchangeError `registries-invalid`, naming all faults of all files at once: an agency never decides on half a registry.
 */
export function loadRegistries(folder?: string): Registries {
  const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false });
  addFormats(ajv);
  const faults: string[] = [];
  const data: Partial<Record<RegistryName, unknown[]>> = {};
  for (const name of names) {
    const { file: bundled, schema } = bundledRegistries[name];
    const where = folder === undefined ? `${name}.json` : join(folder, `${name}.json`);
    let file: unknown;
    try {
      file = folder === undefined ? bundled : JSON.parse(readFileSync(where, 'utf8'));
    } catch (cause) {
      faults.push(`${where}: ${(cause as Error).message}`);
      continue;
    }
    const validate = ajv.compile<{ rows: unknown[] }>(schema);
    if (!validate(file)) {
      for (const fault of validate.errors ?? [])
        faults.push(`${where}${fault.instancePath}: ${fault.message ?? fault.keyword}${detailOf(fault.params)}`);
      continue;
    }
    data[name] = file.rows;
    faults.push(...contradictions(name, file.rows as DatedRow[]).map((fault) => `${where}: ${fault}`));
  }
  const complete = data as Partial<RegistryData>;
  faults.push(...danglingReferences(complete));
  if (faults.length > 0)
    throw new ExchangeError('registries-invalid', `the registries cannot be used:\n${faults.join('\n')}`, { retriable: false });
  return indexRegistries(complete);
}

function detailOf(params: Record<string, unknown>): string {
  const detail = params['additionalProperty'] ?? params['allowedValues'] ?? params['pattern'];
  return detail === undefined ? '' : ` (${JSON.stringify(detail)})`;
}

function contradictions(name: RegistryName, rows: DatedRow[]): string[] {
  const faults: string[] = [];
  const keyOf = keys[name] as ((row: DatedRow) => string) | undefined;
  const byKey = new Map<string, DatedRow[]>();
  for (const row of rows) {
    const key = keyOf?.(row);
    if (row.validTo !== undefined && row.validTo < row.validFrom)
      faults.push(`${key ?? 'a row'} ends (${row.validTo}) before it begins (${row.validFrom})`);
    if (key === undefined) continue;
    const earlier = byKey.get(key) ?? [];
    if (earlier.some((other) => other.validFrom <= (row.validTo ?? '9999') && row.validFrom <= (other.validTo ?? '9999')))
      faults.push(`${key} has two rows in force at once (from ${row.validFrom})`);
    byKey.set(key, [...earlier, row]);
  }
  return faults;
}

function danglingReferences(data: Partial<RegistryData>): string[] {
  const statuses = new Set(data['enterprise-statuses']?.map((row) => row.status));
  const channels = new Set(data.channels?.map((row) => row.channel));
  return [
    ...(data.enterprises ?? [])
      .filter((row) => !statuses.has(row.status))
      .map((row) => `enterprises.json: ${row.enterpriseCode} has the unknown status ${row.status}`),
    ...(data.facilities ?? [])
      .filter((row) => row.channel !== undefined && !channels.has(row.channel))
      .map((row) => `facilities.json: ${row.facilityCode} names the unknown channel ${row.channel ?? ''}`),
  ];
}
