import net from 'node:net';
import { freePort } from '../../scripts/local-services';
import { openPlatformaticMessageLog } from '../../gateway/edges/platformatic/platformatic-message-log';
import { TcpProxy } from '../chaos/runner/tcp-proxy';
import { numbered } from '../contract/message-log';
import { eventually } from '../support/eventually';
import { ownKafka, testServices, uniqueTopicPrefix } from '../support/services';

jest.setTimeout(120_000);

describe('connections of @platformatic/kafka', () => {
  it('asks another broker when one takes the connection and never answers', async () => {
    const held: net.Socket[] = [];
    const frozen = net.createServer((socket) => held.push(socket));
    await new Promise<void>((resolve) => frozen.listen(0, '127.0.0.1', resolve));
    const { port } = frozen.address() as net.AddressInfo;
    // Which one is asked first is by chance: asked of several clients, so that the frozen one has its turn.
    for (let i = 0; i < 6 || held.length === 0; i++) {
      const brokers = [`127.0.0.1:${port}`, ...testServices().kafkaBrokers];
      const log = await openPlatformaticMessageLog({ brokers, clientId: 'frozen', topicPrefix: uniqueTopicPrefix('frozen') });
      await log.ping();
      await log.createTopics([{ topic: 'facts', partitions: 1 }]);
      expect(await log.append(numbered('facts', 1))).toEqual([{ topic: 'facts', partition: 0, offset: 0 }]);
      await log.close();
    }
    for (const socket of held) socket.destroy();
    await new Promise((resolve) => frozen.close(resolve));
  });

  it('keeps its membership when the connection to the coordinator is lost with a heartbeat under way', async () => {
    const [port, brokerPort] = [await freePort(), await freePort()];
    const proxy = await TcpProxy.listen(port, brokerPort, 'bytes', () => 0);
    const kafka = await ownKafka({ port: brokerPort, properties: { 'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}` } });
    const log = await openPlatformaticMessageLog({
      brokers: [`127.0.0.1:${port}`],
      clientId: 'lost',
      topicPrefix: '',
      heartbeatIntervalMs: 500,
      appendDeadlineMs: 15_000,
    });
    await log.createTopics([{ topic: 'facts', partitions: 1 }]);
    let seen = 0;
    let revoked = 0;
    const consumer = await log.consume({
      group: 'lost',
      topics: ['facts'],
      onBatch: (batch) => {
        seen += batch.records.length;
        return Promise.resolve();
      },
      onRevoked: () => revoked++,
    });
    await log.append(numbered('facts', 1));
    await eventually('the first record', () => seen === 1);
    proxy.behaviour = { swallow: 'answers' };
    const swallowedBefore = proxy.injected;
    // A fetch ends after half a second: its answer and one to a heartbeat at least.
    await eventually('answers are lost', () => proxy.injected >= swallowedBefore + 2);
    proxy.heal();
    await log.append(numbered('facts', 1));
    await eventually('the second record', () => seen === 2);
    expect(revoked).toBe(0);
    await consumer.stop();
    await log.close();
    await kafka.stop();
    await proxy.close();
  });
});
