import { execFileSync, spawn } from 'node:child_process';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { MIXED, PROMPT } from './agencies';
import { startRedis } from '../../../scripts/local-services';
import { AGENCY_MODES, PARTITIONS, PREFIX, type Stage } from './stage';

/**
 * The faults of guarantees.md §3, each put into a stage under load. `inject` is done when the fault is over; what follows, unaided, within
 * `recoversWithinMs` is the gateway's own. It returns how often something was done.
 */
export interface Fault {
  id: string;
  what: string;
  recoversWithinMs: number;
  inject(stage: Stage): Promise<number>;
}

const AFTER_PROCESS_MS = 15_000;
const AFTER_SERVER_MS = 60_000;
const HOUR_MS = 3_600_000;

const onProcess = (id: string, what: string, inject: Fault['inject']): Fault => ({ id, what, recoversWithinMs: AFTER_PROCESS_MS, inject });
const onServer = (id: string, what: string, inject: Fault['inject']): Fault => ({ id, what, recoversWithinMs: AFTER_SERVER_MS, inject });

async function times(count: number, each: () => Promise<void>): Promise<number> {
  for (let i = 0; i < count; i++) await each();
  return count;
}

/** Killed at an odd moment, and up again. */
async function kill(stage: Stage, ...names: string[]): Promise<void> {
  await sleep(stage.random.between(200, 1_500));
  for (const name of names) stage.process(name).signal('SIGKILL');
  // Its death must be seen before its next life is.
  await sleep(300);
  await Promise.all(names.map((name) => stage.process(name).up()));
}

async function freeze(stage: Stage, name: string, forMs: number): Promise<void> {
  stage.process(name).signal('SIGSTOP');
  await sleep(forMs);
  stage.process(name).signal('SIGCONT');
}

async function freezeServer(server: { kill(signal: NodeJS.Signals): Promise<void> }, forMs: number): Promise<void> {
  await server.kill('SIGSTOP');
  await sleep(forMs);
  await server.kill('SIGCONT');
}

async function restartServer(
  server: { kill(signal: NodeJS.Signals): Promise<void>; start(): Promise<void> },
  signal: NodeJS.Signals,
  awayMs: number,
) {
  await server.kill(signal);
  await sleep(awayMs);
  await server.start();
}

/** A proxy misbehaves for a while; returns what it did. */
async function misbehave(
  stage: Stage,
  which: 'kafkaProxy' | 'redisProxy',
  behaviour: Stage['kafkaProxy']['behaviour'],
  forMs: number,
): Promise<number> {
  const proxy = stage[which];
  const before = proxy.injected;
  proxy.behaviour = behaviour;
  await sleep(forMs);
  proxy.heal();
  return Math.max(1, proxy.injected - before);
}

async function shift(stage: Stage, names: readonly string[], byMs: number, forMs: number): Promise<number> {
  for (const name of names) stage.shiftClock(name, byMs);
  await sleep(forMs);
  for (const name of names) stage.shiftClock(name, 0);
  // Who lives by the work that comes is noticed when none comes for longer than a session lasts.
  stage.isQuiet = true;
  await sleep(9_000);
  stage.isQuiet = false;
  return names.length;
}

function idleSockets(address: string, count: number): net.Socket[] {
  const { hostname, port } = new URL(address);
  return Array.from({ length: count }, () => {
    const socket = net.connect({ host: hostname, port: Number(port) });
    socket.on('error', () => undefined);
    return socket;
  });
}

/** Requests that never come to their end: a line of a header every half second. */
function slowSockets(address: string, count: number): { end(): void } {
  const sockets = idleSockets(address, count);
  for (const socket of sockets) socket.on('connect', () => socket.write('POST /v1/declarations HTTP/1.1\r\nHost: slow\r\n'));
  const dripping = setInterval(() => {
    for (const socket of sockets) if (socket.writable) socket.write('X-Slow: 1\r\n');
  }, 500);
  return {
    end: () => {
      clearInterval(dripping);
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Redis fails over to a replica that lacks what was written last, and back to the first, which lacks what was written meanwhile. */
async function failOverRedis(stage: Stage): Promise<number> {
  const replica = await startRedis({});
  const on = async <T>(url: string, use: (redis: Redis) => Promise<T>): Promise<T> => {
    const redis = new Redis(url, { maxRetriesPerRequest: 5 });
    redis.on('error', () => undefined);
    try {
      return await use(redis);
    } finally {
      redis.disconnect();
    }
  };
  /** The one follows the other until it has all that was written, and then no more: it lacks what follows. */
  const copy = (to: { url: string }, from: { port: number }): Promise<void> =>
    on(to.url, async (redis) => {
      await redis.replicaof('127.0.0.1', from.port);
      while (!/master_link_status:up/.test(await redis.info('replication'))) await sleep(50);
      await redis.replicaof('NO', 'ONE');
    });
  try {
    await copy(replica, stage.redis);
    await sleep(2_000);
    await stage.redis.kill('SIGSTOP');
    stage.redisProxy.retarget(replica.port);
    await sleep(3_000);
    await restartServer(stage.redis, 'SIGKILL', 0);
    await copy(stage.redis, replica);
    await sleep(1_000);
  } finally {
    stage.redisProxy.retarget(stage.redis.port);
    await replica.stop();
  }
  return 2;
}

const roles = ['intake-a', 'exchange', 'adapters'];

export const faults: readonly Fault[] = [
  // Processes.
  ...roles.map((name) => onProcess(`F01-${name}`, `SIGKILL ${name}, three times`, (stage) => times(3, () => kill(stage, name)))),
  onProcess('F01-exchange-adapters', 'SIGKILL exchange and adapters at once, twice', (stage) =>
    times(2, () => kill(stage, 'exchange', 'adapters')),
  ),
  onProcess('F01-intake-exchange', 'SIGKILL an intake and the exchange at once, twice', (stage) =>
    times(2, () => kill(stage, 'intake-a', 'exchange')),
  ),
  onProcess('F01-all', 'SIGKILL all at once', (stage) => times(1, () => kill(stage, 'intake-a', 'intake-b', 'exchange', 'adapters'))),
  onProcess('F04-exchange', 'SIGSTOP the exchange 15 s, another takes over, then it wakes', async (stage) => {
    await stage.add('exchange-z').start();
    await freeze(stage, 'exchange', 15_000);
    await sleep(1_000);
    await stage.remove('exchange-z');
    return 1;
  }),
  ...roles.map((name) => onProcess(`F04-${name}-4s`, `SIGSTOP ${name} 4 s, twice`, (stage) => times(2, () => freeze(stage, name, 4_000)))),
  onProcess('F20-members', 'exchanges join and leave, each 2 s', (stage) =>
    times(3, async () => {
      await stage.add('exchange-j').start();
      await sleep(2_000);
      await stage.remove('exchange-j', stage.random.pick(['SIGTERM', 'SIGKILL']));
    }),
  ),
  onProcess('F21-exchange-busy', 'a second exchange folds, the first is frozen beyond its session, killed after', async (stage) => {
    await stage.add('exchange-z').start();
    stage.process('exchange').signal('SIGSTOP');
    await sleep(8_000);
    stage.process('exchange').signal('SIGKILL');
    await stage.process('exchange').up();
    await stage.remove('exchange-z');
    return 2;
  }),
  ...roles.map((name) =>
    onProcess(`F30-${name}`, `SIGTERM ${name} under load, twice`, (stage) =>
      times(2, async () => {
        stage.process(name).signal('SIGTERM');
        await sleep(300);
        stage.process(name).signal('SIGTERM');
        await sleep(1_500);
        await stage.process(name).up();
      }),
    ),
  ),

  // The broker.
  onServer('F05-broker-3s', 'the broker is frozen 3 s, twice', (stage) =>
    times(2, () => freezeServer(stage.kafka, 3_000).then(() => sleep(1_000))),
  ),
  onServer('F05-broker-20s', 'the broker is frozen 20 s', (stage) => times(1, () => freezeServer(stage.kafka, 20_000))),
  onServer('F06-broker-term', 'the broker is restarted', (stage) => times(1, () => restartServer(stage.kafka, 'SIGTERM', 1_000))),
  onServer('F06-broker-kill', 'the broker is killed and comes back', (stage) =>
    times(1, () => restartServer(stage.kafka, 'SIGKILL', 1_000)),
  ),
  onServer('F09-cut', 'answers to Produce requests are cut: stored, and nobody knows', (stage) =>
    times(4, () => misbehave(stage, 'kafkaProxy', { cutAnswers: 3 }, 1_500).then(() => undefined)).then((count) => count * 3),
  ),
  onServer('F10-delay', 'the broker is 300–700 ms away', (stage) => misbehave(stage, 'kafkaProxy', { delayMs: 300, jitterMs: 400 }, 8_000)),
  onServer('F10-resets', '2 % of the pieces to and from the broker end in a reset', (stage) =>
    misbehave(stage, 'kafkaProxy', { resets: 0.02 }, 8_000),
  ),
  onServer('F10-half-close', 'connections to the broker are half-closed', (stage) =>
    times(4, async () => {
      stage.kafkaProxy.halfCloseAll();
      await sleep(1_200);
    }),
  ),
  onServer('F11-answers', 'what the broker says is lost for 6 s', (stage) => misbehave(stage, 'kafkaProxy', { swallow: 'answers' }, 6_000)),
  onServer('F11-requests', 'what is said to the broker is lost for 6 s', (stage) =>
    misbehave(stage, 'kafkaProxy', { swallow: 'requests' }, 6_000),
  ),

  // Redis.
  onServer('F22-flush', 'FLUSHALL, three times', (stage) =>
    times(3, async () => {
      await stage.withRedis((redis) => redis.flushall());
      await sleep(2_500);
    }),
  ),
  onServer('F22-kill', 'Redis is killed and comes back empty', (stage) => times(1, () => restartServer(stage.redis, 'SIGKILL', 500))),
  onServer('F22-old-dump', 'Redis comes back with what it knew 4 s before', async (stage) => {
    await stage.withRedis((redis) => redis.save());
    await sleep(4_000);
    await restartServer(stage.redis, 'SIGKILL', 200);
    return 1;
  }),
  onServer('F23-frozen', 'Redis is frozen 5 s, twice', (stage) =>
    times(2, () => freezeServer(stage.redis, 5_000).then(() => sleep(1_000))),
  ),
  onServer('F24-memory', 'Redis is out of memory for 6 s', async (stage) => {
    await stage.withRedis((redis) => redis.config('SET', 'maxmemory', '1mb'));
    await sleep(6_000);
    await stage.withRedis((redis) => redis.config('SET', 'maxmemory', '0'));
    return 1;
  }),
  onServer('F24-readonly', 'Redis is a replica, read-only, for 6 s', async (stage) => {
    await stage.withRedis((redis) => redis.replicaof('127.0.0.1', 1));
    await sleep(6_000);
    await stage.withRedis((redis) => redis.replicaof('NO', 'ONE'));
    return 1;
  }),
  onServer('F25-failover', 'Redis fails over to a copy that lacks the last 2 s, and back to one that lacks the last 1 s', failOverRedis),
  onServer('F10-redis-delay', 'Redis is 100–400 ms away', (stage) =>
    misbehave(stage, 'redisProxy', { delayMs: 100, jitterMs: 300 }, 6_000),
  ),
  onServer('F10-redis-resets', '2 % of the pieces to and from Redis end in a reset', (stage) =>
    misbehave(stage, 'redisProxy', { resets: 0.02 }, 6_000),
  ),
  onServer('F09-redis-cut', 'answers of Redis are cut: done, and nobody knows', (stage) =>
    times(4, () => misbehave(stage, 'redisProxy', { cutAnswers: 3 }, 1_200).then(() => undefined)).then((count) => count * 3),
  ),
  onServer('F11-redis-answers', 'what Redis says is lost for 5 s', (stage) =>
    misbehave(stage, 'redisProxy', { swallow: 'answers' }, 5_000),
  ),

  // Pairs.
  onServer('P-broker-redis', 'broker and Redis are killed at once', async (stage) => {
    await Promise.all([restartServer(stage.kafka, 'SIGKILL', 500), restartServer(stage.redis, 'SIGKILL', 500)]);
    return 2;
  }),
  onServer('P-exchange-flush', 'the exchange is killed while Redis is emptied', async (stage) => {
    await Promise.all([kill(stage, 'exchange'), sleep(800).then(() => stage.withRedis((redis) => redis.flushall()))]);
    return 2;
  }),
  onServer('P-cut-exchange', 'the exchange is killed after its answers were cut', async (stage) => {
    const cut = await misbehave(stage, 'kafkaProxy', { cutAnswers: 6 }, 1_000);
    await kill(stage, 'exchange');
    return cut + 1;
  }),
  onServer('P-broker-intake', 'the broker is frozen while an intake is stopped', async (stage) => {
    await Promise.all([freezeServer(stage.kafka, 6_000), sleep(1_500).then(() => stage.process('intake-a').signal('SIGTERM'))]);
    await stage.process('intake-a').up();
    return 2;
  }),
  onServer('P-flush-members', 'Redis is emptied while members join and leave', async (stage) => {
    await stage.add('exchange-j').start();
    await stage.withRedis((redis) => redis.flushall());
    await sleep(1_500);
    await stage.remove('exchange-j', 'SIGKILL');
    return 3;
  }),

  // What is said.
  onProcess('F18-poison', 'poison in every topic', async (stage) => {
    const agencies = Object.keys(AGENCY_MODES);
    // Nobody but its own back-end reads what customs is asked.
    const topics = [
      'dossiers',
      ...agencies.flatMap((agency) => [`decisions.${agency}`, ...(agency === 'customs' ? [] : [`requests.${agency}`])]),
    ];
    for (const topic of topics) for (let i = 0; i < 2; i++) await stage.customs.poison(topic, Math.floor(stage.random.next() * PARTITIONS));
    return topics.length * 2;
  }),
  onProcess('F15-customs', 'customs contradicts, repeats, revokes, holds and forges only', async (stage) => {
    const before = stage.customs.injected;
    stage.customs.manners = { contradicts: 1, twice: 1, revokes: 1, holds: 1, forges: 1, garbage: 1, wantsMore: 1 };
    await sleep(8_000);
    stage.customs.manners = MIXED;
    return stage.customs.injected - before;
  }),
  onProcess('F19-silent', 'customs is silent 8 s', async (stage) => {
    stage.customs.manners = { silent: 1 };
    await sleep(8_000);
    const { outstanding } = stage.customs;
    stage.customs.manners = PROMPT;
    stage.customs.wakeUp();
    return outstanding;
  }),
  onProcess('F19-dead', 'the tax system takes calls and never answers, 8 s', async (stage) => {
    const before = stage.tax.injected;
    const { manners } = stage.tax;
    stage.tax.manners = { ...manners, hangs: 1 };
    await sleep(8_000);
    stage.tax.manners = manners;
    return stage.tax.injected - before;
  }),
  onProcess('F19-flapping', 'the tax system fails, is slow, and cuts its answers', async (stage) => {
    const before = stage.tax.injected;
    stage.tax.manners = { fails: 0.3, cuts: 0.15, slow: 0.1, nonsense: 0.05, hangs: 0 };
    await sleep(8_000);
    stage.tax.manners = { fails: 0, cuts: 0, slow: 0, nonsense: 0, hangs: 0 };
    return stage.tax.injected - before;
  }),

  // Time and room.
  onProcess('F29-exchange-hour', "the exchange's clock is an hour ahead for 5 s", (stage) => shift(stage, ['exchange'], HOUR_MS, 5_000)),
  onProcess('F29-all-hour-back', 'all clocks are an hour behind for 5 s', (stage) =>
    shift(stage, [...stage.processes.keys()], -HOUR_MS, 5_000),
  ),
  onProcess('F29-intake-day-back', "an intake's clock is a day behind for 5 s", (stage) =>
    shift(stage, ['intake-a'], -24 * HOUR_MS, 5_000),
  ),
  onProcess('F28-cpu', 'two processes take all the CPU for 8 s', async () => {
    const hogs = Array.from({ length: 2 }, () => spawn(process.execPath, ['-e', 'for(;;){}'], { stdio: 'ignore' }));
    await sleep(8_000);
    for (const hog of hogs) hog.kill('SIGKILL');
    return hogs.length;
  }),
  onProcess('F28-files', 'an intake may open no more files for 6 s, while 100 clients connect', async (stage) => {
    const { pid } = stage.process('intake-a');
    const limit = (soft: string): void => void execFileSync('prlimit', ['--pid', String(pid), `--nofile=${soft}:`]);
    const before = execFileSync('prlimit', ['--pid', String(pid), '--nofile', '--noheadings', '--raw', '--output=SOFT'])
      .toString()
      .trim();
    limit('64');
    const sockets = idleSockets(stage.urlOf('intake-a'), 100);
    await sleep(6_000);
    for (const socket of sockets) socket.destroy();
    limit(before);
    return sockets.length;
  }),
  onProcess('F12-clients', 'clients go away once they have sent their body, half of the time for 8 s', async (stage) => {
    let cut = 0;
    for (const { client } of stage.agents) client.isCut = () => stage.random.next() < 0.5 && ++cut > 0;
    await sleep(8_000);
    for (const { client } of stage.agents) client.isCut = () => false;
    return cut;
  }),
  onProcess('F34-burst', 'twenty times the load for 3 s', async (stage) => {
    let sent = 0;
    for (const untilMs = performance.now() + 3_000; performance.now() < untilMs; await sleep(100))
      for (let i = 0; i < 18; i++, sent++) stage.agents[i % stage.agents.length]?.work();
    return sent;
  }),
  onProcess('F35-idle', '1,000 sockets that say nothing', async (stage) => {
    const sockets = idleSockets(stage.urlOf('intake-a'), 1_000);
    await sleep(6_000);
    for (const socket of sockets) socket.destroy();
    return sockets.length;
  }),
  onProcess('F35-slow', '300 sockets whose headers never end', async (stage) => {
    const slow = slowSockets(stage.urlOf('intake-a'), 300);
    await sleep(8_000);
    slow.end();
    return 300;
  }),
  onServer('F31-reset', 'the group of the exchange is set back to the beginning', async (stage) => {
    const exchange = stage.process('exchange');
    await exchange.stop();
    stage.journal.write({ kind: 'reset', group: 'exchange' });
    await stage.withAdmin((admin) => admin.resetOffsets({ groupId: `${PREFIX}exchange`, topic: `${PREFIX}dossiers`, earliest: true }));
    await exchange.start();
    return 1;
  }),
];
