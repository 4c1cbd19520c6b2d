import type { Clock } from './ports/clock';
import { Unfolded, type Progress } from './unfolded';

/**
 * Which submissions are taken now (guarantees.md G8). As many may be under way, from when they are taken until they are folded, as are
 * folded within the delay that is allowed: window = rate × delay (Little's law), the rate measured while it is crowded. So the queue stands
 * here, where it is short and tenants take turns, and not in the log, where all of them would wait behind one.
 *
 * While that delay is past a quarter of its bound as many are received at once as leave within MAX_RECEIPT_MS, in the same way: a process that
 * is busy does nothing sooner because more of it has begun, and who is told that there is no room comes again before it would have got a receipt.
 *
 * Turns are start-time fair queueing (Goyal, Vin, Cheng 1996): what a tenant was given moves its turn back; the lowest turn is served
 * first. A tenant below its share hardly waits; what neither fits nor can wait a moment is refused, before it is read.
 *
 * Only an exchange that works and does not keep up limits anybody: while it is away the log takes everything, and when it is back, live
 * traffic gets half of what it folds until the backlog is gone.
 */
export interface AdmissionLimits {
  /** How long a declaration should wait for the fold at most, milliseconds; 0: however long. */
  maxFoldDelayMs: number;
  /** Submissions received at once, whatever the fold does. */
  maxInFlight: number;
  partitions: number;
}

/** A place among those that are received. */
export interface Place {
  /** The body is here, so many bytes. */
  read(bytes: number): void;
  /** It is answered, or gone; what it appended was told before. */
  leave(): void;
}

export interface Refusal {
  /** `share`: the tenant has had its share, and others want theirs. `full`: there is no room. */
  refused: 'share' | 'full';
  retryAfterSeconds: number;
  /** What one tenant is given in a second now. */
  sharePerSecond: number;
}

interface Tenant {
  /** Its turn: virtual time up to which it was served. */
  servedTo: number;
  inFlight: number;
  seenMs: number;
}

interface Waiter {
  tenant: Tenant;
  turn: number;
  bytes: number;
  sinceMs: number;
  settle(answer: Place | Refusal): void;
}

/** A body of this size, or a smaller one, weighs 1. */
const UNIT_BYTES = 16_384;
/** A cruise ship's body counts as so much at most, or it would fill the window alone. */
const MAX_WEIGHT = 16;
/** Rate that the first window is made for. */
const FIRST_PER_SECOND = 1_000;
/** In a window below this a hiccup of the process looks like load. */
const MIN_WINDOW = 4 * MAX_WEIGHT;
/** On top of the window, for tenants below their share: so they need not wait for the next look at the markers. */
const RESERVE = 0.25;
/** What a tenant that was quiet may send at once before it takes turns. */
const BURST = 16;
/** Longest wait for a place: it is added to the time to the receipt. */
const MAX_WAIT_MS = 25;
/** The same below one's share: nobody else's load is a reason to refuse, though the process may be busy for a moment. */
const MAX_WAIT_BELOW_SHARE_MS = 250;
/** What is folded while it is crowded is measured for so long at least. */
const CROWDED_MS = 400;
/** A window that is too small for what is folded in time grows by this at each look. */
const GROWTH = 1.05;
/** From the body to the receipt under load, in the mean. */
const MAX_RECEIPT_MS = 150;
/** Receipts are counted for so long at least. */
const RECEIPTS_EVERY_MS = 250;
/** How many may be received at once grows by this as long as receipts are given in time. */
const RECEIPT_GROWTH = 1.25;
/** Live traffic's share of what is folded while the exchange catches up: the backlog shrinks. */
const WHILE_BEHIND = 0.5;
/** A slow line is no work: its body counts again when it is there. */
const SLOW_BODY_MS = 500;
/** A tenant that was not seen for so long has no share. */
const FORGET_MS = 2_000;
/** No tenant alone takes all of maxInFlight. */
const MOST_OF_ONE_TENANT = 0.9;

export class Admission {
  private readonly limits: AdmissionLimits;
  private readonly clock: Pick<Clock, 'monotonicMs'>;
  private readonly unfolded: Unfolded;
  private readonly tenants = new Map<string, Tenant>();
  /** By turn. */
  private readonly waiters: Waiter[] = [];
  /** Places whose bodies are not here yet, oldest first. */
  private readonly reading = new Map<Place, { weight: number; sinceMs: number }>();
  private inFlight = 0;
  /** Weight of the places, those on slow lines apart. */
  private placed = 0;
  private size: number;
  /** Virtual time: the turn that was served last. */
  private turn = 0;
  private hasWaited = false;
  private isBehind = false;
  /** Weight that may come in on top, while it is behind. */
  private allowance = 0;
  /** Since the delay is past half of its bound. */
  private crowded: { sinceMs: number; folded: number } | undefined;
  /** From body to receipt, of those that left since the last look. */
  private stays = { count: 0, ms: 0 };
  /** Weight that may be received at once, and what says so: what has left since, and after how long. */
  private reception = Infinity;
  /** What is folded now has taken more than a quarter of what it may. */
  private isLate = false;
  private receipts = { sinceMs: 0, count: 0, weight: 0, ms: 0 };
  private lookedMs: number;
  private foldedMs = -Infinity;
  private refusals = 0;

  constructor(limits: AdmissionLimits, clock: Pick<Clock, 'monotonicMs'>) {
    this.limits = limits;
    this.clock = clock;
    this.lookedMs = clock.monotonicMs();
    const { maxFoldDelayMs, partitions } = limits;
    this.unfolded = new Unfolded(partitions, oldAfterMs(maxFoldDelayMs));
    this.size = maxFoldDelayMs === 0 ? Infinity : Math.max(MIN_WINDOW, (FIRST_PER_SECOND * maxFoldDelayMs) / 1_000);
  }

  /** Submissions that have a place. */
  get received(): number {
    return this.inFlight;
  }

  /** Weight that may be under way. */
  get window(): number {
    return this.size;
  }

  /** Weight under way: received, or waiting for the fold. */
  get underWay(): number {
    return this.placed + this.unfolded.weight;
  }

  /**
   * Asks for a place; a promise where it has to wait for a moment.
   * @param bytes of the body as announced; 0 where they are not
   */
  enter(name: string, bytes: number): Place | Refusal | Promise<Place | Refusal> {
    const nowMs = this.clock.monotonicMs();
    const tenant = this.tenantOf(name, nowMs);
    const { maxInFlight } = this.limits;
    if (this.inFlight + this.waiters.length >= maxInFlight) return this.refusal('full');
    if (tenant.inFlight >= maxInFlight * MOST_OF_ONE_TENANT) return this.refusal('full');
    const turn = Math.max(tenant.servedTo, this.turn - BURST);
    const first = this.waiters[0];
    if (this.hasRoom(turn) && (first === undefined || turn < first.turn)) return this.give(tenant, turn, bytes, nowMs);
    return this.wait(tenant, turn, bytes, nowMs);
  }

  /** The log has taken a declaration of this process. */
  appended(partition: number, offset: number, bytes: number): void {
    this.unfolded.appended(partition, offset, placeWeight(bytes), this.clock.monotonicMs());
  }

  /** Partitions whose markers are worth reading. */
  awaited(): number[] {
    return this.unfolded.awaited();
  }

  /** The store's marker of a partition: what was folded last. */
  foldedTo(partition: number, offset: number): void {
    this.unfolded.foldedTo(partition, offset, this.clock.monotonicMs());
  }

  /** The store does not say what was folded. */
  foldUnknown(): void {
    this.unfolded.unknown();
  }

  /** To be called every few hundredths of a second: serves and turns away those who wait. */
  look(): void {
    const nowMs = this.clock.monotonicMs();
    const progress = this.unfolded.look(nowMs);
    const elapsedMs = nowMs - this.lookedMs;
    this.lookedMs = nowMs;
    if (this.limits.maxFoldDelayMs > 0) this.bound(progress, elapsedMs, nowMs);
    this.parkSlowBodies(nowMs);
    if (this.limits.maxFoldDelayMs > 0 && nowMs - this.receipts.sinceMs >= RECEIPTS_EVERY_MS) this.receive(nowMs);
    this.serve(nowMs);
    for (let i = this.waiters.length - 1; i >= 0; i--) {
      const { turn, sinceMs } = this.waiters[i] as Waiter;
      if (nowMs - sinceMs >= (turn < this.turn ? MAX_WAIT_BELOW_SHARE_MS : MAX_WAIT_MS)) this.turnAway(i);
    }
    for (const [name, { inFlight, seenMs }] of this.tenants) if (inFlight === 0 && nowMs - seenMs > FORGET_MS) this.tenants.delete(name);
  }

  /** How much may be under way from now on. */
  private bound(progress: Progress, elapsedMs: number, nowMs: number): void {
    if (progress.folded > 0) this.foldedMs = nowMs;
    this.isBehind = progress.isCatchingUp;
    if (this.isBehind) {
      this.crowded = undefined;
      this.isLate = false;
    } else this.fit(progress.folded, progress.delayMs, nowMs);
    // Where nothing of ours is among what is folded, as in a rebuild, the rate of before must do.
    if (this.isBehind) this.allow(nowMs - this.foldedMs < oldAfterMs(0) ? progress.folded : this.perMs * elapsedMs);
    else if (this.underWay >= this.size * (1 + RESERVE)) this.allow(progress.folded);
    else this.allowance = 0;
  }

  private get perMs(): number {
    return this.size / this.limits.maxFoldDelayMs;
  }

  private tenantOf(name: string, nowMs: number): Tenant {
    let tenant = this.tenants.get(name);
    if (tenant === undefined) this.tenants.set(name, (tenant = { servedTo: -Infinity, inFlight: 0, seenMs: nowMs }));
    tenant.seenMs = nowMs;
    return tenant;
  }

  private hasRoom(turn: number): boolean {
    const reserve = turn < this.turn ? 1 + RESERVE : 1;
    if (this.placed >= this.reception * reserve) return false;
    if (this.allowance > 0) return true;
    if (this.isBehind) return false;
    return this.underWay < this.size * reserve;
  }

  private give(tenant: Tenant, turn: number, announced: number, nowMs: number): Place {
    const weight = placeWeight(announced);
    if (this.isBehind || this.underWay >= this.size) this.allowance = Math.max(0, this.allowance - weight);
    this.turn = Math.max(this.turn, turn);
    tenant.servedTo = Math.max(tenant.servedTo, turn + turnWeight(announced));
    tenant.inFlight++;
    this.inFlight++;
    this.placed += weight;
    let state: 'reading' | 'read' | 'left' = 'reading';
    let readMs = nowMs;
    const place: Place = {
      read: (bytes) => {
        if (state !== 'reading') return;
        state = 'read';
        readMs = this.clock.monotonicMs();
        if (!this.reading.delete(place)) this.placed += weight;
        tenant.servedTo += Math.max(0, turnWeight(bytes) - turnWeight(announced));
      },
      leave: () => {
        if (state === 'left') return;
        if (state === 'read' || this.reading.delete(place)) this.placed -= weight;
        state = 'left';
        tenant.inFlight--;
        this.inFlight--;
        const ms = this.clock.monotonicMs() - readMs;
        for (const sum of [this.stays, this.receipts]) {
          sum.count++;
          sum.ms += ms;
        }
        this.receipts.weight += weight;
      },
    };
    this.reading.set(place, { weight, sinceMs: nowMs });
    return place;
  }

  /** Half as many as there may be places: those that come free at once go by turn. One whose turn is earlier puts out the last. */
  private wait(tenant: Tenant, turn: number, bytes: number, nowMs: number): Refusal | Promise<Place | Refusal> {
    this.hasWaited = true;
    let at = this.waiters.length;
    while (at > 0 && (this.waiters[at - 1]?.turn ?? 0) > turn) at--;
    if (this.waiters.length >= this.size / 2) {
      if (at === this.waiters.length) return this.refusal(this.reasonFor(turn));
      this.turnAway(this.waiters.length - 1);
    }
    tenant.servedTo = turn + turnWeight(bytes);
    return new Promise((settle) => this.waiters.splice(at, 0, { tenant, turn, bytes, sinceMs: nowMs, settle }));
  }

  private serve(nowMs: number): void {
    for (let first = this.waiters[0]; first !== undefined && this.hasRoom(first.turn); first = this.waiters[0]) {
      this.waiters.shift();
      first.settle(this.give(first.tenant, first.turn, first.bytes, nowMs));
    }
  }

  private turnAway(index: number): void {
    const [waiter] = this.waiters.splice(index, 1);
    if (waiter === undefined) return;
    // It was not served.
    waiter.tenant.servedTo = Math.min(waiter.tenant.servedTo, waiter.turn);
    waiter.settle(this.refusal(this.reasonFor(waiter.turn)));
  }

  private reasonFor(turn: number): Refusal['refused'] {
    return turn >= this.turn && this.tenants.size > 1 ? 'share' : 'full';
  }

  private refusal(refused: Refusal['refused']): Refusal {
    return {
      refused,
      // Those that are refused together do not come back together.
      retryAfterSeconds: 1 + (this.refusals++ % 3),
      sharePerSecond: Math.max(1, Math.floor((this.perMs * 1_000) / this.tenants.size)),
    };
  }

  /** Crowded, what is folded is all that can be, and the window is made for it; else one that somebody had to wait for was too small. */
  private fit(folded: number, delayMs: number, nowMs: number): void {
    const { maxFoldDelayMs } = this.limits;
    if (this.crowded !== undefined) {
      this.crowded.folded += folded;
      const ms = nowMs - this.crowded.sinceMs;
      if (ms >= Math.max(CROWDED_MS, maxFoldDelayMs / 2)) {
        const wanted = Math.max(MIN_WINDOW, (this.crowded.folded / ms) * maxFoldDelayMs);
        this.size += (wanted - this.size) / 2;
        this.crowded = { sinceMs: nowMs, folded: 0 };
      }
    }
    if (this.underWay === 0) this.crowded = undefined;
    if (folded === 0) return;
    const stayMs = this.stays.count === 0 ? 0 : this.stays.ms / this.stays.count;
    this.stays = { count: 0, ms: 0 };
    this.isLate = stayMs + delayMs > maxFoldDelayMs / 4;
    if (stayMs + delayMs > maxFoldDelayMs / 2) this.crowded ??= { sinceMs: nowMs, folded: 0 };
    else {
      this.crowded = undefined;
      if (this.hasWaited) this.size *= GROWTH;
    }
    this.hasWaited = this.waiters.length > 0;
  }

  /** As many as leave in time. Where nothing leaves the log is away, and who waits for it is told so by intake. */
  private receive(nowMs: number): void {
    const { sinceMs, count, weight, ms } = this.receipts;
    this.receipts = { sinceMs: nowMs, count: 0, weight: 0, ms: 0 };
    if (!this.isLate || count === 0) this.reception = Infinity;
    else if (ms / count > MAX_RECEIPT_MS) this.reception = Math.max(MIN_WINDOW, (weight / (nowMs - sinceMs)) * MAX_RECEIPT_MS);
    else this.reception *= RECEIPT_GROWTH;
  }

  private allow(folded: number): void {
    this.allowance = Math.min(this.size, this.allowance + WHILE_BEHIND * folded);
  }

  private parkSlowBodies(nowMs: number): void {
    for (const [place, { weight, sinceMs }] of this.reading) {
      if (nowMs - sinceMs < SLOW_BODY_MS) return;
      this.reading.delete(place);
      this.placed -= weight;
    }
  }
}

/** Under control nothing waits for twice the delay; a marker may take a moment, and an outage is to be noticed. */
function oldAfterMs(maxFoldDelayMs: number): number {
  return Math.min(Math.max(4 * maxFoldDelayMs, 1_000), 10_000);
}

/** A turn costs what there is to do. */
function turnWeight(bytes: number): number {
  return Math.max(1, bytes / UNIT_BYTES);
}

function placeWeight(bytes: number): number {
  return Math.min(MAX_WEIGHT, turnWeight(bytes));
}
