import { setTimeout as sleep } from 'node:timers/promises';
import { LogUnavailable } from '../../core/exchange-error';
import type { LogBatch, ReadRange } from '../../ports/message-log';
import { createKafka, type CuttableKafka, type KafkaConnectionOptions } from './kafka-client';
import { answerOf, describe, unavailable, within } from './kafka-faults';
import { createFetchRecords } from './kafka-fetch';
import { clusterOf, READ_COMMITTED, type KafkaCluster } from './kafkajs-internals';

/** Reading outside any group: ranges, and where partitions start and end. One connection, replaced after any error. */
export interface KafkaReader {
  read(topic: string, ranges: ReadRange[], onBatch: (batch: LogBatch) => Promise<void> | void): Promise<void>;
  offsets(topic: string): Promise<{ partition: number; start: number; end: number }[]>;
  close(): Promise<void>;
}

const REQUEST_TIMEOUT_MS = 10_000;
/** offsets() is asked before answering a client (503 `not-yet`), so it must not hang. */
const OFFSETS_WITHIN_MS = 4_000;
const MAX_FETCH_BYTES = 10 * 1024 * 1024;
const MAX_FETCH_PARTITION_BYTES = 1024 * 1024;
const MAX_WAIT_MS = 250;
/** A read gives up after this many failures without one record between them: about 6 s. */
const MAX_FAILURES = 6;
const FIRST_PAUSE_MS = 100;

export function openKafkaReader(options: KafkaConnectionOptions & { topicPrefix: string }): KafkaReader {
  let lease: { client: CuttableKafka; cluster: KafkaCluster; ready: Promise<void> } | undefined;
  let closed = false;
  const fetchRecords = createFetchRecords(options.topicPrefix);

  async function connected(): Promise<KafkaCluster> {
    if (closed) throw new LogUnavailable('the log is closed');
    if (!lease) {
      const client = createKafka(options, REQUEST_TIMEOUT_MS);
      const cluster = clusterOf(client.kafka);
      lease = { client, cluster, ready: cluster.connect() };
      lease.ready.catch(() => undefined);
    }
    const { cluster, ready } = lease;
    await ready;
    return cluster;
  }

  function discard(cluster?: KafkaCluster): void {
    if (!lease || (cluster && lease.cluster !== cluster)) return;
    const { client, cluster: old } = lease;
    lease = undefined;
    client.cut();
    old.disconnect().catch(() => undefined);
  }

  async function boundsOf(topic: string): Promise<{ partition: number; start: number; end: number }[]> {
    const cluster = await connected();
    const name = options.topicPrefix + topic;
    await cluster.addTargetTopic(name);
    await cluster.refreshMetadataIfNecessary();
    const partitions = cluster.findTopicPartitionMetadata(name).map(({ partitionId }) => ({ partition: partitionId }));
    const [starts, ends] = await Promise.all([
      cluster.fetchTopicsOffset([{ topic: name, fromBeginning: true, partitions }]),
      cluster.fetchTopicsOffset([{ topic: name, fromBeginning: false, partitions }]),
    ]);
    const endOf = new Map(ends[0]?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
    return (starts[0]?.partitions ?? [])
      .map(({ partition, offset }) => ({ partition, start: Number(offset), end: endOf.get(partition) ?? Number(offset) }))
      .sort((a, b) => a.partition - b.partition);
  }

  async function offsets(topic: string, withinMs = OFFSETS_WITHIN_MS): Promise<{ partition: number; start: number; end: number }[]> {
    const untilMs = performance.now() + withinMs;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= 2) {
      try {
        const left = Math.max(1, untilMs - performance.now());
        return await within(boundsOf(topic), left, () => new LogUnavailable(`the offsets of ${topic} were not answered in time`));
      } catch (cause) {
        discard();
        if (closed || performance.now() + pauseMs >= untilMs) throw unavailable(`the offsets of ${topic} cannot be read`, cause);
        await sleep(pauseMs);
      }
    }
  }

  async function read(topic: string, ranges: ReadRange[], onBatch: (batch: LogBatch) => Promise<void> | void): Promise<void> {
    const name = options.topicPrefix + topic;
    const bounds = new Map((await offsets(topic)).map((bound) => [bound.partition, bound]));
    const open = new Map<number, { next: number; to: number }>();
    for (const range of ranges) {
      const bound = bounds.get(range.partition);
      if (!bound) throw new LogUnavailable(`${topic} has no partition ${range.partition}`);
      const next = Math.max(range.from, bound.start);
      const to = Math.min(range.to, bound.end);
      if (next < to) open.set(range.partition, { next, to });
    }
    let failures = 0;
    while (open.size > 0) {
      let cluster: KafkaCluster | undefined;
      let fetched: LogBatch[];
      try {
        cluster = await connected();
        await cluster.addTargetTopic(name);
        await cluster.refreshMetadataIfNecessary();
        fetched = await fetchOnce(cluster, topic, name, open);
        failures = 0;
      } catch (cause) {
        discard(cluster);
        if (closed || ++failures >= MAX_FAILURES) throw unavailable(`${topic} cannot be read`, cause);
        options.onWarning?.('reading is tried again', { topic, reason: describe(cause), attempt: failures });
        await sleep(FIRST_PAUSE_MS * 2 ** (failures - 1));
        // Retention may have deleted the start meanwhile; the end can only have grown.
        if (answerOf(cause) === 'OFFSET_OUT_OF_RANGE') await skipDeleted(topic, open);
        continue;
      }
      for (const batch of fetched) if (batch.records.length > 0) await onBatch(batch);
    }
  }

  async function skipDeleted(topic: string, open: Map<number, { next: number; to: number }>): Promise<void> {
    for (const { partition, start, end } of await offsets(topic)) {
      const range = open.get(partition);
      if (!range) continue;
      range.next = Math.max(range.next, start);
      range.to = Math.min(range.to, end);
      if (range.next >= range.to) open.delete(partition);
    }
  }

  /** One fetch from each leader; moves the ranges on and closes those that are finished. */
  async function fetchOnce(
    cluster: KafkaCluster,
    topic: string,
    name: string,
    open: Map<number, { next: number; to: number }>,
  ): Promise<LogBatch[]> {
    const leaders = cluster.findLeaderForPartitions(name, [...open.keys()]);
    if (Object.keys(leaders).length === 0) throw new LogUnavailable(`${topic} has no leader`);
    const answers = await Promise.all(
      Object.entries(leaders).map(async ([nodeId, partitions]) => {
        const broker = await cluster.findBroker({ nodeId });
        return fetchRecords(broker, {
          isolationLevel: READ_COMMITTED,
          maxWaitTime: MAX_WAIT_MS,
          minBytes: 1,
          maxBytes: MAX_FETCH_BYTES,
          topics: [
            {
              topic: name,
              partitions: partitions.map((partition) => ({
                partition,
                fetchOffset: String(open.get(partition)?.next ?? 0),
                maxBytes: MAX_FETCH_PARTITION_BYTES,
              })),
            },
          ],
        });
      }),
    );
    const batches: LogBatch[] = [];
    for (const { partition, records, lastOffset, highWatermark } of answers.flat()) {
      const range = open.get(partition);
      if (!range) continue;
      const { to } = range;
      batches.push({ topic, partition, records: records.filter(({ offset }) => offset < to), endOffset: highWatermark });
      // By what came: what is left out (markers of transactions) counts as read.
      range.next = Math.max(range.next, lastOffset + 1);
      if (range.next >= to) open.delete(partition);
    }
    return batches;
  }

  return {
    read,
    offsets: (topic) => offsets(topic),
    close: () => {
      closed = true;
      discard();
      return Promise.resolve();
    },
  };
}
