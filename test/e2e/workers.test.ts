import { readFileSync, statSync } from 'node:fs';
import { Agent, request } from 'node:http';
import path from 'node:path';
import type { Clearance } from '../../gateway/core/messages';
import { arrival } from '../support/agent-client';
import { gatewayFolder, startGatewayProcess, type GatewayProcess } from '../support/gateway-process';
import { testServices, uniqueKeyPrefix, uniqueTopicPrefix } from '../support/services';
import { untilHolds } from '../support/until-holds';

jest.setTimeout(120_000);

/** WORKERS=2: one command, one port, one admin port; a primary with exchange and adapters, and two processes that do the intake. */
const folder = gatewayFolder();
let gateway: GatewayProcess;

interface Ready {
  ready: boolean;
  dependencies: Record<string, { ok: boolean; detail?: string }>;
}

const env = (): Record<string, string> => {
  const { kafkaBrokers, redisUrl } = testServices();
  return {
    KAFKA_BROKERS: kafkaBrokers.join(','),
    REDIS_URL: redisUrl,
    REDIS_KEY_PREFIX: uniqueKeyPrefix('workers'),
    TOPIC_PREFIX: uniqueTopicPrefix('workers'),
    TOPIC_PARTITIONS: '4',
    WORKERS: '2',
  };
};

beforeAll(async () => {
  gateway = await startGatewayProcess(folder, env());
});

afterAll(async () => {
  await gateway.stop('SIGKILL');
  folder.remove();
});

/** What a clearance or a receipt says that the tests look at. */
type Body = Pick<Clearance, 'dossierId' | 'status' | 'final'>;

/** Each on a connection of its own: connections are what is dealt out. A connection that breaks is an error. */
function call(method: string, target: string, body?: object): Promise<{ status: number; body: Body }> {
  return new Promise((resolve, reject) => {
    const authorization = `Bearer ${folder.tokens()['agent'] ?? ''}`;
    const headers = { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
    const sent = request(new URL(target, gateway.url), { method, headers, agent: new Agent({ keepAlive: false }) }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as Body }));
    });
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const submit = (): Promise<{ status: number; body: Body }> => call('POST', '/v1/declarations', arrival());

async function ready(): Promise<Ready> {
  return (await (await fetch(`${gateway.adminUrl}/health/ready`)).json()) as Ready;
}

async function workerPids(): Promise<number[]> {
  const { dependencies } = await ready();
  return [1, 2].map((n) => Number(/^pid (\d+)/.exec(dependencies[`worker-${n}`]?.detail ?? '')?.[1]));
}

/** Sum of a metric's series that have these labels; of one worker alone where its number is given. */
async function metric(name: string, labels = '', worker?: number): Promise<number> {
  const text = await (await fetch(`${gateway.adminUrl}/metrics${worker === undefined ? '' : `?worker=${worker}`}`)).text();
  return text
    .split('\n')
    .filter((line) => (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) && line.includes(labels))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

const accepted = (worker?: number): Promise<number> => metric('seaport_declarations_total', 'outcome="accepted"', worker);

test('both workers serve the one port, their metrics are summed, and each can be looked at alone', async () => {
  const dossiers: string[] = [];
  for (let i = 0; i < 10; i++) {
    const answer = await submit();
    expect(answer.status).toBe(202);
    dossiers.push(answer.body.dossierId);
    // Whichever worker reads it: accepted by one is known to the other, or not yet, and never unknown.
    for (const target of [`/v1/dossiers/${answer.body.dossierId}`, `/v1/dossiers/${answer.body.dossierId}/clearance`])
      for (let reads = 0; reads < 2; reads++) expect([200, 503]).toContain((await call('GET', target)).status);
  }
  const shares = [await accepted(1), await accepted(2)];
  for (const share of shares) expect(share).toBeGreaterThan(0);
  expect(shares[0] ?? 0).toBeLessThan(10);
  expect(await accepted()).toBe(10);
  for (const dossierId of dossiers)
    await untilHolds(async () => {
      const { body } = await call('GET', `/v1/dossiers/${dossierId}/clearance`);
      expect([body.status, body.final]).toEqual(['granted', true]);
    });
  // What the primary does itself is in the sum too, and what is a state is not summed up.
  expect(await metric('seaport_clearances_total')).toBe(10);
  expect(await metric('seaport_stage_duration_seconds_count', 'stage="publish"')).toBe(10);
  expect(await metric('seaport_stage_duration_seconds_count', 'stage="agency"')).toBe(40);
  expect(await metric('seaport_inflight')).toBe(0);
  expect(await metric('seaport_build_info')).toBe(1);
  expect(await metric('seaport_ready')).toBe(1);
  expect((await fetch(`${gateway.adminUrl}/metrics?worker=3`)).status).toBe(404);
});

test('it is ready when its own dependencies and all workers are, and the credentials name the common port', async () => {
  const { ready: isReady, dependencies } = await ready();
  expect(isReady).toBe(true);
  expect(Object.keys(dependencies)).toEqual(['log', 'store', 'process', 'worker-1', 'worker-2']);
  const [first, second] = await workerPids();
  expect(new Set([first, second, gateway.child.pid]).size).toBe(3);
  const file = path.join(folder.varDir, 'dev-credentials.json');
  expect((JSON.parse(readFileSync(file, 'utf8')) as { baseUrl: string }).baseUrl).toBe(gateway.url);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('a worker that is killed is replaced; the other goes on, and nothing acknowledged or counted is lost', async () => {
  const before = await accepted();
  const [victim = 0, survivor] = await workerPids();
  const acknowledged: string[] = [];
  let broken = 0;
  for (let i = 0; i < 30; i++) {
    if (i === 10) process.kill(victim, 'SIGKILL');
    try {
      const answer = await submit();
      expect(answer.status).toBe(202);
      acknowledged.push(answer.body.dossierId);
    } catch (cause) {
      // The connection that the killed one held.
      if ((cause as { code?: string }).code === undefined) throw cause;
      broken++;
    }
  }
  expect(broken).toBeLessThanOrEqual(2);
  await untilHolds(async () => {
    expect((await ready()).ready).toBe(true);
    const [replacement, other] = await workerPids();
    expect(replacement).not.toBe(victim);
    expect(other).toBe(survivor);
  }, 40_000);
  expect(await metric('seaport_workers_replaced_total')).toBe(1);
  expect(await accepted()).toBeGreaterThanOrEqual(before);
  const already = await accepted(1);
  while ((await accepted(1)) === already) expect((await submit()).status).toBe(202);
  for (const dossierId of acknowledged)
    await untilHolds(async () => {
      const { status, body } = await call('GET', `/v1/dossiers/${dossierId}/clearance`);
      expect([status, body.status]).toEqual([200, 'granted']);
    });
});

test('where the port is taken it does not start, and says so', async () => {
  const { port } = new URL(gateway.url);
  await expect(startGatewayProcess(folder, { ...env(), PORT: port })).rejects.toThrow(
    /ended with 1:[\s\S]*EADDRINUSE[\s\S]*worker \d ended with 1 before it listened/,
  );
});

test('SIGTERM lets requests under way finish, ends the workers first and then the primary, with 0', async () => {
  const pids = await workerPids();
  const { body } = await submit();
  await untilHolds(async () => {
    expect((await call('GET', `/v1/dossiers/${body.dossierId}/clearance`)).body.final).toBe(true);
  });
  const underWay = Array.from({ length: 6 }, submit);
  const stopped = gateway.stop();
  for (const answer of await Promise.allSettled(underWay)) {
    // One that was not let in any more was refused at the door; one that was let in was answered.
    if (answer.status === 'fulfilled') expect([202, 503]).toContain(answer.value.status);
    else expect((answer.reason as { code?: string }).code).toMatch(/^ECONN(REFUSED|RESET)$/);
  }
  expect(await stopped).toBe(0);
  for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

test('no worker outlives a primary that was killed', async () => {
  const killed = await startGatewayProcess(folder, env());
  const { dependencies } = (await (await fetch(`${killed.adminUrl}/health/ready`)).json()) as Ready;
  const pids = [1, 2].map((n) => Number(/^pid (\d+)/.exec(dependencies[`worker-${n}`]?.detail ?? '')?.[1]));
  for (const pid of pids) expect(process.kill(pid, 0)).toBe(true);
  await killed.stop('SIGKILL');
  // eslint-disable-next-line @typescript-eslint/require-await -- what it throws is a rejection
  for (const pid of pids) await untilHolds(async () => expect(() => process.kill(pid, 0)).toThrow('ESRCH'));
});
