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

/** Opens the log as a new process would, and looks for each acknowledged number; all that is there must be whole and in order. */
async function expectAllOf(acknowledged: Set<number>, directory: string): Promise<void> {
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

      await expectAllOf(acknowledged, directory);
    }
    expect(acknowledged.size).toBeGreaterThan(20 * CYCLES);
  });
});

describe('the embedded log on a disk that is full', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'seaport-full-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('refuses what it cannot store, goes on living, and has everything that it acknowledged', async () => {
    // Fault F26: files of at most 1.5 MB (in blocks of 1,024 bytes), then the kernel refuses to write.
    const script = 'ulimit -f 1500; trap "" XFSZ; exec "$0" "$@"';
    const writer = spawn('bash', ['-c', script, process.execPath, WRITER, directory, '0'], { stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    writer.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const [code] = (await once(writer, 'close')) as [number | null];
    expect(code).toBe(0);
    const lines = text.trimEnd().split('\n');
    const refusals = lines.filter((line) => line.startsWith('!'));
    expect(refusals.length).toBeGreaterThan(0);
    expect(new Set(refusals)).toEqual(new Set(['! log-unavailable']));
    const acknowledged = new Set(lines.filter((line) => !line.startsWith('!')).map(Number));
    expect(acknowledged.size).toBeGreaterThan(20);
    await expectAllOf(acknowledged, directory);
  });
});
