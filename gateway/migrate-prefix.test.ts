import { declarationRecord, type RecordOptions } from '../test/support/declaration-records';
import { declarationEvent, decisionEvent, PARTITIONS, Told } from '../test/support/exchange-world';
import { FakeClock } from '../test/support/fake-clock';
import { FakeDossierStore, FakeStoreData } from '../test/support/fake-dossier-store';
import { FakeLogData, FakeMessageLog } from '../test/support/fake-message-log';
import { FakeSigner } from '../test/support/fake-signer';
import { rulesWith, shippedRules } from '../test/support/test-rules';
import { LogOutcomeUnknown } from './core/exchange-error';
import type { FoldRules } from './core/fold';
import { EventType } from './core/messages';
import { partitionOf } from './core/partition';
import { Exchange } from './exchange';
import { migratePrefix, type GroupPositions, type Migration } from './migrate-prefix';
import type { OutgoingRecord } from './ports/message-log';
import { topicCatalogue } from './topic-catalogue';
import { createTopics } from './topics';

/** A prefix of so many partitions: its log, its store, and processes that fold the one into the other. */
class Prefix {
  readonly clock = new FakeClock('2026-11-24T03:00:00Z');
  readonly data = new FakeLogData(() => this.clock.nowMs());
  readonly log = new FakeMessageLog(this.data);
  readonly storeData = new FakeStoreData();
  readonly signer = new FakeSigner();
  readonly partitions: number;
  told = new Told();

  constructor(partitions: number) {
    this.partitions = partitions;
  }

  /** One process from its start until everything is folded and taken by the group. */
  async run(rules: FoldRules = shippedRules): Promise<void> {
    this.told = new Told();
    const exchange = new Exchange({
      log: this.log,
      store: new FakeDossierStore(this.storeData),
      signer: this.signer,
      clock: this.clock,
      rules,
      partitions: this.partitions,
      deadLetter: (record, reason) => ({ ...record, topic: 'dead-letters', key: null, headers: { reason } }),
      observe: this.told,
    });
    exchange.assign([...Array(this.partitions).keys()]);
    await exchange.fireDeadlines();
    for (let partition = 0; partition < this.partitions; partition++) {
      const all = this.data.records('dossiers').filter((record) => record.partition === partition);
      const records = all.filter(({ offset }) => offset >= (this.data.committed.get(`exchange dossiers/${partition}`) ?? 0));
      const last = records.at(-1);
      if (last === undefined) continue;
      const control = { isStale: () => false, heartbeat: () => Promise.resolve(), seek: () => undefined };
      await exchange.onBatch({ topic: 'dossiers', partition, records, endOffset: last.offset + 1 }, control);
      this.data.committed.set(`exchange dossiers/${partition}`, last.offset + 1);
    }
  }

  /** Records made for a world of another partition count. */
  async append(...records: OutgoingRecord[]): Promise<void> {
    await this.log.append(records.map((record) => ({ ...record, partition: partitionOf(record.key ?? '', this.partitions) })));
  }

  /** Value of each id in a topic, the first of each; and how many there are. */
  issued(): { count: number; byId: Map<string, string> } {
    const records = this.data.records('clearances').filter(({ headers }) => headers['ce_type'] === EventType.clearance);
    const byId = new Map<string, string>();
    for (const { headers, value } of records) if (!byId.has(headers['ce_id'] ?? '')) byId.set(headers['ce_id'] ?? '', value.toString());
    return { count: records.length, byId };
  }

  /** What the store shows of clearances, whatever the partition. */
  shown(): Map<string, string> {
    const entries = [...this.storeData.parts.values()].flatMap(({ values }) => [...values]);
    return new Map(entries.filter(([key]) => key.startsWith('cl:')).map(([key, value]): [string, string] => [key, value.toString()]));
  }
}

const connected = shippedRules.agencies.filter((agency) => agency.connected).map(({ code }) => code);
const four = ['harbour-master', 'customs', 'tax', 'planning'];
const DOSSIERS = 30;
let from: Prefix;
let to: Prefix;
let members: Map<string, number>;

const declared = (options: RecordOptions): OutgoingRecord => declarationEvent(declarationRecord(options));
const stores: RecordOptions = {
  action: 'amend',
  declaration: {
    portCall: undefined,
    ship: undefined,
    formalities: { shipStores: { items: [{ sequenceNumber: 1, quantity: { value: 4, unit: 'LTR' } }] } },
  },
};

/** Versions, amendments, rejections, a cancel, tasks that stand open, in every partition. */
function history(): OutgoingRecord[] {
  return Array.from({ length: DOSSIERS }, (_, n) => {
    const root = `M-${n}`;
    const records = [declared({ messageId: root }), ...four.slice(0, n % 5).map((agency) => decisionEvent(agency, 'accepted', { root }))];
    if (n % 3 === 0) records.push(declared({ ...stores, root, messageId: `A-${n}`, receivedAt: '2026-11-24T03:10:00Z' }));
    if (n % 3 === 0)
      records.push(decisionEvent('customs', 'conditionallyAccepted', { root, revision: 2, conditions: [{ code: 'C', text: 'c' }] }));
    if (n % 4 === 0) records.push(declared({ ...stores, root, messageId: `J-${n}`, baseRevision: 9, receivedAt: '2026-11-24T03:11:00Z' }));
    if (n % 7 === 0) records.push(declared({ messageId: `C-${n}`, action: 'cancel', root, receivedAt: '2026-11-24T03:20:00Z' }));
    return records;
  }).flat();
}

beforeEach(async () => {
  members = new Map();
  from = new Prefix(PARTITIONS);
  to = new Prefix(5);
  await createTopics(from.log, topicCatalogue(connected, { partitions: PARTITIONS, retentionDays: 1 }));
  // In pieces, so that partitions are told apart by more than one batch.
  const all = history();
  for (let at = 0; at < all.length; at += 17) {
    await from.append(...all.slice(at, at + 17));
    await from.run();
  }
});

function migration(change: Partial<Migration> = {}): Migration {
  const positions: GroupPositions = {
    members: (group) => Promise.resolve(members.get(group) ?? 0),
    begin: (group, topic, begins) => {
      for (const { partition, offset } of begins) to.data.committed.set(`${group} ${topic}/${partition}`, offset);
      return Promise.resolve();
    },
  };
  return {
    from: from.log,
    to: to.log,
    specs: topicCatalogue(connected, { partitions: to.partitions, retentionDays: 1 }),
    groups: [
      { from: 'exchange', to: 'exchange', topics: ['dossiers'], isDone: true },
      { from: 'adapter.tax', to: 'adapter.tax', topics: ['requests.tax'], isDone: false },
    ],
    positions,
    ...change,
  };
}

const requests = (prefix: Prefix): string[] =>
  connected.flatMap((agency) => prefix.data.records(`requests.${agency}`).map(({ headers }) => headers['ce_id'] ?? '')).sort();

it('makes a prefix that rebuilds to the very clearances, signs none and asks nobody again', async () => {
  const migrated = await migratePrefix(migration());
  const before = from.issued();
  expect(before.count).toBeGreaterThan(10);
  expect(migrated.find(({ topic }) => topic === 'dossiers')?.records).toBe(history().length);
  await to.run();
  expect(to.signer.calls).toBe(0);
  expect(to.told.different + to.told.void).toBe(0);
  expect(to.issued()).toEqual(before);
  expect(to.shown()).toEqual(from.shown());
  expect(requests(to)).toEqual(requests(from));
  expect(to.data.records('clearances')).toHaveLength(from.data.records('clearances').length);
  expect(to.data.records('dead-letters')).toHaveLength(from.data.records('dead-letters').length);
});

it('stands by what was issued where the present rules would say something else', async () => {
  await migratePrefix(migration());
  await to.run(rulesWith({ tax: { role: 'decides' }, planning: { role: 'decides', connected: false } }));
  expect(to.signer.calls).toBe(0);
  expect(to.shown()).toEqual(from.shown());
});

it('goes on where it was: the next amendment makes the next version', async () => {
  await migratePrefix(migration());
  await to.run();
  const amended = [
    declared({ ...stores, root: 'M-4', messageId: 'A-4', receivedAt: '2026-11-24T04:10:00Z' }),
    ...['customs', 'tax'].map((agency) => decisionEvent(agency, 'refused', { root: 'M-4', revision: 2 })),
  ];
  await from.append(...amended);
  await to.append(...amended);
  await from.run();
  await to.run();
  // Positions apart, which a new version names as they are now.
  const withoutPlace = (issued: Map<string, string>) =>
    [...issued].map(([id, text]): [string, unknown] => {
      const { basis: _basis, signature: _signature, ...rest } = JSON.parse(text) as Record<string, unknown>;
      return [id, rest];
    });
  expect(to.issued().count).toBe(from.issued().count);
  expect(new Map(withoutPlace(to.issued().byId))).toEqual(new Map(withoutPlace(from.issued().byId)));
  expect(to.signer.calls).toBeGreaterThan(0);
});

it('keeps the order of each dossier, and every key, header and value', async () => {
  await migratePrefix(migration());
  for (const topic of ['dossiers', 'clearances', 'requests.tax', 'results.customs']) {
    const of = (prefix: Prefix) => {
      const byKey = new Map<string, string[]>();
      for (const { key, value, headers } of prefix.data.records(topic)) {
        if (headers['ce_type'] === EventType.epoch) continue;
        byKey.set(String(key), [...(byKey.get(String(key)) ?? []), value.toString()]);
      }
      return byKey;
    };
    expect(of(to)).toEqual(of(from));
    for (const { key, partition, headers } of to.data.records(topic))
      if (headers['ce_type'] !== EventType.epoch) expect(partition).toBe(partitionOf(key ?? '', to.partitions));
  }
});

it('goes on after it was cut short anywhere, whether the last records were stored or not', async () => {
  for (const isStored of [true, false]) {
    to = new Prefix(5);
    let appends = 0;
    const cut = (): void => {
      // Each run comes one append further.
      if (++appends % 2 === 0) throw new LogOutcomeUnknown('cut short');
    };
    if (isStored) to.log.afterAppend = cut;
    else to.log.beforeAppend = cut;
    let runs = 0;
    let migrated: Awaited<ReturnType<typeof migratePrefix>> | undefined;
    while (migrated === undefined && ++runs < 200) migrated = await migratePrefix(migration()).catch(() => undefined);
    expect(runs).toBeGreaterThan(3);
    expect(migrated?.every(({ repeats }) => repeats === 0)).toBe(true);
    const again = await migratePrefix(migration());
    expect(again).toEqual(migrated);
    await to.run();
    expect(to.shown()).toEqual(from.shown());
    expect(to.signer.calls).toBe(0);
  }
});

it('is the same where the end of a copy was stored twice', async () => {
  await migratePrefix(migration());
  const twice = to.data.records('dossiers').filter(({ partition }) => partition === 2);
  await to.log.append(twice.slice(-3));
  expect((await migratePrefix(migration())).find(({ topic }) => topic === 'dossiers')?.repeats).toBe(3);
  await to.run();
  expect(to.shown()).toEqual(from.shown());
  expect(to.signer.calls).toBe(0);
});

it('is refused while anybody could write, and names everything that stands against it', async () => {
  members.set('adapter.tax', 1);
  await from.append(declared({ messageId: 'M-new' }));
  await expect(migratePrefix(migration())).rejects.toThrow(/exchange has 1 records of dossiers(.|\n)*adapter\.tax has members/);
  expect(to.data.topics.size).toBe(0);
});

it('finds that somebody wrote meanwhile', async () => {
  let told = false;
  const write = migratePrefix(
    migration({
      progress: () => {
        if (!told) void from.append(declared({ messageId: 'M-new' }));
        told = true;
      },
    }),
  );
  await expect(write).rejects.toThrow('dossiers was written to meanwhile');
});

it('finds a copy that is not the same, and one that a gateway has run on', async () => {
  await migratePrefix(migration());
  const record = to.data.records('clearances')[5];
  record?.value.write('x', 3);
  await expect(migratePrefix(migration())).rejects.toThrow('clearances: the copy is not the same');
  to = new Prefix(5);
  await migratePrefix(migration());
  await to.run();
  await to.append(declared({ messageId: 'M-new' }));
  await expect(migratePrefix(migration())).rejects.toThrow(/dossiers\/\d offset \d+ of the copy is no copy/);
});

it('begins a group of an agency before what it had not taken', async () => {
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const end = from.data.end({ topic: 'requests.tax', partition });
    from.data.committed.set(`adapter.tax requests.tax/${partition}`, partition === 0 ? end : end - 2);
  }
  await migratePrefix(migration());
  const untaken = from.data.records('requests.tax').filter(({ partition, offset }) => {
    return offset >= (from.data.committed.get(`adapter.tax requests.tax/${partition}`) ?? 0);
  });
  const next = to.data.records('requests.tax').filter(({ partition, offset }) => {
    return offset >= (to.data.committed.get(`adapter.tax requests.tax/${partition}`) ?? 0);
  });
  const ids = (records: typeof next) => records.map(({ headers }) => headers['ce_id']).sort();
  expect(untaken).toHaveLength(2);
  expect(ids(next)).toEqual(expect.arrayContaining(ids(untaken)));
  expect(next.length).toBeLessThan(to.data.records('requests.tax').length);
});
