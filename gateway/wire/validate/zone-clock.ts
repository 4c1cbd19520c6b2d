/**
 * Clock times of a zone of the tz database as instants. A formatter costs a millisecond to make: one a zone, kept.
 * The number of zones is bounded by configuration, never by messages.
 */
export interface ZoneClock {
  /** The instant at which a clock in the zone shows `clockMs` (milliseconds since 1970 as if UTC). */
  instantOf(clockMs: number): number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const clocks = new Map<string, ZoneClock>();

/** @throws RangeError when the zone is not in the tz database. */
export function zoneClockOf(zone: string): ZoneClock {
  let clock = clocks.get(zone);
  if (clock === undefined) {
    clock = createZoneClock(zone);
    clocks.set(zone, clock);
  }
  return clock;
}

function createZoneClock(zone: string): ZoneClock {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  // Times of one declaration lie close together: the last hour asked for answers most of them.
  let lastHour = NaN;
  let lastOffset = 0;

  function offsetAt(ms: number): number {
    const hour = Math.floor(ms / HOUR_MS);
    if (hour === lastHour) return lastOffset;
    const part: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(hour * HOUR_MS)) part[type] = Number(value);
    const clock = Date.UTC(
      part['year'] ?? 0,
      (part['month'] ?? 1) - 1,
      part['day'] ?? 1,
      part['hour'] ?? 0,
      part['minute'] ?? 0,
      part['second'] ?? 0,
    );
    lastHour = hour;
    lastOffset = clock - hour * HOUR_MS;
    return lastOffset;
  }

  function instantOf(clockMs: number): number {
    // Before 1900 offsets are those of the sun: no such time is meant, a rule says so (time-implausible).
    if (clockMs < -2_208_988_800_000) return clockMs;
    const before = offsetAt(clockMs - DAY_MS);
    const after = offsetAt(clockMs + DAY_MS);
    // A time that comes twice when clocks go back is the first of the two.
    if (offsetAt(clockMs - before) === before) return clockMs - before;
    // A time that clocks skip is read with the offset before, as java.time and Temporal do.
    return offsetAt(clockMs - after) === after ? clockMs - after : clockMs - before;
  }

  return { instantOf };
}
