import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { ExchangeError } from '../../core/exchange-error';
import type { BodyFormat, RefusedDeclaration, ValidDeclaration } from '../../wire/read-declaration';

/**
 * Reads large bodies in a thread of their own, so that a mega-ship's bills keep nobody's crew list waiting (architecture.md §5 "Large
 * declarations"). One thread, one body at a time: how many may wait is bounded where submissions are accepted.
 */
export interface LargeBodyReader {
  read(format: BodyFormat, bytes: Buffer, receivedAt: string): Promise<ValidDeclaration | RefusedDeclaration>;
  close(): Promise<void>;
}

export interface ReadJob {
  id: number;
  format: BodyFormat;
  bytes: Uint8Array;
  receivedAt: string;
}

export interface ReadAnswer {
  id: number;
  result?: ValidDeclaration | RefusedDeclaration;
  /** The reader failed: a bug of ours, not a fault of the sender. */
  failed?: string;
}

interface Waiting {
  resolve(result: ValidDeclaration | RefusedDeclaration): void;
  reject(cause: Error): void;
}

/** The thread starts with the first large body. */
export function createLargeBodyReader(defaultZone: string): LargeBodyReader {
  const waiting = new Map<number, Waiting>();
  let worker: Worker | undefined;
  let nextId = 0;

  const fail = (message: string): void => {
    worker = undefined;
    const cause = new ExchangeError('internal', message, { retriable: true });
    for (const { reject } of waiting.values()) reject(cause);
    waiting.clear();
  };

  const start = (): Worker => {
    const started = new Worker(path.join(__dirname, 'read-worker.js'), { workerData: { defaultZone } });
    started.unref();
    started.on('message', ({ id, result, failed }: ReadAnswer) => {
      const caller = waiting.get(id);
      waiting.delete(id);
      if (result !== undefined) caller?.resolve(result);
      else caller?.reject(new ExchangeError('internal', `a large body could not be read: ${failed ?? ''}`, { retriable: false }));
    });
    started.on('error', (cause) => fail(`the reading thread failed: ${cause.message}`));
    started.on('exit', () => {
      if (worker === started) fail('the reading thread ended');
    });
    return started;
  };

  return {
    read: (format, bytes, receivedAt) =>
      new Promise((resolve, reject) => {
        worker ??= start();
        const id = nextId++;
        waiting.set(id, { resolve, reject });
        // A copy of its own can be handed over; the caller keeps the bytes for their digest and as evidence.
        const own = new Uint8Array(bytes);
        worker.postMessage({ id, format, bytes: own, receivedAt } satisfies ReadJob, [own.buffer]);
      }),
    close: async () => {
      const ending = worker;
      worker = undefined;
      await ending?.terminate();
    },
  };
}
