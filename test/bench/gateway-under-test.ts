import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { buildGateway, gatewayFolder, startGatewayProcess, type GatewayProcess } from '../support/gateway-process';
import { figuresOf, type PageFigures } from './metrics-page';
import { familyOf, usageOf, type Usage } from './process-usage';

/** The gateway as users run it: built, in processes of its own. */
export interface Topology {
  name: string;
  /** In the order of their start. */
  processes: ProcessOfGateway[];
}

export interface ProcessOfGateway {
  name: string;
  env: Record<string, string>;
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
    processes: [exchange(), adapters(), intake(workers)],
  };
}
/** So many processes of each role; intake processes are workers of one. */
export function processesPerRole(name: string, counts: { exchange: number; adapters: number; intake: number }): Topology {
  const several = (count: number, make: (name: string) => ProcessOfGateway): ProcessOfGateway[] =>
    Array.from({ length: count }, (_, i) => make(i === 0 ? '' : `-${i + 1}`));
  return {
    name,
    processes: [...several(counts.exchange, exchange), ...several(counts.adapters, adapters), intake(counts.intake)],
  };
}

function exchange(suffix = ''): ProcessOfGateway {
  return { name: `exchange${suffix}`, env: { ROLES: 'exchange' } };
}
function adapters(suffix = ''): ProcessOfGateway {
  return { name: `adapters${suffix}`, env: { ROLES: 'adapters' } };
}
function intake(workers: number): ProcessOfGateway {
  return { name: 'intake', env: { ROLES: 'intake', ...(workers > 1 ? { WORKERS: String(workers) } : {}) } };
}

export interface RunningGateway {
  url: string;
  /** One for each tenant. */
  tokens: readonly string[];
  /** Where the embedded log and store are. */
  dataDir: string;
  /** CPU and memory by process. */
  usage(): Record<string, Usage>;
  /** From the metrics page of each process; event-loop delays since the last call. */
  figures(): Promise<Record<string, PageFigures>>;
  /** Starts or ends the CPU profiles. */
  toggleProfiles(): void;
  /** Starts one more process, or one that was stopped, with the settings that all have. */
  startProcess(which: ProcessOfGateway): Promise<void>;
  /** Orderly end of one. */
  stopProcess(name: string): Promise<void>;
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
  /** Tenants that submit, by share of the declarations; one by default. */
  shares?: readonly number[];
  /** Agencies that have the rules of another, by code. */
  ruleCopies?: Readonly<Record<string, string>>;
  /** Where CPU profiles go: the process's name and more is added. */
  profiles?: string;
}

const PRELOAD = path.join(__dirname, 'preload.js');
const running = new Set<GatewayProcess>();

export async function startGatewayUnderTest(options: GatewayOptions): Promise<RunningGateway> {
  const { from, topology, profiles, shares = [1], ruleCopies = {} } = options;
  buildGateway(from);
  const nodeArguments = [...startArguments(from), '--require', PRELOAD];
  const folder = gatewayFolder();
  const tokens = shares.map(() => randomBytes(32).toString('base64url'));
  const env = {
    ...options.env,
    API_KEYS_FILE: writeKeys(folder.varDir, tokens),
    ...(Object.keys(ruleCopies).length === 0 ? {} : { BENCH_RULE_COPIES: JSON.stringify(ruleCopies) }),
  };
  const processes = new Map<string, GatewayProcess>();
  /** What processes used that were stopped. */
  const spent = new Map<string, number>();
  const startProcess = async ({ name, env: own }: ProcessOfGateway): Promise<void> => {
    const profile = profiles === undefined ? {} : { PROFILE_FILE: `${profiles}.${name}` };
    const process = await startGatewayProcess(folder, { ...env, ...own, ...profile }, { from, nodeArguments });
    processes.set(name, process);
    running.add(process);
  };
  const stopProcess = async (name: string): Promise<void> => {
    const process = processes.get(name);
    if (process === undefined) return;
    spent.set(name, (spent.get(name) ?? 0) + (usageOf(process.child.pid)?.cpuSeconds ?? 0));
    processes.delete(name);
    await process.stop();
    running.delete(process);
  };
  const stop = async (): Promise<void> => {
    await Promise.all([...processes.keys()].map(stopProcess));
  };
  try {
    for (const process of topology.processes) await startProcess(process);
  } catch (cause) {
    await stop();
    folder.remove();
    throw cause;
  }
  return {
    url: [...processes.values()].find(({ url }) => url !== '')?.url ?? '',
    tokens,
    dataDir: path.join(folder.varDir, 'data'),
    usage: () => {
      const usages: Record<string, Usage> = {};
      for (const [name, { child }] of processes) {
        const usage = usageOf(child.pid);
        if (usage !== undefined) usages[name] = { ...usage, cpuSeconds: usage.cpuSeconds + (spent.get(name) ?? 0) };
      }
      for (const [name, cpuSeconds] of spent) usages[name] ??= { cpuSeconds, rssBytes: 0 };
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
    startProcess,
    stopProcess,
    stop,
    remove: () => folder.remove(),
  };
}

/** API keys of tenants, as docs/operations.md describes the file. */
function writeKeys(folder: string, tokens: readonly string[]): string {
  const file = path.join(folder, 'api-keys.json');
  const keys = tokens.map((token, i) => ({
    sha256: createHash('sha256').update(token).digest('hex'),
    name: `bench-${i}`,
    role: 'agent',
    tenant: `bench-${i}`,
  }));
  writeFileSync(file, JSON.stringify({ keys }), { mode: 0o600 });
  return file;
}

/** What `npm start` gives to node. */
function startArguments(from: string): string[] {
  const { scripts } = JSON.parse(readFileSync(path.join(from, 'package.json'), 'utf8')) as { scripts: { start: string } };
  return scripts.start.split(' ').filter((word) => word.startsWith('-'));
}

export function killGateways(): void {
  for (const { child } of running) child.kill('SIGKILL');
}
