import type { TopicSpec } from '../../ports/message-log';

/** Added to the largest record of a topic: the frame of its batch. */
const BATCH_OVERHEAD_BYTES = 1_024;
const COMPACTED_WITHIN_MS = 86_400_000;

const ENOUGH_REPLICAS = 3;
const FLUSHED_TOPICS = ['dossiers'];

/**
 * Topics (without prefix) that a broker writes to disk before it acknowledges, as it has not enough replicas.
 * @param given instead of `dossiers`
 */
export function flushedTopicsAt(replicationFactor: number, given: string[] = FLUSHED_TOPICS): string[] {
  return replicationFactor >= ENOUGH_REPLICAS ? [] : given;
}

/**
 * Kafka's settings of a topic that createTopics() makes.
 * @param flushedTopics topics (without prefix) that a lone broker must write to disk before it acknowledges
 */
export function topicConfig(spec: TopicSpec, replicationFactor: number, flushedTopics?: string[]): { name: string; value: string }[] {
  const entries = [
    // "When the log took it": not what a client claims.
    { name: 'message.timestamp.type', value: 'LogAppendTime' },
    { name: 'cleanup.policy', value: spec.compacted === true ? 'compact,delete' : 'delete' },
  ];
  // What is replaced is gone a day later, however little is written.
  if (spec.compacted === true) entries.push({ name: 'max.compaction.lag.ms', value: String(COMPACTED_WITHIN_MS) });
  if (spec.maxRecordBytes !== undefined)
    entries.push({ name: 'max.message.bytes', value: String(spec.maxRecordBytes + BATCH_OVERHEAD_BYTES) });
  if (spec.retentionMs !== undefined) entries.push({ name: 'retention.ms', value: String(spec.retentionMs) });
  if (replicationFactor >= ENOUGH_REPLICAS) {
    entries.push({ name: 'min.insync.replicas', value: '2' }, { name: 'unclean.leader.election.enable', value: 'false' });
  } else if (flushedTopicsAt(replicationFactor, flushedTopics).includes(spec.topic)) {
    entries.push({ name: 'flush.messages', value: '1' });
  }
  return entries;
}
