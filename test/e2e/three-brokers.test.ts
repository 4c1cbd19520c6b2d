import { Kafka, logLevel } from 'kafkajs';
import type { Clearance } from '../../gateway/core/messages';
import { AgentClient, arrival } from '../support/agent-client';
import { gatewayFolder, startGatewayProcess, type GatewayProcess } from '../support/gateway-process';
import { ownKafkaCluster, type KafkaCluster } from '../support/kafka-cluster';
import { ownRedis } from '../support/services';
import { untilHolds } from '../support/until-holds';

jest.setTimeout(300_000);

const PREFIX = 'three.';
const TRANSIENT = ['log-unavailable', 'outcome-unknown', 'overloaded'];

/** Of three brokers one is killed, then two (guarantees.md F07, F08). */
describe.each(['kafkajs', 'platformatic'])('three brokers, client %s', (client) => {
  const folder = gatewayFolder();
  const acknowledged = new Set<string>();
  let cluster: KafkaCluster;
  let redis: Awaited<ReturnType<typeof ownRedis>>;
  let gateway: GatewayProcess;
  let agent: AgentClient;

  beforeAll(async () => {
    [cluster, redis] = await Promise.all([ownKafkaCluster(), ownRedis()]);
    gateway = await startGatewayProcess(folder, {
      KAFKA_BROKERS: cluster.brokers,
      KAFKA_CLIENT: client,
      REDIS_URL: redis.url,
      TOPIC_PREFIX: PREFIX,
      TOPIC_PARTITIONS: '4',
    });
    agent = new AgentClient(gateway.url, folder.tokens()['agent'] ?? '');
  }, 240_000);
  afterAll(async () => {
    await gateway.stop();
    await Promise.all([cluster.stop(), redis.stop()]);
    folder.remove();
  }, 60_000);

  /** Sends it until it is acknowledged, as the 503 says. */
  async function submitUntilTaken(declaration: object): Promise<void> {
    await untilHolds(async () => {
      const answer = await agent.submit(declaration);
      if (answer.status !== 202) expect([answer.status, TRANSIENT]).toEqual([503, expect.arrayContaining([answer.body.code])]);
      expect(answer.status).toBe(202);
      acknowledged.add(answer.body.dossierId);
    }, 90_000);
  }

  async function allAreGrantedOnce(): Promise<void> {
    for (const dossierId of acknowledged)
      await untilHolds(async () => {
        const { body } = await agent.get<Clearance>(`/v1/dossiers/${dossierId}/clearance`);
        expect([dossierId, body.status, body.version]).toEqual([dossierId, 'granted', 1]);
      }, 90_000);
  }

  async function describeDossiers(): Promise<{ leader: number; replicas: number[] }[]> {
    const kafka = new Kafka({ brokers: cluster.brokers.split(','), logLevel: logLevel.NOTHING });
    const admin = kafka.admin();
    await admin.connect();
    try {
      const { topics } = await admin.fetchTopicMetadata({ topics: [`${PREFIX}dossiers`] });
      return topics[0]?.partitions ?? [];
    } finally {
      await admin.disconnect();
    }
  }

  it('its topics have three copies, of which two must have what is acknowledged', async () => {
    const partitions = await describeDossiers();
    expect(partitions.map(({ replicas }) => replicas.length)).toEqual([3, 3, 3, 3]);
  });

  it('with the leader of a partition killed in the middle of a load another leads, and all goes on with two', async () => {
    for (let i = 0; i < 10; i++) await submitUntilTaken(arrival());
    const [first] = await describeDossiers();
    const leader = cluster.nodes[(first?.leader ?? 1) - 1];
    const underWay = Promise.all(Array.from({ length: 30 }, () => submitUntilTaken(arrival())));
    await leader?.kill('SIGKILL');
    await underWay;
    await Promise.all(Array.from({ length: 10 }, () => submitUntilTaken(arrival())));
    expect(acknowledged.size).toBe(50);
    await allAreGrantedOnce();
    expect(gateway.child.exitCode).toBeNull();
    await leader?.start();
  });

  it('with two of three killed nothing is acknowledged; once they are back the same again is, and each counts once', async () => {
    const before = acknowledged.size;
    await submitUntilTaken(arrival());
    const [one, two] = cluster.nodes;
    await Promise.all([one?.kill('SIGKILL'), two?.kill('SIGKILL')]);
    const refused = Array.from({ length: 5 }, () => arrival());
    for (const declaration of refused) {
      const answer = await agent.submit(declaration);
      expect([answer.status, TRANSIENT]).toEqual([503, expect.arrayContaining([answer.body.code])]);
      expect(answer.headers.get('retry-after')).not.toBeNull();
    }
    await Promise.all([one?.start(), two?.start()]);
    for (const declaration of refused) await submitUntilTaken(declaration);
    expect(acknowledged.size).toBe(before + 6);
    await allAreGrantedOnce();
    expect(gateway.child.exitCode).toBeNull();
    await untilHolds(async () => expect((await fetch(`${gateway.adminUrl}/health/ready`)).status).toBe(200), 60_000);
  });
});
