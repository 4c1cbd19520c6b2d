import { declarationRecord, smallArrival, type RecordOptions } from '../test/support/declaration-records';
import { ExchangeWorld, PARTITIONS, declarationEvent, decisionEvent, type ExchangeProcess } from '../test/support/exchange-world';
import { FakeLogData } from '../test/support/fake-message-log';
import { FakeSigner } from '../test/support/fake-signer';
import { type FakeStoreData } from '../test/support/fake-dossier-store';
import { decree336, rulesWith, shippedRules } from '../test/support/test-rules';
import { canonicalJson } from './core/canonical-json';
import type { DossierState } from './core/dossier';
import { LogUnavailable, StoreUnavailable } from './core/exchange-error';
import type { FoldRules } from './core/fold';
import { dossierCodeOf, dossierIdOf } from './core/identifiers';
import { EventType, type Clearance } from './core/messages';
import { partitionOf } from './core/partition';
import type { OutgoingRecord } from './ports/message-log';
import { keys, readOpenCall, type OpenCall } from './read-model';

/** The exchange over fakes: order of effects, crashes between them, two owners at once, rebuilds, deadlines. */

const four = ['harbour-master', 'customs', 'tax', 'planning'];
const homeOf = (root: string): number => partitionOf(dossierIdOf('agent', root), PARTITIONS);
/** A root message id whose dossier stands in a partition. */
const rootIn = (partition: number, n = 0): string =>
  Array.from({ length: 99 }, (_, i) => `R-${i}`).filter((root) => homeOf(root) === partition)[n] ?? '';
const home = homeOf('M-1');
const away = 1 - home;
const other = rootIn(away);

const declared = (options: RecordOptions = {}): OutgoingRecord => declarationEvent(declarationRecord(options));
const accepted = (root = 'M-1'): OutgoingRecord[] => four.map((agency) => decisionEvent(agency, 'accepted', { root }));
const stores: RecordOptions = {
  action: 'amend',
  root: 'M-1',
  declaration: {
    portCall: undefined,
    ship: undefined,
    formalities: { shipStores: { items: [{ sequenceNumber: 1, quantity: { value: 4, unit: 'LTR' } }] } },
  },
};
const poison = (value: string | Buffer, type: string = EventType.decision): OutgoingRecord => ({
  topic: 'dossiers',
  partition: home,
  key: 'x',
  value: Buffer.from(value),
  headers: { ce_type: type },
});

/** Everything that can happen, in two partitions. */
const history: OutgoingRecord[] = [
  declared(),
  declared({ messageId: other, receivedAt: '2026-11-24T03:00:30Z' }),
  ...accepted(),
  poison('{"not":"a fact"}'),
  decisionEvent('customs', 'accepted', { root: other }),
  decisionEvent('customs', 'refused', {
    tenant: 'agent2',
    root: 'M-1',
    taskId: `${dossierIdOf('agent', 'M-1')}-${'0'.repeat(16)}`,
    dossierId: dossierIdOf('agent', 'M-1'),
  }),
  declared({ ...stores, messageId: 'M-2', receivedAt: '2026-11-24T03:10:00Z' }),
  declared({ ...stores, messageId: 'M-3', baseRevision: 9, receivedAt: '2026-11-24T03:11:00Z' }),
  decisionEvent('customs', 'conditionallyAccepted', { revision: 2, conditions: [{ code: 'C', text: 'c' }] }),
  decisionEvent('tax', 'accepted', { revision: 2 }),
  decisionEvent('customs', 'accepted', { revision: 1, decisionId: 'stale' }),
  decisionEvent('customs', 'revoked', { revision: 2 }),
  decisionEvent('customs', 'accepted', { revision: 2 }),
  declared({ messageId: 'C-9', action: 'cancel', root: other, receivedAt: '2026-11-24T03:20:00Z' }),
];

async function worldOf(...records: OutgoingRecord[]): Promise<ExchangeWorld> {
  const world = await ExchangeWorld.create();
  if (records.length > 0) await world.append(...records);
  return world;
}

async function folded(...records: OutgoingRecord[]): Promise<{ world: ExchangeWorld; process: ExchangeProcess }> {
  const world = await worldOf(...records);
  const process = world.process();
  await process.consume();
  return { world, process };
}

async function stored(world: ExchangeWorld, root: string, key: (dossierId: string) => string): Promise<string | undefined> {
  const dossierId = dossierIdOf('agent', root);
  const [value] = await world.store().getMany(partitionOf(dossierId, PARTITIONS), [key(dossierId)]);
  return value?.toString();
}

async function stateOf(world: ExchangeWorld, root = 'M-1'): Promise<DossierState> {
  return JSON.parse((await stored(world, root, keys.state)) ?? 'null') as DossierState;
}

/** Versions of a dossier in the order of the log. */
function issued(world: ExchangeWorld, root = 'M-1'): Clearance[] {
  return world
    .records('clearances')
    .filter(({ headers, key }) => headers['ce_type'] === EventType.clearance && key === dossierIdOf('agent', root))
    .map(({ value }) => JSON.parse(value.toString()) as Clearance);
}

describe('a declaration and its decisions', () => {
  test('go out as requests, results and a signed clearance, and into the store', async () => {
    const { world, process } = await folded(declared(), ...accepted());
    const dossierId = dossierIdOf('agent', 'M-1');
    for (const agency of four) {
      const [request] = world.records(`requests.${agency}`);
      expect(request).toMatchObject({ partition: home, key: dossierId });
      expect(request?.headers).toMatchObject({
        ce_type: EventType.request,
        ce_specversion: '1.0',
        'content-type': 'application/json',
        ce_subject: dossierCodeOf(dossierId),
      });
      expect(world.records(`results.${agency}`).map(({ headers }) => headers['ce_id'])).toEqual([`${dossierId}-v1-${agency}`]);
    }
    const [record] = world.records('clearances');
    const { signature, ...unsigned } = JSON.parse(record?.value.toString() ?? '') as Clearance;
    expect(record).toMatchObject({ partition: home, key: dossierId, headers: { ce_id: `${dossierId}-v1`, ce_time: unsigned.issuedAt } });
    expect(signature).toBe(new FakeSigner().sign(canonicalJson(unsigned)));
    expect(unsigned.basis).toEqual({ partition: home, offset: 5 });
    expect(await stored(world, 'M-1', (id) => keys.clearance(id, 1))).toBe(record?.value.toString());
    expect(await stateOf(world)).toMatchObject({ status: 'granted', version: 1, basis: { offset: 5 } });
    expect(await world.store().marker(home)).toMatchObject({ offset: 5, clearancesOffset: 1 });
    expect(process.signer.calls).toBe(1);
  });

  test('are not told to the agencies where results are switched off', async () => {
    const world = await worldOf(declared(), ...accepted());
    await world.process({ results: false }).consume();
    expect(issued(world)).toHaveLength(1);
    for (const agency of four) expect([agency, world.records(`results.${agency}`)]).toEqual([agency, []]);
  });

  test('are decided record by record: any cut into batches gives the same bytes everywhere', async () => {
    const whole = (await folded(...history)).world;
    for (const batchRecords of [1, 2, 3, 7]) {
      const world = await worldOf(...history);
      const process = world.process();
      process.batchRecords = batchRecords;
      await process.consume();
      expect(world.storeData.dump()).toBe(whole.storeData.dump());
      for (const topic of [...whole.agencyTopicNames, 'clearances', 'dead-letters']) {
        expect(world.records(topic).map(({ value }) => value.toString())).toEqual(
          whole.records(topic).map(({ value }) => value.toString()),
        );
      }
    }
  });

  test('leave by one exit each, which the observer hears once', async () => {
    const { process } = await folded(...history);
    const count = (exit: string): number => process.told.exits.filter((other) => other === exit).length;
    expect([count('decision applied'), count('decision rejected'), count('decision dead-lettered')]).toEqual([9, 1, 1]);
    expect([count('declaration applied'), count('declaration rejected')]).toEqual([4, 1]);
    expect(process.told.poisoned).toBe(1);
    expect(process.told.exits.length + process.told.poisoned).toBe(history.length);
    expect(process.told.again).toEqual([]);
  });

  test('of a test go to the rules adapters and to no back-end, and no agency gets a result', async () => {
    const { world } = await folded(declared({ test: true }), ...four.map((agency) => decisionEvent(agency, 'accepted', { test: true })));
    for (const agency of four) {
      expect(world.records(`test.requests.${agency}`)).toHaveLength(1);
      expect(world.records(`requests.${agency}`)).toEqual([]);
      expect(world.records(`results.${agency}`)).toEqual([]);
    }
    expect(issued(world)).toMatchObject([{ status: 'granted', test: true }]);
  });

  test('carry the trace of the record that caused them', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const { world } = await folded({ ...declared(), headers: { ...declared().headers, traceparent } }, ...accepted());
    expect(world.records('requests.customs')[0]?.headers['traceparent']).toBe(traceparent);
    expect(world.records('clearances')[0]?.headers).not.toHaveProperty('traceparent');
  });

  test('rejected, it is told in clearances and can be read, though there is no dossier', async () => {
    const { world } = await folded(declared({ ...stores, messageId: 'M-2' }));
    const [record] = world.records('clearances');
    expect(record?.headers).toMatchObject({ ce_type: EventType.rejected });
    expect(await stored(world, 'M-1', keys.rejection)).toBe(record?.value.toString());
    expect(await stored(world, 'M-1', keys.state)).toBeUndefined();
    expect(await stored(world, 'M-1', keys.firstReceipt)).toBeDefined();
  });

  test('the receipt in the store is that of the first record, whatever intake had put there', async () => {
    const first = declarationRecord({ receivedAt: '2026-11-24T03:00:00Z' });
    const second = { ...first, receivedAt: '2026-11-24T03:00:01Z', receipt: { ...first.receipt, receivedAt: '2026-11-24T03:00:01Z' } };
    const world = await worldOf(declarationEvent(first), declarationEvent(second));
    const key = keys.firstReceipt(first.dossierId);
    await world.store().putIfAbsent(home, key, JSON.stringify(second.receipt));
    await world.process().consume();
    expect(await stored(world, 'M-1', () => key)).toBe(JSON.stringify(first.receipt));
  });
});

describe('what intake looks up', () => {
  const call = keys.openCall('agent', '9074729', 'VNHPH');
  const openCall = async (world: ExchangeWorld): Promise<OpenCall | undefined> => {
    const entry = (await world.store().getMany(partitionOf(call, PARTITIONS), [call]))[0]?.toString();
    return entry === undefined ? undefined : readOpenCall(entry);
  };

  test('where a message went that opened no dossier, in the partition where it would have opened one', async () => {
    const { world } = await folded(declared(), declared({ ...stores, messageId: 'M-2' }));
    const wouldBe = dossierIdOf('agent', 'M-2');
    const [value] = await world.store().getMany(partitionOf(wouldBe, PARTITIONS), [keys.message(wouldBe)]);
    expect(value?.toString()).toBe(dossierIdOf('agent', 'M-1'));
  });

  test('the open dossier of a call; a cancel takes away its own only', async () => {
    const { world, process } = await folded(declared());
    expect(await openCall(world)).toMatchObject({ dossierCode: dossierCodeOf(dossierIdOf('agent', 'M-1')) });
    const second = rootIn(home, 1);
    await world.append(declared({ messageId: second }));
    await process.consume();
    await world.append(declared({ messageId: 'C-1', action: 'cancel', root: 'M-1' }));
    await process.consume();
    expect(await openCall(world)).toMatchObject({ dossierCode: dossierCodeOf(dossierIdOf('agent', second)) });
    await world.append(declared({ messageId: 'C-2', action: 'cancel', root: second }));
    await process.consume();
    expect(await openCall(world)).toBeUndefined();
  });

  test.each([1, 500])(
    'in batches of %i: a call lasts until its etd, else a week after its eta, as the last amendment says',
    async (size) => {
      const second = rootIn(home, 1);
      const portCall = { portOfCall: { unLocode: 'VNHPH' } };
      const sailsOn = (etd: string): NonNullable<RecordOptions['declaration']> => ({
        ...stores.declaration,
        portCall: { ...portCall, etd },
      });
      const until = async (...records: OutgoingRecord[]): Promise<string | undefined> => {
        const world = await worldOf(...records);
        const process = world.process();
        process.batchRecords = size;
        await process.consume();
        return (await openCall(world))?.until;
      };
      expect(await until(declared())).toBe('2026-12-03T02:00:00Z');
      const amended = declared({ ...stores, messageId: 'A-1', declaration: sailsOn('2026-11-28T02:00:00Z') });
      expect(await until(declared(), amended)).toBe('2026-11-28T02:00:00Z');
      // The older dossier says when it ends; the newer one is the open one.
      expect(await until(declared(), declared({ messageId: second }), amended)).toBe('2026-12-03T02:00:00Z');
      expect(await until(declared(), amended, declared({ messageId: 'C-1', action: 'cancel', root: 'M-1' }))).toBeUndefined();
      const moved = declared({ ...stores, messageId: 'A-2', declaration: { portCall: { portOfCall: { unLocode: 'VNSGN' } } } });
      expect(await until(declared(), moved)).toBeUndefined();
    },
  );
});

describe('a crash at any point between effects', () => {
  class Crash extends Error {}

  /** Lets the n-th effect of a process crash it; false when there is none any more. */
  function crashAt(process: ExchangeProcess, n: number): { afterBatch: () => void; happened: () => boolean } {
    let count = 0;
    let crashed = false;
    const effect = (): void => {
      if (count++ !== n) return;
      crashed = true;
      throw new Crash(`effect ${n}`);
    };
    const ofStore = (operation: string): void => {
      if (operation === 'commit' || operation === 'write') effect();
    };
    process.log.beforeAppend = effect;
    process.log.afterAppend = effect;
    process.store.before = ofStore;
    process.store.after = ofStore;
    return { afterBatch: effect, happened: () => crashed };
  }

  async function consumeOrCrash(process: ExchangeProcess, afterBatch: () => void): Promise<void> {
    await process.consume(afterBatch).catch((cause: unknown) => {
      if (!(cause instanceof Crash)) throw cause;
    });
  }

  test.each([1, 3, 500])(
    'in batches of %i it replays into the same ids and bytes, and no version is written twice',
    async (batchRecords) => {
      const { world: whole, process: undisturbed } = await folded(...history);
      for (let n = 0; ; n++) {
        for (const isRestarted of [true, false]) {
          const world = await worldOf(...history);
          const process = world.process();
          process.batchRecords = batchRecords;
          const { afterBatch, happened } = crashAt(process, n);
          await consumeOrCrash(process, afterBatch);
          if (!happened()) return expect(n).toBeGreaterThan(5);
          await (isRestarted ? world.process() : process).consume();

          expect(world.storeData.dump()).toBe(whole.storeData.dump());
          // Each record is counted once, also where the answer to a commit was lost.
          if (!isRestarted) expect([...process.told.exits].sort()).toEqual([...undisturbed.told.exits].sort());
          const lines = (of: ExchangeWorld, topic: string): string[] =>
            of
              .records(topic)
              .map(({ partition, headers, value }) => `${partition} ${headers['ce_id']} ${value.toString()}`)
              .sort();
          expect(lines(world, 'clearances')).toEqual(lines(whole, 'clearances'));
          for (const topic of [...whole.agencyTopicNames, 'dead-letters'])
            expect([...new Set(lines(world, topic))]).toEqual(lines(whole, topic));
        }
      }
    },
  );

  test('with only a part of the outputs stored, the rest follows and nothing is there twice in clearances', async () => {
    const whole = (await folded(...history)).world;
    for (let kept = 0; kept < 12; kept++) {
      const world = await worldOf(...history);
      const process = world.process();
      const append = process.log.append.bind(process.log);
      process.log.append = async (records) => {
        await append(records.slice(0, kept));
        throw new LogUnavailable('the rest was not stored');
      };
      await expect(process.consume()).rejects.toThrow('the rest was not stored');
      await world.process().consume();
      expect(world.storeData.dump()).toBe(whole.storeData.dump());
      expect([...world.firsts('clearances')].sort()).toEqual([...whole.firsts('clearances')].sort());
      expect(world.records('clearances')).toHaveLength(whole.records('clearances').length);
    }
  });

  test('nothing is counted that the store does not hold', async () => {
    const world = await worldOf(...history);
    const process = world.process();
    process.store.before = (operation) => {
      if (operation === 'commit') throw new Crash('no');
    };
    await consumeOrCrash(process, () => undefined);
    expect([process.told.exits, process.told.poisoned]).toEqual([[], 0]);
  });
});

describe('a commit whose answer was lost', () => {
  /** The n-th commit is on its way for longer than its caller waits; deliver() lets it arrive. */
  function delayCommit(process: ExchangeProcess, n: number): { deliver: () => Promise<unknown> } {
    const commit = process.store.commit.bind(process.store);
    const delayed = { deliver: (): Promise<unknown> => Promise.reject(new Error('nothing was sent')) };
    let count = 0;
    process.store.commit = (...args) => {
      if (++count < n) return commit(...args);
      process.store.commit = commit;
      delayed.deliver = () => commit(...args);
      return Promise.reject(new StoreUnavailable('no answer in time'));
    };
    return delayed;
  }

  // In the first batch of one is no more than the partition's epoch.
  test.each([
    [1, 2],
    [500, 1],
  ])('takes hold after the take-over has looked: in batches of %i each record is counted once', async (batchRecords, n) => {
    const { world: whole, process: undisturbed } = await folded(...history);
    const world = await worldOf(...history);
    const process = world.process();
    process.batchRecords = batchRecords;
    const delayed = delayCommit(process, n);
    await expect(process.consume()).rejects.toThrow('no answer in time');
    const marker = process.store.marker.bind(process.store);
    let looks = 0;
    process.store.marker = async (partition) => {
      const found = await marker(partition);
      if (looks++ === 0) await delayed.deliver();
      return found;
    };
    await expect(process.consume()).rejects.toThrow('another process folds');
    await process.consume();

    expect([...process.told.exits].sort()).toEqual([...undisturbed.told.exits].sort());
    expect(world.storeData.dump()).toBe(whole.storeData.dump());
  });

  test('never takes hold, and another process folds the same: it counts, and this one does not', async () => {
    const world = await worldOf(...history);
    const { process: undisturbed } = await folded(...history);
    const process = world.process();
    delayCommit(process, 1);
    await expect(process.consume()).rejects.toThrow('no answer in time');
    for (let partition = 0; partition < PARTITIONS; partition++) process.exchange.release(partition);
    const next = world.process();
    await next.consume();
    for (let partition = 0; partition < PARTITIONS; partition++) process.exchange.assign([partition]);
    await process.exchange.fireDeadlines();

    expect([...process.told.exits, ...next.told.exits].sort()).toEqual([...undisturbed.told.exits].sort());
  });
});

describe('two owners at once', () => {
  /** Stops after its next append is stored, before the store is written. */
  function pausedAfterAppend(process: ExchangeProcess): { reached: Promise<void>; go: () => void } {
    let go = (): void => undefined;
    let reach = (): void => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const reached = new Promise<void>((resolve) => (reach = resolve));
    const append = process.log.append.bind(process.log);
    process.log.append = async (records) => {
      const positions = await append(records);
      reach();
      await gate;
      return positions;
    };
    return { reached, go: () => go() };
  }

  test('the zombie loses compare-and-set, and the store holds what stands first in clearances', async () => {
    const world = await worldOf(declared(), ...accepted());
    const zombie = world.process({ signer: new FakeSigner('zombie') });
    const { reached, go } = pausedAfterAppend(zombie);
    const late = zombie.consumePartition(home);
    await reached;
    const owner = world.process({ signer: new FakeSigner('owner') });
    await owner.consumePartition(home);
    const dump = world.storeData.dump();
    go();
    await expect(late).rejects.toThrow('another process folds');
    expect(world.storeData.dump()).toBe(dump);
    expect(world.records('clearances')).toHaveLength(1);
    expect(await stored(world, 'M-1', (id) => keys.clearance(id, 1))).toContain('"signature":"zombie..');
    expect([owner.signer.calls, owner.told.void, zombie.told.exits]).toEqual([0, 0, []]);
    expect(zombie.exchange.ownedPartitions()).not.toContain(home);
  });

  test('a partition that was taken away meanwhile is neither appended for nor stored', async () => {
    const world = await worldOf(declared());
    const process = world.process();
    process.isStale = () => true;
    await expect(process.consumePartition(home)).rejects.toThrow('taken away');
    expect(world.records('requests.customs')).toEqual([]);
    expect(await world.store().marker(home)).toBeNull();
  });

  test('of two that wrote one version the earlier record stands, and the later one is void and counted', async () => {
    const world = await worldOf(declared());
    const owner = world.process({ signer: new FakeSigner('owner') });
    await owner.consume();
    await world.append(...accepted());
    // The other process writes between the owner's take-over and its append.
    const zombie = world.process({ signer: new FakeSigner('zombie') });
    zombie.store.before = (operation) => {
      if (operation === 'commit') throw new Error('killed');
    };
    await expect(zombie.consumePartition(home)).rejects.toThrow('killed');
    await owner.consume();
    expect(issued(world).map(({ signature }) => signature?.slice(0, 6))).toEqual(['zombie', 'owner.']);
    expect(await stored(world, 'M-1', (id) => keys.clearance(id, 1))).toBe(world.records('clearances')[0]?.value.toString());
    expect(owner.told.void).toBe(1);
    // And so it stays for whoever rebuilds.
    world.storeData.loseEverything();
    const next = world.process({ signer: new FakeSigner('next') });
    await world.append(declared({ ...stores, messageId: 'M-2' }));
    await next.consume();
    expect(await stored(world, 'M-1', (id) => keys.clearance(id, 1))).toBe(world.records('clearances')[0]?.value.toString());
    expect(issued(world).map(({ version }) => version)).toEqual([1, 1, 2]);
  });

  test('what is found in a gap about records to come is kept until they are folded', async () => {
    const second = rootIn(home, 1);
    const world = await worldOf(declared(), declared({ messageId: second }));
    const owner = world.process({ signer: new FakeSigner('owner') });
    await owner.consume();
    await world.append(decisionEvent('customs', 'refused'), ...accepted(second));
    const zombie = world.process({ signer: new FakeSigner('zombie') });
    zombie.store.before = (operation) => {
      if (operation === 'commit') throw new Error('killed');
    };
    await expect(zombie.consumePartition(home)).rejects.toThrow('killed');
    // The owner's first append comes after both; the second dossier's decisions are folded batches later.
    owner.batchRecords = 1;
    await owner.consume();
    expect(issued(world).map(({ signature }) => signature?.slice(0, 6))).toEqual(['zombie', 'owner.']);
    expect(issued(world, second).map(({ signature }) => signature?.slice(0, 6))).toEqual(['zombie']);
    for (const root of ['M-1', second]) expect(await stored(world, root, (id) => keys.clearance(id, 1))).toContain('"signature":"zombie..');
    expect([owner.told.void, owner.told.different]).toEqual([1, 0]);
  });
});

describe('the store', () => {
  test('lost, is rebuilt byte for byte without signing, and nothing is issued again', async () => {
    const { world, process } = await folded(...history);
    const dump = world.storeData.dump();
    const before = world.records('clearances').length;
    world.storeData.loseEverything();
    const next = world.process();
    next.exchange.assign([0, 1]);
    await next.exchange.fireDeadlines();
    expect(world.storeData.dump()).toBe(dump);
    expect(world.records('clearances')).toHaveLength(before);
    expect([next.signer.calls, next.told.different, next.told.exits]).toEqual([0, 0, []]);
    expect(next.told.again).toHaveLength(process.told.exits.length);
    expect(next.told.rebuilds.map(({ from }) => from)).toEqual([0, 0]);
  });

  test('lost under a running owner, is rebuilt when the next record comes', async () => {
    const { world, process } = await folded(...history);
    const calls = process.signer.calls;
    world.storeData.loseEverything();
    await world.append(decisionEvent('tax', 'acknowledged', { decisionId: 'late', revision: 2 }));
    await expect(process.consumePartition(home)).rejects.toThrow('another process folds');
    await process.consumePartition(home);
    const whole = (await folded(...history, decisionEvent('tax', 'acknowledged', { decisionId: 'late', revision: 2 }))).world;
    const ofHome = (data: FakeStoreData): string[] =>
      data
        .dump(['mi:', 'oc:'])
        .split('\n')
        .filter((line) => line.startsWith(`${home} `));
    expect(ofHome(world.storeData)).toEqual(ofHome(whole.storeData));
    expect(process.signer.calls).toBe(calls);
  });

  test('lost while nobody speaks, is rebuilt all the same', async () => {
    const { world, process } = await folded(...history);
    process.exchange.assign([0, 1]);
    await process.exchange.fireDeadlines();
    const dump = world.storeData.dump();
    const sent = (): [string, number][] => [...world.logData.topics.keys()].map((topic) => [topic, world.logData.records(topic).length]);
    const before = sent();
    world.storeData.loseEverything();
    await process.exchange.fireDeadlines();
    expect(world.storeData.dump()).toBe(dump);
    // No agency is asked or told again.
    expect(sent()).toEqual(before);
  });

  test('of an old dump is read on from where it was', async () => {
    const world = await worldOf(...history.slice(0, 6));
    await world.process().consume();
    const old = world.storeData.copy();
    await world.append(...history.slice(6));
    const process = world.process();
    await process.consume();
    const dump = world.storeData.dump();
    world.storeData = old;
    const next = world.process();
    next.exchange.assign([0, 1]);
    await next.exchange.fireDeadlines();
    expect(world.storeData.dump()).toBe(dump);
    expect(next.signer.calls).toBe(0);
  });

  test('made from another log is cleared and rebuilt', async () => {
    const { world } = await folded(...history);
    const old = world.storeData;
    const fresh = await ExchangeWorld.create();
    fresh.clock.advance(1_000);
    fresh.logData = new FakeLogData(() => fresh.clock.nowMs());
    await fresh.createTopics();
    await fresh.append(declared({ messageId: 'M-1' }), ...accepted());
    fresh.storeData = old;
    const process = fresh.process();
    await process.consume();
    expect(process.told.epochChanges).toEqual([0, 1]);
    const expected = new ExchangeWorld();
    expected.clock.advance(1_000);
    expected.logData = fresh.logData;
    for (const key of [...fresh.logData.committed.keys()]) fresh.logData.committed.delete(key);
    await expected.process().consume();
    expect(old.dump(['mi:', 'oc:'])).toBe(expected.storeData.dump(['mi:', 'oc:']));
  });

  test('ahead of a log that was brought back from a back-up is cleared, though the log has grown past it', async () => {
    const { world } = await folded(declared(), ...accepted());
    const restored = await ExchangeWorld.create();
    await restored.append(declared());
    restored.logData.committed.set(`exchange dossiers/${home}`, 2);
    restored.clock.advance(1_000);
    const second = rootIn(home, 1);
    await restored.append(declared({ messageId: second }), ...accepted(second));
    restored.storeData = world.storeData;
    const process = restored.process();
    await process.consumePartition(home);
    expect(process.told.epochChanges).toEqual([home]);
    expect(await stateOf(restored, second)).toMatchObject({ version: 1, status: 'granted' });
    expect(await stateOf(restored, 'M-1')).toMatchObject({ version: 0 });
  });

  test('that was left by a build which marked the first record only is kept', async () => {
    const { world } = await folded(...history);
    const marker = await world.store().marker(home);
    if (marker === null) throw new Error('nothing was stored');
    await world.store().commit(home, marker, { ...marker, epoch: marker.epoch.split(' ', 1)[0] ?? '' }, []);
    await world.append(declared({ messageId: rootIn(home, 1) }));
    const process = world.process();
    await process.consumePartition(home);
    expect(process.told.epochChanges).toEqual([]);
  });

  test('ahead of the log is of another log too', async () => {
    const { world } = await folded(...history);
    const marker = await world.store().marker(home);
    if (marker === null) throw new Error('nothing was stored');
    await world.store().commit(home, marker, { ...marker, offset: 5_000 }, []);
    world.logData.committed.clear();
    const process = world.process();
    await process.consumePartition(home);
    expect(process.told.epochChanges).toEqual([home]);
    expect((await world.store().marker(home))?.offset).toBe(marker.offset);
  });

  test('is rebuilt from the first record kept when retention has removed the start', async () => {
    const second = rootIn(home, 1);
    const { world } = await folded(declared(), ...accepted(), declared({ messageId: second }), ...accepted(second));
    const version = await stored(world, second, (id) => keys.clearance(id, 1));
    world.logData.deleteUntil('dossiers', home, 6);
    world.storeData.loseEverything();
    await world.append(declared({ ...stores, messageId: 'M-2', root: second }));
    const process = world.process();
    await process.consumePartition(home);
    expect(process.told.rebuilds).toEqual([{ partition: home, from: 6 }]);
    expect(await stored(world, second, (id) => keys.clearance(id, 1))).toBe(version);
    expect(await stateOf(world, second)).toMatchObject({ version: 2, status: 'pending' });
    expect(await stored(world, 'M-1', keys.state)).toBeUndefined();
  });

  test('does not wait for ever at a hole in the log', async () => {
    const world = await worldOf(declared(), decisionEvent('tax', 'acknowledged'), ...accepted());
    const partition = world.logData.topics.get('dossiers')?.partitions[home];
    partition?.records.splice(2, 1);
    const process = world.process();
    process.batchRecords = 1;
    await process.consumePartition(home);
    expect(issued(world)).toMatchObject([{ status: 'granted' }]);
  });
});

describe('issued is issued', () => {
  const otherHours: FoldRules = {
    ...shippedRules,
    ruleSets: shippedRules.ruleSets.map((ruleSet) => ({ ...ruleSet, validityHours: { arrival: 1 } })),
  };

  test.each<[string, FoldRules]>([
    ['says other things', otherHours],
    ['issues earlier', rulesWith({ planning: { role: 'informed' } })],
    ['asks one agency more and issues nothing', rulesWith({ 'border-guard': { connected: true } })],
    ['asks one agency less', rulesWith({ customs: { connected: false } })],
  ])('where the fold of another configuration %s, a rebuild takes the issued bytes and signs nothing', async (_case, rules) => {
    const { world } = await folded(...history);
    const clearances = world.records('clearances').map(({ value }) => value.toString());
    world.storeData.loseEverything();
    const process = world.process({ rules });
    process.exchange.assign([0, 1]);
    await process.exchange.fireDeadlines();
    expect(process.signer.calls).toBe(0);
    expect(
      world
        .records('clearances')
        .filter(({ headers }) => headers['ce_type'] === EventType.clearance)
        .map(({ value }) => value.toString()),
    ).toEqual(clearances.filter((value) => value.includes('"clearanceId"')));
    for (const root of ['M-1', other]) {
      const versions = issued(world, root);
      expect((await stateOf(world, root)).version).toBe(versions.length);
      for (const { version } of versions) {
        expect(clearances).toContain(await stored(world, root, (id) => keys.clearance(id, version)));
      }
    }
    expect(process.told.different).toBeGreaterThan(0);
  });

  test('the next decision after such a rebuild is the next version', async () => {
    const { world } = await folded(declared(), ...accepted());
    world.storeData.loseEverything();
    await world.append(decisionEvent('customs', 'refused'));
    const process = world.process({ rules: rulesWith({ planning: { role: 'informed' } }) });
    await process.consume();
    expect(issued(world).map(({ version, status }) => [version, status])).toEqual([
      [1, 'granted'],
      [2, 'refused'],
    ]);
    expect(process.signer.calls).toBe(1);
  });

  test('a new owner takes what the one before had appended and not stored', async () => {
    const world = await worldOf(declared(), ...accepted());
    const first = world.process({ signer: new FakeSigner('first') });
    first.store.before = (operation) => {
      if (operation === 'commit') throw new Error('killed');
    };
    await expect(first.consumePartition(home)).rejects.toThrow('killed');
    const second = world.process({ signer: new FakeSigner('second'), rules: otherHours });
    await second.consumePartition(home);
    expect(issued(world)).toHaveLength(1);
    expect(await stored(world, 'M-1', (id) => keys.clearance(id, 1))).toContain('"signature":"first..');
    expect([second.signer.calls, second.told.different]).toEqual([0, 1]);
  });
});

describe('poison', () => {
  const valid = declarationRecord();
  test.each<[string, OutgoingRecord]>([
    ['no JSON', poison('{')],
    ['nothing', poison('')],
    ['null', poison('null')],
    ['bytes that are no text', poison(Buffer.from([0xff, 0xfe, 0x00]))],
    ['no type', poison(JSON.stringify(valid), '')],
    ['an unknown type', poison(JSON.stringify(valid), 'vn.seaport.unknown.v9')],
    ['a dossierId that is none', poison(JSON.stringify({ ...valid, dossierId: '../../x' }), EventType.declaration)],
    ['no stamp', poison(JSON.stringify({ ...valid, receivedAt: 'yesterday' }), EventType.declaration)],
    ['no header', poison(JSON.stringify({ ...valid, declaration: {} }), EventType.declaration)],
    [
      'a declaration of no type, which no agency would be asked about',
      poison(JSON.stringify({ ...valid, declaration: { header: { sentAt: '2026-11-24T02:00:00Z' } } }), EventType.declaration),
    ],
    [
      'formalities that are none',
      poison(
        JSON.stringify({ ...valid, declaration: { ...smallArrival(), formalities: { cargo: 'x'.repeat(9) }, portCall: { eta: 'soon' } } }),
        EventType.declaration,
      ),
    ],
    ['an action that is none', poison(JSON.stringify({ ...valid, action: 'constructor' }), EventType.declaration)],
    [
      'a decision without outcome',
      poison(JSON.stringify({ dossierId: valid.dossierId, receivedAt: valid.receivedAt, taskId: 't', agency: 'customs', decisionId: 'd' })),
    ],
    [
      'a deadline without a timer',
      poison(JSON.stringify({ dossierId: valid.dossierId, receivedAt: valid.receivedAt }), EventType.deadline),
    ],
  ])('%s is set aside and the next record is handled', async (_case, record) => {
    const { world, process } = await folded(record, declared(), ...accepted());
    expect(world.records('dead-letters').map(({ headers }) => headers)).toEqual([{ ce_id: `dossiers-${home}-1`, reason: 'poison' }]);
    expect(process.told.poisoned).toBe(1);
    expect(issued(world)).toMatchObject([{ status: 'granted' }]);
  });

  test('a rule set that this build does not know is no poison: the partition waits for a build that does', async () => {
    const world = await worldOf(declarationEvent({ ...valid, ruleSet: 'nd-1-2030' }));
    await expect(world.process().consumePartition(home)).rejects.toThrow('nd-1-2030 is not configured');
    expect(world.records('dead-letters')).toEqual([]);
    const ruleSets = [...shippedRules.ruleSets, { ...decree336, id: 'nd-1-2030' }];
    await world.process({ rules: { ...shippedRules, ruleSets } }).consumePartition(home);
    expect(world.records('requests.customs')).toHaveLength(1);
  });
});

describe('deadlines', () => {
  const deadlines = (world: ExchangeWorld): number =>
    world.records('dossiers').filter(({ headers }) => headers['ce_type'] === EventType.deadline).length;

  test('are logged once they have passed, each once, under deterministic ids', async () => {
    const { world, process } = await folded(declared(), ...accepted().slice(0, 2));
    world.clock.jumpTo('2026-11-24T03:59:59Z');
    await process.exchange.fireDeadlines();
    expect(deadlines(world)).toBe(0);
    world.clock.jumpTo('2026-11-24T04:00:00Z');
    await process.exchange.fireDeadlines();
    await process.exchange.fireDeadlines();
    expect(deadlines(world)).toBe(2);
    await process.consume();
    await process.exchange.fireDeadlines();
    expect(deadlines(world)).toBe(2);
    expect(issued(world)).toMatchObject([{ status: 'granted', issuedAt: '2026-11-24T04:00:00Z' }]);

    const twin = await folded(declared(), ...accepted().slice(0, 2));
    twin.world.clock.jumpTo('2026-11-24T06:00:00Z');
    await twin.process.exchange.fireDeadlines();
    const ids = (of: ExchangeWorld): unknown[] =>
      of
        .records('dossiers')
        .slice(-2)
        .map(({ headers }) => headers['ce_id']);
    expect(ids(twin.world)).toEqual(ids(world));
  });

  test('logged by two owners count once', async () => {
    const { world, process } = await folded(declared(), ...accepted().slice(0, 3));
    const second = world.process();
    for (const { exchange } of [process, second]) exchange.assign([home]);
    await second.exchange.fireDeadlines();
    world.clock.jumpTo('2026-11-24T04:00:00Z');
    await Promise.all([process.exchange.fireDeadlines(), second.exchange.fireDeadlines()]);
    expect(deadlines(world)).toBe(2);
    const third = world.process();
    await third.consume();
    expect(third.told.exits).toEqual(['deadline applied', 'deadline duplicate']);
    expect(issued(world)).toHaveLength(1);
  });

  test('wait until the partition is folded up to what was said in time', async () => {
    const { world, process } = await folded(declared());
    world.clock.jumpTo('2026-11-24T04:00:00Z');
    await world.append(decisionEvent('tax', 'accepted', { receivedAt: '2026-11-24T03:59:59Z' }));
    await process.exchange.fireDeadlines();
    expect(deadlines(world)).toBe(0);
    await process.consume();
    await process.exchange.fireDeadlines();
    expect(deadlines(world)).toBe(3);
  });

  test('are logged under load too, where the end of the partition is never reached', async () => {
    const { world, process } = await folded(declared());
    world.clock.jumpTo('2026-11-24T04:00:00Z');
    const chatter = (n: number): OutgoingRecord => decisionEvent('planning', 'acknowledged', { decisionId: `chatter-${n}` });
    await world.append(chatter(0), chatter(1));
    await process.exchange.fireDeadlines();
    process.batchRecords = 1;
    let n = 2;
    // One more comes for each that is folded.
    const stop = new Error('stop');
    const endless = process.consumePartition(home, () => {
      void world.append(chatter(n++));
      if (n > 6) throw stop;
    });
    await expect(endless).rejects.toBe(stop);
    await process.exchange.fireDeadlines();
    expect(deadlines(world)).toBe(4);
  });

  test('that could not be logged are tried again', async () => {
    const { world, process } = await folded(declared());
    world.clock.jumpTo('2026-11-24T04:00:00Z');
    process.log.beforeAppend = () => {
      throw new LogUnavailable('away');
    };
    await expect(process.exchange.fireDeadlines()).rejects.toThrow('away');
    process.log.beforeAppend = () => undefined;
    await process.exchange.fireDeadlines();
    expect(deadlines(world)).toBe(4);
  });

  test('that are not folded are logged again after a minute by the monotonic clock, and the wall clock may jump', async () => {
    const { world, process } = await folded(declared());
    world.clock.jumpTo('2026-11-24T05:00:00Z');
    await process.exchange.fireDeadlines();
    world.clock.jumpTo('2026-11-23T05:00:00Z');
    await process.exchange.fireDeadlines();
    world.clock.jumpTo('2026-11-24T05:00:01Z');
    await process.exchange.fireDeadlines();
    expect(deadlines(world)).toBe(4);
    await process.consume();
    world.clock.advance(120_000);
    await process.exchange.fireDeadlines();
    expect(deadlines(world)).toBe(4);
  });

  test('fire in a partition that no record comes to after a restart', async () => {
    const { world } = await folded(declared());
    const restarted = world.process();
    world.clock.jumpTo('2026-11-24T04:00:00Z');
    await restarted.exchange.fireDeadlines();
    expect(deadlines(world)).toBe(0);
    restarted.exchange.assign([home]);
    await restarted.exchange.fireDeadlines();
    expect(deadlines(world)).toBe(4);
    expect(restarted.exchange.ownedPartitions()).toEqual([home]);
  });

  test('a partition that is still empty is taken over once it has its epoch', async () => {
    const world = new ExchangeWorld();
    await world.log().createTopics(['dossiers', 'clearances'].map((topic) => ({ topic, partitions: PARTITIONS })));
    const process = world.process();
    process.exchange.assign([home]);
    await process.exchange.fireDeadlines();
    expect(process.exchange.ownedPartitions()).toEqual([]);
    await world.createTopics();
    await world.append(declared());
    await process.consume();
    const next = world.process();
    await world.append(...accepted());
    await next.consume();
    expect(next.told.epochChanges).toEqual([]);
  });

  test('are left to the next owner once a partition is released', async () => {
    const { world, process } = await folded(declared());
    process.exchange.release(home);
    world.clock.jumpTo('2026-11-24T04:00:00Z');
    await process.exchange.fireDeadlines();
    expect(deadlines(world)).toBe(0);
  });
});
