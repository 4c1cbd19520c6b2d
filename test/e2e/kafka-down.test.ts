import type { Clearance } from '../../gateway/core/messages';
import { AgentClient, arrival } from '../support/agent-client';
import { gatewayFolder, startGatewayProcess, type GatewayProcess } from '../support/gateway-process';
import { ownKafka, ownRedis } from '../support/services';
import { untilHolds } from '../support/until-holds';

jest.setTimeout(180_000);

/** The broker is killed in the middle of a load and comes back (guarantees.md G2, G11). */
describe.each(['kafkajs', 'platformatic'])('Kafka killed in the middle, client %s', (client) => {
  const folder = gatewayFolder();
  let kafka: Awaited<ReturnType<typeof ownKafka>>;
  let redis: Awaited<ReturnType<typeof ownRedis>>;
  let gateway: GatewayProcess;
  let agent: AgentClient;

  beforeAll(async () => {
    [kafka, redis] = await Promise.all([ownKafka(), ownRedis()]);
    gateway = await startGatewayProcess(folder, {
      KAFKA_BROKERS: kafka.brokers,
      KAFKA_CLIENT: client,
      REDIS_URL: redis.url,
      TOPIC_PARTITIONS: '4',
    });
    agent = new AgentClient(gateway.url, folder.tokens()['agent'] ?? '');
  }, 120_000);
  afterAll(async () => {
    await gateway.stop();
    await Promise.all([kafka.stop(), redis.stop()]);
    folder.remove();
  }, 60_000);

  it('refuses with 503 while the broker is away, goes on reading, and clears everything that it acknowledged once it is back', async () => {
    const acknowledged: { dossierId: string; declaration: object }[] = [];
    const refused: { declaration: object; code: string | undefined }[] = [];
    const submitOne = async (): Promise<void> => {
      const declaration = arrival();
      const answer = await agent.submit(declaration);
      if (answer.status === 202) acknowledged.push({ dossierId: answer.body.dossierId, declaration });
      else {
        expect([answer.status, ['log-unavailable', 'outcome-unknown', 'overloaded'].includes(answer.body.code ?? '')]).toEqual([503, true]);
        expect(answer.headers.get('retry-after')).not.toBeNull();
        refused.push({ declaration, code: answer.body.code });
      }
    };
    for (let i = 0; i < 20; i++) await submitOne();
    const first = acknowledged[0]?.dossierId ?? '';
    await untilHolds(async () => expect((await agent.get<Clearance>(`/v1/dossiers/${first}/clearance`)).body.status).toBe('granted'));

    const underWay = Promise.all(Array.from({ length: 20 }, submitOne));
    await kafka.kill('SIGKILL');
    await underWay;
    await Promise.all(Array.from({ length: 5 }, submitOne));
    expect(refused.length).toBeGreaterThanOrEqual(5);
    expect((await agent.get<Clearance>(`/v1/dossiers/${first}/clearance`)).body.status).toBe('granted');
    const health = await fetch(`${gateway.adminUrl}/health/ready`);
    expect([health.status, await health.json()]).toEqual([503, expect.objectContaining({ ready: false })]);
    // What the alert asks: a scrape is answered though what it looks up is away.
    expect(await (await fetch(`${gateway.adminUrl}/metrics`, { signal: AbortSignal.timeout(9_000) })).text()).toContain(
      'seaport_ready 0\n',
    );

    await kafka.start();
    // The same again, as the 503 says: counted once, whether it was stored or not.
    for (const { declaration } of refused) {
      await untilHolds(async () => {
        const answer = await agent.submit(declaration);
        expect(answer.status).toBe(202);
        acknowledged.push({ dossierId: answer.body.dossierId, declaration });
      }, 60_000);
    }
    for (const { dossierId } of acknowledged) {
      await untilHolds(async () => {
        const { body } = await agent.get<Clearance>(`/v1/dossiers/${dossierId}/clearance`);
        expect([body.status, body.version]).toEqual(['granted', 1]);
      }, 60_000);
    }
    expect(gateway.child.exitCode).toBeNull();
    await untilHolds(async () => expect((await fetch(`${gateway.adminUrl}/health/ready`)).status).toBe(200), 30_000);
  });

  it('stops in order while the broker is away', async () => {
    await kafka.kill('SIGKILL');
    expect(await gateway.stop('SIGTERM')).toBe(0);
  });
});
