import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { checkHistory, type CheckReport } from '../checker/check-history';
import type { Invariant } from '../checker/findings';
import { FileHistory } from './file-history';

const REGISTER = path.resolve(__dirname, '..', '..', 'support', 'register-typescript.js');

/** All that a run left in its directory. */
export function checkRun(directory: string): Promise<CheckReport> {
  const names = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return checkHistory(new FileHistory(names.map(({ name }) => path.join(directory, name)).sort()));
}

/**
 * The checker in a process of its own: it takes the CPU for seconds, and the proxies of the run, which the gateway's bytes go through,
 * would stand still.
 */
export async function checkInChild(directories: readonly string[], mayBeEmpty: readonly Invariant[]): Promise<CheckReport> {
  const child = spawn(process.execPath, ['--require', REGISTER, __filename, JSON.stringify({ directories, mayBeEmpty })], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`the checker ended with ${String(code)}: ${err.slice(-2_000)}`);
  return JSON.parse(out) as CheckReport;
}

if (require.main === module) {
  const { directories, mayBeEmpty } = JSON.parse(process.argv[2] ?? '{}') as { directories: string[]; mayBeEmpty: Invariant[] };
  void checkHistory(new FileHistory(directories), { mayBeEmpty }).then((report) => process.stdout.write(JSON.stringify(report)));
}
