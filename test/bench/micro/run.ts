import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { exited, forkScript, messageOf } from '../children';
import { measure, type Benches, type MicroResult } from './harness';

/** Measures every `*.bench.ts` below this folder, in a process of its own so that nothing else runs beside it. `checkout`: those of another commit. */
export async function runMicro(quick: boolean, checkout?: string): Promise<MicroResult[]> {
  const file = checkout === undefined ? __filename : path.join(checkout, 'test', 'bench', 'micro', 'run.ts');
  // A commit from before there were any.
  if (!existsSync(file)) return [];
  const child = forkScript(file, { quick });
  const results = await messageOf(child, (message): message is MicroResult[] => Array.isArray(message));
  await exited(child);
  return results;
}

async function measureAll(quick: boolean): Promise<MicroResult[]> {
  const files = readdirSync(__dirname, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.bench.ts'));
  const results: MicroResult[] = [];
  for (const file of files.sort()) {
    const { benches } = (await import(path.join(__dirname, file))) as { benches: Benches };
    for (const bench of await benches()) results.push(await measure(bench, quick));
  }
  return results;
}

if (require.main === module) {
  const { quick } = JSON.parse(process.argv[2] ?? '{}') as { quick: boolean };
  process.once('disconnect', () => process.exit(1));
  void measureAll(quick).then((results) => process.send?.(results, () => process.exit(0)));
}
