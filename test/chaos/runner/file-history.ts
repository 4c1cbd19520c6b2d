import { createReadStream, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { About, History, JournalEntry, LogEntry } from '../checker/history';
import { JOURNAL_FILE } from './journal';

export const ABOUT_FILE = 'about.json';
const TOPICS = 'topics';
const TEXTS = 'texts';

/** A history in directories, one a stretch of the run, one after the other. */
export class FileHistory implements History {
  readonly about: About;
  private readonly directories: readonly string[];

  /** What the last one says of itself holds for all. */
  constructor(directories: readonly string[]) {
    this.directories = directories;
    this.about = JSON.parse(readFileSync(path.join(directories.at(-1) ?? '', ABOUT_FILE), 'utf8')) as About;
  }

  async *journal(): AsyncGenerator<JournalEntry> {
    for (const directory of this.directories)
      for await (const line of linesOf(path.join(directory, JOURNAL_FILE))) yield JSON.parse(line) as JournalEntry;
  }

  topics(): Promise<string[]> {
    const names = this.directories.flatMap((directory) => filesIn(path.join(directory, TOPICS)));
    return Promise.resolve([...new Set(names)].map((name) => name.slice(0, -'.jsonl'.length)));
  }

  async *records(topic: string): AsyncGenerator<LogEntry> {
    for (const directory of this.directories)
      for await (const line of linesOf(topicFile(directory, topic))) {
        const { value, ...rest } = JSON.parse(line) as Omit<LogEntry, 'value'> & { value: string };
        yield { ...rest, value: Buffer.from(value, 'base64') };
      }
  }

  async *texts(): AsyncGenerator<{ where: string; text: string }> {
    for (const directory of this.directories)
      for (const name of filesIn(path.join(directory, TEXTS)))
        for await (const text of linesOf(path.join(directory, TEXTS, name))) yield { where: name, text };
  }
}

/** Adds records of a topic, those of a partition in the order of their offsets. */
export async function keepRecords(directory: string, topic: string, records: readonly LogEntry[]): Promise<void> {
  mkdirSync(path.join(directory, TOPICS), { recursive: true });
  const lines = records.map((record) => `${JSON.stringify({ ...record, value: record.value.toString('base64') })}\n`);
  await appendFile(topicFile(directory, topic), lines.join(''));
}

/** Adds what a process wrote, or a page of it. */
export async function keepText(directory: string, name: string, text: string): Promise<void> {
  mkdirSync(path.join(directory, TEXTS), { recursive: true });
  await appendFile(path.join(directory, TEXTS, name), text.endsWith('\n') ? text : `${text}\n`);
}

export function topicsDirectory(directory: string): string {
  return path.join(directory, TOPICS);
}

function topicFile(directory: string, topic: string): string {
  return path.join(directory, TOPICS, `${topic}.jsonl`);
}

function filesIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory).sort() : [];
}

async function* linesOf(file: string): AsyncGenerator<string> {
  if (!existsSync(file)) return;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) if (line !== '') yield line;
}
