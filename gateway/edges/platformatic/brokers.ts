import net from 'node:net';
import type tls from 'node:tls';
import {
  ConnectionPool,
  metadataV11,
  Writer,
  type APIWithPromise,
  type Broker,
  type Connection,
  type ConnectionOptions,
  type SASLMechanismValue,
} from '@platformatic/kafka';
import { within } from '../kafka/kafka-faults';
import { BrokerAway, faultOf } from './platformatic-faults';

/** How the cluster is reached. */
export interface PlatformaticConnectionOptions {
  /** host:port of some brokers. */
  brokers: string[];
  clientId: string;
  /** true, or TLS options (ca, cert, key). */
  ssl?: boolean | tls.ConnectionOptions;
  sasl?: { mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'; username: string; password: string };
  /** Told what this edge retries. Never holds keys, values or headers of records. */
  onWarning?(message: string, context: Record<string, unknown>): void;
}

export interface PartitionLeader {
  partitionId: number;
  /** Node id, or -1. */
  leader: number;
}

type Metadata = Awaited<ReturnType<typeof metadataV11.api.async>>;

const CONNECT_WITHIN_MS = 1_000;
/** Before another broker is asked the same; the last one has the time that a request has. */
const ANYBODY_WITHIN_MS = 1_000;
const METADATA_MAX_AGE_MS = 60_000;
const DEFAULT_PORT = 9_092;
const PRODUCE_API_KEY = 0;

/**
 * The connections of one user of the cluster, one to a broker, with what is known of brokers and topics. After an error it is cut and
 * replaced: the library leaves the answer to a request that has timed out in its buffer, so that no later one is read
 * (docs/adr/0008-second-kafka-client.md).
 */
export class Brokers {
  readonly #pool: ConnectionPool;
  /** Whom to ask what any broker knows: seeds, then those learned of; who did not answer comes last. */
  #candidates: Broker[];
  readonly #nodes = new Map<number, Broker>();
  readonly #topics = new Map<string, PartitionLeader[]>();
  #refreshedMs = -Infinity;
  #isCut = false;
  #produces = 0;

  constructor(options: PlatformaticConnectionOptions, requestTimeoutMs: number) {
    this.#candidates = inAnyOrder(options.brokers.map(brokerOf));
    const connection: ConnectionOptions = { connectTimeout: CONNECT_WITHIN_MS, requestTimeout: requestTimeoutMs };
    if (options.ssl !== undefined && options.ssl !== false) {
      connection.tls = options.ssl === true ? {} : options.ssl;
      connection.tlsServerName = this.#candidates.every(({ host }) => net.isIP(host) === 0);
    }
    if (options.sasl) connection.sasl = { ...options.sasl, mechanism: options.sasl.mechanism.toUpperCase() as SASLMechanismValue };
    this.#pool = new ConnectionPool(options.clientId, connection);
    // The library listens for the first error of a connection only; a second one would end the process.
    this.#pool.on('connecting', ({ connection: opened }) => opened.on('error', () => undefined));
  }

  /** Connects to one broker and learns of the others. */
  async connect(): Promise<void> {
    await this.refresh([]);
  }

  /** @throws BrokerAnswer when a broker says no to one of the topics */
  async refresh(topicNames: string[]): Promise<void> {
    const { brokers, topics } = await this.describe(topicNames);
    for (const { nodeId, host, port } of brokers) {
      this.#nodes.set(nodeId, { host, port });
      if (!this.#candidates.some((known) => known.host === host && known.port === port)) this.#candidates.push({ host, port });
    }
    for (const { name, partitions } of topics)
      this.#topics.set(
        name ?? '',
        partitions.map(({ partitionIndex, leaderId }) => ({ partitionId: partitionIndex, leader: leaderId })),
      );
    this.#refreshedMs = performance.now();
  }

  /**
   * Brokers and topics as they are now; null: all topics. A partition without a leader has the leader -1: the library refuses the whole
   * answer for it, but keeps it with its error.
   * @throws BrokerAnswer when a broker says no to one of the topics
   */
  async describe(topicNames: string[] | null): Promise<Metadata> {
    try {
      return await this.#askAnybody(topicNames);
    } catch (fault) {
      const answer = ((fault as Error).cause as { response?: Metadata } | undefined)?.response;
      if (answer?.topics.every(({ errorCode }) => errorCode === 0)) return answer;
      throw fault;
    }
  }

  /** A broker that is frozen takes connections and never answers: the next one is asked after a moment. */
  async #askAnybody(topicNames: string[] | null): Promise<Metadata> {
    for (let left = this.#candidates.length; ; left--) {
      const [first, ...others] = this.#candidates as [Broker, ...Broker[]];
      let connection: Connection | undefined;
      try {
        connection = await this.at(first);
        const asking = this.ask(connection, metadataV11.api.async, topicNames, false, false);
        return await (left > 1 ? within(asking, ANYBODY_WITHIN_MS, () => new BrokerAway('a broker does not answer')) : asking);
      } catch (fault) {
        if (this.#isCut || left <= 1 || !(fault instanceof BrokerAway)) throw fault;
        connection?.socket.destroy();
        this.#candidates = [...others, first];
      }
    }
  }

  /** Metadata of these topics, not older than a minute. */
  async know(topicNames: string[]): Promise<void> {
    if (performance.now() - this.#refreshedMs > METADATA_MAX_AGE_MS)
      await this.refresh([...new Set([...this.#topics.keys(), ...topicNames])]);
    const unknown = topicNames.filter((name) => !this.#topics.has(name));
    if (unknown.length > 0) await this.refresh(unknown);
  }

  partitionsOf(topicName: string): PartitionLeader[] {
    return this.#topics.get(topicName) ?? [];
  }

  /** A broker that answers. */
  any(): Promise<Connection> {
    return this.#connection(this.#pool.getFirstAvailable(this.#candidates));
  }

  /** @throws BrokerAway when nothing is known of it, or it does not answer */
  node(nodeId: number): Promise<Connection> {
    const broker = this.#nodes.get(nodeId);
    if (!broker) return Promise.reject(new BrokerAway('nothing is known of a broker'));
    return this.#connection(this.#pool.get(broker));
  }

  at(broker: Broker): Promise<Connection> {
    return this.#connection(this.#pool.get(broker));
  }

  async ask<Args extends unknown[], Answer>(connection: Connection, api: APIWithPromise<Args, Answer>, ...args: Args): Promise<Answer> {
    try {
      this.#failIfCut();
      return await api(connection, ...args);
    } catch (cause) {
      throw faultOf(cause);
    }
  }

  /**
   * Sends a request that is encoded already, as its bytes after the client id, in a version without tagged fields.
   * @throws what `decode` throws, or what became of the connection
   */
  sendBytes<T>(connection: Connection, apiKey: number, apiVersion: number, body: Buffer, decode: (payload: Buffer) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#failIfCut();
      if (apiKey === PRODUCE_API_KEY) this.#produces++;
      connection.send(
        apiKey,
        apiVersion,
        () => Writer.create().append(body),
        (_correlationId, _apiKey, _apiVersion, reader) => decode(reader.buffer.slice(reader.position)),
        false,
        false,
        (error, answer) => {
          if (error) reject(faultOf(error));
          else resolve(answer as T);
        },
      );
    });
  }

  producesSent(): number {
    return this.#produces;
  }

  /** Destroys every connection and refuses new ones; what is pending rejects. */
  cut(): void {
    this.#isCut = true;
    // A connection that is being made has no socket in its first moment.
    for (const [, connection] of this.#pool) (connection.socket as net.Socket | undefined)?.destroy();
    this.#pool.close().catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#isCut = true;
    await this.#pool.close();
  }

  async #connection(opening: Promise<Connection>): Promise<Connection> {
    try {
      const connection = await opening;
      this.#failIfCut();
      return connection;
    } catch (cause) {
      // A pool that is closed says so without a code.
      throw this.#isCut ? new BrokerAway('the client was given up', { cause }) : faultOf(cause);
    }
  }

  #failIfCut(): void {
    if (this.#isCut) throw new BrokerAway('the client was given up');
  }
}

/** Clients that start at once do not all begin with the same broker. */
function inAnyOrder(brokers: Broker[]): Broker[] {
  const first = Math.floor(Math.random() * brokers.length);
  return [...brokers.slice(first), ...brokers.slice(0, first)];
}

function brokerOf(address: string): Broker {
  const colon = address.lastIndexOf(':');
  return colon < 0
    ? { host: address, port: DEFAULT_PORT }
    : { host: address.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(address.slice(colon + 1)) };
}
