import { listOffsetsV6 } from '@platformatic/kafka';
import { LogUnavailable } from '../../core/exchange-error';
import type { Brokers } from './brokers';
import { READ_COMMITTED } from './fetch-records';

export const EARLIEST = -2n;
export const LATEST = -1n;
const CONSUMER = -1;
const UNKNOWN_EPOCH = -1;

/** The first offset kept, or the one after the last record, of partitions whose metadata is known. One request to each leader. */
export async function listOffsets(
  brokers: Brokers,
  topicName: string,
  partitions: number[],
  which: typeof EARLIEST | typeof LATEST,
): Promise<Map<number, number>> {
  const asked = new Set(partitions);
  const leaders = new Map<number, number[]>();
  for (const { partitionId, leader } of brokers.partitionsOf(topicName)) {
    if (!asked.has(partitionId)) continue;
    const ofLeader = leaders.get(leader);
    if (ofLeader) ofLeader.push(partitionId);
    else leaders.set(leader, [partitionId]);
  }
  if (asked.size > 0 && leaders.size === 0) throw new LogUnavailable(`${topicName} has no leader`);
  const offsets = new Map<number, number>();
  await Promise.all(
    [...leaders].map(async ([nodeId, ofLeader]) => {
      const wanted = ofLeader.map((partitionIndex) => ({ partitionIndex, currentLeaderEpoch: UNKNOWN_EPOCH, timestamp: which }));
      const { topics } = await brokers.ask(await brokers.node(nodeId), listOffsetsV6.api.async, CONSUMER, READ_COMMITTED, [
        { name: topicName, partitions: wanted },
      ]);
      for (const topic of topics) for (const { partitionIndex, offset } of topic.partitions) offsets.set(partitionIndex, Number(offset));
    }),
  );
  return offsets;
}
