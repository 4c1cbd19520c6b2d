import fc from 'fast-check';
import { DossierStory, deepFreeze } from '../../test/support/dossier-story';
import { smallArrival, type RecordOptions } from '../../test/support/declaration-records';
import { referenceStatus } from '../../test/support/reference-fold';
import { shippedRules } from '../../test/support/test-rules';
import { isAnswered } from './clearance';
import { requiredFormalities } from './deadlines';
import type { Declaration } from './declaration';
import type { DossierBody, DossierState } from './dossier';
import { fold, needsBody, type Fact, type FoldResult } from './fold';
import { dossierCodeOf, dossierIdOf, taskIdOf } from './identifiers';
import type { DecisionOutcome } from './messages';
import { ruleSetById } from './rule-set';

/** Random histories of one dossier: declarations, decisions, deadlines, repeats and re-deliveries in any order. */

const { agencies, ruleSets } = shippedRules;
const connected = agencies.filter((agency) => agency.connected);
const names = connected.map(({ code }) => code);
const dossierCode = dossierCodeOf(dossierIdOf('agent', 'M-1'));

type Move =
  | { do: 'declare'; how: number; content: number; base: number; newest: boolean; minutes: number }
  | {
      do: 'decide';
      agency: string;
      outcome: DecisionOutcome;
      identity: number;
      task: 'present' | 'former' | 'foreign';
      detail: number;
      minutes: number;
    }
  | { do: 'pass'; which: number }
  | { do: 'again'; which: number };

const minutes = fc.oneof(fc.nat(3), fc.nat(3), fc.constant(61), fc.constant(60 * 26));
const outcomes: DecisionOutcome[] = ['accepted', 'accepted', 'accepted', 'conditionallyAccepted', 'refused', 'moreInfoRequired', 'notApplicable', 'acknowledged', 'revoked', 'held', 'released']; // prettier-ignore
const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('declare' as const),
      how: fc.nat(11),
      content: fc.nat(7),
      base: fc.nat(9),
      newest: fc.boolean(),
      minutes,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('decide' as const),
      agency: fc.constantFrom(...names),
      outcome: fc.constantFrom(...outcomes),
      identity: fc.nat(30),
      task: fc.constantFrom(
        'present' as const,
        'present' as const,
        'present' as const,
        'present' as const,
        'former' as const,
        'foreign' as const,
      ),
      detail: fc.nat(9),
      minutes,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), which: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('again' as const), which: fc.nat(50) }) },
);
const stories = fc
  .record({
    law: fc.constantFrom('2026-11-26T02:00:00Z', '2026-10-13T02:00:00Z'),
    dialect: fc.constantFrom('json', 'epc-2021'),
    moves: fc.array(move, { maxLength: 25 }),
  })
  .map(tellStory);

/** Different views of different agencies, announced formalities, withdrawals, nothing at all. */
const contents: (RecordOptions['declaration'] & object)[] = [
  {},
  { formalities: { shipStores: { items: [{ sequenceNumber: 1, quantity: { value: 4, unit: 'LTR' } }] } } },
  { formalities: { shipStores: { items: [{ sequenceNumber: 1, quantity: { value: 5, unit: 'LTR' } }] } } },
  { formalities: { cargo: null } },
  { formalities: undefined, ship: { name: 'OTHER NAME' } },
  { formalities: undefined, extensions: { epc: { Remark: 'x' } } },
  { formalities: { waste: { items: [{ wasteTypeCode: '101' }] } }, reportedFormalities: ['shipStores', 'waste'] },
  { formalities: { cargo: { consignments: [{ transportContractNumber: 'BL-2', items: [{ itemNumber: 1, description: 'Salt' }] }] } } },
];

function tellStory({ law, dialect, moves }: { law: string; dialect: string; moves: Move[] }): DossierStory {
  const start = new Date(Date.parse(law) - 47 * 3_600_000).toISOString();
  const story = new DossierStory().at(start);
  const portCall = { ...smallArrival().portCall, portOfCall: { unLocode: 'VNHPH' }, eta: law };
  for (const step of [{ do: 'declare', how: 0, content: 0, base: 9, newest: true, minutes: 0 } satisfies Move, ...moves]) {
    if ('minutes' in step) story.at(new Date(Date.parse(story.now) + step.minutes * 60_000).toISOString());
    switch (step.do) {
      case 'declare': {
        const sentAt = new Date(Date.parse(step.newest ? story.now : law) - 60 * 3_600_000 * (step.newest ? 0 : 1)).toISOString();
        const action = step.how < 5 ? 'original' : step.how < 11 ? 'amend' : 'cancel';
        const messageId = step.how < 3 ? 'M-1' : step.how < 5 ? `P-${step.how}` : step.how < 7 ? 'A-1' : `A-${story.facts.length}`;
        const join = step.how === 3 || step.how === 4 ? { portCall: { ...portCall, visitId: dossierCode } } : { portCall };
        story.declare({
          root: 'M-1',
          messageId,
          action,
          dialect,
          sentAt,
          ...(step.base < 3 ? { baseRevision: step.base } : {}),
          ...(step.base === 8 && story.facts.length > 0 ? { test: true } : {}),
          declaration: { ...contents[step.content], ...join },
        });
        break;
      }
      case 'decide': {
        const detail = [
          {},
          {},
          {},
          { conditions: [{ code: 'C', text: 'c' }] },
          { documents: { cargo: 'refused' as const } },
          { documents: { crewList: 'refused' as const } },
          { documents: { shipStores: 'moreInfoRequired' as const } },
          { reasons: [{ code: 'TAX-ENFORCEMENT-STOP', text: 't' }] },
          { reasons: [{ code: 'PLAN-ENTERPRISE-REVOKED', text: 'p' }] },
          { documents: { waste: 'conditionallyAccepted' as const } },
        ][step.detail];
        const former = story.state?.formerTasks.find(({ agency }) => agency === step.agency)?.taskId;
        const foreign = taskIdOf(dossierIdOf('agent2', 'M-1'), step.agency, 1);
        const taskId = step.task === 'former' ? former : step.task === 'foreign' ? foreign : undefined;
        const dossierId = dossierIdOf('agent', 'M-1');
        story.decide(step.agency, step.outcome, {
          ...detail,
          dossierId,
          decisionId: `id-${step.identity}`,
          receivedAt: story.now,
          ...(taskId === undefined ? {} : { taskId }),
        });
        break;
      }
      case 'pass': {
        const timers = [...story.timers];
        const [timer, dueAt] = timers[step.which] ?? ['task:gone', '2026-11-24T04:00:00Z'];
        if (Date.parse(story.now) < Date.parse(dueAt)) story.at(dueAt);
        story.tell({
          kind: 'deadline',
          position: story.position(),
          value: { deadlineId: `${timer}@${dueAt}`, dossierId: dossierIdOf('agent', 'M-1'), timer, dueAt, receivedAt: story.now },
        });
        break;
      }
      case 'again': {
        const fact = story.facts[step.which % story.facts.length];
        if (fact !== undefined) story.tell({ ...fact, position: story.position() });
      }
    }
  }
  return story;
}

/** Folds a log from the beginning; every state goes through the store's JSON when `stored`. */
function replay(
  facts: readonly Fact[],
  stored: boolean,
): { results: FoldResult[]; state: DossierState | undefined; body: DossierBody | undefined } {
  let state: DossierState | undefined;
  let body: DossierBody | undefined;
  const results: FoldResult[] = [];
  for (const fact of facts) {
    const result = fold(deepFreeze(state), fact, needsBody(state, fact) ? deepFreeze(body) : undefined, shippedRules);
    results.push(result);
    state = stored && result.state !== undefined ? (JSON.parse(JSON.stringify(result.state)) as DossierState) : result.state;
    if (result.body !== undefined) body = stored ? (JSON.parse(JSON.stringify(result.body)) as DossierBody) : result.body;
  }
  return { results, state, body };
}

const runs = { numRuns: 300 };

test('folding the same log again gives the same bytes, also when each state went through the store', () => {
  fc.assert(
    fc.property(stories, ({ facts, results, state, body }) => {
      for (const stored of [false, true]) {
        const again = replay(facts, stored);
        expect(JSON.stringify(again.results)).toBe(JSON.stringify(results));
        expect(JSON.stringify([again.state, again.body])).toBe(JSON.stringify([state, body]));
      }
    }),
    runs,
  );
});

test('every record told twice changes nothing, and tells nobody anything new', () => {
  fc.assert(
    fc.property(stories, ({ facts, results, state, body }) => {
      const twice = replay(
        facts.flatMap((fact) => [fact, fact]),
        false,
      );
      expect(JSON.stringify([twice.state, twice.body])).toBe(JSON.stringify([state, body]));
      const issued = (list: readonly FoldResult[]): unknown =>
        list.flatMap(({ clearance, requests, results: told }) => [clearance ?? [], ...requests, ...told].flat());
      expect(issued(twice.results)).toEqual(issued(results));
    }),
    runs,
  );
});

test('a whole stretch of the log produced again at its end changes nothing', () => {
  fc.assert(
    fc.property(stories, fc.nat(20), ({ facts, state }, from) => {
      fc.pre(state !== undefined);
      // A foreign or stale decision stays foreign and stale, and what was rejected for a base of its own may fit now: those apart.
      const stretch = facts.slice(from).filter((_, i) => !isRejection(replay(facts.slice(0, from + i + 1), false).results.at(-1)));
      const after = replay([...facts, ...stretch], false);
      expect(JSON.stringify(after.state)).toBe(JSON.stringify(state));
    }),
    { numRuns: 60 },
  );
});

function isRejection(result: FoldResult | undefined): boolean {
  return result?.exit.exit === 'rejected';
}

test('each record leaves by one exit, and only what was applied changes more than the list of rejections', () => {
  fc.assert(
    fc.property(stories, ({ facts, results }) => {
      let before: DossierState | undefined;
      for (const [i, { exit, state, clearance, requests, rejected, body, events }] of results.entries()) {
        expect(['applied', 'duplicate', 'rejected', 'dead-lettered']).toContain(exit.exit);
        if (exit.exit !== 'applied') {
          expect([clearance, requests, body]).toEqual([undefined, [], undefined]);
          expect({ ...state, rejections: [] }).toEqual({ ...before, rejections: [] });
        }
        expect(rejected !== undefined).toBe(exit.exit === 'rejected' && facts[i]?.kind === 'declaration');
        if (exit.exit === 'duplicate' || exit.exit === 'dead-lettered') expect([events, state]).toEqual([[], before]);
        before = state;
      }
    }),
    runs,
  );
});

test('versions are 1 to n, each says something else than the one before, and the last one stands', () => {
  fc.assert(
    fc.property(stories, ({ clearances, state, results }) => {
      expect(clearances.map(({ version }) => version)).toEqual(clearances.map((_, i) => i + 1));
      expect(state?.version ?? 0).toBe(clearances.length);
      const said = clearances.map(({ status, final, conditions, missing, agencies: told }) =>
        JSON.stringify([
          status,
          final,
          conditions,
          missing,
          told.map(({ status: outcome, reasons, reference }) => [outcome, reasons, reference]),
        ]),
      );
      // Documents are decided apart and are not told in a clearance: a version may differ in those alone.
      for (const [i, text] of said.entries())
        if (text === said[i - 1]) expect(clearances[i]?.basis.offset).toBeGreaterThan(clearances[i - 1]?.basis.offset ?? -1);
      const bases = clearances.map(({ basis }) => basis.offset);
      expect([...bases].sort((a, b) => a - b)).toEqual(bases);
      if (clearances.length > 0) expect(clearances.at(-1)).toMatchObject({ status: state?.status, final: state?.final });
      else expect(state?.status).toBe('pending');
      expect(clearances[0]?.status).not.toBe('pending');
      for (const { clearance, state: then } of results) if (clearance !== undefined) expect(clearance.version).toBe(then?.version);
    }),
    runs,
  );
});

test('one task for each agency and revision that changed its view, asked once, and cancelled at most once', () => {
  fc.assert(
    fc.property(stories, ({ requests, state }) => {
      const askings = requests.filter(({ action }) => action !== 'cancel');
      expect(new Set(askings.map(({ taskId }) => taskId)).size).toBe(askings.length);
      for (const { taskId, dossierId, agency, revision } of askings) expect(taskId).toBe(taskIdOf(dossierId, agency, revision));
      for (const agency of names) {
        const revisions = askings.filter((request) => request.agency === agency).map(({ revision }) => revision);
        expect([...new Set(revisions)].sort((a, b) => a - b)).toEqual(revisions);
        expect(state?.tasks.find((task) => task.agency === agency)?.revision).toBe(revisions.at(-1));
      }
      const cancels = requests.filter(({ action }) => action === 'cancel').map(({ taskId }) => taskId);
      expect(new Set(cancels).size).toBe(cancels.length);
      expect(askings.map(({ taskId }) => taskId)).toEqual(expect.arrayContaining(cancels));
    }),
    runs,
  );
});

test('granted or conditional: nobody holds, and every decider has an unrevoked answer on its present task or its logged silence', () => {
  fc.assert(
    fc.property(stories, ({ facts, results }) => {
      for (const [i, { clearance, state }] of results.entries()) {
        if (state === undefined || (clearance?.status !== 'granted' && clearance?.status !== 'conditional')) continue;
        expect(state.tasks.some(({ held }) => held)).toBe(false);
        for (const task of state.tasks.filter(({ role }) => role === 'decides')) {
          const logged = facts.slice(0, i + 1).some(({ kind, value }) => kind === 'deadline' && value.timer === `task:${task.taskId}`);
          const isSilent = state.ruleSet === 'nd-85-2019' && task.agency !== 'harbour-master' && task.state !== 'revoked' && logged;
          expect(isAnswered(task) || isSilent).toBe(true);
        }
      }
    }),
    runs,
  );
});

test('a fold written a second time, from the documents alone, agrees on the status after every record', () => {
  const missingAt = (declaration: unknown, law: Parameters<typeof requiredFormalities>[1]): number[] =>
    requiredFormalities(declaration as Declaration, law)
      .filter(({ formality }) => (declaration as Declaration).formalities?.[formality] === undefined)
      .map(({ dueAt }) => Date.parse(dueAt ?? ''));
  fc.assert(
    fc.property(stories, ({ facts, results }) => {
      for (const [i, { state }] of results.entries()) {
        const status = referenceStatus(facts.slice(0, i + 1), connected, (id) => ruleSetById(ruleSets, id), taskIdOf, missingAt);
        expect(state?.status).toBe(status);
      }
    }),
    { numRuns: 150 },
  );
});

test('the random histories come to every status, every exit and every rejection that a dossier can have', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(stories, ({ results }) => {
      for (const { exit, state } of results) {
        seen.add(
          exit.exit === 'rejected'
            ? exit.code
            : exit.exit === 'dead-lettered'
              ? exit.reason
              : exit.exit === 'duplicate'
                ? `duplicate ${exit.kind}`
                : exit.exit,
        );
        if (state !== undefined) seen.add(state.status);
      }
    }),
    { numRuns: 600, seed: 336 },
  );
  expect([...seen].sort()).toEqual(
    ['applied', 'duplicate declaration', 'duplicate decision', 'duplicate deadline', 'dossier-cancelled', 'message-id-reused', 'revision-conflict', 'test-mismatch', 'task-superseded', 'task-unknown', 'pending', 'granted', 'conditional', 'refused', 'incomplete', 'held', 'cancelled'].sort(), // prettier-ignore
  );
});
