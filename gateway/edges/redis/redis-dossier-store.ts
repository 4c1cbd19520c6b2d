import { Redis, type RedisOptions } from 'ioredis';
import { ExchangeError, StoreUnavailable } from '../../core/exchange-error';
import type { ChangeListener, DossierStore, IndexEntry, Marker, RangeQuery, StoreChange } from '../../ports/dossier-store';
import { checkStoreName, checkStorePartition, checkStoreQuery, settleChanges } from '../../ports/settle-changes';
import { commitScript, removeIndexesScript } from './commit-script';
import { packChanges } from './pack-changes';
import { redisFailureOf, storeUnavailable, type RedisFailure } from './store-unavailable';

export interface RedisDossierStoreOptions {
  /** redis:// or rediss://, with user, password and database as needed. */
  url: string;
  /** Before every key and the channel of the hints, e.g. `seaport:`. */
  keyPrefix: string;
  /** Certificate authority of a server that is reached by rediss://; default: those that Node knows. */
  tls?: { ca: string };
  /** In place of one in the URL. */
  password?: string;
  /** Told of each outage and of a server that would evict; the text holds no address, key or value. */
  onWarning?: (message: string) => void;
}

/** Of every call whose size is small. guarantees.md F23: reads fail within 500 ms while Redis is frozen. */
const callTimeoutMs = 500;
/**
 * A commit gets its transfer and its work on top: 10 MiB are given 1.8 s and 10,000 changes 1 s; measured on two busy cores over
 * loopback were 50 to 200 ms and 40 to 190 ms. A commit that is given up too early costs a repeated batch, a read that waits too
 * long costs a client's answer, so only writes are given more.
 */
const transferBytesPerMs = 8_000;
const changeMs = 0.05;
const maxCommitTimeoutMs = 5_000;
/** Redis takes 1,048,576 arguments in one command. */
const maxCommandArguments = 1_000_000;
const hintsPerMessage = 1_000;
const indexesPerRemoval = 1_000;
const openTimeoutMs = 2_000;
const heartbeatMs = 5_000;

/** Faults of configuration: waiting does not cure them. */
const refusals: ReadonlySet<RedisFailure> = new Set(['NOAUTH', 'WRONGPASS', 'NOPERM', 'no-such-database']);

/** Each partition's keys carry its tag, so that all of them are in one slot of a cluster and one script may use them. */
interface PartitionKeys {
  marker: string;
  /** One hash for all values: clear() is one UNLINK (freed in the background), where a million keys would have to be scanned for. */
  values: string;
  indexNames: string;
  index: (name: string) => string;
}

/**
 * The store on Redis 6.2 or later. Three connections: reads never wait behind a large commit, and subscribing takes its own.
 * While Redis is away every call fails at once with StoreUnavailable; nothing is queued, and nothing is sent twice (a commit sent
 * again by the library would be answered 'stale' though it had been applied). Connecting again goes on for ever, at most a second apart.
 *
 * Resolves without a connection when Redis is away: losing it must not keep a process from starting (guarantees.md F22); onWarning says so.
 * @throws ExchangeError `store-refused`: wrong credentials, or a server that evicts keys under memory pressure (allkeys-*): it
 *   would forget dossiers and keep the marker
 */
export async function openRedisDossierStore(options: RedisDossierStoreOptions): Promise<DossierStore> {
  const store = new RedisDossierStore(options);
  try {
    await store.open();
  } catch (error) {
    await store.close();
    throw error;
  }
  return store;
}

class RedisDossierStore implements DossierStore {
  readonly #prefix: string;
  readonly #channel: string;
  readonly #tls: { ca: string } | undefined;
  readonly #onWarning: (message: string) => void;
  readonly #reader: Redis;
  readonly #writer: Redis;
  readonly #subscriber: Redis;
  readonly #listeners = new Set<ChangeListener>();
  readonly #keys = new Map<number, PartitionKeys>();
  #warning: { message: string; at: number } | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  #opened = false;
  #closed = false;
  /** The connections that are down, and why. */
  readonly #failed = new Map<Redis, RedisFailure>();

  constructor({ url: given, keyPrefix, onWarning, tls, password }: RedisDossierStoreOptions) {
    this.#prefix = keyPrefix;
    this.#tls = tls;
    const url = withPassword(checkedUrl(given), password);
    this.#channel = `${keyPrefix}hints`;
    this.#onWarning = onWarning ?? (() => undefined);
    // Own deadlines decide (see within()); the library's are the backstop, and bound its handshake with a frozen server.
    this.#reader = this.#connection(url, 'read', { commandTimeout: 2 * callTimeoutMs, socketTimeout: 3 * callTimeoutMs });
    this.#writer = this.#connection(url, 'write', {
      commandTimeout: maxCommitTimeoutMs + callTimeoutMs,
      socketTimeout: maxCommitTimeoutMs + 2 * callTimeoutMs,
      // A demoted master refuses writes for ever on this connection; the address may lead to the new one by now.
      reconnectOnError: (error) => redisFailureOf(error) === 'READONLY',
    });
    this.#writer.defineCommand('applyChanges', { lua: commitScript });
    this.#writer.defineCommand('removeIndexes', { lua: removeIndexesScript });
    this.#subscriber = this.#connection(url, 'hints', { commandTimeout: 2 * callTimeoutMs, socketTimeout: 3 * callTimeoutMs });
  }

  #connection(url: string, purpose: string, own: Pick<RedisOptions, 'commandTimeout' | 'socketTimeout' | 'reconnectOnError'>): Redis {
    const settings = {
      connectionName: `seaport-store-${purpose}`,
      lazyConnect: true,
      connectTimeout: 1_000,
      disconnectTimeout: callTimeoutMs,
      maxLoadingRetryTime: callTimeoutMs,
      keepAlive: 10_000,
      // Calls of one turn of the event loop travel in one write.
      enableAutoPipelining: true,
      retryStrategy: (attempt: number) => Math.min(25 * 2 ** attempt, 900) + Math.random() * 100,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      // Above 0 the library forgets, unanswered, what was in flight when the connection broke.
      maxRetriesPerRequest: 0,
      // The library's own resubscription leaves a rejection that nobody handles; #subscribe does it.
      autoResubscribe: false,
      ...(this.#tls === undefined ? {} : { tls: this.#tls }),
      ...own,
    };
    const connection = new Redis(url, settings);
    connection.on('error', (error) => {
      this.#connectionFailed(connection, redisFailureOf(error));
    });
    connection.on('close', () => {
      this.#connectionFailed(connection, 'connection-lost');
    });
    connection.on('ready', () => {
      this.#failed.delete(connection);
    });
    return connection;
  }

  /** @throws ExchangeError store-refused */
  async open(): Promise<void> {
    this.#subscriber.on('ready', () => void this.#subscribe());
    this.#subscriber.on('messageBuffer', (_channel: Buffer, message: Buffer) => {
      this.#tell(message);
    });
    const connections = [this.#reader, this.#writer, this.#subscriber];
    const subscribed = new Promise<void>((resolve) => this.#subscriber.once('hints-subscribed', resolve));
    const ready = connections.map((connection) => new Promise<void>((resolve) => connection.once('ready', resolve)));
    const refused = new Promise<never>((_resolve, reject) => {
      for (const connection of connections) {
        connection.on('error', (error) => {
          const failure = redisFailureOf(error);
          if (refusals.has(failure)) reject(refusal(`Redis refuses the credentials, rights or database of the store: ${failure}`));
        });
      }
    });
    refused.catch(() => undefined);
    // Rejections are told by 'error' events, and connecting again is on its way.
    for (const connection of connections) connection.connect().catch(() => undefined);
    const connected = await Promise.race([
      Promise.all([...ready, subscribed]).then(() => true),
      refused,
      after(openTimeoutMs).then(() => false),
    ]);
    if (connected) {
      const fault = await this.#evictionFault();
      if (fault?.severity === 'refuse') throw refusal(fault.message);
      if (fault !== null) this.#warn(fault.message);
    } else {
      const failure = [...this.#failed.values()][0] ?? 'timeout';
      this.#warn(`the store has no connection to Redis yet: ${failure}; connecting goes on`);
    }
    this.#opened = true;
    this.#reader.on('ready', () => {
      // Another server may stand behind the address by now.
      this.#evictionFault().then(
        (fault) => {
          if (fault !== null) this.#warn(fault.message);
        },
        () => undefined,
      );
    });
    // An idle subscription does not notice a path that swallows everything: an unanswered PING makes socketTimeout end it.
    this.#heartbeat = setInterval(() => void this.#subscriber.ping().catch(() => undefined), heartbeatMs);
    this.#heartbeat.unref();
  }

  /** One warning for each outage: when the first of the connections fails. */
  #connectionFailed(connection: Redis, failure: RedisFailure): void {
    const known = this.#failed.size > 0;
    if (!this.#failed.has(connection)) this.#failed.set(connection, failure);
    if (this.#opened && !this.#closed && !known) this.#warn(`the store lost a connection to Redis: ${failure}; connecting again`);
  }

  /** The same one at most once a minute: a server that takes the connection and drops it again would fill the log. */
  #warn(message: string): void {
    const now = performance.now();
    if (message === this.#warning?.message && now - this.#warning.at < 60_000) return;
    this.#warning = { message, at: now };
    this.#onWarning(message);
  }

  async #subscribe(): Promise<void> {
    try {
      await this.#subscriber.subscribe(this.#channel);
      this.#subscriber.emit('hints-subscribed');
    } catch (error) {
      const failure = redisFailureOf(error);
      // Without the right to the channel waiters still reread each second.
      if (failure === 'NOPERM') this.#warn('the store may not subscribe to its channel of change hints: NOPERM');
      else if (!this.#closed) this.#subscriber.disconnect(true);
    }
  }

  #tell(message: Buffer): void {
    const dossierIds = hintsOf(message);
    if (dossierIds !== null) for (const listener of [...this.#listeners]) listener(dossierIds);
  }

  /** Null when the server keeps what it was given. Asked by INFO: the store's user has no right to CONFIG (guarantees.md §5). */
  async #evictionFault(): Promise<{ severity: 'refuse' | 'warn'; message: string } | null> {
    let memory: string;
    try {
      memory = await within(callTimeoutMs, 'INFO', this.#reader.info('memory'));
    } catch {
      return { severity: 'warn', message: 'the store could not see the maxmemory-policy of Redis; it must be noeviction' };
    }
    const policy = /^maxmemory_policy:(\S+)/m.exec(memory)?.[1] ?? 'unknown';
    if (policy === 'noeviction') return null;
    const message = `the maxmemory-policy of Redis is ${policy}; it must be noeviction, or dossiers vanish under a marker that says they are there`;
    return { severity: policy.startsWith('allkeys-') ? 'refuse' : 'warn', message };
  }

  #keysOf(partition: number): PartitionKeys {
    const known = this.#keys.get(partition);
    if (known !== undefined) return known;
    checkStorePartition(partition);
    const tag = `${this.#prefix}{p${partition}}:`;
    const keys: PartitionKeys = {
      marker: `${tag}marker`,
      values: `${tag}values`,
      indexNames: `${tag}indexes`,
      index: (name) => `${tag}index:${name}`,
    };
    this.#keys.set(partition, keys);
    return keys;
  }

  #checkOpen(): void {
    if (this.#closed) throw new StoreUnavailable('the store is closed');
  }

  async marker(partition: number): Promise<Marker | null> {
    const keys = this.#keysOf(partition);
    this.#checkOpen();
    const text = await within(callTimeoutMs, 'the reading of a marker', this.#reader.get(keys.marker));
    return text === null ? null : markerOf(text);
  }

  async commit(
    partition: number,
    expected: Marker | null,
    next: Marker,
    changes: StoreChange[],
    hints: string[] = [],
  ): Promise<'ok' | 'stale'> {
    const messages: string[] = [];
    for (let at = 0; at < hints.length; at += hintsPerMessage) messages.push(JSON.stringify(hints.slice(at, at + hintsPerMessage)));
    const applied = await this.#apply(partition, changes, {
      mode: 'compare',
      expected: expected === null ? '' : textOf(expected),
      next: textOf(next),
      messages,
    });
    return applied === 1 ? 'ok' : 'stale';
  }

  async write(partition: number, changes: StoreChange[]): Promise<void> {
    if (changes.length === 0) return;
    await this.#apply(partition, changes, { mode: 'always', expected: '', next: '', messages: [] });
  }

  /** One run of the commit script; its header says how keys and arguments are laid out. */
  async #apply(
    partition: number,
    changes: StoreChange[],
    { mode, expected, next, messages }: { mode: 'compare' | 'always'; expected: string; next: string; messages: string[] },
  ): Promise<number> {
    const keys = this.#keysOf(partition);
    const { values, indexes } = settleChanges(changes);
    this.#checkOpen();

    const packed = packChanges({ values, indexes }, messages);
    const touched = [keys.marker, keys.values, keys.indexNames];
    const names: string[] = [];
    for (const index of indexes.keys()) {
      touched.push(keys.index(index));
      names.push(index);
    }
    if (touched.length + names.length > maxCommandArguments) throw new RangeError(`${changes.length} changes are too many for one commit`);

    // One array, not spread: a commit may have more arguments than a call of a function takes.
    const command = ([String(touched.length)] as (string | Buffer)[]).concat(touched, mode, expected, next, this.#channel, packed, names);
    return within(writeTimeoutMs(changes.length, packed.length), 'a commit', scripts(this.#writer).applyChanges(command));
  }

  async putIfAbsent(partition: number, key: string, value: Buffer | string): Promise<boolean> {
    const keys = this.#keysOf(partition);
    checkStoreName(key);
    this.#checkOpen();
    return (await within(writeTimeoutMs(1, value.length), 'a value', this.#writer.hsetnx(keys.values, key, value))) === 1;
  }

  async getMany(partition: number, keys: string[]): Promise<(Buffer | null)[]> {
    const { values } = this.#keysOf(partition);
    this.#checkOpen();
    if (keys.length === 0) return [];
    // The library flattens the array: there may be more keys than a call of a function takes arguments.
    return within(callTimeoutMs, 'the reading of values', this.#reader.hmgetBuffer(values, keys as never));
  }

  async range(partition: number, index: string, query: RangeQuery): Promise<IndexEntry[]> {
    const key = this.#keysOf(partition).index(index);
    checkStoreQuery(query);
    this.#checkOpen();
    if (query.limit === 0) return [];
    const min = boundOf(query.min ?? -Infinity);
    const max = boundOf(query.max ?? Infinity);
    const call =
      query.reverse === true
        ? this.#reader.zrange(key, max, min, 'BYSCORE', 'REV', 'LIMIT', 0, query.limit, 'WITHSCORES')
        : this.#reader.zrange(key, min, max, 'BYSCORE', 'LIMIT', 0, query.limit, 'WITHSCORES');
    const flat = await within(callTimeoutMs, 'the reading of an index', call);
    const entries: IndexEntry[] = [];
    for (let at = 0; at + 1 < flat.length; at += 2) entries.push({ member: flat[at] as string, score: Number(flat[at + 1]) });
    return entries;
  }

  async count(partition: number, index: string): Promise<number> {
    const key = this.#keysOf(partition).index(index);
    this.#checkOpen();
    return within(callTimeoutMs, 'the counting of an index', this.#reader.zcard(key));
  }

  async clear(partition: number): Promise<void> {
    const keys = this.#keysOf(partition);
    this.#checkOpen();
    await within(callTimeoutMs, 'a clearing', this.#writer.unlink(keys.marker, keys.values));
    for (;;) {
      this.#checkOpen();
      const names = await within(callTimeoutMs, 'a clearing', this.#writer.srandmember(keys.indexNames, indexesPerRemoval));
      if (names.length === 0) return;
      const command = [String(names.length + 1), keys.indexNames, ...names.map(keys.index), ...names];
      await within(maxCommitTimeoutMs, 'a clearing', scripts(this.#writer).removeIndexes(command));
    }
  }

  onChange(listener: ChangeListener): () => void {
    // A wrapper, so that a function subscribed twice is told twice and ends one subscription at a time.
    const own: ChangeListener = (dossierIds) => {
      listener(dossierIds);
    };
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  async ping(): Promise<void> {
    this.#checkOpen();
    await within(callTimeoutMs, 'a PING', this.#reader.ping());
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#heartbeat);
    this.#listeners.clear();
    // Answered after everything that was sent before it.
    await Promise.allSettled([this.#reader, this.#writer].map((connection) => within(callTimeoutMs, 'QUIT', connection.quit())));
    for (const connection of [this.#reader, this.#writer, this.#subscriber]) connection.disconnect();
  }
}

/** The two commands that defineCommand adds: number of keys, keys, arguments, in one array. */
function scripts(connection: Redis): Record<'applyChanges' | 'removeIndexes', (command: (string | Buffer)[]) => Promise<number>> {
  return connection as never;
}

/** @throws ExchangeError store-refused; the URL may hold a password and is not repeated */
function checkedUrl(url: string): string {
  if (/^rediss?:\/\/./.test(url) && URL.canParse(url)) return url;
  throw refusal('REDIS_URL must begin with redis:// or rediss://');
}

/** The library takes an empty password of a URL for a password, before any option. */
function withPassword(url: string, password: string | undefined): string {
  if (password === undefined) return url;
  const whole = new URL(url);
  whole.password = encodeURIComponent(password);
  return whole.href;
}

function refusal(message: string): ExchangeError {
  return new ExchangeError('store-refused', message, { retriable: false });
}

/**
 * Fails with StoreUnavailable after `timeoutMs`, but never while the answer is there already: after a long computation of this process
 * timers run before sockets are read, so the last word is given one turn later.
 */
function within<T>(timeoutMs: number, what: string, call: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => setImmediate(() => reject(storeUnavailable(what, new Error('Command timed out')))), timeoutMs);
    call.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(storeUnavailable(what, error));
      },
    );
  });
}

function writeTimeoutMs(changes: number, bytes: number): number {
  return Math.min(callTimeoutMs + changes * changeMs + bytes / transferBytesPerMs, maxCommitTimeoutMs);
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

function textOf(marker: Marker): string {
  return `${marker.offset} ${marker.clearancesOffset} ${marker.epoch}`;
}

/** Null for a text that this store did not write: as good as no marker, a rebuild repairs it. */
function markerOf(text: string): Marker | null {
  const match = /^(-?\d+) (-?\d+) (.*)$/s.exec(text);
  if (match === null) return null;
  return { epoch: match[3] as string, offset: Number(match[1]), clearancesOffset: Number(match[2]) };
}

function boundOf(score: number): string {
  if (score === Infinity) return '+inf';
  return score === -Infinity ? '-inf' : String(score);
}

/** Null for a message that another program put on the channel. */
function hintsOf(message: Buffer): string[] | null {
  try {
    const ids: unknown = JSON.parse(message.toString());
    return Array.isArray(ids) && ids.every((id) => typeof id === 'string') ? ids : null;
  } catch {
    return null;
  }
}
