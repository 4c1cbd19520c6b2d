import { dossierIdOf } from '../../../gateway/core/identifiers';
import { partitionOf } from '../../../gateway/core/partition';
import { distributionOf } from '../statistics';

/**
 * What the hash does to the load of many processes: real dossier ids through the real partitioner, partitions dealt out as a consumer group
 * does, arrivals within a peak, each process working off its own in order. No network, no clock, the same numbers every time.
 */

/** Records of each partition. */
export function spreadOverPartitions(count: number, partitions: number): number[] {
  const found = new Array<number>(partitions).fill(0);
  for (let n = 0; n < count; n++) {
    const partition = partitionOf(dossierIdOf(`tenant-${n % 97}`, `message-${n}`), partitions);
    found[partition] = (found[partition] ?? 0) + 1;
  }
  return found;
}

/** Which process has a partition: one after the other, so that counts differ by one at most. Members beyond the partitions are idle. */
export function processOf(partition: number, processes: number): number {
  return partition % processes;
}

/** Share of the records that the busiest process gets; 1 / processes would be even. */
export function busiestShare(perPartition: readonly number[], processes: number): number {
  const loads = new Array<number>(processes).fill(0);
  perPartition.forEach((records, partition) => {
    const process = processOf(partition, processes);
    loads[process] = (loads[process] ?? 0) + records;
  });
  return Math.max(...loads) / perPartition.reduce((sum, records) => sum + records, 0);
}

export interface Peak {
  declarations: number;
  /** In which they arrive, evenly at random. */
  seconds: number;
  partitions: number;
  processes: number;
  /** Of one declaration in the process, milliseconds. */
  serviceMs: number;
}

export interface PeakOutcome {
  /** From arrival until it is worked off, milliseconds. */
  p50: number;
  p99: number;
  max: number;
  /** From the first arrival to the last that is worked off. */
  doneAfterSeconds: number;
  busiestShare: number;
  idleProcesses: number;
}

export function simulatePeak({ declarations, seconds, partitions, processes, serviceMs }: Peak): PeakOutcome {
  const random = randomOf(7);
  const arrivals = Float64Array.from({ length: declarations }, () => random() * seconds * 1000).sort();
  const freeAtMs = new Float64Array(processes);
  const loads = new Float64Array(processes);
  const waits: number[] = [];
  let lastMs = 0;
  arrivals.forEach((atMs, n) => {
    const process = processOf(partitionOf(dossierIdOf(`tenant-${n % 97}`, `message-${n}`), partitions), processes);
    const doneMs = Math.max(atMs, freeAtMs[process] ?? 0) + serviceMs;
    freeAtMs[process] = doneMs;
    loads[process] = (loads[process] ?? 0) + 1;
    waits.push(doneMs - atMs);
    lastMs = Math.max(lastMs, doneMs);
  });
  const { p50 = NaN, p99 = NaN, max = NaN } = distributionOf(waits) ?? {};
  return {
    p50,
    p99,
    max,
    doneAfterSeconds: (lastMs - (arrivals[0] ?? 0)) / 1000,
    busiestShare: Math.max(...loads) / declarations,
    idleProcesses: loads.filter((load) => load === 0).length,
  };
}

/** Mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
