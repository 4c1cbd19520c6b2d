import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { JournalEntry } from '../checker/history';

export const JOURNAL_FILE = 'journal.jsonl';

/**
 * JSON lines, each handed to the kernel before the next step: whoever writes may be killed and loses nothing. Not synced: no fault of the
 * matrix takes the machine's power.
 */
export class Journal {
  private handle: number | undefined;

  /** Entries go into this directory from now on. */
  openIn(directory: string): void {
    this.close();
    mkdirSync(directory, { recursive: true });
    this.handle = openSync(path.join(directory, JOURNAL_FILE), 'a');
  }

  write(entry: JournalEntry): void {
    if (this.handle === undefined) throw new Error('the journal is closed');
    writeSync(this.handle, `${JSON.stringify(entry)}\n`);
  }

  close(): void {
    if (this.handle !== undefined) closeSync(this.handle);
    this.handle = undefined;
  }
}
