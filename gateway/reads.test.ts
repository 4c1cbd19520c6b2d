import { ExchangeWorld, PARTITIONS, declarationEvent, decisionEvent } from '../test/support/exchange-world';
import { declarationRecord } from '../test/support/declaration-records';
import { shippedRules } from '../test/support/test-rules';
import { dossierIdOf } from './core/identifiers';
import type { OutgoingRecord } from './ports/message-log';
import { scoreOfEventId, type StoredEvent } from './read-model';
import { Reads } from './reads';
import { StoreReader } from './store-reader';

const four = ['harbour-master', 'customs', 'tax', 'planning'];
const roots = ['M-1', 'M-2', 'M-3'];
const records: OutgoingRecord[] = [
  ...roots.map((messageId) => declarationEvent(declarationRecord({ messageId }))),
  declarationEvent(declarationRecord({ messageId: 'M-9', root: 'no such dossier', action: 'amend' })),
  declarationEvent(declarationRecord({ messageId: 'M-1', tenant: 'agent2' })),
  ...four.flatMap((agency) => roots.map((root) => decisionEvent(agency, 'accepted', { root }))),
];

async function worldOf(): Promise<{ world: ExchangeWorld; reads: Reads }> {
  const world = await ExchangeWorld.create();
  await world.append(...records);
  await world.process().consume();
  return { world, reads: readsOf(world) };
}

function readsOf(world: ExchangeWorld): Reads {
  const store = world.store();
  return new Reads({ store, reader: new StoreReader(store, world.log(), world.clock), rules: shippedRules, partitions: PARTITIONS });
}

async function wholeFeed(reads: Reads, tenant: string, limit: number, cursor?: string): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for (let next = cursor; ;) {
    const page = await reads.feed(tenant, next, limit);
    if (page === undefined) throw new Error('not a cursor');
    if (page.items.length === 0) return events;
    events.push(...page.items);
    next = page.next ?? undefined;
  }
}

const idsOf = (events: readonly StoredEvent[]): string[] => events.map(({ id }) => id);

test('a page at a time, the feed tells everything of a tenant once, each partition in the order of the log', async () => {
  const { reads } = await worldOf();
  const all = await wholeFeed(reads, 'agent', 1_000);
  // Four tasks, four decisions and a version of each dossier, and one refusal.
  expect(all).toHaveLength(roots.length * 9 + 1);
  expect(new Set(idsOf(all)).size).toBe(all.length);
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const scores = all.flatMap(({ id }) => (scoreOfEventId(id)?.partition === partition ? [scoreOfEventId(id)?.score ?? 0] : []));
    expect(scores).toEqual(scores.toSorted((a, b) => a - b));
  }
  for (const limit of [1, 2, 3, 5]) expect(idsOf(await wholeFeed(reads, 'agent', limit)).sort()).toEqual(idsOf(all).sort());
  expect(await wholeFeed(reads, 'agent2', 10)).toHaveLength(4);
  expect(await wholeFeed(reads, 'agent3', 10)).toEqual([]);
});

test('a dossier’s own events are those that the feed tells of it, from any of them on', async () => {
  const { reads } = await worldOf();
  const all = await wholeFeed(reads, 'agent', 1_000);
  for (const root of roots) {
    const dossierId = dossierIdOf('agent', root);
    const own = await reads.events(dossierId, 0, 1_000);
    expect(own).toEqual(all.filter((event) => event.dossierId === dossierId));
    for (const [i, { id }] of own.entries())
      expect(idsOf(await reads.events(dossierId, (scoreOfEventId(id)?.score ?? 0) + 1, 1_000))).toEqual(idsOf(own.slice(i + 1)));
  }
});

test('cursors and event ids stay when the store is lost and made anew', async () => {
  const { world, reads } = await worldOf();
  const page = await reads.feed('agent', undefined, 7);
  const rest = await wholeFeed(reads, 'agent', 1_000, page?.next ?? undefined);
  world.storeData.loseEverything();
  const process = world.process();
  process.exchange.assign([0, 1]);
  await process.exchange.fireDeadlines();
  const again = readsOf(world);
  expect(await wholeFeed(again, 'agent', 1_000, page?.next ?? undefined)).toEqual(rest);
  expect((await again.feed('agent', undefined, 7))?.items).toEqual(page?.items);
});
