import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../../test/support/eventually';
import { reloading, type Reloading } from './reloading';

let folder: string;
let part: Reloading;
let loaded: string[];
let faults: number;

const isLoaded = (...texts: string[]) => eventually(`loaded ${texts.join()}`, () => loaded.join() === texts.join());

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reloading-'));
  loaded = [];
  faults = 0;
});

afterEach(() => {
  part.stop();
  rmSync(folder, { recursive: true });
});

function start(...names: string[]): void {
  const files = names.map((name) => join(folder, name));
  let text = '';
  part = reloading({
    files,
    load: () => {
      const next = files.map((file) => readFileSync(file, 'utf8')).join('+');
      if (next.includes('broken')) throw new Error('broken');
      text = next;
    },
    onLoaded: () => loaded.push(text),
    onFault: () => faults++,
    everyMs: 5,
  });
}

test('a file is read again when it changes, or when it is told to be', async () => {
  writeFileSync(join(folder, 'a'), '1');
  start('a');
  // Of another size: two changes within one tick of the file system's clock have the same time.
  writeFileSync(join(folder, 'a'), 'second');
  await isLoaded('second');
  part.reload();
  expect(loaded).toEqual(['second', 'second']);
});

test('a broken or missing file is told once, and the next good one is taken', async () => {
  writeFileSync(join(folder, 'a'), '1');
  start('a');
  writeFileSync(join(folder, 'a'), 'broken');
  await eventually('a fault', () => faults === 1);
  rmSync(join(folder, 'a'));
  await eventually('another fault', () => faults === 2);
  expect(loaded).toEqual([]);
  writeFileSync(join(folder, 'a'), '3');
  await isLoaded('3');
  expect(faults).toBe(2);
});

test('one of several files changes', async () => {
  for (const name of ['a', 'b']) writeFileSync(join(folder, name), name);
  start('a', 'b');
  writeFileSync(join(folder, 'b'), 'cc');
  await isLoaded('a+cc');
});

test('a mounted secret is changed by a link above it that is swapped', async () => {
  for (const [i, version] of ['one', 'two'].entries()) {
    mkdirSync(join(folder, version));
    writeFileSync(join(folder, version, 'a'), String(i));
  }
  symlinkSync('one', join(folder, 'data'));
  start('data/a');
  symlinkSync('two', join(folder, 'data.new'));
  renameSync(join(folder, 'data.new'), join(folder, 'data'));
  await isLoaded('1');
});
