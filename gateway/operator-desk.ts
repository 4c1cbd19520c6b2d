import type { MessageLog } from './ports/message-log';

/** What operators see of the groups: how far each is. */
export interface OperatorDeskPorts {
  log: MessageLog;
  /** Group → topics that it reads. */
  groups: ReadonlyMap<string, readonly string[]>;
}

export interface PartitionLag {
  partition: number;
  /** -1 where the group has committed nothing. */
  committed: number;
  end: number;
  lag: number;
}

/** How far a group is behind the end of each partition of a topic; what retention has removed is no lag. */
export async function lagOf(log: MessageLog, group: string, topic: string): Promise<PartitionLag[]> {
  const [committed, offsets] = await Promise.all([log.committed(group, topic), log.offsets(topic)]);
  return offsets.map(({ partition, start, end }) => {
    const position = committed.find((entry) => entry.partition === partition)?.offset ?? -1;
    return { partition, committed: position, end, lag: end - Math.max(position, start) };
  });
}

export function totalLag(partitions: readonly PartitionLag[]): number {
  return partitions.reduce((sum, { lag }) => sum + lag, 0);
}

export class OperatorDesk {
  private readonly ports: OperatorDeskPorts;

  constructor(ports: OperatorDeskPorts) {
    this.ports = ports;
  }

  /** Committed and last positions of every group and topic, with the lag. */
  async lag(): Promise<{ group: string; topic: string; partitions: PartitionLag[]; lag: number }[]> {
    const { log, groups } = this.ports;
    const rows = [...groups].flatMap(([group, topics]) => topics.map((topic) => ({ group, topic })));
    return Promise.all(
      rows.map(async ({ group, topic }) => {
        const partitions = await lagOf(log, group, topic);
        return { group, topic, partitions, lag: totalLag(partitions) };
      }),
    );
  }
}
