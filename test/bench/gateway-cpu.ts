import type { PhaseResult } from './phase';

/** Processes of a run that are not the gateway's. */
export const OTHERS: readonly string[] = ['broker', 'redis', 'generator', 'bench'];

/** CPU of everything that is ours, milliseconds a declaration. */
export function gatewayCpu(cpu: PhaseResult['cpu']): number {
  return Object.entries(cpu)
    .filter(([name]) => !OTHERS.includes(name))
    .reduce((sum, [, { median }]) => sum + median, 0);
}
