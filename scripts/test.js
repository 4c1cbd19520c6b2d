'use strict';

/**
 * `npm test [-- arguments of jest]`: every test against real Kafka and Redis, which it gets and starts itself (contract.md §1).
 * The last line is the count, e.g. `812 passed, 0 failed, 3 skipped`. Not 0: a test failed, or the servers could not be had.
 */
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { ensureKcat, start } = require('./local-services');
const { build } = require('./start');

const ROOT = path.resolve(__dirname, '..');
const RESULTS = path.join(ROOT, 'var', `test-results-${process.pid}.json`);
const say = (line) => process.stderr.write(`test: ${line}\n`);

let jest;

function runJest(args, env) {
  return new Promise((resolve) => {
    const file = require.resolve('jest/bin/jest');
    const common = ['--maxWorkers=2', '--json', `--outputFile=${RESULTS}`];
    // With --json jest prints the whole report on standard output too: it is in the file, so it is dropped here.
    jest = spawn(process.execPath, [file, ...common, ...args], { cwd: ROOT, env, stdio: ['inherit', 'ignore', 'inherit'] });
    jest.once('error', (error) => {
      say(error.message);
      resolve(1);
    });
    jest.once('exit', (code) => resolve(code ?? 1));
  });
}

/** Passed, failed and skipped of jest's own report; a file that could not run counts as one failure. */
function count() {
  let report;
  try {
    report = JSON.parse(fs.readFileSync(RESULTS, 'utf8'));
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  } finally {
    fs.rmSync(RESULTS, { force: true });
  }
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + report.numRuntimeErrorTestSuites,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

async function main(args) {
  fs.mkdirSync(path.dirname(RESULTS), { recursive: true });
  let services;
  // Once, before the workers of jest would each do it.
  build();
  try {
    await ensureKcat(say);
    services = await start({ kafkaBrokers: process.env.KAFKA_BROKERS, redisUrl: process.env.REDIS_URL, quick: true, say });
  } catch (error) {
    say(`no Kafka and Redis, so no test was run: ${error.message}`);
    return { code: 1, passed: 0, failed: 1, skipped: 0 };
  }
  say(`Kafka ${services.kafkaBrokers}, Redis ${services.redisUrl} (${services.how})`);
  let ended = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => {
      if (ended) return;
      ended = true;
      jest?.kill('SIGTERM');
    });
  try {
    const env = { ...process.env, KAFKA_BROKERS: services.kafkaBrokers, REDIS_URL: services.redisUrl };
    const code = await runJest(args, env);
    return { code: ended ? 1 : code, ...count() };
  } finally {
    await services.stop();
  }
}

main(process.argv.slice(2))
  .catch((error) => {
    say(error.stack);
    return { code: 1, passed: 0, failed: 1, skipped: 0 };
  })
  .then(({ code, passed, failed, skipped }) => {
    process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
    // Not exit(): what was written must reach a pipe. Servers of ours are gone, nothing else holds the process.
    process.exitCode = code !== 0 || failed > 0 ? code || 1 : 0;
  });
