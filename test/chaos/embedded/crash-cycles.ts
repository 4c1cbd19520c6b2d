import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openEmbeddedDossierStore } from '../../../gateway/edges/embedded/embedded-dossier-store';
import { openEmbeddedMessageLog, type EmbeddedMessageLog } from '../../../gateway/edges/embedded/embedded-message-log';
import { openEnvironment } from '../../../gateway/edges/embedded/open-environment';
import type { DossierStore } from '../../../gateway/ports/dossier-store';
import { Random } from '../runner/random';
import { GROUP, PARTITIONS, SLOTS, slotOf, TOPIC, valueOf } from './crash-projection';

/**
 * Fault F41: a process is killed in the midst of its commits, again and again, at a moment of the seed's; the directory is opened as a new
 * process would, and held against what was acknowledged before: every record that was, where it was said to be, whole, without a gap; the
 * store exactly what follows from the records up to its marker, and its marker no further than the log and no less than was written.
 */
export interface CrashCyclesOptions {
  cycles: number;
  seed: number;
  /** dist/ of the checkout that is killed. */
  build: string;
  /** The writer acknowledges before it has stored: what the cycles must find. */
  isEarly?: boolean;
  /** Told each hundred cycles. */
  say?(line: string): void;
}

export interface CrashFigures {
  cycles: number;
  /** Kills before anything was acknowledged: while the directory was being opened. */
  killedWhileOpening: number;
  /** Directories that were given bytes after their last page, as a write that was torn leaves them. */
  tornTails: number;
  acknowledged: number;
  /** Records that were found: those whose acknowledgement the kill prevented, too. */
  found: number;
  /** What must not be; empty. */
  violations: string[];
}

const WRITER = path.join(__dirname, 'crash-writer.js');
/** Then another directory: what was verified once is verified whole at the end of each. */
const CYCLES_PER_DIRECTORY = 100;
const NUMBERS_PER_CYCLE = 100_000;
const OPENING = 0.15;
const TORN = 0.1;

export async function crashCycles({ cycles, seed, build, isEarly = false, say }: CrashCyclesOptions): Promise<CrashFigures> {
  const random = new Random(seed);
  const bug = isEarly ? ['early'] : [];
  const root = mkdtempSync(path.join(tmpdir(), 'seaport-crash-'));
  const figures: CrashFigures = { cycles: 0, killedWhileOpening: 0, tornTails: 0, acknowledged: 0, found: 0, violations: [] };
  try {
    while (figures.cycles < cycles && figures.violations.length === 0) {
      const directory = path.join(root, String(figures.cycles));
      mkdirSync(directory);
      await crashDirectory(directory, Math.min(CYCLES_PER_DIRECTORY, cycles - figures.cycles), [build, bug], random, figures);
      rmSync(directory, { recursive: true });
      say?.(`${String(figures.cycles)} kills, ${String(figures.acknowledged)} acknowledged`);
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
  return figures;
}

async function crashDirectory(
  directory: string,
  cycles: number,
  [build, bug]: [string, string[]],
  random: Random,
  figures: CrashFigures,
): Promise<void> {
  const history = new History(directory, figures.violations);
  const start = (cycle: number): Writer => new Writer([build, directory, String(cycle * NUMBERS_PER_CYCLE), ...bug]);
  let writer = start(0);
  for (let cycle = 1; cycle <= cycles && figures.violations.length === 0; cycle++) {
    const isWhileOpening = random.next() < OPENING;
    writer.open();
    await writer.has(isWhileOpening ? 'opening' : 'appended');
    await sleep(random.between(isWhileOpening ? 0 : 5, 50));
    const lines = await writer.kill();
    // It loads while the directory is looked at.
    writer = start(cycle);
    figures.cycles++;
    if (!lines.some((line) => line.startsWith('appended'))) figures.killedWhileOpening++;
    figures.acknowledged += history.hear(lines);
    if (random.next() < TORN) {
      figures.tornTails++;
      appendFileSync(path.join(directory, 'data.mdb'), Buffer.alloc(Math.floor(random.between(1, 9_000)), 0xa5));
    }
    figures.found += await history.verify();
  }
  await writer.kill();
  await history.verifyWhole();
}

class Writer {
  private readonly child: ChildProcess;
  private readonly closed: Promise<unknown>;
  private text = '';

  constructor(args: string[]) {
    this.child = spawn(process.execPath, [WRITER, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.closed = once(this.child, 'close');
    this.child.stdout?.on('data', (chunk: Buffer) => (this.text += chunk.toString()));
    let fault = '';
    this.child.stderr?.on('data', (chunk: Buffer) => (fault += chunk.toString()));
    this.child.once('close', (_code, signal) => {
      if (signal !== 'SIGKILL') this.text += `fault ${fault.replaceAll('\n', ' ')}\n`;
    });
  }

  /** Its work begins. */
  open(): void {
    this.child.stdin?.write('\n');
  }

  /** Resolves when it has written such a line, or has ended. */
  async has(what: string): Promise<void> {
    const lines = (): boolean => this.text.includes(`${what} `) || this.text.includes(`${what}\n`) || this.text.includes('fault ');
    while (!lines()) await Promise.race([once(this.child.stdout as NonNullable<ChildProcess['stdout']>, 'data'), this.closed]);
  }

  /** The whole lines that it wrote until then. */
  async kill(): Promise<string[]> {
    this.child.kill('SIGKILL');
    await this.closed;
    return this.text.slice(0, this.text.lastIndexOf('\n') + 1).split('\n');
  }
}

/** What was said about a directory, and what was found in it. */
class History {
  private readonly directory: string;
  private readonly violations: string[];
  /** Per partition: the offset of each number that was acknowledged and not found yet. */
  private readonly said = Array.from({ length: PARTITIONS }, () => new Map<number, number>());
  /** Per partition: the numbers found, by offset. */
  private readonly numbers = Array.from({ length: PARTITIONS }, (): number[] => []);
  /** Per partition: the least that the marker may be. */
  private readonly written = Array.from({ length: PARTITIONS }, () => -1);

  constructor(directory: string, violations: string[]) {
    this.directory = directory;
    this.violations = violations;
  }

  /** Returns how many records were acknowledged. */
  hear(lines: readonly string[]): number {
    let acknowledged = 0;
    for (const line of lines) {
      const [what, a = '', b = ''] = line.split(' ');
      if (what === 'fault') this.violations.push(`the writer ended by itself: ${line}`);
      if (what === 'written') this.written[Number(a)] = Math.max(this.written[Number(a)] ?? -1, Number(b));
      if (what !== 'appended') continue;
      acknowledged++;
      this.said[Number(a) % PARTITIONS]?.set(Number(a), Number(b));
    }
    return acknowledged;
  }

  /** What is new in the directory. Returns how many records. */
  async verify(): Promise<number> {
    const { environment, close } = openEnvironment(this.directory);
    const log = await openEmbeddedMessageLog({ environment });
    const store = await openEmbeddedDossierStore({ environment });
    try {
      // Killed before it had made its topic.
      if ((await log.topics()).length === 0) {
        if (this.numbers.some(({ length }) => length > 0) || this.said.some(({ size }) => size > 0)) this.report('the topic is gone');
        return 0;
      }
      let found = 0;
      const committed = await log.committed(GROUP, TOPIC);
      for (const { partition, start, end } of await log.offsets(TOPIC)) {
        const numbers = this.numbers[partition] ?? [];
        if (start !== 0 || end < numbers.length) this.report(`partition ${partition} holds ${start} to ${end}, it held ${numbers.length}`);
        const before = numbers.length;
        await this.read(log, partition, before, end);
        found += numbers.length - before;
        for (const [number, offset] of this.said[partition] ?? [])
          if (numbers[offset] !== number) this.report(`${number} was acknowledged at ${partition}/${offset}, where ${numbers[offset]} is`);
        this.said[partition]?.clear();
        await this.verifyStore(store, partition, committed.find((one) => one.partition === partition)?.offset ?? -1);
      }
      return found;
    } finally {
      await store.close();
      await log.close();
      await close();
    }
  }

  /** Everything that was ever found, again. */
  async verifyWhole(): Promise<void> {
    const lengths = this.numbers.map((numbers) => numbers.splice(0));
    await this.verify();
    for (const [partition, before] of lengths.entries())
      for (const [offset, number] of before.entries())
        if (this.numbers[partition]?.[offset] !== number) this.report(`${partition}/${offset} held ${number} once`);
  }

  private async read(log: EmbeddedMessageLog, partition: number, from: number, to: number): Promise<void> {
    const numbers = this.numbers[partition] ?? [];
    await log.read(TOPIC, [{ partition, from, to }], ({ records }) => {
      for (const { offset, key, value } of records) {
        const number = Number(key);
        if (offset !== numbers.length) this.report(`after ${partition}/${numbers.length - 1} comes ${offset}`);
        if (number % PARTITIONS !== partition || !valueOf(number).equals(value)) this.report(`${partition}/${offset} is not whole`);
        numbers.push(number);
      }
    });
    if (numbers.length !== to) this.report(`partition ${partition} ends at ${to}, and ${numbers.length} records are there`);
  }

  private async verifyStore(store: DossierStore, partition: number, committed: number): Promise<void> {
    const numbers = this.numbers[partition] ?? [];
    const marker = (await store.marker(partition))?.offset ?? -1;
    const place = `the store of partition ${partition} at ${marker}`;
    if (marker >= numbers.length) this.report(`${place}: the log ends at ${numbers.length}`);
    if (marker < (this.written[partition] ?? -1)) this.report(`${place}: ${this.written[partition]} was written`);
    if (committed > marker + 1) this.report(`${place}: the group has committed ${committed}`);
    this.written[partition] = marker;
    const expected = new Map<string, string>();
    for (let offset = marker; offset >= 0 && expected.size < SLOTS; offset--) {
      const number = numbers[offset] ?? -1;
      const key = `slot ${slotOf(number)}`;
      if (!expected.has(key)) expected.set(key, String(number));
    }
    const names = Array.from({ length: SLOTS }, (_, slot) => `slot ${slot}`);
    const values = await store.getMany(partition, [...names, 'count']);
    const stored = Object.fromEntries(names.map((name, i) => [name, values[i]?.toString()]));
    const count = Number(values.at(-1)?.toString() ?? 0);
    if (count !== marker + 1) this.report(`${place}: version ${count}`);
    for (const name of names)
      if (stored[name] !== expected.get(name)) this.report(`${place}: ${name} is ${stored[name]}, not ${expected.get(name)}`);
    const entries = await store.range(partition, 'latest', { limit: 2 * SLOTS });
    const listed = entries.map(({ member, score }) => `${member} ${score}`).sort();
    const wanted = [...expected].map(([name, number]) => `${name} ${number}`).sort();
    if (listed.join() !== wanted.join()) this.report(`${place}: the index is ${listed.join()}, not ${wanted.join()}`);
    if ((await store.count(partition, 'latest')) !== entries.length) this.report(`${place}: the count of the index is wrong`);
  }

  private report(violation: string): void {
    this.violations.push(violation);
  }
}
