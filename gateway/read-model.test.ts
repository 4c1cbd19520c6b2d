import { DossierStory } from '../test/support/dossier-story';
import { FakeDossierStore } from '../test/support/fake-dossier-store';
import { rulesWith } from '../test/support/test-rules';
import type { DossierState } from './core/dossier';
import { dossierCodeOf, dossierIdOf } from './core/identifiers';
import type { StoreChange } from './ports/dossier-store';
import {
  eventScore,
  feedChange,
  historyLine,
  indexChanges,
  indexes,
  keys,
  readEvents,
  readFeedMember,
  recordScore,
  scoreOfEventId,
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

test('a dossier stands among the timers once, under the earliest time that something is due in it', () => {
  const story = new DossierStory();
  story.declare();
  const timersIn = (before: DossierState | undefined, after: DossierState | undefined): StoreChange[] =>
    after === undefined ? [] : indexChanges(before, after).filter((change) => 'index' in change && change.index === indexes.timers);
  const first = story.state;
  const member = first?.dossierId;
  const dueMs = Date.parse('2026-11-24T04:00:00Z');
  expect(timersIn(undefined, first)).toEqual([{ index: 'tm', add: member, score: dueMs, was: null }]);
  story.acceptAll('customs', 'tax', 'planning');
  expect(timersIn(first, story.state)).toEqual([]);
  const before = story.state;
  story.acceptAll('harbour-master');
  expect(timersIn(before, story.state)).toEqual([{ index: 'tm', drop: member, was: dueMs }]);

  const late = new DossierStory();
  late.declare();
  late.declare({ messageId: 'M-2', action: 'amend', declaration: { reportedFormalities: ['shipStores'] } });
  const amended = late.state;
  for (const agency of ['harbour-master', 'customs', 'tax', 'planning']) late.pass(agency);
  const formality = Date.parse(late.timers.get('formality:shipStores') ?? '');
  expect(formality).toBeGreaterThan(dueMs);
  expect(timersIn(amended, late.state)).toEqual([{ index: 'tm', add: member, score: formality, was: expect.any(Number) as number }]);
});

describe('event ids', () => {
  const dossierId = dossierIdOf('agent', 'M-1');
  const [at, data] = ['2026-11-24T03:00:00Z', {}];
  const history = [
    historyLine(42, [
      { type: 'decision', at, data: { text: 'two\nlines' } },
      { type: 'clearance', at, data: { version: 1 } },
    ]),
    historyLine(50, [{ type: 'deadline', at, data }]),
    historyLine(1_000_000, [{ type: 'task', at, data }]),
  ].join('');
  const read = (range: Parameters<typeof readEvents>[2]): string[] =>
    readEvents({ dossierId, partition: 7 }, history, range).map(({ id, type }) => `${id} ${type}`);

  test('are log positions: in the order of offset and place, and read back', () => {
    const all = ['7-42-0 decision', '7-42-1 clearance', '7-50-0 deadline', '7-1000000-0 task'];
    expect(read({ from: 0 })).toEqual(all);
    expect(readEvents({ dossierId, partition: 7 }, history, { from: 0 })[0]).toEqual({
      ...{ id: '7-42-0', dossierId, dossierCode: dossierCodeOf(dossierId), type: 'decision', at },
      data: { text: 'two\nlines' },
    });
    expect(read({ from: eventScore(42, 1) })).toEqual(all.slice(1));
    expect(read({ from: eventScore(42, 2) })).toEqual(all.slice(2));
    expect(read({ from: eventScore(50, 0), to: eventScore(50, 0) })).toEqual(all.slice(2, 3));
    expect(read({ from: eventScore(1_000_001, 0) })).toEqual([]);
    expect(read({ from: 0, limit: 1 })).toEqual(all.slice(0, 2));
    expect(read({ from: 0, limit: 3 })).toEqual(all.slice(0, 3));
    expect(readEvents({ dossierId, partition: 7 }, '', { from: 0 })).toEqual([]);
    expect([eventScore(42, 0), eventScore(42, 1), eventScore(42, 99)].map(recordScore)).toEqual(Array(3).fill(eventScore(42, 0)));
    expect(scoreOfEventId('7-42-1')).toEqual({ partition: 7, score: eventScore(42, 1) });
    expect(eventScore(42, 99)).toBeLessThan(eventScore(43, 0));
  });

  test('beyond the places of an offset share the last one, and are read with it', () => {
    const events = Array.from({ length: 70 }, () => ({ type: 'task' as const, at, data }));
    const crowded = historyLine(1, events) + historyLine(2, events.slice(0, 1));
    const from = (score: number): number => readEvents({ dossierId, partition: 0 }, crowded, { from: score }).length;
    expect([from(eventScore(1, 0)), from(eventScore(1, 63)), from(eventScore(2, 0))]).toEqual([71, 8, 1]);
  });

  test.each([0, 35, 42, Number.MAX_SAFE_INTEGER])('the feed’s entry of offset %d says which dossier and which record', (offset) => {
    const change = feedChange({ tenant: 'agent', dossierId }, offset);
    expect(change).toMatchObject({ index: indexes.feed('agent'), score: eventScore(offset, 0), was: null });
    expect(readFeedMember('agent', 'add' in change ? change.add : '')).toEqual({ dossierId, offset });
  });

  test.each(['', '7', '7-42', '7-42-1-1', '-1-42-1', '7-42-x', '7-42-100', '7-1e3-1', ' 7-42-1'])('%j is none', (id) => {
    expect(scoreOfEventId(id)).toBeUndefined();
  });
});
