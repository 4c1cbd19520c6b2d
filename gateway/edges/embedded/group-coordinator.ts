import type { BatchControl, Consumption } from '../../ports/message-log';
import type { LogStorage, PartitionReader, StoredPartition } from './log-storage';

/**
 * Groups of one process: who of a group's members works on which partition, one batch of a partition at a time. A partition moves
 * only between batches, so no batch is ever stale.
 */
export interface GroupMember {
  stop(): Promise<void>;
}

export interface MemberOptions {
  topicPrefix: string;
  onWarning?(message: string, context: Record<string, unknown>): void;
}

const BATCH_RECORDS = 1_000;
const BATCH_BYTES = 1024 * 1024;
const FIRST_PAUSE_MS = 100;
const LAST_PAUSE_MS = 10_000;

interface Member {
  consumption: Consumption;
  options: MemberOptions;
  /** Names with prefix. */
  topics: string[];
  workers: Map<StoredPartition, Worker>;
}

const coordinators = new WeakMap<LogStorage, GroupCoordinator>();

export function coordinatorOf(storage: LogStorage): GroupCoordinator {
  let coordinator = coordinators.get(storage);
  if (!coordinator) coordinators.set(storage, (coordinator = new GroupCoordinator(storage)));
  return coordinator;
}

export class GroupCoordinator {
  readonly #storage: LogStorage;
  readonly #groups = new Map<string, { members: Member[]; settling: Promise<void> }>();

  constructor(storage: LogStorage) {
    this.#storage = storage;
  }

  async join(consumption: Consumption, options: MemberOptions): Promise<GroupMember> {
    const topics = consumption.topics.map((topic) => options.topicPrefix + topic);
    const member: Member = { consumption, options, topics, workers: new Map() };
    let group = this.#groups.get(consumption.group);
    if (!group) this.#groups.set(consumption.group, (group = { members: [], settling: Promise.resolve() }));
    group.members.push(member);
    await this.#settle(group);
    let leaving: Promise<void> | undefined;
    return {
      stop: () => {
        group.members = group.members.filter((other) => other !== member);
        return (leaving ??= this.#settle(group, member));
      },
    };
  }

  /** Moves partitions until everybody has a fair share; one settlement of a group at a time. */
  #settle(group: { members: Member[]; settling: Promise<void> }, leaver?: Member): Promise<void> {
    group.settling = group.settling.then(async () => {
      const wanted = this.#shares(group.members);
      const affected = leaver ? [...group.members, leaver] : group.members;
      await Promise.all(
        affected.map(async (member) => {
          const lost = [...member.workers].filter(([partition]) => wanted.get(partition) !== member);
          await Promise.all(lost.map(([, worker]) => worker.stop()));
          for (const [partition] of lost) member.workers.delete(partition);
          if (lost.length > 0) member.consumption.onRevoked?.(lost.map(([partition]) => nameOf(partition, member)));
        }),
      );
      for (const member of group.members) {
        const added = [...wanted].filter(([partition, owner]) => owner === member && !member.workers.has(partition));
        if (added.length > 0) member.consumption.onAssigned?.(added.map(([partition]) => nameOf(partition, member)));
        for (const [partition] of added) member.workers.set(partition, new Worker(this.#storage, partition, member));
      }
    });
    return group.settling;
  }

  #shares(members: Member[]): Map<StoredPartition, Member> {
    const shares = new Map<StoredPartition, Member>();
    for (const topic of new Set(members.flatMap(({ topics }) => topics))) {
      const subscribed = members.filter(({ topics }) => topics.includes(topic));
      for (const partition of this.#storage.partitions(topic) ?? []) {
        const owner = subscribed[partition.partition % subscribed.length];
        if (owner) shares.set(partition, owner);
      }
    }
    return shares;
  }
}

function nameOf({ topic, partition }: StoredPartition, { options }: Member): { topic: string; partition: number } {
  return { topic: topic.slice(options.topicPrefix.length), partition };
}

/** One member's work on one partition. */
class Worker implements PartitionReader {
  readonly #storage: LogStorage;
  readonly #partition: StoredPartition;
  readonly #member: Member;
  readonly #topic: string;
  readonly #done: Promise<void>;
  position: number;
  #stopping = false;
  #failures = 0;
  #wake: () => void = () => undefined;

  constructor(storage: LogStorage, partition: StoredPartition, member: Member) {
    this.#storage = storage;
    this.#partition = partition;
    this.#member = member;
    this.#topic = nameOf(partition, member).topic;
    this.position = Math.max(0, storage.committed(member.consumption.group, partition.topic, partition.partition));
    this.#done = this.#run();
  }

  /** Resolves when the batch under way has ended and is committed. */
  stop(): Promise<void> {
    this.#stopping = true;
    this.#wake();
    return this.#done;
  }

  wake(): void {
    this.#wake();
  }

  async #run(): Promise<void> {
    this.#partition.readers.add(this);
    try {
      for (;;) {
        // Each batch in its own turn of the event loop, so that a long backlog leaves room for others.
        await new Promise((resolve) => setImmediate(resolve));
        if (this.#stopping) return;
        this.position = Math.max(this.position, this.#partition.start);
        if (this.position >= this.#partition.end) await this.#woken();
        else await this.#handleBatch();
      }
    } finally {
      this.#partition.readers.delete(this);
      this.#storage.forgetRead(this.#partition);
    }
  }

  async #handleBatch(): Promise<void> {
    let seekTo: number | undefined;
    const control: BatchControl = {
      isStale: () => false,
      heartbeat: () => Promise.resolve(),
      seek: (offset) => {
        seekTo = offset;
      },
    };
    let next: number;
    try {
      const records = this.#storage.read(this.#partition, this.#topic, this.position, this.#partition.end, BATCH_RECORDS, BATCH_BYTES);
      next = (records.at(-1)?.offset ?? this.position) + 1;
      const batch = { topic: this.#topic, partition: this.#partition.partition, records, endOffset: this.#partition.end };
      if (records.length > 0) await this.#member.consumption.onBatch(batch, control);
    } catch (cause) {
      await this.#pause(cause);
      return;
    }
    this.#failures = 0;
    if (seekTo !== undefined) {
      this.position = Math.max(0, seekTo);
      return;
    }
    this.position = next;
    this.#storage.forgetRead(this.#partition);
    this.#storage.commit(this.#member.consumption.group, this.#partition.topic, this.#partition.partition, next);
  }

  async #pause(cause: unknown): Promise<void> {
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures++, LAST_PAUSE_MS);
    this.#warn('a batch was not handled and is given again', cause, { attempt: this.#failures, pauseMs });
    await this.#woken(pauseMs);
  }

  /** Until the partition has moved, or stop(); with a pause only the end of the pause or stop() counts. */
  #woken(pauseMs?: number): Promise<void> {
    return new Promise((resolve) => {
      if (pauseMs === undefined) {
        this.#wake = resolve;
        return;
      }
      const timer = setTimeout(resolve, pauseMs);
      this.#wake = () => {
        if (!this.#stopping) return;
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #warn(message: string, cause: unknown, more: Record<string, unknown> = {}): void {
    this.#member.options.onWarning?.(message, {
      group: this.#member.consumption.group,
      topic: this.#topic,
      partition: this.#partition.partition,
      reason: cause instanceof Error ? cause.name : typeof cause,
      code: (cause as { code?: unknown } | undefined)?.code,
      ...more,
    });
  }
}
