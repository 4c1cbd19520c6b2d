import { readFileSync } from 'node:fs';
import path from 'node:path';
import { buildGateway, gatewayFolder, startGatewayProcess, type GatewayProcess } from '../support/gateway-process';
import { figuresOf, type PageFigures } from './metrics-page';
import { familyOf, usageOf, type Usage } from './process-usage';

/** The gateway as users run it: built, in processes of its own. */
export interface Topology {
  name: string;
  /** In the order of their start. */
  processes: { name: string; env: Record<string, string> }[];
}

export const oneProcess: Topology = { name: 'one process', processes: [{ name: 'gateway', env: {} }] };
export const intakeOnly: Topology = { name: 'intake alone', processes: [{ name: 'intake', env: { ROLES: 'intake' } }] };
/** One command with so many intake workers: they receive, the primary does the rest. */
export function primaryAndWorkers(workers: number): Topology {
  return { name: `one command, ${workers} workers`, processes: [{ name: 'gateway', env: { WORKERS: String(workers) } }] };
}
/** A process a role; `workers` intake processes on one port. */
export function processPerRole(workers = 1): Topology {
  return {
    name: workers === 1 ? 'a process a role' : `a process a role, ${workers} intake workers`,
    processes: ['exchange', 'adapters', 'intake'].map((role) => ({
      name: role,
      env: { ROLES: role, ...(role === 'intake' && workers > 1 ? { WORKERS: String(workers) } : {}) },
    })),
  };
}

export interface RunningGateway {
  url: string;
  token: string;
  /** Where the embedded log and store are. */
  dataDir: string;
  /** CPU and memory by process. */
  usage(): Record<string, Usage>;
  /** From the metrics page of each process; event-loop delays since the last call. */
  figures(): Promise<Record<string, PageFigures>>;
  /** Starts or ends the CPU profiles. */
  toggleProfiles(): void;
  /** Orderly; what is left after it is killed. */
  stop(): Promise<void>;
  /** Removes credentials and embedded data. */
  remove(): void;
}

export interface GatewayOptions {
  /** The checkout whose build runs. */
  from: string;
  topology: Topology;
  env: Record<string, string>;
  /** Where CPU profiles go: the process's name and more is added. */
  profiles?: string;
}

const PRELOAD = path.join(__dirname, 'preload.js');
const running = new Set<GatewayProcess>();

export async function startGatewayUnderTest({ from, topology, env, profiles }: GatewayOptions): Promise<RunningGateway> {
  buildGateway(from);
  const nodeArguments = [...startArguments(from), '--require', PRELOAD];
  const folder = gatewayFolder();
  const processes = new Map<string, GatewayProcess>();
  const stop = async (): Promise<void> => {
    await Promise.all([...processes.values()].map((process) => process.stop()));
    for (const process of processes.values()) running.delete(process);
  };
  try {
    for (const { name, env: own } of topology.processes) {
      const profile = profiles === undefined ? {} : { PROFILE_FILE: `${profiles}.${name}` };
      const process = await startGatewayProcess(folder, { ...env, ...own, ...profile }, { from, nodeArguments });
      processes.set(name, process);
      running.add(process);
    }
  } catch (cause) {
    await stop();
    folder.remove();
    throw cause;
  }
  return {
    url: [...processes.values()].find(({ url }) => url !== '')?.url ?? '',
    token: folder.tokens()['agent'] ?? '',
    dataDir: path.join(folder.varDir, 'data'),
    usage: () => {
      const usages: Record<string, Usage> = {};
      for (const [name, { child }] of processes) {
        const usage = usageOf(child.pid);
        if (usage !== undefined) usages[name] = usage;
      }
      return usages;
    },
    figures: async () => {
      const pages = await Promise.all(
        [...processes].map(async ([name, { adminUrl }]) => [name, figuresOf(await (await fetch(`${adminUrl}/metrics`)).text())] as const),
      );
      return Object.fromEntries(pages);
    },
    toggleProfiles: () => {
      for (const { child } of processes.values()) for (const pid of familyOf(child.pid ?? 0)) process.kill(pid, 'SIGUSR2');
    },
    stop,
    remove: () => folder.remove(),
  };
}

/** What `npm start` gives to node. */
function startArguments(from: string): string[] {
  const { scripts } = JSON.parse(readFileSync(path.join(from, 'package.json'), 'utf8')) as { scripts: { start: string } };
  return scripts.start.split(' ').filter((word) => word.startsWith('-'));
}

export function killGateways(): void {
  for (const { child } of running) child.kill('SIGKILL');
}
