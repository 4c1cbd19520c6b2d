import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { BenchResult } from '../bench';
import { REFERENCE_SIZES } from '../floor';
import type { SuiteRun } from '../end-to-end';
import type { PhaseResult } from '../phase';
import { readBenchSettings } from '../settings';
import { capacityParts } from './capacity-parts';
import { markdownTable, withParts } from './markers';
import { performanceParts, plotsOf } from './performance-parts';
import { figureOf, suiteNamed, summaryOf } from './summary';
import { targetRows } from './targets';

const root = path.resolve(__dirname, '..', '..', '..');

function phase(name: string, donePerSecond: number, cpu: Record<string, number>, more: Partial<PhaseResult> = {}): PhaseResult {
  const spread = (value: number) => ({ median: value, min: value, max: value });
  return {
    name,
    load: { size: 'typical', format: 'xml', replays: 0, amendments: 0, invalid: 0, connections: 64, bytesPerRequest: 12_000 },
    faults: [],
    warmUp: { steady: true, seconds: 9, rates: [] },
    windowSeconds: 20,
    acknowledgedPerSecond: spread(donePerSecond),
    donePerSecond: spread(donePerSecond),
    declarations: 1_000,
    othersCores: 0,
    cpu: Object.fromEntries(Object.entries(cpu).map(([process, ms]) => [process, spread(ms)])),
    rssBytes: {},
    loopDelayMs: {},
    gcShare: {},
    stageMs: {},
    answered: undefined,
    cleared: undefined,
    lateMs: undefined,
    generator: undefined,
    statuses: {},
    ...more,
  };
}

function suite(name: string, more: Partial<SuiteRun> = {}): SuiteRun {
  return { name, client: 'kafkajs', phases: [], faults: [], topics: [], declarations: 1_000, figures: [], series: [], ...more };
}

function run(at: string, floor: number, ...suites: SuiteRun[]): BenchResult {
  const result = {
    rate: floor,
    warmUp: { steady: true, seconds: 9, rates: [] },
    clientCpu: 0.25,
    brokerCpu: 0.1,
    othersCores: 0,
    config: { partitions: 4, inFlight: 1_000, sizes: REFERENCE_SIZES, flushed: false, seconds: 10 },
  };
  return {
    at,
    commit: 'abc',
    dirty: false,
    node: 'v20',
    machine: { cores: 2, model: 'a CPU', memoryGiB: 8, kernel: 'Linux', loadBefore: '0.0' },
    settings: readBenchSettings([], root),
    micro: [],
    floors: [{ name: 'reference, before', client: 'kafkajs', result }],
    suites,
    profiles: [],
  };
}

const ceiling = suite('kafka, one process', { phases: [phase('ceiling', 2_100, { gateway: 0.58, broker: 0.1, generator: 0.05 })] });

describe('targets', () => {
  const rowsOf = (...runs: BenchResult[]) => targetRows(summaryOf(runs));
  const rowOf = (id: string, ...runs: BenchResult[]) => rowsOf(...runs).find((row) => row.id === id);

  test('nothing measured: nothing is reached or missed', () => {
    const rows = rowsOf();
    expect(new Set(rows.map(({ id }) => id))).toEqual(new Set(Array.from({ length: 11 }, (_, i) => `T${i + 1}`)));
    expect(rows.every(({ reached }) => reached === undefined)).toBe(true);
  });

  test('a rate is compared with the floor of its own run, CPU of the gateway with the CPU of the floor', () => {
    expect(rowOf('T1', run('1', 4_000, ceiling))).toMatchObject({ measured: '0.525, 2100/s, kafka, one process', reached: true });
    // Another run had another floor.
    expect(rowOf('T1', run('1', 5_000, ceiling), run('2', 4_000))).toMatchObject({ reached: false });
    expect(rowOf('T5', run('1', 4_000, ceiling))).toMatchObject({
      target: '≤ 0.600 ms',
      measured: '0.580 ms, kafka, one process',
      reached: true,
    });
  });

  test('the newest run of a suite counts', () => {
    const slow = { ...ceiling, phases: [phase('ceiling', 100, { gateway: 5 })] };
    expect(rowOf('T1', run('2', 4_000, slow), run('1', 4_000, ceiling))).toMatchObject({ reached: false });
  });

  test('a profiled run counts only where there is no other', () => {
    const slow = { ...ceiling, phases: [phase('ceiling', 100, { gateway: 5 })] };
    const profiled = { ...run('2', 4_000, slow), settings: readBenchSettings(['--profile'], root) };
    expect(rowOf('T1', run('1', 4_000, ceiling), profiled)).toMatchObject({ reached: true });
    expect(rowOf('T1', profiled)).toMatchObject({ reached: false });
  });

  test('what is void counts for nothing', () => {
    const isVoid = suite('day, one process', {
      faults: ['day: 1 acknowledged without a clearance'],
      figures: [{ name: 'declarations', value: 89_000, unit: '' }, { name: 'last clearance after', value: 40, unit: 's' }], // prettier-ignore
    });
    expect(rowOf('T7', run('1', 4_000, isVoid))).toMatchObject({ measured: 'not measured' });
    expect(rowOf('T7', run('1', 4_000, { ...isVoid, faults: [] }))).toMatchObject({ measured: '40 s, 89000 declarations', reached: true });
    expect(rowOf('T1', run('1', 4_000, { ...ceiling, faults: ['x'] }))).toMatchObject({ reached: undefined });
  });

  test('a part of a day is no day', () => {
    const part = suite('day, one process', {
      figures: [{ name: 'declarations', value: 5_000, unit: '' }, { name: 'last clearance after', value: 3, unit: 's' }], // prettier-ignore
    });
    expect(rowOf('T7', run('1', 4_000, part))).toMatchObject({ reached: undefined });
  });
});

describe('documents', () => {
  const documents = ['performance', 'capacity'] as const;
  const partsOf = { performance: performanceParts, capacity: capacityParts };

  test.each(documents)('%s.md has a place for every part, whatever was measured', (name) => {
    const document = readFileSync(path.join(root, 'docs', `${name}.md`), 'utf8');
    const summaries = [
      summaryOf([]),
      summaryOf([run('1', 4_000, ceiling, suite('scale, two of each'), suite('growth, 4 agencies, one process'))]),
    ];
    for (const summary of summaries) {
      const filled = withParts(document, partsOf[name](summary));
      expect(filled).not.toMatch(/NaN|undefined|null/);
      // Written again, nothing changes.
      expect(withParts(filled, partsOf[name](summary))).toBe(filled);
    }
  });

  test('a part without a place, or a place without a part, is named', () => {
    expect(() => withParts('<!-- bench:a -->\n<!-- /bench:a -->', { b: '' })).toThrow(
      'parts without markers: b; markers without a part: a',
    );
  });

  test('what stands outside of the markers stays', () => {
    expect(withParts('x\n<!-- bench:a -->\nold\n<!-- /bench:a -->\ny', { a: '$& new\n' })).toBe(
      'x\n<!-- bench:a -->\n$& new\n<!-- /bench:a -->\ny',
    );
  });

  test('a cell cannot break its table', () => {
    expect(markdownTable(['a'], [['x | y']])).toBe('| a |\n| --- |\n| x \\| y |');
  });

  test('agencies are one plot of several suites', () => {
    const agencies = (count: number, ms: number) =>
      suite(`growth, ${count} agencies, one process`, {
        figures: [{ name: 'agencies', value: count, unit: '' }, { name: 'gateway CPU', value: ms, unit: 'ms' }], // prettier-ignore
      });
    const plots = plotsOf(summaryOf([run('1', 4_000, agencies(8, 2), agencies(4, 1))]));
    expect(plots.get('growth-agencies.svg')?.lines[0]?.points).toEqual([[4, 1], [8, 2]]); // prettier-ignore
  });
});

test('a summary keeps what is shown: figures in five digits, plots of few points', () => {
  const points = Array.from({ length: 1_000 }, (_, i): [number, number] => [i, Math.PI]);
  const soak = suite('soak, one process', {
    figures: [{ name: 'RSS', value: Math.PI, unit: 'MB' }, { name: 'unknown', value: NaN, unit: '' }], // prettier-ignore
    series: [{ name: 'memory', x: 'minutes', y: 'MB', lines: [{ name: 'gateway', points }] }],
  });
  const summary = JSON.parse(JSON.stringify(summaryOf([run('1', 4_000, soak)]))) as ReturnType<typeof summaryOf>;
  const found = suiteNamed(summary, 'soak, one process');
  expect(found?.suite.series[0]?.lines[0]?.points.length).toBeLessThanOrEqual(150);
  expect([figureOf(found, 'RSS'), figureOf(found, 'unknown')]).toEqual([3.1416, undefined]);
});
