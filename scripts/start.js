'use strict';
// npm start: builds when a source is newer than the build, then becomes the gateway.
const { spawnSync } = require('node:child_process');
const { existsSync, readdirSync, statSync } = require('node:fs');
const { join } = require('node:path');

const root = join(__dirname, '..');
const main = join(root, 'dist', 'gateway', 'main.js');

/** Newest modification below a folder, milliseconds. */
function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}

function build() {
  const sources = ['gateway', 'adapters', 'config', 'schemas', 'tsconfig.build.json', 'package-lock.json'].map((name) => join(root, name));
  if (existsSync(main) && statSync(join(root, 'dist', '.tsbuildinfo')).mtimeMs >= Math.max(...sources.map(newest))) return;
  const tsc = require.resolve('typescript/bin/tsc');
  const result = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' });
  if (result.status !== 0) process.exit(result.status ?? 1);
}

module.exports = { build, main };

if (require.main === module) {
  build();
  require(main);
}
