import type { PartitionAnswer, TopicRecords } from './produce-request';

/** What became of the records of one partition. */
export interface ProduceAnswer {
  topicName: string;
  partition: number;
  /** Of the first record; of no meaning where they were refused. */
  baseOffset: number;
  /** Why they are not stored, or what became of the connection to the broker that leads it. */
  refusal: Error | undefined;
}

/**
 * What an appender asks of a client library: connections over which Produce requests go. One object lives from its first request to the
 * first error; errors that a broker answered carry Kafka's name of it in `type`, and `retriable`.
 */
export interface ProduceClient {
  /** Ready for produce(). */
  connect(): Promise<void>;
  /**
   * Sends one request to each broker that leads a partition of them, and waits for all answers. Partitions that do not exist are left out.
   * @throws what a broker answered when it was asked who leads them, or what became of the connections if no leader answered
   */
  produce(topics: TopicRecords[]): Promise<ProduceAnswer[]>;
  /** Produce requests handed to the network so far: as long as it does not grow nothing can have been stored. */
  producesSent(): number;
  /** Destroys every connection and refuses new ones; what is pending rejects. */
  cut(): void;
  close(): Promise<void>;
}

/** Room for a request is kept from one to the next up to this size: large ones are rare, and their memory is better given back. */
const MAX_KEPT_BYTES = 2 * 1024 * 1024;
const LEAST_BYTES = 64 * 1024;

/** The buffer that requests are written into, one after the other. */
export class RequestRoom {
  /** The last request's; not there while one is under way. */
  #kept: Buffer | undefined;

  take(leastBytes: number): Buffer {
    const kept = this.#kept;
    this.#kept = undefined;
    if (kept !== undefined && kept.length >= leastBytes) return kept;
    return Buffer.allocUnsafeSlow(leastBytes > MAX_KEPT_BYTES ? leastBytes : Math.max(LEAST_BYTES, 2 ** Math.ceil(Math.log2(leastBytes))));
  }

  /** Only once the request is answered: the bytes of one that failed may still be on their way and are left to it. */
  giveBack(room: Buffer): void {
    if (room.length <= MAX_KEPT_BYTES) this.#kept = room;
  }
}

/**
 * One request to each leader at the same time. A broker's no is about one partition, and a connection that fails about one broker: what the
 * others have stored is not sent again.
 */
export async function produceAtLeaders(
  topics: TopicRecords[],
  partitionsOf: (topicName: string) => { partitionId: number; leader: number }[],
  produceAt: (nodeId: number, topics: TopicRecords[]) => Promise<PartitionAnswer[]>,
  errorOf: (errorCode: number) => Error,
): Promise<ProduceAnswer[]> {
  const leaders = [...perLeader(topics, partitionsOf)];
  const outcomes = await Promise.allSettled(leaders.map(([nodeId, ofLeader]) => produceAt(nodeId, ofLeader)));
  const answers: ProduceAnswer[] = [];
  let lost: unknown;
  let isAnswered = false;
  for (const [i, outcome] of outcomes.entries()) {
    if (outcome.status === 'fulfilled') {
      isAnswered = true;
      for (const { topicName, partition, errorCode, baseOffset } of outcome.value)
        answers.push({ topicName, partition, baseOffset, refusal: errorCode === 0 ? undefined : errorOf(errorCode) });
      continue;
    }
    lost = outcome.reason;
    for (const { name, partitions } of leaders[i]?.[1] ?? [])
      for (const { partition } of partitions)
        answers.push({ topicName: name, partition, baseOffset: -1, refusal: outcome.reason as Error });
  }
  if (!isAnswered && lost !== undefined) throw lost as Error;
  return answers;
}

/** The topics of each leader; partitions that do not exist are left out. */
function perLeader(
  topics: TopicRecords[],
  partitionsOf: (topicName: string) => { partitionId: number; leader: number }[],
): Map<number, TopicRecords[]> {
  const leaders = new Map<number, TopicRecords[]>();
  for (const { name, partitions } of topics) {
    const metadata = partitionsOf(name);
    if (metadata.length === 0) throw new Error('nothing is known of a topic');
    const ofTopic = new Map<number, TopicRecords>();
    for (const records of partitions) {
      const leader = metadata.find(({ partitionId }) => partitionId === records.partition)?.leader;
      if (leader === undefined) continue;
      const known = ofTopic.get(leader);
      if (known) known.partitions.push(records);
      else ofTopic.set(leader, { name, partitions: [records] });
    }
    for (const [leader, records] of ofTopic) {
      const known = leaders.get(leader);
      if (known) known.push(records);
      else leaders.set(leader, [records]);
    }
  }
  return leaders;
}
