import { readdirSync, readFileSync } from 'node:fs';

/** What processes cost, from /proc: Linux only, everything undefined elsewhere. */
export interface Usage {
  cpuSeconds: number;
  /** Sum over the processes; pages that they share count twice. */
  rssBytes: number;
}

/** Ticks of /proc/<pid>/stat: USER_HZ, 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

/** A process and all its descendants (WORKERS, the java that a guard starts); what a descendant used before it ended counts too. */
export function usageOf(pid: number | undefined): Usage | undefined {
  if (pid === undefined) return undefined;
  const all = processes();
  if (!all.has(pid)) return undefined;
  let [ticks, pages] = [0, 0];
  const walk = (at: number): void => {
    const found = all.get(at);
    if (found === undefined) return;
    ticks += found.ticks;
    pages += found.pages;
    for (const [child, { parent }] of all) if (parent === at) walk(child);
  };
  walk(pid);
  return { cpuSeconds: ticks / TICKS_PER_SECOND, rssBytes: pages * PAGE_BYTES };
}

/** Its children, theirs, and itself. */
export function familyOf(pid: number): number[] {
  const all = processes();
  const family = [pid];
  for (const member of family) for (const [child, { parent }] of all) if (parent === member) family.push(child);
  return family;
}

function processes(): Map<number, { parent: number; ticks: number; pages: number }> {
  const found = new Map<number, { parent: number; ticks: number; pages: number }>();
  for (const name of list()) {
    const stat = read(`/proc/${name}/stat`);
    // The name in parentheses may hold anything; what follows it is numbers, the state first.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const field = (n: number): number => Number(fields[n - 3] ?? 0);
    // utime, stime, and those of children that were waited for.
    if (stat !== '') found.set(Number(name), { parent: field(4), ticks: field(14) + field(15) + field(16) + field(17), pages: field(24) });
  }
  return found;
}

function list(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
