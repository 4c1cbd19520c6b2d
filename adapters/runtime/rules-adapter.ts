import { isoTime } from '../../gateway/core/deadlines';
import { ExchangeError } from '../../gateway/core/exchange-error';
import type { Clock } from '../../gateway/ports/clock';
import type { BatchControl, LogBatch, LogConsumer, LogRecord, MessageLog, OutgoingRecord } from '../../gateway/ports/message-log';
import type { Sealer } from '../../gateway/ports/sealer';
import type { Registries } from '../registries/registries';
import type { Assess } from './assessment';
import { deadLetterRecord } from '../../gateway/wire/dead-letter';
import { decisionRecord, decisionsOf } from './decide';
import { parseRequest } from './parse-request';

/** What every adapter is given, whatever its mode. */
export interface AdapterPorts {
  log: MessageLog;
  clock: Clock;
  sealer: Sealer;
  /** Partitions of `dead-letters`; without it those of the requests. */
  partitions?: number;
  onDeadLetter?(topic: string, reason: string): void;
}

export interface RulesAdapterOptions extends AdapterPorts {
  agency: string;
  assess: Assess;
  registries: Registries;
  /** Consumer group, as configured. */
  group: string;
  /** Answers `test.requests.<agency>` instead of `requests.<agency>`. */
  test?: boolean;
  onFatal?(cause: Error): void;
}

/** Starts the loop consume → assess → answer for one agency. */
export function startRulesAdapter(options: RulesAdapterOptions): Promise<LogConsumer> {
  return options.log.consume({
    group: options.group,
    topics: [`${options.test === true ? 'test.' : ''}requests.${options.agency}`],
    onBatch: rulesHandler(options),
    ...(options.onFatal === undefined ? {} : { onFatal: options.onFatal }),
  });
}

/** A heartbeat for so many requests: assessing takes microseconds, a batch may hold thousands. */
const HEARTBEAT_EVERY = 200;

/**
 * The handler of a batch: every request is assessed, all decisions and dead letters go out in one append, then the batch is done.
 * A crash in between gives the same batch again and the same ids (guarantees.md G4). Poison is set aside; the partition moves on.
 */
export function rulesHandler(
  options: Omit<RulesAdapterOptions, 'group' | 'test' | 'onFatal'>,
): (batch: LogBatch, control: BatchControl) => Promise<void> {
  const { log, clock, agency, assess, registries } = options;
  return async (batch, control) => {
    const time = isoTime(clock.nowMs());
    const outgoing: OutgoingRecord[] = [];
    const setAside: string[] = [];
    let next = 0;
    for (const record of batch.records) {
      if (++next % HEARTBEAT_EVERY === 0) await control.heartbeat();
      const fault = answer(record, time, outgoing);
      if (fault === undefined) continue;
      outgoing.push(letterOf(record, fault, time));
      setAside.push(fault);
    }
    if (control.isStale()) throw new ExchangeError('partition-lost', `${agency}: the partition was taken away`, { retriable: true });
    if (outgoing.length > 0) await log.append(outgoing);
    for (const reason of setAside) options.onDeadLetter?.(batch.topic, reason);
  };

  /** Adds the answer to a request, or says why it is set aside. */
  function answer(record: LogRecord, time: string, outgoing: OutgoingRecord[]): string | undefined {
    const parsed = parseRequest(record, agency);
    if (!parsed.ok) return parsed.reason;
    const { request } = parsed;
    // A cancel names a task that was withdrawn: it needs no answer.
    if (request.action === 'cancel') return undefined;
    try {
      const decisions = decisionsOf(request, assess(request, registries), time);
      outgoing.push(...decisions.map((decision) => decisionRecord(record, request, decision, time)));
      return undefined;
    } catch {
      // Rules are pure: the same request would throw again. The letter keeps it for whoever mends the rule.
      return 'rules-failed';
    }
  }

  function letterOf(source: LogRecord, reason: string, at: string): OutgoingRecord {
    const { sealer, partitions } = options;
    return deadLetterRecord({ source, reason, attempts: 1, sealer, at, ...(partitions === undefined ? {} : { partitions }) });
  }
}
