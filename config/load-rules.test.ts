import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import agencies from './agencies.json';
import { loadRules, type RuleFiles } from './load-rules';
import needToKnow from './need-to-know.json';
import decree336 from './rule-sets/nd-336-2026.json';
import decree85 from './rule-sets/nd-85-2019.json';
import { SettingsFault, readSettings } from './settings';

const development = readSettings({});

function files(
  change: (files: {
    agencies: typeof agencies;
    old: Record<string, unknown>;
    now: Record<string, unknown>;
    lists: Record<string, unknown>;
  }) => void,
): RuleFiles {
  const copy = structuredClone({ agencies, old: decree85, now: decree336, lists: needToKnow });
  change(copy);
  return {
    agencies: copy.agencies,
    ruleSets: [
      { file: 'old.json', content: copy.old },
      { file: 'now.json', content: copy.now },
    ],
    needToKnow: copy.lists,
  };
}

function faultsOf(run: () => unknown): string[] {
  try {
    run();
  } catch (fault) {
    if (fault instanceof SettingsFault) return fault.faults;
    throw fault;
  }
  return [];
}

test('the shipped agencies, rule sets and lists fit each other', () => {
  const rules = loadRules(development);
  expect(rules.agencies.filter((agency) => agency.connected).map((agency) => agency.code)).toEqual([
    'harbour-master',
    'customs',
    'tax',
    'planning',
  ]);
  // docs/adr/0007-default-routes.md: all are asked at once.
  for (const agency of rules.agencies) expect(agency).not.toHaveProperty('after');
  expect(rules.ruleSets.map((ruleSet) => ruleSet.id)).toEqual(['nd-85-2019', 'nd-336-2026']);
  expect([...rules.viewOf.keys()].sort()).toEqual(rules.agencies.map((agency) => agency.code).sort());
});

test('a port has the zone of its UN/LOCODE, else of its country, else the one that is set', () => {
  const { zoneOf } = loadRules({ ...development, portTimeZone: 'Pacific/Chatham' });
  expect(zoneOf('VNHPH')).toBe('Asia/Ho_Chi_Minh');
  expect(zoneOf('USLAX')).toBe('America/Los_Angeles');
  expect(zoneOf('ZZUKN')).toBe('Pacific/Chatham');
  expect(zoneOf(undefined)).toBe('Pacific/Chatham');
});

test('a mode in the environment connects an agency and replaces its mode', () => {
  const rules = loadRules(readSettings({ AGENCY_BORDER_GUARD_MODE: 'backend', AGENCY_CUSTOMS_MODE: 'desk' }));
  expect(rules.agencies.find((agency) => agency.code === 'border-guard')).toMatchObject({ connected: true, mode: 'backend' });
  expect(rules.agencies.find((agency) => agency.code === 'customs')).toMatchObject({ connected: true, mode: 'desk' });
  expect(loadRules(development).agencies.find((agency) => agency.code === 'border-guard')).toMatchObject({ connected: false });
});

test('an unknown agency in any variable is a fault, and all are named at once', () => {
  const settings = readSettings({
    AGENCY_COSTUMS_MODE: 'rules',
    AGENCY_TAXES_URL: 'https://tax.example/',
    ACCEPTED_GAPS: 'health',
    ADAPTERS: 'custom,border-guard',
    KAFKA_BROKERS: 'k:9092',
    REDIS_URL: 'redis://r',
  });
  const faults = faultsOf(() => loadRules(settings)).join('\n');
  for (const word of [
    'AGENCY_COSTUMS_MODE',
    'AGENCY_TAXES_URL',
    'ACCEPTED_GAPS names agency health',
    'ADAPTERS names agency custom,',
    'border-guard, which is not connected',
  ]) {
    expect(faults).toContain(word);
  }
});

test('a path that is no leaf of the schema is a fault', () => {
  const broken = files(({ lists }) => (lists['tax'] = ['header.declarationType', 'ship', 'ship.imoNumbre', 'header.declarationType']));
  expect(faultsOf(() => loadRules(development, broken))).toEqual([
    expect.stringContaining('"ship" is not a leaf path'),
    expect.stringContaining('"ship.imoNumbre" is not a leaf path'),
    expect.stringContaining('"header.declarationType" stands twice'),
  ]);
});

test('a connected agency without a list is a fault: it would see nothing', () => {
  const broken = files(({ lists }) => delete lists['customs']);
  expect(faultsOf(() => loadRules(development, broken))).toEqual([expect.stringContaining('agency customs is connected')]);
});

test('faults of several files are named together', () => {
  const broken = files(({ agencies: file, old, lists }) => {
    (file.agencies[1] as Record<string, unknown>)['role'] = 'decide';
    old['agencyLimitMinutes'] = 'sixty';
    lists['custom'] = [];
  });
  const faults = faultsOf(() => loadRules(development, broken)).join('\n');
  expect(faults).toContain('agencies.json/agencies/1/role');
  expect(faults).toContain('old.json/agencyLimitMinutes');
  expect(faults).toContain('need-to-know.json names agency custom,');
});

test('rule sets leave no day without law, and no day with two', () => {
  const gap = files(({ old }) => (old['inForceTo'] = '2026-10-13'));
  expect(faultsOf(() => loadRules(development, gap))).toEqual([expect.stringContaining('must end on the day before nd-336-2026')]);
  const endless = files(({ old }) => delete old['inForceTo']);
  expect(faultsOf(() => loadRules(development, endless))).toEqual([expect.stringContaining('must end on the day before')]);
  const noDate = files(({ now }) => (now['inForceFrom'] = '2026-02-30'));
  expect(faultsOf(() => loadRules(development, noDate))).toEqual([expect.stringContaining('now.json/inForceFrom')]);
});

test('the lead and the final authorities decide', () => {
  const broken = files(({ now }) => {
    now['lead'] = 'border-guard';
    now['finalAuthority'] = { cargo: 'tax', waste: 'port-police' };
  });
  expect(faultsOf(() => loadRules(development, broken))).toEqual([
    expect.stringContaining('the lead border-guard must be connected'),
    expect.stringContaining('tax is the final authority of cargo'),
    expect.stringContaining('finalAuthority.waste names agency port-police'),
  ]);
});

test('somebody decides about every type of declaration, and the lead is asked about each', () => {
  const broken = files(({ agencies: file }) => {
    for (const row of file.agencies) if (row.role === 'decides') row.declarationTypes = ['arrival', 'departure', 'transit'];
  });
  expect(faultsOf(() => loadRules(development, broken))).toEqual([
    'agencies.json: no connected agency decides about shift',
    'rule set nd-85-2019: the lead harbour-master must be asked about shift too',
    'rule set nd-336-2026: the lead harbour-master must be asked about shift too',
  ]);
  const unconnected = files(({ agencies: file }) => {
    for (const row of file.agencies) row.connected = row.role !== 'decides';
  });
  expect(faultsOf(() => loadRules(development, unconnected))).toContain(
    'agencies.json: no connected agency decides about arrival, departure, transit, shift',
  );
});

test('agencies do not wait for each other in a circle', () => {
  const broken = files(({ agencies: file }) => {
    (file.agencies[0] as { after?: string[] }).after = ['customs'];
    (file.agencies[1] as { after?: string[] }).after = ['harbour-master'];
  });
  expect(faultsOf(() => loadRules(development, broken))).toEqual([expect.stringContaining('leads back to itself')]);
});

test('production refuses a final authority that is neither connected nor an accepted gap', () => {
  const settings = { ...development, production: true };
  expect(faultsOf(() => loadRules(settings))).toEqual([
    expect.stringContaining('border-guard'),
    expect.stringContaining('health-quarantine'),
  ]);
  const accepted = { ...settings, acceptedGaps: ['border-guard'], agencyModes: { 'health-quarantine': 'desk' as const } };
  expect(faultsOf(() => loadRules(accepted))).toEqual([]);
});

describe('AGENCIES_FILE', () => {
  const folder = mkdtempSync(join(tmpdir(), 'agencies-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test('adds an agency by one row', () => {
    const file = join(folder, 'one-more.json');
    const row = { ...agencies.agencies[0], code: 'plant-quarantine', role: 'advises', fields: ['ship.name'] };
    writeFileSync(file, JSON.stringify({ agencies: [...agencies.agencies, row] }));
    const rules = loadRules({ ...development, agenciesFile: file });
    expect(rules.needToKnow['plant-quarantine']).toEqual(['ship.name']);
    expect(rules.agencies.at(-1)).not.toHaveProperty('fields');
  });

  test('that is absent or no JSON is a fault', () => {
    const file = join(folder, 'broken.json');
    writeFileSync(file, '{');
    expect(faultsOf(() => loadRules({ ...development, agenciesFile: file }))).toEqual([expect.stringContaining('cannot be read')]);
    expect(faultsOf(() => loadRules({ ...development, agenciesFile: join(folder, 'absent.json') }))).toEqual([
      expect.stringContaining('cannot be read'),
    ]);
  });
});
