import type { Clearance } from '../../gateway/core/messages';
import { AgentClient, arrival, freshId } from '../support/agent-client';
import { arrivalJson, arrivalXml } from '../support/fixtures';
import { gatewayFolder, startGatewayProcess, type GatewayProcess } from '../support/gateway-process';
import { testServices, uniqueKeyPrefix, uniqueTopicPrefix } from '../support/services';

jest.setTimeout(120_000);

/** A mega-ship's bills and a cruise ship's persons (architecture.md §5 "Large declarations"), beside small ones. */
const inDays = (days: number): string =>
  new Date(Math.floor((Date.now() + days * 86_400_000) / 1000) * 1000).toISOString().replace('.000Z', 'Z');
const later = (): { eta: string; sentAt: string } => ({ eta: inDays(3), sentAt: inDays(0) });

describe.each([
  ['the embedded default', (): Record<string, string> => ({})],
  [
    'Kafka and Redis',
    (): Record<string, string> => {
      const { kafkaBrokers, redisUrl } = testServices();
      return {
        KAFKA_BROKERS: kafkaBrokers.join(','),
        REDIS_URL: redisUrl,
        REDIS_KEY_PREFIX: uniqueKeyPrefix('large'),
        TOPIC_PREFIX: uniqueTopicPrefix('large'),
        TOPIC_PARTITIONS: '2',
      };
    },
  ],
])('large declarations on %s', (_name, env) => {
  const folder = gatewayFolder();
  let gateway: GatewayProcess;
  let agent: AgentClient;
  beforeAll(async () => {
    gateway = await startGatewayProcess(folder, env());
    agent = new AgentClient(gateway.url, folder.tokens()['agent'] ?? '');
  }, 120_000);
  afterAll(async () => {
    await gateway.stop();
    folder.remove();
  });

  const cleared = async (dossierId: string): Promise<Clearance> => {
    const { status, body } = await agent.clearance(dossierId, 60);
    expect([status, body.final]).toEqual([200, true]);
    return body;
  };

  it('clears 5,000 bills of lading', async () => {
    const answer = await agent.submit(arrivalJson({ ...later(), messageId: freshId(), consignments: 5_000, itemsPerConsignment: 1 }));
    expect([answer.status, answer.body.code]).toEqual([202, undefined]);
    expect(['granted', 'conditional']).toContain((await cleared(answer.body.dossierId)).status);
  });

  it('clears 3,500 persons, in EPC', async () => {
    const answer = await agent.submitXml(arrivalXml({ ...later(), messageId: freshId(), crew: 1_200, passengers: 2_300 }), {
      accept: 'application/json',
    });
    expect([answer.status, answer.body.code]).toEqual([202, undefined]);
    expect(['granted', 'conditional']).toContain((await cleared(answer.body.dossierId)).status);
  });

  it('goes on clearing small ones while the largest accepted are on their way', async () => {
    const large = Array.from({ length: 3 }, () =>
      agent.submit(arrivalJson({ ...later(), messageId: freshId(), consignments: 9_000, itemsPerConsignment: 1 })),
    );
    const small = await Promise.all(Array.from({ length: 10 }, () => agent.submit(arrival(), { prefer: 'wait=60' })));
    expect(small.map(({ status, body }) => [status, body.status])).toEqual(small.map(() => [200, 'granted']));
    for (const answer of await Promise.all(large)) {
      expect([answer.status, answer.body.code]).toEqual([202, undefined]);
      await cleared(answer.body.dossierId);
    }
  });

  it('refuses what is larger than it takes, and says so to a client that is still sending', async () => {
    const body = JSON.stringify(arrivalJson({ ...later(), messageId: freshId(), consignments: 9_999, itemsPerConsignment: 9 }));
    for (let i = 0; i < 10; i++) {
      const answer = await agent.request<{ code?: string }>('POST', '/v1/declarations', {
        body,
        headers: { 'content-type': 'application/json' },
      });
      expect([answer.status, answer.body.code]).toEqual([413, 'too-large']);
    }
  });
});
