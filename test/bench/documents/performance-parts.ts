import type { BenchResult, Floor } from '../bench';
import { shown, type Series } from '../figures';
import { gatewayCpu, OTHERS as NOT_OURS } from '../gateway-cpu';
import type { PhaseResult } from '../phase';
import { spread } from '../report';
import type { Distribution } from '../statistics';
import { markdownTable } from './markers';
import { OTHERS } from './others';
import { allSuites, phaseOf, suitesLike, type FoundSuite, type Summary } from './summary';
import { pointsOf, targetRows } from './targets';

/** The generated parts of docs/performance.md, and its plots. Pure. */
export function performanceParts(summary: Summary): Record<string, string> {
  return {
    machine: machinePart(summary),
    targets: targetsPart(summary),
    floor: floorPart(summary),
    ceilings: ceilingsPart(summary),
    latencies: latenciesPart(summary),
    pauses: pausesPart(summary),
    bytes: bytesPart(summary),
    time: timePart(summary),
    growth: growthPart(summary),
    trouble: figuresPart(summary, /^(overload|refusing|drain|rebuild|day|soak)/),
    scale: scalePart(summary),
    others: othersPart(),
  };
}

/** File name → plot. */
export function plotsOf(summary: Summary): Map<string, Series> {
  const plots = new Map<string, Series>();
  for (const { suite } of allSuites(summary))
    for (const series of suite.series) plots.set(plotName(suite.name), { ...series, name: `${suite.name}: ${series.y}` });
  const agencies = pointsOf(summary, AGENCIES, 'agencies');
  if (agencies.length > 1)
    plots.set(plotName('growth, agencies'), {
      name: 'growth, agencies: gateway CPU, ms a declaration',
      x: 'connected agencies',
      y: 'gateway CPU, ms a declaration',
      lines: [{ name: 'gateway CPU', points: agencies }],
    });
  return plots;
}

const AGENCIES = /^growth, \d+ agencies/;

export function plotName(name: string): string {
  return `${name.replaceAll(/\W+/g, '-')}.svg`;
}

function machinePart({ runs }: Summary): string {
  return markdownTable(
    ['run', 'commit', 'machine', 'suites', 'others used, cores'],
    runs.map((run) => [
      run.at.slice(0, 16).replace('T', ' '),
      `${run.commit}${run.dirty ? ' with changes' : ''}`,
      `${run.machine.cores} × ${run.machine.model}, ${run.machine.memoryGiB} GiB, ${run.machine.kernel}, Node ${run.node}`,
      `${run.settings.suites.join(', ')}; windows of ${run.settings.seconds} s × ${run.settings.repetitions}`,
      shown(Math.max(0, ...othersOf(run))),
    ]),
    5,
  );
}

function othersOf(run: BenchResult): number[] {
  return [
    ...run.floors.flatMap(({ result }) => result.othersCores ?? []),
    ...run.suites.flatMap(({ phases }) => phases.flatMap(({ othersCores }) => othersCores ?? [])),
  ];
}

function targetsPart(summary: Summary): string {
  return markdownTable(
    ['', 'what', 'target', 'measured', 'reached'],
    targetRows(summary).map(({ id, what, target, measured, reached }) => [
      id,
      what,
      target,
      measured,
      reached === undefined ? '–' : reached ? 'yes' : '**no**',
    ]),
    5,
  );
}

function floorPart({ runs }: Summary): string {
  const run = runs.findLast(({ floors }) => floors.length > 0);
  const kilobytes = ({ result }: Floor): number => {
    const { declaration, requests, decision, relayed, clearance, results } = result.config.sizes;
    return (declaration + sum([...requests, ...results]) + requests.length * (decision + relayed) + clearance) / 1000;
  };
  return markdownTable(
    ['floor', 'client', 'declarations/s', 'client CPU ms', 'broker CPU ms', 'kB each'],
    (run?.floors ?? []).map((floor) => [
      floor.name,
      floor.client,
      shown(Math.round(floor.result.rate)),
      milliseconds(floor.result.clientCpu),
      milliseconds(floor.result.brokerCpu),
      shown(kilobytes(floor)),
    ]),
    2,
  );
}

function ceilingsPart(summary: Summary): string {
  const phases = suitesLike(summary, /^(intake|kafka|embedded)/).flatMap((found) =>
    found.suite.phases.filter(({ load }) => load.rate === undefined).map((phase) => ({ found, phase })),
  );
  return markdownTable(
    [
      'suite',
      'load',
      'declarations/s',
      ': floor',
      'gateway CPU ms',
      ': floor CPU',
      'by process',
      'broker',
      'redis',
      'generator ms',
      'gate',
    ],
    phases.map(({ found, phase }) => [
      found.suite.name,
      phase.name,
      spread(rounded(phase.donePerSecond)),
      found.floorRate === undefined ? '' : (phase.donePerSecond.median / found.floorRate).toFixed(2),
      milliseconds(gatewayCpu(phase.cpu)),
      found.floorCpuMs === undefined ? '' : (gatewayCpu(phase.cpu) / found.floorCpuMs).toFixed(1),
      byProcess(phase),
      milliseconds(phase.cpu['broker']?.median),
      milliseconds(phase.cpu['redis']?.median),
      phase.generator === undefined ? '' : phase.generator.cpuMsPerRequest.toFixed(3),
      gateOf(found, phase),
    ]),
    2,
  );
}

function byProcess({ cpu }: PhaseResult): string {
  const ours = Object.entries(cpu).filter(([name]) => !NOT_OURS.includes(name));
  return ours.length < 2 ? '' : ours.map(([name, { median }]) => `${name} ${milliseconds(median)}`).join(', ');
}

function gateOf({ suite }: FoundSuite, { warmUp, generator }: PhaseResult): string {
  if (suite.faults.length > 0) return 'VOID';
  const doubts = [...(warmUp.steady ? [] : ['not steady']), ...((generator?.cores ?? 0) > 0.8 ? ['generator near its limit'] : [])];
  return ['passed', ...doubts].join(', ');
}

function latenciesPart(summary: Summary): string {
  const phases = suitesLike(summary, /^(kafka|embedded)/).flatMap((found) =>
    found.suite.phases.filter(({ load }) => load.rate !== undefined).map((phase) => ({ found, phase })),
  );
  return markdownTable(
    ['suite', 'load', '202: p50 / p99 / p99.9 / max', 'clearance: p50 / p99 / p99.9 / max', 'gateway CPU ms', 'late p99', 'gate'],
    phases.map(({ found, phase }) => [
      found.suite.name,
      phase.name,
      latency(phase.answered),
      latency(phase.cleared),
      milliseconds(gatewayCpu(phase.cpu)),
      phase.lateMs === undefined ? '' : phase.lateMs.p99.toFixed(1),
      gateOf(found, phase),
    ]),
    2,
  );
}

/** A row for each kind of work, a column for each pause. */
function pausesPart({ runs }: Summary): string {
  const results = runs.findLast(({ micro }) => micro.some(({ pauseMs }) => pauseMs !== undefined))?.micro ?? [];
  const paused = results.filter((result) => result.pauseMs !== undefined);
  const pauses = [...new Set(paused.map(({ pauseMs }) => pauseMs))];
  const kindOf = ({ name }: (typeof paused)[number]): string => name.slice(0, name.lastIndexOf(','));
  const kinds = [...new Set(paused.map(kindOf))];
  return markdownTable(
    ['µs', ...pauses.map((pauseMs) => (pauseMs === 0 ? 'one after the other' : `after ${pauseMs} ms`))],
    kinds.map((kind) => [kind, ...paused.filter((result) => kindOf(result) === kind).map(({ ns }) => shown(ns / 1000))]),
    1,
  );
}

function bytesPart(summary: Summary): string {
  const found = suitesLike(summary, /^kafka, one process$/)[0];
  if (found === undefined) return 'Not measured.';
  const { topics, declarations, redisBytes } = found.suite;
  const each = topics.map((topic) => (topic.records * (topic.valueBytes + topic.metaBytes)) / declarations / 1000);
  return [
    markdownTable(
      ['topic', 'kind', 'records', 'value, bytes', 'key and headers, bytes', 'kB a declaration'],
      [
        ...topics.map(({ topic, kind, records, valueBytes, metaBytes }, i) => [
          topic,
          kind,
          (records / declarations).toFixed(2),
          shown(valueBytes),
          shown(metaBytes),
          (each[i] ?? NaN).toFixed(2),
        ]),
        ['all', '', '', '', '', sum(each).toFixed(1)],
      ],
      2,
    ),
    redisBytes === undefined ? '' : `\nRedis: ${(redisBytes / 1000).toFixed(1)} kB a declaration.`,
  ].join('\n');
}

function timePart({ runs }: Summary): string {
  const profiles = new Map(runs.flatMap((run) => run.profiles.map((profile) => [profile.flameGraph, profile] as const)));
  if (profiles.size === 0) return 'Not measured.';
  return [...profiles.values()]
    .map(({ suite, process, flameGraph, cpuUs, stages, functions }) =>
      [
        `**${suite}: ${process}**, ${cpuUs.toFixed(0)} µs a declaration ([flame graph](plots/${flameGraph}))`,
        '',
        markdownTable(
          ['stage', 'share', 'µs a declaration'],
          stages.filter(({ share }) => share >= 0.005).map(({ name, share, us }) => [name, percent(share), us.toFixed(1)]),
        ),
        '',
        `Most self time: ${functions
          .slice(0, 5)
          .map(({ name, us }) => `\`${name}\` ${us.toFixed(1)} µs`)
          .join(', ')}.`,
      ].join('\n'),
    )
    .join('\n\n');
}

function growthPart(summary: Summary): string {
  const sizes = suitesLike(summary, /^growth, message size/)[0];
  const families = suitesLike(summary, /^growth, (\d+ agencies|.* answers after)/);
  const dossiers = suitesLike(summary, /^growth, dossiers alive/);
  const plots = [...plotsOf(summary)].filter(([file]) => file.startsWith('growth'));
  return [
    '### Message size',
    '',
    markdownTable(
      ['kB of XML', 'declarations/s', 'MB/s', 'gateway CPU ms', 'µs a kB', 'clearance p50 ms', 'gate'],
      (sizes?.suite.phases ?? []).map((phase) => {
        const kilobytes = phase.load.bytesPerRequest / 1000;
        const cpuMs = gatewayCpu(phase.cpu);
        return [
          shown(kilobytes),
          shown(phase.donePerSecond.median),
          shown((phase.donePerSecond.median * kilobytes) / 1000),
          shown(cpuMs),
          shown((cpuMs * 1000) / kilobytes),
          shown(phase.cleared?.p50 ?? NaN),
          sizes === undefined ? '' : gateOf(sizes, phase),
        ];
      }),
    ),
    '',
    figuresTable(sizes === undefined ? [] : [sizes]),
    '',
    '### Dossiers alive',
    '',
    markdownTable(
      ['suite', 'phase', 'declarations/s', 'gateway CPU ms', 'redis CPU ms', 'gate'],
      dossiers.flatMap((found) =>
        found.suite.phases.map((phase) => [
          found.suite.name,
          phase.name,
          spread(rounded(phase.donePerSecond)),
          milliseconds(gatewayCpu(phase.cpu)),
          milliseconds(phase.cpu['redis']?.median),
          gateOf(found, phase),
        ]),
      ),
      2,
    ),
    '',
    figuresTable(dossiers),
    '',
    '### Agencies, and an agency that takes its time',
    '',
    figuresTable(families),
    '',
    ...plots.map(([file, { name }]) => `![${name}](plots/${file})`),
  ].join('\n');
}

function figuresPart(summary: Summary, pattern: RegExp): string {
  const found = suitesLike(summary, pattern);
  const files = found.filter(({ suite }) => suite.series.length > 0).map(({ suite }) => plotName(suite.name));
  return [figuresTable(found), '', ...files.map((file) => `![${file.replace('.svg', '')}](plots/${file})`)].join('\n');
}

function figuresTable(found: readonly FoundSuite[]): string {
  return markdownTable(
    ['suite', 'figure', 'value', 'unit'],
    found.flatMap(({ suite }) =>
      suite.faults.length > 0
        ? [[suite.name, 'VOID', '', suite.faults[0] ?? '']]
        : suite.figures.map(({ name, value, unit }) => [suite.name, name, shown(value ?? NaN), unit]),
    ),
    2,
  );
}

function scalePart(summary: Summary): string {
  const found = suitesLike(summary, /^scale/);
  const base = phaseOf(found[0], 'ceiling')?.donePerSecond.median;
  return markdownTable(
    ['processes', 'declarations/s', ': a process a role', 'gateway CPU ms', 'others used, cores', 'gate'],
    found.flatMap((one) =>
      one.suite.phases.map((phase) => [
        one.suite.name.replace('scale, ', ''),
        spread(rounded(phase.donePerSecond)),
        base === undefined ? '' : (phase.donePerSecond.median / base).toFixed(2),
        milliseconds(gatewayCpu(phase.cpu)),
        phase.othersCores?.toFixed(2) ?? '',
        gateOf(one, phase),
      ]),
    ),
  );
}

function othersPart(): string {
  return markdownTable(
    ['what a user would build instead', 'declarations/s', 'own CPU ms', '+ broker', 'at 500/s: p50 / p99 ms to clearance'],
    OTHERS.map(({ name, perSecond, range, cpuMs, withBrokerMs, p50, p99 }) => [
      name,
      `${perSecond}${range === undefined ? '' : ` (${range.join('–')})`}`,
      cpuMs.toFixed(2),
      withBrokerMs.toFixed(2),
      p50 === undefined || p99 === undefined ? '' : `${p50} / ${p99}`,
    ]),
  );
}

function rounded({ median, min, max }: PhaseResult['donePerSecond']): PhaseResult['donePerSecond'] {
  return { median: Math.round(median), min: Math.round(min), max: Math.round(max) };
}

function latency(distribution: Distribution | undefined): string {
  return distribution === undefined
    ? ''
    : [distribution.p50, distribution.p99, distribution.p999, distribution.max].map((value) => value.toFixed(0)).join(' / ');
}

/** CPU seconds per 1,000 are milliseconds each. */
function milliseconds(cpu: number | null | undefined): string {
  // JSON has no NaN: what could not be said per declaration is null.
  return cpu == null ? '' : cpu.toFixed(2);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
