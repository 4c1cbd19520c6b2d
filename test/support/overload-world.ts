import { Admission, type Place, type Refusal } from '../../gateway/admission';

/**
 * An intake and an exchange as the admission sees them, on a clock of its own: seconds of overload in milliseconds, the same each time.
 * Submissions come at random (Poisson), the log takes 5 ms, the exchange folds in batches, the markers are read each 25 ms.
 */
export interface World {
  maxFoldDelayMs: number;
  /** CPU of the exchange for a declaration, milliseconds. */
  foldMs: number;
  /** Of the intake, for one that it takes and one that it refuses. Both run in one process: while one works the other waits. */
  shared?: { takeMs: number; refuseMs: number };
  /** Submissions per second of each tenant, by the second. */
  rates: Record<string, (second: number) => number>;
  seconds: number;
  /** Seconds in which nobody folds. */
  away?: [from: number, to: number];
}

export interface Outcome {
  /** By the second of their arrival. */
  taken: number[];
  refused: { share: number[]; full: number[] };
  /** Of those that were taken: until the receipt, and until the fold. */
  answeredMs: number[][];
  foldedMs: number[][];
}

const PARTITIONS = 4;
const APPEND_MS = 5;
const LOOK_EVERY_MS = 25;
const BATCH = 200;
const BATCH_MS = 3;
const BYTES = 12_000;
const DRAIN_SECONDS = 60;

interface Submission {
  tenant: string;
  atMs: number;
  place?: Place;
}

export async function overload(world: World): Promise<Map<string, Outcome>> {
  const { seconds, shared, foldMs, away } = world;
  let nowMs = 0;
  const clock = { monotonicMs: () => nowMs };
  const admission = new Admission({ maxFoldDelayMs: world.maxFoldDelayMs, maxInFlight: 1_000, partitions: PARTITIONS }, clock);
  const random = randomNumbers(7);
  const outcomes = new Map(Object.keys(world.rates).map((tenant) => [tenant, emptyOutcome()]));
  const arrivals = arrivalsOf(world, random);
  const ends = Array<number>(PARTITIONS).fill(0);
  const markers = Array<number>(PARTITIONS).fill(-1);
  const appending: { submission: Submission; atMs: number }[] = [];
  const log: { submission: Submission; partition: number; offset: number }[] = [];
  let folding: typeof log = [];
  /** Until when the exchange works, and the intake: the same where they share a process. */
  let foldUntilMs = 0;
  let intakeUntilMs = 0;
  let next = 0;
  let lookMs = 0;

  const answered = (submission: Submission, answer: Place | Refusal): void => {
    const second = Math.floor(submission.atMs / 1_000);
    const outcome = outcomes.get(submission.tenant) as Outcome;
    if ('refused' in answer) {
      count(outcome.refused[answer.refused], second);
      intakeUntilMs += shared?.refuseMs ?? 0;
      return;
    }
    count(outcome.taken, second);
    answer.read(BYTES);
    submission.place = answer;
    intakeUntilMs = Math.max(intakeUntilMs, nowMs) + (shared?.takeMs ?? 0);
    appending.push({ submission, atMs: intakeUntilMs + APPEND_MS });
  };

  for (; nowMs < (seconds + DRAIN_SECONDS) * 1_000; nowMs++) {
    if (next === arrivals.length && appending.length + log.length + folding.length === 0) break;
    if (folding.length > 0 && foldUntilMs <= nowMs) {
      for (const { submission, partition, offset } of folding) {
        markers[partition] = offset;
        push((outcomes.get(submission.tenant) as Outcome).foldedMs, submission.atMs, nowMs);
      }
      folding = [];
    }
    if (shared !== undefined && Math.max(foldUntilMs, intakeUntilMs) > nowMs) continue;
    while (appending[0] !== undefined && appending[0].atMs <= nowMs) {
      const { submission } = appending.shift() as (typeof appending)[number];
      const partition = Math.floor(random() * PARTITIONS);
      const offset = ends[partition] ?? 0;
      ends[partition] = offset + 1;
      log.push({ submission, partition, offset });
      admission.appended(partition, offset, BYTES);
      submission.place?.leave();
      push((outcomes.get(submission.tenant) as Outcome).answeredMs, submission.atMs, nowMs);
    }
    for (let due = arrivals[next]; due !== undefined && due.atMs <= nowMs; due = arrivals[++next]) {
      const submission: Submission = due;
      const entered = admission.enter(submission.tenant, BYTES);
      if (entered instanceof Promise) void entered.then((answer) => answered(submission, answer));
      else answered(submission, entered);
    }
    if (nowMs >= lookMs) {
      lookMs = nowMs + LOOK_EVERY_MS;
      for (const partition of admission.awaited()) admission.foldedTo(partition, markers[partition] ?? -1);
      admission.look();
      // Whoever waited is told.
      await Promise.resolve();
    }
    const isAway = away !== undefined && nowMs >= away[0] * 1_000 && nowMs < away[1] * 1_000;
    if (folding.length === 0 && log.length > 0 && !isAway) {
      folding = log.splice(0, BATCH);
      foldUntilMs = Math.max(nowMs, shared === undefined ? 0 : intakeUntilMs) + BATCH_MS + folding.length * foldMs;
    }
  }
  return outcomes;
}

/** Sum of the counts of some seconds. */
export function total(counts: readonly number[], from: number, to: number): number {
  let sum = 0;
  for (let second = from; second < to; second++) sum += counts[second] ?? 0;
  return sum;
}

/** The 99th percentile of what came in some seconds. */
export function p99(times: readonly number[][], from: number, to: number): number {
  const all = times
    .slice(from, to)
    .flat()
    .sort((a, b) => a - b);
  return all[Math.floor(all.length * 0.99)] ?? 0;
}

function arrivalsOf({ rates, seconds }: World, random: () => number): Submission[] {
  const arrivals = Object.entries(rates).flatMap(([tenant, rate]) => {
    const own: Submission[] = [];
    for (let atMs = 0; atMs < seconds * 1_000;) {
      const perSecond = rate(Math.floor(atMs / 1_000));
      atMs += perSecond === 0 ? 1_000 : (-Math.log(1 - random()) * 1_000) / perSecond;
      if (perSecond > 0 && atMs < seconds * 1_000) own.push({ tenant, atMs });
    }
    return own;
  });
  return arrivals.sort((a, b) => a.atMs - b.atMs);
}

function emptyOutcome(): Outcome {
  return { taken: [], refused: { share: [], full: [] }, answeredMs: [], foldedMs: [] };
}

function count(counts: number[], second: number): void {
  counts[second] = (counts[second] ?? 0) + 1;
}

function push(times: number[][], atMs: number, nowMs: number): void {
  (times[Math.floor(atMs / 1_000)] ??= []).push(nowMs - atMs);
}

/** A linear congruential generator: the same numbers in each run. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 4_294_967_296;
}
