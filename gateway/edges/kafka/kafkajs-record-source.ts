import { LogUnavailable } from '../../core/exchange-error';
import { createKafka, type KafkaConnectionOptions } from './kafka-client';
import { createFetchRecords } from './kafka-fetch';
import type { RecordSource } from './kafka-reader';
import { clusterOf, READ_COMMITTED, type KafkaCluster } from './kafkajs-internals';

const REQUEST_TIMEOUT_MS = 10_000;
const MAX_FETCH_BYTES = 10 * 1024 * 1024;
const MAX_FETCH_PARTITION_BYTES = 1024 * 1024;
const MAX_WAIT_MS = 250;

/** Fetches outside any group on kafkajs's connections. */
export function openKafkajsRecordSource(options: KafkaConnectionOptions & { topicPrefix: string }): RecordSource {
  const client = createKafka(options, REQUEST_TIMEOUT_MS);
  const cluster = clusterOf(client.kafka);
  const fetchRecords = createFetchRecords(options.topicPrefix);
  let ready: Promise<void> | undefined;

  async function knowing(topicName: string): Promise<KafkaCluster> {
    await (ready ??= cluster.connect());
    await cluster.addTargetTopic(topicName);
    await cluster.refreshMetadataIfNecessary();
    return cluster;
  }

  return {
    async bounds(topicName) {
      await knowing(topicName);
      const partitions = cluster.findTopicPartitionMetadata(topicName).map(({ partitionId }) => ({ partition: partitionId }));
      const [starts, ends] = await Promise.all([
        cluster.fetchTopicsOffset([{ topic: topicName, fromBeginning: true, partitions }]),
        cluster.fetchTopicsOffset([{ topic: topicName, fromBeginning: false, partitions }]),
      ]);
      const endOf = new Map(ends[0]?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
      return (starts[0]?.partitions ?? []).map(({ partition, offset }) => {
        const start = Number(offset);
        return { partition, start, end: endOf.get(partition) ?? start };
      });
    },
    async fetch(topicName, wanted) {
      await knowing(topicName);
      const offsetOf = new Map(wanted.map(({ partition, offset }) => [partition, String(offset)]));
      const leaders = Object.entries(cluster.findLeaderForPartitions(topicName, [...offsetOf.keys()]));
      if (leaders.length === 0) throw new LogUnavailable(`${topicName} has no leader`);
      const answers = await Promise.all(
        leaders.map(async ([nodeId, partitions]) =>
          fetchRecords(await cluster.findBroker({ nodeId }), {
            isolationLevel: READ_COMMITTED,
            maxWaitTime: MAX_WAIT_MS,
            minBytes: 1,
            maxBytes: MAX_FETCH_BYTES,
            topics: [
              {
                topic: topicName,
                partitions: partitions.map((partition) => ({
                  partition,
                  fetchOffset: offsetOf.get(partition) ?? '0',
                  maxBytes: MAX_FETCH_PARTITION_BYTES,
                })),
              },
            ],
          }),
        ),
      );
      return answers.flat();
    },
    discard() {
      client.cut();
      cluster.disconnect().catch(() => undefined);
    },
  };
}
