import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import rules85 from '../../config/rule-sets/nd-85-2019.json';
import rules336 from '../../config/rule-sets/nd-336-2026.json';
import { taxCodeKindOf } from './tax-code';
import { loadRegistries } from './load-registries';
import type { NoticeLimitRow, RegistryData, RegistryName } from './rows';

function rowsOf<Name extends RegistryName>(name: Name): RegistryData[Name] {
  return (JSON.parse(readFileSync(join(__dirname, `${name}.json`), 'utf8')) as { rows: RegistryData[Name] }).rows;
}

describe('loadRegistries', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'registries-'));
    cpSync(__dirname, folder, { recursive: true, filter: (file) => !file.endsWith('.ts') });
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const write = (name: string, value: unknown): void =>
    writeFileSync(join(folder, `${name}.json`), typeof value === 'string' ? value : JSON.stringify(value));

  it('takes the files that came along, and the same from a folder', () => {
    for (const registries of [loadRegistries(), loadRegistries(folder)]) {
      expect(registries.enterprise('0299900036', '2026-11-24')?.status).toBe('dissolved');
      expect(registries.dangerousGoods('1203', '2026-11-24')?.classes).toEqual(['3']);
    }
  });

  it('names all faults of all files at once', () => {
    write('ships', 'not json');
    write('stops', {
      rows: [
        {
          stopId: 'x',
          agency: 'customs',
          effect: 'maybe',
          ground: 'safety',
          text: 't',
          textVi: 't',
          legalBasis: 'l',
          validFrom: '2026-13-01',
        },
      ],
    });
    write('taxpayers', { rows: [{ taxCode: '1', name: 'n', status: 'active', validFrom: '2026-01-01', mood: 'x' }] });
    write('tariffs', { rows: [{ ...rowsOf('tariffs')[0], validFrom: '2026-02-01', validTo: '2026-01-01' }] });
    write('facilities', { rows: [{ facilityCode: 'A', unLocode: 'VNHPH', name: 'A', channel: 'nowhere', validFrom: '2026-01-01' }] });
    write('policies', {
      rows: [
        { code: 'A-B', kind: 'note', reason: 'r', validFrom: '2026-01-01' },
        { code: 'A-B', kind: 'refuse', reason: 'r', validFrom: '2026-06-01', validTo: '2026-07-01' },
      ],
    });
    let message = '';
    try {
      loadRegistries(folder);
    } catch (error) {
      message = (error as Error).message;
      expect(error).toMatchObject({ code: 'registries-invalid', retriable: false });
    }
    for (const part of [
      'ships.json: ',
      'stops.json/rows/0/effect',
      'stops.json/rows/0/validFrom',
      'taxpayers.json/rows/0/taxCode',
      '"mood"',
      'ends (2026-01-01) before',
      'unknown channel nowhere',
      'A-B has two rows in force at once',
    ])
      expect(message).toContain(part);
  });

  it('refuses a folder in which a file is missing', () => {
    rmSync(join(folder, 'goods.json'));
    expect(() => loadRegistries(folder)).toThrow('goods.json');
  });
});

describe('the data that came along', () => {
  it('uses tax codes with right check digits', () => {
    const codes = [...rowsOf('taxpayers').map((row) => row.taxCode), ...rowsOf('enterprises').map((row) => row.enterpriseCode)];
    expect(codes.filter((code) => taxCodeKindOf(code) !== 'enterprise')).toEqual([]);
  });

  it('says of every row about a ship, a taxpayer, an enterprise or a stop that it is an example', () => {
    const rows = [
      ...rowsOf('ships'),
      ...rowsOf('taxpayers'),
      ...rowsOf('enterprises'),
      ...rowsOf('stops'),
      ...rowsOf('facilities'),
      ...rowsOf('ship-dues'),
    ];
    expect(rows.filter((row) => row.example !== true)).toEqual([]);
  });

  it('marks every rate that is not verified', () => {
    const unmarked = rowsOf('tariffs').filter((row) => row.example !== true);
    expect(unmarked.map((row) => row.code)).toEqual(['TONNAGE-IN', 'TONNAGE-OUT', 'ANCHORAGE', 'ANCHORAGE-LONG']);
  });

  it('has the limits of the rule sets where both speak', () => {
    type Limit = Pick<NoticeLimitRow, 'hoursBefore' | 'hoursBeforeShortVoyage'>;
    const limits = rowsOf('notice-limits');
    for (const ruleSet of [rules85, rules336]) {
      for (const row of limits.filter((limit) => limit.ruleSet === ruleSet.id && limit.document !== 'notice')) {
        for (const type of row.declarationTypes) {
          const law: (Limit & { formality: string; declarationTypes: string[] }) | undefined = ruleSet.formalities.find(
            (formality) => formality.formality === row.document && formality.declarationTypes.includes(type),
          );
          if (law === undefined) continue;
          expect({ row: [ruleSet.id, type, row.document], hours: row.hoursBefore, short: row.hoursBeforeShortVoyage }).toEqual({
            row: [ruleSet.id, type, row.document],
            hours: law.hoursBefore,
            short: law.hoursBeforeShortVoyage,
          });
        }
      }
    }
  });
});
