import { setTimeout as sleep } from 'node:timers/promises';
import {
  findCoordinatorV4,
  heartbeatV4,
  joinGroupV7,
  leaveGroupV4,
  offsetCommitV8,
  offsetFetchV8,
  Reader,
  syncGroupV5,
  Writer,
  type Connection,
} from '@platformatic/kafka';
import { Brokers, type PlatformaticConnectionOptions } from './brokers';
import { BrokerAnswer } from './platformatic-faults';

/** Partitions of topics named with their prefix. */
export interface TopicPartitions {
  topic: string;
  partitions: number[];
}

export interface GroupOptions extends PlatformaticConnectionOptions {
  group: string;
  /** With their prefix. */
  topicNames: string[];
  sessionTimeoutMs: number;
  rebalanceTimeoutMs: number;
}

/** The name under which kafkajs does the same: members with either client can be in one group while it is changed. */
const ASSIGNER = 'RoundRobinAssigner';
const PROTOCOL_TYPE = 'consumer';
const NO_DATA = Buffer.alloc(0);
const GROUP_KEY = 0;
const NO_EPOCH = -1;
/** Beyond the time that a join may be held back. */
const REQUEST_SLACK_MS = 5_000;
const TRY_AGAIN_MS = 100;
const MOST_TRIES = 50;

/**
 * What a member of a consumer group (classic protocol) says to its coordinator, over connections of its own. When to say it is the
 * session's to decide: the library's own Consumer joins anew by itself, with batches under way, and carries commits over into the next
 * generation.
 */
export class GroupMember {
  readonly #options: GroupOptions;
  #brokers: Brokers;
  #coordinator: { host: string; port: number } | undefined;
  #memberId = '';
  #generation = -1;

  constructor(options: GroupOptions) {
    this.#options = options;
    this.#brokers = openBrokers(options);
  }

  /** The same member, over new connections, to the coordinator of now. What is pending rejects. */
  reconnect(): void {
    this.#brokers.cut();
    this.#brokers = openBrokers(this.#options);
    this.#coordinator = undefined;
  }

  /**
   * Joins, or joins again. `isContinued`: nobody else can have had our partitions since the last time.
   * @throws BrokerAnswer, BrokerAway
   */
  async join(): Promise<{ assignment: TopicPartitions[]; isContinued: boolean }> {
    const before = { memberId: this.#memberId, generation: this.#generation };
    for (let tries = 1; ; tries++) {
      try {
        const assignment = await this.#joinOnce();
        return { assignment, isContinued: this.#memberId === before.memberId && this.#generation === before.generation + 1 };
      } catch (cause) {
        if (!(cause instanceof BrokerAnswer) || tries >= MOST_TRIES) throw cause;
        if (cause.type === 'MEMBER_ID_REQUIRED') this.#memberId = cause.memberId ?? '';
        else if (cause.type === 'UNKNOWN_MEMBER_ID') this.#memberId = '';
        else if (cause.retriable) {
          this.#coordinator = undefined;
          await sleep(TRY_AGAIN_MS);
        } else if (cause.type !== 'REBALANCE_IN_PROGRESS' && cause.type !== 'ILLEGAL_GENERATION') throw cause;
      }
    }
  }

  /** @throws BrokerAnswer with REBALANCE_IN_PROGRESS when it is time to join again */
  async heartbeat(): Promise<void> {
    await this.#brokers.ask(await this.#connection(), heartbeatV4.api.async, this.#options.group, this.#generation, this.#memberId, null);
  }

  async commit(offsets: { topicName: string; partition: number; offset: number }[]): Promise<void> {
    const topics = new Map<
      string,
      { partitionIndex: number; committedOffset: bigint; committedLeaderEpoch: number; committedMetadata: string }[]
    >();
    for (const { topicName, partition, offset } of offsets) {
      const partitions = topics.get(topicName) ?? [];
      partitions.push({
        partitionIndex: partition,
        committedOffset: BigInt(offset),
        committedLeaderEpoch: NO_EPOCH,
        committedMetadata: '',
      });
      topics.set(topicName, partitions);
    }
    const named = [...topics].map(([name, partitions]) => ({ name, partitions }));
    const { group } = this.#options;
    await this.#brokers.ask(await this.#connection(), offsetCommitV8.api.async, group, this.#generation, this.#memberId, null, named);
  }

  /** Offset by topic, a blank and partition; -1 where none. */
  async committed(wanted: TopicPartitions[]): Promise<Map<string, number>> {
    return fetchCommitted(this.#brokers, await this.#connection(), this.#options.group, wanted);
  }

  async leave(): Promise<void> {
    if (this.#memberId !== '')
      await this.#brokers.ask(await this.#connection(), leaveGroupV4.api.async, this.#options.group, [{ memberId: this.#memberId }]);
    await this.#brokers.close();
  }

  cut(): void {
    this.#brokers.cut();
  }

  async #connection(): Promise<Connection> {
    this.#coordinator ??= await findCoordinator(this.#brokers, this.#options.group);
    return this.#brokers.at(this.#coordinator);
  }

  async #joinOnce(): Promise<TopicPartitions[]> {
    const { group, topicNames, sessionTimeoutMs, rebalanceTimeoutMs } = this.#options;
    const connection = await this.#connection();
    const protocols = [{ name: ASSIGNER, metadata: subscriptionOf(topicNames) }];
    const joined = await this.#brokers.ask(
      connection,
      joinGroupV7.api.async,
      group,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      this.#memberId,
      null,
      PROTOCOL_TYPE,
      protocols,
      null,
    );
    const memberId = joined.memberId ?? '';
    this.#memberId = memberId;
    const isLeader = joined.leader === memberId;
    const assignments = isLeader ? await this.#assign(joined.members) : [];
    const { assignment } = await this.#brokers.ask(
      connection,
      syncGroupV5.api.async,
      group,
      joined.generationId,
      memberId,
      null,
      PROTOCOL_TYPE,
      ASSIGNER,
      assignments,
    );
    this.#generation = joined.generationId;
    return readAssignment(assignment);
  }

  async #assign(members: { memberId: string; metadata: Buffer | null }[]): Promise<{ memberId: string; assignment: Buffer }[]> {
    const subscriptions = members.map(({ memberId, metadata }) => ({ memberId, topics: readSubscription(metadata ?? NO_DATA) }));
    const topicNames = [...new Set(subscriptions.flatMap(({ topics }) => topics))];
    await this.#brokers.refresh(topicNames);
    const partitionCounts = new Map(topicNames.map((name) => [name, this.#brokers.partitionsOf(name).length]));
    return assignInTurn(subscriptions, partitionCounts).map(({ memberId, topics }) => ({ memberId, assignment: assignmentOf(topics) }));
  }
}

function openBrokers(options: GroupOptions): Brokers {
  return new Brokers(options, options.rebalanceTimeoutMs + REQUEST_SLACK_MS);
}

/** Partition after partition to member after member, of those that want its topic. */
export function assignInTurn(
  members: { memberId: string; topics: string[] }[],
  partitionCounts: ReadonlyMap<string, number>,
): { memberId: string; topics: TopicPartitions[] }[] {
  const sorted = [...members].sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
  const given = new Map(sorted.map(({ memberId }) => [memberId, new Map<string, number[]>()]));
  let turn = 0;
  for (const [topic, count] of partitionCounts) {
    const wanting = sorted.filter(({ topics }) => topics.includes(topic));
    for (let partition = 0; partition < count; partition++) {
      const member = wanting[turn++ % wanting.length];
      const topics = member && given.get(member.memberId);
      if (!topics) continue;
      const partitions = topics.get(topic);
      if (partitions) partitions.push(partition);
      else topics.set(topic, [partition]);
    }
  }
  return [...given].map(([memberId, topics]) => ({
    memberId,
    topics: [...topics].map(([topic, partitions]) => ({ topic, partitions })),
  }));
}

export async function findCoordinator(brokers: Brokers, group: string): Promise<{ host: string; port: number }> {
  const { coordinators } = await brokers.ask(await brokers.any(), findCoordinatorV4.api.async, GROUP_KEY, [group]);
  const [coordinator] = coordinators;
  if (!coordinator) throw new RangeError('the broker named no coordinator');
  return coordinator;
}

export async function fetchCommitted(
  brokers: Brokers,
  connection: Connection,
  group: string,
  wanted: TopicPartitions[],
): Promise<Map<string, number>> {
  const topics = wanted.map(({ topic, partitions }) => ({ name: topic, partitionIndexes: partitions }));
  const answer = await brokers.ask(
    connection,
    offsetFetchV8.api.async,
    [{ groupId: group, memberId: null, memberEpoch: NO_EPOCH, topics }],
    false,
  );
  const offsets = new Map<string, number>();
  for (const { topics: answered } of answer.groups)
    for (const { name, partitions } of answered)
      for (const { partitionIndex, committedOffset } of partitions) offsets.set(`${name} ${partitionIndex}`, Number(committedOffset));
  return offsets;
}

/** ConsumerProtocolSubscription and ConsumerProtocolAssignment, version 0 (kafka.apache.org/protocol). */
function subscriptionOf(topics: string[]): Buffer {
  return Writer.create()
    .appendInt16(0)
    .appendArray(topics, (w, topic) => w.appendString(topic, false), false, false)
    .appendBytes(NO_DATA, false).buffer;
}

function readSubscription(bytes: Buffer): string[] {
  const reader = Reader.from(bytes);
  reader.skip(2);
  return reader.readArray((r) => r.readString(false), false, false);
}

function assignmentOf(topics: TopicPartitions[]): Buffer {
  return Writer.create()
    .appendInt16(0)
    .appendArray(
      topics,
      (w, { topic, partitions }) =>
        w.appendString(topic, false).appendArray(partitions, (v, partition) => v.appendInt32(partition), false, false),
      false,
      false,
    )
    .appendBytes(NO_DATA, false).buffer;
}

function readAssignment(bytes: Buffer): TopicPartitions[] {
  if (bytes.length === 0) return [];
  const reader = Reader.from(bytes);
  reader.skip(2);
  return reader.readArray(
    (r) => ({ topic: r.readString(false), partitions: r.readArray((q) => q.readInt32(), false, false) }),
    false,
    false,
  );
}
