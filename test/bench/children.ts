import { fork, type ChildProcess } from 'node:child_process';
import path from 'node:path';

/** Processes of the benchmark: TypeScript through swc, one JSON argument, messages both ways, never left behind. */
const REGISTER = path.resolve(__dirname, '..', 'support', 'register-typescript.js');
const running = new Set<ChildProcess>();

/** Starts `file` with `config`; it is to end by itself when our end of the channel closes. */
export function forkScript(file: string, config: unknown): ChildProcess {
  const child = fork(file, [JSON.stringify(config)], { execArgv: ['--require', REGISTER], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

/** The next message that `is` wanted. @throws when the process ends before it comes */
export function messageOf<T>(child: ChildProcess, is: (message: unknown) => message is T): Promise<T> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void => reject(new Error(`a process of the benchmark ended with ${String(code)}`));
    const onMessage = (message: unknown): void => {
      if (!is(message)) return;
      child.off('exit', onExit);
      child.off('message', onMessage);
      resolve(message);
    };
    child.once('exit', onExit);
    child.on('message', onMessage);
  });
}

export function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

export function killChildren(): void {
  for (const child of running) child.kill('SIGKILL');
}
