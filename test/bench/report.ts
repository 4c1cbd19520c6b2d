import path from 'node:path';
import type { BenchResult, Floor } from './bench';
import type { SuiteRun } from './end-to-end';
import { shown } from './figures';
import { gatewayCpu } from './gateway-cpu';
import type { PhaseResult } from './phase';
import type { ProfileSummary, Share } from './profile-summary';
import type { KafkaClient } from './settings';
import type { Distribution, Spread } from './statistics';

/** The readable form of a result: figures of one run side by side, ratios beside every absolute figure. */
export function reportOf(result: BenchResult): string {
  const { machine, settings, floors, suites, micro } = result;
  const lines = [
    `${result.commit}${result.dirty ? ' with changes' : ''} · Node ${result.node} · ${machine.cores} × ${machine.model} · ${machine.memoryGiB} GiB · ${machine.kernel} · load before ${machine.loadBefore}`,
    `${settings.partitions} partitions · ${settings.connections} connections · ${settings.inFlight} in flight · windows of ${settings.seconds} s × ${settings.repetitions} · ${result.at}`,
  ];
  if (micro.length > 0)
    lines.push(
      '',
      table(
        ['micro', 'µs/op', 'fastest', 'ops/s'],
        micro.map(({ name, ns, fastestNs }) => [name, us(ns), us(fastestNs), String(Math.round(1e9 / ns))]),
      ),
    );
  if (floors.length > 0)
    lines.push(
      '',
      table(
        ['floor, one process', 'client', 'declarations/s', 'client CPU ms', 'broker CPU ms', 'kB each', 'others used, cores', 'warm-up'],
        floors.map(floorRow),
      ),
    );
  for (const suite of suites) {
    lines.push('');
    if (suite.phases.length > 0) lines.push(suiteTable(suite, floors));
    if (suite.figures.length > 0)
      lines.push(
        table(
          [suite.name, 'value', 'unit'],
          suite.figures.map(({ name, value, unit }) => [name, shown(value), unit]),
        ),
      );
    lines.push(...suite.faults.map((fault) => `VOID  ${fault}`));
  }
  const sized = suites.filter(({ topics }) => topics.length > 0);
  if (sized.length > 0) lines.push('', topicTable(sized));
  for (const profile of result.profiles) lines.push('', profileTables(profile));
  return `${lines.join('\n')}\n`;
}

/** Mean of the reference floors before and after: the denominator of every ratio. */
export function floorOf(
  floors: readonly Floor[],
  client: KafkaClient = 'kafkajs',
): { rate: number | undefined; clientCpu: number | undefined } {
  const references = floors.filter((floor) => floor.client === client && floor.name.startsWith('reference')).map(({ result }) => result);
  const mean = (of: (result: Floor['result']) => number | undefined): number | undefined => {
    const values = references.map(of).filter((value) => value !== undefined);
    return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  return { rate: mean(({ rate }) => rate), clientCpu: mean(({ clientCpu }) => clientCpu) };
}

function floorRow({ name, client, result }: Floor): string[] {
  const { declaration, requests, decision, relayed, clearance, results } = result.config.sizes;
  const bytes =
    declaration + [...requests, ...results].reduce((sum, size) => sum + size, 0) + requests.length * (decision + relayed) + clearance;
  return [
    name,
    client,
    String(Math.round(result.rate)),
    ms(result.clientCpu),
    ms(result.brokerCpu),
    (bytes / 1000).toFixed(1),
    result.othersCores?.toFixed(2) ?? '',
    result.warmUp.steady ? 'steady' : 'NOT STEADY',
  ];
}

function suiteTable(suite: SuiteRun, floors: readonly Floor[]): string {
  // Rates against the kafkajs floor, whatever the client; CPU against that of the same client.
  const { rate } = floorOf(floors);
  const { clientCpu } = floorOf(floors, suite.client);
  const names = [...new Set(suite.phases.flatMap(({ cpu }) => Object.keys(cpu)))];
  const row = (title: string, of: (phase: PhaseResult) => string): string[] => [title, ...suite.phases.map(of)];
  const rows = [
    row('202 per second', (phase) => spread(phase.acknowledgedPerSecond)),
    row('done per second', (phase) => spread(phase.donePerSecond)),
    ...(rate === undefined ? [] : [row('  : kafkajs floor', (phase) => (phase.donePerSecond.median / rate).toFixed(2))]),
    row('202 ms p50/p99/p99.9/max', ({ answered }) => latency(answered)),
    row('clearance ms p50/p99/p99.9/max', ({ cleared }) => latency(cleared)),
    row('CPU ms each, gateway', ({ cpu }) => gatewayCpu(cpu).toFixed(2)),
    ...(clientCpu === undefined ? [] : [row('  : CPU of the floor', ({ cpu }) => (gatewayCpu(cpu) / clientCpu).toFixed(1))]),
    ...names.map((name) => row(`  ${name}`, ({ cpu }) => (cpu[name] === undefined ? '' : spread(cpu[name], 2)))),
    row('loop delay ms p99/max', ({ loopDelayMs }) => perProcess(loopDelayMs, ({ p99, max }) => `${p99.toFixed(0)}/${max.toFixed(0)}`)),
    row('GC % (at least)', ({ gcShare }) => perProcess(gcShare, (share) => (share * 100).toFixed(0))),
    row('RSS MB', ({ rssBytes }) => perProcess(rssBytes, (bytes) => (bytes / 1e6).toFixed(0))),
    row('stages ms', ({ stageMs }) => perProcess(stageMs, (value) => value.toFixed(1))),
    row('generator late ms p99', ({ lateMs }) => (lateMs === undefined ? '' : lateMs.p99.toFixed(1))),
    row('generator', ({ generator }) =>
      generator === undefined ? '' : `${generator.cpuMsPerRequest.toFixed(3)} ms a request, ${generator.cores.toFixed(2)} cores`,
    ),
    row('others used, cores', ({ othersCores }) => othersCores?.toFixed(2) ?? ''),
    row('warm-up', ({ warmUp }) => `${warmUp.seconds.toFixed(0)} s${warmUp.steady ? '' : ', NOT STEADY'}`),
    row('answers', ({ statuses }) =>
      Object.entries(statuses)
        .map(([status, count]) => `${status}: ${count}`)
        .join(' '),
    ),
    row('gate', ({ faults }) => (faults.length === 0 ? 'passed' : 'VOID')),
  ];
  const memory = suite.redisBytes === undefined ? '' : `\nRedis: ${(suite.redisBytes / 1000).toFixed(1)} kB a declaration`;
  return table([suite.name, ...suite.phases.map(({ name }) => name)], rows) + memory;
}

function profileTables({ suite, process, flameGraph, cpuUs, stages, functions }: ProfileSummary): string {
  const rows = (shares: readonly Share[]): string[][] =>
    shares.map(({ name, share, us: each }) => [name, `${(share * 100).toFixed(1)} %`, each.toFixed(1)]);
  return [
    `${suite}: ${process} (${path.basename(flameGraph)})`,
    table(['stage', 'share', 'µs a declaration'], [...rows(stages), ['all', '100 %', cpuUs.toFixed(1)]]),
    '',
    table(['self time', 'share', 'µs a declaration'], rows(functions)),
  ].join('\n');
}

function topicTable(suites: readonly SuiteRun[]): string {
  const rows = suites.flatMap((suite) => {
    const { declarations } = suite;
    const total = suite.topics.reduce((sum, size) => sum + size.records * (size.valueBytes + size.metaBytes), 0);
    return [
      ...suite.topics.map(({ topic, kind, records, valueBytes, metaBytes }) => [
        suite.name,
        `${topic} ${kind}`,
        (records / declarations).toFixed(2),
        String(valueBytes),
        String(metaBytes),
        (((valueBytes + metaBytes) * records) / declarations / 1000).toFixed(2),
      ]),
      [suite.name, 'all', '', '', '', (total / declarations / 1000).toFixed(2)],
    ];
  });
  return table(['bytes per topic', 'topic and kind', 'records a declaration', 'value', 'key + headers', 'kB a declaration'], rows);
}

function perProcess<T>(values: Record<string, T>, show: (value: T) => string): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${show(value)}`)
    .join(' · ');
}

export function spread({ median, min, max }: Spread, digits = 0): string {
  return min === max ? median.toFixed(digits) : `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`;
}

function latency(distribution: Distribution | undefined): string {
  if (distribution === undefined) return '';
  return [distribution.p50, distribution.p99, distribution.p999, distribution.max].map((value) => value.toFixed(0)).join(' / ');
}

function us(ns: number): string {
  return (ns / 1000).toFixed(ns < 100_000 ? 2 : 0);
}

/** CPU seconds per 1,000 are milliseconds each. */
function ms(cpu: number | undefined): string {
  return cpu === undefined ? '' : cpu.toFixed(2);
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((name, i) => Math.max(name.length, ...rows.map((row) => (row[i] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  return [line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n');
}
