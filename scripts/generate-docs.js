'use strict';

/** Writes docs/configuration.md, docs/errors.md and docs/metrics.md from the code: `npm run build && node scripts/generate-docs.js`. */
const fs = require('node:fs');
const path = require('node:path');

const root = path.resolve(__dirname, '..');
const { configurationPage, metricsPage } = require(path.join(root, 'dist', 'scripts', 'documentation.js'));
const { errorsPage } = require(path.join(root, 'dist', 'scripts', 'errors-page.js'));

fs.mkdirSync(path.join(root, 'docs'), { recursive: true });
for (const [name, page] of [
  ['configuration.md', configurationPage()],
  ['metrics.md', metricsPage()],
  ['errors.md', errorsPage()],
]) {
  fs.writeFileSync(path.join(root, 'docs', name), page);
  process.stdout.write(`docs/${name}\n`);
}
