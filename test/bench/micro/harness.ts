import { setTimeout as sleep } from 'node:timers/promises';
import { spreadOf } from '../statistics';

/** A tiny harness: warm-up, samples of equal length, the median of them. One thing is measured at a time, in one process for all. */
export interface Bench {
  name: string;
  /** Operations of one call of `run`; 1 where it is not given. */
  per?: number;
  /** Before each of the operations, which are then measured one by one; 0 is without a pause, in the same way. */
  pauseMs?: number;
  /** What it returns is kept, so that nothing is optimised away. */
  run(): unknown;
}

export interface MicroResult {
  name: string;
  /** Nanoseconds an operation: median and fastest sample. */
  ns: number;
  fastestNs: number;
  samples: number;
  pauseMs?: number;
}

/** A file `*.bench.ts` exports these; they are made when the file is measured. */
export type Benches = () => Bench[] | Promise<Bench[]>;

interface Effort {
  warmUpMs: number;
  sampleMs: number;
  samples: number;
}

/** Operations with a pause before each. */
const PAUSED = 100;
const QUICK: Effort = { warmUpMs: 150, sampleMs: 20, samples: 11 };
const THOROUGH: Effort = { warmUpMs: 500, sampleMs: 40, samples: 25 };

let kept: unknown;

export async function measure(bench: Bench, quick: boolean): Promise<MicroResult> {
  const { warmUpMs, sampleMs, samples } = quick ? QUICK : THOROUGH;
  const isAsync = bench.run() instanceof Promise;
  const warmUntil = performance.now() + warmUpMs;
  let calls = 0;
  const startMs = performance.now();
  for (; performance.now() < warmUntil; calls++) kept = isAsync ? await bench.run() : bench.run();
  if (bench.pauseMs !== undefined) return measurePaused(bench, bench.pauseMs);
  const perSample = Math.max(1, Math.round((calls * sampleMs) / (performance.now() - startMs)));
  const times: number[] = [];
  for (let i = 0; i < samples; i++) {
    const begun = performance.now();
    if (isAsync) for (let n = 0; n < perSample; n++) kept = await bench.run();
    else for (let n = 0; n < perSample; n++) kept = bench.run();
    times.push(((performance.now() - begun) * 1e6) / perSample / (bench.per ?? 1));
  }
  const { median, min } = spreadOf(times);
  return { name: bench.name, ns: median, fastestNs: min, samples };
}

async function measurePaused({ name, run }: Bench, pauseMs: number): Promise<MicroResult> {
  const times: number[] = [];
  for (let i = 0; i < PAUSED; i++) {
    if (pauseMs > 0) await sleep(pauseMs);
    const begun = performance.now();
    kept = run();
    times.push((performance.now() - begun) * 1e6);
  }
  const { median, min } = spreadOf(times);
  return { name, ns: median, fastestNs: min, samples: PAUSED, pauseMs };
}

/** @internal */
export function keptValue(): unknown {
  return kept;
}
