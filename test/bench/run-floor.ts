import path from 'node:path';
import { exited, forkScript, messageOf } from './children';
import type { FloorConfig, FromFloor } from './floor';
import { machineBusySeconds, usageOf } from './process-usage';
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

export async function runFloor(config: FloorConfig, brokerPid: number | undefined): Promise<FloorResult> {
  const child = forkScript(path.join(__dirname, 'floor.ts'), config);
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
