'use strict';

/**
 * Loaded into the gateway processes of a benchmark. It ends them when the benchmark is gone, and where PROFILE_FILE is set, SIGUSR2
 * starts and ends a CPU profile, so that it shows the measured window and neither start nor warm-up.
 */
const { writeFileSync, renameSync } = require('node:fs');
const { Session } = require('node:inspector');

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
