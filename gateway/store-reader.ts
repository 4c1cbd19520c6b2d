import { StoreUnavailable } from './core/exchange-error';
import type { Clock } from './ports/clock';
import type { DossierStore } from './ports/dossier-store';
import type { MessageLog } from './ports/message-log';

/**
 * The store as intake and reads use it. For intake it is a shortcut: after a fault it is left alone for a second, so that a frozen
 * Redis costs one time-out and not one for each declaration (guarantees.md F23).
 */
const REST_MS = 1_000;

/** What is looked for in a partition in one turn of the event loop: a command costs a client more than a key does. */
interface Look {
  keys: string[];
  /** Of all its keys. */
  values: Promise<(Buffer | null)[]>;
}

export class StoreReader {
  private readonly store: DossierStore;
  private readonly log: MessageLog;
  private readonly clock: Clock;
  /** The group that reads `dossiers`, without a prefix. */
  private readonly group: string;
  private restUntilMs = -Infinity;
  private endOffsets: Promise<Map<number, number>> | undefined;
  private readonly looks = new Map<number, Look>();

  constructor(store: DossierStore, log: MessageLog, clock: Clock, group = 'exchange') {
    this.store = store;
    this.log = log;
    this.clock = clock;
    this.group = group;
  }

  /** Values, or undefined where the store does not answer. */
  async find(partition: number, keys: string[]): Promise<(Buffer | null)[] | undefined> {
    return this.attempt(async () => {
      const look = this.looks.get(partition) ?? this.lookLater(partition);
      const from = look.keys.length;
      look.keys.push(...keys);
      return (await look.values).slice(from, from + keys.length);
    });
  }

  /** Puts what is absent, best effort. */
  async remember(partition: number, key: string, value: string): Promise<void> {
    await this.attempt(() => this.store.putIfAbsent(partition, key, value));
  }

  /** Whether everything in the partition of `dossiers` was folded when it was asked; false where that cannot be known. */
  async isCaughtUp(partition: number): Promise<boolean> {
    try {
      return (await this.behind(partition)) === 0;
    } catch {
      return false;
    }
  }

  /**
   * Records of a partition of `dossiers` that are not in the store yet; -1 while the partition has never been folded or is rebuilt.
   * The end is read before the marker, so that zero is never said too early.
   */
  async behind(partition: number): Promise<number> {
    const end = (await this.ends()).get(partition) ?? 0;
    const marker = await this.store.marker(partition);
    if (end === 0) return 0;
    if (marker === null) return -1;
    return Math.max(0, end - (marker.offset + 1));
  }

  /** Whether what the group has folded of the partition is not in the store at all. */
  async isLost(partition: number): Promise<boolean> {
    if ((await this.store.marker(partition)) !== null) return false;
    const committed = await this.log.committed(this.group, 'dossiers');
    return (committed.find((entry) => entry.partition === partition)?.offset ?? 0) > 0;
  }

  /** It is asked once all that was read from sockets in this turn has been looked at. */
  private lookLater(partition: number): Look {
    const keys: string[] = [];
    const values = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      this.looks.delete(partition);
      return this.store.getMany(partition, keys);
    });
    const look = { keys, values };
    this.looks.set(partition, look);
    return look;
  }

  /** Callers at the same time share one question that was asked after all of them came. */
  private ends(): Promise<Map<number, number>> {
    this.endOffsets ??= Promise.resolve()
      .then(() => {
        this.endOffsets = undefined;
        return this.log.offsets('dossiers');
      })
      .then((offsets) => new Map(offsets.map(({ partition, end }) => [partition, end])));
    return this.endOffsets;
  }

  private async attempt<T>(call: () => Promise<T>): Promise<T | undefined> {
    if (this.clock.monotonicMs() < this.restUntilMs) return undefined;
    try {
      return await call();
    } catch (cause) {
      if (!(cause instanceof StoreUnavailable)) throw cause;
      this.restUntilMs = this.clock.monotonicMs() + REST_MS;
      return undefined;
    }
  }
}
