'use strict';
// node scripts/bench-docs.js [RESULT.json …]: docs/performance.json from results of npm run bench, and from it the tables of
// docs/performance.md and docs/capacity.md and docs/plots. Without results the documents are made again from docs/performance.json.
const path = require('node:path');
require('../test/support/register-typescript.js');
const { writeDocuments } = require('../test/bench/documents/write.ts');

for (const file of writeDocuments(path.resolve(__dirname, '..'), process.argv.slice(2))) console.log(file);
