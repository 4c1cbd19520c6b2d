'use strict';
// node scripts/bench-all.js [--quick] [STEP …]: everything that docs/performance.md and docs/capacity.md show, one run after the other, on a
// machine that does nothing else; then the documents. With --quick it only shows that all of it runs: the documents stay as they are.
const { spawnSync } = require('node:child_process');
const { existsSync, mkdirSync } = require('node:fs');
const path = require('node:path');

const root = path.resolve(__dirname, '..');
const folder = path.join(root, 'var', 'bench', 'all');
/** Minutes on two cores. Each run has its own floor: only ratios within one run count. */
const STEPS = [
  {
    name: 'usual',
    minutes: 40,
    args: ['--only', 'floor,intake,kafka,embedded,mix,sizes', '--client', 'kafkajs,platformatic', '--profile'],
  },
  { name: 'trouble', minutes: 15, args: ['--only', 'floor,overload,drain,rebuild'] },
  { name: 'growth', minutes: 25, args: ['--only', 'floor,growth-size,growth-agencies,growth-delay'] },
  { name: 'dossiers', minutes: 15, args: ['--only', 'floor,growth-dossiers', '--dossiers', '10000,100000,500000'] },
  { name: 'dossiers-embedded', minutes: 25, args: ['--only', 'growth-embedded', '--dossiers', '10000,100000,1000000'] },
  { name: 'scale', minutes: 12, args: ['--only', 'floor,scale,day'] },
  { name: 'soak', minutes: 65, args: ['--only', 'soak', '--soak-minutes', '60', '--soak-rate', '50'] },
];
const QUICK = ['--quick', '--seconds', '2', '--dossiers', '500,1000', '--agencies', '4,6', '--delays', '0,200', '--day', '500'];
const QUICK_SOAK = ['--soak-minutes', '0.2', '--soak-rate', '20'];

const args = process.argv.slice(2);
const quick = args.includes('--quick');
const names = args.filter((arg) => arg !== '--quick');
const unknown = names.find((name) => !STEPS.some((step) => step.name === name));
if (unknown !== undefined) {
  process.stderr.write(`bench-all: no step ${unknown}; there are ${STEPS.map(({ name }) => name).join(', ')}\n`);
  process.exit(2);
}

mkdirSync(folder, { recursive: true });
const fileOf = (name) => path.join(folder, `${name}${quick ? '-quick' : ''}.json`);
const failed = [];
for (const { name, minutes, args: own } of STEPS.filter((step) => names.length === 0 || names.includes(step.name))) {
  process.stderr.write(`bench-all: ${name}, about ${quick ? 3 : minutes} minutes\n`);
  const options = [...own, ...(quick ? [...QUICK, ...QUICK_SOAK] : []), '--out', fileOf(name)];
  const { status } = spawnSync(process.execPath, [path.join(__dirname, 'bench.js'), ...options], { cwd: root, stdio: 'inherit' });
  if (status !== 0) failed.push(name);
}
if (failed.length > 0) process.stderr.write(`bench-all: void or not done: ${failed.join(', ')}\n`);
if (quick) process.exit(failed.length > 0 ? 1 : 0);

const files = STEPS.map(({ name }) => fileOf(name)).filter((file) => existsSync(file));
const { status } = spawnSync(process.execPath, [path.join(__dirname, 'bench-docs.js'), ...files], { cwd: root, stdio: 'inherit' });
process.exit(failed.length > 0 ? 1 : (status ?? 1));
