import { dossierIdFromCode, isDossierId, type DossierId } from './core/identifiers';
import { catalogueEntry, problemCodes, type ProblemCode } from './core/problem-catalogue';
import type { JobItem } from './operator-jobs';
import type { LogRecord, MessageLog, OutgoingRecord } from './ports/message-log';
import type { Sealer } from './ports/sealer';
import { formatPositions, parsePositions } from './positions-cursor';
import { DEAD_LETTERS_TOPIC, openDeadLetter } from './wire/dead-letter';
import { maskRecord, type MaskedRecord } from './wire/masked-record';

/** Dead letters as an operator has them: listed, inspected without a value, sent again with the same identity. */
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

export interface InspectedDeadLetter extends DeadLetter {
  /** What the catalogue says of the reason. */
  fault: { code: string; title?: string; titleVi?: string; remedy?: string };
  /** Absent where it cannot be opened: its key is gone. */
  record?: MaskedRecord;
}

export interface DeadLetterFilter {
  /** Source topic, without prefix. */
  topic?: string;
  reason?: string;
  /** Set aside at or after, before; milliseconds. */
  fromMs?: number;
  toMs?: number;
  /** Of one dossier: what is set aside is opened and looked through for it. */
  dossierId?: DossierId;
}

export interface DeadLetterPage {
  items: DeadLetter[];
  next: string | null;
}

export type RedriveOutcome = 'redriven' | 'would-be-redriven' | 'unknown' | 'sealed' | 'value-omitted' | 'topic-missing';

export interface DeadLetterDeskPorts {
  log: MessageLog;
  sealer: Sealer;
}

/** Records of one partition that are read at a time, and bytes of them that are kept. */
const CHUNK_RECORDS = 200;
const CHUNK_BYTES = 8 * 1024 * 1024;
/** A page ends after so many, found or not. */
const SCANNED_FOR_PAGE = 10_000;

export class DeadLetterDesk {
  private readonly ports: DeadLetterDeskPorts;

  constructor(ports: DeadLetterDeskPorts) {
    this.ports = ports;
  }

  /**
   * Newest first. A cursor goes on with what was there when the first page was read; a page may have fewer than `limit`, and even none,
   * while `next` is there. Undefined: not a cursor.
   */
  async list(filter: DeadLetterFilter, limit: number, cursor: string | undefined): Promise<DeadLetterPage | undefined> {
    /** Per partition the offset before which to go on. */
    const before = parsePositions(cursor);
    if (before === undefined) return undefined;
    const parts = (await this.ports.log.offsets(DEAD_LETTERS_TOPIC)).map(({ partition, start, end }) => ({
      partition,
      start,
      before: Math.min(before.get(partition) ?? end, end),
      letters: [] as DeadLetter[],
    }));
    const items: DeadLetter[] = [];
    let scanned = 0;
    while (items.length < limit) {
      for (const part of parts) {
        while (part.letters.length === 0 && part.before > part.start && scanned < SCANNED_FOR_PAGE) {
          const from = Math.max(part.start, part.before - CHUNK_RECORDS);
          scanned += part.before - from;
          part.letters = await this.lettersIn(part.partition, from, part.before, filter);
          part.before = from;
        }
      }
      // Merged by time as far as it is known: a partition whose next letter has not been looked for ends the page.
      if (parts.some(({ letters, before, start }) => letters.length === 0 && before > start)) break;
      const waiting = parts.filter(({ letters }) => letters.length > 0);
      waiting.sort((a, b) => ((a.letters[0]?.at ?? '') < (b.letters[0]?.at ?? '') ? 1 : -1));
      const letter = waiting[0]?.letters.shift();
      if (letter === undefined) break;
      items.push(letter);
    }
    // Where the next page begins: before the letter that is next in line, or before what was scanned.
    const positions = new Map(
      parts.map((part) => [part.partition, part.letters[0] === undefined ? part.before : offsetOf(part.letters[0]) + 1]),
    );
    const more = parts.some(({ letters, before, start }) => letters.length > 0 || before > start);
    return { items, next: more ? formatPositions(positions) : null };
  }

  /** What it is, what is wrong, how it is built; no value of it. Undefined: no such dead letter. */
  async inspect(id: string): Promise<InspectedDeadLetter | undefined> {
    const record = await this.find(id);
    if (record === undefined) return undefined;
    const letter = deadLetterOf(record);
    const known = (problemCodes as string[]).includes(letter.reason) ? catalogueEntry(letter.reason as ProblemCode) : {};
    const source = this.open(record);
    return { ...letter, fault: { code: letter.reason, ...known }, ...(source === undefined ? {} : { record: maskRecord(source) }) };
  }

  /** The named ones, for a redrive. */
  async *named(ids: readonly string[]): AsyncGenerator<JobItem & { outcome: RedriveOutcome }> {
    const topics = await this.topics();
    for (const id of ids) {
      const record = await this.find(id);
      yield record === undefined ? { id, outcome: 'unknown' } : this.redriven(record, topics);
    }
  }

  /**
   * All that the filter lets through and that are there now: what comes back while they are redriven is not redriven again. In the order
   * of each partition, so that records of one dossier and topic keep theirs.
   */
  async *matching(filter: DeadLetterFilter): AsyncGenerator<JobItem & { outcome: RedriveOutcome }> {
    const topics = await this.topics();
    for (const { partition, start, end } of await this.ports.log.offsets(DEAD_LETTERS_TOPIC)) {
      for (let from = start; from < end;) {
        const chunk = await this.chunk(partition, from, Math.min(end, from + CHUNK_RECORDS));
        for (const record of chunk.records) if (this.matches(record, filter)) yield this.redriven(record, topics);
        from = chunk.next;
      }
    }
  }

  /** The record for its source topic again, with its own key, headers and value. */
  private redriven(letter: LogRecord, topics: ReadonlySet<string>): JobItem & { outcome: RedriveOutcome } {
    const id = idOf(letter);
    // An empty record in place of one that was too large would be another record.
    if (letter.headers['value_omitted'] !== undefined) return { id, outcome: 'value-omitted' };
    const source = this.open(letter);
    if (source === undefined) return { id, outcome: 'sealed' };
    const { topic, partition, key, value, headers } = source;
    if (!topics.has(topic)) return { id, outcome: 'topic-missing' };
    const record: OutgoingRecord = { topic, partition, key, value, headers };
    return { id, outcome: 'redriven', record };
  }

  private async topics(): Promise<ReadonlySet<string>> {
    return new Set((await this.ports.log.topics()).map(({ topic }) => topic));
  }

  private open(letter: LogRecord): LogRecord | undefined {
    try {
      return openDeadLetter(letter, this.ports.sealer);
    } catch {
      return undefined;
    }
  }

  private matches(record: LogRecord, { topic, reason, fromMs, toMs, dossierId }: DeadLetterFilter): boolean {
    const letter = deadLetterOf(record);
    const atMs = Date.parse(letter.at);
    return (
      (topic === undefined || letter.source.topic === topic) &&
      (reason === undefined || letter.reason === reason) &&
      (fromMs === undefined || atMs >= fromMs) &&
      (toMs === undefined || atMs < toMs) &&
      (dossierId === undefined || this.isOf(dossierId, record))
    );
  }

  /** By its key, or anywhere in its value: a decision of an agency's own back-end may have no key, and its taskId begins with the dossier's id. */
  private isOf(dossierId: DossierId, letter: LogRecord): boolean {
    const source = this.open(letter);
    return source !== undefined && (source.key === dossierId || source.value.includes(dossierId));
  }

  private async find(id: string): Promise<LogRecord | undefined> {
    if (!isDeadLetterId(id)) return undefined;
    const [partition = -1, offset = -1] = id.split('-').map(Number);
    const known = (await this.ports.log.offsets(DEAD_LETTERS_TOPIC)).find((entry) => entry.partition === partition);
    if (known === undefined || offset < known.start || offset >= known.end) return undefined;
    const { records } = await this.chunk(partition, offset, offset + 1);
    return records.find((record) => record.offset === offset);
  }

  /** Newest first; values are let go as they come. */
  private async lettersIn(partition: number, from: number, to: number, filter: DeadLetterFilter): Promise<DeadLetter[]> {
    const letters: DeadLetter[] = [];
    await this.ports.log.read(DEAD_LETTERS_TOPIC, [{ partition, from, to }], ({ records }) => {
      for (const record of records) if (this.matches(record, filter)) letters.push(deadLetterOf(record));
    });
    return letters.reverse();
  }

  /** Records from an offset on, and where to go on: dead letters may be large, so it ends early where they are. */
  private async chunk(partition: number, from: number, to: number): Promise<{ records: LogRecord[]; next: number }> {
    const kept: LogRecord[] = [];
    let bytes = 0;
    let next = to;
    await this.ports.log.read(DEAD_LETTERS_TOPIC, [{ partition, from, to }], ({ records }) => {
      for (const record of records) {
        if (next < to) return;
        if (bytes >= CHUNK_BYTES) next = record.offset;
        else {
          kept.push(record);
          bytes += record.value.byteLength;
        }
      }
    });
    return { records: kept, next };
  }
}

/** A dossier named by its id or by its code; undefined when it is neither. */
export function dossierIdFrom(text: string): DossierId | undefined {
  return isDossierId(text) ? text : dossierIdFromCode(text);
}

/** Has the form of one: what an operator asks for is written into the audit log, so it is no free text. */
export function isDeadLetterId(text: string): boolean {
  return /^\d{1,4}-\d{1,15}$/.test(text);
}

function idOf({ partition, offset }: LogRecord): string {
  return `${partition}-${offset}`;
}

function offsetOf({ id }: DeadLetter): number {
  return Number(id.slice(id.indexOf('-') + 1));
}

function deadLetterOf(record: LogRecord): DeadLetter {
  const { headers } = record;
  return {
    id: idOf(record),
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
