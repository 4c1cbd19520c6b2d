import { randomBytes } from 'node:crypto';
import type { AppendedPosition, BatchControl, LogBatch, LogRecord, MessageLog, OutgoingRecord } from '../../gateway/ports/message-log';
import { eventually } from '../support/eventually';

/** One log under test: `open` may be called again after `close` and must find what was stored. */
export interface LogUnderTest {
  open(): Promise<MessageLog>;
  /** Forgets the first records of a partition, as retention does: up to `before`, that one not included. */
  deleteUntil(topic: string, partition: number, before: number): Promise<void>;
  dispose(): Promise<void>;
  /** What was replaced is there until the broker compacts the topic. */
  compactsLater?: boolean;
}

/** What every message log must do, whatever it is made of. */
export function messageLogContract(name: string, prepare: () => Promise<LogUnderTest>): void {
  describe(`the message log on ${name}`, () => {
    let underTest: LogUnderTest;
    let log: MessageLog;
    let names = 0;
    const fresh = (what: string): string => `${what}-${++names}`;

    beforeAll(async () => {
      underTest = await prepare();
      log = await underTest.open();
    });

    afterAll(async () => {
      await log.close();
      await underTest.dispose();
    });

    async function newTopic(partitions = 1): Promise<string> {
      const topic = fresh('topic');
      await log.createTopics([{ topic, partitions, maxRecordBytes: 16 * 1024 * 1024 }]);
      // A broker that knows one of a fresh topic's partitions and not yet the other is sent the records of both again.
      await log.offsets(topic);
      return topic;
    }

    async function readAll(topic: string, partition: number, from = 0, to = Number.MAX_SAFE_INTEGER): Promise<LogRecord[]> {
      const records: LogRecord[] = [];
      await log.read(topic, [{ partition, from, to }], (batch) => {
        records.push(...batch.records);
      });
      return records;
    }

    /** Consumes one topic and keeps what came, per partition. */
    async function collect(topic: string, group: string, handle?: (batch: LogBatch, control: BatchControl) => Promise<void> | void) {
      const records: LogRecord[] = [];
      const assigned: { topic: string; partition: number }[] = [];
      const revoked: { topic: string; partition: number }[] = [];
      const consumer = await log.consume({
        group,
        topics: [topic],
        onBatch: async (batch, control) => {
          await handle?.(batch, control);
          records.push(...batch.records);
        },
        onAssigned: (partitions) => assigned.push(...partitions),
        onRevoked: (partitions) => revoked.push(...partitions),
      });
      return { records, assigned, revoked, consumer };
    }

    it('keeps the order of a partition and says where each record went', async () => {
      const topic = await newTopic(3);
      const records = numbered(topic, 300, (i) => i % 3);
      const positions = await log.append(records);
      for (const partition of [0, 1, 2]) {
        const mine = positions.filter((position) => position.partition === partition);
        expect(mine.map(({ offset }) => offset)).toEqual(Array.from({ length: 100 }, (_, i) => i));
        const read = await readAll(topic, partition);
        expect(read.map(textOf)).toEqual(records.filter((record) => record.partition === partition).map(textOf));
        expect(read.map(({ offset }) => offset)).toEqual(mine.map(({ offset }) => offset));
      }
    });

    it('keeps the order of appends that were started one after the other without waiting', async () => {
      const topic = await newTopic();
      const positions = await Promise.all(numbered(topic, 200).map((record) => log.append([record])));
      expect(positions.flat().map(({ offset }) => offset)).toEqual(Array.from({ length: 200 }, (_, i) => i));
      expect((await readAll(topic, 0)).map(textOf)).toEqual(numbered(topic, 200).map(textOf));
    });

    it('puts a record in the place of an older one, whose neighbours stay as they are', async () => {
      const topic = fresh('topic');
      await log.createTopics([{ topic, partitions: 2, compacted: true }]);
      await log.offsets(topic);
      const record = (key: string, value: string) => ({ topic, partition: 1, key, value: Buffer.from(value), headers: { ce_id: key } });
      const positions = await log.append([record('a', 'first'), record('b', 'second'), record('c', 'third')]);
      const older = positions[1] as AppendedPosition;
      await log.replace(older, { ...record('b', ''), headers: { ce_id: 'b', again: 'yes' } });
      const records = await readAll(topic, 1);
      const others = records
        .filter(({ offset }) => offset !== older.offset)
        .map(({ offset, key, value, headers }) => [offset, key, value.toString(), headers['again']]);
      expect(others).toEqual([
        [0, 'a', 'first', undefined],
        [2, 'c', 'third', undefined],
        [3, 'b', '', 'yes'],
      ]);
      // A broker still has what it has not compacted yet; elsewhere it is gone at once.
      const kept = records.filter(({ offset }) => offset === older.offset).map(({ key, value }) => [key, value.toString()]);
      expect(kept).toEqual(underTest.compactsLater === true ? [['b', 'second']] : [['b', '']]);
    });

    it('appends nothing when given nothing', async () => {
      expect(await log.append([])).toEqual([]);
    });

    it('keeps keys, no keys, headers and any bytes as they are', async () => {
      const topic = await newTopic();
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
      const headers = { ce_id: 'a-1', 'content-type': 'application/json', tên: 'thông quan ✓', empty: '', ['__proto__']: 'kept' };
      await log.append([
        { topic, partition: 0, key: 'khoá-ü', value: bytes, headers },
        { topic, partition: 0, key: null, value: Buffer.alloc(0), headers: {} },
        { topic, partition: 0, key: '', value: Buffer.from('x'), headers: {} },
      ]);
      const [first, second, third] = await readAll(topic, 0);
      expect(first?.key).toBe('khoá-ü');
      expect(first?.value.equals(bytes)).toBe(true);
      expect(Object.entries(first?.headers ?? {}).sort()).toEqual(Object.entries(headers).sort());
      expect(second?.key).toBeNull();
      expect(second?.value).toHaveLength(0);
      expect(second?.headers).toEqual({});
      expect(third?.key).toBe('');
    });

    it('stamps records with the time at which it took them, never falling within a partition', async () => {
      const topic = await newTopic();
      const before = Date.now();
      await log.append(numbered(topic, 3));
      await log.append(numbered(topic, 3));
      const stamps = (await readAll(topic, 0)).map(({ timestampMs }) => timestampMs);
      expect([...stamps].sort((a, b) => a - b)).toEqual(stamps);
      expect(stamps[0]).toBeGreaterThanOrEqual(before - 1_000);
      expect(stamps[5]).toBeLessThanOrEqual(Date.now() + 1_000);
    });

    it('takes 10,000 small records at once, from one append and from many', async () => {
      const topic = await newTopic(4);
      const one = log.append(numbered(topic, 5_000, (i) => i % 4));
      const many = Array.from({ length: 500 }, (_, n) => log.append(numbered(topic, 10, (i) => (n + i) % 4)));
      const positions = (await Promise.all([one, ...many])).flat();
      expect(new Set(positions.map(({ partition, offset }) => `${partition}/${offset}`)).size).toBe(10_000);
      const { records, consumer } = await collect(topic, fresh('group'));
      await eventually('all 10,000 records', () => records.length >= 10_000);
      expect(new Set(records.map(({ partition, offset }) => `${partition}/${offset}`)).size).toBe(10_000);
      for (const partition of [0, 1, 2, 3]) expect(areRising(records.filter((record) => record.partition === partition))).toBe(true);
      await consumer.stop();
    });

    it('takes a record of 8 MiB between small ones', async () => {
      const topic = await newTopic();
      const large = randomBytes(8 * 1024 * 1024);
      const records = numbered(topic, 3);
      records.splice(1, 0, { topic, partition: 0, key: 'large', value: large, headers: { kind: 'large' } });
      await log.append(records);
      const read = await readAll(topic, 0);
      expect(read.map(({ value }) => value.length)).toEqual(records.map(({ value }) => value.length));
      expect(read[1]?.value.equals(large)).toBe(true);
      const { records: consumed, consumer } = await collect(topic, fresh('group'));
      await eventually('the large record and its neighbours', () => consumed.length >= 4);
      expect(consumed[1]?.value.equals(large)).toBe(true);
      await consumer.stop();
    });

    it('refuses a record larger than its topic takes, and only that append', async () => {
      const [topic, other] = [fresh('small'), await newTopic()];
      await log.createTopics([{ topic, partitions: 1, maxRecordBytes: 100_000 }]);
      const outcomes = await Promise.allSettled([
        log.append(numbered(other, 2)),
        log.append([{ topic, partition: 0, key: null, value: randomBytes(300_000), headers: {} }]),
        log.append(numbered(topic, 2)),
        log.append(numbered(other, 2)),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
      expect(codeOf(outcomes[1])).toBe('record-too-large');
      expect(await readAll(topic, 0)).toHaveLength(2);
    });

    it('refuses a topic or a partition that does not exist without failing others', async () => {
      const topic = await newTopic();
      const outcomes = await Promise.allSettled([
        log.append(numbered(topic, 2)),
        log.append(numbered(fresh('nowhere'), 1)),
        log.append([{ topic, partition: 7, key: null, value: Buffer.from('x'), headers: {} }]),
        log.append(numbered(topic, 2)),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
      expect(codeOf(outcomes[1])).toBe('log-unavailable');
      expect(codeOf(outcomes[2])).toBe('log-unavailable');
      expect((await readAll(topic, 0)).length).toBeGreaterThanOrEqual(4);
    });

    it('creates topics once and leaves those that exist as they are', async () => {
      const [one, two] = [fresh('made'), fresh('made')];
      expect(await log.createTopics([{ topic: one, partitions: 3, retentionMs: 3_600_000 }])).toEqual([one]);
      await log.append(numbered(one, 2));
      const again = await log.createTopics([
        { topic: one, partitions: 5 },
        { topic: two, partitions: 2 },
      ]);
      expect(again).toEqual([two]);
      const topics = await log.topics();
      expect(topics.find(({ topic }) => topic === one)).toEqual({ topic: one, partitions: 3 });
      expect(topics.find(({ topic }) => topic === two)).toEqual({ topic: two, partitions: 2 });
      expect(await readAll(one, 0)).toHaveLength(2);
    });

    it('lets only one of several that create a topic at once have created it', async () => {
      const topic = fresh('raced');
      const created = await Promise.all(Array.from({ length: 4 }, () => log.createTopics([{ topic, partitions: 1 }])));
      expect(created.flat()).toEqual([topic]);
    });

    it('says where partitions start and end', async () => {
      const topic = await newTopic(3);
      expect(await log.offsets(topic)).toEqual([0, 1, 2].map((partition) => ({ partition, start: 0, end: 0 })));
      await log.append(numbered(topic, 5, () => 1));
      expect(await log.offsets(topic)).toEqual([0, 1, 2].map((partition) => ({ partition, start: 0, end: partition === 1 ? 5 : 0 })));
    });

    it('keeps the only record of a partition when it is closed and opened again', async () => {
      const topic = await newTopic(2);
      await log.append(numbered(topic, 1, () => 1));
      await log.close();
      log = await underTest.open();
      expect((await log.offsets(topic)).map(({ end }) => end)).toEqual([0, 1]);
      expect(await log.append(numbered(topic, 1, () => 1))).toEqual([{ topic, partition: 1, offset: 1 }]);
    });

    it('keeps everything when it is closed and opened again', async () => {
      const topic = await newTopic(2);
      const group = fresh('group');
      // One partition in a request: a broker that knows one of a fresh topic's partitions and not yet the other gets both again.
      for (const partition of [0, 1])
        await log.append(numbered(topic, 20, (i) => i % 2).filter((record) => record.partition === partition));
      const first = await collect(topic, group);
      await eventually('all records', () => first.records.length >= 20);
      await log.close();
      log = await underTest.open();
      expect((await readAll(topic, 0)).map(textOf)).toEqual(numbered(topic, 20).filter((_, i) => i % 2 === 0).map(textOf)); // prettier-ignore
      expect(await log.offsets(topic)).toEqual([0, 1].map((partition) => ({ partition, start: 0, end: 10 })));
      expect(await log.committed(group, topic)).toEqual([0, 1].map((partition) => ({ partition, offset: 10 })));
      expect((await log.append(numbered(topic, 1)))[0]).toEqual({ topic, partition: 0, offset: 10 });
    });

    describe('reading ranges', () => {
      it('gives exactly the range, in order, in as many batches as it likes', async () => {
        const topic = await newTopic(2);
        await log.append(numbered(topic, 3_000, (i) => i % 2));
        const seen = new Map<number, number[]>([
          [0, []],
          [1, []],
        ]);
        const ranges = [
          { partition: 0, from: 100, to: 1_200 },
          { partition: 1, from: 1_499, to: 1_500 },
        ];
        await log.read(topic, ranges, (batch) => {
          expect(batch.topic).toBe(topic);
          seen.get(batch.partition)?.push(...batch.records.map(({ offset }) => offset));
        });
        expect(seen.get(0)).toEqual(Array.from({ length: 1_100 }, (_, i) => 100 + i));
        expect(seen.get(1)).toEqual([1_499]);
      });

      it('ends on empty ranges, on an empty partition, and at the end of the partition', async () => {
        const topic = await newTopic(2);
        await log.append(numbered(topic, 5));
        expect(await readAll(topic, 0, 3, 3)).toEqual([]);
        expect(await readAll(topic, 0, 5, 9)).toEqual([]);
        expect(await readAll(topic, 0, 4, 2)).toEqual([]);
        expect(await readAll(topic, 1, 0, 100)).toEqual([]);
        expect((await readAll(topic, 0, 3, 100)).map(({ offset }) => offset)).toEqual([3, 4]);
        await log.read(topic, [], () => fail('nothing was asked for'));
      });

      it('starts at the first record kept when retention has deleted the start', async () => {
        const topic = await newTopic();
        await log.append(numbered(topic, 10));
        await underTest.deleteUntil(topic, 0, 6);
        expect(await log.offsets(topic)).toEqual([{ partition: 0, start: 6, end: 10 }]);
        expect((await readAll(topic, 0, 0, 8)).map(({ offset }) => offset)).toEqual([6, 7]);
        expect(await readAll(topic, 0, 2, 5)).toEqual([]);
        const { records, consumer } = await collect(topic, fresh('group'));
        await eventually('what is left', () => records.length >= 4);
        expect(records.map(({ offset }) => offset)).toEqual([6, 7, 8, 9]);
        await consumer.stop();
      });

      it('goes on counting after everything was deleted', async () => {
        const topic = await newTopic();
        await log.append(numbered(topic, 4));
        await underTest.deleteUntil(topic, 0, 4);
        expect(await log.offsets(topic)).toEqual([{ partition: 0, start: 4, end: 4 }]);
        expect(await readAll(topic, 0)).toEqual([]);
        await log.close();
        log = await underTest.open();
        expect((await log.append(numbered(topic, 1)))[0]?.offset).toBe(4);
      });

      it('passes on what the reader throws', async () => {
        const topic = await newTopic();
        await log.append(numbered(topic, 1));
        const reading = log.read(topic, [{ partition: 0, from: 0, to: 1 }], () => {
          throw new RangeError('not this one');
        });
        await expect(reading).rejects.toThrow('not this one');
      });
    });

    describe('consuming', () => {
      it('gives a new group everything from the start, then what comes, and says where the partition ends', async () => {
        const topic = await newTopic();
        await log.append(numbered(topic, 5));
        let highest = 0;
        const { records, assigned, consumer } = await collect(topic, fresh('group'), (batch) => {
          expect(batch.endOffset).toBeGreaterThan(batch.records.at(-1)?.offset ?? 0);
          highest = Math.max(highest, batch.endOffset);
        });
        await eventually('the first five', () => records.length >= 5);
        expect(assigned).toEqual([{ topic, partition: 0 }]);
        await log.append(numbered(topic, 5));
        await eventually('the next five', () => records.length >= 10);
        expect(records.map(({ offset }) => offset)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        expect(highest).toBe(10);
        await consumer.stop();
      });

      it('goes on after what the group has committed', async () => {
        const topic = await newTopic();
        const group = fresh('group');
        expect(await log.committed(group, topic)).toEqual([{ partition: 0, offset: -1 }]);
        await log.append(numbered(topic, 5));
        const first = await collect(topic, group);
        await eventually('the first five', () => first.records.length >= 5);
        await first.consumer.stop();
        expect(first.revoked).toEqual([{ topic, partition: 0 }]);
        expect(await log.committed(group, topic)).toEqual([{ partition: 0, offset: 5 }]);
        await log.append(numbered(topic, 5));
        const second = await collect(topic, group);
        await eventually('the next five', () => second.records.length >= 5);
        expect(second.records.map(({ offset }) => offset)).toEqual([5, 6, 7, 8, 9]);
        await second.consumer.stop();
      });

      it('gives every group every record', async () => {
        const topic = await newTopic();
        await log.append(numbered(topic, 3));
        const [a, b] = await Promise.all([collect(topic, fresh('group')), collect(topic, fresh('group'))]);
        await eventually('both groups have all', () => a.records.length >= 3 && b.records.length >= 3);
        await Promise.all([a.consumer.stop(), b.consumer.stop()]);
      });

      it('gives the same records again after the handler has rejected, and the other partitions go on', async () => {
        const topic = await newTopic(2);
        const group = fresh('group');
        let rejections = 0;
        const { records, consumer } = await collect(topic, group, async (batch) => {
          if (batch.partition === 0 && rejections < 3) {
            rejections++;
            throw new Error('not now');
          }
          await Promise.resolve();
        });
        await log.append(numbered(topic, 10, (i) => i % 2));
        await eventually('partition 1 although partition 0 fails', () => records.filter(({ partition }) => partition === 1).length >= 5);
        await eventually('partition 0 after its failures', () => records.filter(({ partition }) => partition === 0).length >= 5);
        expect(rejections).toBe(3);
        expect(records.filter(({ partition }) => partition === 0).map(({ offset }) => offset)).toEqual([0, 1, 2, 3, 4]);
        await consumer.stop();
        expect(await log.committed(group, topic)).toEqual([0, 1].map((partition) => ({ partition, offset: 5 })));
      });

      it('commits nothing of a batch whose handler rejects until the consumer stops', async () => {
        const topic = await newTopic();
        const group = fresh('group');
        await log.append(numbered(topic, 3));
        let calls = 0;
        const { consumer } = await collect(topic, group, () => {
          calls++;
          throw new Error('never');
        });
        await eventually('two tries', () => calls >= 2);
        await consumer.stop();
        expect(await log.committed(group, topic)).toEqual([{ partition: 0, offset: -1 }]);
        const next = await collect(topic, group);
        await eventually('the records again', () => next.records.length >= 3);
        await next.consumer.stop();
      });

      it('goes to where the handler seeks, back and forward', async () => {
        const topic = await newTopic();
        await log.append(numbered(topic, 10));
        const group = fresh('group');
        let seeks = 0;
        const seen: number[] = [];
        const { consumer } = await collect(topic, group, (batch, control) => {
          seen.push(...batch.records.map(({ offset }) => offset));
          if (seen.at(-1) === 9 && seeks === 0) {
            seeks = 1;
            control.seek(4);
          }
        });
        await eventually('back to 4 and on to the end', () => seeks === 1 && seen.filter((offset) => offset === 9).length >= 2);
        expect(seen.slice(0, 10)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        expect(seen.slice(10)).toEqual([4, 5, 6, 7, 8, 9]);
        await consumer.stop();
        expect(await log.committed(group, topic)).toEqual([{ partition: 0, offset: 10 }]);
      });

      it('gives one partition one batch at a time', async () => {
        const topic = await newTopic(2);
        const busy = new Map<number, number>();
        let overlaps = 0;
        const { records, consumer } = await collect(topic, fresh('group'), async (batch) => {
          const now = (busy.get(batch.partition) ?? 0) + 1;
          busy.set(batch.partition, now);
          if (now > 1) overlaps++;
          await new Promise((resolve) => setImmediate(resolve));
          busy.set(batch.partition, now - 1);
        });
        for (let i = 0; i < 20; i++) await log.append(numbered(topic, 10, (n) => n % 2));
        await eventually('all records', () => records.length >= 200);
        expect(overlaps).toBe(0);
        await consumer.stop();
      });

      it('waits at stop for the batch under way, commits it and gives no other', async () => {
        const topic = await newTopic();
        const group = fresh('group');
        await log.append(numbered(topic, 3));
        let release = (): void => undefined;
        let entered = 0;
        const { records, consumer } = await collect(topic, group, async () => {
          entered++;
          await new Promise<void>((resolve) => (release = resolve));
        });
        await eventually('the batch', () => entered > 0);
        const stopped = consumer.stop();
        await log.append(numbered(topic, 3));
        release();
        await stopped;
        expect(records.length).toBeGreaterThan(0);
        expect(entered).toBe(1);
        expect(await log.committed(group, topic)).toEqual([{ partition: 0, offset: records.length }]);
      });

      it('consumes several topics in one group', async () => {
        const [a, b] = [await newTopic(2), await newTopic(2)];
        const seen: LogRecord[] = [];
        const assigned: { topic: string; partition: number }[] = [];
        const consumer = await log.consume({
          group: fresh('group'),
          topics: [a, b],
          onBatch: (batch) => {
            seen.push(...batch.records);
            return Promise.resolve();
          },
          onAssigned: (partitions) => assigned.push(...partitions),
        });
        await log.append([...numbered(a, 4, (i) => i % 2), ...numbered(b, 4, (i) => i % 2)]);
        await eventually('records of both', () => seen.length >= 8);
        expect(assigned.map(({ topic, partition }) => `${topic}/${partition}`).sort()).toEqual([`${a}/0`, `${a}/1`, `${b}/0`, `${b}/1`]);
        await consumer.stop();
      });

      it('shares the partitions of a topic among the members of a group, and gives them all to the one that is left', async () => {
        const topic = await newTopic(4);
        const group = fresh('group');
        const first = await collect(topic, group);
        const second = await collect(topic, group);
        const held = (member: typeof first): number => member.assigned.length - member.revoked.length;
        await eventually('two partitions each', () => held(first) === 2 && held(second) === 2);
        await log.append(numbered(topic, 40, (i) => i % 4));
        await eventually('all records once', () => first.records.length + second.records.length >= 40);
        expect(new Set(first.records.map(({ partition }) => partition)).size).toBe(2);
        expect(new Set(second.records.map(({ partition }) => partition)).size).toBe(2);
        await second.consumer.stop();
        await eventually('all four at the first', () => held(first) === 4);
        await log.append(numbered(topic, 40, (i) => i % 4));
        await eventually('all records at the first', () => first.records.length + second.records.length >= 80);
        await first.consumer.stop();
      });
    });

    it('answers a ping', async () => {
      await expect(log.ping()).resolves.toBeUndefined();
    });

    it('refuses everything once it is closed', async () => {
      const topic = await newTopic();
      await log.close();
      await expect(log.append(numbered(topic, 1))).rejects.toMatchObject({ code: 'log-unavailable' });
      await expect(log.offsets(topic)).rejects.toMatchObject({ code: 'log-unavailable' });
      await expect(log.ping()).rejects.toMatchObject({ code: 'log-unavailable' });
      await log.close();
      log = await underTest.open();
    });
  });
}

/** `count` small records whose value is their number. */
export function numbered(topic: string, count: number, partitionOf: (i: number) => number = () => 0): OutgoingRecord[] {
  return Array.from({ length: count }, (_, i) => ({
    topic,
    partition: partitionOf(i),
    key: `key-${i}`,
    value: Buffer.from(`record ${i}`),
    headers: { number: String(i) },
  }));
}

function textOf({ value }: { value: Buffer }): string {
  return value.toString();
}

function areRising(records: LogRecord[]): boolean {
  return records.every(({ offset }, i) => i === 0 || offset > (records[i - 1]?.offset ?? -1));
}

function codeOf(outcome: PromiseSettledResult<AppendedPosition[]> | undefined): unknown {
  return outcome?.status === 'rejected' ? (outcome.reason as { code?: unknown }).code : undefined;
}

function fail(text: string): never {
  throw new Error(text);
}
