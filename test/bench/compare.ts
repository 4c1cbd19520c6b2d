import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bench, endWithUs, fileName, root } from './bench';
import { gatewayCpu } from './gateway-cpu';
import { floorOf, spread, table } from './report';
import { readBenchSettings, USAGE } from './settings';
import { spreadOf, type Spread } from './statistics';

/**
 * Two commits side by side in one run: built in work trees of their own, measured in turns (A B, B A, …), by the benchmark of this
 * checkout. Shown are ratios B : A, one for each turn, because only what is measured together can be compared.
 */
export async function compare(args: readonly string[]): Promise<void> {
  const [first, second, ...options] = args;
  if (first === undefined || second === undefined) throw new Error(USAGE);
  const settings = readBenchSettings(options.includes('--only') ? options : ['--only', 'micro,intake,kafka,embedded', ...options], root);
  endWithUs(settings.limitMinutes * 2);
  const commits = [first, second].map(resolve);
  const trees = commits.map(checkOut);
  // A commit that does not build ends the process there and then.
  process.on('exit', () => trees.forEach(remove));
  const figures: Map<string, number>[][] = [[], []];
  for (let turn = 0; turn < settings.repetitions; turn++) {
    for (const which of turn % 2 === 0 ? [0, 1] : [1, 0]) {
      process.stderr.write(`bench: turn ${turn + 1} of ${settings.repetitions}, ${commits[which] ?? ''}\n`);
      const result = await bench({
        ...settings,
        gateway: trees[which] ?? '',
        repetitions: 1,
        latencies: options.includes('--rates') && settings.latencies,
        rates: options.includes('--rates') ? settings.rates : [],
      });
      const found = figuresOf(result);
      figures[which]?.push(found.values);
      for (const fault of found.faults) process.stdout.write(`VOID ${commits[which] ?? ''}: ${fault}\n`);
      if (found.faults.length > 0) process.exitCode = 1;
    }
  }
  const rows = rowsOf(figures[0] ?? [], figures[1] ?? []);
  const shown = (one: Spread): string => spread(one, one.median < 20 ? 2 : 0);
  const text = table(
    ['figure', `A ${commits[0] ?? ''}`, `B ${commits[1] ?? ''}`, 'B : A'],
    rows.map(({ name, a, b, ratio }) => [name, shown(a), shown(b), spread(ratio, 2)]),
  );
  const file = settings.out ?? path.join(root, 'var', 'bench', `compare-${fileName(new Date().toISOString())}.json`);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ commits, rows }, null, 1)}\n`);
  process.stdout.write(`${text}\n\nwritten to ${path.relative(process.cwd(), file)}\n`);
  process.exit();
}

interface Row {
  name: string;
  a: Spread;
  b: Spread;
  ratio: Spread;
}

/** Figures that both have, turn by turn. */
function rowsOf(a: readonly Map<string, number>[], b: readonly Map<string, number>[]): Row[] {
  return [...(a[0]?.keys() ?? [])].flatMap((name): Row[] => {
    const pairs = a.flatMap((turn, i) => {
      const [one, other] = [turn.get(name), b[i]?.get(name)];
      return one === undefined || other === undefined ? [] : [[one, other] as const];
    });
    if (pairs.length === 0) return [];
    return [
      {
        name,
        a: spreadOf(pairs.map(([one]) => one)),
        b: spreadOf(pairs.map(([, other]) => other)),
        ratio: spreadOf(pairs.map(([one, other]) => other / one)),
      },
    ];
  });
}

function figuresOf({ micro, floors, suites }: Awaited<ReturnType<typeof bench>>): { values: Map<string, number>; faults: string[] } {
  const values = new Map<string, number>();
  const faults: string[] = [];
  for (const { name, ns } of micro) values.set(`${name}, µs`, ns / 1000);
  const floor = floorOf(floors).rate;
  if (floor !== undefined) values.set('floor, declarations/s', floor);
  for (const suite of suites) {
    for (const phase of suite.phases) {
      const set = (what: string, value: number | undefined): void => {
        if (value !== undefined) values.set(`${suite.name}, ${phase.name}: ${what}`, value);
      };
      faults.push(...phase.faults.map((fault) => `${suite.name}, ${phase.name}: ${fault}`));
      set('done/s', phase.donePerSecond.median);
      set('gateway CPU ms', gatewayCpu(phase.cpu));
      set('202 p99 ms', phase.answered?.p99);
      set('clearance p50 ms', phase.cleared?.p50);
      set('clearance p99 ms', phase.cleared?.p99);
    }
  }
  return { values, faults };
}

function resolve(name: string): string {
  return execFileSync('git', ['-C', root, 'rev-parse', '--short=12', '--verify', `${name}^{commit}`], { encoding: 'utf8' }).trim();
}

/** A work tree with the dependencies of its own lock file. */
function checkOut(commit: string, which: number): string {
  const tree = path.join(root, 'var', 'bench', 'trees', `${which === 0 ? 'a' : 'b'}-${commit}`);
  remove(tree);
  execFileSync('git', ['-C', root, 'worktree', 'add', '--detach', '--force', tree, commit], { stdio: 'ignore' });
  const lock = (folder: string): string => readFileSync(path.join(folder, 'package-lock.json'), 'utf8');
  if (lock(tree) === lock(root)) symlinkSync(path.join(root, 'node_modules'), path.join(tree, 'node_modules'));
  else execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: tree, stdio: ['ignore', 'ignore', 'inherit'] });
  return tree;
}

function remove(tree: string): void {
  if (!existsSync(tree)) return;
  // First the link, so that what it points to is safe.
  rmSync(path.join(tree, 'node_modules'), { recursive: true, force: true });
  execFileSync('git', ['-C', root, 'worktree', 'remove', '--force', tree], { stdio: 'ignore' });
}
