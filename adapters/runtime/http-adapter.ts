import { isoTime } from '../../gateway/core/deadlines';
import { ExchangeError } from '../../gateway/core/exchange-error';
import { digestOf } from '../../gateway/core/identifiers';
import { DeclarationAction } from '../../gateway/core/messages';
import type { RequestMessage } from '../../gateway/core/messages';
import type { BatchControl, LogBatch, LogRecord, OutgoingRecord } from '../../gateway/ports/message-log';
import { AgencyCaller, type AgencyCallerOptions, type CallAnswer } from './agency-caller';
import { deadLetterRecord } from '../../gateway/wire/dead-letter';
import { decisionIdOf, decisionRecord } from './decide';
import { parseRequest } from './parse-request';
import type { AdapterPorts } from './rules-adapter';

export interface HttpAdapterOptions extends AdapterPorts, Omit<AgencyCallerOptions, 'clock'> {
  agency: string;
  onWarning?(message: string, context: Record<string, unknown>): void;
}

export interface HttpHandler {
  onBatch(batch: LogBatch, control: BatchControl): Promise<void>;
  /** Ends waiting and calls under way; their batches are not committed. */
  abort(): void;
}

const HEARTBEAT_MS = 1_000;
/** Answers kept until their batch is done, and a while longer: a batch given again does not call again. */
const MAX_INBOX = 10_000;

/**
 * Mode http: forwards each request to the agency's system and brings its answer back to the log. Requests of one dossier go one after the other, dossiers side by side. The batch is done when every request
 * has its answer in the log or was durably set aside; while the agency is away it stays, which is what pauses the partition.
 */
export function httpHandler(options: HttpAdapterOptions): HttpHandler {
  const { log, clock, agency } = options;
  const caller = new AgencyCaller(options);
  const stopping = new AbortController();
  const inbox = new Map<string, CallAnswer>();

  async function handle(record: LogRecord, control: BatchControl, signal: AbortSignal): Promise<void> {
    const parsed = parseRequest(record, agency);
    if (!parsed.ok) return setAside(record, parsed.reason, 1);
    const { request } = parsed;
    const key = `${request.taskId}:${request.action}`;
    let answer = inbox.get(key);
    if (answer === undefined) {
      answer = await caller.call(request, record.headers['traceparent'], signal);
      // A given-up request may be redriven: it is called again then.
      if (answer.kind !== 'given-up') remember(key, answer);
    }
    if (control.isStale()) throw lost();
    await write(record, request, answer);
  }

  async function write(record: LogRecord, request: RequestMessage, answer: CallAnswer): Promise<void> {
    switch (answer.kind) {
      case 'taken':
        return;
      case 'given-up':
        options.onWarning?.('a request to an agency was set aside', {
          agency,
          reason: answer.reason,
          attempts: answer.attempts,
          taskId: request.taskId,
        });
        return setAside(record, answer.reason, answer.attempts);
      case 'decision': {
        if (request.action === DeclarationAction.cancel) return;
        const { decision } = answer;
        // The agency's words are the identity: its answer to a repeated call is the same decision.
        const decisionId = decisionIdOf(request, 'http', digestOf(JSON.stringify(decision)));
        await log.append([decisionRecord(record, request, { decisionId, decision }, isoTime(clock.nowMs()))]);
      }
    }
  }

  async function setAside(record: LogRecord, reason: string, attempts: number): Promise<void> {
    const { sealer, partitions } = options;
    const letter: OutgoingRecord = deadLetterRecord({
      source: record,
      reason,
      attempts,
      sealer,
      at: isoTime(clock.nowMs()),
      ...(partitions === undefined ? {} : { partitions }),
    });
    await log.append([letter]);
    options.onDeadLetter?.(record.topic, reason);
  }

  function remember(key: string, answer: CallAnswer): void {
    inbox.set(key, answer);
    if (inbox.size <= MAX_INBOX) return;
    const oldest = inbox.keys().next();
    if (oldest.done !== true) inbox.delete(oldest.value);
  }

  function lost(): ExchangeError {
    return new ExchangeError('partition-lost', `${agency}: the partition was taken away`, { retriable: true });
  }

  return {
    async onBatch(batch, control) {
      const batchAbort = new AbortController();
      const signal = AbortSignal.any([stopping.signal, batchAbort.signal]);
      const beat = setInterval(() => {
        if (control.isStale()) batchAbort.abort(lost());
        else control.heartbeat().catch((cause: unknown) => batchAbort.abort(cause));
      }, HEARTBEAT_MS);
      try {
        const dossiers = new Map<string, LogRecord[]>();
        for (const record of batch.records) {
          const key = record.key ?? '';
          const records = dossiers.get(key);
          if (records === undefined) dossiers.set(key, [record]);
          else records.push(record);
        }
        const results = await Promise.allSettled(
          [...dossiers.values()].map(async (records) => {
            for (const record of records) await handle(record, control, signal);
          }),
        );
        // All are waited for, so that nothing of a batch goes on behind its end.
        for (const result of results) if (result.status === 'rejected') throw result.reason;
      } finally {
        clearInterval(beat);
      }
    },
    abort: () => stopping.abort(new ExchangeError('stopping', `${agency}: the adapter is stopping`, { retriable: true })),
  };
}
