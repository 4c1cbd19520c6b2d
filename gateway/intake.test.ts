import { smallArrival } from '../test/support/declaration-records';
import { ExchangeWorld, PARTITIONS } from '../test/support/exchange-world';
import { FakeSigner } from '../test/support/fake-signer';
import { shippedRules } from '../test/support/test-rules';
import { canonicalJson } from './core/canonical-json';
import type { Declaration } from './core/declaration';
import { LogOutcomeUnknown, LogUnavailable, RecordTooLarge, StoreUnavailable } from './core/exchange-error';
import { digestOf, dossierCodeOf, dossierIdOf } from './core/identifiers';
import { EventType, type DeclarationRecord, type Receipt } from './core/messages';
import { partitionOf } from './core/partition';
import { problem } from './core/problem-catalogue';
import { Intake, type IntakePorts, type Received, type Refusal } from './intake';
import { keys } from './read-model';
import { StoreReader } from './store-reader';
import { readJsonDeclaration } from './wire/json/read-json-declaration';

/** Intake over fakes; the exchange of the same world folds what it appends. */

type Changes = { [Key in keyof Declaration]?: Declaration[Key] | undefined };
interface Options {
  tenant?: string;
  header?: Partial<Declaration['header']>;
  key?: string;
  epc?: boolean;
}

function bytesOf(changes: Changes = {}, header: Partial<Declaration['header']> = {}): Buffer {
  const plain = smallArrival();
  return Buffer.from(JSON.stringify({ ...plain, ...changes, header: { ...plain.header, ...header } }));
}

/** JSON in both formats, unvalidated: what is under test is what intake makes of it. */
const readAsGiven: IntakePorts['read'] = (format, bytes) => {
  const reading = readJsonDeclaration(bytes);
  if ('unreadable' in reading) return { kind: 'refused', dialect: 'unknown', problems: reading.unreadable };
  const head = reading.candidate as unknown as Declaration;
  const epc = format === 'xml';
  return {
    kind: 'valid',
    dialect: epc ? 'epc-2021' : 'json',
    resendIsUpdate: epc,
    head,
    json: Buffer.from(JSON.stringify(head)),
    warnings: [],
  };
};

class IntakeWorld {
  readonly world: ExchangeWorld;
  readonly signer = new FakeSigner();
  readonly exchange;
  readonly log;
  readonly store;
  readonly intake: Intake;

  constructor(world: ExchangeWorld, changes: Partial<IntakePorts> = {}) {
    this.world = world;
    this.exchange = world.process();
    this.log = world.log();
    this.store = world.store();
    this.intake = this.another(changes);
  }

  static async create(changes: Partial<IntakePorts> = {}): Promise<IntakeWorld> {
    const world = await ExchangeWorld.create();
    const intake = new IntakeWorld(world, changes);
    await intake.fold();
    return intake;
  }

  /** Another process on the same log and store. */
  another(changes: Partial<IntakePorts> = {}): Intake {
    const { log, store, signer } = this;
    return new Intake({
      log,
      store: new StoreReader(store, log, this.world.clock),
      signer,
      clock: this.world.clock,
      rules: shippedRules,
      partitions: PARTITIONS,
      maxDeclarationBytes: 100_000,
      read: readAsGiven,
      ...changes,
    });
  }

  submit(
    changes: Changes = {},
    { tenant = 'agent', header, key, epc = false }: Options = {},
    intake = this.intake,
  ): Promise<Received | Refusal> {
    return intake.submit({
      tenant,
      bytes: bytesOf(changes, header),
      format: epc ? 'xml' : 'json',
      idempotencyKey: key,
      traceparent: undefined,
    });
  }

  async received(changes?: Changes, options?: Options): Promise<Received> {
    const answer = await this.submit(changes, options);
    if (answer.kind !== 'received') throw new Error(answer.problems.map(({ code }) => code).join());
    return answer;
  }

  async codes(changes?: Changes, options?: Options): Promise<string[]> {
    const answer = await this.submit(changes, options);
    return answer.kind === 'refused' ? answer.problems.map(({ code }) => code) : ['received'];
  }

  fold(): Promise<void> {
    return this.exchange.consume();
  }

  /** What stands in `dossiers`. */
  get records(): DeclarationRecord[] {
    return this.world
      .records('dossiers')
      .filter(({ headers }) => headers['ce_type'] === EventType.declaration)
      .map(({ value }) => JSON.parse(value.toString()) as DeclarationRecord);
  }

  get exits(): string[] {
    return this.exchange.told.exits;
  }
}

const dossierId = dossierIdOf('agent', 'M-1');
const dossierCode = dossierCodeOf(dossierId);
const amend = { purpose: 'amend', referenceMessageId: 'M-1' } as const;

describe('a receipt', () => {
  test('is given once the log holds the declaration, and not before', async () => {
    const given = await IntakeWorld.create();
    let store = (): void => undefined;
    const append = given.log.append.bind(given.log);
    given.log.append = async (records) => {
      await new Promise<void>((resolve) => (store = resolve));
      return append(records);
    };
    let isAnswered = false;
    const answer = given.submit().finally(() => (isAnswered = true));
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect([isAnswered, given.records.length]).toEqual([false, 0]);
    store();
    expect(await answer).toMatchObject({ kind: 'received', replayed: false });
    expect(given.records).toHaveLength(1);
  });

  test('says what the log says, byte for byte, and so does the store', async () => {
    const given = await IntakeWorld.create();
    given.world.clock.advance(1_500);
    const { receipt, receiptJson, dialect, messageId, action } = await given.received();
    expect([dialect, messageId, action]).toEqual(['json', 'M-1', 'original']);
    expect(receipt).toMatchObject({
      dossierId,
      dossierCode,
      messageId: 'M-1',
      action: 'original',
      status: 'received',
      receivedAt: '2026-11-24T03:00:01.500Z',
      agencies: ['harbour-master', 'customs', 'tax', 'planning'].map((agency) => ({ agency, dueAt: '2026-11-24T04:00:01.500Z' })),
      warnings: [],
    });
    const { signature, ...unsigned } = receipt;
    expect(signature).toBe(new FakeSigner().sign(canonicalJson(unsigned)));
    const [record] = given.records;
    expect(record).toMatchObject({
      tenant: 'agent',
      dossierId,
      declarationId: receipt.declarationId,
      digest: digestOf(bytesOf()),
      ruleSet: 'nd-336-2026',
      test: false,
    });
    expect(JSON.stringify(record?.receipt)).toBe(JSON.stringify(receipt));
    const key = keys.firstReceipt(dossierId);
    const stored = async (): Promise<unknown> => (await given.store.getMany(partitionOf(dossierId, PARTITIONS), [key]))[0]?.toString();
    expect(await stored()).toBe(receiptJson);
    await given.fold();
    expect(await stored()).toBe(receiptJson);
  });

  test('carries the warnings, and names an open dossier of the same ship and port', async () => {
    const given = await IntakeWorld.create();
    await given.received();
    await given.fold();
    const { receipt, receiptJson } = await given.received({}, { header: { messageId: 'M-2' } });
    expect(receipt.warnings).toMatchObject([
      { code: 'dossier-open', severity: 'warning', pointer: '/portCall/visitId', message: expect.stringContaining(dossierCode) as string },
    ]);
    expect(given.records.find((record) => record.messageId === 'M-2')?.receipt).toEqual(receipt);
    const { signature, ...unsigned } = receipt;
    expect(signature).toBe(new FakeSigner().sign(canonicalJson(unsigned)));
    expect(JSON.parse(receiptJson)).toEqual(receipt);
    expect((await given.received({}, { tenant: 'agent2', header: { messageId: 'M-2' } })).receipt.warnings).toEqual([]);
  });

  test('names no dossier of a call that is over: a ship that said nothing of its departure is gone a week after its arrival', async () => {
    const given = await IntakeWorld.create();
    await given.received();
    await given.fold();
    const warnedAt = async (receivedAt: string): Promise<boolean> => {
      given.world.clock.advance(Date.parse(receivedAt) - given.world.clock.nowMs());
      const { receipt } = await given.received({}, { header: { messageId: receivedAt } });
      return receipt.warnings.some(({ code }) => code === 'dossier-open');
    };
    expect(await warnedAt('2026-12-03T01:59:59Z')).toBe(true);
    expect(await warnedAt('2026-12-03T02:00:00Z')).toBe(false);
  });
});

describe('the same again', () => {
  test.each(['before it is folded', 'after it is folded', 'after the dossier was cancelled'])(
    '%s gets the first receipt and is not stored twice',
    async (when) => {
      const given = await IntakeWorld.create();
      const first = await given.received();
      if (when !== 'before it is folded') await given.fold();
      if (when.endsWith('cancelled')) {
        await given.received({ formalities: undefined }, { header: { messageId: 'C', purpose: 'cancel', referenceMessageId: 'M-1' } });
        await given.fold();
      }
      const before = given.records.length;
      given.world.clock.advance(86_400_000);
      expect(await given.received()).toEqual({ ...first, replayed: true });
      expect(given.records).toHaveLength(before);
    },
  );

  test.each(['before it is folded', 'after it is folded'])('that was not the first of its dossier, %s', async (when) => {
    const given = await IntakeWorld.create();
    const first = await given.received();
    const cancel = (): Promise<Received> =>
      given.received({ formalities: undefined }, { header: { messageId: 'C', purpose: 'cancel', referenceMessageId: 'M-1' } });
    const second = await cancel();
    if (when.startsWith('after')) await given.fold();
    given.world.clock.advance(86_400_000);
    expect(await cancel()).toEqual({ ...second, replayed: true });
    expect(await given.received()).toEqual({ ...first, replayed: true });
    expect(given.records).toHaveLength(2);
  });

  test('at the same time waits for the first, and one record is stored', async () => {
    const given = await IntakeWorld.create();
    const answers = await Promise.all([given.submit(), given.submit(), given.submit()]);
    expect(answers.map((answer) => answer.kind === 'received' && answer.replayed)).toEqual([false, true, true]);
    expect(new Set(answers.map((answer) => JSON.stringify((answer as Received).receipt))).size).toBe(1);
    expect(given.records).toHaveLength(1);
  });

  test('at the same time as one that fails is received on its own', async () => {
    const given = await IntakeWorld.create();
    let first = true;
    given.log.beforeAppend = () => {
      if (!first) return;
      first = false;
      throw new LogUnavailable('away');
    };
    const [one, two] = await Promise.allSettled([given.submit(), given.submit()]);
    expect(one).toMatchObject({ status: 'rejected', reason: { code: 'log-unavailable' } });
    expect(two).toMatchObject({ status: 'fulfilled', value: { kind: 'received', replayed: false } });
  });

  test('at two processes past the store gets two receipts with one identity; the first in the log counts', async () => {
    const given = await IntakeWorld.create();
    const other = given.another();
    const append = given.log.append.bind(given.log);
    let goOn = (): void => undefined;
    const both = new Promise<void>((resolve) => (goOn = resolve));
    let appends = 0;
    given.log.append = async (records) => {
      if (++appends === 2) goOn();
      await both;
      return append(records);
    };
    const answers = await Promise.all([given.submit(), given.submit({}, {}, other)]);
    const receipts = answers.map((answer) => (answer as Received).receipt);
    expect(given.records).toHaveLength(2);
    expect(new Set(receipts.map(({ receiptId, declarationId }) => receiptId + declarationId)).size).toBe(1);
    await given.fold();
    expect(given.exits).toEqual(['declaration applied', 'declaration duplicate']);
    expect((await given.received()).receipt).toEqual(given.records[0]?.receipt);
  });
});

describe('a known id with other bytes', () => {
  const changed: Changes = { ship: { name: 'OTHER NAME' } };

  test('is refused', async () => {
    const given = await IntakeWorld.create();
    await given.received();
    await given.fold();
    expect(await given.codes(changed)).toEqual(['message-id-reused']);
    expect(given.records).toHaveLength(1);
    expect(await given.codes(changed, { tenant: 'agent2' })).toEqual(['received']);
  });

  test('while the first is not folded yet is received, and the fold judges', async () => {
    const given = await IntakeWorld.create();
    await given.received();
    expect(await given.codes(changed)).toEqual(['received']);
    await given.fold();
    expect(given.exits).toEqual(['declaration applied', 'declaration rejected']);
  });

  test('is an update in EPC, unless its SentTime is older', async () => {
    const given = await IntakeWorld.create();
    const epc = (sentAt: string): Options => ({ epc: true, header: { sentAt } });
    await given.received({}, epc('2026-11-24T02:00:00Z'));
    await given.fold();
    expect(await given.codes(changed, epc('2026-11-24T02:00:01Z'))).toEqual(['received']);
    await given.fold();
    expect(await given.codes(changed, epc('2026-11-24T01:59:59Z'))).toEqual(['revision-conflict']);
    expect(given.exits).toEqual(['declaration applied', 'declaration applied']);
  });

  test('sent to another dossier is refused, whether it had joined one or opened one', async () => {
    const given = await IntakeWorld.create();
    const joins = (code: string): Changes => ({ portCall: { portOfCall: { unLocode: 'VNHPH' }, visitId: code } });
    await given.received();
    await given.received({}, { header: { messageId: 'M-2' } });
    await given.fold();
    await given.received(joins(dossierCode), { header: { messageId: 'P-1' } });
    await given.fold();
    const second = dossierCodeOf(dossierIdOf('agent', 'M-2'));
    expect(await given.codes(joins(second), { header: { messageId: 'P-1' } })).toEqual(['message-id-reused']);
    expect(await given.codes(joins(second), { header: { messageId: 'M-1' } })).toEqual(['message-id-reused']);
  });
});

describe('an Idempotency-Key', () => {
  test('is bound to its bytes', async () => {
    const given = await IntakeWorld.create();
    const first = await given.received({}, { key: 'k' });
    expect(await given.codes({}, { key: 'k', header: { messageId: 'M-2' } })).toEqual(['idempotency-key-reused']);
    expect(await given.received({}, { key: 'k' })).toEqual({ ...first, replayed: true });
    expect(await given.received({}, { key: 'another' })).toEqual({ ...first, replayed: true });
    expect(await given.codes({}, { key: 'k', tenant: 'agent2', header: { messageId: 'M-2' } })).toEqual(['received']);
  });

  test('is free again when nothing was stored', async () => {
    const given = await IntakeWorld.create();
    given.log.beforeAppend = () => {
      throw new LogUnavailable('away');
    };
    await expect(given.submit({}, { key: 'k' })).rejects.toThrow('away');
    given.log.beforeAppend = () => undefined;
    expect(await given.codes({}, { key: 'k', header: { messageId: 'M-2' } })).toEqual(['received']);
  });
});

describe('a reference', () => {
  test('to what the log does not hold is refused once the store has caught up', async () => {
    const given = await IntakeWorld.create();
    expect(await given.codes({}, { header: { ...amend, messageId: 'A' } })).toEqual(['reference-unknown']);
    expect(await given.codes({}, { header: { messageId: 'C', purpose: 'cancel', referenceMessageId: 'M-1' } })).toEqual([
      'reference-unknown',
    ]);
    for (const visitId of [dossierCode, dossierCode.toLowerCase()]) {
      expect(await given.codes({ portCall: { portOfCall: {}, visitId } }, { header: { messageId: 'P' } })).toEqual(['reference-unknown']);
    }
    expect(given.records).toEqual([]);
  });

  test('while the store is behind the log is received, and the fold judges', async () => {
    const given = await IntakeWorld.create();
    await given.received();
    expect(await given.codes({}, { header: { ...amend, messageId: 'A' } })).toEqual(['received']);
    await given.fold();
    expect(given.exits).toEqual(['declaration applied', 'declaration applied']);
  });

  test('that is folded between the look at the store and the question how far it is, is known', async () => {
    const given = await IntakeWorld.create();
    await given.received();
    const offsets = given.log.offsets.bind(given.log);
    given.log.offsets = async (topic) => {
      await given.fold();
      return offsets(topic);
    };
    expect(await given.codes({}, { header: { ...amend, messageId: 'A' } })).toEqual(['received']);
    // And judged by what is known then.
    given.log.offsets = offsets;
    expect(await given.codes({}, { header: { ...amend, messageId: 'B', baseRevision: 7 } })).toEqual(['revision-conflict']);
  });

  test('and a code that name different dossiers are refused together', async () => {
    const given = await IntakeWorld.create();
    const answer = await given.submit(
      { portCall: { portOfCall: {}, visitId: dossierCode } },
      { header: { ...amend, messageId: 'A', referenceMessageId: 'M-2' } },
    );
    expect(answer).toMatchObject({ kind: 'refused', problems: [{ code: 'reference-mismatch', pointer: '/header/referenceMessageId' }] });
  });

  test("to another tenant's dossier is as unknown as any foreign journal number", async () => {
    const given = await IntakeWorld.create();
    await given.received();
    await given.fold();
    const foreign: Changes = { portCall: { portOfCall: {}, visitId: dossierCode } };
    const opened = await given.received(foreign, { tenant: 'agent2', header: { messageId: 'N-1' } });
    expect(opened.receipt.dossierId).toBe(dossierIdOf('agent2', 'N-1'));
    expect(JSON.stringify(opened)).not.toContain(dossierId);
    expect(JSON.stringify(opened)).not.toContain(dossierCode);
    await given.fold();
    expect(await given.codes(foreign, { tenant: 'agent2', header: { messageId: 'N-2', purpose: 'amend' } })).toEqual(['reference-unknown']);
    expect(await given.codes({}, { tenant: 'agent2', header: { messageId: 'N-3', ...amend } })).toEqual(['reference-unknown']);
  });

  test('to a dossier that was cancelled, is of tests or has gone on is refused early', async () => {
    const given = await IntakeWorld.create();
    await given.received();
    await given.fold();
    expect(await given.codes({}, { header: { ...amend, messageId: 'A', testIndicator: true } })).toEqual(['test-mismatch']);
    expect(await given.codes({}, { header: { ...amend, messageId: 'A', baseRevision: 2 } })).toEqual(['revision-conflict']);
    await given.received({}, { header: { messageId: 'C', purpose: 'cancel', referenceMessageId: 'M-1' } });
    await given.fold();
    expect(await given.codes({}, { header: { ...amend, messageId: 'A' } })).toEqual(['dossier-cancelled']);
  });
});

describe('the log', () => {
  test.each<[string, Error, string]>([
    ['that is away', new LogUnavailable('away'), 'log-unavailable'],
    ['whose outcome is unknown', new LogOutcomeUnknown('no answer'), 'outcome-unknown'],
    ['that fails in an unforeseen way', new TypeError('a bug of a library'), 'outcome-unknown'],
  ])('%s is told as it is, and nothing is remembered', async (_case, cause, code) => {
    const given = await IntakeWorld.create();
    const dump = given.world.storeData.dump();
    given.log.beforeAppend = () => {
      throw cause;
    };
    await expect(given.submit({}, { key: 'k' })).rejects.toMatchObject({ code, retriable: true });
    expect(given.world.storeData.dump()).toBe(dump);
  });

  test('that stored it and whose answer was lost: the same again is counted once', async () => {
    const given = await IntakeWorld.create();
    given.log.afterAppend = () => {
      throw new LogOutcomeUnknown('cut off');
    };
    await expect(given.submit()).rejects.toMatchObject({ code: 'outcome-unknown' });
    given.log.afterAppend = () => undefined;
    expect(await given.codes()).toEqual(['received']);
    await given.fold();
    expect(given.exits).toEqual(['declaration applied', 'declaration duplicate']);
  });

  test('that finds the record too large says so, and it is the sender’s fault', async () => {
    const given = await IntakeWorld.create();
    given.log.beforeAppend = () => {
      throw new RecordTooLarge('too large');
    };
    expect(await given.codes()).toEqual(['record-too-large']);
  });

  test('gets no record larger than a body may be', async () => {
    const given = await IntakeWorld.create({ maxDeclarationBytes: 500 });
    expect(await given.codes()).toEqual(['too-large']);
    expect(given.records).toEqual([]);
  });

  test('gets the evidence in the same append', async () => {
    const appends: string[][] = [];
    const given = await IntakeWorld.create({
      evidence: ({ declarationId, partition }, bytes) => [
        { topic: 'dead-letters', partition, key: declarationId, value: bytes, headers: {} },
      ],
    });
    given.log.beforeAppend = (records) => appends.push(records.map(({ topic, partition }) => `${topic} ${partition}`));
    await given.received();
    const home = partitionOf(dossierId, PARTITIONS);
    expect(appends).toEqual([[`dossiers ${home}`, `dead-letters ${home}`]]);
    expect(given.world.records('dead-letters')[0]?.value).toEqual(bytesOf());
  });
});

describe('the store', () => {
  test('away, every declaration is received all the same, and it is asked once a second', async () => {
    const given = await IntakeWorld.create();
    let asked = 0;
    given.store.before = () => {
      asked++;
      throw new StoreUnavailable('frozen');
    };
    for (let n = 0; n < 5; n++) expect(await given.codes({}, { header: { messageId: `M-${n}` }, key: `k-${n}` })).toEqual(['received']);
    // The looks of the first declaration were under way together.
    expect(asked).toBeLessThanOrEqual(4);
    expect(await given.codes({}, { header: { ...amend, messageId: 'A' } })).toEqual(['received']);
    given.world.clock.advance(1_001);
    given.store.before = () => undefined;
    expect((await given.received({}, { header: { messageId: 'M-9' }, key: 'k-9' })).replayed).toBe(false);
    expect((await given.received({}, { header: { messageId: 'M-9' } })).replayed).toBe(true);
  });

  test('away after the append, the receipt is given', async () => {
    const given = await IntakeWorld.create();
    given.store.before = (operation) => {
      if (operation === 'putIfAbsent') throw new StoreUnavailable('frozen');
    };
    expect((await given.received()).receipt.dossierId).toBe(dossierId);
  });

  test('failing by a bug of ours is no shortcut that may be missed', async () => {
    const given = await IntakeWorld.create();
    given.store.before = () => {
      throw new RangeError('a bug');
    };
    await expect(given.submit()).rejects.toThrow(RangeError);
  });
});

describe('what is refused', () => {
  test('is told with all its faults, and nothing is stored or looked up', async () => {
    const problems = [problem('imo-check-digit', { pointer: '/ship/imoNumber' }), problem('required', { pointer: '/portCall/eta' })];
    const given = await IntakeWorld.create({ read: () => ({ kind: 'refused', dialect: 'json', problems }) });
    given.store.before = () => {
      throw new Error('not to be asked');
    };
    expect(await given.submit()).toEqual({ kind: 'refused', dialect: 'json', problems });
    expect(given.records).toEqual([]);
  });

  test('unreadable bytes have no dialect', async () => {
    const given = await IntakeWorld.create();
    const answer = await given.intake.submit({
      tenant: 'agent',
      bytes: Buffer.from('{'),
      format: 'json',
      idempotencyKey: undefined,
      traceparent: undefined,
    });
    expect(answer).toMatchObject({ kind: 'refused', dialect: 'unknown', problems: [{ code: 'json-malformed' }] });
  });
});

test('how long a real declaration took up to the append, and the append, is told once it is stored', async () => {
  const told: [string, number][] = [];
  const given = await IntakeWorld.create({ stage: (...stage) => told.push(stage) });
  const { clock } = given.world;
  given.log.beforeAppend = () => clock.advance(250);
  given.store.before = () => clock.advance(10);
  await given.received();
  expect(told).toEqual([
    ['intake', 0.01],
    ['publish', 0.25],
  ]);
  await given.received({}, { header: { testIndicator: true, messageId: 'T-1' } });
  await given.received();
  expect(told).toHaveLength(2);
});

test('a test declaration is marked in its record', async () => {
  const given = await IntakeWorld.create();
  await given.received({}, { header: { testIndicator: true } });
  expect(given.records).toMatchObject([{ test: true }]);
});

test('nothing is signed for a repeat or a refusal', async () => {
  const given = await IntakeWorld.create();
  await given.received();
  await given.fold();
  const calls = given.signer.calls;
  await given.received();
  await given.codes({ ship: { name: 'OTHER NAME' } });
  expect(given.signer.calls).toBe(calls);
  const receipt: Receipt | undefined = given.records[0]?.receipt;
  expect(receipt?.signature).toMatch(/^fake-key\.\./);
});
