import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { SuiteRun } from './end-to-end';
import { flameGraph } from './flame-graph';
import { callTree, type Frame, type Profile } from './profile';

/**
 * Where the time goes: self time by function and by stage, and a flame graph, from .cpuprofile files. Samples tell shares only (a process
 * that waits for a core is sampled too); the microseconds are these shares of the CPU that /proc shows for the process, its collector's
 * threads included.
 */
export interface ProfileSummary {
  suite: string;
  process: string;
  /** Beside the .cpuprofile, with .svg after it. */
  flameGraph: string;
  /** CPU microseconds a declaration of the whole process. */
  cpuUs: number;
  stages: Share[];
  functions: Share[];
}

export interface Share {
  name: string;
  /** Of what the process was busy with. */
  share: number;
  us: number;
}

const TOP = 25;

/** One for each profile that the run's processes wrote as `<stem>.<process>.<pid>.cpuprofile`. */
export function profileReport(stem: string, run: SuiteRun): ProfileSummary[] {
  const start = `${path.basename(stem)}.`;
  const folder = path.dirname(stem);
  return readdirSync(folder)
    .filter((file) => file.startsWith(start) && file.endsWith('.cpuprofile'))
    .sort()
    .map((file) => {
      const process = file.slice(start.length).split('.')[0] ?? '';
      const cpuUs = (run.phases[0]?.cpu[process]?.median ?? NaN) * 1000;
      const tree = callTree(JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as Profile);
      const svg = path.join(folder, `${file}.svg`);
      writeFileSync(svg, flameGraph(tree, `${run.name}: ${process}, ${cpuUs.toFixed(0)} µs a declaration`));
      return { suite: run.name, process, flameGraph: svg, cpuUs, ...sharesOf(tree, cpuUs) };
    });
}

/** @param cpuUs CPU microseconds a declaration of the whole process */
export function sharesOf(tree: Frame, cpuUs: number): Pick<ProfileSummary, 'stages' | 'functions'> {
  const [functions, stages] = [new Map<string, number>(), new Map<string, number>()];
  const add = (to: Map<string, number>, name: string, us: number): void => void to.set(name, (to.get(name) ?? 0) + us);
  const walk = (frame: Frame, caller: string | undefined): void => {
    const shown = frame.isForeign && caller !== undefined ? `${frame.name} ← ${caller}` : frame.name;
    if (frame.selfUs > 0) {
      add(functions, shown, frame.selfUs);
      add(stages, frame.stage, frame.selfUs);
    }
    for (const child of frame.children) walk(child, frame.isForeign ? caller : frame.name);
  };
  walk(tree, undefined);
  const shares = (values: Map<string, number>): Share[] =>
    [...values].sort((a, b) => b[1] - a[1]).map(([name, us]) => ({ name, share: us / tree.totalUs, us: (us * cpuUs) / tree.totalUs }));
  return { stages: shares(stages), functions: shares(functions).slice(0, TOP) };
}
