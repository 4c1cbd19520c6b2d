import type { Message, Producer, TopicMessages } from 'kafkajs';
import { LogOutcomeUnknown, LogUnavailable, RecordTooLarge } from '../../core/exchange-error';
import type { AppendedPosition, OutgoingRecord } from '../../ports/message-log';
import { createKafka, type CuttableKafka, type KafkaConnectionOptions } from './kafka-client';
import { answerOf, describe, isPlainNo, isRecordFault, isRetriableAnswer, isTooLarge, unavailable } from './kafka-faults';

/**
 * Producing with kafkajs as architecture.md §5 asks: acks=all, never idempotent, one request in flight, group commit, batches
 * bounded per topic-partition, an own deadline, and a new producer after any error.
 * Knows nothing of what the records mean; repeats are normal input of whoever reads them.
 */
export interface AppenderOptions extends KafkaConnectionOptions {
  topicPrefix: string;
  /** From append() to its answer, milliseconds. Intake must have said 503 within 2,000. */
  appendDeadlineMs: number;
}

/** The broker's limit is on the batch of a partition, uncompressed or not; the default topic takes 1 MiB. */
const MAX_PARTITION_BATCH_BYTES = 700_000;
/** One request: enough for every partition of a busy moment, small enough to be encoded and answered well within the deadline. */
const MAX_REQUEST_BYTES = 8 * 1024 * 1024;
/** Back-pressure: more than this waiting means that the log does not keep up, and append says so at once. */
const MAX_QUEUED_BYTES = 96 * 1024 * 1024;
/** Larger than any topic takes (contract: 16 MiB on `dossiers`); refused before it reaches a socket. */
const MAX_RECORD_BYTES = 64 * 1024 * 1024;
/** A large append may take longer once it is on its way: its bytes are encoded, sent and written at this rate at least, even on a busy machine. */
const SLOWEST_BYTES_PER_MS = 2_000;
const SMALL_APPEND_BYTES = 256 * 1024;
/** kafkajs's own bound on a request; ours come first. */
const REQUEST_TIMEOUT_MS = 60_000;
/** Framing of one record beside its key, value and headers, rounded up. */
const RECORD_OVERHEAD_BYTES = 48;
const HEADER_OVERHEAD_BYTES = 10;
const FIRST_PAUSE_MS = 50;
const LAST_PAUSE_MS = 400;
/** How long a failing topic's appends travel alone. Longer than the deadline, so that order per partition is kept. */
const QUARANTINE_MS = 5_000;
const ACKS_ALL = -1;

export interface Appender {
  append(records: OutgoingRecord[]): Promise<AppendedPosition[]>;
  /** Connects ahead of the first append. @throws LogUnavailable */
  warmUp(): Promise<void>;
  /** Answers what is under way, then closes. */
  close(): Promise<void>;
}

interface PendingAppend {
  records: OutgoingRecord[];
  sizes: number[];
  /** Sum of sizes. */
  bytes: number;
  positions: AppendedPosition[];
  /** Index of the first record that is not yet acknowledged. */
  next: number;
  deadlineMs: number;
  /** What a large append gets on top while a request with it is on its way. Not before: a log that is away is told of in time. */
  slackMs: number;
  /** A request that carried one of its records was handed to the network and not answered with a plain no. */
  mayBeStored: boolean;
  settled: boolean;
  resolve(positions: AppendedPosition[]): void;
  reject(error: Error): void;
}

/** A run of records of one append that goes into a request. */
interface Share {
  append: PendingAppend;
  from: number;
  to: number;
}

export function openKafkaAppender(options: AppenderOptions): Appender {
  const quarantine = new Map<string, number>();
  const main = new Lane(options, quarantine, true);
  let side: Lane | undefined;
  let closed = false;
  main.onTroubled = (append) => {
    side ??= new Lane(options, quarantine, false);
    side.push(append);
  };

  return {
    append(records) {
      if (closed) return Promise.reject(new LogUnavailable('the log is closed'));
      if (records.length === 0) return Promise.resolve([]);
      return new Promise((resolve, reject) => {
        const sizes = records.map(sizeOf);
        if (sizes.some((size) => size > MAX_RECORD_BYTES)) {
          reject(new RecordTooLarge(`a record of ${Math.max(...sizes)} bytes is larger than any topic takes`));
          return;
        }
        const bytes = sizes.reduce((sum, size) => sum + size, 0);
        const append: PendingAppend = {
          records,
          sizes,
          bytes,
          positions: new Array<AppendedPosition>(records.length),
          next: 0,
          deadlineMs: performance.now() + options.appendDeadlineMs,
          slackMs: Math.max(0, bytes - SMALL_APPEND_BYTES) / SLOWEST_BYTES_PER_MS,
          mayBeStored: false,
          settled: false,
          resolve,
          reject,
        };
        if (main.queuedBytes > 0 && main.queuedBytes + append.bytes > MAX_QUEUED_BYTES)
          reject(new LogUnavailable(`${main.queuedBytes} bytes are waiting for the log already`));
        else main.push(append);
      });
    },
    warmUp: () => main.warmUp(),
    async close() {
      closed = true;
      await Promise.all([main.close(), side?.close()]);
    },
  };
}

function sizeOf(record: OutgoingRecord): number {
  let bytes = RECORD_OVERHEAD_BYTES + record.value.length + (record.key?.length ?? 0) * 3;
  for (const name in record.headers) bytes += HEADER_OVERHEAD_BYTES + name.length + (record.headers[name] ?? '').length * 3;
  return bytes;
}

/** One producer, its queue and its one request in flight. */
class Lane {
  /** Gets an append that must not hold up the others: its topic fails. */
  onTroubled: ((append: PendingAppend) => void) | undefined;
  queuedBytes = 0;

  readonly #options: AppenderOptions;
  /** Topic-partition → until when its appends travel alone. */
  readonly #quarantine: Map<string, number>;
  readonly #isMain: boolean;
  #queue: PendingAppend[] = [];
  #running: Promise<void> | undefined;
  #client: CuttableKafka | undefined;
  #producer: Promise<Producer> | undefined;
  /** Of the attempt under way: ends our waiting for it. */
  #giveUp: ((error: Error) => void) | undefined;
  #inFlight: Share[] = [];
  /** Produce requests of the client before the attempt under way. */
  #sentBefore = 0;
  #timer: NodeJS.Timeout | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #wake: (() => void) | undefined;

  constructor(options: AppenderOptions, quarantine: Map<string, number>, isMain: boolean) {
    this.#options = options;
    this.#quarantine = quarantine;
    this.#isMain = isMain;
  }

  push(append: PendingAppend): void {
    this.#queue.push(append);
    this.queuedBytes += append.bytes;
    this.#armTimer();
    this.#running ??= this.#run();
  }

  async warmUp(): Promise<void> {
    try {
      await this.#connected();
    } catch (cause) {
      this.#discardProducer();
      throw unavailable('Kafka does not answer', cause);
    }
  }

  async close(): Promise<void> {
    await this.#running;
    clearTimeout(this.#timer);
    const [producer, client] = [this.#producer, this.#client];
    this.#producer = undefined;
    this.#client = undefined;
    if (!producer) return;
    const orderly = producer.then((open) => open.disconnect()).catch(() => undefined);
    const late = setTimeout(() => client?.cut(), 1_000);
    await orderly;
    clearTimeout(late);
  }

  async #run(): Promise<void> {
    // What arrives in the same turn of the event loop joins the first batch.
    await Promise.resolve();
    try {
      while (this.#queue.length > 0) {
        const shares = this.#nextBatch();
        if (shares.length > 0) await this.#deliver(shares, 0);
        this.#dropSettled();
      }
    } finally {
      // In the same step as the last look at the queue: an append between the two would wait for ever.
      this.#running = undefined;
    }
  }

  /** From the head of the queue whatever fits: everything that arrived while the last request was in flight. */
  #nextBatch(): Share[] {
    const shares: Share[] = [];
    const perPartition = new Map<string, number>();
    const nowMs = performance.now();
    let total = 0;
    for (const append of this.#queue) {
      if (append.settled) continue;
      if (this.#isMain && this.#quarantine.size > 0 && this.#isQuarantined(append, nowMs)) {
        this.#hand(append);
        continue;
      }
      const from = append.next;
      let to = from;
      for (; to < append.records.length; to++) {
        const record = append.records[to] as OutgoingRecord;
        const size = append.sizes[to] as number;
        const key = partitionKey(record);
        const filled = perPartition.get(key) ?? 0;
        if (filled > 0 && filled + size > MAX_PARTITION_BATCH_BYTES) break;
        if (total > 0 && total + size > MAX_REQUEST_BYTES) break;
        perPartition.set(key, filled + size);
        total += size;
      }
      if (to > from) shares.push({ append, from, to });
      // Not past a record that has to wait: a later one of its partition must not overtake it.
      if (to < append.records.length) break;
    }
    return shares;
  }

  /** Sends until each share is stored, refused or out of time; parts company with those that make others fail. */
  async #deliver(given: Share[], failuresBefore: number): Promise<void> {
    let failures = failuresBefore;
    for (;;) {
      const shares = given.filter(({ append }) => !append.settled);
      if (shares.length === 0) return;
      try {
        this.#settleStored(shares, await this.#attempt(shares));
        this.#pauseMs = FIRST_PAUSE_MS;
        return;
      } catch (cause) {
        failures++;
        this.#options.onWarning?.('append failed, a new producer takes over', { reason: describe(cause), attempt: failures });
        const answered = answerOf(cause) !== undefined;
        const mayHeal = !answered || isRetriableAnswer(cause);
        if (answered && (!mayHeal || failures > 1)) {
          const parts = isRecordFault(cause) ? halves(shares) : perTopics(shares);
          if (parts.length > 1) {
            for (const part of parts) await this.#deliver(part, failures);
            return;
          }
          if (this.#isMain || !mayHeal) {
            for (const { append } of shares) this.#part(append, cause, mayHeal);
            return;
          }
        }
        await this.#pause();
      }
    }
  }

  /** An append whose own topic or record is refused: out of the way of the others. */
  #part(append: PendingAppend, cause: unknown, mayHeal: boolean): void {
    if (!mayHeal) {
      const text = `${append.records.length} records for ${topicsOf(append)}: ${describe(cause)}`;
      if (isTooLarge(cause)) this.#reject(append, new RecordTooLarge(text, cause));
      else if (append.mayBeStored) this.#reject(append, new LogOutcomeUnknown(text, cause));
      else this.#reject(append, new LogUnavailable(text, cause));
      return;
    }
    const until = performance.now() + QUARANTINE_MS;
    for (const record of append.records) this.#quarantine.set(partitionKey(record), until);
    this.#hand(append);
  }

  #hand(append: PendingAppend): void {
    const at = this.#queue.indexOf(append);
    if (at >= 0) {
      // Not spliced: the caller may be walking over the queue.
      this.#queue = this.#queue.filter((other) => other !== append);
      this.queuedBytes -= append.bytes;
    }
    this.onTroubled?.(append);
  }

  #isQuarantined(append: PendingAppend, nowMs: number): boolean {
    let quarantined = false;
    for (const record of append.records) {
      const key = partitionKey(record);
      const until = this.#quarantine.get(key);
      if (until === undefined) continue;
      if (until > nowMs) quarantined = true;
      else this.#quarantine.delete(key);
    }
    return quarantined;
  }

  /** One request. Rejects with kafkajs's error, or with LogUnavailable once a deadline has passed; the producer is gone then. */
  async #attempt(shares: Share[]): Promise<Map<string, number>> {
    this.#inFlight = shares;
    this.#sentBefore = this.#client?.producesSent() ?? 0;
    const abandoned = new Promise<never>((_resolve, reject) => {
      this.#giveUp = reject;
    });
    const sending = this.#send(shares);
    sending.catch(() => undefined);
    try {
      return await Promise.race([sending, abandoned]);
    } catch (cause) {
      const sent = this.#hasSent();
      this.#discardProducer();
      // A refusal of one partition says nothing about the others of the request.
      if (sent && !(isPlainNo(cause) && partitionsOf(shares) === 1)) for (const { append } of shares) append.mayBeStored = true;
      throw cause;
    } finally {
      this.#inFlight = [];
      this.#giveUp = undefined;
    }
  }

  async #send(shares: Share[]): Promise<Map<string, number>> {
    const producer = await this.#connected();
    const topics = new Map<string, Message[]>();
    for (const { append, from, to } of shares) {
      for (let i = from; i < to; i++) {
        const record = append.records[i] as OutgoingRecord;
        let messages = topics.get(record.topic);
        if (!messages) topics.set(record.topic, (messages = []));
        messages.push({ key: record.key, value: record.value, headers: record.headers, partition: record.partition });
      }
    }
    const prefix = this.#options.topicPrefix;
    const topicMessages: TopicMessages[] = [];
    for (const [topic, messages] of topics) topicMessages.push({ topic: prefix + topic, messages });
    const answers = await producer.sendBatch({ acks: ACKS_ALL, timeout: this.#options.appendDeadlineMs, topicMessages });
    const offsets = new Map<string, number>();
    for (const answer of answers) offsets.set(`${answer.topicName.slice(prefix.length)} ${answer.partition}`, Number(answer.baseOffset));
    return offsets;
  }

  /** `bases`: per topic-partition the offset of the first record of the request. */
  #settleStored(shares: Share[], bases: Map<string, number>): void {
    for (const { append, from, to } of shares) {
      let isComplete = true;
      for (let i = from; i < to; i++) {
        const record = append.records[i] as OutgoingRecord;
        const key = partitionKey(record);
        const offset = bases.get(key);
        if (offset === undefined) {
          // kafkajs drops records for partitions that its metadata lacks, without a word.
          isComplete = false;
          continue;
        }
        bases.set(key, offset + 1);
        append.positions[i] = { topic: record.topic, partition: record.partition, offset };
      }
      if (!isComplete) {
        const text = `${topicsOf(append)} has no such partition`;
        this.#reject(append, append.next > 0 || to - from > 1 ? new LogOutcomeUnknown(text) : new LogUnavailable(text));
      } else {
        append.next = to;
        if (to === append.records.length && !append.settled) {
          append.settled = true;
          append.resolve(append.positions);
        } else if (to < append.records.length) append.mayBeStored = true;
      }
    }
  }

  #connected(): Promise<Producer> {
    if (!this.#producer) {
      // No kafkajs retries while sending: an attempt is one request, so that its outcome can be told.
      const client = createKafka(this.#options, REQUEST_TIMEOUT_MS);
      const producer = client.kafka.producer({
        idempotent: false,
        maxInFlightRequests: 1,
        allowAutoTopicCreation: false,
        retry: { retries: 0 },
        createPartitioner:
          () =>
          ({ message }) =>
            message.partition ?? 0,
      });
      this.#client = client;
      this.#producer = producer.connect().then(() => producer);
      this.#producer.catch(() => undefined);
    }
    return this.#producer;
  }

  #discardProducer(): void {
    this.#client?.cut();
    const producer = this.#producer;
    this.#client = undefined;
    this.#producer = undefined;
    void producer?.then((open) => open.disconnect()).catch(() => undefined);
  }

  /** True when the attempt under way has handed a request to the network. */
  #hasSent(): boolean {
    return this.#client !== undefined && this.#client.producesSent() > this.#sentBefore;
  }

  #reject(append: PendingAppend, error: Error): void {
    if (append.settled) return;
    append.settled = true;
    append.reject(error);
  }

  #dropSettled(): void {
    let bytes = 0;
    this.#queue = this.#queue.filter((append) => {
      if (!append.settled) bytes += append.bytes;
      return !append.settled;
    });
    this.queuedBytes = bytes;
  }

  #pause(): Promise<void> {
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS);
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, pauseMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** One timer, for the nearest deadline; appends that were answered meanwhile only make it look once for nothing. */
  #armTimer(): void {
    if (this.#timer) return;
    const inFlight = this.#onTheirWay();
    let nearestMs = Infinity;
    for (const append of this.#queue) {
      if (append.settled) continue;
      nearestMs = Math.min(nearestMs, append.deadlineMs + (inFlight.has(append) ? append.slackMs : 0));
      // The rest arrived later, and none of it is on its way.
      if (!inFlight.has(append)) break;
    }
    if (nearestMs === Infinity) return;
    this.#timer = setTimeout(() => {
      // After the poll phase: an answer that has arrived while the process was busy counts.
      setImmediate(() => {
        this.#timer = undefined;
        this.#expire();
        this.#armTimer();
      });
    }, nearestMs - performance.now()).unref();
  }

  #expire(): void {
    const nowMs = performance.now();
    const onTheirWay = this.#onTheirWay();
    const isLate = (append: PendingAppend): boolean =>
      !append.settled && append.deadlineMs + (onTheirWay.has(append) ? append.slackMs : 0) <= nowMs;
    const late = this.#queue.filter(isLate);
    if (late.length === 0) return;
    const inFlight = new Set(this.#inFlight.map(({ append }) => append));
    for (const append of onTheirWay) append.mayBeStored = true;
    for (const append of late) {
      const text = `the log did not answer within ${this.#options.appendDeadlineMs} ms`;
      this.#reject(append, append.mayBeStored ? new LogOutcomeUnknown(text) : new LogUnavailable(text));
    }
    const isNothingSent = onTheirWay.size === 0 && late.some((append) => inFlight.has(append));
    const isNobodyWaiting = inFlight.size > 0 && [...inFlight].every(({ settled }) => settled);
    if (isNothingSent || isNobodyWaiting) {
      // What was answered as not stored must not be sent a moment later.
      this.#discardProducer();
      this.#giveUp?.(new LogUnavailable('the log did not answer in time'));
    }
    this.#wake?.();
  }

  /** Appends of the request under way, once it was handed to the network. */
  #onTheirWay(): Set<PendingAppend> {
    return new Set(this.#hasSent() ? this.#inFlight.map(({ append }) => append) : []);
  }
}

function partitionKey(record: OutgoingRecord): string {
  return `${record.topic} ${record.partition}`;
}

function partitionsOf(shares: Share[]): number {
  const keys = new Set<string>();
  for (const { append, from, to } of shares) for (let i = from; i < to; i++) keys.add(partitionKey(append.records[i] as OutgoingRecord));
  return keys.size;
}

function topicsOf(append: PendingAppend): string {
  return [...new Set(append.records.map(({ topic }) => topic))].sort().join(', ');
}

function halves(shares: Share[]): Share[][] {
  if (shares.length < 2) return [shares];
  const middle = shares.length >> 1;
  return [shares.slice(0, middle), shares.slice(middle)];
}

/** Appends that write to the same topics share their fate; others must not share it. */
function perTopics(shares: Share[]): Share[][] {
  const groups = new Map<string, Share[]>();
  for (const share of shares) {
    const key = topicsOf(share.append);
    const group = groups.get(key);
    if (group) group.push(share);
    else groups.set(key, [share]);
  }
  return [...groups.values()];
}
