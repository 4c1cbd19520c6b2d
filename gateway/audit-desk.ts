import { AUDIT_TOPIC } from './audit-log';
import { partitionOf } from './core/partition';
import type { MessageLog } from './ports/message-log';
import { formatPositions, type Positions } from './positions-cursor';

/**
 * The topic `audit` as an auditor reads it: page by page, the oldest first, each record as it is stored. A page ends where an append
 * ended, and the last record of an append is signed, so no page ends with an entry that nothing holds.
 */
export interface PlacedAuditEntry {
  partition: number;
  offset: number;
  /** The stored bytes as text, when they are JSON; otherwise null. */
  record: string | null;
}

export interface AuditPage {
  items: PlacedAuditEntry[];
  /** Where the next page begins: always there, so that who reads may come back for what was written since. */
  next: string;
  /** Whether there is more of what was there when this page was asked for. */
  more: boolean;
  /** What the topic keeps: offset of the first record, and after the last one. */
  partitions: { partition: number; start: number; end: number }[];
}

export interface AuditQuery {
  /** Next offset wanted by partition; 0 where none is said. */
  after: Positions;
  limit: number;
  /** Of one process only. */
  chain: string | undefined;
}

/** What `prepare` has seen: read what was there before this reading was itself recorded. */
export interface PreparedAuditPage {
  partitions: AuditPage['partitions'];
}

/** Records looked at for one page of one chain, found or not. */
const SCANNED_FOR_PAGE = 10_000;
/** An append has at most so many records: what a page may have beyond its limit. */
const LARGEST_APPEND = 100;

export class AuditDesk {
  private readonly log: MessageLog;
  private readonly partitions: number;

  constructor({ log, partitions }: { log: MessageLog; partitions: number }) {
    this.log = log;
    this.partitions = partitions;
  }

  /** To be called before the reading is recorded: its own entry is on a later page. @throws LogUnavailable */
  async prepare(): Promise<PreparedAuditPage> {
    return { partitions: await this.log.offsets(AUDIT_TOPIC) };
  }

  /** @throws LogUnavailable */
  async page({ after, limit, chain }: AuditQuery, { partitions }: PreparedAuditPage): Promise<AuditPage> {
    const only = chain === undefined ? undefined : partitionOf(chain, this.partitions);
    const items: PlacedAuditEntry[] = [];
    const positions = new Map<number, number>();
    let scanned = 0;
    let more = false;
    for (const { partition, start, end } of partitions) {
      let next = Math.max(start, after.get(partition) ?? 0);
      positions.set(partition, next);
      if (only !== undefined && only !== partition) continue;
      let isWithinAppend = false;
      while (next < end && (isWithinAppend || (items.length < limit && scanned < SCANNED_FOR_PAGE))) {
        const read = await this.read(partition, next, end, Math.max(1, limit - items.length), chain);
        items.push(...read.items);
        scanned += read.next - next;
        next = read.next;
        isWithinAppend = read.isWithinAppend;
      }
      if (next < end) more = true;
      positions.set(partition, next);
    }
    return { items, next: formatPositions(positions), more, partitions };
  }

  /** Records from an offset on, `wanted` or a few more: up to the end of an append, where that is not too far. */
  private async read(
    partition: number,
    from: number,
    end: number,
    wanted: number,
    chain: string | undefined,
  ): Promise<{ items: PlacedAuditEntry[]; next: number; isWithinAppend: boolean }> {
    const to = Math.min(end, from + wanted + LARGEST_APPEND);
    const items: PlacedAuditEntry[] = [];
    let next = from;
    let isFull = false;
    let isWithinAppend = false;
    await this.log.read(AUDIT_TOPIC, [{ partition, from, to }], ({ records }) => {
      for (const { offset, value } of records) {
        if (isFull) return;
        const text = value.toString();
        const { chain: of, signature } = said(text);
        next = offset + 1;
        if (chain !== undefined && of !== chain) continue;
        items.push({ partition, offset, record: of === undefined ? null : text });
        isWithinAppend = of !== undefined && signature === undefined;
        isFull = items.length >= wanted && !isWithinAppend;
      }
    });
    // Where nothing is there, retention has come past.
    return { items, next: isFull ? next : to, isWithinAppend };
  }
}

/** What a page needs to know of a record; nothing where it is none. */
function said(text: string): { chain?: string; signature?: unknown } {
  try {
    const { chain, signature } = JSON.parse(text) as { chain?: unknown; signature?: unknown };
    return typeof chain === 'string' ? { chain, signature } : {};
  } catch {
    return {};
  }
}

/** A page as JSON, each record as it is stored. */
export function auditPageText({ items, next, more, partitions }: AuditPage): string {
  const entries = items.map(({ partition, offset, record }) => `{"partition":${partition},"offset":${offset},"record":${record}}`);
  return `{"items":[${entries.join(',')}],"next":"${next}","more":${more},"partitions":${JSON.stringify(partitions)}}`;
}
