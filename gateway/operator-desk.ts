import type { LogRecord, MessageLog, OutgoingRecord } from './ports/message-log';
import type { Sealer } from './ports/sealer';
import { DEAD_LETTERS_TOPIC, openDeadLetter } from './wire/dead-letter';

/** What operators see and do: dead letters (never their content), redrive with the same identity, lag of the groups. */
export interface DeadLetter {
  /** `partition-offset` in `dead-letters`. */
  id: string;
  reason: string;
  source: { topic: string; partition: number; offset: number };
  digest: string;
  attempts: number;
  at: string;
  bytes: number;
}

export interface DeadLetterFilter {
  topic?: string;
  reason?: string;
}

export interface OperatorDeskPorts {
  log: MessageLog;
  sealer: Sealer;
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

  /** The newest dead letters, newest first. */
  async deadLetters(filter: DeadLetterFilter, limit: number): Promise<DeadLetter[]> {
    const found: DeadLetter[] = [];
    await this.scan(limit * 10, (record) => {
      const letter = deadLetterOf(record);
      if (matches(letter, filter)) found.push(letter);
    });
    return found.sort((a, b) => (a.at < b.at ? 1 : -1)).slice(0, limit);
  }

  /** Appends the named dead letters to their source topics again, with their own headers and keys. Returns what was done with each. */
  async redrive(
    ids: readonly string[],
    preview: boolean,
  ): Promise<{ id: string; outcome: 'redriven' | 'would-be-redriven' | 'unknown' | 'sealed' }[]> {
    const outcomes: { id: string; outcome: 'redriven' | 'would-be-redriven' | 'unknown' | 'sealed' }[] = [];
    const outgoing: OutgoingRecord[] = [];
    for (const id of ids) {
      const record = await this.find(id);
      if (record === undefined) {
        outcomes.push({ id, outcome: 'unknown' });
        continue;
      }
      let source: LogRecord;
      try {
        source = openDeadLetter(record, this.ports.sealer);
      } catch {
        outcomes.push({ id, outcome: 'sealed' });
        continue;
      }
      outgoing.push({ topic: source.topic, partition: source.partition, key: source.key, value: source.value, headers: source.headers });
      outcomes.push({ id, outcome: preview ? 'would-be-redriven' : 'redriven' });
    }
    if (!preview && outgoing.length > 0) await this.ports.log.append(outgoing);
    return outcomes;
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

  private async find(id: string): Promise<LogRecord | undefined> {
    const match = /^(\d{1,4})-(\d{1,15})$/.exec(id);
    if (match === null) return undefined;
    const [partition, offset] = [Number(match[1]), Number(match[2])];
    let found: LogRecord | undefined;
    const known = (await this.ports.log.offsets(DEAD_LETTERS_TOPIC)).find((entry) => entry.partition === partition);
    if (known === undefined || offset < known.start || offset >= known.end) return undefined;
    await this.ports.log.read(DEAD_LETTERS_TOPIC, [{ partition, from: offset, to: offset + 1 }], (batch) => {
      found ??= batch.records.find((record) => record.offset === offset);
    });
    return found;
  }

  /** The last records of each partition, so many in all at most. */
  private async scan(limit: number, visit: (record: LogRecord) => void): Promise<void> {
    const offsets = (await this.ports.log.offsets(DEAD_LETTERS_TOPIC)).filter((entry) => entry.end > entry.start);
    if (offsets.length === 0) return;
    const each = Math.max(1, Math.ceil(limit / offsets.length));
    const ranges = offsets.map(({ partition, start, end }) => ({ partition, from: Math.max(start, end - each), to: end }));
    await this.ports.log.read(DEAD_LETTERS_TOPIC, ranges, (batch) => batch.records.forEach(visit));
  }
}

function deadLetterOf(record: LogRecord): DeadLetter {
  const { headers } = record;
  return {
    id: `${record.partition}-${record.offset}`,
    reason: headers['reason'] ?? '',
    source: {
      topic: headers['source_topic'] ?? '',
      partition: Number(headers['source_partition']),
      offset: Number(headers['source_offset']),
    },
    digest: headers['digest'] ?? '',
    attempts: Number(headers['attempts'] ?? 1),
    at: headers['ce_time'] ?? '',
    bytes: record.value.byteLength,
  };
}

function matches(letter: DeadLetter, filter: DeadLetterFilter): boolean {
  return (
    (filter.topic === undefined || letter.source.topic === filter.topic) && (filter.reason === undefined || letter.reason === filter.reason)
  );
}
