import type { RateStep, Tenant } from './load';

/** When requests are due, and whose they are. Pure. */

/** Milliseconds from the start at which the nth request is due; n = 0, 1, … The last step never ends. */
export function scheduleOf(rate: number | readonly RateStep[]): (n: number) => number {
  const steps = typeof rate === 'number' ? [{ rate, seconds: Infinity }] : rate;
  const begins: { n: number; atMs: number; rate: number }[] = [];
  let [n, atMs] = [0, 0];
  for (const step of steps) {
    begins.push({ n, atMs, rate: step.rate });
    n += Math.round(step.rate * step.seconds);
    atMs += step.seconds * 1000;
  }
  return (count) => {
    const step = begins.findLast((candidate) => candidate.n <= count) ?? begins[0];
    return step === undefined ? Infinity : step.atMs + ((count - step.n) * 1000) / step.rate;
  };
}

/** Which tenant the nth declaration is of: the same for its replays and amendments. Neighbours are unlike. */
export function tenantOf(n: number, tenants: readonly Pick<Tenant, 'share'>[]): number {
  if (tenants.length < 2) return 0;
  let rest = (Math.imul(n + 1, 0x9e3779b1) >>> 0) / 4_294_967_296;
  for (const [i, { share }] of tenants.entries()) {
    rest -= share;
    if (rest < 0) return i;
  }
  return tenants.length - 1;
}
