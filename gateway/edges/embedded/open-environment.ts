import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { ExchangeError } from '../../core/exchange-error';

/** The one lmdb environment of a process, shared by the embedded log and the embedded store. */
export interface Environment {
  environment: RootDatabase;
  /** Waits for what is being written, closes, and lets the directory go. Whoever uses the environment is closed before. */
  close(): Promise<void>;
}

/** Another process, or this one, works on the directory. */
export class DataDirectoryInUse extends ExchangeError {
  constructor(directory: string, holder: string) {
    super(
      'data-directory-in-use',
      `${directory} is in use by ${holder}: the embedded log belongs to one process. Stop that one, or give this one a DATA_DIR of its own.`,
      { retriable: false },
    );
    this.name = 'DataDirectoryInUse';
  }
}

const LOCK_FILE = 'gateway.lock';
/** Named databases: the log takes two, the store one. */
const MAX_DATABASES = 16;
/** Address space to begin with; lmdb enlarges it as the data grow. */
const MAP_BYTES = 256 * 1024 * 1024;
/** The directory holds personal data. */
const PRIVATE_DIRECTORY = 0o700;
const PRIVATE_FILE = 0o600;

/** Directories that this process holds. */
const held = new Set<string>();

/**
 * Opens the environment in a directory, which is made when it is missing.
 * @throws DataDirectoryInUse while another living process holds the directory; a lock that a killed process left is taken over
 */
export function openEnvironment(directory: string): Environment {
  const place = path.resolve(directory);
  mkdirSync(place, { recursive: true, mode: PRIVATE_DIRECTORY });
  const lock = takeLock(place);
  try {
    swallowRepeatedCommitFailures();
    const environment = open({ path: place, noSubdir: false, maxDbs: MAX_DATABASES, mapSize: MAP_BYTES });
    let closing: Promise<void> | undefined;
    return {
      environment,
      close: () => (closing ??= environment.close().finally(lock.release)),
    };
  } catch (cause) {
    lock.release();
    throw cause;
  }
}

interface Holder {
  pid: number;
  /** When the process started, in the kernel's own count since boot: tells a reused pid apart. */
  startedAt: string;
  /** Another boot has other processes. */
  boot: string;
}

function takeLock(directory: string): { release: () => void } {
  const file = path.join(directory, LOCK_FILE);
  if (held.has(file)) throw new DataDirectoryInUse(directory, 'this process already');
  const mine = JSON.stringify({ pid: process.pid, startedAt: startOf(process.pid) ?? '', boot: bootId() } satisfies Holder);
  const draft = `${file}.${process.pid}`;
  writeDurably(draft, mine);
  try {
    for (let attempt = 0; ; attempt++) {
      try {
        // A link comes into being with its content, or not at all.
        linkSync(draft, file);
        break;
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== 'EEXIST' || attempt > 20) throw cause;
      }
      const found = readLock(file);
      if (found === undefined) continue;
      const holder = parseHolder(found);
      if (holder && isAlive(holder)) throw new DataDirectoryInUse(directory, `process ${holder.pid}`);
      setAside(file, found, draft);
    }
  } finally {
    rmSync(draft, { force: true });
  }
  held.add(file);
  return {
    release: () => {
      if (!held.delete(file)) return;
      if (readLock(file) === mine) rmSync(file, { force: true });
    },
  };
}

/** Removes a lock whose holder is dead. Two may try at once: whoever moved a living one away puts it back. */
function setAside(file: string, stale: string, draft: string): void {
  const aside = `${draft}.stale`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  if (readLock(aside) !== stale) {
    try {
      linkSync(aside, file);
    } catch {
      // A third one has locked meanwhile; the next look will find it.
    }
  }
  rmSync(aside, { force: true });
}

function writeDurably(file: string, text: string): void {
  const handle = openSync(file, 'w', PRIVATE_FILE);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function readLock(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function parseHolder(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text) as Partial<Holder>;
    return typeof holder.pid === 'number' && holder.pid > 0
      ? { pid: holder.pid, startedAt: holder.startedAt ?? '', boot: holder.boot ?? '' }
      : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(holder: Holder): boolean {
  const boot = bootId();
  if (holder.boot !== '' && boot !== '' && holder.boot !== boot) return false;
  const started = startOf(holder.pid);
  if (started !== undefined) return holder.startedAt === '' || holder.startedAt === started;
  // No /proc, or no such process in it.
  if (startOf(process.pid) !== undefined) return false;
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Undefined when there is no such process, or it is dead and only not yet reaped. */
function startOf(pid: number): string | undefined {
  const stat = readLock(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The name in parentheses may hold anything; what follows it is numbers. State is the first, start time the 20th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

function bootId(): string {
  return readLock('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
}

let isSwallowing = false;

/**
 * lmdb rejects a promise that nobody can hold when a commit fails (disk full), beside the one that the writer holds: without this
 * the process would end for a fault that was answered. Any other unhandled rejection ends it as always.
 */
function swallowRepeatedCommitFailures(): void {
  if (isSwallowing) return;
  isSwallowing = true;
  process.on('unhandledRejection', (reason) => {
    if (reason instanceof Error && 'commitError' in reason) return;
    if (process.listenerCount('unhandledRejection') === 1) throw reason;
  });
}
