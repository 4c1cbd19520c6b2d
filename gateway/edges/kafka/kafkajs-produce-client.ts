import { createKafka, type KafkaConnectionOptions } from './kafka-client';
import { brokerError, clusterOf, sendBytes, type KafkaCluster } from './kafkajs-internals';
import { produceAtLeaders, RequestRoom, type ProduceClient } from './produce-client';
import {
  decodeProduceResponse,
  encodeProduceRequest,
  mostBytesIn,
  PRODUCE_API_KEY,
  PRODUCE_VERSION,
  type PartitionAnswer,
  type TopicRecords,
} from './produce-request';

/** kafkajs's own bound on a request; the appender's come first. */
const REQUEST_TIMEOUT_MS = 60_000;

/**
 * Produce requests of our own bytes on kafkajs's connections.
 * @param replicasWithinMs how long a broker waits for its replicas
 */
export function createKafkajsProduceClient(options: KafkaConnectionOptions, replicasWithinMs: number): ProduceClient {
  const client = createKafka(options, REQUEST_TIMEOUT_MS);
  const cluster = clusterOf(client.kafka, { maxInFlightRequests: 1 });
  const room = new RequestRoom();
  /** Topics of which the cluster keeps metadata. */
  const knownTopics = new Set<string>();
  let connecting: Promise<void> | undefined;
  const disconnect = async (): Promise<void> => {
    await connecting;
    await cluster.disconnect();
  };

  async function produceAt(nodeId: number, topics: TopicRecords[]): Promise<PartitionAnswer[]> {
    const broker = await cluster.findBroker({ nodeId: String(nodeId) });
    if ((broker.versions?.[PRODUCE_API_KEY]?.maxVersion ?? 0) < PRODUCE_VERSION) throw new Error('the broker is older than Kafka 2.1');
    let taken: Buffer | undefined;
    const wireRequest = {
      apiKey: PRODUCE_API_KEY,
      apiName: 'Produce',
      apiVersion: PRODUCE_VERSION,
      encode: (clientId: string) => {
        const head = { clientId, timeoutMs: replicasWithinMs, nowMs: Date.now() };
        taken = room.take(mostBytesIn(head, topics));
        return encodeProduceRequest(taken, head, topics);
      },
      timeoutMs: REQUEST_TIMEOUT_MS,
    };
    const { answers } = await sendBytes(broker, wireRequest, decodeProduceResponse);
    if (taken !== undefined) room.giveBack(taken);
    return answers;
  }

  return {
    connect: () => (connecting = cluster.connect()),
    async produce(topics) {
      await learn(cluster, knownTopics, topics);
      return produceAtLeaders(topics, (name) => cluster.findTopicPartitionMetadata(name), produceAt, brokerError);
    },
    producesSent: () => client.producesSent(),
    cut() {
      client.cut();
      disconnect().catch(() => undefined);
    },
    close: disconnect,
  };
}

async function learn(cluster: KafkaCluster, knownTopics: Set<string>, topics: TopicRecords[]): Promise<void> {
  const unknown = topics.filter(({ name }) => !knownTopics.has(name)).map(({ name }) => name);
  if (unknown.length > 0) {
    await cluster.addMultipleTargetTopics(unknown);
    for (const name of unknown) knownTopics.add(name);
  }
  await cluster.refreshMetadataIfNecessary();
}
