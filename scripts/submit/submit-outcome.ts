import type { Clearance, Receipt } from '../../gateway/core/messages';
import type { Problem } from '../../gateway/core/problem';
import type { DryRunAnswer } from '../../gateway/dry-run';

/** An RFC 9457 problem as the gateway answers it. */
export interface ProblemAnswer {
  code?: string;
  title?: string;
  detail?: string;
  errors?: Problem[];
}

/** What became of one sending. */
export type SubmitOutcome =
  | { kind: 'clearance'; clearance: Clearance; replayed: boolean; warnings: readonly Problem[] }
  /** Received, and no clearance could be read before the time was over. */
  | { kind: 'received'; receipt: Receipt; replayed: boolean }
  | { kind: 'dry-run'; answer: DryRunAnswer }
  | { kind: 'fault'; httpStatus: number; problem: ProblemAnswer }
  | { kind: 'failure'; message: string };

export type ExitCode = 0 | 1 | 3 | 4;

/** contract.md §1, `npm run submit`. */
export function exitCodeOf(outcome: SubmitOutcome): ExitCode {
  switch (outcome.kind) {
    case 'clearance':
      return exitCodeOfStatus(outcome.clearance.status);
    case 'received':
      return 4;
    case 'dry-run':
      if (!outcome.answer.valid) return 1;
      return exitCodeOfStatus(outcome.answer.predicted?.status ?? 'pending');
    case 'fault':
    case 'failure':
      return 1;
  }
}

function exitCodeOfStatus(status: Clearance['status']): ExitCode {
  switch (status) {
    case 'granted':
    case 'conditional':
      return 0;
    case 'refused':
    case 'incomplete':
    case 'held':
    case 'cancelled':
      return 3;
    case 'pending':
      return 4;
  }
}

const worstFirst: readonly ExitCode[] = [1, 4, 3, 0];

/** Of several the worst: 1 > 4 > 3 > 0. */
export function worstExitCode(codes: Iterable<ExitCode>): ExitCode {
  const seen = new Set(codes);
  return worstFirst.find((code) => seen.has(code)) ?? 0;
}
