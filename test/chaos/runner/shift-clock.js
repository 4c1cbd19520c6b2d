'use strict';

/**
 * Preloaded into a gateway process: its wall clock jumps by what stands in the file CHAOS_CLOCK_FILE, milliseconds. Durations
 * (performance.now) go on as they are.
 */
const fs = require('node:fs');

const LOOK_EVERY_MS = 100;
const file = process.env.CHAOS_CLOCK_FILE;
const realNow = Date.now;
let shiftMs = 0;

function look() {
  try {
    shiftMs = Number(fs.readFileSync(file, 'utf8')) || 0;
  } catch {
    shiftMs = 0;
  }
}

if (file) {
  look();
  setInterval(look, LOOK_EVERY_MS).unref();
  Date.now = () => realNow() + shiftMs;
  globalThis.Date = new Proxy(Date, {
    construct: (target, args, caller) => Reflect.construct(target, args.length === 0 ? [target.now()] : args, caller),
  });
}
