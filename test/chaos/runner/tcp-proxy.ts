import net from 'node:net';

/**
 * A proxy between a client and a server, which works on bytes and can be told to misbehave. It knows of Kafka only that a message is a
 * length of four bytes and what follows, and of a request the API key and the correlation id: enough to cut the answer to a Produce.
 */
export interface ProxyBehaviour {
  /** Each chunk waits so long, in both directions. */
  delayMs?: number;
  /** Added to it, up to so much more; order is kept. */
  jitterMs?: number;
  /** Bytes are swallowed, the connection stays: from the server, from the client. */
  swallow?: 'answers' | 'requests' | 'both';
  /** Share of chunks at which the connection is reset, 0 to 1. */
  resets?: number;
  /** So many answers are cut after half of their bytes, and the connection with them; of Kafka those to Produce requests. */
  cutAnswers?: number;
  /** New connections are closed at once. */
  refuse?: boolean;
}

const PRODUCE = 0;
const REQUEST_HEAD_BYTES = 12;

export class TcpProxy {
  readonly port: number;
  /** Answers cut, connections reset, chunks swallowed so far. */
  injected = 0;
  behaviour: ProxyBehaviour = {};
  private readonly server: net.Server;
  private target: { host: string; port: number };
  private readonly protocol: 'kafka' | 'bytes';
  private readonly random: () => number;
  private readonly pairs = new Set<Pair>();

  private constructor(server: net.Server, port: number, target: number, protocol: 'kafka' | 'bytes', random: () => number) {
    this.server = server;
    this.port = port;
    this.target = { host: '127.0.0.1', port: target };
    this.protocol = protocol;
    this.random = random;
    server.on('connection', (client) => this.accept(client));
  }

  static async listen(port: number, target: number, protocol: 'kafka' | 'bytes', random: () => number): Promise<TcpProxy> {
    // Half-open connections stay so: what one side has closed the other hears, and no more.
    const server = net.createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
    return new TcpProxy(server, port, target, protocol, random);
  }

  /** Behaves again, and lets go of connections that lost bytes. */
  heal(): void {
    const wasLossy = this.behaviour.swallow !== undefined;
    this.behaviour = {};
    if (wasLossy) this.resetAll();
  }

  /** Another server stands behind the address from now on. */
  retarget(port: number): void {
    this.target = { ...this.target, port };
    this.resetAll();
  }

  resetAll(): void {
    for (const pair of this.pairs) pair.reset();
  }

  /** The server's side of each connection ends, the client's goes on. */
  halfCloseAll(): void {
    for (const pair of this.pairs) {
      this.injected++;
      pair.endTowardsClient();
    }
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.resetAll();
    await closed;
  }

  private accept(client: net.Socket): void {
    if (this.behaviour.refuse === true) {
      this.injected++;
      client.resetAndDestroy();
      return;
    }
    const server = net.connect({ ...this.target, allowHalfOpen: true });
    const pair: Pair = new Pair(client, server, this, () => this.pairs.delete(pair));
    this.pairs.add(pair);
  }

  get knowsKafka(): boolean {
    return this.protocol === 'kafka';
  }

  get delayMs(): number {
    const { delayMs = 0, jitterMs = 0 } = this.behaviour;
    return delayMs + jitterMs * this.random();
  }

  isReset(): boolean {
    const { resets = 0 } = this.behaviour;
    if (resets === 0 || this.random() >= resets) return false;
    this.injected++;
    return true;
  }

  isSwallowed(direction: 'answers' | 'requests'): boolean {
    const { swallow } = this.behaviour;
    if (swallow !== direction && swallow !== 'both') return false;
    this.injected++;
    return true;
  }

  takeCut(): boolean {
    const { cutAnswers = 0 } = this.behaviour;
    if (cutAnswers <= 0) return false;
    this.behaviour = { ...this.behaviour, cutAnswers: cutAnswers - 1 };
    this.injected++;
    return true;
  }
}

class Pair {
  private readonly client: net.Socket;
  private readonly server: net.Socket;
  private readonly proxy: TcpProxy;
  private readonly gone: () => void;
  /** Correlation ids of Produce requests whose answer has not come. */
  private readonly produces = new Set<number>();
  private readonly requests = new Frames();
  private readonly answers = new Frames();
  private isCut = false;

  constructor(client: net.Socket, server: net.Socket, proxy: TcpProxy, gone: () => void) {
    this.client = client;
    this.server = server;
    this.proxy = proxy;
    this.gone = gone;
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on('error', () => this.reset());
      socket.on('close', () => this.reset());
    }
    this.carry(client, server, 'requests');
    this.carry(server, client, 'answers');
  }

  reset(): void {
    this.gone();
    for (const socket of [this.client, this.server]) if (!socket.destroyed) socket.resetAndDestroy();
  }

  endTowardsClient(): void {
    this.client.end();
  }

  private carry(from: net.Socket, to: net.Socket, direction: 'requests' | 'answers'): void {
    const { proxy } = this;
    let last = Promise.resolve();
    const inTurn = (step: () => void): void => {
      const { delayMs } = proxy;
      const due = delayMs > 0 ? new Promise<void>((resolve) => setTimeout(resolve, delayMs)) : undefined;
      last = last.then(() => due).then(step);
    };
    from.on('data', (chunk: Buffer) => {
      if (proxy.isReset()) return this.reset();
      if (proxy.isSwallowed(direction)) return;
      const cutAt = direction === 'requests' ? this.noteRequests(chunk) : this.cutOf(chunk);
      inTurn(() => {
        if (to.destroyed || this.isCut) return;
        if (cutAt === undefined) {
          if (!to.write(chunk)) {
            from.pause();
            to.once('drain', () => from.resume());
          }
          return;
        }
        // Nothing more comes through after the cut.
        this.isCut = true;
        to.write(chunk.subarray(0, cutAt), () => this.reset());
      });
    });
    from.on('end', () =>
      inTurn(() => {
        if (!to.destroyed) to.end();
      }),
    );
  }

  private noteRequests(chunk: Buffer): undefined {
    if (!this.proxy.knowsKafka) return;
    this.requests.take(chunk, (head) => {
      if (head.length >= REQUEST_HEAD_BYTES && head.readInt16BE(4) === PRODUCE) this.produces.add(head.readInt32BE(8));
    });
  }

  /** Where in the chunk the connection is to end; undefined: nowhere. */
  private cutOf(chunk: Buffer): number | undefined {
    if (!this.proxy.knowsKafka) return this.proxy.takeCut() ? Math.floor(chunk.length / 2) : undefined;
    let cutAt: number | undefined;
    this.answers.take(chunk, (head, at) => {
      const isProduce = head.length >= 8 && this.produces.delete(head.readInt32BE(4));
      if (isProduce && cutAt === undefined && this.proxy.takeCut()) cutAt = Math.max(0, at) + 6;
    });
    return cutAt === undefined ? undefined : Math.min(cutAt, chunk.length);
  }
}

/** Frames of length and content, of which the first bytes are kept. */
class Frames {
  private head = Buffer.alloc(0);
  /** Bytes of the present frame that are still to come, once its head is known. */
  private left = 0;

  /** Calls for each frame whose head is complete, with where in the chunk it began (below 0: before it). */
  take(chunk: Buffer, onHead: (head: Buffer, at: number) => void): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.left > 0) {
        const skipped = Math.min(this.left, chunk.length - at);
        this.left -= skipped;
        at += skipped;
        continue;
      }
      const before = this.head.length;
      this.head = Buffer.concat([this.head, chunk.subarray(at, at + REQUEST_HEAD_BYTES - before)]);
      const length = this.head.length < 4 ? Infinity : this.head.readInt32BE(0) + 4;
      const wanted = Math.min(REQUEST_HEAD_BYTES, length);
      if (this.head.length < wanted) return;
      onHead(this.head.subarray(0, wanted), at - before);
      at += wanted - before;
      this.left = length - wanted;
      this.head = Buffer.alloc(0);
    }
  }
}
