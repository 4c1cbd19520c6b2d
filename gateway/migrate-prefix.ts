import { createHash, type Hash } from 'node:crypto';
import { EventType } from './core/messages';
import { partitionOf } from './core/partition';
import { BASIS_OFFSET_HEADER, rejectionIdOf } from './issued-clearances';
import type { LogBatch, LogRecord, MessageLog, OutgoingRecord, ReadRange, TopicSpec } from './ports/message-log';
import { createTopics } from './topics';

/**
 * Copies everything under a topic prefix to another one with more partitions, while nothing writes to either (docs/operations.md "More
 * partitions"). Values, keys and identities stay as they are, and so does the order of each dossier; positions do not. Each partition of
 * the copy holds, in one order that is always the same, the records of the source's partitions that belong there, so that a run that was
 * cut short goes on where its last record stands.
 */
export interface Migration {
  from: MessageLog;
  to: MessageLog;
  /** What is to be there, with the new partition count. What the source has no topic of is created empty. */
  specs: readonly TopicSpec[];
  groups: readonly MigratedGroup[];
  positions: GroupPositions;
  progress?(topic: string, records: number): void;
}

/** A group that goes on in the copy where it was. */
export interface MigratedGroup {
  from: string;
  to: string;
  topics: readonly string[];
  /** Must have taken everything: what it makes of a record is in the copy too. */
  isDone: boolean;
}

export interface GroupPositions {
  /** Members of a group now. */
  members(group: string): Promise<number>;
  /** Where a group without members begins in a topic of the copy. */
  begin(group: string, topic: string, positions: { partition: number; offset: number }[]): Promise<void>;
}

export interface MigratedTopic {
  topic: string;
  partitionsFrom: number;
  partitionsTo: number;
  records: number;
  /** Records that the copy has more than once: a run before this one did not hear whether they were stored. */
  repeats: number;
  /** Of keys, headers and values in the order of each pair of partitions; equal on both sides. */
  digest: string;
  /** Of `clearances`: issued for a record that retention has removed. */
  withoutBasis?: number;
}

/** Why it was not begun, or what is wrong with the copy. */
export class MigrationFault extends Error {
  override name = 'MigrationFault';

  constructor(faults: readonly string[]) {
    super(faults.join('\n'));
  }
}

/** `partition-offset` in the source. */
const COPIED_FROM_HEADER = 'copied_from';
/** The ce_id of a rejection names a position; this is the one that it had in the source. */
const COPIED_ID_HEADER = 'copied_id';

/** Their places are names: of dead letters, and those that audit chains sign. */
const KEPT_IN_PLACE: ReadonlySet<string> = new Set(['audit', 'dead-letters']);
const APPEND_BYTES = 8 * 1024 * 1024;

interface Place {
  partition: number;
  offset: number;
}

/** New offsets of records of `dossiers` by their old place. */
class Moves {
  private readonly byPartition = new Map<number, Map<number, number>>();

  set({ partition, offset }: Place, moved: number): void {
    let moves = this.byPartition.get(partition);
    if (moves === undefined) this.byPartition.set(partition, (moves = new Map<number, number>()));
    // Of a record that is there twice the first counts.
    if (!moves.has(offset)) moves.set(offset, moved);
  }

  get({ partition, offset }: Place): number | undefined {
    return this.byPartition.get(partition)?.get(offset);
  }
}

/**
 * Copies what is not there yet, then reads both sides whole and compares them, then sets the groups. May be run again at any time before
 * a gateway has run on the copy.
 * @throws MigrationFault; LogUnavailable, LogOutcomeUnknown: run it again
 */
export async function migratePrefix(migration: Migration): Promise<MigratedTopic[]> {
  const { from, to, specs } = migration;
  const before = await endsOf(from, specs);
  await assertStill(migration, before);
  await createTopics(to, specs);
  const moves = new Moves();
  // `dossiers` first: clearances are told where the record of each went.
  const ordered = specs.map(({ topic }) => topic).filter((topic) => before.has(topic));
  ordered.sort((a, b) => Number(b === 'dossiers') - Number(a === 'dossiers'));
  const migrated: MigratedTopic[] = [];
  for (const topic of ordered) {
    const copying = new TopicCopy(migration, topic, before.get(topic) ?? [], moves);
    await copying.copy();
    if (topic === 'dossiers') await copying.readMoves();
  }
  for (const topic of ordered) migrated.push(await new TopicCopy(migration, topic, before.get(topic) ?? [], moves).compare());
  const after = await endsOf(from, specs);
  const moved = ordered.filter((topic) => JSON.stringify(before.get(topic)) !== JSON.stringify(after.get(topic)));
  if (moved.length > 0)
    throw new MigrationFault(moved.map((topic) => `${topic} was written to meanwhile: stop everything and run it again`));
  await setGroups(migration, before);
  return migrated;
}

/** Everything of a topic that is kept. */
function rangesOf(offsets: readonly { partition: number; start: number; end: number }[]): ReadRange[] {
  return offsets.filter(({ start, end }) => end > start).map(({ partition, start, end }) => ({ partition, from: start, to: end }));
}

type Ends = Map<string, { partition: number; start: number; end: number }[]>;

async function endsOf(log: MessageLog, specs: readonly TopicSpec[]): Promise<Ends> {
  const existing = new Set((await log.topics()).map(({ topic }) => topic));
  const ends: Ends = new Map();
  for (const { topic } of specs) if (existing.has(topic)) ends.set(topic, await log.offsets(topic));
  return ends;
}

/** @throws MigrationFault naming everything that stands against it */
async function assertStill({ from, specs, groups, positions }: Migration, ends: Ends): Promise<void> {
  const faults: string[] = [];
  for (const topic of ['dossiers', 'clearances']) if (!ends.has(topic)) faults.push(`the source has no topic ${topic}`);
  for (const { topic, partitions } of specs) {
    const has = ends.get(topic)?.length ?? 0;
    if (has > partitions) faults.push(`${topic} has ${has} partitions, and the copy may not have fewer`);
  }
  for (const group of groups) {
    for (const name of [group.from, group.to])
      if ((await positions.members(name)) > 0) faults.push(`group ${name} has members: stop the gateway`);
    if (!group.isDone) continue;
    for (const topic of group.topics.filter((name) => ends.has(name))) {
      const committed = new Map((await from.committed(group.from, topic)).map(({ partition, offset }) => [partition, offset]));
      const behind = (ends.get(topic) ?? []).reduce(
        (sum, { partition, start, end }) => sum + end - Math.max(committed.get(partition) ?? -1, start),
        0,
      );
      if (behind > 0) faults.push(`group ${group.from} has ${behind} records of ${topic} to take: let it, then stop the gateway`);
    }
  }
  if (faults.length > 0) throw new MigrationFault(faults);
}

class TopicCopy {
  private readonly migration: Migration;
  private readonly topic: string;
  private readonly source: { partition: number; start: number; end: number }[];
  private readonly partitions: number;
  private readonly moves: Moves;

  constructor(migration: Migration, topic: string, source: { partition: number; start: number; end: number }[], moves: Moves) {
    this.migration = migration;
    this.topic = topic;
    this.source = source;
    this.moves = moves;
    this.partitions = migration.specs.find((spec) => spec.topic === topic)?.partitions ?? 0;
  }

  async copy(): Promise<void> {
    const { to, progress } = this.migration;
    const last = await this.lastCopied();
    let records = 0;
    await this.readSource(async (batch) => {
      let outgoing: OutgoingRecord[] = [];
      let bytes = 0;
      for (const record of batch) {
        const partition = this.partitionOf(record);
        const copied = last.get(partition);
        if (copied !== undefined && compare(record, copied) <= 0) continue;
        outgoing.push(this.copyOf(record, partition));
        bytes += record.value.byteLength;
        if (bytes < APPEND_BYTES) continue;
        await to.append(outgoing);
        outgoing = [];
        bytes = 0;
      }
      if (outgoing.length > 0) await to.append(outgoing);
      records += batch.length;
      progress?.(this.topic, records);
    });
  }

  /** Where each record of `dossiers` went. */
  async readMoves(): Promise<void> {
    await this.readCopy(({ record, place }) => this.moves.set(place, record.offset));
  }

  async compare(): Promise<MigratedTopic> {
    const wanted = new Digests();
    await this.readSource((batch) => {
      for (const record of batch) wanted.add(record.partition, this.partitionOf(record), record);
    });
    const found = new Digests();
    let repeats = 0;
    let withoutBasis = 0;
    await this.readCopy(({ record, place, isRepeat }) => {
      if (isRepeat) {
        repeats++;
        return;
      }
      found.add(place.partition, record.partition, { ...record, headers: originalHeaders(record.headers) });
      if (record.headers[BASIS_OFFSET_HEADER] === '-1') withoutBasis++;
    });
    const [digest, digestFound] = [wanted.digest(), found.digest()];
    if (digest !== digestFound)
      throw new MigrationFault([`${this.topic}: the copy is not the same (${found.records} of ${wanted.records} records): delete it`]);
    return {
      topic: this.topic,
      partitionsFrom: this.source.length,
      partitionsTo: this.partitions,
      records: wanted.records,
      repeats,
      digest,
      ...(this.topic === 'clearances' ? { withoutBasis } : {}),
    };
  }

  /** The source, partition after partition, without the records that name its log. */
  private async readSource(onRecords: (records: LogRecord[]) => Promise<void> | void): Promise<void> {
    for (const { partition, start, end } of this.source) {
      if (end === start) continue;
      await this.migration.from.read(this.topic, [{ partition, from: start, to: end }], (batch) =>
        onRecords(batch.records.filter(({ headers }) => headers['ce_type'] !== EventType.epoch)),
      );
    }
  }

  /** Everything in the copy, with its place in the source. */
  private async readCopy(onRecord: (found: { record: LogRecord; place: Place; isRepeat: boolean }) => void): Promise<void> {
    const { to } = this.migration;
    const last = new Map<number, Place>();
    await to.read(this.topic, rangesOf(await to.offsets(this.topic)), ({ partition, records }) => {
      for (const record of records) {
        if (record.headers['ce_type'] === EventType.epoch) continue;
        const place = this.placeOf(record);
        const before = last.get(partition);
        const isRepeat = before !== undefined && compare(place, before) <= 0;
        if (!isRepeat) last.set(partition, place);
        onRecord({ record, place, isRepeat });
      }
    });
  }

  /** Per partition of the copy the last record that it has. */
  private async lastCopied(): Promise<Map<number, Place>> {
    const { to } = this.migration;
    const ends = (await to.offsets(this.topic)).filter(({ start, end }) => end > start);
    const last = new Map<number, Place>();
    const take = ({ partition, records }: LogBatch): void => {
      const record = records.at(-1);
      if (record !== undefined && record.headers['ce_type'] !== EventType.epoch) last.set(partition, this.placeOf(record));
    };
    await to.read(
      this.topic,
      ends.map(({ partition, end }) => ({ partition, from: end - 1, to: end })),
      take,
    );
    return last;
  }

  private placeOf({ headers, partition, offset }: LogRecord): Place {
    const match = /^(\d+)-(\d+)$/.exec(headers[COPIED_FROM_HEADER] ?? '');
    if (match === null)
      throw new MigrationFault([
        `${this.topic}/${partition} offset ${offset} of the copy is no copy: a gateway has run on it, or it is another log's`,
      ]);
    return { partition: Number(match[1]), offset: Number(match[2]) };
  }

  /** By its key, as every process and a client with default settings would; without one it stays. */
  private partitionOf({ key, partition }: LogRecord): number {
    return key === null || KEPT_IN_PLACE.has(this.topic) ? partition : partitionOf(key, this.partitions);
  }

  private copyOf(record: LogRecord, partition: number): OutgoingRecord {
    const { topic, key, value } = record;
    const headers: Record<string, string> = { ...record.headers, [COPIED_FROM_HEADER]: `${record.partition}-${record.offset}` };
    if (topic === 'clearances') this.rebase(record, headers);
    return { topic, partition, key, value, headers };
  }

  /** Issued bytes name the position that they were issued for, in the source; the header says where that record is now. */
  private rebase(record: LogRecord, headers: Record<string, string>): void {
    const issued = parsed(record.value);
    const place = issued?.basis;
    const offset = (place === undefined ? undefined : this.moves.get(place)) ?? -1;
    headers[BASIS_OFFSET_HEADER] = String(offset);
    if (headers['ce_type'] !== EventType.rejected || place === undefined || issued?.declarationId === undefined || offset < 0) return;
    headers[COPIED_ID_HEADER] = headers['ce_id'] ?? '';
    headers['ce_id'] = rejectionIdOf(issued.declarationId, offset);
  }
}

function parsed(value: Buffer): { basis?: Place; declarationId?: string } | undefined {
  try {
    return JSON.parse(value.toString()) as { basis?: Place; declarationId?: string };
  } catch {
    return undefined;
  }
}

function originalHeaders(copied: Record<string, string>): Record<string, string> {
  const { [COPIED_FROM_HEADER]: _from, [BASIS_OFFSET_HEADER]: _basis, [COPIED_ID_HEADER]: id, ...headers } = copied;
  return id === undefined ? headers : { ...headers, ce_id: id };
}

function compare(a: Place, b: Place): number {
  return a.partition - b.partition || a.offset - b.offset;
}

/** One digest for each pair of partitions, so that order counts where it means something. */
class Digests {
  records = 0;
  private readonly pairs = new Map<string, Hash>();

  add(from: number, to: number, { key, headers, value }: Pick<LogRecord, 'key' | 'headers' | 'value'>): void {
    this.records++;
    const pair = `${from} ${to}`;
    let hash = this.pairs.get(pair);
    if (hash === undefined) this.pairs.set(pair, (hash = createHash('sha256')));
    const head = JSON.stringify([key, Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1)), value.byteLength]);
    hash.update(head).update(value);
  }

  digest(): string {
    const lines = [...this.pairs].map(([pair, hash]) => `${pair} ${hash.digest('hex')}`).sort();
    return createHash('sha256').update(lines.join('\n')).digest('hex');
  }
}

/** Each group begins before the first record of the copy that it had not taken in the source. */
async function setGroups({ from, to, groups, positions }: Migration, ends: Ends): Promise<void> {
  for (const group of groups) {
    for (const topic of group.topics.filter((name) => ends.has(name))) {
      const committed = new Map((await from.committed(group.from, topic)).map(({ partition, offset }) => [partition, offset]));
      const offsets = await to.offsets(topic);
      const begins = new Map(offsets.map(({ partition, end }) => [partition, end]));
      // What is done is done with everything.
      if (!group.isDone)
        await to.read(topic, rangesOf(offsets), ({ partition, records }) => {
          for (const { offset, headers } of records) {
            const match = /^(\d+)-(\d+)$/.exec(headers[COPIED_FROM_HEADER] ?? '');
            if (match !== null && Number(match[2]) >= (committed.get(Number(match[1])) ?? -1))
              begins.set(partition, Math.min(offset, begins.get(partition) ?? offset));
          }
        });
      await positions.begin(
        group.to,
        topic,
        [...begins].map(([partition, offset]) => ({ partition, offset })),
      );
    }
  }
}
