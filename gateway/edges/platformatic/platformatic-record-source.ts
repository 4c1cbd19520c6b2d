import { LogUnavailable } from '../../core/exchange-error';
import type { FetchedRecords } from '../kafka/kafka-fetch';
import type { RecordSource } from '../kafka/kafka-reader';
import { Brokers, type PlatformaticConnectionOptions } from './brokers';
import { fetchRecords, type WantedPartition } from './fetch-records';
import { EARLIEST, LATEST, listOffsets } from './list-offsets';

const REQUEST_TIMEOUT_MS = 10_000;
const MAX_WAIT_MS = 250;

/** Fetches outside any group on the library's connections. */
export function openPlatformaticRecordSource(options: PlatformaticConnectionOptions & { topicPrefix: string }): RecordSource {
  const brokers = new Brokers(options, REQUEST_TIMEOUT_MS);
  let turn = 0;

  return {
    async bounds(topicName) {
      await brokers.know([topicName]);
      const partitions = brokers.partitionsOf(topicName).map(({ partitionId }) => partitionId);
      const [starts, ends] = await Promise.all([
        listOffsets(brokers, topicName, partitions, EARLIEST),
        listOffsets(brokers, topicName, partitions, LATEST),
      ]);
      return [...starts].map(([partition, start]) => ({ partition, start, end: ends.get(partition) ?? start }));
    },
    async fetch(topicName, wanted) {
      await brokers.know([topicName]);
      const leaders = new Map<number, WantedPartition[]>();
      for (const { partition, offset } of wanted) {
        const leader = brokers.partitionsOf(topicName).find(({ partitionId }) => partitionId === partition)?.leader ?? -1;
        if (leader < 0) continue;
        const ofLeader = leaders.get(leader) ?? [];
        ofLeader.push({ topicName, partition, offset });
        leaders.set(leader, ofLeader);
      }
      if (leaders.size === 0) throw new LogUnavailable(`${topicName} has no leader`);
      const answers = await Promise.all(
        [...leaders].map(([nodeId, ofLeader]) => fetchRecords(brokers, nodeId, ofLeader, options.topicPrefix, MAX_WAIT_MS, turn++)),
      );
      const fetched: FetchedRecords[] = [];
      for (const answer of answers) {
        if (answer.refused[0]) throw answer.refused[0].answer;
        fetched.push(...answer.fetched);
      }
      return fetched;
    },
    discard: () => {
      brokers.cut();
    },
  };
}
