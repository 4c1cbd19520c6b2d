/**
 * How far the exchange is behind, as an intake knows it in whatever process it runs: the declarations that it has appended itself, against
 * the store's markers. Pure: time comes with each call.
 *
 * A partition *keeps up* while its oldest unfolded declaration is young: what waits in it is counted. It *catches up* while that one is old
 * and the marker moves: the exchange is back from an outage, or rebuilds. Otherwise the exchange is *away* from it, and the log is there to
 * hold what comes meanwhile (guarantees.md G1): what waits in these two says nothing of the load.
 */
export interface Progress {
  /** Weight of what was folded since the last look. */
  folded: number;
  /** How long that waited, milliseconds, in the mean; 0 where nothing was folded. */
  delayMs: number;
  isCatchingUp: boolean;
}

interface Tail {
  /** Appended and not folded, oldest first. */
  waiting: { offset: number; weight: number; atMs: number }[];
  weight: number;
  keepsUp: boolean;
  /** The last offset that the store has folded, as it was told last. */
  marker: number | undefined;
  /** When the marker was seen to move. */
  movedMs: number;
}

/** Of one partition. What comes on top, when nobody folds for long, is not remembered: it is not counted then either. */
const MAX_REMEMBERED = 10_000;

export class Unfolded {
  private readonly tails: Tail[];
  private readonly oldMs: number;
  private counted = 0;
  private isKnown = true;
  private folded = { count: 0, weight: 0, delaysMs: 0 };

  /** @param oldMs age at which a declaration is old */
  constructor(partitions: number, oldMs: number) {
    this.tails = Array.from({ length: partitions }, () => ({
      waiting: [],
      weight: 0,
      keepsUp: true,
      marker: undefined,
      movedMs: -Infinity,
    }));
    this.oldMs = oldMs;
  }

  /** Weight of what waits in the partitions that keep up. */
  get weight(): number {
    return this.counted;
  }

  /** This process has appended a declaration. */
  appended(partition: number, offset: number, weight: number, nowMs: number): void {
    const tail = this.tails[partition];
    if (tail === undefined || tail.waiting.length >= MAX_REMEMBERED) return;
    tail.waiting.push({ offset, weight, atMs: nowMs });
    tail.weight += weight;
    if (tail.keepsUp) this.counted += weight;
  }

  /** Partitions whose markers are worth reading. */
  awaited(): number[] {
    return this.tails.flatMap(({ waiting }, partition) => (waiting.length > 0 ? [partition] : []));
  }

  /** The store's marker: the last offset of the partition that was folded. */
  foldedTo(partition: number, offset: number, nowMs: number): void {
    this.isKnown = true;
    const tail = this.tails[partition];
    if (tail === undefined) return;
    const left = tail.waiting.findIndex((declaration) => declaration.offset > offset);
    const done = tail.waiting.splice(0, left < 0 ? tail.waiting.length : left);
    for (const { weight, atMs } of done) {
      tail.weight -= weight;
      if (tail.keepsUp) this.counted -= weight;
      this.folded.count++;
      this.folded.weight += weight;
      this.folded.delaysMs += nowMs - atMs;
    }
    if (done.length > 0 || (tail.marker !== undefined && offset > tail.marker)) tail.movedMs = nowMs;
    tail.marker = offset;
  }

  /** The store does not say, and without it nobody folds either. */
  unknown(): void {
    this.isKnown = false;
  }

  /** To be called again and again; tells what was folded since the last time. */
  look(nowMs: number): Progress {
    const { count, weight, delaysMs } = this.folded;
    this.folded = { count: 0, weight: 0, delaysMs: 0 };
    const progress: Progress = { folded: weight, delayMs: count === 0 ? 0 : delaysMs / count, isCatchingUp: false };
    this.counted = 0;
    for (const tail of this.tails) {
      const oldest = tail.waiting[0];
      tail.keepsUp = this.isKnown && (oldest === undefined || nowMs - oldest.atMs < this.oldMs);
      if (tail.keepsUp) this.counted += tail.weight;
      else if (this.isKnown && nowMs - tail.movedMs < this.oldMs) progress.isCatchingUp = true;
    }
    return progress;
  }
}
