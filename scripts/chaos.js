'use strict';
// npm run chaos [-- options]: the fault matrix and its checker (test/chaos). Not part of the build: compiled as the tests are.
require('../test/support/register-typescript.js');
const { main } = require('../test/chaos/runner/run-chaos.ts');

main(process.argv.slice(2)).then(
  (passed) => process.exit(passed ? 0 : 1),
  (error) => {
    console.error(`chaos: ${error instanceof Error ? error.message : error}`);
    if (process.env.DEBUG) console.error(error);
    process.exit(1);
  },
);
