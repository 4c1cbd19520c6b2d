import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { Kafka, logLevel, type Admin } from 'kafkajs';
import { freePort, startKafka, startRedis, type LocalKafka, type LocalRedis } from '../../../scripts/local-services';
import { gatewayFolder, type GatewayFolder } from '../../support/gateway-process';
import type { About } from '../checker/history';
import { CustomsBackend, TaxServer } from './agencies';
import { Agent, PERSONAL } from './agents';
import { HttpClient } from './http-client';
import { Journal } from './journal';
import { Random } from './random';
import { SupervisedProcess } from './supervised-process';
import { TcpProxy } from './tcp-proxy';

/**
 * Everything that a fault can be put into: a broker and a Redis behind proxies of our own, the gateway in a process a role, three agents,
 * the agencies' back-ends. The gateway reaches its servers through the proxies only; what plays and what checks goes past them.
 */
export interface StageOptions {
  seed: number;
  /** The checkout whose build runs. */
  from: string;
  client: string;
  say(line: string): void;
}

export const PREFIX = 'chaos.';
export const AGENCY_MODES: About['agencyModes'] = { 'harbour-master': 'rules', customs: 'backend', tax: 'http', planning: 'rules' };
export const PARTITIONS = 4;
const HOST = '127.0.0.1';
const TENANTS = ['one', 'two', 'three'];
const GROUPS: Record<string, string[]> = {
  [`${PREFIX}exchange`]: ['dossiers'],
  [`${PREFIX}relay`]: Object.keys(AGENCY_MODES).map((agency) => `decisions.${agency}`),
  ...Object.fromEntries(Object.keys(AGENCY_MODES).map((agency) => [`${PREFIX}adapter.${agency}`, [`requests.${agency}`]])),
};
/** However busy the machine is: that the broker is slow to come is no finding. */
const BROKER_WITHIN_MS = 300_000;
const SAMPLE_EVERY_MS = 1_000;
const PRELOAD = path.resolve(__dirname, 'shift-clock.js');
/** What the gateway's own start does with memory (package.json "start"). */
const NODE_ARGUMENTS = ['--max-semi-space-size=16', '--require', PRELOAD];

export interface Accounts {
  agents: { tenant: string; token: string; canary: string }[];
  operator: string;
  customs: string;
  /** API_KEYS_FILE. */
  file: string;
}

export function makeAccounts(folder: GatewayFolder): Accounts {
  const token = (): string => randomBytes(24).toString('base64url');
  const agents = TENANTS.map((name) => ({ tenant: `agent-${name}`, token: token(), canary: `CNRY${name.toUpperCase()}` }));
  const [operator, customs] = [token(), token()];
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  const keys = [
    ...agents.map(({ tenant, token }) => ({ sha256: sha256(token), role: 'agent', tenant, name: tenant })),
    { sha256: sha256(operator), role: 'operator', name: 'operator' },
    { sha256: sha256(customs), role: 'agency', agency: 'customs', name: 'customs' },
  ];
  const file = path.join(folder.varDir, 'api-keys.json');
  writeFileSync(file, JSON.stringify({ keys }), { mode: 0o600 });
  return { agents, operator, customs, file };
}

export class Stage {
  readonly random: Random;
  readonly journal = new Journal();
  readonly folder: GatewayFolder = gatewayFolder();
  readonly accounts = makeAccounts(this.folder);
  readonly processes = new Map<string, SupervisedProcess>();
  kafka!: LocalKafka;
  redis!: LocalRedis;
  kafkaProxy!: TcpProxy;
  redisProxy!: TcpProxy;
  customs!: CustomsBackend;
  tax!: TaxServer;
  agents: Agent[] = [];
  operator!: HttpClient;
  officer!: HttpClient;
  /** The load holds its breath. */
  isQuiet = false;
  /** Processes added and removed. */
  changes = 0;
  /** Text of lives that ended, for the checker. */
  readonly lastTexts: { name: string; text: string }[] = [];
  private readonly options: StageOptions;
  private env: Record<string, string> = {};
  private urls: string[] = [];
  private readonly ports = new Map<string, number>();
  private sampling: Promise<void> | undefined;
  private stopped = false;
  private admin: Admin | undefined;

  constructor(options: StageOptions) {
    this.options = options;
    this.random = new Random(options.seed);
  }

  async open(directory: string): Promise<void> {
    const { say, client, seed } = this.options;
    this.journal.openIn(directory);
    const ports = await freePorts('direct', 'proxied', 'controller', 'kafka', 'redisServer', 'redis', 'tax', 'intake-a', 'intake-b');
    const { direct, proxied, controller } = ports;
    this.kafkaProxy = await TcpProxy.listen(ports.kafka, proxied, 'kafka', this.random.next);
    this.redisProxy = await TcpProxy.listen(ports.redis, ports.redisServer, 'bytes', this.random.next);
    const listeners = {
      'controller.quorum.voters': `1@${HOST}:${controller}`,
      listeners: `PLAINTEXT://${HOST}:${direct},PROXIED://${HOST}:${proxied},CONTROLLER://${HOST}:${controller}`,
      'advertised.listeners': `PLAINTEXT://${HOST}:${direct},PROXIED://${HOST}:${ports.kafka}`,
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT',
      // Kafka's own: on a busy machine a broker that gets no CPU for 3 s is no fault of ours.
      'broker.session.timeout.ms': '9000',
    };
    [this.kafka, this.redis] = await Promise.all([
      startKafka({ quick: true, port: direct, properties: listeners, readyWithinMs: BROKER_WITHIN_MS, say }),
      startRedis({ port: ports.redisServer, say }),
    ]);
    const run = randomBytes(3).toString('hex');
    this.tax = new TaxServer({ journal: this.journal, random: new Random(seed + 1) });
    await this.tax.start(ports.tax);
    this.env = {
      KAFKA_BROKERS: `${HOST}:${ports.kafka}`,
      KAFKA_CLIENT: client,
      REDIS_URL: `redis://${HOST}:${ports.redis}`,
      TOPIC_PREFIX: PREFIX,
      TOPIC_PARTITIONS: String(PARTITIONS),
      API_KEYS_FILE: this.accounts.file,
      RAW_EVIDENCE: 'all',
      AGENCY_CUSTOMS_MODE: 'backend',
      AGENCY_TAX_MODE: 'http',
      AGENCY_TAX_URL: this.tax.url,
    };
    for (const name of ['intake-a', 'intake-b'] as const) this.ports.set(name, ports[name]);
    this.urls = [...this.ports.values()].map((port) => `http://${HOST}:${port}`);
    // The first makes the topics; the rest may come at once.
    await this.add('exchange').start();
    await Promise.all([this.add('adapters').start(), this.add('intake-a').start(), this.add('intake-b').start()]);
    this.agents = this.accounts.agents.map(
      (account, i) =>
        new Agent({
          account,
          urls: this.urls,
          journal: this.journal,
          seed: seed + 10 + i,
          run,
          foreignDossier: () => this.dossierOfOthers(i),
        }),
    );
    this.operator = new HttpClient(this.urls, this.accounts.operator);
    this.officer = new HttpClient(this.urls, this.accounts.customs);
    this.customs = new CustomsBackend({ brokers: this.kafka.brokers, prefix: PREFIX, journal: this.journal, random: new Random(seed + 2) });
    await this.customs.start();
    for (const agent of this.agents) agent.startReading();
    this.sampling = this.sampleOffsets();
  }

  /** Another process; its role is the name up to the dash. */
  add(name: string): SupervisedProcess {
    const port = this.ports.get(name);
    const env = {
      ...this.env,
      ROLES: name.split('-')[0] ?? '',
      CHAOS_CLOCK_FILE: this.clockFile(name),
      ...(port === undefined ? {} : { PORT: String(port) }),
    };
    const { folder } = this;
    const process = new SupervisedProcess({ name, folder, env, from: this.options.from, nodeArguments: NODE_ARGUMENTS });
    process.onEnded = (text) => Promise.resolve(void this.lastTexts.push({ name, text }));
    this.processes.set(name, process);
    this.changes++;
    return process;
  }

  process(name: string): SupervisedProcess {
    const process = this.processes.get(name);
    if (process === undefined) throw new Error(`there is no process ${name}`);
    return process;
  }

  urlOf(name: string): string {
    return `http://${HOST}:${this.ports.get(name) ?? 0}`;
  }

  async remove(name: string, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.process(name).stop(signal);
    this.processes.delete(name);
    this.changes++;
  }

  async restartGateway(): Promise<void> {
    for (const process of this.processes.values()) process.signal('SIGKILL');
    await sleep(500);
    await Promise.all([...this.processes.values()].map((process) => process.up()));
  }

  /** The wall clock of a process jumps; 0 sets it right. */
  shiftClock(name: string, byMs: number): void {
    writeFileSync(this.clockFile(name), String(byMs));
  }

  private clockFile(name: string): string {
    return path.join(this.folder.varDir, `clock-${name}`);
  }

  /** Straight to the server. */
  async withRedis<T>(use: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = new Redis(this.redis.url, { maxRetriesPerRequest: 5 });
    redis.on('error', () => undefined);
    try {
      return await use(redis);
    } finally {
      redis.disconnect();
    }
  }

  /** Straight to the broker; connected anew after a fault. */
  async withAdmin<T>(use: (admin: Admin) => Promise<T>): Promise<T> {
    if (this.admin === undefined) {
      const kafka = new Kafka({ clientId: 'chaos', brokers: [this.kafka.brokers], logLevel: logLevel.NOTHING, retry: { retries: 2 } });
      this.admin = kafka.admin();
      await this.admin.connect();
    }
    try {
      return await use(this.admin);
    } catch (cause) {
      const failed = this.admin;
      this.admin = undefined;
      void failed.disconnect().catch(() => undefined);
      throw cause;
    }
  }

  async about(): Promise<About> {
    const { text } = await this.operator.get('/.well-known/jwks.json');
    return {
      tenants: Object.fromEntries(this.accounts.agents.map(({ tenant, canary }) => [tenant, canary])),
      personal: [...PERSONAL],
      agencyModes: AGENCY_MODES,
      jwks: JSON.parse(text) as About['jwks'],
      restMs: Date.now(),
    };
  }

  /** Resident memory of each process, MB. */
  memory(): Record<string, number> {
    const rows = [...this.processes.values()].map(({ name, pid }) => {
      try {
        return [name, Math.round((Number(readFileSync(`/proc/${String(pid)}/statm`, 'utf8').split(' ')[1]) * 4096) / 2 ** 20)] as const;
      } catch {
        return [name, 0] as const;
      }
    });
    return Object.fromEntries(rows);
  }

  async close(): Promise<void> {
    this.stopped = true;
    await Promise.allSettled([...this.agents.map((agent) => agent.stop()), this.sampling]);
    await Promise.allSettled([...this.processes.values()].map((process) => process.stop()));
    await Promise.allSettled([this.customs?.stop(), this.tax?.stop(), this.admin?.disconnect()]);
    this.operator?.close();
    this.officer?.close();
    await Promise.allSettled([this.kafka?.stop(), this.redis?.stop()]);
    await Promise.allSettled([this.kafkaProxy?.close(), this.redisProxy?.close()]);
    this.journal.close();
    this.folder.remove();
  }

  /** At once, and only what this stage started. */
  kill(): void {
    for (const process of this.processes.values()) process.signal('SIGKILL');
    void this.kafka?.kill('SIGKILL');
    void this.redis?.kill('SIGKILL');
  }

  private dossierOfOthers(i: number): string | undefined {
    const other = this.agents[(i + 1) % this.agents.length];
    return other === undefined || other === this.agents[i] ? undefined : [...other.opened.keys()].at(-1);
  }

  /** What each group has committed, and then what `clearances` holds. */
  private async sampleOffsets(): Promise<void> {
    while (!this.stopped) {
      await sleep(SAMPLE_EVERY_MS);
      try {
        await this.withAdmin(async (admin) => {
          for (const [groupId, topics] of Object.entries(GROUPS)) {
            const committed = await admin.fetchOffsets({ groupId, topics: topics.map((topic) => PREFIX + topic) });
            const group = groupId.slice(PREFIX.length);
            const ends = group === 'exchange' ? await admin.fetchTopicOffsets(`${PREFIX}clearances`) : [];
            for (const { topic, partitions } of committed)
              for (const { partition, offset } of partitions) {
                const end = ends.find((one) => one.partition === partition)?.high;
                const clearancesEnd = end === undefined ? {} : { clearancesEnd: Number(end) };
                if (Number(offset) >= 0)
                  this.journal.write({
                    kind: 'committed',
                    group,
                    topic: topic.slice(PREFIX.length),
                    partition,
                    offset: Number(offset),
                    ...clearancesEnd,
                  });
              }
          }
        });
      } catch {
        // The broker is away.
      }
    }
  }
}

/** Free now, and each another. */
export async function freePorts<Name extends string>(...names: Name[]): Promise<Record<Name, number>> {
  const ports = new Set<number>();
  while (ports.size < names.length) ports.add(await freePort());
  return Object.fromEntries([...ports].map((port, i) => [names[i], port])) as Record<Name, number>;
}
