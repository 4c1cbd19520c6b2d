import { produceAtLeaders, RequestRoom, type ProduceClient } from '../kafka/produce-client';
import {
  decodeProduceResponse,
  encodeProduceRequest,
  mostBytesIn,
  PRODUCE_API_KEY,
  PRODUCE_VERSION,
  type PartitionAnswer,
  type TopicRecords,
} from '../kafka/produce-request';
import { Brokers, type PlatformaticConnectionOptions } from './brokers';
import { BrokerAnswer } from './platformatic-faults';
import { BODY_AT } from './request-head';

/** The appender's own bounds come first. */
const REQUEST_TIMEOUT_MS = 60_000;

/**
 * Produce requests of our own bytes on the library's connections.
 * @param replicasWithinMs how long a broker waits for its replicas
 */
export function createPlatformaticProduceClient(options: PlatformaticConnectionOptions, replicasWithinMs: number): ProduceClient {
  const brokers = new Brokers(options, REQUEST_TIMEOUT_MS);
  const room = new RequestRoom();

  async function produceAt(nodeId: number, topics: TopicRecords[]): Promise<PartitionAnswer[]> {
    const connection = await brokers.node(nodeId);
    const head = { clientId: '', timeoutMs: replicasWithinMs, nowMs: Date.now() };
    const taken = room.take(mostBytesIn(head, topics));
    const body = encodeProduceRequest(taken, head, topics).subarray(BODY_AT);
    const { answers } = await brokers.sendBytes(connection, PRODUCE_API_KEY, PRODUCE_VERSION, body, decodeProduceResponse);
    room.giveBack(taken);
    return answers;
  }

  return {
    connect: () => brokers.connect(),
    async produce(topics) {
      await brokers.know(topics.map(({ name }) => name));
      return produceAtLeaders(
        topics,
        (name) => brokers.partitionsOf(name),
        produceAt,
        (code) => new BrokerAnswer(code),
      );
    },
    producesSent: () => brokers.producesSent(),
    cut: () => {
      brokers.cut();
    },
    close: () => brokers.close(),
  };
}
