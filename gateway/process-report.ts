import type { MetricsSnapshot } from './edges/metrics/merge-metrics';

/** Readiness: ready names each dependency and its state. */
export interface Health {
  ready: boolean;
  dependencies: Record<string, { ok: boolean; detail?: string }>;
}

/** What a process says of itself to the one that has the admin port. */
export interface ProcessReport {
  health: Health;
  metrics: MetricsSnapshot;
}

/** The other processes behind this admin port. */
export interface Peers {
  /** Told when one ended that should not have, and is replaced. */
  onReplaced: () => void;
  /** State of each by its name, and the metrics of all, also of those that are gone: a counter never falls. */
  reports(): Promise<{ dependencies: Health['dependencies']; metrics: MetricsSnapshot[] }>;
  /** Metrics of one alone, by its number; undefined where there is none. */
  metricsOf(worker: number): Promise<MetricsSnapshot | undefined>;
}
