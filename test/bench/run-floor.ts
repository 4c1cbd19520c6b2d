import { existsSync } from 'node:fs';
import path from 'node:path';
import { exited, forkScript, messageOf } from './children';
import type { FloorConfig, FromFloor } from './floor';
import { machineBusySeconds, usageOf } from './process-usage';
import type { KafkaClient } from './settings';
import type { WarmUp } from './steady';

export interface FloorResult {
  /** Declarations per second. */
  rate: number;
  warmUp: WarmUp;
  /** CPU seconds per 1,000 declarations. */
  clientCpu: number | undefined;
  brokerCpu: number | undefined;
  /** Cores that other processes of the machine used meanwhile. */
  othersCores: number | undefined;
  config: Pick<FloorConfig, 'partitions' | 'inFlight' | 'sizes' | 'flushed' | 'seconds'>;
}

/** The bare program with each client, a file each; undefined where there is none. */
export function floorOfClient(client: KafkaClient): string | undefined {
  const file = path.join(__dirname, client === 'kafkajs' ? 'floor.ts' : `floor-${client}.ts`);
  return existsSync(file) ? file : undefined;
}

export async function runFloor(client: KafkaClient, config: FloorConfig, brokerPid: number | undefined): Promise<FloorResult> {
  const file = floorOfClient(client);
  if (file === undefined) throw new Error(`there is no floor with ${client}`);
  const child = forkScript(file, config);
  await messageOf(child, (message): message is 'measuring' => message === 'measuring');
  const before = [usageOf(child.pid), usageOf(brokerPid)];
  const busyBefore = machineBusySeconds();
  const { rate, warmUp } = await messageOf(child, (message): message is Exclude<FromFloor, string> => typeof message === 'object');
  const after = [usageOf(child.pid), usageOf(brokerPid)];
  const busyAfter = machineBusySeconds();
  await exited(child);
  const used = before.map((usage, i) => (usage === undefined ? undefined : (after[i]?.cpuSeconds ?? NaN) - usage.cpuSeconds));
  const [clientCpu, brokerCpu] = used.map((cpu) => (cpu === undefined ? undefined : cpu / ((rate * config.seconds) / 1000)));
  const othersCores =
    busyBefore === undefined || busyAfter === undefined
      ? undefined
      : (busyAfter - busyBefore - used.reduce<number>((sum, cpu) => sum + (cpu ?? 0), 0)) / config.seconds;
  const { partitions, inFlight, sizes, flushed, seconds } = config;
  return { rate, warmUp, clientCpu, brokerCpu, othersCores, config: { partitions, inFlight, sizes, flushed, seconds } };
}
