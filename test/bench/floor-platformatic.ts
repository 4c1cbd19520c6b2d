import {
  Admin,
  Consumer,
  MessagesStreamFallbackModes,
  MessagesStreamModes,
  ProduceAcks,
  Producer,
  type Message,
} from '@platformatic/kafka';
import { floorProcess, type FloorClient } from './floor';

/** The floor with @platformatic/kafka as its documentation says to use it: Producer, and a Consumer's stream, with buffers as they are. */
function connectPlatformatic(brokers: string[]): Promise<FloorClient> {
  const base = { clientId: 'floor', bootstrapBrokers: brokers, strict: false };
  const admin = new Admin(base);
  const producer = new Producer({ ...base, maxInflights: 1 });
  const consumers: Consumer[] = [];
  const streams: Awaited<ReturnType<Consumer['consume']>>[] = [];

  return Promise.resolve({
    async createTopics(topics) {
      for (const { name, partitions, configs } of topics) await admin.createTopics({ topics: [name], partitions, replicas: 1, configs });
    },
    async send(records) {
      const messages = records.map(({ topic, partition, key, value }) => ({ topic, partition, key: Buffer.from(key), value }));
      await producer.send({ messages, acks: ProduceAcks.ALL });
    },
    async consume(group, names, onRecords) {
      const consumer = new Consumer({ ...base, groupId: group, sessionTimeout: 10_000, heartbeatInterval: 2_000, maxWaitTime: 500 });
      consumers.push(consumer);
      const stream = await consumer.consume({
        topics: names,
        mode: MessagesStreamModes.COMMITTED,
        fallbackMode: MessagesStreamFallbackModes.EARLIEST,
        autocommit: 1_000,
      });
      streams.push(stream);
      // What a fetch brings comes one by one in a row: a batch per partition and turn of the event loop.
      const arrived = new Map<number, Message[]>();
      stream.on('data', (message: Message) => {
        const batch = arrived.get(message.partition);
        if (batch) batch.push(message);
        else arrived.set(message.partition, [message]);
        if (arrived.size === 1 && !batch) setImmediate(handOver);
      });
      const handOver = (): void => {
        const batches = [...arrived];
        arrived.clear();
        for (const [partition, messages] of batches) void onRecords(partition, messages);
      };
    },
    async close(topics) {
      await Promise.all(streams.map((stream) => stream.close()));
      await Promise.all(consumers.map((consumer) => consumer.close()));
      await admin.deleteTopics({ topics });
      await producer.close();
      await admin.close();
    },
  });
}

if (require.main === module) floorProcess(connectPlatformatic);
