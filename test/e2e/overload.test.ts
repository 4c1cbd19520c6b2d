import { AgentClient, arrival, type Answer } from '../support/agent-client';
import { gatewayFolder, startGatewayProcess, type GatewayProcess } from '../support/gateway-process';

jest.setTimeout(90_000);

/** More than it can fold within a bound that is tiny here (guarantees.md G8). */
describe('a gateway under more than it can take', () => {
  const folder = gatewayFolder();
  let gateway: GatewayProcess;

  beforeAll(async () => {
    gateway = await startGatewayProcess(folder, { MAX_FOLD_DELAY_MS: '10' });
  }, 60_000);
  afterAll(async () => {
    expect(await gateway.stop()).toBe(0);
    folder.remove();
  });

  const client = (account: string): AgentClient => new AgentClient(gateway.url, folder.tokens()[account] ?? '');
  const metric = async (name: string): Promise<number> => {
    const page = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
    const found = [...page.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))];
    return found.reduce((sum, [, value]) => sum + Number(value), 0);
  };

  it('refuses what is too much with Retry-After, most of it to the one who sends it, clears what it took, and is itself again at once', async () => {
    const [flood, small] = [client('agent'), client('agent2')];
    const answers: Answer<{ code?: string; dossierId?: string }>[] = [];
    const smallOnes: Answer<{ code?: string; dossierId?: string }>[] = [];
    // Until it has shed some: how much that takes is the machine's affair.
    for (let round = 0; round < 20 && (round < 3 || answers.every(({ status }) => status === 202)); round++) {
      const burst = Array.from({ length: 400 }, () => flood.submit(arrival()));
      smallOnes.push(await small.submit(arrival()));
      answers.push(...(await Promise.all(burst)));
    }
    const refused = answers.filter(({ status }) => status !== 202);
    expect(refused.length).toBeGreaterThan(0);
    for (const { status, body, headers } of refused) {
      expect([
        [429, 'quota-exceeded'],
        [503, 'overloaded'],
      ]).toContainEqual([status, body.code]);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    }
    const takenShare = (all: typeof answers): number => all.filter(({ status }) => status === 202).length / all.length;
    expect(takenShare(smallOnes)).toBeGreaterThan(takenShare(answers));
    expect(await metric('seaport_shed_total')).toBe([...answers, ...smallOnes].filter(({ status }) => status !== 202).length);

    // What was acknowledged is cleared.
    const taken = answers.filter(({ status }) => status === 202).slice(-20);
    for (const { body } of taken) expect((await flood.clearance(body.dossierId ?? '')).body.status).toBe('granted');

    for (let i = 0; i < 20; i++) expect((await flood.submit(arrival())).status).toBe(202);
  });
});
