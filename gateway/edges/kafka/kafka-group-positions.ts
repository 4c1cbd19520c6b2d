import type { GroupPositions } from '../../migrate-prefix';
import { createKafka, type KafkaConnectionOptions } from './kafka-client';

const REQUEST_TIMEOUT_MS = 10_000;

/** Members and positions of groups on Kafka; topics are named without the prefix. */
export async function openKafkaGroupPositions(
  options: KafkaConnectionOptions & { topicPrefix: string },
): Promise<GroupPositions & { close(): Promise<void> }> {
  const admin = createKafka(options, REQUEST_TIMEOUT_MS).kafka.admin();
  await admin.connect();
  return {
    async members(group) {
      const { groups } = await admin.describeGroups([group]);
      return groups.reduce((sum, { members }) => sum + members.length, 0);
    },
    async begin(group, topic, positions) {
      const partitions = positions.map(({ partition, offset }) => ({ partition, offset: String(offset) }));
      await admin.setOffsets({ groupId: group, topic: options.topicPrefix + topic, partitions });
    },
    close: () => admin.disconnect(),
  };
}
