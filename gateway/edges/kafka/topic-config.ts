import type { TopicSpec } from '../../ports/message-log';

/** Added to the largest record of a topic: the frame of its batch. */
const BATCH_OVERHEAD_BYTES = 1_024;

/**
 * Kafka's settings of a topic that createTopics() makes.
 * @param flushedTopics topics (without prefix) that a lone broker must write to disk before it acknowledges
 */
export function topicConfig(
  spec: TopicSpec,
  replicationFactor: number,
  flushedTopics: string[] = ['dossiers'],
): { name: string; value: string }[] {
  const entries = [
    // "When the log took it": not what a client claims.
    { name: 'message.timestamp.type', value: 'LogAppendTime' },
    { name: 'cleanup.policy', value: 'delete' },
  ];
  if (spec.maxRecordBytes !== undefined)
    entries.push({ name: 'max.message.bytes', value: String(spec.maxRecordBytes + BATCH_OVERHEAD_BYTES) });
  if (spec.retentionMs !== undefined) entries.push({ name: 'retention.ms', value: String(spec.retentionMs) });
  if (replicationFactor >= 3) {
    entries.push({ name: 'min.insync.replicas', value: '2' }, { name: 'unclean.leader.election.enable', value: 'false' });
  } else if (flushedTopics.includes(spec.topic)) {
    entries.push({ name: 'flush.messages', value: '1' });
  }
  return entries;
}
