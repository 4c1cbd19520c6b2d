import path from 'node:path';
import type { BackendConfig, ToBackend } from '../backend';
import { exited, forkScript, messageOf } from '../children';
import type { SuiteWorld } from '../end-to-end';

/** An agency's own system as a process of the benchmark. */
export interface Backend {
  say(message: ToBackend): void;
  stop(): Promise<void>;
}

export async function startBackend(world: SuiteWorld, agency: string, delayMs: number): Promise<Backend> {
  const brokers = world.services?.kafkaBrokers.split(',') ?? [];
  const config: BackendConfig = { brokers, topicPrefix: world.topicPrefix, agency, delayMs };
  const child = forkScript(path.join(__dirname, '..', 'backend.ts'), config);
  await messageOf(child, (message): message is 'ready' => message === 'ready');
  return {
    say: (message) => {
      child.send(message);
    },
    stop: () => {
      child.disconnect();
      return exited(child);
    },
  };
}
