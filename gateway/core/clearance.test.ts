import { DossierStory } from '../../test/support/dossier-story';
import { decree336, shippedRules } from '../../test/support/test-rules';
import { clearanceOf, isAnswered, verdictOfDossier, versionKeyOf, withIssuedVersion } from './clearance';
import type { DossierState, Task } from './dossier';
import type { Clearance } from './messages';

/** What a clearance says of a state; when there is a version is told in fold.test.ts. */

function stateAfter(tell: (story: DossierStory) => unknown): DossierState {
  const story = new DossierStory();
  story.declare();
  tell(story);
  if (story.state === undefined) throw new Error('no dossier');
  return story.state;
}

function clearanceAfter(tell: (story: DossierStory) => unknown): Clearance {
  const state = stateAfter(tell);
  return clearanceOf(state, verdictOfDossier(state, decree336), decree336, shippedRules, { partition: 0, offset: 9 });
}

test('version 0 is pending, without times of issue or validity, and says who is awaited in both languages', () => {
  const clearance = clearanceAfter((story) => story.acceptAll('customs', 'tax'));
  expect(clearance).toMatchObject({ version: 0, status: 'pending', statusCode: '45', final: false });
  for (const member of ['issuedAt', 'validFrom', 'validTo', 'signature', 'test']) expect(clearance).not.toHaveProperty(member);
  expect(clearance.summary).toBe(
    'Pending. Awaited: Maritime Administration (harbour master), Planning and Investment (business registration).',
  );
  expect(clearance.summaryVi).toBe('Đang chờ xử lý. Đang chờ: Cảng vụ hàng hải, Kế hoạch và Đầu tư.');
});

test('who is silent past the due time is named as awaited and as overdue, an adviser as overdue only', () => {
  const { summary } = clearanceAfter((story) => [story.pass('customs'), story.pass('tax'), story.acceptAll('harbour-master', 'planning')]);
  expect(summary).toBe('Pending. Awaited: Customs. Overdue: Customs, Tax authority.');
});

test('it is valid from its issue for the hours of the rule set, counted from the call where that is later', () => {
  expect(clearanceAfter((story) => story.acceptAll())).toMatchObject({
    validFrom: '2026-11-24T03:04:00Z',
    validTo: '2026-11-27T02:00:00Z',
  });
  expect(clearanceAfter((story) => story.at('2026-11-28T00:00:00Z').acceptAll())).toMatchObject({ validTo: '2026-11-29T00:03:00Z' });
  for (const outcome of ['refused', 'moreInfoRequired', 'held'] as const) {
    expect(clearanceAfter((story) => story.acceptAll().decide('customs', outcome))).not.toHaveProperty('validFrom');
  }
});

test('a cancelled one names nobody as late or awaited', () => {
  const clearance = clearanceAfter((story) => [story.pass('customs'), story.declare({ messageId: 'C', action: 'cancel' })]);
  expect(clearance).toMatchObject({ status: 'cancelled', final: true, summary: 'Cancelled by the declarant.' });
});

test.each<[Task['state'], boolean]>([
  ['open', false],
  ['withdrawn', false],
  ['acknowledged', false],
  ['revoked', false],
  ['accepted', true],
  ['conditionallyAccepted', true],
  ['refused', true],
  ['moreInfoRequired', true],
  ['notApplicable', true],
])('%s is an answer: %s', (state, expected) => {
  const [task] = stateAfter(() => undefined).tasks;
  if (task === undefined) throw new Error('no task');
  expect(isAnswered({ ...task, state })).toBe(expected);
});

test('a version key differs by what makes a version, and not by times, acknowledgements or the silence of who is awaited', () => {
  const keyOf = (tell: (story: DossierStory) => unknown): string => {
    const state = stateAfter(tell);
    return versionKeyOf(state, verdictOfDossier(state, decree336));
  };
  const open = keyOf(() => undefined);
  expect(keyOf((story) => story.decide('customs', 'acknowledged'))).toBe(open);
  expect(keyOf((story) => story.pass('customs'))).toBe(open);
  expect(keyOf((story) => story.at('2026-11-24T03:30:00Z').acceptAll())).toBe(keyOf((story) => story.acceptAll()));
  expect(new Set([open, keyOf((story) => story.decide('customs', 'accepted')), keyOf((story) => story.decide('tax', 'held'))]).size).toBe(
    3,
  );
});

test('a version that was issued before takes its place without becoming another one at the next record', () => {
  const state = stateAfter((story) => story.acceptAll('customs'));
  const issued = { ...clearanceAfter((story) => story.acceptAll('customs')), version: 4, issuedAt: '2026-11-24T03:00:30Z' };
  const stood = withIssuedVersion(state, issued, shippedRules);
  expect(stood).toMatchObject({ version: 4, issuedAt: '2026-11-24T03:00:30Z', status: 'pending' });
  expect(stood.versionKey).toBe(versionKeyOf(state, verdictOfDossier(state, decree336)));
});
