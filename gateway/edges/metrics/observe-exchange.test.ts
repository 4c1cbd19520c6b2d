import { DossierStory } from '../../../test/support/dossier-story';
import { FakeClock } from '../../../test/support/fake-clock';
import type { DecisionOutcome } from '../../core/messages';
import { outcomeOf } from '../../exchange';
import { createMetrics } from './metrics';
import { observeExchange } from './observe-exchange';

interface Value {
  labels: object;
  value: number;
  metricName?: string;
}

/** What a dossier's story is in the metrics, at a clock that is a second ahead of each record. */
async function observed(tell: (story: DossierStory) => unknown, again = false): Promise<(name: string) => Promise<object[]>> {
  const metrics = createMetrics({ version: '', node: '' });
  const clock = new FakeClock('2026-11-24T03:00:00Z');
  const observer = observeExchange(metrics, { error: () => undefined, warn: () => undefined, info: () => undefined }, clock);
  const story = new DossierStory();
  tell(story);
  for (const [i, fact] of story.facts.entries()) {
    clock.jumpTo(new Date(Date.parse(fact.value.receivedAt) + 1_000).toISOString());
    const result = story.results[i];
    if (result !== undefined) observer.folded(outcomeOf({ fact, result }), again);
  }
  return async (name) => {
    const { values } = (await metrics.registry.getSingleMetric(name)?.get()) as { values: Value[] };
    const sums = values.filter(({ metricName }) => metricName === undefined || metricName === `${name}_sum`);
    return sums.map(({ labels, value }) => ({ ...labels, value }));
  };
}

test('an agency’s decision is timed from its request by the stamps of the log, whoever decided, and the stages by our clock', async () => {
  const sums = await observed((story) => {
    story.declare();
    story.decide('customs', 'acknowledged');
    story.decide('customs', 'accepted');
    story.at('2026-11-24T03:30:00Z').decide('tax', 'conditionallyAccepted', { decidedAt: '2020-01-01T00:00:00Z' });
  });
  expect(await sums('seaport_agency_decision_seconds')).toEqual([
    { agency: 'customs', outcome: 'acknowledged', value: 60 },
    { agency: 'customs', outcome: 'accepted', value: 120 },
    { agency: 'tax', outcome: 'conditionallyAccepted', value: 1800 },
  ]);
  expect(await sums('seaport_stage_duration_seconds')).toEqual([
    { stage: 'aggregate', value: 3 },
    { stage: 'agency', value: 121 + 1801 },
  ]);
});

test('a hold over an answer is no second answer, and a stamp before the request is no negative time', async () => {
  const sums = await observed((story) => {
    story.declare();
    story.decide('customs', 'accepted');
    story.decide('customs', 'held');
    story.at('2026-11-24T02:00:00Z').decide('planning', 'accepted');
  });
  expect(await sums('seaport_stage_duration_seconds')).toEqual([
    { stage: 'agency', value: 61 },
    { stage: 'aggregate', value: 3 },
  ]);
  expect(await sums('seaport_agency_decision_seconds')).toContainEqual({ agency: 'planning', outcome: 'accepted', value: 0 });
});

test.each<[string, (story: DossierStory) => unknown, boolean]>([
  ['of a test', (story) => (story.declare({ test: true }), story.decide('customs', 'accepted')), false],
  ['of a rebuild', (story) => (story.declare(), story.decide('customs', 'accepted')), true],
  [
    'that has no effect',
    (story) => (story.declare(), story.decide('customs', 'accepted' satisfies DecisionOutcome, { revision: 7 })),
    false,
  ],
])('a decision %s is not timed', async (_which, tell, again) => {
  const sums = await observed(tell, again);
  expect(await sums('seaport_agency_decision_seconds')).toEqual([]);
  expect(await sums('seaport_stage_duration_seconds')).toEqual([]);
});

test.each([false, true])('what is set aside is counted where it is folded, and not when that is done again (%s)', async (again) => {
  const sums = await observed((story) => {
    story.declare();
    story.decide('customs', 'accepted', { taskId: 'T-1' });
  }, again);
  const letters = [{ topic: 'dossiers', reason: 'task-unknown', value: 1 }];
  expect(await sums('seaport_dead_letters_total')).toEqual(again ? [] : letters);
});
