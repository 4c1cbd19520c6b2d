import type { LogBatch, MessageLog } from '../../gateway/ports/message-log';
import type { RecordSizes } from './floor';

/** What a record of a kind has in bytes, from a sample of a topic: key, value and headers, without the framing of batches. */
export interface TopicSize {
  topic: string;
  /** ce_type without its prefix and version: a topic may hold several. */
  kind: string;
  records: number;
  valueBytes: number;
  /** Key and headers. */
  metaBytes: number;
}

/** Places of each partition that are looked at, and records there. */
const SAMPLES = 5;
const SAMPLE_RECORDS = 60;

/** @param declarations how many were acknowledged: a sample of `dossiers` tells sizes, but not how many records of each kind there are */
export async function topicSizes(log: MessageLog, declarations: number): Promise<TopicSize[]> {
  const sizes: TopicSize[] = [];
  for (const { topic } of await log.topics()) {
    const offsets = await log.offsets(topic);
    const records = offsets.reduce((sum, { start, end }) => sum + end - start, 0);
    if (records === 0) continue;
    const kinds = new Map<string, { count: number; value: number; meta: number }>();
    const ranges = offsets.flatMap(({ partition, start, end }) =>
      Array.from({ length: SAMPLES }, (_, i) => {
        const [from, next] = [i, i + 1].map((n) => Math.floor(start + ((end - start) * n) / SAMPLES)) as [number, number];
        return { partition, from, to: Math.min(next, from + SAMPLE_RECORDS) };
      }),
    );
    const count = (batch: LogBatch): void => {
      for (const { key, value, headers } of batch.records) {
        const kind = /^vn\.seaport\.(.+)\.v1$/.exec(headers['ce_type'] ?? '')?.[1] ?? 'other';
        const seen = kinds.get(kind) ?? { count: 0, value: 0, meta: 0 };
        kinds.set(kind, seen);
        seen.count++;
        seen.value += value.length;
        seen.meta +=
          (key?.length ?? 0) + Object.entries(headers).reduce((sum, [name, text]) => sum + name.length + Buffer.byteLength(text), 0);
      }
    };
    // One range of a partition at a time: that is what the port promises.
    for (const range of ranges) if (range.from < range.to) await log.read(topic, [range], count);
    kinds.delete('epoch');
    const known = kinds.has('declaration') ? declarations : 0;
    const sampled = [...kinds].reduce((sum, [kind, seen]) => sum + (kind === 'declaration' ? 0 : seen.count), 0);
    for (const [kind, seen] of kinds)
      sizes.push({
        topic,
        kind,
        records: kind === 'declaration' ? known : Math.round(((records - known) * seen.count) / sampled),
        valueBytes: Math.round(seen.value / seen.count),
        metaBytes: Math.round(seen.meta / seen.count),
      });
  }
  return sizes;
}

/** What the floor is to move to write as many bytes as the gateway did: the headers are opaque bytes there. */
export function floorSizesOf(sizes: readonly TopicSize[]): RecordSizes {
  const bytes = (topic: string, kind: string): number => {
    const found = sizes.find((size) => size.topic === topic && size.kind === kind);
    return found === undefined ? 0 : found.valueBytes + found.metaBytes;
  };
  const agencies = sizes.flatMap(({ topic }) => (topic.startsWith('requests.') ? [topic.slice('requests.'.length)] : []));
  const decisions = agencies.map((agency) => bytes(`decisions.${agency}`, 'decision'));
  return {
    declaration: bytes('dossiers', 'declaration'),
    requests: agencies.map((agency) => bytes(`requests.${agency}`, 'request')),
    decision: Math.round(decisions.reduce((sum, size) => sum + size, 0) / decisions.length),
    relayed: bytes('dossiers', 'decision'),
    clearance: bytes('clearances', 'clearance'),
    results: agencies.map((agency) => bytes(`results.${agency}`, 'result')).filter((size) => size > 0),
  };
}
