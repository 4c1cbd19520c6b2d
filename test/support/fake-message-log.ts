import { LogUnavailable, RecordTooLarge } from '../../gateway/core/exchange-error';
import type {
  AppendedPosition,
  Consumption,
  LogBatch,
  LogConsumer,
  LogRecord,
  MessageLog,
  OutgoingRecord,
  ReadRange,
  TopicSpec,
} from '../../gateway/ports/message-log';

interface Partition {
  records: LogRecord[];
  /** Offset of the first record kept. */
  start: number;
}

interface Topic {
  partitions: Partition[];
  maxRecordBytes: number;
}

interface Place {
  topic: string;
  partition: number;
}

/** What a broker would keep: several logs may stand on it, as several processes would. */
export class FakeLogData {
  readonly topics = new Map<string, Topic>();
  readonly groups = new Map<string, Group>();
  readonly committed = new Map<string, number>();
  readonly waiting = new Set<() => void>();
  readonly nowMs: () => number;

  constructor(nowMs: () => number = () => Date.now()) {
    this.nowMs = nowMs;
  }

  end({ topic, partition }: Place): number {
    const part = this.topics.get(topic)?.partitions[partition];
    return part === undefined ? 0 : part.start + part.records.length;
  }

  /** Everything of a topic, partition by partition. */
  records(topic: string): LogRecord[] {
    return this.topics.get(topic)?.partitions.flatMap(({ records }) => records) ?? [];
  }

  deleteUntil(topic: string, partition: number, before: number): void {
    const part = this.topics.get(topic)?.partitions[partition];
    if (part === undefined || before <= part.start) return;
    part.records = part.records.filter((record) => record.offset >= before);
    part.start = before;
  }

  wake(): void {
    for (const resume of this.waiting) resume();
    this.waiting.clear();
  }
}

const BATCH_RECORDS = 500;

/** The message log in memory. test/contract/message-log.ts holds for it as for the real ones. */
export class FakeMessageLog implements MessageLog {
  readonly data: FakeLogData;
  /** Told of each append before it happens; what it throws is the append's fault and nothing is stored. */
  beforeAppend: (records: OutgoingRecord[]) => void = () => undefined;
  /** Told after it was stored; what it throws is an answer that was lost. */
  afterAppend: (records: OutgoingRecord[]) => void = () => undefined;
  private readonly consumers = new Set<Member>();
  private isClosed = false;

  constructor(data: FakeLogData = new FakeLogData()) {
    this.data = data;
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- what it throws is a rejection
  async append(records: OutgoingRecord[]): Promise<AppendedPosition[]> {
    this.checkOpen();
    for (const { topic, partition, value } of records) {
      const known = this.data.topics.get(topic);
      if (known?.partitions[partition] === undefined) throw new LogUnavailable(`there is no ${topic}/${partition}`);
      if (value.byteLength > known.maxRecordBytes) throw new RecordTooLarge(`a record of ${value.byteLength} bytes`);
    }
    this.beforeAppend(records);
    const timestampMs = this.data.nowMs();
    const positions = records.map(({ topic, partition, key, value, headers }) => {
      const part = this.data.topics.get(topic)?.partitions[partition] as Partition;
      const offset = part.start + part.records.length;
      const stamp = Math.max(timestampMs, part.records.at(-1)?.timestampMs ?? -Infinity);
      part.records.push({ topic, partition, offset, timestampMs: stamp, key, value: Buffer.from(value), headers: { ...headers } });
      return { topic, partition, offset };
    });
    this.data.wake();
    this.afterAppend(records);
    return positions;
  }

  async replace({ partition, offset }: { partition: number; offset: number }, record: OutgoingRecord): Promise<void> {
    await this.append([record]);
    const older = this.data.topics.get(record.topic)?.partitions[partition]?.records.find((candidate) => candidate.offset === offset);
    if (older !== undefined) older.value = Buffer.alloc(0);
  }

  consume(consumption: Consumption): Promise<LogConsumer> {
    this.checkOpen();
    let group = this.data.groups.get(consumption.group);
    if (group === undefined) this.data.groups.set(consumption.group, (group = new Group(this.data)));
    const member = new Member(this.data, consumption);
    this.consumers.add(member);
    const joined = group;
    joined.join(member);
    return Promise.resolve({
      stop: () => {
        this.consumers.delete(member);
        return joined.leave(member);
      },
    });
  }

  async read(topic: string, ranges: ReadRange[], onBatch: (batch: LogBatch) => Promise<void> | void): Promise<void> {
    this.checkOpen();
    for (const { partition, from, to } of ranges) {
      let next = from;
      const end = Math.min(to, this.data.end({ topic, partition }));
      while (next < end) {
        const batch = batchFrom(this.data, { topic, partition }, next, end);
        if (batch === undefined) break;
        next = (batch.records.at(-1)?.offset ?? end) + 1;
        await onBatch(batch);
      }
    }
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- what it throws is a rejection
  async offsets(topic: string): Promise<{ partition: number; start: number; end: number }[]> {
    this.checkOpen();
    const partitions = this.data.topics.get(topic)?.partitions ?? [];
    return partitions.map(({ start }, partition) => ({ partition, start, end: this.data.end({ topic, partition }) }));
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- what it throws is a rejection
  async committed(group: string, topic: string): Promise<{ partition: number; offset: number }[]> {
    this.checkOpen();
    const partitions = this.data.topics.get(topic)?.partitions ?? [];
    return partitions.map((_, partition) => ({ partition, offset: this.data.committed.get(`${group} ${topic}/${partition}`) ?? -1 }));
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- what it throws is a rejection
  async topics(): Promise<{ topic: string; partitions: number }[]> {
    this.checkOpen();
    return [...this.data.topics].map(([topic, { partitions }]) => ({ topic, partitions: partitions.length }));
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- what it throws is a rejection
  async createTopics(specs: TopicSpec[]): Promise<string[]> {
    this.checkOpen();
    const missing = specs.filter(({ topic }) => !this.data.topics.has(topic));
    for (const { topic, partitions, maxRecordBytes } of missing) {
      const made = Array.from({ length: partitions }, (): Partition => ({ records: [], start: 0 }));
      this.data.topics.set(topic, { partitions: made, maxRecordBytes: maxRecordBytes ?? Infinity });
    }
    return missing.map(({ topic }) => topic);
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- what it throws is a rejection
  async ping(): Promise<void> {
    this.checkOpen();
  }

  async close(): Promise<void> {
    this.isClosed = true;
    for (const member of this.consumers) await this.data.groups.get(member.consumption.group)?.leave(member);
    this.consumers.clear();
  }

  private checkOpen(): void {
    if (this.isClosed) throw new LogUnavailable('the log is closed');
  }
}

function batchFrom(data: FakeLogData, place: Place, from: number, to: number): LogBatch | undefined {
  const part = data.topics.get(place.topic)?.partitions[place.partition];
  if (part === undefined) return undefined;
  const first = Math.max(from, part.start) - part.start;
  const records = part.records.slice(first, Math.min(first + BATCH_RECORDS, Math.max(to - part.start, 0)));
  return records.length === 0 ? undefined : { ...place, records, endOffset: data.end(place) };
}

/** Partitions of a group's topics, dealt out in turn. */
class Group {
  private readonly data: FakeLogData;
  private readonly members: Member[] = [];
  private dealing: Promise<void> = Promise.resolve();

  constructor(data: FakeLogData) {
    this.data = data;
  }

  join(member: Member): void {
    this.members.push(member);
    // Not waited for: another member may be at work on a batch that waits for something else.
    void this.deal();
  }

  async leave(member: Member): Promise<void> {
    const at = this.members.indexOf(member);
    if (at < 0) return;
    this.members.splice(at, 1);
    await member.keep([]);
    await this.deal();
  }

  private deal(): Promise<void> {
    this.dealing = this.dealing.then(async () => {
      const hands = new Map(this.members.map((member) => [member, [] as Place[]]));
      for (const topic of new Set(this.members.flatMap((member) => member.consumption.topics))) {
        for (const partition of this.data.topics.get(topic)?.partitions.keys() ?? []) {
          const member = this.members[partition % this.members.length];
          if (member !== undefined) hands.get(member)?.push({ topic, partition });
        }
      }
      for (const [member, places] of hands) await member.keep(places);
      for (const [member, places] of hands) if (this.members.includes(member)) member.take(places);
    });
    return this.dealing;
  }
}

interface Holding {
  place: Place;
  lost: boolean;
  done: Promise<void>;
}

class Member {
  readonly consumption: Consumption;
  private readonly data: FakeLogData;
  private readonly held = new Map<string, Holding>();

  constructor(data: FakeLogData, consumption: Consumption) {
    this.data = data;
    this.consumption = consumption;
  }

  take(places: Place[]): void {
    const fresh = places.filter((place) => !this.held.has(nameOf(place)));
    if (fresh.length === 0) return;
    this.consumption.onAssigned?.(fresh);
    for (const place of fresh) {
      const holding: Holding = { place, lost: false, done: Promise.resolve() };
      this.held.set(nameOf(place), holding);
      holding.done = this.pump(holding);
    }
  }

  /** Lets go of what is not among these, after the batch under way. */
  async keep(places: Place[]): Promise<void> {
    const names = new Set(places.map(nameOf));
    const gone = [...this.held].filter(([name]) => !names.has(name));
    for (const [, holding] of gone) holding.lost = true;
    this.data.wake();
    await Promise.all(gone.map(([, holding]) => holding.done));
    for (const [name] of gone) this.held.delete(name);
    if (gone.length > 0) this.consumption.onRevoked?.(gone.map(([, { place }]) => place));
  }

  private async pump(holding: Holding): Promise<void> {
    const { place } = holding;
    const key = `${this.consumption.group} ${nameOf(place)}`;
    let next = this.data.committed.get(key) ?? 0;
    while (!holding.lost) {
      const batch = batchFrom(this.data, place, next, Infinity);
      if (batch === undefined) {
        await new Promise<void>((resume) => this.data.waiting.add(resume));
        continue;
      }
      let sought: number | undefined;
      const seek = (offset: number): void => void (sought = offset);
      try {
        await this.consumption.onBatch(batch, { isStale: () => holding.lost, heartbeat: () => Promise.resolve(), seek });
        next = sought ?? (batch.records.at(-1)?.offset ?? next) + 1;
        if (sought === undefined) this.data.committed.set(key, next);
      } catch {
        // The same records again.
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

function nameOf({ topic, partition }: Place): string {
  return `${topic}/${partition}`;
}
