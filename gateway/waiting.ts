import type { DossierStore } from './ports/dossier-store';

/**
 * Waiting for change across processes: hints from the store (Pub/Sub, may be lost) and a reread each second. Bounded: so many waiters
 * at once, more are answered at once.
 */
const REREAD_MS = 1_000;

export class Waiting {
  private readonly waiters = new Map<string, Set<() => void>>();
  private readonly unsubscribe: () => void;
  private readonly maxWaiters: number;
  private count = 0;

  constructor(store: DossierStore, maxWaiters: number) {
    this.maxWaiters = maxWaiters;
    this.unsubscribe = store.onChange((dossierIds) => {
      for (const dossierId of dossierIds) {
        this.wake(dossierId);
        // Feeds wait by the tenant's part of the id.
        this.wake(dossierId.slice(0, 10));
      }
    });
  }

  private wake(key: string): void {
    for (const wake of this.waiters.get(key) ?? []) wake();
  }

  /**
   * Calls `check` now, after each hint for `key` (a dossierId, or its tenant part) and each second, until it gives something, the time is
   * over or the signal aborts. Undefined when it gave nothing.
   */
  async until<T>(key: string, timeoutMs: number, signal: AbortSignal, check: () => Promise<T | undefined>): Promise<T | undefined> {
    const endMs = performance.now() + timeoutMs;
    if (this.count >= this.maxWaiters) return check();
    this.count++;
    let wake: () => void = () => undefined;
    let hinted = false;
    const onHint = (): void => {
      hinted = true;
      wake();
    };
    const set = this.waiters.get(key) ?? new Set();
    this.waiters.set(key, set.add(onHint));
    signal.addEventListener('abort', onHint);
    try {
      for (;;) {
        hinted = false;
        const found = await check();
        const leftMs = endMs - performance.now();
        if (found !== undefined || signal.aborted || leftMs <= 0) return found;
        if (hinted) continue;
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, Math.min(REREAD_MS, leftMs));
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    } finally {
      this.count--;
      signal.removeEventListener('abort', onHint);
      set.delete(onHint);
      if (set.size === 0 && this.waiters.get(key) === set) this.waiters.delete(key);
    }
  }

  close(): void {
    this.unsubscribe();
    for (const set of this.waiters.values()) for (const wake of set) wake();
  }
}
