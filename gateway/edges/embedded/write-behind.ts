import type { RootDatabase } from 'lmdb';
import { committed } from './committed';

/**
 * What is seen at once and written a moment later: the store's changes and the groups' offsets. All that waits is written in one
 * transaction, so a crash takes the end of it, of all sources alike, and never a part: what the log holds is then folded again.
 */
export interface DeferredSource {
  /**
   * Puts what waits, all in this call, and keeps it until it is settled; after a failure the same again. Returns the puts, none when
   * nothing waits.
   */
  write(): Iterable<Promise<unknown>>;
  /** What the last write() put is committed (true), or none of it is (false). */
  settle(isCommitted: boolean): void;
}

/** Long enough for most of a dossier's states to be replaced before they are written, short enough to be folded again in no time. */
const WRITE_AFTER_MS = 150;
const AGAIN_AFTER_MS = 1_000;

const byEnvironment = new WeakMap<RootDatabase, WriteBehind>();

/** The one of an environment. */
export function writeBehindOf(environment: RootDatabase): WriteBehind {
  let writeBehind = byEnvironment.get(environment);
  if (!writeBehind) byEnvironment.set(environment, (writeBehind = new WriteBehind()));
  return writeBehind;
}

export class WriteBehind {
  readonly #sources: DeferredSource[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  /** Why the last write failed; undefined when it did not. */
  failure: unknown;

  add(source: DeferredSource): void {
    this.#sources.push(source);
  }

  /** Something waits. */
  later(): void {
    if (this.#timer !== undefined) return;
    const hasFailed = this.failure !== undefined;
    this.#timer = setTimeout(() => this.#inBackground(), hasFailed ? AGAIN_AFTER_MS : WRITE_AFTER_MS);
    // A process that has nothing else to do does not wait for a disk that takes nothing.
    if (hasFailed) this.#timer.unref();
  }

  /** So much waits that it should not wait for its time. */
  soon(): void {
    this.#inBackground();
  }

  /** Resolves when all that waited at the call is committed. @throws what the disk said */
  now(): Promise<void> {
    // What waits now is not all in the write under way; one write after it serves all who ask meanwhile.
    if (this.#next !== undefined) return this.#next;
    if (this.#writing === undefined) return this.#start();
    this.#next = this.#writing
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.#start();
      });
    return this.#next;
  }

  #inBackground(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.now().catch(() => {
      this.later();
    });
  }

  #start(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#write().finally(() => (this.#writing = undefined));
    return this.#writing;
  }

  async #write(): Promise<void> {
    try {
      // Many puts share one promise.
      const writes = new Set(this.#sources.flatMap((source) => [...source.write()]));
      await Promise.all([...writes].map(committed));
    } catch (cause) {
      this.failure = cause;
      for (const source of this.#sources) source.settle(false);
      throw cause;
    }
    this.failure = undefined;
    for (const source of this.#sources) source.settle(true);
  }
}
