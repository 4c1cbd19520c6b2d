'use strict';
// npm start: builds when a source is newer than the build, then becomes the gateway.
const { spawnSync } = require('node:child_process');
const { existsSync, readdirSync, statSync, utimesSync } = require('node:fs');
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
  const sources = ['gateway', 'adapters', 'config', 'schemas', 'scripts', 'tsconfig.build.json', 'package-lock.json'].map((name) =>
    join(root, name),
  );
  const buildInfo = join(root, 'dist', '.tsbuildinfo');
  if (existsSync(main) && existsSync(buildInfo) && statSync(buildInfo).mtimeMs >= Math.max(...sources.map(newest))) return;
  const begun = new Date();
  const tsc = require.resolve('typescript/bin/tsc');
  const result = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' });
  if (result.status !== 0) process.exit(result.status ?? 1);
  // tsc leaves the file alone where nothing had to be emitted (a changed .js): without this each start would build again.
  utimesSync(buildInfo, begun, begun);
}

module.exports = { build, main };

if (require.main === module) {
  build();
  require(main);
}
