import path from 'node:path';
import { exited, forkScript, messageOf } from './children';
import type { FloorConfig, FromFloor } from './floor';
import { usageOf } from './process-usage';
import type { WarmUp } from './steady';

export interface FloorResult {
  /** Declarations per second. */
  rate: number;
  warmUp: WarmUp;
  /** CPU seconds per 1,000 declarations. */
  clientCpu: number | undefined;
  brokerCpu: number | undefined;
  config: Pick<FloorConfig, 'partitions' | 'inFlight' | 'sizes' | 'flushed' | 'seconds'>;
}

export async function runFloor(config: FloorConfig, brokerPid: number | undefined): Promise<FloorResult> {
  const child = forkScript(path.join(__dirname, 'floor.ts'), config);
  await messageOf(child, (message): message is 'measuring' => message === 'measuring');
  const before = [usageOf(child.pid), usageOf(brokerPid)];
  const { rate, warmUp } = await messageOf(child, (message): message is Exclude<FromFloor, string> => typeof message === 'object');
  const after = [usageOf(child.pid), usageOf(brokerPid)];
  await exited(child);
  const [clientCpu, brokerCpu] = before.map((usage, i) => {
    const then = after[i];
    return usage === undefined || then === undefined ? undefined : (then.cpuSeconds - usage.cpuSeconds) / ((rate * config.seconds) / 1000);
  });
  const { partitions, inFlight, sizes, flushed, seconds } = config;
  return { rate, warmUp, clientCpu, brokerCpu, config: { partitions, inFlight, sizes, flushed, seconds } };
}
