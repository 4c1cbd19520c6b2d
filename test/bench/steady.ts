import { setTimeout as sleep } from 'node:timers/promises';

/** Three windows that agree: what comes after them is the steady state, not the warm-up (performance.md §5). */
export interface Steadiness {
  windowMs: number;
  /** Greatest difference of three windows in a row, as a share of their mean. */
  within: number;
  /** Given up after this; the result says so. */
  limitMs: number;
}

export interface WarmUp {
  steady: boolean;
  seconds: number;
  /** Per second, of each window. */
  rates: number[];
}

/** @param count what is done so far */
export async function untilSteady({ windowMs, within, limitMs }: Steadiness, count: () => number): Promise<WarmUp> {
  const startMs = performance.now();
  const rates: number[] = [];
  for (;;) {
    const [fromMs, from] = [performance.now(), count()];
    await sleep(windowMs);
    rates.push(((count() - from) * 1000) / (performance.now() - fromMs));
    const last = rates.slice(-3);
    const mean = last.reduce((sum, rate) => sum + rate, 0) / last.length;
    const steady = last.length === 3 && mean > 0 && Math.max(...last) - Math.min(...last) <= within * mean;
    const elapsedMs = performance.now() - startMs;
    if (steady || elapsedMs >= limitMs) return { steady, seconds: elapsedMs / 1000, rates };
  }
}
