import fc from 'fast-check';
import type { Declaration } from '../../../gateway/core/declaration';
import { LogOutcomeUnknown, LogUnavailable, StoreUnavailable } from '../../../gateway/core/exchange-error';
import type { DecisionOutcome, RequestMessage } from '../../../gateway/core/messages';
import { FakeDossierStore } from '../../support/fake-dossier-store';
import { AGENTS, SmallWorld, type Agent } from '../support/small-world';
import { checkHistory } from './check-history';

/** Random days, with faults between any two steps: the checker finds nothing, for the gateway keeps its promises and the checker is right. */
type Step =
  | { do: 'declare'; agent: Agent; test: boolean }
  | { do: 'again' | 'amend' | 'cancel' | 'other bytes'; which: number; content: number }
  | { do: 'decide'; which: number; agency: string; outcome: DecisionOutcome; again: boolean }
  | { do: 'settle'; minutes: number }
  | { do: 'deadlines' | 'redeliver' | 'rebuild' | 'look' }
  | { do: 'fail'; what: 'answer' | 'append' | 'store'; times: number };

const agencies = ['harbour-master', 'customs', 'tax', 'planning'];
const outcomes: DecisionOutcome[] = ['accepted', 'accepted', 'conditionallyAccepted', 'refused', 'moreInfoRequired', 'notApplicable', 'acknowledged', 'revoked', 'held', 'released']; // prettier-ignore
const which = fc.nat(50);
const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant('declare' as const), agent: fc.constantFrom<Agent>('agent', 'agent2'), test: fc.nat(5).map((n) => n === 0) }) }, // prettier-ignore
    { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('again' as const, 'amend' as const, 'cancel' as const, 'other bytes' as const), which, content: fc.nat(3) }) }, // prettier-ignore
    { weight: 4, arbitrary: fc.record({ do: fc.constant('decide' as const), which, agency: fc.constantFrom(...agencies), outcome: fc.constantFrom(...outcomes), again: fc.boolean() }) }, // prettier-ignore
    { weight: 4, arbitrary: fc.record({ do: fc.constant('settle' as const), minutes: fc.constantFrom(0, 1, 61) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('deadlines' as const, 'redeliver' as const, 'rebuild' as const, 'look' as const) }) }, // prettier-ignore
    { weight: 1, arbitrary: fc.record({ do: fc.constant('fail' as const), what: fc.constantFrom('answer' as const, 'append' as const, 'store' as const), times: fc.integer({ min: 1, max: 2 }) }) }, // prettier-ignore
  ),
  { minLength: 8, maxLength: 40 },
);

const contents = [
  { formalities: { waste: { deliveryStatus: 'all' } } },
  { formalities: { cargo: null } },
  { voyage: { voyageNumber: '7' } },
  { formalities: { shipStores: { items: [{ sequenceNumber: 1, quantity: { value: 4, unit: 'LTR' } }] } } },
];

async function live(moves: readonly Step[]): Promise<SmallWorld> {
  const failures = { answer: 0, append: 0, store: 0 };
  const fails = (what: keyof typeof failures): boolean => failures[what] > 0 && failures[what]-- > 0;
  const world = await SmallWorld.create({
    logOf: (part, log) => {
      if (part !== 'intake') return log;
      log.beforeAppend = () => {
        if (fails('append')) throw new LogUnavailable('no');
      };
      log.afterAppend = () => {
        if (fails('answer')) throw new LogOutcomeUnknown('lost');
      };
      return log;
    },
    storeOf: (part, store) => {
      if (part === 'intake' && store instanceof FakeDossierStore)
        store.before = () => {
          if (fails('store')) throw new StoreUnavailable('away');
        };
      return store;
    },
  });
  for (const agency of agencies) world.plays[agency] = () => (agency === 'customs' ? undefined : [{ outcome: 'accepted' }]);
  const sent: { agent: Agent; declaration: Declaration; root: Declaration }[] = [];
  const submit = async (agent: Agent, declaration: Declaration, root = declaration): Promise<void> => {
    sent.push({ agent, declaration, root });
    await world.submit(agent, declaration);
  };
  for (const step of moves) {
    const chosen = 'which' in step && step.do !== 'decide' ? sent[step.which % Math.max(sent.length, 1)] : undefined;
    switch (step.do) {
      case 'declare':
        await submit(
          step.agent,
          world.declaration(step.agent, ({ header }) => {
            if (step.test) header.testIndicator = true;
          }),
        );
        break;
      case 'again':
        if (chosen !== undefined) await world.submit(chosen.agent, chosen.declaration);
        break;
      case 'other bytes':
        if (chosen !== undefined) await world.submit(chosen.agent, { ...chosen.declaration, voyage: { voyageNumber: `${step.content}` } });
        break;
      case 'amend':
      case 'cancel': {
        if (chosen === undefined) break;
        const { agent, root } = chosen;
        const { header } = world.declaration(agent);
        const purpose = step.do;
        const test = root.header.testIndicator === true ? { testIndicator: true } : {};
        const named = { ...header, ...test, purpose, referenceMessageId: root.header.messageId };
        await submit(agent, { header: named, ...(purpose === 'cancel' ? {} : contents[step.content]) } as Declaration, root);
        break;
      }
      case 'decide': {
        const requests = world.logData.records(`requests.${step.agency}`);
        const request = requests[step.which % Math.max(requests.length, 1)];
        if (request === undefined) break;
        const { taskId } = JSON.parse(request.value.toString()) as RequestMessage;
        const decision = { taskId, outcome: step.outcome, reference: `${step.which % 3}` };
        for (let i = 0; i < (step.again ? 2 : 1); i++) await world.write(step.agency, decision, { partition: i });
        break;
      }
      case 'settle':
        world.clock.advance(step.minutes * 60_000);
        await world.settle();
        for (const agent of Object.keys(AGENTS) as Agent[]) await world.followFeed(agent);
        break;
      case 'deadlines':
        await world.settle();
        await world.fireDeadlines();
        break;
      case 'redeliver':
        await world.redeliver(3);
        break;
      case 'rebuild':
        await world.settle();
        await world.rebuild();
        await world.settle();
        break;
      case 'look':
        for (const entry of world.entries)
          if (entry.kind === 'answer' && entry.status === 202)
            await world.look(entry.tenant as Agent, (JSON.parse(entry.body) as { dossierId: string }).dossierId);
        break;
      case 'fail':
        failures[step.what] += step.times;
    }
  }
  Object.assign(failures, { answer: 0, append: 0, store: 0 });
  await world.settle();
  await world.fireDeadlines();
  await world.settle();
  return world;
}

test('of random days with lost answers, repeats, contradictions, crashes and rebuilds there is nothing to report', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (moves) => {
      const history = await (await live(moves)).history();
      // What was delivered again was counted again: metrics are compared over undisturbed stretches only.
      const kept = history.entries.filter(({ kind }) => kind !== 'counted');
      history.entries.splice(0, history.entries.length, ...kept);
      const { violations } = await checkHistory(history, {
        buckets: 2,
        mayBeEmpty: ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8', 'I9', 'I12'],
      });
      expect(violations).toEqual([]);
    }),
    { numRuns: 25 },
  );
});
