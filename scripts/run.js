'use strict';
// node scripts/run.js scripts/NAME.ts ARGUMENTS…: builds when a source is newer than the build, then runs dist/scripts/NAME.js.
const { runMain } = require('node:module');
const { join } = require('node:path');
const { build } = require('./start.js');

const [script, ...rest] = process.argv.slice(2);
if (script === undefined || !/^scripts\/[\w-]+\.ts$/.test(script)) {
  console.error('usage: node scripts/run.js scripts/NAME.ts [ARGUMENTS…]');
  process.exit(1);
}
build();
const compiled = join(__dirname, '..', 'dist', script.replace(/\.ts$/, '.js'));
// As if node had been started with the script itself: require.main is it.
process.argv = [process.argv[0], compiled, ...rest];
runMain();
