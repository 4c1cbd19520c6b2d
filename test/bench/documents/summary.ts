import type { BenchResult } from '../bench';
import type { SuiteRun } from '../end-to-end';
import type { PhaseResult } from '../phase';
import type { ProfileSummary } from '../profile-summary';
import { floorOf } from '../report';
import type { KafkaClient } from '../settings';

/**
 * What docs/performance.json holds: results of `npm run bench`, shortened, one for each run. A figure is only compared with those of its
 * own run. Pure.
 */
export interface Summary {
  runs: BenchResult[];
}

/** Points of a line that a plot can show. */
const MOST_POINTS = 150;
const MOST_FUNCTIONS = 12;
const DIGITS = 5;

export function summaryOf(results: readonly BenchResult[]): Summary {
  const runs = [...results]
    // Profiled ones first: they tell stages, and their rates only where no other run has the suite.
    .sort((a, b) => Number(b.settings.profile) - Number(a.settings.profile) || (a.at < b.at ? -1 : 1))
    .map((result) => ({
      ...result,
      suites: result.suites.map((suite) => ({ ...suite, series: suite.series.map(thinned) })),
      profiles: result.profiles.map((profile) => ({
        ...profile,
        flameGraph: flameGraphName(profile),
        functions: profile.functions.slice(0, MOST_FUNCTIONS),
      })),
    }));
  return rounded({ runs }) as Summary;
}

export function flameGraphName({ suite, process }: Pick<ProfileSummary, 'suite' | 'process'>): string {
  return `flame-${`${suite} ${process}`.replaceAll(/\W+/g, '-')}.svg`;
}

function thinned(series: SuiteRun['series'][number]): SuiteRun['series'][number] {
  const every = (count: number): number => Math.ceil(count / MOST_POINTS);
  return {
    ...series,
    lines: series.lines.map(({ name, points }) => ({ name, points: points.filter((_, i) => i % every(points.length) === 0) })),
  };
}

function rounded(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? value : Number(value.toPrecision(DIGITS));
  if (Array.isArray(value)) return value.map(rounded);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, rounded(member)]));
}

/** A suite of the newest run that has it; of a profiled one, which is dearer by itself, where no other has. */
export interface FoundSuite {
  run: BenchResult;
  suite: SuiteRun;
  /** Of the same run: the rate with kafkajs, the CPU with the suite's own client. */
  floorRate: number | undefined;
  floorCpuMs: number | undefined;
}

export function allSuites({ runs }: Summary): FoundSuite[] {
  const found = new Map<string, FoundSuite>();
  for (const run of runs)
    for (const suite of run.suites) {
      const client: KafkaClient = suite.client ?? 'kafkajs';
      found.set(suite.name, { run, suite, floorRate: floorOf(run.floors).rate, floorCpuMs: floorOf(run.floors, client).clientCpu });
    }
  return [...found.values()];
}

export function suiteNamed(summary: Summary, name: string): FoundSuite | undefined {
  return allSuites(summary).find(({ suite }) => suite.name === name);
}

export function phaseOf(found: FoundSuite | undefined, start: string): PhaseResult | undefined {
  return found?.suite.phases.find(({ name }) => name.startsWith(start));
}

/** Undefined where it was not measured, or the run counts for nothing. */
export function figureOf(found: FoundSuite | undefined, name: string): number | undefined {
  if (found === undefined || found.suite.faults.length > 0) return undefined;
  const value = found.suite.figures.find((figure) => figure.name === name)?.value;
  // JSON has no NaN.
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** Those of one kind, in the order in which they were measured. */
export function suitesLike(summary: Summary, pattern: RegExp): FoundSuite[] {
  return allSuites(summary).filter(({ suite }) => pattern.test(suite.name));
}
