'use strict';

/**
 * Real Kafka and Redis on this machine, as many isolated instances as wanted: `npm run services`, the tests and the fault
 * matrix start them through this file. What it refuses to know: topics, keys, the gateway.
 *
 * Order tried by start(): addresses given → a Docker engine → Java and Maven with the pom of deploy/local-kafka, and redis-server.
 */
const { spawn, spawnSync } = require('node:child_process');
const { createHash, randomBytes, randomInt } = require('node:crypto');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

const ROOT = path.resolve(__dirname, '..');
const SERVICES_DIRECTORY = path.join(ROOT, 'var', 'services');
const POM_DIRECTORY = path.join(ROOT, 'deploy', 'local-kafka');
const HOST = '127.0.0.1';
/** Below the ephemeral range: no outgoing connection can sit on the port while a broker is being restarted on it. */
const FIRST_PORT = 20_000;
const PORTS = 10_000;
const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 20_000;
/** Room for a record of 16 MiB and its batch's header. */
const MAX_MESSAGE_BYTES = 17 * 1024 * 1024;
const KAFKA_IMAGE = 'apache/kafka:4.3.1';
const REDIS_IMAGE = 'redis:7.4-alpine';
const REDIS_ARGUMENTS = ['--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction'];

/** The servers cannot be had on this machine; the message says what to install. */
class ServicesUnavailable extends Error {
  constructor(message) {
    super(message);
    this.name = 'ServicesUnavailable';
  }
}

// ---------------------------------------------------------------------------------------------------------------- processes

const found = new Map();

function onPath(command) {
  if (!found.has(command)) found.set(command, lookUp(command));
  return found.get(command);
}

function lookUp(command) {
  for (const directory of (process.env.PATH ?? '').split(path.delimiter)) {
    if (!directory) continue;
    const file = path.join(directory, command);
    try {
      fs.accessSync(file, fs.constants.X_OK);
      return file;
    } catch {
      // Next directory.
    }
  }
  return undefined;
}

/** True while the process lives and is the one meant: its command line names the instance's directory. */
function isOurs(pid, directory) {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(directory);
  } catch {
    // No /proc: not Linux. Ask ps.
    const answer = spawnSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' });
    return answer.status === 0 && answer.stdout.includes(directory);
  }
}

/** Asks the process to end, and kills it when it has not after `withinMs`. */
async function endProcess(pid, directory, withinMs = STOP_WITHIN_MS) {
  if (!isOurs(pid, directory)) return;
  process.kill(pid, 'SIGTERM');
  const until = Date.now() + withinMs;
  while (isOurs(pid, directory)) {
    if (Date.now() > until) {
      process.kill(pid, 'SIGKILL');
      while (isOurs(pid, directory)) await sleep(20);
      return;
    }
    await sleep(50);
  }
}

/** @returns {Promise<{ code: number, output: string }>} */
function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('error', (error) => resolve({ code: 127, output: error.message }));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/** Resolves when a server that spawnServer() started is gone; killed when it takes too long to go. */
async function endServer({ child, exited }, signal) {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  child.kill(signal);
  const killer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await exited;
  clearTimeout(killer);
}

/** A frozen process has answered its last request: on a busy machine the signal reaches some of its threads milliseconds later. */
async function freezeOrWake(child, signal) {
  child?.kill(signal);
  if (signal !== 'SIGSTOP' || process.platform !== 'linux' || child?.pid === undefined) return;
  const isStopped = (task) => {
    try {
      return /^\d+ \(.*\) [TtZX] /s.test(fs.readFileSync(`/proc/${child.pid}/task/${task}/stat`, 'utf8'));
    } catch {
      // It ended meanwhile.
      return true;
    }
  };
  for (let i = 0; i < 500 && !fs.readdirSync(`/proc/${child.pid}/task`).every(isStopped); i++) await sleep(2);
}

/**
 * A server process that logs into a file. Not detached: it dies with us even when we are killed (where setpriv exists), so that a
 * killed test run leaves no broker behind.
 */
function spawnServer(command, args, { logFile, detached, environment }) {
  const log = fs.openSync(logFile, 'a');
  const guard = !detached && process.platform === 'linux' ? onPath('setpriv') : undefined;
  const [file, ...rest] = guard ? [guard, '--pdeathsig', 'KILL', command, ...args] : [command, ...args];
  const child = spawn(file, rest, { stdio: ['ignore', log, log], detached, env: { ...process.env, ...environment } });
  fs.closeSync(log);
  const exited = new Promise((resolve) => {
    child.once('error', (error) => resolve(error));
    child.once('exit', (code, signal) => resolve(new Error(`${path.basename(command)} ended (${signal ?? code})`)));
  });
  return { child, exited };
}

function isFree(port) {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: HOST, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** A port on loopback that nothing listens on now. */
async function freePort() {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = FIRST_PORT + randomInt(PORTS);
    if (await isFree(port)) return port;
  }
  throw new ServicesUnavailable('No free port found on 127.0.0.1.');
}

function newDirectory(kind) {
  const directory = path.join(SERVICES_DIRECTORY, 'instances', `${kind}-${process.pid}-${randomBytes(4).toString('hex')}`);
  fs.mkdirSync(directory, { recursive: true });
  return directory;
}

function tailOf(file, lines = 15) {
  try {
    return fs.readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return '';
  }
}

// -------------------------------------------------------------------------------------------------------- what must be there

let aptUpdated;

/** As root on Debian, installs packages; otherwise says what is missing. */
async function install(packages, missing, say) {
  const hint = `${missing} is missing: install the package ${packages.join(', ')} of your system, or start Docker, or set KAFKA_BROKERS and REDIS_URL.`;
  if (typeof process.getuid !== 'function' || process.getuid() !== 0 || !onPath('apt-get')) throw new ServicesUnavailable(hint);
  say(`${missing} is missing: installing ${packages.join(', ')} …`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  aptUpdated ??= run('apt-get', ['update', '-q'], { env });
  const updated = await aptUpdated;
  // A service that the package would start is not wanted: only the program is.
  const installed = await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120', ...packages], {
    env: { ...env, RUNLEVEL: '1' },
  });
  found.clear();
  if (installed.code !== 0) throw new ServicesUnavailable(`${hint}\n${updated.output.slice(-500)}\n${installed.output.slice(-1500)}`);
}

async function ensureJava(say) {
  const java = process.env.JAVA_HOME ? path.join(process.env.JAVA_HOME, 'bin', 'java') : onPath('java');
  if (!java) {
    await install(['default-jre-headless'], 'Java 17 or newer', say);
    return ensureJava(say);
  }
  const { code, output } = await run(java, ['-version']);
  const version = /version "(\d+)/.exec(output)?.[1];
  if (code !== 0 || version === undefined || Number(version) < 17)
    throw new ServicesUnavailable(`Java 17 or newer is needed, ${java} says: ${output.split('\n')[0]}`);
  return java;
}

/** The librdkafka client that plays an agency in the tests. */
async function ensureKcat(say) {
  if (!onPath('kcat')) await install(['kcat'], 'kcat', say);
}

async function ensureRedisServer(say) {
  if (!onPath('redis-server')) await install(['redis-server'], 'redis-server', say);
  const program = onPath('redis-server');
  if (!program) throw new ServicesUnavailable('redis-server is not on the PATH.');
  return program;
}

/** Kafka's jars, fetched once per version of the pom. Safe when several processes start at once: the first to finish wins. */
async function ensureKafkaJars(say) {
  const pom = path.join(POM_DIRECTORY, 'pom.xml');
  const stamp = createHash('sha256').update(fs.readFileSync(pom)).digest('hex').slice(0, 12);
  const lib = path.join(SERVICES_DIRECTORY, `kafka-${stamp}`);
  if (fs.existsSync(lib)) return lib;
  if (!onPath('mvn')) await install(['maven'], 'Maven', say);
  say('fetching Kafka (once) …');
  const partial = `${lib}.${process.pid}.partial`;
  fs.rmSync(partial, { recursive: true, force: true });
  fs.mkdirSync(path.dirname(partial), { recursive: true });
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${partial}`];
  const { code, output } = await run('mvn', ['-B', '-q', '-f', pom, ...goal]);
  if (code !== 0) {
    fs.rmSync(partial, { recursive: true, force: true });
    throw new ServicesUnavailable(`Maven could not fetch Kafka:\n${output.slice(-2000)}`);
  }
  try {
    fs.renameSync(partial, lib);
  } catch (error) {
    fs.rmSync(partial, { recursive: true, force: true });
    if (!fs.existsSync(lib)) throw error;
  }
  return lib;
}

let dockerAnswers;

/** True when a Docker engine answers. */
async function hasDocker() {
  dockerAnswers ??= onPath('docker')
    ? run('docker', ['info', '--format', '{{.ServerVersion}}'], { timeout: 5_000 }).then(({ code }) => code === 0)
    : Promise.resolve(false);
  return dockerAnswers;
}

// -------------------------------------------------------------------------------------------------------------------- Kafka

/**
 * @typedef {object} KafkaOptions
 * @property {number} [port] broker port; default: a free one
 * @property {string} [directory] where data, configuration and log go; default: a new one that stop() removes
 * @property {number} [heapMegabytes] default 1024
 * @property {boolean} [quick] for tests: less compiling, serial collector, 512 MB heap
 * @property {boolean} [detached] outlives this process
 * @property {number} [readyWithinMs] default 60,000
 * @property {Record<string, string>} [properties] broker properties that replace the defaults
 * @property {string} [clusterId] of the cluster that it is a node of; default: a new one
 * @property {number} [readyWithinMs] how long a start may take; default 60,000
 * @property {string[]} [format] more arguments of kafka-storage format, e.g. users
 * @property {(line: string) => void} [say] progress
 */

/**
 * One KRaft node with its own data. `kill()` then `start()` brings it back on the same port with the same data.
 * @param {KafkaOptions} [options]
 */
async function startKafka(options = {}) {
  const say = options.say ?? (() => {});
  const [java, lib] = [await ensureJava(say), await ensureKafkaJars(say)];
  const directory = options.directory ?? newDirectory('kafka');
  const logFile = path.join(directory, 'kafka.log');
  const properties = path.join(directory, 'server.properties');
  const configuration = path.join(POM_DIRECTORY, 'log4j2.properties');
  const common = [`-Dlog4j2.configurationFile=${configuration}`, '-cp', path.join(lib, '*')];
  const quick = options.quick === true;
  const heap = options.heapMegabytes ?? (quick ? 512 : 1024);
  const tuning = quick ? ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'] : ['-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20'];
  const environment = { KAFKA_HEAP_OPTS: '', MALLOC_ARENA_MAX: '2' };

  let port = options.port;
  let current;

  async function configure() {
    port ??= await freePort();
    const controllerPort = await freePort();
    const settings = {
      'process.roles': 'broker,controller',
      'node.id': '1',
      'controller.quorum.voters': `1@${HOST}:${controllerPort}`,
      listeners: `PLAINTEXT://${HOST}:${port},CONTROLLER://${HOST}:${controllerPort}`,
      'advertised.listeners': `PLAINTEXT://${HOST}:${port}`,
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
      'controller.listener.names': 'CONTROLLER',
      'inter.broker.listener.name': 'PLAINTEXT',
      'log.dirs': path.join(directory, 'data'),
      ...singleNodeProperties(),
      ...options.properties,
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
    fs.writeFileSync(properties, `${lines.join('\n')}\n`);
    if (!fs.existsSync(path.join(directory, 'data', 'meta.properties'))) {
      const formatting = ['format', '-t', options.clusterId ?? newClusterId(), '-c', properties, ...(options.format ?? [])];
      const formatted = await run(java, [...common, 'kafka.tools.StorageTool', ...formatting]);
      if (formatted.code !== 0) throw new Error(`Kafka could not format its directory:\n${formatted.output.slice(-2000)}`);
    }
  }

  async function launch() {
    const args = [`-Xmx${heap}m`, `-Xms${Math.min(heap, 256)}m`, ...tuning, ...common, 'kafka.Kafka', properties];
    current = spawnServer(java, args, { logFile, detached: options.detached === true, environment });
    await Promise.race([
      kafkaReady(`${HOST}:${port}`, options.readyWithinMs),
      current.exited.then((error) => {
        throw new Error(`Kafka did not start: ${error.message}\n${tailOf(logFile)}`);
      }),
    ]);
  }

  async function end(signal) {
    const ending = current;
    current = undefined;
    if (ending) await endServer(ending, signal);
  }

  async function discard() {
    await end('SIGTERM');
    if (options.directory === undefined) fs.rmSync(directory, { recursive: true, force: true });
  }

  for (let attempt = 1; ; attempt++) {
    try {
      await configure();
      await launch();
      break;
    } catch (error) {
      await end('SIGKILL');
      // Somebody may have taken the port between our look and the broker's bind.
      if (attempt < 3 && options.port === undefined && /BindException|already in use/i.test(tailOf(logFile, 200))) {
        port = undefined;
        fs.truncateSync(logFile);
        continue;
      }
      await discard();
      throw error;
    }
  }

  return {
    brokers: `${HOST}:${port}`,
    port,
    directory,
    logFile,
    /** @returns {number | undefined} process id while it runs */
    pid: () => current?.child.pid,
    /** Resolves with the reason when the process that runs now ends, however it ends. */
    exited: () => current?.exited ?? Promise.resolve(new Error('not running')),
    /** Lets this process end while the server runs on (detached). */
    release: () => current?.child.unref(),
    /** SIGKILL, or another signal (SIGSTOP, SIGCONT do not end it); resolves when the process is gone. */
    kill: async (signal = 'SIGKILL') => {
      if (signal === 'SIGSTOP' || signal === 'SIGCONT') await freezeOrWake(current?.child, signal);
      else await end(signal);
    },
    /** Starts it again on the same port and data; resolves when it answers. */
    start: async () => {
      if (current) await end('SIGTERM');
      await launch();
    },
    /** Orderly end; removes the directory unless it was given. */
    stop: discard,
  };
}

/** As kafka-storage random-uuid: an argument must not begin with a dash. */
function newClusterId() {
  return randomBytes(16).toString('base64url').replace(/^-/, 'A');
}

/** What makes one node on a laptop behave like the cluster it stands for. */
function singleNodeProperties() {
  return {
    'auto.create.topics.enable': 'false',
    'message.max.bytes': String(MAX_MESSAGE_BYTES),
    'default.replication.factor': '1',
    'min.insync.replicas': '1',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'share.coordinator.state.topic.num.partitions': '1',
    'group.initial.rebalance.delay.ms': '0',
    // A killed broker may register again only when its last session has ended: 9 s by default.
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '500',
    'log.cleaner.dedupe.buffer.size': String(16 * 1024 * 1024),
    'num.network.threads': '2',
    'num.io.threads': '4',
  };
}

/** Resolves when the broker answers and its group coordinator is there (the first group of a new broker waits for it otherwise). */
async function kafkaReady(brokers, withinMs = READY_WITHIN_MS) {
  const { Kafka, logLevel } = require('kafkajs');
  const until = Date.now() + withinMs;
  const [host, port] = brokers.split(',')[0].split(':');
  while (!(await accepts(host, Number(port)))) {
    if (Date.now() > until) throw new Error(`Kafka does not answer on ${brokers}.`);
    await sleep(100);
  }
  const kafka = new Kafka({
    clientId: 'ready',
    brokers: brokers.split(','),
    logLevel: logLevel.NOTHING,
    connectionTimeout: 2_000,
    requestTimeout: 5_000,
    retry: { retries: 0 },
  });
  for (;;) {
    const admin = kafka.admin();
    try {
      await admin.connect();
      await admin.describeCluster();
      await admin.describeGroups(['ready']);
      return;
    } catch (error) {
      if (Date.now() > until) throw new Error(`Kafka does not answer on ${brokers}.`, { cause: error });
      await sleep(150);
    } finally {
      await admin.disconnect().catch(() => {});
    }
  }
}

function accepts(host, port) {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port });
    const end = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.setTimeout(2_000, () => end(false));
  });
}

// -------------------------------------------------------------------------------------------------------------------- Redis

/**
 * @typedef {object} RedisOptions
 * @property {number} [port] default: a free one
 * @property {string} [directory] default: a new one that stop() removes
 * @property {string[]} [arguments] added to the command line, e.g. ['--maxmemory', '5mb']
 * @property {boolean} [detached]
 * @property {(line: string) => void} [say]
 */

/**
 * One Redis without persistence and without eviction. `kill()` then `start()` brings it back, empty, on the same port.
 * @param {RedisOptions} [options]
 */
async function startRedis(options = {}) {
  const program = await ensureRedisServer(options.say ?? (() => {}));
  const directory = options.directory ?? newDirectory('redis');
  const logFile = path.join(directory, 'redis.log');
  let port = options.port;
  let current;

  async function launch() {
    port ??= await freePort();
    // A file, so that the process title, which redis rewrites, still names the directory.
    const configuration = path.join(directory, 'redis.conf');
    const settings = [`bind ${HOST}`, `port ${port}`, `dir ${directory}`, 'daemonize no', `proc-title-template "{title} ${directory}"`];
    fs.writeFileSync(configuration, `${settings.join('\n')}\n`);
    const args = [configuration, ...REDIS_ARGUMENTS, ...(options.arguments ?? [])];
    current = spawnServer(program, args, { logFile, detached: options.detached === true, environment: {} });
    await Promise.race([
      redisReady(`redis://${HOST}:${port}`),
      current.exited.then((error) => {
        throw new Error(`Redis did not start: ${error.message}\n${tailOf(logFile)}`);
      }),
    ]);
  }

  async function end(signal) {
    const ending = current;
    current = undefined;
    if (ending) await endServer(ending, signal);
  }

  async function discard() {
    await end('SIGTERM');
    if (options.directory === undefined) fs.rmSync(directory, { recursive: true, force: true });
  }

  for (let attempt = 1; ; attempt++) {
    try {
      await launch();
      break;
    } catch (error) {
      await end('SIGKILL');
      if (attempt < 3 && options.port === undefined && /already in use/i.test(tailOf(logFile, 50))) {
        port = undefined;
        fs.truncateSync(logFile);
        continue;
      }
      await discard();
      throw error;
    }
  }

  return {
    url: `redis://${HOST}:${port}`,
    port,
    directory,
    logFile,
    pid: () => current?.child.pid,
    exited: () => current?.exited ?? Promise.resolve(new Error('not running')),
    release: () => current?.child.unref(),
    kill: async (signal = 'SIGKILL') => {
      if (signal === 'SIGSTOP' || signal === 'SIGCONT') await freezeOrWake(current?.child, signal);
      else await end(signal);
    },
    start: async () => {
      if (current) await end('SIGTERM');
      await launch();
    },
    stop: discard,
  };
}

/** Resolves when PING is answered with PONG. */
async function redisReady(url, withinMs = READY_WITHIN_MS) {
  const { hostname, port } = new URL(url);
  const until = Date.now() + withinMs;
  while (!(await pongs(hostname, Number(port || 6379)))) {
    if (Date.now() > until) throw new Error(`Redis does not answer on ${hostname}:${port}.`);
    await sleep(50);
  }
}

function pongs(host, port) {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port });
    const end = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (chunk) => end(String(chunk).startsWith('+PONG')));
    socket.once('error', () => end(false));
    socket.setTimeout(2_000, () => end(false));
  });
}

// ------------------------------------------------------------------------------------------------------------------- Docker

/** The same two servers as containers. Ports are chosen by us: a broker must know the address that it advertises. */
async function startKafkaContainer(options) {
  const { GenericContainer } = require('testcontainers');
  const port = await freePort();
  const settings = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': '1@localhost:9093',
    listeners: 'PLAINTEXT://:9092,CONTROLLER://:9093',
    'advertised.listeners': `PLAINTEXT://${HOST}:${port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    ...singleNodeProperties(),
    ...options.properties,
  };
  const environment = Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [`KAFKA_${name.toUpperCase().replaceAll('.', '_')}`, value]),
  );
  const container = await new GenericContainer(KAFKA_IMAGE)
    .withEnvironment(environment)
    .withExposedPorts({ container: 9092, host: port })
    .withStartupTimeout(120_000)
    .start();
  await kafkaReady(`${HOST}:${port}`);
  return { brokers: `${HOST}:${port}`, containerId: container.getId(), stop: () => container.stop() };
}

async function startRedisContainer() {
  const { GenericContainer } = require('testcontainers');
  const port = await freePort();
  const container = await new GenericContainer(REDIS_IMAGE)
    .withCommand(['redis-server', ...REDIS_ARGUMENTS])
    .withExposedPorts({ container: 6379, host: port })
    .withStartupTimeout(120_000)
    .start();
  const url = `redis://${HOST}:${port}`;
  await redisReady(url);
  return { url, containerId: container.getId(), stop: () => container.stop() };
}

// -------------------------------------------------------------------------------------------------------------------- start

/**
 * @typedef {object} StartOptions
 * @property {string} [kafkaBrokers] use these instead of starting a broker
 * @property {string} [redisUrl] use this instead of starting a Redis
 * @property {boolean} [detached] the servers outlive this process
 * @property {boolean} [quick] for tests
 * @property {Record<string, string>} [properties] broker properties
 * @property {(line: string) => void} [say] progress, one line at a time
 */

/**
 * Kafka and Redis, ready. `stop()` ends what this call started and nothing else.
 * @param {StartOptions} [options]
 * @throws {ServicesUnavailable} when neither Docker nor the programs are there
 */
async function start(options = {}) {
  const { detached = false, quick = false, properties = {}, say = () => {} } = options;
  const wantsKafka = !options.kafkaBrokers;
  const wantsRedis = !options.redisUrl;
  const docker = (wantsKafka || wantsRedis) && (await hasDocker());
  // Testcontainers' reaper would end the containers together with this process.
  if (docker && detached) process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';
  const outcomes = await Promise.allSettled([
    wantsKafka ? (docker ? startKafkaContainer({ properties }) : startKafka({ detached, quick, properties, say })) : undefined,
    wantsRedis ? (docker ? startRedisContainer() : startRedis({ detached, say })) : undefined,
  ]);
  const [kafka, redis] = outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : undefined));
  const stop = async () => void (await Promise.all([kafka?.stop(), redis?.stop()]));
  const failures = outcomes.filter((outcome) => outcome.status === 'rejected').map((outcome) => outcome.reason);
  if (failures.length > 0) {
    await stop();
    throw failures.length === 1 ? failures[0] : new ServicesUnavailable(failures.map((failure) => failure.message).join('\n'));
  }
  return {
    kafkaBrokers: options.kafkaBrokers || kafka.brokers,
    redisUrl: options.redisUrl || redis.url,
    kafka,
    redis,
    how: docker ? 'docker' : wantsKafka || wantsRedis ? 'local' : 'given',
    stop,
  };
}

module.exports = {
  ensureKcat,
  SERVICES_DIRECTORY,
  ServicesUnavailable,
  endProcess,
  freePort,
  hasDocker,
  isOurs,
  kafkaReady,
  newClusterId,
  redisReady,
  start,
  startKafka,
  startRedis,
};
