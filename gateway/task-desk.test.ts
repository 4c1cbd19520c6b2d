import { dossierIdOf } from './core/identifiers';
import { compileView } from './core/need-to-know';
import { partitionOf } from './core/partition';
import type { JobItem } from './operator-jobs';
import { keys } from './read-model';
import { StoreReader } from './store-reader';
import { TaskDesk, type TaskFilter } from './task-desk';
import { declarationRecord, type RecordOptions } from '../test/support/declaration-records';
import { declarationEvent, decisionEvent, ExchangeWorld, PARTITIONS } from '../test/support/exchange-world';
import { shippedRules } from '../test/support/test-rules';

let world: ExchangeWorld;
beforeEach(async () => {
  world = await ExchangeWorld.create();
});

const LATER = Date.parse('2026-11-25T00:00:00Z');

function desk(rules = shippedRules): TaskDesk {
  const store = world.store();
  return new TaskDesk({ store, reader: new StoreReader(store, world.log(), world.clock), rules, partitions: PARTITIONS });
}

async function declare(options: RecordOptions = {}): Promise<void> {
  await world.append(declarationEvent(declarationRecord(options)));
  await world.process().consume();
}

async function all(filter: Partial<TaskFilter> = {}, from = desk()): Promise<JobItem[]> {
  const items: JobItem[] = [];
  for await (const item of from.open({ askedBeforeMs: LATER, ...filter })) items.push(item);
  return items;
}

it('asks again with the very record of the first time', async () => {
  await declare();
  await declare({ messageId: 'M-1-amended', action: 'amend', root: 'M-1', receivedAt: '2026-11-24T03:09:00Z' });
  await declare({ messageId: 'T-1', test: true });
  const items = await all();
  expect(items.length).toBeGreaterThan(4);
  for (const { record } of items) {
    // Offset and stamp are of the log; all else is as it was.
    const sent = world.records(record?.topic ?? '').filter(({ headers }) => headers['ce_id'] === record?.headers['ce_id']);
    expect(sent.map(({ offset: _offset, timestampMs: _timestampMs, ...rest }) => rest)).toEqual([record]);
  }
  expect(new Set(items.map(({ record }) => record?.topic.startsWith('test.')))).toEqual(new Set([true, false]));
});

it('asks only those who owe something', async () => {
  await declare();
  await world.append(decisionEvent('customs', 'accepted'), decisionEvent('tax', 'acknowledged'), decisionEvent('planning', 'refused'));
  await world.process().consume();
  expect((await all()).map(({ about }) => [about?.['agency'], about?.['state']]).sort()).toEqual([
    ['harbour-master', 'open'],
    ['tax', 'acknowledged'],
  ]);
  // What a cancel withdrew is owed no more.
  await declare({ messageId: 'M-C', action: 'cancel', root: 'M-1', receivedAt: '2026-11-24T03:20:00Z' });
  expect(await all()).toEqual([]);
});

it('keeps to the agency, the dossier and the time that the filter names', async () => {
  await declare();
  await declare({ messageId: 'M-2', receivedAt: '2026-11-24T04:00:00Z' });
  const dossierId = dossierIdOf('agent', 'M-1');
  const of = (items: JobItem[]) => [...new Set(items.map(({ record }) => record?.key))];
  expect((await all({ agency: 'customs' })).map(({ record }) => record?.topic)).toEqual(['requests.customs', 'requests.customs']);
  expect(of(await all({ dossierId }))).toEqual([dossierId]);
  expect((await all({ dossierId, agency: 'tax' })).map(({ about }) => about?.['agency'])).toEqual(['tax']);
  expect(of(await all({ askedBeforeMs: Date.parse('2026-11-24T04:00:00Z') }))).toEqual([dossierId]);
  expect(await all({ dossierId: dossierIdOf('agent', 'nobody') })).toEqual([]);
});

it('comes to each of more tasks than fit a page, all due at one time, once', async () => {
  const events = Array.from({ length: 170 }, (_, n) => declarationEvent(declarationRecord({ messageId: `M-${n}` })));
  await world.append(...events);
  await world.process().consume();
  const ids = (await all({ agency: 'customs' })).map(({ id }) => id);
  expect([ids.length, new Set(ids).size]).toEqual([170, 170]);
});

it('shows nothing of what was declared', async () => {
  await declare();
  const shown = (await all()).map(({ id, outcome, about }) => ({ id, outcome, about }));
  expect(shown).toHaveLength(4);
  expect(JSON.stringify(shown)).not.toMatch(/SONG CAM|9074729|Rice|BL-1/);
  expect(Object.keys(shown[0]?.about ?? {}).sort()).toEqual(['agency', 'askedAt', 'dossierCode', 'dueAt', 'state']);
});

it('shows an agency what it may see now, and no more', async () => {
  await declare();
  const rules = { ...shippedRules, viewOf: new Map(shippedRules.viewOf).set('customs', compileView(['ship.name'])) };
  const [item] = await all({ agency: 'customs' }, desk(rules));
  const [sent] = world.records('requests.customs');
  const { view, ...rest } = JSON.parse(item?.record?.value.toString() ?? '{}') as Record<string, unknown>;
  expect(view).toEqual({ ship: { name: 'SONG CAM STAR' } });
  expect(JSON.parse(sent?.value.toString() ?? '{}')).toMatchObject(rest);
  expect(item?.record?.headers).toEqual(sent?.headers);
});

it('sends nothing where what was declared is not kept any more', async () => {
  await declare();
  const dossierId = dossierIdOf('agent', 'M-1');
  await world.store().write(partitionOf(dossierId, PARTITIONS), [{ remove: keys.body(dossierId) }]);
  expect((await all({ agency: 'customs' })).map(({ outcome, record }) => [outcome, record])).toEqual([['view-missing', undefined]]);
});

it('is refused while a partition shows dossiers as they once were', async () => {
  await declare();
  await world.store().write(PARTITIONS - 1, [{ put: keys.rebuilding, value: '9' }]);
  await expect(all()).rejects.toMatchObject({ code: 'rebuilding' });
  await world.store().write(PARTITIONS - 1, [{ remove: keys.rebuilding }]);
  world.storeData.loseEverything();
  await expect(all()).rejects.toMatchObject({ code: 'rebuilding' });
});

it('changes nothing for who had it: the decision on the second request is a duplicate', async () => {
  await declare();
  await world.append(decisionEvent('customs', 'accepted'));
  const before = world.process();
  await before.consume();
  const dump = world.storeData.dump(['rb']);
  await world.append(...(await all()).flatMap(({ record }) => record ?? []), decisionEvent('customs', 'accepted'));
  const process = world.process();
  await process.consume();
  expect(process.told.exits).toEqual(['decision duplicate']);
  // The marker alone moved.
  const withoutMarkers = (text: string) => text.replace(/^\d+ marker .*$/gm, '');
  expect(withoutMarkers(world.storeData.dump(['rb']))).toBe(withoutMarkers(dump));
});
