import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EVERY_MS = 15;

/**
 * Looks again until `look` gives something other than undefined or false, and returns that. For what another process or a broker
 * brings about: the bound is generous and only ends a test that would never end, nothing is asserted about the time.
 */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  withinMs = 20_000,
): Promise<T> {
  const untilMs = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > untilMs) throw new Error(`never happened: ${what}`);
    await sleep(LOOK_EVERY_MS);
  }
}
