import { randomBytes } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';
import { openEmbeddedMessageLog } from '../../../gateway/edges/embedded/embedded-message-log';
import type { LogEntry } from '../checker/history';
import { keepRecords } from './file-history';

/** `topic partition` → offset of the next record to copy. */
export type Copied = Map<string, number>;

const COPY_WITHIN_MS = 120_000;

/**
 * Copies what the topics of a prefix hold beyond what was copied before, with a plain consumer of its own: from the first offset wanted
 * to the end as it was when it began. Nothing of the gateway's code reads here.
 */
export async function copyKafkaTopics(brokers: string, prefix: string, directory: string, copied: Copied): Promise<Copied> {
  const kafka = new Kafka({ clientId: 'chaos-copy', brokers: [brokers], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const groupId = `chaos-copy-${randomBytes(6).toString('hex')}`;
  const consumer = kafka.consumer({ groupId, maxBytesPerPartition: 17 * 1024 * 1024 });
  try {
    const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(prefix));
    const ends: Copied = new Map(copied);
    const missing = new Map<string, { next: number; end: number }>();
    for (const topic of topics) {
      for (const { partition, high, low } of await admin.fetchTopicOffsets(topic)) {
        const place = `${topic.slice(prefix.length)} ${partition}`;
        const next = Math.max(copied.get(place) ?? 0, Number(low));
        ends.set(place, Number(high));
        if (next < Number(high)) missing.set(place, { next, end: Number(high) });
      }
    }
    if (missing.size === 0) return ends;
    await consumer.connect();
    await consumer.subscribe({ topics, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`the topics were not copied in time: ${[...missing.keys()].join(', ')}`)),
        COPY_WITHIN_MS,
      );
      const done = (): void => {
        clearTimeout(timer);
        resolve();
      };
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
      consumer
        .run({
          autoCommit: false,
          eachBatch: async ({ batch }) => {
            const topic = batch.topic.slice(prefix.length);
            const place = `${topic} ${batch.partition}`;
            const left = missing.get(place);
            if (left === undefined) return;
            const records = batch.messages
              .map(({ offset, key, value, headers }): LogEntry => ({
                topic,
                partition: batch.partition,
                offset: Number(offset),
                key: key?.toString() ?? null,
                value: value ?? Buffer.alloc(0),
                headers: Object.fromEntries(Object.entries(headers ?? {}).map(([name, header]) => [name, String(header)])),
              }))
              .filter(({ offset }) => offset >= left.next && offset < left.end);
            await keepRecords(directory, topic, records);
            left.next = (records.at(-1)?.offset ?? left.next - 1) + 1;
            if (left.next >= left.end) missing.delete(place);
            if (missing.size === 0) done();
          },
        })
        .catch(reject);
      for (const topic of topics)
        for (const place of ends.keys()) {
          const [name, partition = ''] = place.split(' ');
          if (prefix + (name ?? '') !== topic) continue;
          const left = missing.get(place);
          if (left === undefined) consumer.pause([{ topic, partitions: [Number(partition)] }]);
          else if (left.next > 0) consumer.seek({ topic, partition: Number(partition), offset: String(left.next) });
        }
    });
    return ends;
  } finally {
    await consumer.disconnect().catch(() => undefined);
    await admin.deleteGroups([groupId]).catch(() => undefined);
    await admin.disconnect();
  }
}

/** The same of an embedded log that nobody has open. */
export async function copyEmbeddedTopics(dataDirectory: string, directory: string): Promise<void> {
  const log = await openEmbeddedMessageLog({ path: dataDirectory });
  try {
    for (const { topic } of await log.topics()) {
      const ranges = (await log.offsets(topic)).map(({ partition, start, end }) => ({ partition, from: start, to: end }));
      await log.read(topic, ranges, async ({ records }) =>
        keepRecords(
          directory,
          topic,
          records.map(({ partition, offset, key, value, headers }) => ({ topic, partition, offset, key, value, headers })),
        ),
      );
    }
  } finally {
    await log.close();
  }
}
