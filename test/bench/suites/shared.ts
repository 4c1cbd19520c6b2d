import type { BenchServices, SuiteOptions } from '../end-to-end';
import { doneRateOf, type PhaseOptions, type PhaseRun } from '../phase';
import type { BenchSettings } from '../settings';

/** What suites are made of. */
export type MakeSuites = (settings: BenchSettings, services: BenchServices | undefined) => SuiteOptions[];

/** Open loop: enough that a request never waits for one. */
const OPEN_CONNECTIONS = 1_000;

export function phase(
  settings: BenchSettings,
  name: string,
  load: Partial<PhaseOptions['load']>,
  extra: Partial<PhaseOptions> = {},
): PhaseOptions {
  const { connections, steadiness, seconds, repetitions } = settings;
  return {
    name,
    load: { size: 'typical', format: 'xml', replays: 0, amendments: 0, invalid: 0, connections, ...load },
    steadiness,
    seconds,
    repetitions,
    ...extra,
  };
}

/** Closed loop: the most that is cleared with so many declarations under way. */
export function ceiling(
  settings: BenchSettings,
  load: Partial<PhaseOptions['load']> = {},
  extra: Partial<PhaseOptions> = {},
): PhaseOptions {
  return phase(settings, 'ceiling', { inFlight: settings.inFlight, ...load }, { profile: settings.profile, ...extra });
}

export function atRate(settings: BenchSettings, name: string, rate: number, extra: Partial<PhaseOptions> = {}): PhaseOptions {
  return phase(settings, name, { rate, connections: OPEN_CONNECTIONS }, extra);
}

export function halfOfCeiling(settings: BenchSettings): (runs: readonly PhaseRun[]) => PhaseOptions {
  return (runs) => {
    const rate = shareOfCeiling(runs, 0.5);
    return atRate(settings, `half of the ceiling: ${rate}/s`, rate);
  };
}

/** So much of what the suite's first phase reached, in whole tens per second. */
export function shareOfCeiling(runs: readonly PhaseRun[], share: number): number {
  const reached = runs[0] === undefined ? 0 : doneRateOf(runs[0]);
  return Math.max(10, Math.round((reached * share) / 10) * 10);
}
