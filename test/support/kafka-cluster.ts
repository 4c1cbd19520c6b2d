import { freePort, newClusterId, type LocalKafka } from '../../scripts/local-services';
import { ownKafka } from './services';

export interface KafkaCluster {
  /** All of them, as KAFKA_BROKERS wants it. */
  brokers: string;
  /** By node id less one. */
  nodes: LocalKafka[];
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
/** The last one up waits for the metadata of the others. */
const START_WITHIN_MS = 120_000;

/** Three brokers that are controllers as well, as a port runs them: two of three hold every acknowledged record. */
export async function ownKafkaCluster(): Promise<KafkaCluster> {
  const clusterId = newClusterId();
  const ids = [1, 2, 3];
  const ports = await Promise.all(ids.map(async () => ({ broker: await freePort(), controller: await freePort() })));
  const voters = ids.map((id, i) => `${id}@${HOST}:${ports[i]?.controller}`).join(',');
  const nodes = await Promise.all(
    ports.map(({ broker, controller }, i) =>
      ownKafka({
        port: broker,
        clusterId,
        readyWithinMs: START_WITHIN_MS,
        properties: {
          'node.id': String(i + 1),
          'controller.quorum.voters': voters,
          listeners: `PLAINTEXT://${HOST}:${broker},CONTROLLER://${HOST}:${controller}`,
          'default.replication.factor': '3',
          'min.insync.replicas': '2',
          'offsets.topic.replication.factor': '3',
          'transaction.state.log.replication.factor': '3',
          'transaction.state.log.min.isr': '2',
        },
      }),
    ),
  );
  return {
    brokers: nodes.map(({ brokers }) => brokers).join(','),
    nodes,
    stop: async () => {
      await Promise.all(nodes.map((node) => node.stop()));
    },
  };
}
