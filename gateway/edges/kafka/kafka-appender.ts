import { LogOutcomeUnknown, LogUnavailable, RecordTooLarge } from '../../core/exchange-error';
import type { AppendedPosition, OutgoingRecord } from '../../ports/message-log';
import { answerOf, describe, isPlainNo, isRecordFault, isRetriableAnswer, isTooLarge, refusalOf, unavailable } from './kafka-faults';
import type { ProduceAnswer, ProduceClient } from './produce-client';
import { mostBytesOf, type TopicRecords } from './produce-request';

/**
 * Producing as architecture.md §5 asks: acks=all, never idempotent, one request in flight per client, group commit, batches bounded per
 * topic-partition, an own deadline, and a new client after any error. The same with every client library (produce-client.ts).
 * Knows nothing of what the records mean; repeats are normal input of whoever reads them.
 */
export interface AppenderOptions {
  topicPrefix: string;
  /** A new client, not connected yet. */
  openClient(): ProduceClient;
  /** Told of appends that are tried again. Never holds keys, values or headers of records. */
  onWarning?(message: string, context: Record<string, unknown>): void;
  /** From append() to its answer, milliseconds. Intake must have said 503 within 2,000. */
  appendDeadlineMs: number;
  /**
   * Topics (without prefix) that brokers write to disk before they acknowledge. Appends with a record for one of them have a client and a
   * request in flight of their own, so that the others do not wait for the disk. None: all go one way.
   */
  flushedTopics?: readonly string[];
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
const FIRST_PAUSE_MS = 50;
const LAST_PAUSE_MS = 400;
/** How long a failing topic's appends travel alone. Longer than the deadline, so that order per partition is kept. */
const QUARANTINE_MS = 5_000;

export interface Appender {
  append(records: OutgoingRecord[]): Promise<AppendedPosition[]>;
  /** Connects ahead of the first append. @throws LogUnavailable */
  warmUp(): Promise<void>;
  /** Answers what is under way, then closes. */
  close(): Promise<void>;
}

/** A topic-partition; there is one object of each. */
interface Place {
  topic: string;
  partition: number;
}

interface PendingAppend {
  records: OutgoingRecord[];
  /** Of each record. */
  places: Place[];
  /** Of each record, at most. */
  sizes: number[];
  /** Sum of sizes. */
  bytes: number;
  /** Of each record that is stored. */
  positions: (AppendedPosition | undefined)[];
  /** All records before it are stored. */
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

/**
 * The records of a topic-partition keep the order of their appends as long as these go one way: a flushed topic's always do, another's
 * unless some of its appends carry a flushed topic's records as well.
 */
export function openKafkaAppender(options: AppenderOptions): Appender {
  const places = new Places();
  const flushed = new Set(options.flushedTopics);
  const usual = openWay(options, places);
  const slow = flushed.size === 0 ? usual : openWay(options, places);
  const ways = flushed.size === 0 ? [usual] : [usual, slow];
  let closed = false;

  return {
    append(records) {
      if (closed) return Promise.reject(new LogUnavailable('the log is closed'));
      if (records.length === 0) return Promise.resolve([]);
      return new Promise((resolve, reject) => {
        const sizes: number[] = [];
        let bytes = 0;
        for (const record of records) {
          const size = mostBytesOf(record);
          if (size > MAX_RECORD_BYTES) {
            reject(new RecordTooLarge(`a record of ${size} bytes is larger than any topic takes`));
            return;
          }
          sizes.push(size);
          bytes += size;
        }
        const append: PendingAppend = {
          records,
          places: records.map((record) => places.of(record.topic, record.partition)),
          sizes,
          bytes,
          positions: new Array<AppendedPosition | undefined>(records.length),
          next: 0,
          deadlineMs: performance.now() + options.appendDeadlineMs,
          slackMs: Math.max(0, bytes - SMALL_APPEND_BYTES) / SLOWEST_BYTES_PER_MS,
          mayBeStored: false,
          settled: false,
          resolve,
          reject,
        };
        const queuedBytes = ways.reduce((sum, way) => sum + way.main.queuedBytes, 0);
        if (queuedBytes > 0 && queuedBytes + append.bytes > MAX_QUEUED_BYTES)
          reject(new LogUnavailable(`${queuedBytes} bytes are waiting for the log already`));
        else (records.some(({ topic }) => flushed.has(topic)) ? slow : usual).main.push(append);
      });
    },
    async warmUp() {
      await Promise.all(ways.map((way) => way.main.warmUp()));
    },
    async close() {
      closed = true;
      await Promise.all(ways.map((way) => way.close()));
    },
  };
}

/** A lane, and one beside it for appends whose topic fails. */
function openWay(options: AppenderOptions, places: Places): { main: Lane; close(): Promise<void> } {
  const quarantine = new Map<Place, number>();
  const main = new Lane(options, places, quarantine, true);
  let side: Lane | undefined;
  main.onTroubled = (append) => {
    side ??= new Lane(options, places, quarantine, false);
    side.push(append);
  };
  return {
    main,
    async close() {
      await Promise.all([main.close(), side?.close()]);
    },
  };
}

class Places {
  readonly #byTopic = new Map<string, Map<number, Place>>();

  of(topic: string, partition: number): Place {
    let ofTopic = this.#byTopic.get(topic);
    if (!ofTopic) this.#byTopic.set(topic, (ofTopic = new Map<number, Place>()));
    let place = ofTopic.get(partition);
    if (!place) ofTopic.set(partition, (place = { topic, partition }));
    return place;
  }
}

/** One client, its queue and its one request in flight. */
class Lane {
  /** Gets an append that must not hold up the others: its topic fails. */
  onTroubled: ((append: PendingAppend) => void) | undefined;
  queuedBytes = 0;

  readonly #options: AppenderOptions;
  readonly #places: Places;
  /** Until when the appends of a place travel alone. */
  readonly #quarantine: Map<Place, number>;
  readonly #isMain: boolean;
  #queue: PendingAppend[] = [];
  #running: Promise<void> | undefined;
  #client: ProduceClient | undefined;
  /** Of the client: connected. */
  #ready: Promise<void> | undefined;
  /** Of the attempt under way: ends our waiting for it. */
  #giveUp: ((error: Error) => void) | undefined;
  #inFlight: Share[] = [];
  /** Produce requests of the client before the attempt under way. */
  #sentBefore = 0;
  #timer: NodeJS.Timeout | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #wake: (() => void) | undefined;

  constructor(options: AppenderOptions, places: Places, quarantine: Map<Place, number>, isMain: boolean) {
    this.#options = options;
    this.#places = places;
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
      this.#discardClient();
      throw unavailable('Kafka does not answer', cause);
    }
  }

  async close(): Promise<void> {
    await this.#running;
    clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = undefined;
    if (!client) return;
    const orderly = client.close().catch(() => undefined);
    const late = setTimeout(() => {
      client.cut();
    }, 1_000);
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
    const perPlace = new Map<Place, number>();
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
        if (append.positions[to] !== undefined) continue;
        const size = append.sizes[to] as number;
        const place = append.places[to] as Place;
        const filled = perPlace.get(place) ?? 0;
        if (filled > 0 && filled + size > MAX_PARTITION_BATCH_BYTES) break;
        if (total > 0 && total + size > MAX_REQUEST_BYTES) break;
        perPlace.set(place, filled + size);
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
      const shares = given.filter(isLeft);
      if (shares.length === 0) return;
      const cause = await this.#attempt(shares).then(
        (answers) => this.#settle(shares, answers),
        (fault: unknown) => fault,
      );
      if (cause === undefined) {
        this.#pauseMs = FIRST_PAUSE_MS;
        return;
      }
      failures++;
      const left = shares.filter(isLeft);
      this.#options.onWarning?.('append failed, a new producer takes over', {
        reason: [refusalOf(cause), describe(cause)].filter(Boolean).join(': '),
        topics: this.#topicsOf(left).map(({ name }) => name),
        attempt: failures,
      });
      const answered = answerOf(cause) !== undefined;
      const mayHeal = !answered || isRetriableAnswer(cause);
      if (answered && (!mayHeal || failures > 1)) {
        const parts = isRecordFault(cause) ? halves(left) : perTopics(left);
        if (parts.length > 1) {
          for (const part of parts) await this.#deliver(part, failures);
          return;
        }
        if (this.#isMain || !mayHeal) {
          for (const { append } of left) this.#part(append, cause, mayHeal);
          return;
        }
      }
      await this.#pause();
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
    for (const place of append.places) this.#quarantine.set(place, until);
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
    for (const place of append.places) {
      const until = this.#quarantine.get(place);
      if (until === undefined) continue;
      if (until > nowMs) quarantined = true;
      else this.#quarantine.delete(place);
    }
    return quarantined;
  }

  /**
   * One request for what is not stored yet. Rejects with the client's error, or with LogUnavailable once a deadline has passed; the client
   * is gone then, as it is after a refusal.
   */
  async #attempt(shares: Share[]): Promise<Map<Place, ProduceAnswer>> {
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
      this.#discardClient();
      if (sent) for (const { append } of shares) append.mayBeStored = true;
      throw cause;
    } finally {
      this.#inFlight = [];
      this.#giveUp = undefined;
    }
  }

  /** One request to each broker that leads a partition of it. */
  async #send(shares: Share[]): Promise<Map<Place, ProduceAnswer>> {
    const client = await this.#connected();
    const answers = await client.produce(this.#topicsOf(shares));
    // It may have been replaced meanwhile: the wait for these answers was given up.
    if (this.#client === client && answers.some(({ refusal }) => refusal !== undefined)) this.#discardClient();
    const ofPlaces = new Map<Place, ProduceAnswer>();
    const prefixLength = this.#options.topicPrefix.length;
    for (const answer of answers) ofPlaces.set(this.#places.of(answer.topicName.slice(prefixLength), answer.partition), answer);
    return ofPlaces;
  }

  #topicsOf(shares: Share[]): TopicRecords[] {
    const perPlace = new Map<Place, TopicRecords['partitions'][number]>();
    const perTopic = new Map<string, TopicRecords>();
    for (const { append, from, to } of shares) {
      for (let i = from; i < to; i++) {
        if (append.positions[i] !== undefined) continue;
        const place = append.places[i] as Place;
        let ofPlace = perPlace.get(place);
        if (!ofPlace) {
          perPlace.set(place, (ofPlace = { partition: place.partition, records: [], mostBytes: 0 }));
          let ofTopic = perTopic.get(place.topic);
          if (!ofTopic) perTopic.set(place.topic, (ofTopic = { name: this.#options.topicPrefix + place.topic, partitions: [] }));
          ofTopic.partitions.push(ofPlace);
        }
        ofPlace.records.push(append.records[i] as OutgoingRecord);
        ofPlace.mostBytes += append.sizes[i] as number;
      }
    }
    return [...perTopic.values()];
  }

  /** What was stored is; answers why a partition was refused, if one was: what no time heals goes before the rest. */
  #settle(shares: Share[], answers: Map<Place, ProduceAnswer>): Error | undefined {
    let cause: Error | undefined;
    const stored = new Map<Place, number>();
    for (const { append, from, to } of shares) {
      let isComplete = true;
      let isKnown = true;
      for (let i = from; i < to; i++) {
        if (append.positions[i] !== undefined) continue;
        const place = append.places[i] as Place;
        const answer = answers.get(place);
        if (answer !== undefined && answer.refusal === undefined) {
          const before = stored.get(place) ?? 0;
          stored.set(place, before + 1);
          append.positions[i] = { topic: place.topic, partition: place.partition, offset: answer.baseOffset + before };
          continue;
        }
        isComplete = false;
        // Records for partitions that the metadata lacks are not sent.
        if (answer === undefined) isKnown = false;
        else {
          if (!isPlainNo(answer.refusal)) append.mayBeStored = true;
          if (cause === undefined || isRetriableAnswer(cause)) cause = answer.refusal;
        }
      }
      if (isComplete) append.next = to;
      if (append.next === append.records.length) {
        if (!append.settled) append.resolve(append.positions as AppendedPosition[]);
        append.settled = true;
      } else if (append.positions.some((position) => position !== undefined)) append.mayBeStored = true;
      if (!isKnown) {
        const text = `${topicsOf(append)} has no such partition`;
        this.#reject(append, append.mayBeStored ? new LogOutcomeUnknown(text) : new LogUnavailable(text));
      }
    }
    return cause;
  }

  async #connected(): Promise<ProduceClient> {
    if (!this.#client) {
      this.#client = this.#options.openClient();
      this.#ready = this.#client.connect();
      this.#ready.catch(() => undefined);
    }
    const client = this.#client;
    await this.#ready;
    return client;
  }

  #discardClient(): void {
    this.#client?.cut();
    this.#client = undefined;
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
      this.#discardClient();
      this.#giveUp?.(new LogUnavailable('the log did not answer in time'));
    }
    this.#wake?.();
  }

  /** Appends of the request under way, once it was handed to the network. */
  #onTheirWay(): Set<PendingAppend> {
    return new Set(this.#hasSent() ? this.#inFlight.map(({ append }) => append) : []);
  }
}

/** Something of it is neither stored nor given up. */
function isLeft({ append, to }: Share): boolean {
  return !append.settled && append.next < to;
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
