/** The invariants of guarantees §2. */
export const INVARIANTS = ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8', 'I9', 'I10', 'I11', 'I12'] as const;
export type Invariant = (typeof INVARIANTS)[number];

/** What kind of harm a violation is, for the table of a run. */
export type Harm = 'lost' | 'doubled' | 'leaked' | 'wrong';

export interface Violation {
  invariant: Invariant;
  harm: Harm;
  /** Dossier, message or position in the log. */
  where: string;
  explanation: string;
}

/** Kept in full; what comes after is only counted. */
const KEPT_PER_INVARIANT = 50;

export class Findings {
  readonly violations: Violation[] = [];
  readonly violated: Partial<Record<Invariant, number>> = {};
  readonly harms: Record<Harm, number> = { lost: 0, doubled: 0, leaked: 0, wrong: 0 };
  readonly checked = Object.fromEntries(INVARIANTS.map((invariant) => [invariant, 0])) as Record<Invariant, number>;
  /** What is no violation and worth knowing. */
  readonly counted: Record<string, number> = {};

  check(invariant: Invariant, times = 1): void {
    this.checked[invariant] += times;
  }

  report(invariant: Invariant, harm: Harm, where: string, explanation: string): void {
    const before = this.violated[invariant] ?? 0;
    this.violated[invariant] = before + 1;
    this.harms[harm]++;
    if (before < KEPT_PER_INVARIANT) this.violations.push({ invariant, harm, where, explanation });
  }

  count(what: string, times = 1): void {
    this.counted[what] = (this.counted[what] ?? 0) + times;
  }
}
