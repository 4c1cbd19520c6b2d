import type { About, History, JournalEntry, LogEntry } from '../checker/history';

/** A small history in memory, which a test may spoil at one place. */
export class MemoryHistory implements History {
  readonly about: About;
  readonly entries: JournalEntry[];
  readonly logs: Map<string, LogEntry[]>;
  readonly pages: { where: string; text: string }[];

  constructor(about: About, entries: JournalEntry[], logs: Map<string, LogEntry[]>, pages: { where: string; text: string }[]) {
    this.about = about;
    this.entries = entries;
    this.logs = logs;
    this.pages = pages;
  }

  async *journal(): AsyncGenerator<JournalEntry> {
    yield* this.entries;
  }

  topics(): Promise<string[]> {
    return Promise.resolve([...this.logs.keys()]);
  }

  async *records(topic: string): AsyncGenerator<LogEntry> {
    yield* this.log(topic);
  }

  async *texts(): AsyncGenerator<{ where: string; text: string }> {
    yield* this.pages;
  }

  log(topic: string): LogEntry[] {
    return this.logs.get(topic) ?? [];
  }

  /** A record more at the end of its partition. */
  append(record: Omit<LogEntry, 'offset'>): void {
    const offset = this.log(record.topic).filter(({ partition }) => partition === record.partition).length;
    this.log(record.topic).push({ ...record, offset });
  }

  /** As if it had never been written: what comes after it moves up. */
  drop({ topic, partition, offset }: LogEntry): void {
    const kept = this.log(topic).filter((record) => record.partition !== partition || record.offset !== offset);
    for (const record of kept) if (record.partition === partition && record.offset > offset) record.offset--;
    this.logs.set(topic, kept);
  }
}
