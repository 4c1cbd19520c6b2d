'use strict';

/**
 * Loaded into the gateway processes of a benchmark. It ends them when the benchmark is gone, and where PROFILE_FILE is set, SIGUSR2
 * starts and ends a CPU profile, so that it shows the measured window and neither start nor warm-up. BENCH_RULE_COPIES names agencies that
 * get the rules of another one: how cost grows with their number is measured with real rules.
 */
const { writeFileSync, renameSync } = require('node:fs');
const { Session } = require('node:inspector');
const path = require('node:path');

const SAMPLE_EVERY_US = 500;
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.exit(1);
}, 1_000).unref();

const file = process.env.PROFILE_FILE;
if (file !== undefined) {
  let session;
  process.on('SIGUSR2', () => {
    if (session === undefined) {
      session = new Session();
      session.connect();
      session.post('Profiler.enable');
      session.post('Profiler.setSamplingInterval', { interval: SAMPLE_EVERY_US });
      session.post('Profiler.start');
      return;
    }
    session.post('Profiler.stop', (error, answer) => {
      if (error) throw error;
      writeFileSync(`${file}.new`, JSON.stringify(answer.profile));
      renameSync(`${file}.new`, `${file}.${process.pid}.cpuprofile`);
      session.disconnect();
      session = undefined;
    });
  });
}

const copies = process.env.BENCH_RULE_COPIES;
if (copies !== undefined) {
  const { agencyAdapters } = require(path.join(process.cwd(), 'dist', 'adapters', 'index.js'));
  for (const [code, original] of Object.entries(JSON.parse(copies))) {
    if (agencyAdapters[original] === undefined) throw new Error(`no rules of ${original} to copy`);
    agencyAdapters[code] = agencyAdapters[original];
  }
}
