import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { openEmbeddedDossierStore } from '../../gateway/edges/embedded/embedded-dossier-store';
import { openEnvironment } from '../../gateway/edges/embedded/open-environment';

const support = path.resolve(__dirname, '..', 'support');
const program = ['--require', path.join(support, 'register-typescript.js'), path.join(support, 'commit-for-ever.ts')];

describe('the embedded store over a crash', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'seaport-dossier-store-'));
  });

  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  /** Offset of the marker, after every value and the index were found to be of the same commit. */
  async function wholeCommit(): Promise<number> {
    const { environment, close } = openEnvironment(directory);
    const store = await openEmbeddedDossierStore({ environment });
    const offset = (await store.marker(1))?.offset ?? -1;
    const values = await store.getMany(
      1,
      Array.from({ length: 50 }, (_, n) => `k${n}`),
    );
    expect(new Set(values.map((value) => value?.toString().trim()))).toEqual(new Set([offset === -1 ? undefined : String(offset)]));
    const entries = await store.range(1, 'i', { limit: 1_000 });
    expect(entries.length).toBe(offset === -1 ? 0 : 50);
    expect(new Set(entries.map(({ score }) => score)).size).toBeLessThanOrEqual(1);
    expect(entries[0]?.score ?? -1).toBe(offset);
    expect(await store.count(1, 'i')).toBe(entries.length);
    await store.close();
    await close();
    return offset;
  }

  test('killed in the midst of writing again and again, it opens with a whole commit, none older than the last one that was written', async () => {
    for (let cycle = 0; cycle < 8; cycle++) {
      const child = spawn(process.execPath, [...program, directory, '300'], { stdio: ['ignore', 'pipe', 'inherit'] });
      const killAfter = 2 + cycle * 34;
      let lines = 0;
      const told = { committed: -1, written: -1 };
      for await (const line of createInterface(child.stdout)) {
        const [, what, number] = /^(committed|written) (\d+)$/.exec(line) ?? [];
        told[what as 'committed' | 'written'] = Number(number);
        if (++lines === killAfter) child.kill('SIGKILL');
      }
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      expect(child.signalCode).toBe('SIGKILL');
      const offset = await wholeCommit();
      expect(offset).toBeGreaterThanOrEqual(told.written);
      expect(offset).toBeLessThanOrEqual(told.committed + 1);
    }
  });

  test('a full disk refuses commits with store-unavailable, tears nothing, and it goes on when there is room', async () => {
    // Files end at 4 or 8 MiB (ulimit counts in 512 or 1,024 bytes, as the shell likes): EFBIG, as a full disk is ENOSPC.
    const limited = ['-c', 'ulimit -f 8192 && exec "$0" "$@"', process.execPath, ...program, directory, '50000'];
    const child = spawn('/bin/sh', limited, { stdio: ['ignore', 'pipe', 'ignore'] });
    const lines: string[] = [];
    for await (const line of createInterface(child.stdout)) lines.push(line);
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    const numbersOf = (what: string): number[] => lines.filter((line) => line.startsWith(what)).map((line) => Number(line.split(' ')[1]));
    const committed = numbersOf('committed');
    const written = numbersOf('written');
    expect(written.length).toBeGreaterThan(0);
    expect(lines.slice(-2)).toEqual(['refused store-unavailable', `marker ${committed.at(-1)} after ${committed.at(-1)}`]);
    expect(child.signalCode).toBeNull();

    expect(await wholeCommit()).toBe(written.at(-1));
    const { environment, close } = openEnvironment(directory);
    const store = await openEmbeddedDossierStore({ environment });
    await store.write(2, [{ put: 'a', value: Buffer.alloc(9 * 1024 * 1024) }]);
    expect((await store.getMany(2, ['a']))[0]?.length).toBe(9 * 1024 * 1024);
    await store.close();
    await close();
  });
});
