import { writeFileSync } from 'node:fs';
import { scheduleOf, tenantOf } from './arrivals';
import { ID_LENGTH, idOf, makeBody, shipOf, type Body, type Format, type Kind, type Size } from './bodies';
import { HttpConnection, type Answered } from './http-connection';

/**
 * The load generator, a process of its own. Open loop (`rate`): requests start when they are due, whatever the gateway does, and every
 * latency counts from the intended start (no coordinated omission). Closed loop: `connections` requests at a time, and where `inFlight` is
 * given no more than so many declarations that are not cleared yet, as the floor does it; the parent tells how many were.
 * Judges nothing: what was answered when goes into `resultFile`.
 */
export interface LoadConfig {
  url: string;
  /** Who submits: each declaration is of one of them, by share. */
  tenants: Tenant[];
  /** Five characters that no other run of the gateway has. */
  run: string;
  size: Size;
  format: Format;
  /** Shares of the requests, 0 to 1. */
  replays: number;
  amendments: number;
  invalid: number;
  connections: number;
  /** Requests per second, or one rate after the other (the last one stays); without it the loop is closed. */
  rate?: number | RateStep[];
  inFlight?: number;
  /** No more originals than these. */
  total?: number;
  resultFile: string;
}

export interface Tenant {
  token: string;
  /** Of the declarations; all together 1. */
  share: number;
}

export interface RateStep {
  rate: number;
  seconds: number;
}

/** Times are wall clock, milliseconds; entries of one index belong together. Only what was acknowledged is listed. */
export interface LoadResult {
  dossierIds: string[];
  kinds: (Kind | 'replay')[];
  intendedMs: number[];
  answeredMs: number[];
  /** Index in `tenants`; empty where there is one only. */
  tenants: number[];
  /** What was answered with anything else: intended start, status, tenant. */
  others: { intendedMs: number[]; status: number[]; tenants: number[] };
  /** Answers by status, 0 for none. */
  statuses: Record<string, number>;
  /** Answers that are neither right for what was sent nor a plain "not now". */
  unexpected: number;
  /** Open loop: how late requests left, milliseconds, by the generator's own fault or for want of a connection. */
  lateMs: number[];
  bytesPerRequest: number;
  /** When the first request was due. */
  startedMs: number;
}

export type ToLoad = { cleared: number } | 'stop';
export type FromLoad = { acknowledged: number; startedMs: number } | 'done';

const TELL_EVERY_MS = 100;
const TURNED_AWAY_PAUSE_MS = 50;
const LAST_ANSWERS_WITHIN_MS = 15_000;
const RECENT = 4_096;

/** Same numbers in every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

class Load {
  private readonly config: LoadConfig;
  private readonly bodies: Record<Kind, Body & { heads: Buffer[] }>;
  private readonly dueAt: ((sent: number) => number) | undefined;
  private readonly idle: HttpConnection[] = [];
  private readonly all: HttpConnection[] = [];
  private readonly random = random(7);
  /** Numbers of acknowledged originals, overwritten in turn: what replays and amendments refer to. */
  private readonly recent: number[] = [];
  private readonly result: LoadResult;
  /** Open loop: intended starts that found no free connection. */
  private readonly waiting: number[] = [];
  private readonly wallMs = Date.now() - performance.now();
  private next = 0;
  private underWay = 0;
  private acknowledged = 0;
  private cleared = 0;
  private stopping = false;

  constructor(config: LoadConfig) {
    this.config = config;
    this.dueAt = config.rate === undefined ? undefined : scheduleOf(config.rate);
    const body = (kind: Kind): Body & { heads: Buffer[] } => {
      const made = makeBody(config.size, config.format, kind, Date.now());
      return { ...made, heads: config.tenants.map(({ token }) => headOf(config.url, token, made)) };
    };
    this.bodies = { original: body('original'), amendment: body('amendment'), invalid: body('invalid') };
    this.result = {
      dossierIds: [],
      kinds: [],
      intendedMs: [],
      answeredMs: [],
      tenants: [],
      others: { intendedMs: [], status: [], tenants: [] },
      statuses: {},
      unexpected: 0,
      lateMs: [],
      bytesPerRequest: this.bodies.original.bytes.length,
      startedMs: 0,
    };
  }

  start(): void {
    const startMs = performance.now();
    this.result.startedMs = this.wallMs + startMs;
    if (this.dueAt === undefined) {
      while (this.all.length < this.config.connections) this.idle.push(this.connection());
      this.pump();
    } else this.runOpen(this.dueAt, startMs);
    setInterval(() => tell({ acknowledged: this.acknowledged, startedMs: this.result.startedMs }), TELL_EVERY_MS).unref();
  }

  onCleared(count: number): void {
    this.cleared = count;
    this.pump();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.waiting.length = 0;
    const until = performance.now() + LAST_ANSWERS_WITHIN_MS;
    while (this.underWay > 0 && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
    this.all.forEach((connection) => connection.close());
    // Not answered at all: not acknowledged, but worth knowing.
    if (this.underWay > 0) this.result.statuses['0'] = (this.result.statuses['0'] ?? 0) + this.underWay;
    writeFileSync(this.config.resultFile, JSON.stringify(this.result));
  }

  private connection(): HttpConnection {
    const bytes = Math.max(...Object.values(this.bodies).flatMap(({ heads, bytes }) => heads.map((head) => head.length + bytes.length)));
    const connection = new HttpConnection(new URL(this.config.url), bytes);
    this.all.push(connection);
    return connection;
  }

  private freed(connection: HttpConnection): void {
    const due = this.waiting.shift();
    if (due !== undefined) return this.send(connection, due);
    this.idle.push(connection);
    if (this.dueAt === undefined) this.pump();
  }

  /** Closed loop: every idle connection gets a request as long as the bound on what is in flight allows. */
  private pump(): void {
    if (this.dueAt !== undefined) return;
    const { inFlight = Infinity, total = Infinity } = this.config;
    while (!this.stopping && this.acknowledged + this.underWay < Math.min(total, this.cleared + inFlight)) {
      const connection = this.idle.pop();
      if (connection === undefined) return;
      this.send(connection, performance.now());
    }
  }

  private runOpen(dueAt: (sent: number) => number, startMs: number): void {
    const total = this.config.total ?? Infinity;
    let sent = 0;
    const turn = (): void => {
      if (this.stopping) return;
      for (const nowMs = performance.now(); sent < total && startMs + dueAt(sent) <= nowMs; sent++) this.due(startMs + dueAt(sent));
      setTimeout(turn, 1);
    };
    turn();
  }

  private due(intendedMs: number): void {
    const connection = this.idle.pop() ?? (this.all.length < this.config.connections ? this.connection() : undefined);
    if (connection === undefined) this.waiting.push(intendedMs);
    else this.send(connection, intendedMs);
  }

  private send(connection: HttpConnection, intendedMs: number): void {
    if (this.stopping) return;
    const { n, kind } = this.choose();
    const length = this.write(connection.buffer, n, kind);
    this.underWay++;
    if (this.dueAt !== undefined) this.result.lateMs.push(performance.now() - intendedMs);
    connection.send(length, (answered) => {
      const isTurnedAway = this.answered(answered, intendedMs, n, kind);
      if (isTurnedAway && this.dueAt === undefined) setTimeout(() => this.freed(connection), TURNED_AWAY_PAUSE_MS);
      else this.freed(connection);
    });
  }

  private choose(): { n: number; kind: Kind | 'replay' } {
    const { replays, amendments, invalid } = this.config;
    const dice = this.random();
    const known = this.recent[Math.floor(this.random() * this.recent.length)];
    if (dice < invalid) return { n: this.next++, kind: 'invalid' };
    if (known !== undefined && dice < invalid + replays) return { n: known, kind: 'replay' };
    if (known !== undefined && dice < invalid + replays + amendments) return { n: known, kind: 'amendment' };
    return { n: this.next++, kind: 'original' };
  }

  /** Head and body of a request into a connection's buffer. */
  private write(buffer: Buffer, n: number, kind: Kind | 'replay'): number {
    const { run, format } = this.config;
    const body = this.bodies[kind === 'replay' ? 'original' : kind];
    const head = body.heads[tenantOf(n, this.config.tenants)] ?? NO_HEAD;
    head.copy(buffer);
    const start = head.length;
    body.bytes.copy(buffer, start);
    const root = idOf(run, n);
    const own = kind === 'amendment' && format === 'json' ? idOf(run, 900_000_000 + this.next++) : root;
    const ship = shipOf(n);
    for (const at of body.ids) buffer.write(own, start + at, ID_LENGTH, 'latin1');
    for (const at of body.roots) buffer.write(root, start + at, ID_LENGTH, 'latin1');
    for (const at of body.ships) buffer.write(ship, start + at, ship.length, 'latin1');
    return start + body.bytes.length;
  }

  /** True when the gateway could not take it now. */
  private answered(answered: Answered | Error, intendedMs: number, n: number, kind: Kind | 'replay'): boolean {
    this.underWay--;
    const { result } = this;
    const status = answered instanceof Error ? 0 : answered.status;
    result.statuses[status] = (result.statuses[status] ?? 0) + 1;
    const isTurnedAway = status === 0 || status === 429 || status === 503;
    const tenant = tenantOf(n, this.config.tenants);
    if (status !== 202) {
      result.others.intendedMs.push(this.wallMs + intendedMs);
      result.others.status.push(status);
      result.others.tenants.push(tenant);
    }
    if (answered instanceof Error || status !== 202) {
      if (!isTurnedAway && !(kind === 'invalid' && status === 422)) result.unexpected++;
      return isTurnedAway;
    }
    if (kind === 'invalid') result.unexpected++;
    if (kind === 'original') {
      this.acknowledged++;
      if (this.recent.length < RECENT) this.recent.push(n);
      else this.recent[this.acknowledged % RECENT] = n;
    }
    result.dossierIds.push(answered.location.slice(answered.location.lastIndexOf('/') + 1));
    result.kinds.push(kind);
    result.intendedMs.push(this.wallMs + intendedMs);
    result.answeredMs.push(this.wallMs + performance.now());
    if (this.config.tenants.length > 1) result.tenants.push(tenant);
    return false;
  }
}

const NO_HEAD = Buffer.alloc(0);

function headOf(url: string, token: string, body: Body): Buffer {
  return Buffer.from(
    `POST /v1/declarations HTTP/1.1\r\nHost: ${new URL(url).host}\r\nAuthorization: Bearer ${token}\r\n` +
      `Content-Type: ${body.contentType}\r\nContent-Length: ${body.bytes.length}\r\n\r\n`,
  );
}

function tell(message: FromLoad): void {
  process.send?.(message);
}

if (require.main === module) {
  const load = new Load(JSON.parse(process.argv[2] ?? '{}') as LoadConfig);
  // Whoever started it is gone.
  process.once('disconnect', () => process.exit(1));
  process.on('message', (message: ToLoad) => {
    if (message !== 'stop') return load.onCleared(message.cleared);
    void load.stop().then(() => process.send?.('done' satisfies FromLoad, () => process.exit(0)));
  });
  load.start();
}
