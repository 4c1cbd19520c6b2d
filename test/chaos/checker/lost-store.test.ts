import type { RequestMessage } from '../../../gateway/core/messages';
import { SmallWorld } from '../support/small-world';
import { checkHistory } from './check-history';
import type { Violation } from './findings';

/**
 * Bugs that `npm run chaos --only F22` has found: the store is emptied while an exchange lives that owns its partitions, and goes on with
 * what it has in memory.
 */

/** Until the group has nothing left; what a stale owner throws makes the consumer give the same records again. */
async function settle(world: SmallWorld): Promise<void> {
  for (let tries = 0; tries < 5; tries++) {
    try {
      return await world.settle();
    } catch {
      // Given again.
    }
  }
}

async function violationsOf(world: SmallWorld): Promise<Violation[]> {
  const history = await world.history();
  const { violations } = await checkHistory(history, {
    buckets: 2,
    mayBeEmpty: ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8', 'I9', 'I12'],
  });
  return violations;
}

test('an amendment is not folded over a body that the store has lost', async () => {
  const world = await SmallWorld.create();
  const declaration = world.declaration('agent');
  await world.submit('agent', declaration);
  await world.settle();
  world.storeData.loseEverything();
  const { header } = world.declaration('agent');
  const named = { ...header, purpose: 'amend', referenceMessageId: declaration.header.messageId };
  await world.submit('agent', { header: named, formalities: { waste: { items: [{ wasteTypeCode: '102' }] } } });
  await settle(world);
  await world.rebuild();
  await settle(world);
  // I3: agencies are asked whose view is the same, with an empty view; I5: the version that this made stands for ever.
  expect(await violationsOf(world)).toEqual([]);
});

test('a decision is not set aside as of an unknown task because the store has lost its dossier', async () => {
  const world = await SmallWorld.create();
  world.plays['customs'] = () => undefined;
  const { receipt } = await world.submit('agent', world.declaration('agent'));
  await world.settle();
  // Another owner, which has not this dossier in memory.
  world.restartExchange();
  for (let i = 0; i < 4; i++) await world.submit('agent', world.declaration('agent'));
  await world.settle();
  world.storeData.loseEverything();
  const asked = world.logData.records('requests.customs').find(({ value }) => value.includes(receipt?.dossierId ?? '?'));
  const { taskId } = JSON.parse(asked?.value.toString() ?? '{}') as RequestMessage;
  await world.write('customs', { taskId, outcome: 'accepted' });
  await settle(world);
  await world.rebuild();
  await settle(world);
  // I8: a dead letter of a decision that counts.
  expect(await violationsOf(world)).toEqual([]);
});

test('a clearance does not fall back to version 0 because only a new receipt is in an emptied store', async () => {
  const world = await SmallWorld.create();
  const declaration = world.declaration('agent');
  const { receipt } = await world.submit('agent', declaration);
  await world.settle();
  await world.look('agent', receipt?.dossierId ?? '');
  world.storeData.loseEverything();
  await world.submit('agent', declaration);
  // Behind the log: to be answered with 503 `rebuilding`, as without the receipt.
  await world.look('agent', receipt?.dossierId ?? '');
  await world.rebuild();
  await settle(world);
  expect(await violationsOf(world)).toEqual([]);
});

test('an old state is not shown while what came after it is folded again', async () => {
  let beforeCommit = async (_partition: number): Promise<void> => undefined;
  const world = await SmallWorld.create({
    storeOf: (part, store) => {
      const commit = store.commit.bind(store);
      const watched = async (...change: Parameters<typeof commit>) => beforeCommit(change[0]).then(() => commit(...change));
      return part === 'exchange' ? Object.assign(store, { commit: watched }) : store;
    },
  });
  const { receipt } = await world.submit('agent', world.declaration('agent'));
  await world.settle();
  const dump = world.storeData.copy();
  const asked = JSON.parse(world.logData.records('requests.customs')[0]?.value.toString() ?? '{}') as RequestMessage;
  await world.write('customs', { taskId: asked.taskId, outcome: 'revoked', reasons: [{ code: 'C-1', text: 'To be looked at.' }] });
  await world.settle();
  const look = async () => (await world.look('agent', receipt?.dossierId ?? ''))?.version;
  expect(await look()).toBe(2);

  world.storeData.parts.clear();
  for (const [partition, part] of dump.parts) world.storeData.parts.set(partition, part);
  const home = world.logData.records('dossiers').find(({ value }) => value.includes(receipt?.dossierId ?? '?'))?.partition;
  const shown: (number | undefined)[] = [];
  beforeCommit = async (partition) => {
    if (partition === home) shown.push(await look());
  };
  world.restartExchange();
  await world.fireDeadlines();
  expect([...shown, await look()]).toEqual([undefined, 2]);
  expect(await violationsOf(world)).toEqual([]);
});

test('a receipt is not shown for a clearance when the rebuild begins between two looks into the store', async () => {
  let beforeMarker = async (): Promise<void> => undefined;
  const world = await SmallWorld.create({
    storeOf: (part, store) => {
      const marker = store.marker.bind(store);
      const watched = async (partition: number) => beforeMarker().then(() => marker(partition));
      return part === 'reads' ? Object.assign(store, { marker: watched }) : store;
    },
  });
  const declaration = world.declaration('agent');
  const { receipt } = await world.submit('agent', declaration);
  await world.settle();
  world.storeData.loseEverything();
  await world.submit('agent', declaration);
  beforeMarker = async () => {
    beforeMarker = async () => undefined;
    world.restartExchange();
    await world.fireDeadlines();
  };
  expect((await world.look('agent', receipt?.dossierId ?? ''))?.version).toBe(1);
});
