import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { EMBEDDED_FAULT } from './runner/run-chaos';
import { faults } from './runner/faults';

/** docs/guarantees.md says by what each fault of guarantees §3 is proven; this test, that what it names is there. */
const root = path.resolve(__dirname, '..', '..');
const rows = readFileSync(path.join(root, 'docs', 'guarantees.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| F\d\d \|/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, id = '', tests = '', injected = '', missing = '']) => ({ id, tests, injected, missing }));
const known = [...faults, EMBEDDED_FAULT].map(({ id }) => id);
const names = (cell: string): string[] => cell.match(/\b[FP][\w]*-[\w-]+/g) ?? [];

test('the table has F01 to F41, and says of each by what it is proven, or that it is not', () => {
  expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: 41 }, (_, i) => `F${String(i + 1).padStart(2, '0')}`));
  expect(rows.filter(({ tests, injected, missing }) => tests + injected + missing === '')).toEqual([]);
});

test.each(rows.filter(({ tests }) => tests !== ''))('$id: each file is there and has the sentences that are quoted of it', ({ tests }) => {
  const parts = [...tests.matchAll(/`([^`]+\.test\.ts)`|"([^"]+)"/g)];
  expect(parts[0]?.[1]).toBeDefined();
  let text = '';
  for (const [, file, sentence] of parts) {
    if (file !== undefined) {
      expect([file, existsSync(path.join(root, file))]).toEqual([file, true]);
      text = readFileSync(path.join(root, file), 'utf8');
    } else expect(text).toContain(sentence);
  }
  // A file of which nothing is quoted proves nothing.
  expect(tests).not.toMatch(/\.test\.ts`(?! \(| ")/);
});

test('each fault that is named is one of npm run chaos, and each of those is named', () => {
  const named = rows.flatMap(({ injected }) => names(injected));
  expect(named.filter((id) => !known.includes(id))).toEqual([]);
  expect(known.filter((id) => !named.includes(id))).toEqual([]);
});

test('a fault of npm run chaos bears the number of the row that it stands in, where it has one of its own', () => {
  for (const { id, injected } of rows)
    for (const name of names(injected).filter((one) => one.startsWith('F')))
      if (!names(rows.find((row) => row.id === name.slice(0, 3))?.injected ?? '').includes(name))
        throw new Error(`${name} stands in ${id} and not in its own row`);
});
