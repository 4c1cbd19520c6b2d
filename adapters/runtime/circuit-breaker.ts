/**
 * Circuit breaker as a pure state machine: closed → (failures in a row) → open → (time) → half open, one probe → closed or open again,
 * twice as long. Time is an argument.
 */
export type Circuit =
  | { phase: 'closed'; failures: number }
  /** Nothing is called until then; `openings` in a row so far. */
  | { phase: 'open'; untilMs: number; openings: number }
  /** One probe is under way. */
  | { phase: 'half-open'; openings: number };

export interface CircuitPolicy {
  /** Failures in a row that open it. */
  failureThreshold: number;
  openMs: number;
  maxOpenMs: number;
}

export const closedCircuit: Circuit = { phase: 'closed', failures: 0 };

/** Whether a call may go out now; if not, when to ask again (a probe under way: after `openMs`, or as soon as it ends). */
export function admit(
  circuit: Circuit,
  nowMs: number,
  policy: CircuitPolicy,
): { admitted: true; circuit: Circuit } | { admitted: false; waitMs: number } {
  switch (circuit.phase) {
    case 'closed':
      return { admitted: true, circuit };
    case 'open':
      if (nowMs < circuit.untilMs) return { admitted: false, waitMs: circuit.untilMs - nowMs };
      return { admitted: true, circuit: { phase: 'half-open', openings: circuit.openings } };
    case 'half-open':
      return { admitted: false, waitMs: policy.openMs };
  }
}

/** The agency answered: whatever was before, it is there. */
export function succeeded(): Circuit {
  return closedCircuit;
}

export function failed(circuit: Circuit, nowMs: number, policy: CircuitPolicy): Circuit {
  switch (circuit.phase) {
    case 'closed':
      return circuit.failures + 1 < policy.failureThreshold
        ? { phase: 'closed', failures: circuit.failures + 1 }
        : opened(1, nowMs, policy);
    case 'half-open':
      return opened(circuit.openings + 1, nowMs, policy);
    case 'open':
      // A call that went out before it opened: known already.
      return circuit;
  }
}

/** The call was given up by us (shutdown, partition lost): it says nothing, but a probe must not be awaited for ever. */
export function abandoned(circuit: Circuit, nowMs: number): Circuit {
  return circuit.phase === 'half-open' ? { phase: 'open', untilMs: nowMs, openings: circuit.openings } : circuit;
}

function opened(openings: number, nowMs: number, policy: CircuitPolicy): Circuit {
  return { phase: 'open', untilMs: nowMs + Math.min(policy.openMs * 2 ** (openings - 1), policy.maxOpenMs), openings };
}
