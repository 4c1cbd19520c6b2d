'use strict';

/**
 * `npm run services [-- --detach | --stop]`: a real Kafka and Redis on this machine (contract.md §1).
 * Without a flag it runs until stopped; with --detach it returns when both are ready; --stop ends exactly what was started.
 */
const fs = require('node:fs');
const path = require('node:path');
const { spawnSync } = require('node:child_process');
const { SERVICES_DIRECTORY, endProcess, isOurs, kafkaReady, redisReady, start } = require('./local-services');

const ENV_FILE = path.resolve(__dirname, '..', 'var', 'services.env');
/** What --stop will end: written before anything is told to be ready. */
const STATE_FILE = path.join(SERVICES_DIRECTORY, 'running.json');

const say = (line) => process.stderr.write(`services: ${line}\n`);

function readState() {
  try {
    return JSON.parse(fs.readFileSync(STATE_FILE, 'utf8'));
  } catch {
    return undefined;
  }
}

function writeFile(file, text) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(`${file}.new`, text);
  fs.renameSync(`${file}.new`, file);
}

function announce({ kafkaBrokers, redisUrl }) {
  process.stdout.write(`KAFKA_BROKERS=${kafkaBrokers} REDIS_URL=${redisUrl}\n`);
}

function writeEnvironment({ kafkaBrokers, redisUrl }) {
  writeFile(ENV_FILE, `KAFKA_BROKERS=${kafkaBrokers}\nREDIS_URL=${redisUrl}\n`);
}

function stateOf(services) {
  const servers = [services.kafka, services.redis].filter(Boolean);
  return {
    kafkaBrokers: services.kafkaBrokers,
    redisUrl: services.redisUrl,
    ownerPid: process.pid,
    processes: servers.filter((server) => server.pid).map((server) => ({ pid: server.pid(), directory: server.directory })),
    containers: servers.filter((server) => server.containerId).map((server) => server.containerId),
  };
}

async function end(state) {
  await Promise.all(
    state.processes.map(async ({ pid, directory }) => {
      await endProcess(pid, directory);
      fs.rmSync(directory, { recursive: true, force: true });
    }),
  );
  for (const container of state.containers) spawnSync('docker', ['rm', '-f', '-v', container], { stdio: 'ignore' });
  fs.rmSync(STATE_FILE, { force: true });
  fs.rmSync(ENV_FILE, { force: true });
}

async function answers(state) {
  if (state.processes.some(({ pid, directory }) => !isOurs(pid, directory))) return false;
  try {
    await Promise.all([kafkaReady(state.kafkaBrokers, 5_000), redisReady(state.redisUrl, 5_000)]);
    return true;
  } catch {
    return false;
  }
}

async function main(flags) {
  const unknown = flags.find((flag) => flag !== '--detach' && flag !== '--stop');
  if (unknown !== undefined) throw new Error(`Unknown option ${unknown}; known: --detach, --stop.`);
  const state = readState();

  if (flags.includes('--stop')) {
    if (!state) return say('nothing was started here.');
    await end(state);
    return say('stopped.');
  }

  const given = { kafkaBrokers: process.env.KAFKA_BROKERS, redisUrl: process.env.REDIS_URL };
  const detached = flags.includes('--detach');
  if (given.kafkaBrokers && given.redisUrl) {
    say('KAFKA_BROKERS and REDIS_URL are set: using them.');
    if (detached) writeEnvironment(given);
    return announce(given);
  }

  if (state) {
    if (await answers(state)) {
      say('already running (stop with: npm run services -- --stop).');
      if (detached) writeEnvironment(state);
      return announce(state);
    }
    say('ending what is left of an earlier start.');
    await end(state);
  }

  const services = await start({ ...given, detached, say });
  writeFile(STATE_FILE, `${JSON.stringify(stateOf(services), null, 2)}\n`);
  if (detached) {
    writeEnvironment(services);
    announce(services);
    services.kafka?.release?.();
    services.redis?.release?.();
    // Clients of ready checks may linger; the servers do not depend on us.
    process.exit(0);
  }

  announce(services);
  say('running; stop with Ctrl-C or: npm run services -- --stop');
  let ending = false;
  const stop = async (code) => {
    if (ending) return;
    ending = true;
    await services.stop();
    fs.rmSync(STATE_FILE, { force: true });
    process.exit(code);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void stop(0));
  for (const server of [services.kafka, services.redis])
    void server?.exited?.().then((reason) => {
      if (!ending) say(reason.message);
      // Ended by --stop or by itself: one alone is of no use.
      void stop(readState() ? 1 : 0);
    });
  setInterval(() => {}, 60_000);
}

main(process.argv.slice(2)).catch((error) => {
  say(error.message);
  process.exit(1);
});
