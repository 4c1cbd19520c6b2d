import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { digestOf } from './digest';

const BUFFERED_CHARACTERS = 64 * 1024;

/**
 * Entries brought together by their key, in files: a history is larger than memory, what belongs to one dossier is not. One bucket is in
 * memory at a time.
 */
export class Spill<T> {
  private readonly files: string[];
  private readonly handles: number[];
  private readonly waiting: string[];
  private readonly directory: string;

  constructor(directory: string, buckets: number) {
    this.directory = directory;
    mkdirSync(directory, { recursive: true });
    this.files = Array.from({ length: buckets }, (_, i) => path.join(directory, `${i}.jsonl`));
    this.handles = this.files.map((file) => openSync(file, 'w'));
    this.waiting = this.files.map(() => '');
  }

  add(key: string, entry: T): void {
    const bucket = parseInt(digestOf(key).slice(0, 8), 16) % this.files.length;
    const waiting = `${this.waiting[bucket] ?? ''}${JSON.stringify([key, entry])}\n`;
    this.waiting[bucket] = waiting;
    if (waiting.length > BUFFERED_CHARACTERS) this.flush(bucket);
  }

  /** Each key once, with its entries in the order in which they were added. Ends the spill: its files are gone afterwards. */
  *groups(): Generator<[key: string, entries: T[]]> {
    for (const [bucket, file] of this.files.entries()) {
      this.flush(bucket);
      closeSync(this.handles[bucket] as number);
      const groups = new Map<string, T[]>();
      for (const line of readFileSync(file, 'utf8').split('\n')) {
        if (line === '') continue;
        const [key, entry] = JSON.parse(line) as [string, T];
        const group = groups.get(key);
        if (group === undefined) groups.set(key, [entry]);
        else group.push(entry);
      }
      yield* groups;
      rmSync(file);
    }
    rmSync(this.directory, { recursive: true, force: true });
  }

  private flush(bucket: number): void {
    writeSync(this.handles[bucket] as number, this.waiting[bucket] ?? '');
    this.waiting[bucket] = '';
  }
}
