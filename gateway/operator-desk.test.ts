import { isoTime } from './core/deadlines';
import { OperatorDesk } from './operator-desk';
import { declarationRecord } from '../test/support/declaration-records';
import { declarationEvent, ExchangeWorld } from '../test/support/exchange-world';
import { partitionOf } from './core/partition';
import { dossierIdOf } from './core/identifiers';

const PARTITION = partitionOf(dossierIdOf('agent', 'M-1'), 2);

async function begin(): Promise<{ world: ExchangeWorld; desk: OperatorDesk }> {
  const world = await ExchangeWorld.create();
  const groups = new Map([
    ['exchange', ['dossiers']],
    ['adapter.tax', ['requests.tax', 'test.requests.tax']],
  ]);
  const desk = new OperatorDesk({ log: world.log(), store: world.store(), clock: world.clock, groups, exchangeGroup: 'exchange' });
  return { world, desk };
}

it('tells position, end, lag and what the store holds of each partition', async () => {
  const { world, desk } = await begin();
  const dossiers = async () => (await desk.lag()).find(({ topic }) => topic === 'dossiers')?.partitions[PARTITION];
  expect(await dossiers()).toEqual({ partition: PARTITION, committed: -1, end: 1, lag: 1, folded: -1, progressAt: null });
  await world.append(declarationEvent(declarationRecord()));
  world.clock.advance(60_000);
  await world.process().consume();
  expect(await dossiers()).toEqual({
    partition: PARTITION,
    committed: 2,
    end: 2,
    lag: 0,
    folded: 2,
    progressAt: isoTime(world.clock.nowMs()),
  });
  // The store may be behind what the group has committed: it was lost.
  world.storeData.loseEverything();
  expect(await dossiers()).toMatchObject({ committed: 2, folded: -1 });
});

it('tells when a group went on last, not when it was looked at', async () => {
  const { world, desk } = await begin();
  await desk.lag();
  await world.process().consume();
  const wentOn = isoTime(world.clock.nowMs());
  const at = async () => (await desk.lag()).flatMap(({ topic, partitions }) => partitions.map(({ progressAt }) => [topic, progressAt]));
  const all = [
    ['dossiers', wentOn],
    ['dossiers', wentOn],
    ...['requests.tax', 'requests.tax', 'test.requests.tax', 'test.requests.tax'].map((topic) => [topic, null]),
  ];
  expect(await at()).toEqual(all);
  world.clock.advance(60_000);
  expect(await at()).toEqual(all);
});

it('looks by itself, so that the first question is answered', async () => {
  const { world, desk } = await begin();
  const stop = desk.watch();
  await new Promise(setImmediate);
  stop();
  await world.process().consume();
  const [dossiers] = await desk.lag();
  expect(dossiers?.partitions.every(({ progressAt }) => progressAt !== null)).toBe(true);
});
