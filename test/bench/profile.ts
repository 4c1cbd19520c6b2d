/** A V8 CPU profile (.cpuprofile), and what is wanted of it. Pure. */
export interface Profile {
  nodes: ProfileNode[];
  samples: number[];
  timeDeltas: number[];
}

interface ProfileNode {
  id: number;
  callFrame: { functionName: string; url: string; lineNumber: number };
  children?: number[];
}

/** A stage is where the nearest caller stands that this table knows. First match wins. */
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
  [/node_modules\/(kafkajs|@platformatic)/, 'Kafka: client'],
  [/gateway\/edges\/kafka\//, 'Kafka: our edge'],
  [/gateway\/edges\/metrics\/|prom-client/, 'metrics'],
  [/gateway\/edges\/http\/|node:_?http|node:internal\/http/, 'HTTP'],
  [/gateway\/(exchange|issued-clearances|read-model)/, 'exchange: serialise and project'],
  [/gateway\/relay|gateway\/wire\/decision-message/, 'relay'],
  [/gateway\/(intake|store-reader|wire\/read-declaration)/, 'intake: serialise and look up'],
  [/gateway\/wire\//, 'envelopes'],
  [/adapters\//, 'adapters: assess'],
];
const ELSEWHERE = 'Node: sockets, streams, timers';

export interface Frame {
  /** `function file:line`, or what V8 calls it. */
  name: string;
  /** Of Node or V8: says little without the one who called it. */
  isForeign: boolean;
  stage: string;
  /** Microseconds, without and with what it called. */
  selfUs: number;
  totalUs: number;
  children: Frame[];
}

/** The calls as a tree; frames of one name below one caller are one. Idle time and the profiler itself are left out. */
export function callTree({ nodes, samples, timeDeltas }: Profile): Frame {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const called = new Set(nodes.flatMap(({ children = [] }) => children));
  const selfUs = new Map<number, number>();
  samples.forEach((id, i) => selfUs.set(id, (selfUs.get(id) ?? 0) + Math.max(0, timeDeltas[i] ?? 0)));
  const frameOf = (ids: readonly number[], name: string, isForeign: boolean, callersStage: string): Frame => {
    const stage = STAGES.find(([pattern]) => pattern.test(name))?.[1] ?? callersStage;
    const groups = new Map<string, { ids: number[]; isForeign: boolean }>();
    for (const id of ids)
      for (const child of byId.get(id)?.children ?? []) {
        const node = byId.get(child);
        if (node === undefined) continue;
        const childName = nameOf(node);
        if (childName === '(idle)' || childName === 'dispatch') continue;
        const group = groups.get(childName) ?? { ids: [], isForeign: isOfNode(node) };
        group.ids.push(child);
        groups.set(childName, group);
      }
    const children = [...groups].map(([childName, group]) => frameOf(group.ids, childName, group.isForeign, stage));
    const own = ids.reduce((sum, id) => sum + (selfUs.get(id) ?? 0), 0);
    return { name, isForeign, stage, selfUs: own, totalUs: children.reduce((sum, { totalUs }) => sum + totalUs, own), children };
  };
  const roots = nodes.filter(({ id }) => !called.has(id)).map(({ id }) => id);
  return frameOf(roots, 'all', true, ELSEWHERE);
}

function nameOf({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  const file = url.replace(/^.*\/(?=node_modules\/)/, '').replace(/^.*\/dist\//, '');
  return url === '' ? functionName : `${functionName || '(anonymous)'} ${file}:${lineNumber + 1}`;
}

function isOfNode({ callFrame: { url } }: ProfileNode): boolean {
  return url === '' || url.startsWith('node:');
}
