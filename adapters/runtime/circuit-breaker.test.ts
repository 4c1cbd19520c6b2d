import fc from 'fast-check';
import { abandoned, admit, closedCircuit, failed, succeeded, type Circuit } from './circuit-breaker';

const policy = { failureThreshold: 3, openMs: 100, maxOpenMs: 350 };

/** Fails the probe of an open circuit at its time. */
function probeFails(circuit: Circuit): Circuit {
  if (circuit.phase !== 'open') throw new Error('not open');
  const probe = admit(circuit, circuit.untilMs, policy);
  return probe.admitted ? failed(probe.circuit, circuit.untilMs, policy) : circuit;
}

const openedAt0 = [0, 0, 0].reduce<Circuit>((circuit, now) => failed(circuit, now, policy), closedCircuit);

describe('the circuit breaker', () => {
  it('stays closed below the threshold and forgets failures with a success', () => {
    const twice = failed(failed(closedCircuit, 0, policy), 0, policy);
    expect(twice).toEqual({ phase: 'closed', failures: 2 });
    expect(succeeded()).toEqual(closedCircuit);
  });

  it('opens at the threshold and lets nothing through until its time', () => {
    expect(openedAt0).toEqual({ phase: 'open', untilMs: 100, openings: 1 });
    expect(admit(openedAt0, 99, policy)).toEqual({ admitted: false, waitMs: 1 });
  });

  it('lets one probe through, then nobody', () => {
    const probe = admit(openedAt0, 100, policy);
    expect(probe).toEqual({ admitted: true, circuit: { phase: 'half-open', openings: 1 } });
    expect(admit({ phase: 'half-open', openings: 1 }, 100, policy)).toMatchObject({ admitted: false });
  });

  it('opens for twice as long after each failed probe, up to the limit', () => {
    const lengths = [openedAt0];
    for (let i = 0; i < 3; i++) lengths.push(probeFails(lengths.at(-1) as Circuit));
    expect(lengths).toEqual([
      { phase: 'open', untilMs: 100, openings: 1 },
      { phase: 'open', untilMs: 300, openings: 2 },
      { phase: 'open', untilMs: 650, openings: 3 },
      { phase: 'open', untilMs: 1000, openings: 4 },
    ]);
  });

  it('is not opened longer by calls that went out before it opened', () => {
    expect(failed(openedAt0, 50, policy)).toBe(openedAt0);
  });

  it('lets somebody else probe when the probe was given up', () => {
    expect(admit(abandoned({ phase: 'half-open', openings: 2 }, 500), 500, policy)).toMatchObject({ admitted: true });
    expect(abandoned(closedCircuit, 0)).toBe(closedCircuit);
    expect(abandoned(openedAt0, 0)).toBe(openedAt0);
  });

  it('is always passable again after waiting as told, whatever happened before', () => {
    const event = fc.constantFrom('admit', 'fail', 'succeed', 'abandon');
    fc.assert(
      fc.property(fc.array(fc.tuple(event, fc.nat(400)), { maxLength: 40 }), (events) => {
        let circuit: Circuit = closedCircuit;
        let now = 0;
        for (const [kind, ms] of events) {
          now += ms;
          if (kind === 'admit') {
            const asked = admit(circuit, now, policy);
            if (asked.admitted) circuit = asked.circuit;
          } else if (kind === 'fail') circuit = failed(circuit, now, policy);
          else if (kind === 'succeed') circuit = succeeded();
          else circuit = abandoned(circuit, now);
        }
        // A probe under way ends by itself.
        circuit = abandoned(circuit, now);
        const asked = admit(circuit, now, policy);
        return asked.admitted || (asked.waitMs <= policy.maxOpenMs && admit(circuit, now + asked.waitMs, policy).admitted);
      }),
    );
  });
});
