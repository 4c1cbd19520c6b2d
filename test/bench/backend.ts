import net from 'node:net';
import { Kafka, logLevel, type EachBatchPayload } from 'kafkajs';

/**
 * An agency's own system, as a suite plays it (mode backend): reads `requests.<agency>`, accepts everything `delayMs` later on
 * `decisions.<agency>`. Told to pause it is down: what is asked meanwhile waits in its topic.
 */
export interface BackendConfig {
  brokers: string[];
  topicPrefix: string;
  agency: string;
  delayMs: number;
}

export type ToBackend = 'pause' | 'resume';

/** Answers that are due at about the same time are one request. */
const TICK_MS = 5;
/** The bound of a batch is 700 kB; a decision has 200 bytes. */
const MAX_BATCH = 2_000;

async function run({ brokers, topicPrefix, agency, delayMs }: BackendConfig): Promise<void> {
  const kafka = new Kafka({
    brokers,
    clientId: 'bench-backend',
    logLevel: logLevel.NOTHING,
    socketFactory: ({ host, port, onConnect }) => net.connect({ host, port, noDelay: true }, onConnect),
  });
  const [requests, decisions] = [`${topicPrefix}requests.${agency}`, `${topicPrefix}decisions.${agency}`];
  const producer = kafka.producer({ maxInFlightRequests: 1 });
  const consumer = kafka.consumer({ groupId: `${topicPrefix}backend.${agency}`, maxWaitTimeInMs: 50 });
  await Promise.all([producer.connect(), consumer.connect()]);
  await consumer.subscribe({ topics: [requests], fromBeginning: true });
  const due: { atMs: number; key: string; value: string }[] = [];
  let sending = false;
  const send = async (): Promise<void> => {
    if (sending) return;
    sending = true;
    while (due[0] !== undefined && due[0].atMs <= performance.now()) {
      const now = due.findIndex(({ atMs }) => atMs > performance.now());
      const batch = due.splice(0, Math.min(now < 0 ? due.length : now, MAX_BATCH));
      await producer.send({ topic: decisions, acks: -1, messages: batch });
    }
    sending = false;
  };
  const timer = setInterval(() => void send().catch(fail), TICK_MS);
  await consumer.run({
    partitionsConsumedConcurrently: 8,
    eachBatch: async ({ batch, resolveOffset }: EachBatchPayload) => {
      const atMs = performance.now() + delayMs;
      for (const { key, value } of batch.messages) {
        const { taskId, action } = JSON.parse(String(value)) as { taskId: string; action: string };
        if (action !== 'cancel') due.push({ atMs, key: String(key), value: JSON.stringify({ taskId, outcome: 'accepted' }) });
      }
      resolveOffset(batch.lastOffset());
    },
  });
  process.on('message', (message: ToBackend) => {
    if (message === 'pause') consumer.pause([{ topic: requests }]);
    else consumer.resume([{ topic: requests }]);
  });
  process.once('disconnect', () => {
    clearInterval(timer);
    process.exit(0);
  });
  process.send?.('ready');
}

function fail(cause: unknown): void {
  console.error(cause);
  process.exit(1);
}

if (require.main === module) run(JSON.parse(process.argv[2] ?? '{}') as BackendConfig).catch(fail);
