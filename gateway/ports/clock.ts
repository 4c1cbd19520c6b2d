export interface Clock {
  /** Wall clock, milliseconds since the epoch, for stamps. */
  nowMs(): number;
  /** Monotonic, milliseconds, for durations. */
  monotonicMs(): number;
}

/** The machine's clock. */
export const systemClock: Clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
