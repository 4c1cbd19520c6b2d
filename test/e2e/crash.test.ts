import { Redis } from 'ioredis';
import type { Clearance, Receipt } from '../../gateway/core/messages';
import { AgentClient, arrival } from '../support/agent-client';
import { gatewayFolder, startGatewayProcess, type GatewayFolder, type GatewayProcess } from '../support/gateway-process';
import { testServices, uniqueKeyPrefix, uniqueTopicPrefix } from '../support/services';
import { untilHolds } from '../support/until-holds';
import { verifies } from './scenarios';

jest.setTimeout(180_000);

/** Submits until the process is gone; what was acknowledged is what must survive. */
async function submitUntilGone(
  agent: AgentClient,
  acknowledged: Map<string, { receipt: Receipt; declaration: object }>,
  onAcknowledged: () => void,
): Promise<void> {
  for (;;) {
    const declaration = arrival();
    try {
      const answer = await agent.submit(declaration);
      if (answer.status !== 202) continue;
      acknowledged.set(answer.body.dossierId, { receipt: answer.body as unknown as Receipt, declaration });
      onAcknowledged();
    } catch {
      return;
    }
  }
}

async function everyDossierIsFinal(
  gateway: { url: string },
  agent: AgentClient,
  acknowledged: Map<string, { receipt: Receipt; declaration: object }>,
): Promise<void> {
  for (const [dossierId, { receipt, declaration }] of acknowledged) {
    const clearance = await untilHolds(async () => {
      const answer = await agent.get<Clearance>(`/v1/dossiers/${dossierId}/clearance`, { prefer: 'wait=10' });
      expect([answer.status, answer.body.final, answer.body.status]).toEqual([200, true, 'granted']);
      return answer.body;
    }, 40_000);
    expect(clearance.version).toBe(1);
    expect(await verifies({ url: gateway.url, adminUrls: [], tokens: {} }, clearance)).toBe(true);
    const again = await agent.submit(declaration);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.body).toEqual(receipt);
  }
}

describe('the embedded default, killed at random moments', () => {
  const folder: GatewayFolder = gatewayFolder();
  afterAll(() => folder.remove());

  it('opens again with everything that it acknowledged, and clears it once', async () => {
    const acknowledged = new Map<string, { receipt: Receipt; declaration: object }>();
    // A fixed sequence: after so many acknowledgements of each life the process is killed.
    for (const killAfter of [1, 7, 3, 12, 25]) {
      const gateway = await startGatewayProcess(folder, {});
      const agent = new AgentClient(gateway.url, folder.tokens()['agent'] ?? '');
      let count = 0;
      await Promise.all(
        Array.from({ length: 4 }, () =>
          submitUntilGone(agent, acknowledged, () => {
            if (++count === killAfter) gateway.child.kill('SIGKILL');
          }),
        ),
      );
      await gateway.stop('SIGKILL');
    }
    expect(acknowledged.size).toBeGreaterThanOrEqual(48);
    const gateway = await startGatewayProcess(folder, {});
    const agent = new AgentClient(gateway.url, folder.tokens()['agent'] ?? '');
    await everyDossierIsFinal(gateway, agent, acknowledged);
    expect(await gateway.stop()).toBe(0);
  });

  it('shows nobody an older version than the one it showed before it was killed', async () => {
    for (let life = 0; life < 3; life++) {
      const gateway = await startGatewayProcess(folder, {});
      const agent = new AgentClient(gateway.url, folder.tokens()['agent'] ?? '');
      const answers = await Promise.all(Array.from({ length: 10 }, () => agent.submit(arrival(), { prefer: 'wait=20' })));
      await gateway.stop('SIGKILL');
      expect(answers.map(({ status, body }) => [status, body.version])).toEqual(answers.map(() => [200, 1]));
      const next = await startGatewayProcess(folder, {});
      const again = new AgentClient(next.url, folder.tokens()['agent'] ?? '');
      for (const { text, body } of answers) {
        const read = await again.get(`/v1/dossiers/${body.dossierId}/clearance`);
        expect([read.status, read.text]).toEqual([200, text]);
      }
      await next.stop('SIGKILL');
    }
  });
});

describe.each(['kafkajs', 'platformatic'])('Kafka and Redis, with processes killed, client %s', (client) => {
  const folder: GatewayFolder = gatewayFolder();
  const processes = new Set<GatewayProcess>();
  const prefix = uniqueTopicPrefix('crash');
  const env = (): Record<string, string> => {
    const { kafkaBrokers, redisUrl } = testServices();
    return {
      KAFKA_BROKERS: kafkaBrokers.join(','),
      KAFKA_CLIENT: client,
      REDIS_URL: redisUrl,
      REDIS_KEY_PREFIX: uniqueKey,
      TOPIC_PREFIX: prefix,
      TOPIC_PARTITIONS: '4',
    };
  };
  const uniqueKey = uniqueKeyPrefix('crash');
  const start = async (role: string): Promise<GatewayProcess> => {
    const running = await startGatewayProcess(folder, { ...env(), ROLES: role });
    processes.add(running);
    return running;
  };
  afterAll(async () => {
    await Promise.all([...processes].map((running) => running.stop('SIGKILL')));
    folder.remove();
  });

  it('never says 404 after a 202 while the exchange is stopped, and clears all when it is back', async () => {
    const intake = await start('intake');
    const second = await start('intake');
    const agent = new AgentClient(intake.url, folder.tokens()['agent'] ?? '');
    const elsewhere = new AgentClient(second.url, folder.tokens()['agent'] ?? '');
    const dossiers: string[] = [];
    for (let i = 0; i < 5; i++) {
      const answer = await agent.submit(arrival());
      expect(answer.status).toBe(202);
      dossiers.push(answer.body.dossierId);
      for (const client of [agent, elsewhere]) {
        const read = await client.get(`/v1/dossiers/${answer.body.dossierId}`);
        expect([200, 503]).toContain(read.status);
        const clearance = await client.get<Clearance>(`/v1/dossiers/${answer.body.dossierId}/clearance`);
        expect(clearance.status === 503 || (clearance.status === 200 && clearance.body.version === 0)).toBe(true);
      }
    }
    // While nobody folds, an amendment of what is not in the store is accepted: the log will judge.
    const exchange = await start('exchange');
    await start('adapters');
    for (const dossierId of dossiers) {
      const { body } = await elsewhere.clearance(dossierId, 30);
      expect(body.status).toBe('granted');
    }
    await exchange.stop('SIGKILL');
  });

  it('goes on with another exchange and adapters after they are killed in the middle', async () => {
    const intake = [...processes][0] as GatewayProcess;
    const agent = new AgentClient(intake.url, folder.tokens()['agent'] ?? '');
    let exchange = await start('exchange');
    let adapters = await start('adapters');
    const acknowledged = new Map<string, { receipt: Receipt; declaration: object }>();
    const submitSome = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        const declaration = arrival();
        const answer = await agent.submit(declaration);
        expect(answer.status).toBe(202);
        acknowledged.set(answer.body.dossierId, { receipt: answer.body as unknown as Receipt, declaration });
      }
    };
    for (let round = 0; round < 2; round++) {
      const load = submitSome(30);
      await exchange.stop('SIGKILL');
      await adapters.stop('SIGKILL');
      await load;
      exchange = await start('exchange');
      adapters = await start('adapters');
    }
    await everyDossierIsFinal(intake, agent, acknowledged);
    expect(await exchange.stop()).toBe(0);
    expect(await adapters.stop()).toBe(0);
  });

  it('rebuilds the read model from the log after it is lost: the same bytes, nothing signed again', async () => {
    const { redisUrl } = testServices();
    const intake = [...processes][0] as GatewayProcess;
    const agent = new AgentClient(intake.url, folder.tokens()['agent'] ?? '');
    const list = await agent.get<{ items: { dossierId: string }[] }>('/v1/dossiers');
    expect(list.body.items.length).toBeGreaterThan(10);
    const paths = list.body.items.flatMap(({ dossierId }) => [`/v1/dossiers/${dossierId}`, `/v1/dossiers/${dossierId}/clearance`]);
    const before = await Promise.all(paths.map((path) => agent.get(path)));
    const redis = new Redis(redisUrl);
    const keys = await redis.keys(`${uniqueKey}*`);
    expect(keys.length).toBeGreaterThan(0);
    await redis.del(...keys);
    redis.disconnect();
    for (const path of paths.slice(0, 6)) {
      const answer = await agent.get<{ code?: string }>(path);
      expect([answer.status, ['not-yet', 'rebuilding'].includes(answer.body.code ?? '')]).toEqual([503, true]);
    }
    const exchange = await start('exchange');
    const after = await Promise.all(
      paths.map((path) =>
        untilHolds(async () => {
          const answer = await agent.get(path);
          expect(answer.status).toBe(200);
          return answer;
        }, 40_000),
      ),
    );
    expect(after.map(({ text }) => text)).toEqual(before.map(({ text }) => text));
    expect(await exchange.stop()).toBe(0);
  });
});
