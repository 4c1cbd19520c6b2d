import { StoreUnavailable } from '../../gateway/core/exchange-error';
import type { ChangeListener, DossierStore, IndexEntry, Marker, RangeQuery, StoreChange } from '../../gateway/ports/dossier-store';
import {
  checkStoreName,
  checkStorePartition,
  checkStoreQuery,
  settleChanges,
  type SettledChanges,
} from '../../gateway/ports/settle-changes';

interface Part {
  marker: Marker | null;
  values: Map<string, Buffer>;
  indexes: Map<string, Map<string, number>>;
}

/** What a server would keep: several stores may stand on it, as several processes would. */
export class FakeStoreData {
  readonly parts = new Map<number, Part>();
  readonly listeners = new Set<ChangeListener>();

  part(partition: number): Part {
    let part = this.parts.get(partition);
    if (part === undefined) this.parts.set(partition, (part = { marker: null, values: new Map(), indexes: new Map() }));
    return part;
  }

  /** FLUSHALL. */
  loseEverything(): void {
    this.parts.clear();
  }

  /** An independent copy, as a dump would be. */
  copy(): FakeStoreData {
    const copy = new FakeStoreData();
    for (const [partition, part] of this.parts) {
      const indexes = new Map([...part.indexes].map(([name, members]) => [name, new Map(members)]));
      copy.parts.set(partition, { marker: part.marker, values: new Map(part.values), indexes });
    }
    return copy;
  }

  /** Everything in it as text in one order, to compare byte for byte. `without` leaves out keys of these prefixes. */
  dump(without: readonly string[] = []): string {
    const isKept = (key: string): boolean => !without.some((prefix) => key.startsWith(prefix));
    const lines: string[] = [];
    for (const [partition, part] of [...this.parts].sort(([a], [b]) => a - b)) {
      lines.push(`${partition} marker ${JSON.stringify(part.marker)}`);
      for (const key of [...part.values.keys()].filter(isKept).sort())
        lines.push(`${partition} ${key} = ${part.values.get(key)?.toString()}`);
      for (const name of [...part.indexes.keys()].sort()) {
        const members = part.indexes.get(name) ?? new Map<string, number>();
        for (const member of [...members.keys()].sort()) lines.push(`${partition} [${name}] ${member} @ ${members.get(member)}`);
      }
    }
    return lines.join('\n');
  }
}

export type StoreOperation = 'marker' | 'commit' | 'write' | 'putIfAbsent' | 'getMany' | 'range' | 'count' | 'clear' | 'ping';

/** The store in memory. test/contract/dossier-store.ts holds for it as for the real ones. */
export class FakeDossierStore implements DossierStore {
  readonly data: FakeStoreData;
  /** Told of each operation before it happens; what it throws is the operation's fault. */
  before: (operation: StoreOperation, partition: number) => void = () => undefined;
  /** Told after it happened; what it throws is an answer that was lost. */
  after: (operation: StoreOperation, partition: number) => void = () => undefined;
  private readonly subscriptions = new Set<ChangeListener>();
  private isClosed = false;

  constructor(data: FakeStoreData = new FakeStoreData()) {
    this.data = data;
  }

  marker(partition: number): Promise<Marker | null> {
    return this.run('marker', partition, (part) => part.marker);
  }

  commit(partition: number, expected: Marker | null, next: Marker, changes: StoreChange[], hints: string[] = []): Promise<'ok' | 'stale'> {
    return this.run('commit', partition, (part) => {
      const settled = settleChanges(changes);
      if (!isSameMarker(part.marker, expected)) return 'stale';
      checkWas(part, changes);
      apply(part, settled);
      part.marker = { ...next };
      if (hints.length > 0) for (const listener of [...this.data.listeners]) queueMicrotask(() => this.tell(listener, hints));
      return 'ok';
    });
  }

  write(partition: number, changes: StoreChange[]): Promise<void> {
    return this.run('write', partition, (part) => {
      checkWas(part, changes);
      apply(part, settleChanges(changes));
    });
  }

  putIfAbsent(partition: number, key: string, value: Buffer | string): Promise<boolean> {
    return this.run('putIfAbsent', partition, (part) => {
      checkStoreName(key);
      if (part.values.has(key)) return false;
      part.values.set(key, Buffer.from(value));
      return true;
    });
  }

  getMany(partition: number, keys: string[]): Promise<(Buffer | null)[]> {
    return this.run('getMany', partition, (part) =>
      keys.map((key) => {
        const value = part.values.get(key);
        return value === undefined ? null : Buffer.from(value);
      }),
    );
  }

  range(partition: number, index: string, query: RangeQuery): Promise<IndexEntry[]> {
    return this.run('range', partition, (part) => {
      checkStoreQuery(query);
      const { min = -Infinity, max = Infinity, limit, reverse = false } = query;
      const entries = [...(part.indexes.get(index) ?? [])]
        .map(([member, score]) => ({ member, score }))
        .filter(({ score }) => score >= min && score <= max)
        .sort((a, b) => a.score - b.score || Buffer.compare(Buffer.from(a.member), Buffer.from(b.member)));
      return (reverse ? entries.reverse() : entries).slice(0, limit);
    });
  }

  count(partition: number, index: string): Promise<number> {
    return this.run('count', partition, (part) => part.indexes.get(index)?.size ?? 0);
  }

  clear(partition: number): Promise<void> {
    return this.run('clear', partition, () => void this.data.parts.delete(partition));
  }

  onChange(listener: ChangeListener): () => void {
    this.subscriptions.add(listener);
    this.data.listeners.add(listener);
    return () => {
      this.subscriptions.delete(listener);
      this.data.listeners.delete(listener);
    };
  }

  ping(): Promise<void> {
    return this.run('ping', 0, () => undefined);
  }

  close(): Promise<void> {
    this.isClosed = true;
    for (const listener of this.subscriptions) this.data.listeners.delete(listener);
    return Promise.resolve();
  }

  private tell(listener: ChangeListener, hints: string[]): void {
    if (this.data.listeners.has(listener)) listener([...hints]);
  }

  /** Each operation is one step that nothing comes between, some turns after it was asked for. */
  private async run<T>(operation: StoreOperation, partition: number, step: (part: Part) => T): Promise<T> {
    checkStorePartition(partition);
    await Promise.resolve();
    if (this.isClosed) throw new StoreUnavailable('the store is closed');
    this.before(operation, partition);
    const result = step(this.data.part(partition));
    this.after(operation, partition);
    return result;
  }
}

function isSameMarker(a: Marker | null, b: Marker | null): boolean {
  if (a === null || b === null) return a === b;
  return a.epoch === b.epoch && a.offset === b.offset && a.clearancesOffset === b.clearancesOffset;
}

/** What a change says of where a member stands must be true: other stores believe it. */
function checkWas(part: Part, changes: readonly StoreChange[]): void {
  const moved = new Map<string, number | null>();
  for (const change of changes) {
    if (!('index' in change)) continue;
    const member = 'add' in change ? change.add : change.drop;
    const name = JSON.stringify([change.index, member]);
    const stands = moved.has(name) ? moved.get(name) : (part.indexes.get(change.index)?.get(member) ?? null);
    if (change.was !== undefined && change.was !== stands)
      throw new Error(`member ${member} of index ${change.index} is said to stand at ${change.was} and stands at ${stands}`);
    moved.set(name, 'add' in change ? change.score : null);
  }
}

function apply(part: Part, { values, indexes }: SettledChanges): void {
  for (const [key, value] of values) {
    if (value === null) part.values.delete(key);
    else part.values.set(key, Buffer.from(value));
  }
  for (const [name, changes] of indexes) {
    const members = part.indexes.get(name) ?? new Map<string, number>();
    for (const [member, score] of changes) {
      if (score === null) members.delete(member);
      else members.set(member, score);
    }
    if (members.size === 0) part.indexes.delete(name);
    else part.indexes.set(name, members);
  }
}
