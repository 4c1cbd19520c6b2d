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
  const { log, clock, agency } = options;
  return async (batch, control) => {
    const outgoing: OutgoingRecord[] = [];
    const told: (() => void)[] = [];
    for (const [index, record] of batch.records.entries()) {
      if (index % HEARTBEAT_EVERY === HEARTBEAT_EVERY - 1) await control.heartbeat();
      const answered = answer(record, options);
      outgoing.push(...answered.records);
      told.push(...answered.told);
    }
    if (control.isStale()) throw new ExchangeError('partition-lost', `${agency}: the partition was taken away`, { retriable: true });
    if (outgoing.length > 0) await log.append(outgoing);
    for (const tell of told) tell();
  };

  function answer(record: LogRecord, ports: typeof options): { records: OutgoingRecord[]; told: (() => void)[] } {
    const time = isoTime(clock.nowMs());
    const setAside = (reason: string) => ({
      records: [
        deadLetterRecord({
          source: record,
          reason,
          attempts: 1,
          sealer: ports.sealer,
          at: time,
          ...(ports.partitions === undefined ? {} : { partitions: ports.partitions }),
        }),
      ],
      told: [() => ports.onDeadLetter?.(record.topic, reason)],
    });
    const parsed = parseRequest(record, agency);
    if (!parsed.ok) return setAside(parsed.reason);
    const { request } = parsed;
    // A cancel names a task that was withdrawn: it needs no answer.
    if (request.action === 'cancel') return { records: [], told: [] };
    try {
      const assessment = ports.assess(request, ports.registries);
      return {
        records: decisionsOf(request, assessment, time).map((decision) => decisionRecord(record, request, decision, time)),
        told: [],
      };
    } catch {
      // Rules are pure: the same request would throw again. The letter keeps it for whoever mends the rule.
      return setAside('rules-failed');
    }
  }
}
