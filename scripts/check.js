'use strict';

/**
 * `npm run check`: what a change must pass besides tests. Every step runs, so that one run names all that is wrong;
 * arguments choose steps: `npm run check -- types lint`.
 */
const { spawnSync } = require('node:child_process');
const path = require('node:path');

const root = path.resolve(__dirname, '..');
const STEPS = [
  { name: 'types', run: 'tsc', args: ['-p', 'tsconfig.json'], mend: 'correct the types' },
  {
    name: 'lint',
    run: 'eslint',
    args: ['.', '--max-warnings', '0', '--cache', '--cache-location', 'var/eslint.cache', '--cache-strategy', 'content'],
    mend: 'npx eslint . --fix mends some',
  },
  {
    name: 'architecture',
    run: 'depcruise',
    args: ['gateway', 'adapters', 'config', 'scripts', 'test', '--output-type', 'err-long'],
    mend: 'the rules are in .dependency-cruiser.js',
  },
  { name: 'format', run: 'prettier', args: ['--check', '--log-level', 'warn', '.'], mend: 'npx prettier --write FILE…' },
  { name: 'licences', script: 'scripts/check-licences.js', mend: 'another dependency, or a judgement in scripts/check-licences.js' },
];

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !STEPS.some((step) => step.name === name));
if (unknown.length > 0) {
  process.stderr.write(`check: no step ${unknown.join(', ')}; there are ${STEPS.map((step) => step.name).join(', ')}\n`);
  process.exit(2);
}

const failed = [];
for (const step of STEPS.filter(({ name }) => chosen.length === 0 || chosen.includes(name))) {
  const startedMs = performance.now();
  const [command, args] =
    step.script === undefined
      ? [path.join(root, 'node_modules', '.bin', step.run), step.args]
      : [process.execPath, [path.join(root, step.script)]];
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32' && step.script === undefined,
  });
  if (error) process.stderr.write(`check: ${step.name} did not start (${error.message}): run npm ci first\n`);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  process.stdout.write(`check: ${step.name} ${status === 0 ? 'passed' : 'FAILED'} (${seconds} s)\n`);
  if (status !== 0) failed.push(step);
}
if (failed.length > 0) {
  process.stdout.write(`\ncheck: FAILED: ${failed.map(({ name, mend }) => `${name} (${mend})`).join('; ')}\n`);
  process.exit(1);
}
process.stdout.write('check: all passed\n');
