/** What the benchmark takes from a metrics page of the gateway. */
export interface PageFigures {
  /** Delay of the event loop beyond its timer since the last scrape, milliseconds. */
  loopDelayMs: { mean: number; p99: number; max: number };
  /** Totals since the start. prom-client counts one entry of each list that the observer gets, so this is a lower bound. */
  gcSeconds: number;
  stages: Record<string, { seconds: number; count: number }>;
}

/** perf_hooks measures with a timer of 10 ms and reports the whole interval. */
const TIMER_MS = 10;

export function figuresOf(page: string): PageFigures {
  const lag = (name: string): number => Math.max(0, sum(page, `nodejs_eventloop_lag_${name}_seconds`) * 1000 - TIMER_MS);
  const stages: PageFigures['stages'] = {};
  for (const [, stage = '', value = ''] of page.matchAll(/^seaport_stage_duration_seconds_sum\{stage="(\w+)"\} (\S+)$/gm))
    stages[stage] = { seconds: Number(value), count: sum(page, `seaport_stage_duration_seconds_count{stage="${stage}"}`) };
  return {
    loopDelayMs: { mean: lag('mean'), p99: lag('p99'), max: lag('max') },
    gcSeconds: sum(page, 'nodejs_gc_duration_seconds_sum'),
    stages,
  };
}

/** Sum of the samples whose name, or name and labels, begin so. */
function sum(page: string, start: string): number {
  let total = 0;
  for (const line of page.split('\n')) {
    if (!line.startsWith(start)) continue;
    const next = line.charAt(start.length);
    if (next === ' ' || next === '{') total += Number(line.slice(line.lastIndexOf(' ') + 1));
  }
  return total;
}
