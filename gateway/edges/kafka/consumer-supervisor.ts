import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumption, LogConsumer } from '../../ports/message-log';
import { answerOf, describe, isAway, refusalOf, unavailable } from './kafka-faults';

/**
 * Replaces consumers: one that crashed or stands still is followed by a new one as long as the broker is merely away, or refuses this user
 * what it did not refuse at the start (ACLs, a password that was changed): a new process would be refused as well. Otherwise the process is
 * told to end. The same with every client library.
 */
export interface ConsumerSession {
  /** Joins the group; from then on batches are handled. */
  start(): Promise<void>;
  /** The orderly end. */
  stop(): Promise<void>;
  /** The other end: nothing more is delivered or committed. */
  abandon(): void;
  /** Milliseconds without a sign of life of the client; 0 while a batch is under way. */
  idleMs(): number;
}

export interface SessionEvents {
  /** The session cannot go on; not told of before start() has resolved, nor after stop() or abandon(). */
  onCrash(cause: unknown): void;
  onProgress(): void;
}

/**
 * Least time between two commits of a session. Each costs the broker an append of its own, for every group and partition; what is read
 * again after a crash was done before, and is known to be.
 */
export const COMMIT_EVERY_MS = 500;

export interface SupervisorOptions {
  /** Resolves when the broker answers. */
  ping(): Promise<void>;
  onWarning?(message: string, context: Record<string, unknown>): void;
  /** The cluster does not let this group consume any more; undefined: it does again. Until then a new session is tried now and then. */
  onRefused?(group: string, why: string | undefined): void;
}

const FIRST_PAUSE_MS = 100;
const LAST_PAUSE_MS = 2_500;
/** An operator is at work on it: asking more often helps nobody. */
const REFUSED_PAUSE_MS = 5_000;
/** Neither a fetch nor a heartbeat for so long: the client hangs. */
const STALLED_MS = 30_000;
const WATCH_EVERY_MS = 5_000;
/**
 * So often in a row, and for so long, while brokers answer: a group whose coordinator has died has another within seconds, and a client
 * that has lost its way is to start anew. A topic that is gone comes back by an operator only: that is told without the wait. A batch
 * handled, or a minute gone by, ends the row.
 */
const MAX_CRASHES = 5;
const CRASHING_MS = 120_000;
const STEADY_MS = 60_000;
const FIRST_STARTS = 4;

/** Starts consuming. Rejects only for what waiting does not mend; with the broker away it goes on trying in the background. */
export async function startSupervised(
  options: SupervisorOptions,
  consumption: Consumption,
  openSession: (events: SessionEvents) => ConsumerSession,
): Promise<LogConsumer> {
  const supervisor = new Supervisor(options, consumption, openSession);
  await supervisor.start();
  return { stop: () => supervisor.stop() };
}

class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #consumption: Consumption;
  readonly #openSession: (events: SessionEvents) => ConsumerSession;
  readonly #stopping = new AbortController();
  #session: ConsumerSession | undefined;
  #restarting: Promise<void> | undefined;
  #openedMs = 0;
  #crashes = 0;
  /** When the first of them was. */
  #crashingSinceMs = 0;
  #watch: NodeJS.Timeout | undefined;

  constructor(options: SupervisorOptions, consumption: Consumption, openSession: (events: SessionEvents) => ConsumerSession) {
    this.#options = options;
    this.#consumption = consumption;
    this.#openSession = openSession;
  }

  async start(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#open();
        break;
      } catch (cause) {
        if (answerOf(cause) === undefined && isAway(cause)) {
          this.#restart(cause);
          break;
        }
        // Topics that another process has created this moment are not known to every broker yet.
        if (!isAway(cause) || attempt >= FIRST_STARTS)
          throw unavailable(`group ${this.#consumption.group} cannot consume ${this.#consumption.topics.join(', ')}`, cause);
        await sleep(FIRST_PAUSE_MS * 2 ** attempt);
      }
    }
    this.#watch = setInterval(() => void this.#lookForStall(), WATCH_EVERY_MS);
    this.#watch.unref();
  }

  async stop(): Promise<void> {
    if (this.#isStopping()) return;
    this.#stopping.abort();
    clearInterval(this.#watch);
    await this.#restarting;
    await this.#session?.stop();
  }

  async #open(): Promise<void> {
    const session: ConsumerSession = this.#openSession({
      onCrash: (cause) => {
        if (this.#session === session) this.#restart(cause);
      },
      onProgress: () => {
        this.#crashes = 0;
      },
    });
    this.#session = session;
    try {
      await session.start();
      this.#openedMs = performance.now();
    } catch (cause) {
      session.abandon();
      throw cause;
    }
  }

  #restart(cause: unknown): void {
    if (this.#isStopping() || this.#restarting) return;
    if (performance.now() - this.#openedMs > STEADY_MS) this.#crashes = 0;
    this.#session?.abandon();
    this.#restarting = this.#reopen(cause);
  }

  async #reopen(first: unknown): Promise<void> {
    let cause = first;
    try {
      for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS)) {
        const { group } = this.#consumption;
        this.#options.onWarning?.('consumer stopped, a new one takes over', { group, reason: describe(cause) });
        const answers = await this.#options.ping().then(
          () => true,
          () => false,
        );
        const refusal = refusalOf(cause);
        if (answers && refusal === undefined && this.#crashes++ === 0) this.#crashingSinceMs = performance.now();
        if (this.#isStopping()) return;
        if (refusal !== undefined) this.#options.onRefused?.(group, unavailable(`group ${group} cannot consume`, cause).message);
        else if (answers && (!isAway(cause) || this.#isLost(cause))) {
          clearInterval(this.#watch);
          this.#consumption.onFatal?.(unavailable(`group ${group} cannot go on`, cause));
          return;
        }
        try {
          await sleep(refusal === undefined ? pauseMs : REFUSED_PAUSE_MS, undefined, { signal: this.#stopping.signal });
          await this.#open();
          this.#options.onRefused?.(group, undefined);
          return;
        } catch (again) {
          if (this.#isStopping()) return;
          cause = again;
        }
      }
    } finally {
      this.#restarting = undefined;
    }
  }

  #isLost(cause: unknown): boolean {
    if (this.#crashes <= MAX_CRASHES) return false;
    return answerOf(cause) === 'UNKNOWN_TOPIC_OR_PARTITION' || performance.now() - this.#crashingSinceMs > CRASHING_MS;
  }

  #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #lookForStall(): Promise<void> {
    const session = this.#session;
    if (!session || this.#restarting || session.idleMs() < STALLED_MS) return;
    try {
      await this.#options.ping();
    } catch {
      return;
    }
    if (this.#session === session && session.idleMs() >= STALLED_MS) this.#restart(new StandingStill('the consumer stands still'));
  }
}

/** Told as a connection that was closed: the remedy is the same. */
class StandingStill extends Error {
  override name = 'BrokerAway';
}
