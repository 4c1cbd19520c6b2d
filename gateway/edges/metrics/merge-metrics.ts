import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue, type Registry } from 'prom-client';

/** Metrics of one process as data, to be sent to another: `registry.getMetricsAsJSON()`. */
export type MetricsSnapshot = MetricObjectWithValues<MetricValue<string>>[];

/**
 * The metrics of several processes as one: summed, unless a metric says how else (`aggregator` in metrics.ts).
 * Process-wide ones keep the meaning that prom-client gives them: memory and CPU are summed, event-loop delays averaged.
 */
export function mergeMetrics(snapshots: readonly MetricsSnapshot[]): Registry {
  return AggregatorRegistry.aggregate([...snapshots]);
}

/** What a process that is gone leaves behind: what it counted. Its gauges went with it. */
export async function countsOf(snapshots: readonly MetricsSnapshot[]): Promise<MetricsSnapshot> {
  const merged = (await mergeMetrics(snapshots).getMetricsAsJSON()) as MetricsSnapshot;
  return merged.filter(({ type }) => ['counter', 'histogram'].includes(String(type)));
}
