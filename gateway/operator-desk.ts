import { isoTime } from './core/deadlines';
import type { Clock } from './ports/clock';
import type { DossierStore } from './ports/dossier-store';
import type { MessageLog } from './ports/message-log';

/** What operators see of the groups: how far each is, and whether it goes on. */
export interface OperatorDeskPorts {
  log: MessageLog;
  store: DossierStore;
  clock: Clock;
  /** Group → topics that it reads. */
  groups: ReadonlyMap<string, readonly string[]>;
  /** The group that folds `dossiers` into the store. */
  exchangeGroup: string;
}

export interface PartitionLag {
  partition: number;
  /** -1 where the group has committed nothing. */
  committed: number;
  end: number;
  lag: number;
}

export interface PartitionProgress extends PartitionLag {
  /** When this process saw the committed position go on last; null where it has not since it began to look. */
  progressAt: string | null;
  /** Of the exchange: offset after the last record that the store holds; -1 where it holds none. */
  folded?: number;
}

export interface GroupProgress {
  group: string;
  topic: string;
  partitions: PartitionProgress[];
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

const LOOK_EVERY_MS = 10_000;

export class OperatorDesk {
  private readonly ports: OperatorDeskPorts;
  /** By group, topic and partition: the position seen last, and when it was seen to have changed. */
  private readonly seen = new Map<string, { committed: number; progressAt: string | null }>();

  constructor(ports: OperatorDeskPorts) {
    this.ports = ports;
  }

  /** Looks again and again, so that it can be told when a group went on last. Returns the function that ends it. */
  watch(): () => void {
    let looking: Promise<unknown> | undefined;
    const look = (): void => {
      // While the log is away there is nothing to see.
      looking ??= this.positions()
        .catch(() => undefined)
        .finally(() => (looking = undefined));
    };
    look();
    const timer = setInterval(look, LOOK_EVERY_MS).unref();
    return () => clearInterval(timer);
  }

  /** Committed and last positions of every group and topic, with the lag, what the store holds, and when each went on last. */
  async lag(): Promise<GroupProgress[]> {
    const { store, exchangeGroup } = this.ports;
    const rows = await this.positions();
    return Promise.all(
      rows.map(async (row) => {
        if (row.group !== exchangeGroup) return row;
        const folded = async (partition: number): Promise<number> => ((await store.marker(partition))?.offset ?? -2) + 1;
        const partitions = await Promise.all(row.partitions.map(async (entry) => ({ ...entry, folded: await folded(entry.partition) })));
        return { ...row, partitions };
      }),
    );
  }

  private async positions(): Promise<GroupProgress[]> {
    const { log, groups } = this.ports;
    const rows = [...groups].flatMap(([group, topics]) => topics.map((topic) => ({ group, topic })));
    return Promise.all(
      rows.map(async ({ group, topic }) => {
        const lags = await lagOf(log, group, topic);
        const partitions = lags.map((lag) => ({
          ...lag,
          progressAt: this.progressOf(`${group} ${topic}/${lag.partition}`, lag.committed),
        }));
        return { group, topic, partitions, lag: totalLag(lags) };
      }),
    );
  }

  private progressOf(name: string, committed: number): string | null {
    const known = this.seen.get(name);
    if (known?.committed === committed) return known.progressAt;
    const progressAt = known === undefined ? null : isoTime(this.ports.clock.nowMs());
    this.seen.set(name, { committed, progressAt });
    return progressAt;
  }
}
