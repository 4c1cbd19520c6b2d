import { randomUUID } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';
import { openKafkaMessageLog } from '../../gateway/edges/kafka/kafka-message-log';
import type { Consumption, LogConsumer, MessageLog } from '../../gateway/ports/message-log';
import { testServices, uniqueTopicPrefix } from '../support/services';
import { messageLogContract, type LogUnderTest } from './message-log';

/** Longer than in earnest: this suite is not about time, and its machine may be busy. */
const APPEND_DEADLINE_MS = 15_000;

/** Groups are not under the topic prefix: the run of the suite makes them unique. */
function withOwnGroups(log: MessageLog, run: string): MessageLog {
  return {
    ...log,
    consume: (consumption: Consumption): Promise<LogConsumer> => log.consume({ ...consumption, group: run + consumption.group }),
    committed: (group, topic) => log.committed(run + group, topic),
  };
}

messageLogContract('Kafka', (): Promise<LogUnderTest> => {
  const brokers = testServices().kafkaBrokers;
  const topicPrefix = uniqueTopicPrefix('log');
  const run = `t-${randomUUID()}-`;
  const admin = new Kafka({ brokers, clientId: 'contract', logLevel: logLevel.NOTHING }).admin();
  return Promise.resolve({
    open: async () =>
      withOwnGroups(await openKafkaMessageLog({ brokers, clientId: 'contract', topicPrefix, appendDeadlineMs: APPEND_DEADLINE_MS }), run),
    compactsLater: true,
    deleteUntil: async (topic, partition, before) => {
      await admin.connect();
      // It finds leaders only in metadata that something else has fetched.
      await admin.fetchTopicOffsets(topicPrefix + topic);
      await admin.deleteTopicRecords({ topic: topicPrefix + topic, partitions: [{ partition, offset: String(before) }] });
    },
    dispose: async () => {
      await admin.connect();
      const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(topicPrefix));
      await admin.deleteTopics({ topics });
      await admin.disconnect();
    },
  });
});
