import { gatewayFolder, startGatewayProcess, type GatewayProcess } from '../support/gateway-process';
import { testServices, uniqueKeyPrefix, uniqueTopicPrefix } from '../support/services';
import { gatewayScenarios } from './scenarios';

jest.setTimeout(60_000);

/** Three roles as three processes: what the agent does and what the exchange does meet in Kafka and Redis only. */
for (const client of ['kafkajs', 'platformatic']) {
  const folder = gatewayFolder();
  const processes: GatewayProcess[] = [];

  gatewayScenarios(
    `Kafka (${client}) and Redis, one process a role`,
    async () => {
      const { kafkaBrokers, redisUrl } = testServices();
      const env = {
        KAFKA_BROKERS: kafkaBrokers.join(','),
        KAFKA_CLIENT: client,
        REDIS_URL: redisUrl,
        REDIS_KEY_PREFIX: uniqueKeyPrefix('e2e'),
        TOPIC_PREFIX: uniqueTopicPrefix('e2e'),
        TOPIC_PARTITIONS: '4',
        AGENCY_CUSTOMS_MODE: 'desk',
      };
      for (const role of ['exchange', 'adapters', 'intake']) processes.push(await startGatewayProcess(folder, { ...env, ROLES: role }));
      return { url: processes.at(-1)?.url ?? '', adminUrls: processes.map(({ adminUrl }) => adminUrl), tokens: folder.tokens() };
    },
    async () => {
      await Promise.all(processes.map((running) => running.stop()));
      folder.remove();
    },
  );
}
