import { Kafka, logLevel } from 'kafkajs';
import { openKafkaMessageLog, type KafkaMessageLogOptions } from '../../gateway/edges/kafka/kafka-message-log';
import { openPlatformaticMessageLog } from '../../gateway/edges/platformatic/platformatic-message-log';
import type { AppendedPosition, BatchControl, MessageLog } from '../../gateway/ports/message-log';
import { numbered } from '../contract/message-log';
import { eventually } from '../support/eventually';
import { testServices, uniqueTopicPrefix } from '../support/services';

jest.setTimeout(120_000);

const SESSION_TIMEOUT_MS = 6_000;

describe.each([
  ['kafkajs', openKafkaMessageLog],
  ['@platformatic/kafka', openPlatformaticMessageLog],
])('a consumer on Kafka through %s', (_client, open) => {
  const { kafkaBrokers: brokers } = testServices();
  const topicPrefix = uniqueTopicPrefix('faults');
  const logs: MessageLog[] = [];

  async function openLog(options: Pick<KafkaMessageLogOptions, 'sessionTimeoutMs' | 'maxBatchMs'> = {}): Promise<MessageLog> {
    const log = await open({ brokers, clientId: 'faults', topicPrefix, appendDeadlineMs: 15_000, ...options });
    logs.push(log);
    return log;
  }

  afterAll(() => Promise.all(logs.map((log) => log.close())));

  it('keeps its membership during a batch that is longer than its session', async () => {
    const log = await openLog({ sessionTimeoutMs: SESSION_TIMEOUT_MS });
    await log.createTopics([{ topic: 'long', partitions: 1 }]);
    const group = uniqueTopicPrefix('group');
    await log.append(numbered('long', 3));
    let calls = 0;
    let revoked = 0;
    let wasStale = true;
    const consumer = await log.consume({
      group,
      topics: ['long'],
      onBatch: async (_batch, control) => {
        calls++;
        // The time itself is what is tested: longer than the coordinator waits for a heartbeat.
        await new Promise((resolve) => setTimeout(resolve, SESSION_TIMEOUT_MS * 1.5));
        wasStale = control.isStale();
      },
      onRevoked: () => revoked++,
    });
    await eventually('the batch is committed', async () => (await log.committed(group, 'long'))[0]?.offset === 3, 60_000);
    expect({ calls, revoked, wasStale }).toEqual({ calls: 1, revoked: 0, wasStale: false });
    await consumer.stop();
  });

  it('is told that it is stale when its session has ended, commits nothing, and gets the records again', async () => {
    const log = await openLog({ sessionTimeoutMs: SESSION_TIMEOUT_MS, maxBatchMs: 1 });
    await log.createTopics([{ topic: 'stale', partitions: 1 }]);
    const group = uniqueTopicPrefix('group');
    await log.append(numbered('stale', 3));
    const events: string[] = [];
    let control: BatchControl | undefined;
    let release = (): void => undefined;
    const consumer = await log.consume({
      group,
      topics: ['stale'],
      onAssigned: () => events.push('assigned'),
      onRevoked: () => events.push('revoked'),
      onBatch: async (_batch, its) => {
        events.push('batch');
        if (control) return;
        control = its;
        await new Promise<void>((resolve) => (release = resolve));
      },
    });
    await eventually('the batch becomes stale', () => control?.isStale() === true, 60_000);
    // The coordinator has let the member go as well by the time that another one may hold its partition.
    const other = await openLog();
    const taken: number[] = [];
    const second = await other.consume({
      group,
      topics: ['stale'],
      onBatch: (batch) => {
        taken.push(...batch.records.map(({ offset }) => offset));
        return Promise.resolve();
      },
    });
    await eventually('another member gets the records', () => taken.length >= 3, 60_000);
    await eventually('it has committed them', async () => (await log.committed(group, 'stale'))[0]?.offset === 3);
    release();
    await second.stop();
    await eventually('the first one is a member again', () => events.filter((event) => event === 'assigned').length >= 2, 60_000);
    expect(events.slice(0, 4)).toEqual(['assigned', 'batch', 'revoked', 'assigned']);
    expect(await log.committed(group, 'stale')).toEqual([{ partition: 0, offset: 3 }]);
    await consumer.stop();
  });

  it('goes on after the wall clock was an hour ahead for a moment', async () => {
    const log = await openLog({ sessionTimeoutMs: SESSION_TIMEOUT_MS });
    await log.createTopics([{ topic: 'clock', partitions: 1 }]);
    const group = uniqueTopicPrefix('group');
    const consumer = await log.consume({ group, topics: ['clock'], onBatch: () => Promise.resolve() });
    const isCommitted = (offset: number) => async () => (await log.committed(group, 'clock'))[0]?.offset === offset;
    const now = Date.now;
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => now() + 3_600_000);
    await log.append(numbered('clock', 1));
    await eventually('a record of the hour', isCommitted(1));
    clock.mockRestore();
    // The time itself is what is tested: without a heartbeat the coordinator lets the member go.
    await new Promise((resolve) => setTimeout(resolve, SESSION_TIMEOUT_MS * 1.5));
    await log.append(numbered('clock', 2));
    await eventually('what came later', isCommitted(3), 30_000);
    await consumer.stop();
  });

  it('asks for the end of the process when its topic is gone while the broker answers', async () => {
    const log = await openLog();
    await log.createTopics([{ topic: 'doomed', partitions: 1 }]);
    await log.append(numbered('doomed', 1));
    let fatal: Error | undefined;
    let seen = 0;
    const consumer = await log.consume({
      group: uniqueTopicPrefix('group'),
      topics: ['doomed'],
      onBatch: () => {
        seen++;
        return Promise.resolve();
      },
      onFatal: (cause) => (fatal = cause),
    });
    await eventually('the record', () => seen > 0);
    const admin = new Kafka({ brokers, clientId: 'faults', logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    await admin.deleteTopics({ topics: [`${topicPrefix}doomed`] });
    await admin.disconnect();
    expect(await eventually('the fault is told', () => fatal, 60_000)).toMatchObject({ code: 'log-unavailable' });
    await consumer.stop();
  });

  it('refuses to consume a topic that does not exist', async () => {
    const log = await openLog();
    const consuming = log.consume({ group: uniqueTopicPrefix('group'), topics: ['nowhere'], onBatch: () => Promise.resolve() });
    await expect(consuming).rejects.toMatchObject({ code: 'log-unavailable' });
  });
});

describe('a group whose members are changed from one client to the other', () => {
  it.each([
    ['kafkajs', openKafkaMessageLog, openPlatformaticMessageLog],
    ['@platformatic/kafka', openPlatformaticMessageLog, openKafkaMessageLog],
  ])('shares the partitions with %s first, and hands over what was committed', async (_client, openFirst, openSecond) => {
    const options = {
      brokers: testServices().kafkaBrokers,
      clientId: 'mixed',
      topicPrefix: uniqueTopicPrefix('mixed'),
      appendDeadlineMs: 15_000,
    };
    const [first, second] = [await openFirst(options), await openSecond(options)];
    await first.createTopics([{ topic: 'both', partitions: 4 }]);
    const group = uniqueTopicPrefix('group');
    const consume = async (log: MessageLog) => {
      const held = new Set<number>();
      const seen: string[] = [];
      const consumer = await log.consume({
        group,
        topics: ['both'],
        onBatch: async ({ records }) => void seen.push(...records.map(({ partition, offset }) => `${partition}/${offset}`)),
        onAssigned: (partitions) => partitions.forEach(({ partition }) => held.add(partition)),
        onRevoked: (partitions) => partitions.forEach(({ partition }) => held.delete(partition)),
      });
      return { held, seen, consumer };
    };
    const a = await consume(first);
    const stored: AppendedPosition[] = [];
    // A repeat of an append under a new topic's first leader is normal: what was acknowledged is what counts.
    const areSeen = (...seen: string[]): boolean => stored.every(({ partition, offset }) => seen.includes(`${partition}/${offset}`));
    stored.push(...(await first.append(numbered('both', 8, (i) => i % 4))));
    await eventually('all at the first', () => areSeen(...a.seen));
    const b = await consume(second);
    await eventually('two partitions each', () => a.held.size === 2 && b.held.size === 2);
    stored.push(...(await second.append(numbered('both', 8, (i) => i % 4))));
    await eventually('the others at both', () => areSeen(...a.seen, ...b.seen));
    await a.consumer.stop();
    await eventually('all partitions at the second', () => b.held.size === 4);
    stored.push(...(await second.append(numbered('both', 8, (i) => i % 4))));
    await eventually('the rest at the second', () => areSeen(...a.seen, ...b.seen));
    await b.consumer.stop();
    const ends = (await second.offsets('both')).map(({ end }) => end);
    expect((await second.committed(group, 'both')).map(({ offset }) => offset)).toEqual(ends);
    await Promise.all([first.close(), second.close()]);
  });
});
