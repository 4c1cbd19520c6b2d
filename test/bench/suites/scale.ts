import { figure } from '../figures';
import { gatewayCpu } from '../gateway-cpu';
import { processesPerRole, type Topology } from '../gateway-under-test';
import { ceiling, type MakeSuites } from './shared';

/**
 * From one process a role to two. On a machine whose cores are all busy with one of each this shows what a second process costs, not what
 * it gains; the gain needs free cores.
 */
const TOPOLOGIES: readonly Topology[] = [
  processesPerRole('a process a role', { exchange: 1, adapters: 1, intake: 1 }),
  processesPerRole('two of exchange', { exchange: 2, adapters: 1, intake: 1 }),
  processesPerRole('two of adapters', { exchange: 1, adapters: 2, intake: 1 }),
  processesPerRole('two of intake', { exchange: 1, adapters: 1, intake: 2 }),
  processesPerRole('two of each', { exchange: 2, adapters: 2, intake: 2 }),
];

export const scaleSuites: MakeSuites = (settings, services) =>
  TOPOLOGIES.map((topology) => ({
    name: 'scale',
    topology,
    services,
    client: settings.clients[0] ?? 'kafkajs',
    phases: [ceiling(settings, {}, { profile: false })],
    conclude: ([one]) => {
      const result = one?.phases[0];
      return {
        figures: [
          figure('processes', topology.processes.length),
          figure('cleared', result?.donePerSecond.median ?? NaN, '/s'),
          figure('gateway CPU', result === undefined ? NaN : gatewayCpu(result.cpu), 'ms'),
        ],
      };
    },
  }));
