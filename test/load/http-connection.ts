import net from 'node:net';

/**
 * One keep-alive connection that sends one request at a time: bytes out, status line, Location and Content-Length in. node:http's client
 * costs 50 µs of CPU a request of 14 kB, this 19 µs (64 connections, Node 20), and the generator takes its CPU from what it measures.
 * What it refuses to know: chunked answers, redirects, TLS.
 */
export interface Answered {
  status: number;
  /** The Location header, '' without one. */
  location: string;
}

const HEAD_END = Buffer.from('\r\n\r\n');

export class HttpConnection {
  /** Holds head and body of the request under way. */
  readonly buffer: Buffer;
  private readonly host: string;
  private readonly port: number;
  private socket: net.Socket | undefined;
  private received: Buffer = Buffer.alloc(0);
  private settle: ((answered: Answered | Error) => void) | undefined;

  constructor(url: URL, bufferBytes: number) {
    this.buffer = Buffer.alloc(bufferBytes);
    this.host = url.hostname;
    this.port = Number(url.port);
  }

  /** Sends the first `length` bytes of the buffer; the connection is free when `settle` is told. */
  send(length: number, settle: (answered: Answered | Error) => void): void {
    this.settle = settle;
    this.socket ??= this.connect();
    this.socket.write(this.buffer.subarray(0, length));
  }

  close(): void {
    this.settle = undefined;
    this.socket?.destroy();
  }

  private connect(): net.Socket {
    const socket = net.connect({ host: this.host, port: this.port, noDelay: true });
    this.received = Buffer.alloc(0);
    let cause = new Error('connection closed');
    socket.on('data', (chunk: Buffer) => this.onData(chunk));
    socket.once('error', (error) => (cause = error));
    socket.once('close', () => {
      if (this.socket !== socket) return;
      this.socket = undefined;
      this.finish(cause);
    });
    return socket;
  }

  private onData(chunk: Buffer): void {
    this.received = this.received.length === 0 ? chunk : Buffer.concat([this.received, chunk]);
    const headEnd = this.received.indexOf(HEAD_END);
    if (headEnd < 0) return;
    const head = this.received.toString('latin1', 0, headEnd);
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
    if (this.received.length < headEnd + HEAD_END.length + length) return;
    this.received = Buffer.alloc(0);
    if (/\r\nconnection: *close/i.test(head)) {
      this.socket?.destroy();
      this.socket = undefined;
    }
    this.finish({ status: Number(head.slice(9, 12)), location: /\r\nlocation: *(\S+)/i.exec(head)?.[1] ?? '' });
  }

  private finish(answered: Answered | Error): void {
    const { settle } = this;
    if (settle === undefined) return;
    this.settle = undefined;
    settle(answered);
  }
}
