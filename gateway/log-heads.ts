import type { LogHeads, PartitionHead } from './core/audit-chain';
import { digestOf } from './core/identifiers';
import type { MessageLog } from './ports/message-log';

/** The last record of each partition of `dossiers` and `audit`, to be signed: what is taken off the end afterwards shows. */
export async function readLogHeads(log: MessageLog): Promise<LogHeads> {
  const [dossiers, audit] = await Promise.all([headsOf(log, 'dossiers'), headsOf(log, 'audit')]);
  return { dossiers, audit };
}

async function headsOf(log: MessageLog, topic: string): Promise<PartitionHead[]> {
  const offsets = await log.offsets(topic);
  const digests = new Map<number, string>();
  const last = offsets.filter(({ start, end }) => end > start).map(({ partition, end }) => ({ partition, from: end - 1, to: end }));
  if (last.length > 0)
    await log.read(topic, last, ({ partition, records }) => {
      for (const record of records) digests.set(partition, digestOf(record.value));
    });
  return offsets.map(({ partition, end }) => {
    const digest = digests.get(partition);
    return { partition, end, ...(digest === undefined ? {} : { digest }) };
  });
}
