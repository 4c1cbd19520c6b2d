import { LogUnavailable } from '../../core/exchange-error';

/** A topic that is not appended to any more is forgotten after this: nobody would ever say that it is open again. */
const FORGOTTEN_AFTER_MS = 20_000;

/**
 * What the cluster refuses this user now, for /health/ready: a process that may not consume, or not append, answers pings all the same and
 * is of no use.
 */
export class Refusals {
  readonly #groups = new Map<string, string>();
  #append: { why: string; untilMs: number } | undefined;

  /** `why` undefined: the group consumes. */
  ofGroup(group: string, why: string | undefined): void {
    if (why === undefined) this.#groups.delete(group);
    else this.#groups.set(group, why);
  }

  ofAppend(why: string): void {
    this.#append = { why, untilMs: performance.now() + FORGOTTEN_AFTER_MS };
  }

  /** @throws LogUnavailable naming one of them */
  throwIfAny(): void {
    const [ofGroup] = this.#groups.values();
    const why = ofGroup ?? (this.#append !== undefined && performance.now() < this.#append.untilMs ? this.#append.why : undefined);
    if (why !== undefined) throw new LogUnavailable(why);
  }
}
