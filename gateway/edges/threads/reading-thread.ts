import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { ExchangeError } from '../../core/exchange-error';
import type { BodyFormat, RefusedDeclaration, ValidDeclaration } from '../../wire/read-declaration';

/**
 * Reads bodies in a thread of its own, one at a time: large ones, so that a mega-ship's bills keep nobody's crew list waiting
 * (architecture.md §5 "Large declarations"), and, where one process does everything, all others in another thread, so that reading
 * takes nothing from the fold. How many may wait is bounded where submissions are accepted.
 */
export interface ReadingThread {
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

/** The thread starts with the first body. */
export function createReadingThread(defaultZone: string): ReadingThread {
  const waiting = new Map<number, Waiting>();
  let worker: Worker | undefined;
  let nextId = 0;
  /** Bodies of this turn of the event loop: handing over costs more than a body does, so they go together. */
  let jobs: ReadJob[] = [];

  const fail = (message: string): void => {
    worker = undefined;
    const cause = new ExchangeError('internal', message, { retriable: true });
    for (const { reject } of waiting.values()) reject(cause);
    waiting.clear();
  };

  const start = (): Worker => {
    const started = new Worker(path.join(__dirname, 'read-worker.js'), { workerData: { defaultZone } });
    started.unref();
    started.on('message', (answers: ReadAnswer[]) => {
      for (const { id, result, failed } of answers) {
        const caller = waiting.get(id);
        waiting.delete(id);
        if (result !== undefined) caller?.resolve(result);
        else caller?.reject(new ExchangeError('internal', `a body could not be read: ${failed ?? ''}`, { retriable: false }));
      }
    });
    started.on('error', (cause) => fail(`the reading thread failed: ${cause.message}`));
    started.on('exit', () => {
      if (worker === started) fail('the reading thread ended');
    });
    return started;
  };

  const handOver = (): void => {
    worker ??= start();
    worker.postMessage(
      jobs,
      jobs.map(({ bytes }) => bytes.buffer as ArrayBuffer),
    );
    jobs = [];
  };

  return {
    read: (format, bytes, receivedAt) =>
      new Promise((resolve, reject) => {
        const id = nextId++;
        waiting.set(id, { resolve, reject });
        if (jobs.length === 0) setImmediate(handOver);
        // A copy of its own can be handed over; the caller keeps the bytes for their digest and as evidence.
        jobs.push({ id, format, bytes: new Uint8Array(bytes), receivedAt });
      }),
    close: async () => {
      const ending = worker;
      worker = undefined;
      await ending?.terminate();
    },
  };
}
