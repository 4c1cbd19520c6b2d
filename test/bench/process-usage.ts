import { readdirSync, readFileSync } from 'node:fs';

/** What processes cost, from /proc: Linux only, everything undefined elsewhere. */
export interface Usage {
  cpuSeconds: number;
  /** Memory of their own, without files that are mapped (lmdb's data, indexes of the broker); sum over the processes. */
  rssBytes: number;
}

/** Ticks of /proc/<pid>/stat: USER_HZ, 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** A process and all its descendants (WORKERS, the java that a guard starts); what a descendant used before it ended counts too. */
export function usageOf(pid: number | undefined): Usage | undefined {
  if (pid === undefined) return undefined;
  const all = processes();
  if (!all.has(pid)) return undefined;
  let [ticks, kilobytes] = [0, 0];
  const walk = (at: number): void => {
    const found = all.get(at);
    if (found === undefined) return;
    ticks += found.ticks;
    kilobytes += found.kilobytes();
    for (const [child, { parent }] of all) if (parent === at) walk(child);
  };
  walk(pid);
  return { cpuSeconds: ticks / TICKS_PER_SECOND, rssBytes: kilobytes * 1024 };
}

/** Its children, theirs, and itself. */
export function familyOf(pid: number): number[] {
  const all = processes();
  const family = [pid];
  for (const member of family) for (const [child, { parent }] of all) if (parent === member) family.push(child);
  return family;
}

/** CPU seconds that the machine has been busy with anything. */
export function machineBusySeconds(): number | undefined {
  const ticks = read('/proc/stat').split('\n', 1)[0]?.split(/\s+/).slice(1).map(Number) ?? [];
  if (ticks.length < 8) return undefined;
  // user nice system idle iowait irq softirq steal; what a guest used is in user.
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = ticks;
  return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND;
}

interface Found {
  parent: number;
  ticks: number;
  kilobytes(): number;
}

function anonymousKilobytes(pid: string): number {
  return Number(/^RssAnon:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);
}

function processes(): Map<number, Found> {
  const found = new Map<number, Found>();
  for (const name of list()) {
    const stat = read(`/proc/${name}/stat`);
    // The name in parentheses may hold anything; what follows it is numbers, the state first.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const field = (n: number): number => Number(fields[n - 3] ?? 0);
    // utime, stime, and those of children that were waited for.
    if (stat !== '')
      found.set(Number(name), {
        parent: field(4),
        ticks: field(14) + field(15) + field(16) + field(17),
        kilobytes: () => anonymousKilobytes(name),
      });
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
