import { setTimeout as sleep } from 'node:timers/promises';

/** Tries again until the expectations inside no longer throw; after the bound the last failure is the test's. */
export async function untilHolds<T>(attempt: () => Promise<T>, withinMs = 20_000): Promise<T> {
  const untilMs = performance.now() + withinMs;
  for (;;) {
    try {
      return await attempt();
    } catch (cause) {
      if (performance.now() > untilMs) throw cause;
      await sleep(25);
    }
  }
}
