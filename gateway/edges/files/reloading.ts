import { statSync } from 'node:fs';

/**
 * What is read from files and read again when one of them changes. Looked at by stat, not watched: a mounted secret is changed by
 * swapping a link above it, which no watch of the file sees.
 */
export interface Reloading {
  /** Reads again, whether a file changed or not. */
  reload(): void;
  stop(): void;
}

export interface ReloadingOptions {
  files: readonly string[];
  /** Reads and takes over; when it throws, what was read before stays in force. */
  load(): void;
  onLoaded(): void;
  onFault(cause: unknown): void;
  everyMs?: number;
}

const LOOK_EVERY_MS = 1_000;

export function reloading({ files, load, onLoaded, onFault, everyMs = LOOK_EVERY_MS }: ReloadingOptions): Reloading {
  let seen = stateOf(files);
  const reload = (): void => {
    // Before it is read: a change while it is read is seen the next time.
    seen = stateOf(files);
    try {
      load();
    } catch (cause) {
      onFault(cause);
      return;
    }
    onLoaded();
  };
  const ticker = setInterval(() => {
    if (stateOf(files) !== seen) reload();
  }, everyMs).unref();
  return { reload, stop: () => clearInterval(ticker) };
}

function stateOf(files: readonly string[]): string {
  return files
    .map((file) => {
      const stat = statSync(file, { throwIfNoEntry: false });
      return stat === undefined ? 'missing' : `${stat.ino} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}`;
    })
    .join();
}
