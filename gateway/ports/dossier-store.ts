/**
 * The store: a projection of the log, per partition. Losing it loses nothing. Implementations: edges/redis (ioredis) and
 * edges/embedded (lmdb). test/contract/dossier-store.ts holds for both. Keys and members are chosen by read-model.ts.
 *
 * Limits, checked by settle-changes.ts (RangeError, our bug, nothing changed): a key, an index name or a member has at most 900 bytes
 * of UTF-8, a score is finite. What the world does is a StoreUnavailable; after one, a commit may or may not have been applied:
 * read the marker again.
 */
export interface Marker {
  /** Identity of what was folded: of the first record of the `dossiers` partition and, after a space, of the last one folded. */
  epoch: string;
  /** Last offset of `dossiers` folded into the store; -1 none. */
  offset: number;
  /** Offset after the last record of `clearances` known to the fold. */
  clearancesOffset: number;
}

export type StoreChange =
  | { put: string; value: Buffer | string }
  | { remove: string }
  /**
   * Adds a member to a sorted index, or moves it; drops it. `was`: the score under which it stands before, null: it does not. Said only
   * by who knows it for certain, from the state whose change this is: a store need not look it up then.
   */
  | { index: string; add: string; score: number; was?: number | null }
  | { index: string; drop: string; was?: number };

export interface RangeQuery {
  /** Inclusive bounds of the score. */
  min?: number;
  max?: number;
  /** Most entries returned. */
  limit: number;
  /** Highest score first (ties: members in reverse byte order). */
  reverse?: boolean;
}

export interface IndexEntry {
  member: string;
  score: number;
}

/** Told after a commit; may be lost, so a waiter also rereads each second. */
export type ChangeListener = (dossierIds: string[]) => void;

export interface DossierStore {
  /** Null before the first commit, after clear(), and when the store lost everything. */
  marker(partition: number): Promise<Marker | null>;
  /**
   * Applies all changes and moves the marker, atomically, if the marker still is `expected` (null: none yet).
   * 'stale' = somebody else moved it: nothing was changed. Of several changes to one key or member the last counts. `hints` are dossier ids told to the listeners of all processes.
   */
  commit(partition: number, expected: Marker | null, next: Marker, changes: StoreChange[], hints?: string[]): Promise<'ok' | 'stale'>;
  /** Changes outside the fold's order (receipts of intake, message index); unconditional. */
  write(partition: number, changes: StoreChange[]): Promise<void>;
  /** Puts only what is absent; true when it was put. */
  putIfAbsent(partition: number, key: string, value: Buffer | string): Promise<boolean>;
  /** Values in the order of the keys; null where absent. */
  getMany(partition: number, keys: string[]): Promise<(Buffer | null)[]>;
  range(partition: number, index: string, query: RangeQuery): Promise<IndexEntry[]>;
  /** Number of members of an index. */
  count(partition: number, index: string): Promise<number>;
  /**
   * Removes everything of a partition, the marker and the values at once and first (before a rebuild). After an error: clear again.
   * What others write to the partition meanwhile may be removed too.
   */
  clear(partition: number): Promise<void>;
  /** Returns the function that ends the subscription. */
  onChange(listener: ChangeListener): () => void;
  /** Resolves when the store answers now, rejects otherwise; bounded to 500 ms. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
