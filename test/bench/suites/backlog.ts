import type { Series } from '../figures';

/** What is acknowledged and not yet cleared, from the times of both. Pure. */
export interface Drain {
  /** Declarations that waited when work went on. */
  backlog: number;
  /** From then to the first clearance. */
  firstSeconds: number;
  /** From then until less than what comes in a second is waiting; NaN: it never was. */
  seconds: number;
  /** Cleared per second from the first clearance to the end of the backlog. */
  perSecond: number;
}

const STEP_MS = 100;

export function drainOf(acknowledgedMs: readonly number[], clearedMs: readonly number[], resumedMs: number): Drain {
  const [came, went] = [sorted(acknowledgedMs), sorted(clearedMs)];
  const backlogAt = (ms: number): number => countUntil(came, ms) - countUntil(went, ms);
  const firstMs = went[countUntil(went, resumedMs)] ?? NaN;
  const lastMs = came.at(-1) ?? NaN;
  const rateBetween = (times: Float64Array, fromMs: number, toMs: number): number =>
    ((countUntil(times, toMs) - countUntil(times, fromMs)) * 1000) / (toMs - fromMs);
  let endMs = NaN;
  for (let ms = firstMs + STEP_MS; ms <= lastMs; ms += STEP_MS) {
    if (backlogAt(ms) > rateBetween(came, resumedMs, ms)) continue;
    endMs = ms;
    break;
  }
  const untilMs = Number.isNaN(endMs) ? lastMs : endMs;
  return {
    backlog: backlogAt(resumedMs),
    firstSeconds: (firstMs - resumedMs) / 1000,
    seconds: (endMs - resumedMs) / 1000,
    perSecond: rateBetween(went, firstMs, untilMs),
  };
}

export function backlogSeries(acknowledgedMs: readonly number[], clearedMs: readonly number[], startedMs: number): Series {
  const [came, went] = [sorted(acknowledgedMs), sorted(clearedMs)];
  const points: [number, number][] = [];
  for (let ms = startedMs; ms <= (came.at(-1) ?? -Infinity); ms += 500)
    points.push([(ms - startedMs) / 1000, countUntil(came, ms) - countUntil(went, ms)]);
  return { name: 'backlog', x: 'seconds', y: 'declarations not yet cleared', lines: [{ name: 'backlog', points }] };
}

function sorted(values: readonly number[]): Float64Array {
  return Float64Array.from(values).sort();
}

/** How many are not later. */
function countUntil(times: Float64Array, ms: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? NaN) <= ms) low = middle + 1;
    else high = middle;
  }
  return low;
}
