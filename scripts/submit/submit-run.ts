import type { SubmitOutcome } from './submit-outcome';
import { exitCodeOf, worstExitCode, type ExitCode } from './submit-outcome';
import { wordOf } from './submit-report';

/** Runs `count` tasks, at most so many at once, in order of their numbers. */
export async function runBounded(count: number, atOnce: number, task: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await task(next++);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker));
}

/** Counts and times of a run: what a load of ten thousand is told in. */
export class Tally {
  private readonly words = new Map<string, number>();
  private readonly codes = new Set<ExitCode>();
  private readonly latenciesMs: number[] = [];
  private replays = 0;
  private retried = 0;

  add(outcome: SubmitOutcome, elapsedMs: number): void {
    const word = wordOf(outcome);
    this.words.set(word, (this.words.get(word) ?? 0) + 1);
    this.codes.add(exitCodeOf(outcome));
    this.latenciesMs.push(elapsedMs);
    if ('replayed' in outcome && outcome.replayed) this.replays++;
  }

  retry(): void {
    this.retried++;
  }

  get done(): number {
    return this.latenciesMs.length;
  }

  get retries(): number {
    return this.retried;
  }

  exitCode(): ExitCode {
    return worstExitCode(this.codes);
  }

  /** Lines of the summary. */
  summary(elapsedMs: number): string[] {
    const sorted = Float64Array.from(this.latenciesMs).sort();
    const at = (share: number) => milliseconds(percentile(sorted, share));
    const rows = [...this.words].sort((a, b) => b[1] - a[1]);
    const width = String(rows[0]?.[1] ?? 0).length;
    return [
      `${this.done} sent in ${(elapsedMs / 1000).toFixed(1)} s (${(this.done / Math.max(elapsedMs / 1000, 0.001)).toFixed(1)}/s)`,
      ...rows.map(([word, count]) => `  ${String(count).padStart(width)}  ${word}`),
      ...(this.replays === 0 ? [] : [`  ${this.replays} of them had been sent before`]),
      ...(this.retried === 0 ? [] : [`  ${this.retried} sent again as the gateway asked`]),
      `time to the answer: p50 ${at(0.5)}, p90 ${at(0.9)}, p99 ${at(0.99)}, max ${at(1)}`,
    ];
  }
}

/** Nearest rank of sorted values; 0 of none. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.max(Math.ceil(share * sorted.length) - 1, 0)] ?? 0;
}

function milliseconds(value: number): string {
  return value >= 10_000 ? `${(value / 1000).toFixed(1)} s` : `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

/** One line that is rewritten on a terminal; elsewhere a line at each tenth, or at each declaration when they are few. */
export class Progress {
  private readonly stream: { isTTY?: boolean; write(text: string): unknown };
  private readonly total: number;
  private lastStep = 0;
  private drawn = false;
  private line = '';
  private waitedSeconds = 0;

  constructor(stream: { isTTY?: boolean; write(text: string): unknown }, total: number) {
    this.stream = stream;
    this.total = total;
  }

  started(name: string, done: number): void {
    if (this.stream.isTTY === true) this.draw(`${done}/${this.total} ${name}: waiting for the answer`);
    else if (this.total <= 10) this.stream.write(`sending ${name}\n`);
  }

  finished(name: string, word: string, done: number, retries: number): void {
    const again = retries === 0 ? '' : `, ${retries} sent again`;
    if (this.stream.isTTY === true) return this.draw(`${done}/${this.total} ${name}: ${word}${again}`);
    const step = Math.floor((done * 10) / this.total);
    if (this.total > 10 && step === this.lastStep) return;
    this.lastStep = step;
    this.stream.write(this.total > 10 ? `${done}/${this.total} answered${again}\n` : `${done}/${this.total} ${name}: ${word}\n`);
  }

  retrying(name: string, reason: string): void {
    if (this.stream.isTTY === true) this.draw(`${name}: ${reason}, sending the same again`);
    else if (this.total <= 10) this.stream.write(`${name}: ${reason}, sending the same again\n`);
  }

  /** Called each second: a line that does not change looks dead. */
  tick(): void {
    if (this.drawn) this.draw(this.line, ++this.waitedSeconds);
  }

  /** Before something else is printed. */
  clear(): void {
    if (this.drawn) this.stream.write('\r\x1b[2K');
    this.drawn = false;
  }

  private draw(line: string, waitedSeconds = 0): void {
    this.stream.write(`\r\x1b[2K${line.slice(0, 110)}${waitedSeconds === 0 ? '' : ` (${waitedSeconds} s)`}`);
    this.line = line;
    this.waitedSeconds = waitedSeconds;
    this.drawn = true;
  }
}
