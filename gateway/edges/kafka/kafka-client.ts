import net from 'node:net';
import tls from 'node:tls';
import { Kafka, logLevel, type ISocketFactory, type KafkaConfig, type LogEntry, type SASLOptions } from 'kafkajs';

/** How the cluster is reached; the same for producing, consuming and administration. */
export interface KafkaConnectionOptions {
  /** host:port of some brokers. */
  brokers: string[];
  clientId: string;
  /** true, or TLS options (ca, cert, key). */
  ssl?: boolean | tls.ConnectionOptions;
  sasl?: SASLOptions;
  /** Told what kafkajs warns of, and what this edge retries. Never holds keys, values or headers of records. */
  onWarning?(message: string, context: Record<string, unknown>): void;
}

/** A kafkajs client whose connections can be cut at once: kafkajs itself waits for answers that may never come. */
export interface CuttableKafka {
  kafka: Kafka;
  /** Destroys every connection and refuses new ones; what is pending rejects. Nothing is said about it. */
  cut(): void;
  /** Produce requests handed to the network so far: 0 means that nothing can have been stored. */
  producesSent(): number;
}

const KEEP_ALIVE_DELAY_MS = 30_000;
const CONNECT_WITHIN_MS = 1_000;
/** Api key of a Produce request, after four bytes of length. */
const PRODUCE_API_KEY = 0;
/** More brokers in the list than this are not tried in one connect: the caller's own deadline comes first. */
const RETRY = { retries: 2, initialRetryTime: 100, maxRetryTime: 1_000, factor: 0.2, multiplier: 2 };

/**
 * A new kafkajs client. Each producer, consumer and reader has its own: kafkajs shares committed offsets between the consumers
 * of one client, and a client whose connections were cut is of no further use.
 */
export function createKafka(options: KafkaConnectionOptions, requestTimeoutMs: number): CuttableKafka {
  const sockets = new Set<net.Socket>();
  let isCut = false;
  let produces = 0;

  const socketFactory: ISocketFactory = ({ host, port, ssl, onConnect }) => {
    if (isCut) throw new Error('the client was given up');
    const names = net.isIP(host) ? {} : { servername: host };
    // kafkajs passes undefined without TLS, whatever its types say.
    const socket = (ssl as tls.ConnectionOptions | undefined)
      ? tls.connect({ host, port, ...names, ...ssl }, onConnect)
      : net.connect({ host, port }, onConnect);
    socket.setKeepAlive(true, KEEP_ALIVE_DELAY_MS);
    // kafkajs leaves Nagle's algorithm on: the tail of a request would wait for an acknowledgement.
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    const write = socket.write.bind(socket) as (chunk: Buffer, encoding?: BufferEncoding) => boolean;
    socket.write = ((chunk: Buffer, encoding?: BufferEncoding) => {
      if (isCut) return false;
      if (chunk.length > 6 && chunk.readUInt16BE(4) === PRODUCE_API_KEY) produces++;
      return write(chunk, encoding);
    }) as typeof socket.write;
    return socket;
  };

  const config: KafkaConfig = {
    brokers: options.brokers,
    clientId: options.clientId,
    connectionTimeout: CONNECT_WITHIN_MS,
    authenticationTimeout: CONNECT_WITHIN_MS * 2,
    requestTimeout: requestTimeoutMs,
    enforceRequestTimeout: true,
    retry: { ...RETRY, restartOnFailure: () => Promise.resolve(false) },
    socketFactory,
    logLevel: logLevel.WARN,
    logCreator: () => (entry) => {
      if (!isCut) options.onWarning?.(`kafkajs: ${entry.log.message}`, contextOf(entry));
    },
  };
  if (options.ssl !== undefined) config.ssl = options.ssl;
  if (options.sasl !== undefined) config.sasl = options.sasl;

  return {
    kafka: new Kafka(config),
    cut: () => {
      isCut = true;
      for (const socket of sockets) socket.destroy(new Error('the client was given up'));
    },
    producesSent: () => produces,
  };
}

/** Of what kafkajs says only these: a list, so that nothing of a record can slip into a log. */
const LOGGED = ['broker', 'clientId', 'groupId', 'topic', 'partition', 'retryCount', 'retryTime', 'correlationId', 'error'] as const;

function contextOf({ namespace, log }: LogEntry): Record<string, unknown> {
  const context: Record<string, unknown> = { part: namespace };
  for (const name of LOGGED) {
    const value: unknown = log[name];
    if (typeof value === 'string' || typeof value === 'number') context[name] = value;
  }
  return context;
}
