import { DossierStory } from '../test/support/dossier-story';
import { FakeDossierStore } from '../test/support/fake-dossier-store';
import { rulesWith } from '../test/support/test-rules';
import type { DossierState } from './core/dossier';
import type { StoreChange } from './ports/dossier-store';
import {
  eventChanges,
  eventScore,
  indexChanges,
  indexes,
  keys,
  parseTimerMember,
  readEvents,
  recordScore,
  scoreOfEventId,
  timerMember,
} from './read-model';

const marker = (offset: number) => ({ epoch: 'e', offset, clearancesOffset: 0 });
const shipStores = { items: [{ sequenceNumber: 1, quantity: { value: 4, unit: 'LTR' } }] };

/** The indexes of a store that was brought from state to state. */
async function indexesAfter(states: (DossierState | undefined)[]): Promise<string> {
  const store = new FakeDossierStore();
  let before: DossierState | undefined;
  for (const [i, state] of states.entries()) {
    if (state === undefined) continue;
    await store.commit(0, i === 0 ? null : marker(i - 1), marker(i), indexChanges(before, state));
    before = state;
  }
  return store.data
    .dump()
    .split('\n')
    .filter((line) => line.includes('['))
    .join('\n');
}

const stories: [string, (story: DossierStory) => void][] = [
  ['granted', (story) => story.acceptAll()],
  [
    'amended after decisions',
    (story) => story.acceptAll('customs').declare({ messageId: 'M-2', action: 'amend', declaration: { formalities: { shipStores } } }),
  ],
  ['revoked', (story) => story.acceptAll().decide('customs', 'revoked')],
  ['past its deadlines', (story) => [story.pass('customs'), story.pass('tax'), story.decide('tax', 'accepted')]],
  ['cancelled', (story) => story.declare({ messageId: 'C', action: 'cancel' })],
  [
    'with a formality that came late',
    (story) => [
      story.declare({ messageId: 'M-2', action: 'amend', declaration: { reportedFormalities: ['shipStores'] } }),
      story.pass('shipStores'),
      story.declare({ messageId: 'M-3', action: 'amend', declaration: { formalities: { shipStores } } }),
    ],
  ],
];

test.each(stories)('the indexes of a dossier %s are those of its last state alone, whatever came before', async (_case, tell) => {
  for (const rules of [undefined, rulesWith({ 'harbour-master': { after: ['customs'] }, finance: { connected: true } })]) {
    const story = new DossierStory(rules);
    story.declare();
    tell(story);
    const { state } = story;
    if (state === undefined) throw new Error('no dossier');
    expect(await indexesAfter(story.results.map((result) => result.state))).toBe(await indexesAfter([state]));
  }
});

test('a dossier stands in its tenant’s list once, under the time when it was opened', () => {
  const story = new DossierStory();
  story.declare();
  const [first] = story.results;
  if (first?.state === undefined || story.state === undefined) throw new Error('no dossier');
  const inList = (changes: StoreChange[]): StoreChange[] =>
    changes.filter((change) => 'index' in change && change.index === indexes.dossiers('agent'));
  expect(inList(indexChanges(undefined, first.state))).toEqual([
    { index: indexes.dossiers('agent'), add: story.state.dossierId, score: Date.parse('2026-11-24T03:00:00Z'), was: null },
  ]);
  story.acceptAll();
  expect(inList(indexChanges(first.state, story.state))).toEqual([]);
});

test('a task is on the list of what is open until it is answered, and on neither before it is asked', () => {
  const story = new DossierStory(rulesWith({ 'harbour-master': { after: ['customs'] } }));
  story.declare();
  const before = story.state;
  if (before === undefined) throw new Error('no dossier');
  const listsOf = (changes: StoreChange[]): string[] =>
    changes.flatMap((change) => ('add' in change && /^t[od]:/.test(change.index) ? change.index : []));
  expect(listsOf(indexChanges(undefined, before))).toEqual(['to:customs', 'to:tax', 'to:planning']);
  story.decide('customs', 'accepted');
  if (story.state === undefined) throw new Error('no dossier');
  expect(listsOf(indexChanges(before, story.state))).toEqual(['to:harbour-master', 'td:customs']);
});

test('no key or index of one tenant is that of another', () => {
  const [a, b] = ['agent', 'agent2'].map((tenant) => [
    indexes.dossiers(tenant),
    indexes.feed(tenant),
    keys.openCall(tenant, '9074729', 'VNHPH'),
    keys.idempotencyKey(tenant, 'key'),
  ]);
  for (const name of a ?? []) expect(b).not.toContain(name);
  expect(keys.openCall('agent', '90', '74729VNHPH')).not.toBe(keys.openCall('agent', '9074729', 'VNHPH'));
});

test('a timer’s member says which dossier and which timer', () => {
  const dossierId = 'f'.repeat(30);
  for (const timer of [`task:${dossierId}-${'0'.repeat(16)}`, 'formality:cargo', 'with|bar']) {
    expect(parseTimerMember(timerMember(dossierId, timer))).toEqual({ dossierId, timer });
  }
});

describe('event ids', () => {
  test('are log positions: in the order of offset and place, and read back', () => {
    const changes = eventChanges(
      { tenant: 'agent', dossierId: 'd', dossierCode: 'c' },
      [
        { type: 'decision', at: '2026-11-24T03:00:00Z', data: {} },
        { type: 'clearance', at: '2026-11-24T03:00:00Z', data: { version: 1 } },
      ],
      { partition: 7, offset: 42 },
    );
    const [{ put, value } = { put: '', value: '' }, ...others] = changes.filter((change) => 'put' in change);
    expect([put, others]).toEqual(['ve:7-42', []]);
    for (const index of [indexes.feed('agent'), indexes.events('d')]) {
      expect(changes).toContainEqual({ index, add: '7-42', score: eventScore(42, 0), was: null });
    }
    const read = (from: number): string[] => readEvents('7-42', Buffer.from(value), from).map(({ id, type }) => `${id} ${type}`);
    expect(read(0)).toEqual(['7-42-0 decision', '7-42-1 clearance']);
    expect(read(eventScore(42, 1))).toEqual(['7-42-1 clearance']);
    expect(read(eventScore(43, 0))).toEqual([]);
    expect([eventScore(42, 0), eventScore(42, 1), eventScore(42, 99)].map(recordScore)).toEqual(Array(3).fill(eventScore(42, 0)));
    expect(scoreOfEventId('7-42-1')).toEqual({ partition: 7, score: eventScore(42, 1) });
    expect(eventScore(42, 99)).toBeLessThan(eventScore(43, 0));
  });

  test.each(['', '7', '7-42', '7-42-1-1', '-1-42-1', '7-42-x', '7-42-100', '7-1e3-1', ' 7-42-1'])('%j is none', (id) => {
    expect(scoreOfEventId(id)).toBeUndefined();
  });
});
