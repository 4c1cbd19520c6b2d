import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openEmbeddedMessageLog } from '../../gateway/edges/embedded/embedded-message-log';

jest.setTimeout(120_000);

/** Fault F41: the cycles of one run of the test; `SEAPORT_CRASH_CYCLES=2000` for a long one. */
const CYCLES = Number(process.env['SEAPORT_CRASH_CYCLES'] ?? 8);
const WRITER = path.resolve(__dirname, '..', 'support', 'embedded-writer.js');

describe('the embedded log whose process is killed while it commits', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'seaport-killed-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('opens again and has every record that was acknowledged, whole and in order', async () => {
    const acknowledged = new Set<number>();
    let first = 0;
    for (let cycle = 0; cycle < CYCLES; cycle++) {
      const writer = spawn(process.execPath, [WRITER, directory, String(first)], { stdio: ['ignore', 'pipe', 'inherit'] });
      let text = '';
      let lines = 0;
      // Killed in the middle of its work, each time at another point of it.
      const enough = 20 + 37 * cycle;
      writer.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        lines = text.split('\n').length - 1;
        if (lines >= enough) writer.kill('SIGKILL');
      });
      const [code, signal] = (await once(writer, 'close')) as [number | null, string | null];
      expect({ code, signal }).toEqual({ code: null, signal: 'SIGKILL' });
      for (const line of text.split('\n').slice(0, lines)) acknowledged.add(Number(line));
      first = Math.max(...acknowledged) + 1_000;

      const log = await openEmbeddedMessageLog({ path: directory });
      const found = new Set<number>();
      const offsets = await log.offsets('facts');
      const ranges = offsets.map(({ partition, start, end }) => ({ partition, from: start, to: end }));
      const next = new Map<number, number>();
      await log.read('facts', ranges, ({ partition, records }) => {
        for (const { offset, key, value } of records) {
          expect(offset).toBe(next.get(partition) ?? 0);
          next.set(partition, offset + 1);
          const number = Number(key);
          expect(value.toString()).toBe(`${number} ${'x'.repeat(number % 4_000)}`);
          expect(number % 3).toBe(partition);
          found.add(number);
        }
      });
      for (const { partition, end } of offsets) expect(next.get(partition) ?? 0).toBe(end);
      expect([...acknowledged].filter((number) => !found.has(number))).toEqual([]);
      await log.close();
    }
    expect(acknowledged.size).toBeGreaterThan(20 * CYCLES);
  });
});
