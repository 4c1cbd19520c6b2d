'use strict';
// npm run bench [-- options]: the benchmarks (test/bench/README.md). Not part of the build: compiled as the tests are.
require('../test/support/register-typescript.js');
const { USAGE } = require('../test/bench/settings.ts');
const { main } = require('../test/bench/bench.ts');
const { compare } = require('../test/bench/compare.ts');

const args = process.argv.slice(2);
const run = args.includes('--help') ? Promise.resolve(console.log(USAGE)) : args[0] === '--compare' ? compare(args.slice(1)) : main(args);
run.catch((error) => {
  console.error(`bench: ${error instanceof Error ? error.message : error}`);
  if (process.env.DEBUG) console.error(error);
  process.exit(1);
});
