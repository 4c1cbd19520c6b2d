import fc from 'fast-check';
import { decree336, decree85 } from '../../test/support/test-rules';
import { AgencyRole, ClearanceStatus, DecisionOutcome } from './messages';
import { isAwaited, statusCodeOf, verdictOf, type AgencyAnswer, type VerdictInput } from './verdict';

/** The table of architecture.md §5, row by row. */

const decider = { role: AgencyRole.decides, state: 'open', overdue: false, held: false, reasons: [], conditions: [], documents: {} };

function harbour(change: Partial<AgencyAnswer> = {}): AgencyAnswer {
  return { ...decider, agency: 'harbour-master', ...change };
}
function customs(change: Partial<AgencyAnswer> = {}): AgencyAnswer {
  return { ...decider, agency: 'customs', ...change };
}
function tax(change: Partial<AgencyAnswer> = {}): AgencyAnswer {
  return { ...decider, agency: 'tax', role: AgencyRole.advises, ...change };
}
function planning(change: Partial<AgencyAnswer> = {}): AgencyAnswer {
  return { ...decider, agency: 'planning', role: AgencyRole.advises, ...change };
}
const accepted = { state: DecisionOutcome.accepted };
const refused = { state: DecisionOutcome.refused };
const wanted = { state: DecisionOutcome.moreInfoRequired };
const reason = (code: string) => [{ code, text: 'a reason' }];
const condition = [{ code: 'PILOT', text: 'Take a pilot.' }];

const connected = new Set(['harbour-master', 'customs', 'tax', 'planning']);

function verdict(answers: AgencyAnswer[], change: Partial<VerdictInput> = {}) {
  return verdictOf({
    cancelled: false,
    answers,
    formalityOverdue: false,
    ruleSet: decree336,
    takesPart: (agency) => connected.has(agency),
    ...change,
  });
}

/** All four, those given last replacing the accepting ones. */
function four(...changed: AgencyAnswer[]): AgencyAnswer[] {
  const all = [harbour(accepted), customs(accepted), tax(accepted), planning(accepted)];
  return all.map((answer) => changed.find((other) => other.agency === answer.agency) ?? answer);
}

describe('each row of the table', () => {
  test.each<[string, AgencyAnswer[], Partial<VerdictInput>, ClearanceStatus, boolean]>([
    ['everybody accepts', four(), {}, 'granted', true],
    ['notApplicable counts as accepted', four(customs({ state: DecisionOutcome.notApplicable })), {}, 'granted', true],
    ['nobody has answered', [harbour(), customs(), tax(), planning()], {}, 'pending', false],
    ['acknowledged counts as open', four(customs({ state: DecisionOutcome.acknowledged })), {}, 'pending', false],
    ['revoked counts as open', four(customs({ state: DecisionOutcome.revoked })), {}, 'pending', false],
    ['advice is awaited until its due time', four(tax()), {}, 'pending', false],
    ['overdue advice is waited for no longer', four(tax({ overdue: true }), planning({ overdue: true })), {}, 'granted', true],
    ['revoked advice is awaited until its due time', four(tax({ state: DecisionOutcome.revoked })), {}, 'pending', false],
    ['revoked advice past its due time is not', four(tax({ state: DecisionOutcome.revoked, overdue: true })), {}, 'granted', true],
    ['a decider conditions', four(customs({ state: DecisionOutcome.conditionallyAccepted })), {}, 'conditional', true],
    ['an acceptance with conditions is a condition', four(customs({ ...accepted, conditions: condition })), {}, 'conditional', true],
    ['an adviser conditions', four(tax({ state: DecisionOutcome.conditionallyAccepted, conditions: condition })), {}, 'conditional', true],
    ['a document is conditional', four(customs({ ...accepted, documents: { cargo: 'conditionallyAccepted' } })), {}, 'conditional', true],
    ['an adviser refuses without a policy row', four(tax({ ...refused, reasons: reason('TAX-DEBT') })), {}, 'conditional', true],
    ['an adviser wants more', four(planning(wanted)), {}, 'conditional', true],
    ['a decider wants more', four(customs(wanted)), {}, 'incomplete', true],
    ['a formality is missing at its due time', four(), { formalityOverdue: true }, 'incomplete', true],
    ['a formality is missing while agencies are open', four(customs()), { formalityOverdue: true }, 'incomplete', false],
    ['a decider refuses the whole call', four(customs(refused)), {}, 'refused', true],
    ['a decider refuses while others are open', [harbour(), customs(refused), tax(), planning()], {}, 'refused', false],
    ['an agency holds', four(customs({ ...accepted, held: true })), {}, 'held', false],
    ['an adviser holds', four(tax({ ...accepted, held: true })), {}, 'held', false],
    ['an agency holds and another refuses', four(customs({ ...accepted, held: true }), harbour(refused)), {}, 'held', false],
    ['the declarant cancelled', [harbour({ state: 'withdrawn' }), customs(refused)], { cancelled: true }, 'cancelled', true],
    ['the declarant cancelled while held', four(customs({ ...accepted, held: true })), { cancelled: true }, 'cancelled', true],
  ])('%s', (_case, answers, change, status, final) => {
    expect(verdict(answers, change)).toMatchObject({ status, final });
  });

  test('the severest of several counts: refused, incomplete, pending, conditional, granted', () => {
    const conditional = tax({ state: DecisionOutcome.conditionallyAccepted });
    expect(verdict(four(conditional)).status).toBe('conditional');
    expect(verdict(four(conditional, planning())).status).toBe('pending');
    expect(verdict(four(conditional, planning(), customs(wanted))).status).toBe('incomplete');
    expect(verdict(four(conditional, planning(), customs(wanted), harbour(refused))).status).toBe('refused');
  });

  test('who is awaited is named, and nobody is once it is cancelled', () => {
    expect(verdict([harbour(), customs(accepted), tax({ overdue: true }), planning()]).awaited).toEqual(['harbour-master', 'planning']);
    expect(verdict([harbour(), customs()], { cancelled: true }).awaited).toEqual([]);
  });

  test('who is only informed counts for nothing but a hold', () => {
    const finance = { ...decider, agency: 'finance', role: AgencyRole.informed };
    expect(verdict([...four(), finance])).toEqual({ status: 'granted', final: true, awaited: [] });
    expect(verdict([...four(), { ...finance, ...refused }]).status).toBe('granted');
    expect(verdict([...four(), { ...finance, held: true }]).status).toBe('held');
  });
});

describe('refusals name documents', () => {
  test.each<[string, AgencyAnswer[], ReadonlySet<string>, ClearanceStatus]>([
    ['its final authority refuses one', four(customs({ ...refused, documents: { cargo: 'refused' } })), connected, 'refused'],
    ['one refused inside an acceptance', four(customs({ ...accepted, documents: { cargo: 'refused' } })), connected, 'refused'],
    ['not its own', four(customs({ ...refused, documents: { security: 'refused' } })), connected, 'granted'],
    ['its own and another', four(customs({ ...refused, documents: { security: 'refused', shipStores: 'refused' } })), connected, 'refused'],
    ['none of those named is refused', four(customs({ ...refused, documents: { cargo: 'accepted' } })), connected, 'refused'],
    ['more wanted on its own', four(customs({ ...wanted, documents: { cargo: 'moreInfoRequired' } })), connected, 'incomplete'],
    ['more wanted on another', four(customs({ ...wanted, documents: { waste: 'moreInfoRequired' } })), connected, 'granted'],
    ['the lead, whose authority is not connected', four(harbour({ ...refused, documents: { crewList: 'refused' } })), connected, 'refused'],
    [
      'who is not its authority, which is not connected',
      four(customs({ ...refused, documents: { crewList: 'refused' } })),
      connected,
      'granted',
    ],
    ['the lead, whose authority is connected', four(harbour({ ...refused, documents: { cargo: 'refused' } })), connected, 'granted'],
    [
      'the lead, when its authority has been connected',
      four(harbour({ ...refused, documents: { crewList: 'refused' } })),
      new Set([...connected, 'border-guard']),
      'granted',
    ],
    [
      'a document that nobody is named for falls to the lead',
      four(harbour({ ...refused, documents: { ballast: 'refused' } })),
      connected,
      'refused',
    ],
    ['an adviser, whatever it names', four(tax({ ...refused, documents: { cargo: 'refused' } })), connected, 'conditional'],
  ])('%s', (_case, answers, takingPart, status) => {
    expect(verdict(answers, { takesPart: (agency) => takingPart.has(agency) }).status).toBe(status);
  });
});

describe('policy rows let an adviser block', () => {
  test.each<[AgencyAnswer, ClearanceStatus]>([
    [tax({ ...refused, reasons: reason('TAX-ENFORCEMENT-STOP') }), 'refused'],
    [tax({ ...wanted, reasons: reason('TAX-ENFORCEMENT-STOP') }), 'incomplete'],
    [tax({ ...accepted, reasons: reason('TAX-ENFORCEMENT-STOP') }), 'granted'],
    [planning({ ...refused, reasons: reason('PLAN-ENTERPRISE-DISSOLVED') }), 'refused'],
    [planning({ ...refused, reasons: reason('PLAN-ENTERPRISE-REVOKED') }), 'refused'],
    [planning({ ...refused, reasons: [...reason('OTHER'), ...reason('PLAN-ENTERPRISE-REVOKED')] }), 'refused'],
    [planning({ ...refused, reasons: reason('TAX-ENFORCEMENT-STOP') }), 'conditional'],
    [tax({ ...refused, reasons: reason('PLAN-ENTERPRISE-REVOKED') }), 'conditional'],
  ])('$0.agency $0.state with $0.reasons.0.code', (answer, status) => {
    expect(verdict(four(answer)).status).toBe(status);
  });
});

describe('silence past the due time', () => {
  const silent = customs({ overdue: true });
  test.each<[string, AgencyAnswer, typeof decree336, ClearanceStatus]>([
    ['Decree 336 waits for a decider', silent, decree336, 'pending'],
    ['Decree 85 lets the lead decide without it', silent, decree85, 'granted'],
    ['Decree 85 waits for the lead itself', harbour({ overdue: true }), decree85, 'pending'],
    ['Decree 85 waits until the deadline is logged', customs(), decree85, 'pending'],
    ['Decree 85: acknowledged is silence too', customs({ state: 'acknowledged', overdue: true }), decree85, 'granted'],
    ['Decree 85: who revoked is not silent', customs({ state: 'revoked', overdue: true }), decree85, 'pending'],
    ['Decree 336: who revoked is awaited', customs({ state: 'revoked', overdue: true }), decree336, 'pending'],
  ])('%s', (_case, answer, ruleSet, status) => {
    expect(verdict(four(answer), { ruleSet }).status).toBe(status);
  });
});

test('every status has its code of EMSWe, and a cancelled one none', () => {
  expect(Object.values(ClearanceStatus).map((status) => [status, statusCodeOf(status)])).toEqual([
    ['pending', '45'],
    ['granted', '1'],
    ['conditional', '3'],
    ['refused', '8'],
    ['incomplete', '35'],
    ['held', '45'],
    ['cancelled', undefined],
  ]);
});

describe('whatever the answers', () => {
  const severest: ClearanceStatus[] = ['cancelled', 'held', 'refused', 'incomplete', 'pending', 'conditional', 'granted'];
  const states = ['open', 'acknowledged', 'revoked', 'accepted', 'conditionallyAccepted', 'refused', 'moreInfoRequired', 'notApplicable'];
  const agencies = ['harbour-master', 'customs', 'border-guard', 'tax', 'planning', 'finance'];
  const roleOf = (agency: string): AgencyRole =>
    agency === 'finance' ? 'informed' : agency === 'tax' || agency === 'planning' ? 'advises' : 'decides';
  const documents = fc.dictionary(
    fc.constantFrom('cargo', 'crewList', 'security', 'ballast'),
    fc.constantFrom('accepted', 'refused', 'moreInfoRequired', 'conditionallyAccepted'),
    { maxKeys: 3 },
  );
  const answerOf = (agency: string): fc.Arbitrary<AgencyAnswer> =>
    fc.record({
      agency: fc.constant(agency),
      role: fc.constant(roleOf(agency)),
      state: fc.constantFrom(...states),
      overdue: fc.boolean(),
      held: fc.boolean().map((held) => held && agency !== 'tax'),
      reasons: fc.constantFrom([], reason('TAX-ENFORCEMENT-STOP'), reason('PLAN-ENTERPRISE-REVOKED'), reason('OTHER')),
      conditions: fc.constantFrom([], [], condition),
      documents,
    });
  const inputs: fc.Arbitrary<VerdictInput> = fc.record({
    cancelled: fc.boolean(),
    answers: fc.subarray(agencies).chain((some) => fc.tuple(...some.map(answerOf))),
    formalityOverdue: fc.boolean(),
    ruleSet: fc.constantFrom(decree336, decree85),
    takesPart: fc.subarray(agencies).map((some) => (agency: string) => some.includes(agency)),
  });
  const rank = (input: VerdictInput): number => severest.indexOf(verdictOf(input).status);

  test('the order of the agencies changes nothing', () => {
    fc.assert(
      fc.property(inputs, fc.infiniteStream(fc.nat()), (input, keys) => {
        const shuffled = input.answers.map((answer) => [keys.next().value as number, answer] as const).sort(([a], [b]) => a - b);
        const other = verdictOf({ ...input, answers: shuffled.map(([, answer]) => answer) });
        const one = verdictOf(input);
        expect({ ...other, awaited: [...other.awaited].sort() }).toEqual({ ...one, awaited: [...one.awaited].sort() });
      }),
    );
  });

  test('an agency that accepts instead of what it said never makes it worse', () => {
    fc.assert(
      fc.property(inputs, fc.nat(), (input, which) => {
        const at = input.answers.length === 0 ? -1 : which % input.answers.length;
        const better = input.answers.map((answer, i) =>
          i === at ? { ...answer, state: 'accepted', held: false, reasons: [], conditions: [], documents: {} } : answer,
        );
        expect(rank({ ...input, answers: better })).toBeGreaterThanOrEqual(rank(input));
      }),
    );
  });

  test('a verdict is as severe as the severest of its agencies alone, awaited ones and a missing formality apart', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const alone = input.answers.map((answer) => rank({ ...input, answers: [answer] }));
        expect(rank(input)).toBe(Math.min(rank({ ...input, answers: [] }), ...alone));
      }),
    );
  });

  test('granted or conditional means that every decider has answered, or the dated rule names its logged silence', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const { status } = verdictOf(input);
        if (status !== 'granted' && status !== 'conditional') return;
        for (const answer of input.answers.filter(({ role }) => role === 'decides')) {
          const isAnswer = !['open', 'acknowledged', 'revoked', 'moreInfoRequired', 'refused'].includes(answer.state);
          const isOutvoted = Object.keys(answer.documents).length > 0 && ['moreInfoRequired', 'refused'].includes(answer.state);
          const isSilentUnder85 =
            input.ruleSet === decree85 && answer.overdue && answer.agency !== decree85.lead && answer.state !== 'revoked';
          expect(isAnswer || isOutvoted || isSilentUnder85).toBe(true);
        }
        expect(input.answers.some(({ held }) => held)).toBe(false);
      }),
    );
  });

  test('it is final exactly when nobody is awaited and nobody holds, or it is cancelled', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const { final, awaited } = verdictOf(input);
        const waits = input.answers.some((answer) => isAwaited(answer, input.ruleSet));
        expect(final).toBe(input.cancelled || (!waits && !input.answers.some(({ held }) => held)));
        expect(awaited.length > 0).toBe(waits && !input.cancelled);
      }),
    );
  });
});
