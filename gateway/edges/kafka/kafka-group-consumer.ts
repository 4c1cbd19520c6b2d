import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, EachBatchPayload, OffsetsByTopicPartition } from 'kafkajs';
import type { BatchControl, Consumption, LogConsumer } from '../../ports/message-log';
import { COMMIT_EVERY_MS, startSupervised, type ConsumerSession, type SessionEvents, type SupervisorOptions } from './consumer-supervisor';
import { createKafka, type CuttableKafka, type KafkaConnectionOptions } from './kafka-client';
import { describe, isMembershipLost, refusalOf, within } from './kafka-faults';
import { hearCoordinatorErrors } from './kafkajs-internals';
import { consumeAsRecords, createFetchRecords, type FetchedMessage } from './kafka-fetch';

/**
 * Consuming with kafkajs as architecture.md §5 asks. What a handler throws never reaches kafkajs (it would stop for good): its
 * partition pauses and gets the same records again. A consumer that crashed or stands still is replaced by a new one as long as the
 * broker is merely away; otherwise the process is told to end.
 */
export interface GroupConsumerOptions extends KafkaConnectionOptions, SupervisorOptions {
  topicPrefix: string;
  sessionTimeoutMs: number;
  heartbeatIntervalMs: number;
  /** How long one batch may take before its membership is no longer kept alive for it. */
  maxBatchMs: number;
}

const REQUEST_TIMEOUT_MS = 10_000;
/** A member that is still at work when the group rebalances is waited for this long. */
const REBALANCE_TIMEOUT_MS = 10_000;
/** Also the longest that stop() waits for an idle fetch. */
const MAX_FETCH_WAIT_MS = 500;
const PARTITIONS_AT_ONCE = 64;
const FIRST_PAUSE_MS = 100;
const LAST_PAUSE_MS = 10_000;
const COMMIT_AGAIN_MS = 500;
const STOP_WITHIN_MS = 5_000;

interface Partition {
  topic: string;
  partition: number;
  /** The group gave it to somebody else, or the membership has ended. */
  lost: boolean;
  /** Times in a row that the handler has rejected. */
  failures: number;
}

/** Starts consuming. Rejects only for what waiting does not mend; with the broker away it goes on trying in the background. */
export async function startGroupConsumer(options: GroupConsumerOptions, consumption: Consumption): Promise<LogConsumer> {
  return startSupervised(options, consumption, (events) => new Session(options, consumption, events));
}

/** One kafkajs consumer, from connect to crash or stop. */
class Session implements ConsumerSession {
  readonly #options: GroupConsumerOptions;
  readonly #consumption: Consumption;
  readonly #events: SessionEvents;
  readonly #client: CuttableKafka;
  readonly #consumer: Consumer;
  readonly #partitions = new Map<string, Partition>();
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Batches under way. */
  readonly #working = new Set<Promise<void>>();
  readonly #toCommit = new Map<string, { topic: string; partition: number; offset: number }>();
  #committing: Promise<void> | undefined;
  #committedMs = -Infinity;
  #payload: Pick<EachBatchPayload, 'heartbeat' | 'commitOffsetsIfNecessary'> | undefined;
  #memberId = '';
  /** When the coordinator last confirmed the membership; counts on while the process is stopped. */
  #confirmedMs = performance.now();
  #activeMs = performance.now();
  #membershipError: Error | undefined;
  /** The group is not open to this user. */
  #refusal: unknown;
  #stopping = false;
  #dead = false;

  constructor(options: GroupConsumerOptions, consumption: Consumption, events: SessionEvents) {
    this.#options = options;
    this.#consumption = consumption;
    this.#events = events;
    this.#client = createKafka(options, REQUEST_TIMEOUT_MS);
    consumeAsRecords(this.#client.kafka, createFetchRecords(options.topicPrefix));
    hearCoordinatorErrors(this.#client.kafka, (cause) => {
      if (refusalOf(cause) !== undefined) this.#refusal = cause;
    });
    this.#consumer = this.#client.kafka.consumer({
      groupId: consumption.group,
      sessionTimeout: options.sessionTimeoutMs,
      heartbeatInterval: options.heartbeatIntervalMs,
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      maxWaitTimeInMs: MAX_FETCH_WAIT_MS,
      allowAutoTopicCreation: false,
      metadataMaxAge: 60_000,
    });
  }

  async start(): Promise<void> {
    const { events } = this.#consumer;
    this.#consumer.on(events.GROUP_JOIN, ({ payload }) => {
      this.#joined(payload.memberId, payload.memberAssignment);
    });
    this.#consumer.on(events.HEARTBEAT, () => {
      this.#confirmedMs = this.#activeMs = performance.now();
    });
    this.#consumer.on(events.FETCH, () => {
      this.#activeMs = performance.now();
    });
    let early: Error | undefined;
    let started = false;
    this.#consumer.on(events.CRASH, ({ payload }) => {
      if (started) this.#crashed(this.#refusal ?? payload.error);
      else early = payload.error;
    });
    try {
      await this.#run();
      // kafkajs resolves run() also when joining has failed: the crash event tells.
      if (early) throw early;
    } catch (cause) {
      throw this.#refusal ?? cause;
    }
    started = true;
    this.#activeMs = performance.now();
  }

  async #run(): Promise<void> {
    await this.#consumer.connect();
    await this.#consumer.subscribe({
      topics: this.#consumption.topics.map((topic) => this.#options.topicPrefix + topic),
      fromBeginning: true,
    });
    await this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
      eachBatch: (payload) => this.#eachBatch(payload),
    });
  }

  /** Milliseconds without a sign of life of kafkajs; 0 while a batch is under way. */
  idleMs(): number {
    return this.#working.size > 0 || this.#dead ? 0 : performance.now() - this.#activeMs;
  }

  /** The orderly end. */
  async stop(): Promise<void> {
    if (this.#dead) return;
    this.#stopping = true;
    this.#clearTimers();
    await Promise.allSettled([...this.#working]);
    try {
      await within(this.#flush(), STOP_WITHIN_MS, () => new Error('no answer'));
      await within(this.#consumer.disconnect(), STOP_WITHIN_MS, () => new Error('no answer'));
    } catch (cause) {
      const { group } = this.#consumption;
      this.#options.onWarning?.('the group was not left in an orderly way', { group, reason: describe(cause) });
    }
    this.abandon();
  }

  /** The other end: nothing more is delivered or committed. */
  abandon(): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#clearTimers();
    this.#client.cut();
    this.#consumer.disconnect().catch(() => undefined);
    this.#revoke([...this.#partitions.values()]);
  }

  #crashed(cause: unknown): void {
    if (this.#dead || this.#stopping) return;
    this.#events.onCrash(cause);
  }

  #joined(memberId: string, assignment: Record<string, number[]>): void {
    this.#confirmedMs = this.#activeMs = performance.now();
    this.#membershipError = undefined;
    // Positions are read anew from the group after each join; an older commit of ours must not follow.
    this.#toCommit.clear();
    const given = new Map<string, { topic: string; partition: number }>();
    for (const [topic, partitions] of Object.entries(assignment))
      for (const partition of partitions) given.set(`${topic} ${partition}`, { topic: this.#withoutPrefix(topic), partition });
    // A new member id means that we were out of the group: others may have worked on what we hold again now.
    const wasOut = this.#memberId !== '' && this.#memberId !== memberId;
    this.#memberId = memberId;
    this.#revoke([...this.#partitions].filter(([key]) => wasOut || !given.has(key)).map(([, partition]) => partition));
    const added: { topic: string; partition: number }[] = [];
    for (const [key, { topic, partition }] of given) {
      if (this.#partitions.has(key)) continue;
      this.#partitions.set(key, { topic, partition, lost: false, failures: 0 });
      added.push({ topic, partition });
    }
    if (added.length > 0) this.#consumption.onAssigned?.(added);
  }

  #revoke(partitions: Partition[]): void {
    for (const partition of partitions) {
      partition.lost = true;
      this.#partitions.delete(`${this.#options.topicPrefix}${partition.topic} ${partition.partition}`);
    }
    if (partitions.length > 0) this.#consumption.onRevoked?.(partitions.map(({ topic, partition }) => ({ topic, partition })));
  }

  async #eachBatch(payload: EachBatchPayload): Promise<void> {
    this.#payload = payload;
    // kafkajs's own kind of error: it joins again at once instead of at the next heartbeat.
    await this.#assertMember();
    if (this.#membershipError) throw this.#membershipError;
    const { batch } = payload;
    const state = this.#partitions.get(`${batch.topic} ${batch.partition}`);
    if (!state || this.#dead || this.#stopping) return;
    const work = this.#handle(payload, state);
    this.#working.add(work);
    const alive = this.#keepAlive();
    try {
      await work;
    } finally {
      clearInterval(alive);
      this.#timers.delete(alive);
      this.#working.delete(work);
      this.#activeMs = performance.now();
    }
  }

  /**
   * Out for longer than a session lasts: the coordinator is asked. kafkajs paces its heartbeats by the wall clock; after one that was set
   * back it sends none until the old time has come again, and only another consumer helps.
   */
  async #assertMember(): Promise<void> {
    if (!this.#isOut()) return;
    await this.#heartbeat();
    if (this.#isOut() && !this.#membershipError) this.#crashed(new OutOfTouch('no heartbeat for longer than a session lasts'));
  }

  async #handle(payload: EachBatchPayload, state: Partition): Promise<void> {
    const { batch } = payload;
    const { topic, partition } = state;
    let seekTo: number | undefined;
    const control: BatchControl = {
      isStale: () => state.lost || this.#dead || this.#isOut() || payload.isStale(),
      heartbeat: () => this.#heartbeat(),
      seek: (offset) => {
        seekTo = offset;
      },
    };
    const [message] = batch.messages as unknown as FetchedMessage[];
    if (!message) return;
    const { records, lastOffset, highWatermark } = message.fetched;
    try {
      await this.#consumption.onBatch({ topic, partition, records, endOffset: highWatermark }, control);
    } catch (cause) {
      if (!this.#dead) this.#pause(state, batch.topic, cause);
      return;
    }
    if (control.isStale()) return;
    state.failures = 0;
    if (seekTo !== undefined) {
      this.#toCommit.delete(`${batch.topic} ${partition}`);
      this.#consumer.seek({ topic: batch.topic, partition, offset: String(seekTo) });
      return;
    }
    payload.resolveOffset(message.offset);
    this.#commit(batch.topic, partition, lastOffset + 1);
    this.#events.onProgress();
  }

  /** The same records come again after a pause that doubles; the other partitions go on. */
  #pause(state: Partition, topic: string, cause: unknown): void {
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** state.failures++, LAST_PAUSE_MS);
    const { partition } = state;
    this.#options.onWarning?.('a batch was not handled and is given again', {
      group: this.#consumption.group,
      topic: state.topic,
      partition,
      attempt: state.failures,
      pauseMs,
      reason: cause instanceof Error ? cause.name : typeof cause,
      code: (cause as { code?: unknown } | undefined)?.code,
    });
    this.#consumer.pause([{ topic, partitions: [partition] }]);
    this.#later(pauseMs, () => {
      try {
        this.#consumer.resume([{ topic, partitions: [partition] }]);
      } catch {
        // Crashed meanwhile: the next consumer starts unpaused.
      }
    });
  }

  /** Commits do not hold up the next fetch, and have a pace: what is done meanwhile goes with the next one. */
  #commit(topic: string, partition: number, offset: number): void {
    this.#toCommit.set(`${topic} ${partition}`, { topic, partition, offset });
    this.#committing ??= this.#commitAll();
  }

  async #commitAll(): Promise<void> {
    // What ends in the same turn of the event loop goes together.
    await Promise.resolve();
    try {
      while (this.#toCommit.size > 0 && this.#payload && !this.#dead) {
        const waitMs = this.#committedMs + COMMIT_EVERY_MS - performance.now();
        if (waitMs > 0 && !this.#stopping) {
          await sleep(waitMs);
          continue;
        }
        const sending = [...this.#toCommit];
        // Not consumer.commitOffsets(): that one starts a second fetch loop when the group is rebalancing.
        await this.#payload.commitOffsetsIfNecessary(offsetsOf(sending.map(([, entry]) => entry)));
        this.#confirmedMs = this.#committedMs = performance.now();
        for (const [key, entry] of sending) if (this.#toCommit.get(key) === entry) this.#toCommit.delete(key);
      }
    } catch (cause) {
      if (isMembershipLost(cause)) this.#loseMembership(cause as Error);
      // The work is done; a later commit covers this one. Should none come, this timer does it.
      else if (!this.#stopping) this.#later(COMMIT_AGAIN_MS, () => void this.#flush());
    } finally {
      // In the same step as the last look: a commit between the two would wait for the next one.
      this.#committing = undefined;
    }
  }

  async #flush(): Promise<void> {
    await this.#committing;
    if (this.#toCommit.size > 0) await (this.#committing ??= this.#commitAll());
  }

  /** Heartbeats while a batch is under way: kafkajs sends none between two fetches. */
  #keepAlive(): NodeJS.Timeout {
    const untilMs = performance.now() + this.#options.maxBatchMs;
    const timer = setInterval(() => {
      if (performance.now() > untilMs) clearInterval(timer);
      else void this.#heartbeat();
    }, this.#options.heartbeatIntervalMs);
    this.#timers.add(timer);
    return timer;
  }

  async #heartbeat(): Promise<void> {
    try {
      await this.#payload?.heartbeat();
    } catch (cause) {
      // A rebalance lets us finish; any other fault shows at the next fetch or commit.
      if (isMembershipLost(cause)) this.#loseMembership(cause as Error);
    }
  }

  #loseMembership(cause: Error): void {
    this.#membershipError = cause;
    this.#toCommit.clear();
    for (const partition of this.#partitions.values()) partition.lost = true;
    this.#revoke([...this.#partitions.values()]);
  }

  /** True when the coordinator must have given our partitions away by now, as after a stopped process. */
  #isOut(): boolean {
    return performance.now() - this.#confirmedMs > this.#options.sessionTimeoutMs;
  }

  #later(delayMs: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#dead) run();
    }, delayMs);
    this.#timers.add(timer);
  }

  #clearTimers(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #withoutPrefix(topic: string): string {
    return topic.slice(this.#options.topicPrefix.length);
  }
}

/** Told as a connection that was closed: the remedy is the same. */
class OutOfTouch extends Error {
  override name = 'BrokerAway';
}

function offsetsOf(entries: { topic: string; partition: number; offset: number }[]): OffsetsByTopicPartition {
  const topics = new Map<string, { partition: number; offset: string }[]>();
  for (const { topic, partition, offset } of entries) {
    const partitions = topics.get(topic) ?? [];
    partitions.push({ partition, offset: String(offset) });
    topics.set(topic, partitions);
  }
  return { topics: [...topics].map(([topic, partitions]) => ({ topic, partitions })) };
}
