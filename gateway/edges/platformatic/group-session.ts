import { setTimeout as sleep } from 'node:timers/promises';
import type { BatchControl, Consumption } from '../../ports/message-log';
import { COMMIT_EVERY_MS, type ConsumerSession, type SessionEvents, type SupervisorOptions } from '../kafka/consumer-supervisor';
import { answerOf, describe, isAway, isMembershipLost, within } from '../kafka/kafka-faults';
import type { FetchedRecords } from '../kafka/kafka-fetch';
import { Brokers, type PlatformaticConnectionOptions } from './brokers';
import { fetchRecords, type Fetched, type WantedPartition } from './fetch-records';
import { GroupMember, type TopicPartitions } from './group-member';
import { EARLIEST, listOffsets } from './list-offsets';
import { BrokerAway } from './platformatic-faults';

/**
 * One member of a consumer group, from joining to crash or stop. Each leader has one fetch under way, for all its partitions that have not
 * yet a batch in hand and one waiting; each partition has one batch with the handler. A rebalance waits for the batches under way, then for
 * their commits, before this member joins again.
 */
export interface GroupSessionOptions extends PlatformaticConnectionOptions, SupervisorOptions {
  topicPrefix: string;
  sessionTimeoutMs: number;
  heartbeatIntervalMs: number;
  /** How long one batch may take before its membership is no longer kept alive for it. */
  maxBatchMs: number;
}

const REQUEST_TIMEOUT_MS = 10_000;
/** A member that is still at work when the group rebalances is waited for this long. */
const REBALANCE_TIMEOUT_MS = 10_000;
/** Less, so that there is time to join. */
const SETTLE_WITHIN_MS = 8_000;
const MAX_FETCH_WAIT_MS = 500;
/** While a partition is not asked for: it may be finished any moment, and its next fetch stands behind the one under way. */
const SHORT_FETCH_WAIT_MS = 20;
const FIRST_PAUSE_MS = 100;
const LAST_PAUSE_MS = 10_000;
/** Fetches that fail in a row before the session counts as crashed: about 6 s. */
const MAX_FETCH_FAILURES = 6;
const LOOK_FOR_LEADERS_MS = 500;
/** Less than the session: there is time to ask again over another connection. */
const HEARTBEAT_WITHIN_MS = 2_000;
const COMMIT_AGAIN_MS = 500;
const STOP_WITHIN_MS = 5_000;

interface Partition {
  topicName: string;
  topic: string;
  partition: number;
  /** Where the next fetch begins. */
  next: number;
  /** With the handler, or to be handled next. */
  current: FetchedRecords | undefined;
  /** Fetched meanwhile. */
  following: FetchedRecords | undefined;
  isWorked: boolean;
  /** The group gave it to somebody else, or the membership has ended. */
  lost: boolean;
  /** Times in a row that the handler has rejected. */
  failures: number;
}

export class GroupSession implements ConsumerSession {
  readonly #options: GroupSessionOptions;
  readonly #consumption: Consumption;
  readonly #events: SessionEvents;
  readonly #member: GroupMember;
  #brokers: Brokers;
  readonly #partitions = new Map<string, Partition>();
  /** Handlers under way, by partition, and since when. */
  readonly #working = new Map<string, { done: Promise<void>; sinceMs: number }>();
  readonly #fetchesUnderWay = new Set<number>();
  readonly #toCommit = new Map<string, { topicName: string; partition: number; offset: number }>();
  readonly #ending = new AbortController();
  #committing: Promise<void> | undefined;
  #committedMs = -Infinity;
  #rebalancing: Promise<void> | undefined;
  #isJoining = false;
  #beating: Promise<void> | undefined;
  #beat: NodeJS.Timeout | undefined;
  #relearning: Promise<void> | undefined;
  #fetchFailures = 0;
  /** For leaders. */
  #looking = false;
  #turn = 0;
  /** When the coordinator last confirmed the membership; counts on while the process is stopped. */
  #confirmedMs = performance.now();
  #activeMs = performance.now();
  #started = false;
  #stopping = false;
  #dead = false;

  constructor(options: GroupSessionOptions, consumption: Consumption, events: SessionEvents) {
    this.#options = options;
    this.#consumption = consumption;
    this.#events = events;
    this.#brokers = new Brokers(options, REQUEST_TIMEOUT_MS);
    this.#member = new GroupMember({
      ...options,
      group: consumption.group,
      topicNames: consumption.topics.map((topic) => options.topicPrefix + topic),
      rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS,
    });
  }

  async start(): Promise<void> {
    await this.#brokers.know(this.#topicNames());
    await this.#join();
    this.#started = true;
    this.#beat = setInterval(() => void this.#heartbeat(), this.#options.heartbeatIntervalMs);
    this.#fetchMore();
  }

  idleMs(): number {
    return this.#working.size > 0 || this.#dead ? 0 : performance.now() - this.#activeMs;
  }

  async stop(): Promise<void> {
    if (this.#dead) return;
    this.#stopping = true;
    this.#ending.abort();
    await Promise.allSettled([...this.#working.values()].map(({ done }) => done));
    try {
      await within(this.#leave(), STOP_WITHIN_MS, () => new Error('no answer'));
    } catch (cause) {
      const { group } = this.#consumption;
      this.#options.onWarning?.('the group was not left in an orderly way', { group, reason: describe(cause) });
    }
    this.abandon();
  }

  abandon(): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#ending.abort();
    clearInterval(this.#beat);
    this.#member.cut();
    this.#brokers.cut();
    this.#revoke([...this.#partitions.values()]);
  }

  async #leave(): Promise<void> {
    await this.#rebalancing;
    await this.#flush();
    clearInterval(this.#beat);
    await this.#member.leave();
  }

  #crash(cause: unknown): void {
    if (this.#started && !this.#dead && !this.#stopping) this.#events.onCrash(cause);
  }

  // --- membership

  async #join(): Promise<void> {
    this.#isJoining = true;
    try {
      const { assignment, isContinued } = await this.#member.join();
      this.#confirmedMs = this.#activeMs = performance.now();
      if (this.#dead) return;
      const added = this.#joined(assignment, isContinued);
      await this.#findPositions(added);
    } finally {
      this.#isJoining = false;
    }
  }

  #joined(assignment: TopicPartitions[], isContinued: boolean): Partition[] {
    const { topicPrefix } = this.#options;
    const given = new Map<string, Partition>();
    for (const { topic: topicName, partitions } of assignment) {
      const topic = topicName.slice(topicPrefix.length);
      for (const partition of partitions)
        given.set(`${topicName} ${partition}`, {
          topicName,
          topic,
          partition,
          next: -1,
          current: undefined,
          following: undefined,
          isWorked: false,
          lost: false,
          failures: 0,
        });
    }
    // When others may have worked on what we hold again now, it is as new.
    this.#revoke([...this.#partitions].filter(([key]) => !isContinued || !given.has(key)).map(([, partition]) => partition));
    const added: Partition[] = [];
    for (const [key, partition] of given) {
      if (this.#partitions.has(key)) continue;
      this.#partitions.set(key, partition);
      added.push(partition);
    }
    if (added.length > 0) this.#consumption.onAssigned?.(added.map(({ topic, partition }) => ({ topic, partition })));
    return added;
  }

  /** After what the group has committed, else at the first record kept. */
  async #findPositions(added: Partition[]): Promise<void> {
    if (added.length === 0) return;
    const committed = await this.#member.committed(partitionsByTopic(added));
    const without: Partition[] = [];
    for (const state of added) {
      state.next = committed.get(keyOf(state)) ?? -1;
      if (state.next < 0) without.push(state);
    }
    await this.#toFirstKept(without);
  }

  async #toFirstKept(states: Partition[]): Promise<void> {
    for (const { topic: topicName, partitions } of partitionsByTopic(states)) {
      const starts = await listOffsets(this.#brokers, topicName, partitions, EARLIEST);
      for (const state of states) if (state.topicName === topicName) state.next = starts.get(state.partition) ?? 0;
    }
  }

  #revoke(states: Partition[]): void {
    for (const state of states) {
      state.lost = true;
      this.#partitions.delete(keyOf(state));
      this.#toCommit.delete(keyOf(state));
    }
    if (states.length > 0) this.#consumption.onRevoked?.(states.map(({ topic, partition }) => ({ topic, partition })));
  }

  /** Never rejects. At intervals of its own, batches under way or not. */
  async #heartbeat(): Promise<void> {
    if (this.#isJoining || this.#dead || this.#isOverdue()) return;
    await (this.#beating ??= this.#beatOnce());
  }

  async #beatOnce(): Promise<void> {
    try {
      await within(this.#member.heartbeat(), HEARTBEAT_WITHIN_MS, () => new BrokerAway('the coordinator does not answer'));
      this.#confirmedMs = this.#activeMs = performance.now();
    } catch (cause) {
      // A join that has begun meanwhile finds out by itself.
      if (this.#isJoining) return;
      if (isMembershipLost(cause)) this.#loseMembership();
      else if (answerOf(cause) === 'REBALANCE_IN_PROGRESS') {
        this.#confirmedMs = this.#activeMs = performance.now();
        this.#rebalance();
      } else if (isAway(cause) && !this.#isOut()) {
        // A membership outlives its connection: a new member would hold up the group until the session of the old one has ended.
        this.#member.reconnect();
      } else this.#crash(cause);
    } finally {
      this.#beating = undefined;
    }
  }

  /** A batch takes so long that its partition is better given to somebody else. */
  #isOverdue(): boolean {
    const beforeMs = performance.now() - this.#options.maxBatchMs;
    for (const { sinceMs } of this.#working.values()) if (sinceMs < beforeMs) return true;
    return false;
  }

  #loseMembership(): void {
    this.#revoke([...this.#partitions.values()]);
    this.#rebalance();
  }

  #rebalance(): void {
    if (this.#dead || this.#stopping) return;
    this.#rebalancing ??= this.#joinAgain();
  }

  async #joinAgain(): Promise<void> {
    try {
      const settled = Promise.allSettled([...this.#working.values()].map(({ done }) => done));
      await within(settled, SETTLE_WITHIN_MS, () => new Error('at work')).catch(() => undefined);
      await this.#flush();
      if (this.#dead || this.#stopping) return;
      await this.#join();
    } catch (cause) {
      this.#crash(cause);
    } finally {
      this.#rebalancing = undefined;
    }
    for (const state of this.#partitions.values()) void this.#work(state);
    this.#fetchMore();
  }

  /** True when the coordinator must have given our partitions away by now, as after a stopped process. */
  #isOut(): boolean {
    return performance.now() - this.#confirmedMs > this.#options.sessionTimeoutMs;
  }

  // --- fetching

  #fetchMore(): void {
    if (this.#dead || this.#stopping || this.#rebalancing || this.#relearning) return;
    const wanted = new Map<number, WantedPartition[]>();
    const held = new Map<number, number>();
    for (const { topicName, partition, following, next } of this.#partitions.values()) {
      const leader = this.#brokers.partitionsOf(topicName).find(({ partitionId }) => partitionId === partition)?.leader ?? -1;
      if (leader < 0) {
        this.#lookForLeaders();
        continue;
      }
      held.set(leader, (held.get(leader) ?? 0) + 1);
      if (following || next < 0) continue;
      const ofLeader = wanted.get(leader);
      if (ofLeader) ofLeader.push({ topicName, partition, offset: next });
      else wanted.set(leader, [{ topicName, partition, offset: next }]);
    }
    for (const [nodeId, partitions] of wanted) {
      if (this.#fetchesUnderWay.has(nodeId)) continue;
      this.#fetchesUnderWay.add(nodeId);
      void this.#fetchFrom(nodeId, partitions, partitions.length === held.get(nodeId) ? MAX_FETCH_WAIT_MS : SHORT_FETCH_WAIT_MS);
    }
  }

  /** The partitions that have one go on meanwhile. */
  #lookForLeaders(): void {
    if (this.#looking) return;
    this.#looking = true;
    const brokers = this.#brokers;
    void sleep(LOOK_FOR_LEADERS_MS, undefined, { signal: this.#ending.signal })
      .then(() => brokers.refresh(this.#topicNames()))
      .catch(() => undefined)
      .then(() => {
        this.#looking = false;
        this.#fetchMore();
      });
  }

  async #fetchFrom(nodeId: number, wanted: WantedPartition[], maxWaitMs: number): Promise<void> {
    const brokers = this.#brokers;
    try {
      const answer = await fetchRecords(brokers, nodeId, wanted, this.#options.topicPrefix, maxWaitMs, this.#turn++);
      this.#activeMs = performance.now();
      if (this.#dead) return;
      this.#take(answer, wanted);
      if (answer.refused.length > 0) await this.#refused(answer.refused);
      else this.#fetchFailures = 0;
    } catch (cause) {
      if (brokers === this.#brokers) this.#relearn(cause);
    } finally {
      this.#fetchesUnderWay.delete(nodeId);
    }
    this.#fetchMore();
  }

  #take({ fetched }: Fetched, wanted: WantedPartition[]): void {
    for (const batch of fetched) {
      const state = this.#partitions.get(`${batch.topicName} ${batch.partition}`);
      const asked = wanted.find(({ topicName, partition }) => topicName === batch.topicName && partition === batch.partition)?.offset;
      // Given away, or sought elsewhere meanwhile.
      if (!state || state.next !== asked || state.following || batch.lastOffset < 0) continue;
      state.next = batch.lastOffset + 1;
      if (batch.records.length === 0) continue;
      if (state.current) state.following = batch;
      else state.current = batch;
      void this.#work(state);
    }
  }

  async #refused(refused: Fetched['refused']): Promise<void> {
    const deleted: Partition[] = [];
    for (const { topicName, partition, answer } of refused) {
      const state = this.#partitions.get(`${topicName} ${partition}`);
      if (!state) continue;
      if (answer.type !== 'OFFSET_OUT_OF_RANGE') return this.#relearn(answer);
      deleted.push(state);
    }
    // Retention has deleted the start, or the topic was made anew.
    await this.#toFirstKept(deleted);
  }

  /** New connections and metadata, after a pause. A session that cannot fetch is a crashed one. */
  #relearn(cause: unknown): void {
    if (this.#dead || this.#stopping) return;
    if (!isAway(cause) || ++this.#fetchFailures > MAX_FETCH_FAILURES) {
      this.#crash(cause);
      return;
    }
    this.#relearning ??= this.#relearnOnce();
  }

  async #relearnOnce(): Promise<void> {
    this.#brokers.cut();
    this.#brokers = new Brokers(this.#options, REQUEST_TIMEOUT_MS);
    let again: unknown;
    try {
      await sleep(FIRST_PAUSE_MS * 2 ** (this.#fetchFailures - 1), undefined, { signal: this.#ending.signal });
      await this.#brokers.know(this.#topicNames());
    } catch (cause) {
      again = cause;
    } finally {
      this.#relearning = undefined;
    }
    if (again === undefined) this.#fetchMore();
    else this.#relearn(again);
  }

  #topicNames(): string[] {
    return this.#consumption.topics.map((topic) => this.#options.topicPrefix + topic);
  }

  // --- handling

  /** Batch after batch of one partition, as long as there are any. */
  async #work(state: Partition): Promise<void> {
    if (state.isWorked) return;
    state.isWorked = true;
    const key = keyOf(state);
    // Of a former assignment: its handler has been told, and may take its time.
    await this.#working.get(key)?.done;
    while (state.current && !state.lost && !this.#dead && !this.#stopping && !this.#rebalancing) {
      const batch = state.current;
      if (this.#isOut()) {
        // Ours still? The process may have been stopped, or the batch before this one too long.
        await this.#heartbeat();
        if (this.#isOut()) await sleep(FIRST_PAUSE_MS, undefined, { signal: this.#ending.signal }).catch(() => undefined);
        continue;
      }
      const handling = this.#handle(state, batch);
      this.#working.set(key, { done: handling.then(() => undefined), sinceMs: performance.now() });
      const pauseMs = await handling;
      this.#working.delete(key);
      this.#activeMs = performance.now();
      if (pauseMs > 0) await sleep(pauseMs, undefined, { signal: this.#ending.signal }).catch(() => undefined);
      else if (state.current === batch) {
        state.current = state.following;
        state.following = undefined;
      }
      this.#fetchMore();
    }
    state.isWorked = false;
  }

  /** How long to wait before the same records are given again, milliseconds; 0 when they are done with. */
  async #handle(state: Partition, { records, lastOffset, highWatermark }: FetchedRecords): Promise<number> {
    const { topic, partition } = state;
    let seekTo: number | undefined;
    const control: BatchControl = {
      isStale: () => state.lost || this.#dead || this.#isOut(),
      heartbeat: async () => {
        if (performance.now() - this.#confirmedMs > this.#options.heartbeatIntervalMs / 2) await this.#heartbeat();
      },
      seek: (offset) => {
        seekTo = offset;
      },
    };
    try {
      await this.#consumption.onBatch({ topic, partition, records, endOffset: highWatermark }, control);
    } catch (cause) {
      return this.#dead ? FIRST_PAUSE_MS : this.#failed(state, cause);
    }
    // Not committed, so not done; should the partition be ours after all, it comes again.
    if (control.isStale()) return FIRST_PAUSE_MS;
    state.failures = 0;
    if (seekTo !== undefined) {
      this.#toCommit.delete(keyOf(state));
      state.next = seekTo;
      state.current = state.following = undefined;
      return 0;
    }
    this.#commit(state, lastOffset + 1);
    this.#events.onProgress();
    return 0;
  }

  /** The same records come again after a pause that doubles; the other partitions go on. */
  #failed(state: Partition, cause: unknown): number {
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** state.failures++, LAST_PAUSE_MS);
    this.#options.onWarning?.('a batch was not handled and is given again', {
      group: this.#consumption.group,
      topic: state.topic,
      partition: state.partition,
      attempt: state.failures,
      pauseMs,
      reason: cause instanceof Error ? cause.name : typeof cause,
      code: (cause as { code?: unknown } | undefined)?.code,
    });
    return pauseMs;
  }

  // --- committing

  /** Commits do not hold up the next batch, and have a pace: what is done meanwhile goes with the next one. */
  #commit(state: Partition, offset: number): void {
    const { topicName, partition } = state;
    this.#toCommit.set(keyOf(state), { topicName, partition, offset });
    this.#committing ??= this.#commitAll();
  }

  async #commitAll(): Promise<void> {
    try {
      while (this.#toCommit.size > 0 && !this.#dead) {
        const waitMs = this.#committedMs + COMMIT_EVERY_MS - performance.now();
        if (waitMs > 0 && !this.#stopping) {
          await sleep(waitMs, undefined, { signal: this.#ending.signal }).catch(() => undefined);
          continue;
        }
        const sending = [...this.#toCommit];
        await this.#member.commit(sending.map(([, entry]) => entry));
        this.#confirmedMs = this.#committedMs = performance.now();
        for (const [key, entry] of sending) if (this.#toCommit.get(key) === entry) this.#toCommit.delete(key);
      }
    } catch (cause) {
      if (isMembershipLost(cause)) this.#loseMembership();
      // The work is done; a later commit covers this one. Should none come, this timer does it.
      else if (!this.#dead && !this.#stopping) setTimeout(() => void this.#flush(), COMMIT_AGAIN_MS).unref();
    } finally {
      // In the same step as the last look: a commit between the two would wait for the next one.
      this.#committing = undefined;
    }
  }

  async #flush(): Promise<void> {
    await this.#committing;
    if (this.#toCommit.size > 0) await (this.#committing ??= this.#commitAll());
  }
}

function keyOf({ topicName, partition }: { topicName: string; partition: number }): string {
  return `${topicName} ${partition}`;
}

function partitionsByTopic(states: Partition[]): TopicPartitions[] {
  const topics = new Map<string, number[]>();
  for (const { topicName, partition } of states) {
    const partitions = topics.get(topicName);
    if (partitions) partitions.push(partition);
    else topics.set(topicName, [partition]);
  }
  return [...topics].map(([topic, partitions]) => ({ topic, partitions }));
}
