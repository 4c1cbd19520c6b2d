import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { SuiteRun } from './end-to-end';
import { table } from './report';

/**
 * Where the time goes: self time by function and by stage from .cpuprofile files (to be opened as flame graphs in any DevTools). A stage
 * is where the nearest caller stands that the table below knows, so what JSON.parse costs inside the fold counts for the fold.
 */
interface Profile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number }; children?: number[] }[];
  samples: number[];
  timeDeltas: number[];
}

/** First match wins. */
const STAGES: readonly [RegExp, string][] = [
  [/\(garbage collector\)/, 'garbage collection'],
  [/gateway\/wire\/epc\/write|fast-xml-/, 'write XML answers'],
  [/gateway\/wire\/epc\//, 'read XML'],
  [/gateway\/wire\/json\//, 'read JSON'],
  [/gateway\/wire\/(validate|inline)|gateway\/core\/rules\/|node_modules\/ajv|code-lists/, 'validate and normalise'],
  [/gateway\/edges\/signing\//, 'sign'],
  [/gateway\/core\/canonical-json/, 'canonical JSON'],
  [/gateway\/core\/identifiers/, 'identifiers and digests'],
  [/gateway\/core\/need-to-know/, 'views'],
  [/gateway\/core\//, 'fold'],
  [/gateway\/edges\/redis\/|node_modules\/(ioredis|@ioredis|redis-parser|standard-as-callback|denque)/, 'Redis'],
  [/gateway\/edges\/embedded\/|node_modules\/(lmdb|msgpackr|ordered-binary)/, 'embedded log and store'],
  [/kafkajs\/src\/protocol|kafkajs\/src\/utils\/crc32C/, 'Kafka: encode and decode'],
  [/node_modules\/kafkajs/, 'Kafka: client'],
  [/gateway\/edges\/kafka\//, 'Kafka: our edge'],
  [/gateway\/edges\/metrics\/|prom-client/, 'metrics'],
  [/gateway\/edges\/http\/|node:_?http|node:internal\/http/, 'HTTP'],
  [/gateway\/(exchange|issued-clearances|read-model)/, 'exchange: serialise and project'],
  [/gateway\/relay|gateway\/wire\/decision-message/, 'relay'],
  [/gateway\/(intake|store-reader|wire\/read-declaration)/, 'intake: serialise and look up'],
  [/gateway\/wire\//, 'envelopes'],
  [/adapters\//, 'adapters: assess'],
];

const TOP = 25;

/**
 * A text for each profile that the run's processes wrote as `<stem>.<process>.<pid>.cpuprofile`. Samples tell shares only (a process that
 * waits for a core is sampled too); the microseconds are these shares of the CPU that /proc shows for the process, its collector's
 * threads included.
 */
export function profileReport(stem: string, run: SuiteRun): string[] {
  const start = `${path.basename(stem)}.`;
  return readdirSync(path.dirname(stem))
    .filter((file) => file.startsWith(start) && file.endsWith('.cpuprofile'))
    .sort()
    .map((file) => {
      const name = file.slice(start.length).split('.')[0] ?? '';
      const cpuUs = (run.phases[0]?.cpu[name]?.median ?? NaN) * 1000;
      const profile = JSON.parse(readFileSync(path.join(path.dirname(stem), file), 'utf8')) as Profile;
      return `${run.name}: ${name} (${file})\n${summaryOf(profile, cpuUs)}`;
    });
}

/** @param cpuUs CPU microseconds a declaration of the whole process */
export function summaryOf(profile: Profile, cpuUs: number): string {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map(profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const selfUs = new Map<number, number>();
  profile.samples.forEach((id, i) => selfUs.set(id, (selfUs.get(id) ?? 0) + (profile.timeDeltas[i] ?? 0)));

  const nameOf = (id: number): string => {
    const { functionName = '', url = '', lineNumber = 0 } = nodes.get(id)?.callFrame ?? {};
    const file = url.replace(/^.*\/(?=node_modules\/)/, '').replace(/^.*\/dist\//, '');
    return url === '' ? functionName : `${functionName || '(anonymous)'} ${file}:${lineNumber + 1}`;
  };
  const stageOf = (id: number | undefined): string => {
    for (let at = id; at !== undefined; at = parents.get(at)) {
      const name = nameOf(at);
      const stage = STAGES.find(([pattern]) => pattern.test(name));
      if (stage !== undefined) return stage[1];
    }
    return 'Node: sockets, streams, timers';
  };
  const isForeign = (id: number): boolean => /^(node:|$)/.test(nodes.get(id)?.callFrame.url ?? '');
  /** What is of Node or of V8 says little without the one who called it. */
  const shownAs = (id: number): string => {
    if (!isForeign(id)) return nameOf(id);
    for (let at = parents.get(id); at !== undefined; at = parents.get(at)) if (!isForeign(at)) return `${nameOf(id)} ← ${nameOf(at)}`;
    return nameOf(id);
  };
  const [functions, stages] = [new Map<string, number>(), new Map<string, number>()];
  let busyUs = 0;
  for (const [id, us] of selfUs) {
    const name = nameOf(id);
    // Waiting, and the profiler itself.
    if (name === '(idle)' || name === 'dispatch') continue;
    busyUs += us;
    const shown = shownAs(id);
    functions.set(shown, (functions.get(shown) ?? 0) + us);
    const stage = stageOf(id);
    stages.set(stage, (stages.get(stage) ?? 0) + us);
  }
  const rows = (values: Map<string, number>, limit: number): string[][] =>
    [...values]
      .sort((a, b) => b[1] - a[1])
      .slice(0, limit)
      .map(([name, us]) => [name, `${((us * 100) / busyUs).toFixed(1)} %`, ((us * cpuUs) / busyUs).toFixed(1)]);
  return [
    table(['stage', 'share', 'µs a declaration'], [...rows(stages, 99), ['all', '100 %', cpuUs.toFixed(1)]]),
    '',
    table(['self time', 'share', 'µs a declaration'], rows(functions, TOP)),
  ].join('\n');
}
