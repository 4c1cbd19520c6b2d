import { CompressionTypes, Kafka, logLevel, type Message } from 'kafkajs';
import { openKafkaMessageLog } from '../../gateway/edges/kafka/kafka-message-log';
import { openPlatformaticMessageLog } from '../../gateway/edges/platformatic/platformatic-message-log';
import type { LogRecord, MessageLog } from '../../gateway/ports/message-log';
import { eventually } from '../support/eventually';
import { testServices, uniqueTopicPrefix } from '../support/services';

jest.setTimeout(120_000);

/** Agencies write with clients of their own: what our appender never writes must be read all the same. */
describe.each([
  ['kafkajs', openKafkaMessageLog],
  ['platformatic', openPlatformaticMessageLog],
])('records that others have written, read through %s', (client, openLog) => {
  const { kafkaBrokers: brokers } = testServices();
  const topicPrefix = uniqueTopicPrefix(`foreign-${client}`);
  const kafka = new Kafka({ brokers, clientId: 'agency', logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ createPartitioner: () => () => 0 });
  let log: MessageLog;

  beforeAll(async () => {
    log = await openLog({ brokers, clientId: 'foreign', topicPrefix, appendDeadlineMs: 15_000 });
    await producer.connect();
  });

  afterAll(async () => {
    await producer.disconnect();
    await log.close();
  });

  /** What a group and a reader of the range get of a topic until a record with the value `end`. */
  async function readBothWays(topic: string): Promise<{ consumed: LogRecord[]; read: LogRecord[] }> {
    const consumed: LogRecord[] = [];
    const consumer = await log.consume({
      group: uniqueTopicPrefix('group'),
      topics: [topic],
      onBatch: (batch) => {
        consumed.push(...batch.records);
        return Promise.resolve();
      },
    });
    await eventually('the last record', () => consumed.some(({ value }) => value.toString() === 'end'), 60_000);
    await consumer.stop();
    const read: LogRecord[] = [];
    await log.read(topic, [{ partition: 0, from: 0, to: Number.MAX_SAFE_INTEGER }], (batch) => {
      read.push(...batch.records);
    });
    return { consumed, read };
  }

  async function createTopic(topic: string): Promise<void> {
    await log.createTopics([{ topic, partitions: 1 }]);
    const [bound] = await log.offsets(topic);
    expect(bound).toEqual({ partition: 0, start: 0, end: 0 });
  }

  const plain = ({ key, value, headers }: LogRecord): object => ({ key, value: value.toString(), headers });

  it('compressed and uncompressed ones in one partition', async () => {
    await createTopic('compressed');
    const messages: Message[] = ['a', 'b', 'c'].map((value) => ({ key: `key of ${value}`, value, headers: { ce_id: `id of ${value}` } }));
    const topic = `${topicPrefix}compressed`;
    await producer.send({ topic, messages, compression: CompressionTypes.GZIP });
    await producer.send({ topic, messages });
    await producer.send({ topic, messages, compression: CompressionTypes.GZIP });
    await producer.send({ topic, messages: [{ key: null, value: 'end' }] });
    const { consumed, read } = await readBothWays('compressed');
    const expected = messages.map(({ key, value, headers }) => ({ key, value, headers }));
    expect(consumed.map(plain)).toEqual([...expected, ...expected, ...expected, { key: null, value: 'end', headers: {} }]);
    expect(consumed.map(({ offset }) => offset)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(read).toEqual(consumed);
    await log.read('compressed', [{ partition: 0, from: 1, to: 8 }], ({ records }) => {
      for (const { offset } of records) expect(offset >= 1 && offset < 8).toBe(true);
    });
  });

  it('no value, and a header several times', async () => {
    await createTopic('odd');
    const messages: Message[] = [
      { key: '', value: null, headers: { ce_id: ['first', 'last'], empty: '' } },
      { key: null, value: 'end' },
    ];
    await producer.send({ topic: `${topicPrefix}odd`, messages });
    const { consumed, read } = await readBothWays('odd');
    expect(consumed.map(plain)).toEqual([
      { key: '', value: '', headers: { ce_id: 'last', empty: '' } },
      { key: null, value: 'end', headers: {} },
    ]);
    expect(read).toEqual(consumed);
  });

  it('those of transactions once they are committed, and none of those that are aborted', async () => {
    await createTopic('transactions');
    const topic = `${topicPrefix}transactions`;
    const transactional = kafka.producer({
      transactionalId: topic,
      maxInFlightRequests: 1,
      idempotent: true,
      createPartitioner: () => () => 0,
    });
    await transactional.connect();
    for (const [value, isCommitted] of [
      ['one', true],
      ['two', false],
      ['three', true],
      ['four', false],
    ] as const) {
      const transaction = await transactional.transaction();
      await transaction.send({ topic, messages: [{ key: value, value }] });
      await (isCommitted ? transaction.commit() : transaction.abort());
    }
    await transactional.disconnect();
    await producer.send({ topic, messages: [{ key: null, value: 'end' }] });
    const { consumed, read } = await readBothWays('transactions');
    expect(consumed.map(({ value }) => value.toString())).toEqual(['one', 'three', 'end']);
    // Each record of a transaction is followed by its marker.
    expect(consumed.map(({ offset }) => offset)).toEqual([0, 4, 8]);
    expect(read).toEqual(consumed);
  });
});
