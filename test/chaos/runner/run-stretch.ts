import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CheckReport } from '../checker/check-history';
import type { Invariant } from '../checker/findings';
import { MIXED, PROMPT } from './agencies';
import type { Agent, Case } from './agents';
import { checkInChild } from './check-directory';
import { copyKafkaTopics, type Copied } from './copy-topics';
import type { Fault } from './faults';
import { ABOUT_FILE, keepText } from './file-history';
import { PREFIX, type Stage } from './stage';

/** What one fault came to. */
export interface Row {
  fault: string;
  what: string;
  injections: number;
  attempts: number;
  accepted: number;
  /** Answers 503, 429 or none: sent again. */
  turnedAway: number;
  dossiers: number;
  /** From the end of the fault to a declaration submitted after it being cleared; undefined: it never was. */
  recoveredMs: number | undefined;
  recoversWithinMs: number;
  /** From the end of the load to rest; undefined: it never came. */
  drainedMs: number | undefined;
  /** Why rest never came. */
  unrest: string | undefined;
  /** Processes that gave up by themselves and were started again. */
  gaveUp: number;
  /** The end of what they wrote. */
  lastWords: string[];
  memoryMb: Record<string, number>;
  harms: CheckReport['harms'];
  violated: CheckReport['violated'];
  violations: CheckReport['violations'];
  counted: CheckReport['counted'];
}

export interface StretchOptions {
  /** Declarations and other requests per second. */
  rate: number;
  warmMs: number;
  drainWithinMs: number;
}

/** Not in every stretch is something of these, and the whole run is held against all. */
const RARE: readonly Invariant[] = ['I7'];
const RECOVER_AT_MOST_MS = 120_000;
const LOOK_EVERY_MS = 150;

export class Stretches {
  private readonly stage: Stage;
  private readonly root: string;
  private readonly options: StretchOptions;
  private readonly directories: string[] = [];
  /** Those since everything was at rest: what they tell overlaps. */
  private sinceRest: string[] = [];
  /** Dossiers that had not come to rest when they were read. */
  private readonly toReadAgain: [Agent, Case][] = [];
  private copied: Copied = new Map();

  constructor(stage: Stage, root: string, options: StretchOptions) {
    this.stage = stage;
    this.root = root;
    this.options = options;
  }

  /** The first directory is where the journal is already. */
  async start(directory: string): Promise<void> {
    this.directories.push(directory);
    this.copied = await copyKafkaTopics(this.stage.kafka.brokers, PREFIX, directory, this.copied);
  }

  async run(fault: Fault): Promise<Row> {
    const { stage, options } = this;
    const directory = path.join(this.root, `${String(this.directories.length).padStart(3, '0')}-${fault.id}`);
    this.directories.push(directory);
    stage.journal.openIn(directory);
    for (const agent of stage.agents) {
      agent.begin();
      await agent.rest(false);
    }
    const [livesBefore, gaveUpBefore, countedBefore] = [this.lives, this.gaveUp, await this.counts()];

    stage.customs.manners = MIXED;
    let turn = 0;
    const load = setInterval(() => {
      if (!stage.isQuiet) stage.agents[turn++ % stage.agents.length]?.work();
    }, 1_000 / options.rate);
    let injections: number;
    let recoveredMs: number | undefined;
    try {
      await sleep(options.warmMs);
      injections = await fault.inject(stage);
      stage.customs.manners = PROMPT;
      recoveredMs = await this.recover();
    } finally {
      clearInterval(load);
    }
    const { drainedMs, unrest } = await this.drain();
    let isAtRest = drainedMs !== undefined;
    if (!isAtRest) {
      // Not by itself: as whoever is called at night would, so that what follows can be judged.
      await stage.restartGateway();
      isAtRest = (await this.drain()).drainedMs !== undefined;
    }
    for (const agent of stage.agents) await agent.rest(true);
    for (const agent of stage.agents) await agent.readAtRest();
    await this.readAsAgency();
    await this.keepTexts(directory);
    const before = this.copied;
    this.copied = await copyKafkaTopics(stage.kafka.brokers, PREFIX, directory, before);
    if (livesBefore === this.lives) await this.journalCounts(countedBefore, before);

    await this.keepAbout(directory);
    this.sinceRest.push(directory);
    const report = await checkInChild(this.sinceRest, RARE);
    if (isAtRest) this.sinceRest = [];
    else for (const agent of stage.agents) for (const one of agent.opened.values()) this.toReadAgain.push([agent, one]);
    const { harms, violated, violations, counted } = report;
    const sum = (of: (agent: (typeof stage.agents)[number]) => number): number => stage.agents.reduce((all, agent) => all + of(agent), 0);
    return {
      fault: fault.id,
      what: fault.what,
      injections,
      attempts: report.checked.I2,
      accepted: sum((agent) => agent.accepted),
      turnedAway: sum((agent) => agent.turnedAway),
      dossiers: sum((agent) => agent.opened.size),
      recoveredMs,
      recoversWithinMs: fault.recoversWithinMs,
      drainedMs,
      unrest,
      gaveUp: this.gaveUp - gaveUpBefore,
      lastWords: [...stage.processes.values()].flatMap((process) => process.takeLastWords() ?? []),
      memoryMb: stage.memory(),
      harms,
      violated,
      violations,
      counted,
    };
  }

  /** I1–I12 of everything that the run left. */
  async checkWhole(): Promise<CheckReport> {
    const directory = path.join(this.root, 'end');
    this.directories.push(directory);
    this.stage.journal.openIn(directory);
    for (const [agent, one] of this.toReadAgain) await agent.readClearances(one);
    await this.keepAbout(directory);
    return checkInChild(this.directories, []);
  }

  private async keepAbout(directory: string): Promise<void> {
    writeFileSync(path.join(directory, ABOUT_FILE), JSON.stringify(await this.stage.about(), null, 2));
  }

  /** Another text when a process began or ended. */
  private get lives(): string {
    const { processes, changes } = this.stage;
    return [String(changes), ...[...processes.values()].map(({ name, lives }) => `${name} ${String(lives)}`)].join(', ');
  }

  private get gaveUp(): number {
    return [...this.stage.processes.values()].reduce((sum, { gaveUp }) => sum + gaveUp, 0);
  }

  /** A declaration that is submitted now is cleared: how long that takes, whatever it takes. */
  private async recover(): Promise<number | undefined> {
    const startedMs = performance.now();
    const prober = this.stage.agents[0];
    const isWithin = (): boolean => performance.now() - startedMs < RECOVER_AT_MOST_MS;
    if (prober === undefined) return undefined;
    const declared = prober.declare();
    // Stopped with the race: else it would hold the process for its two minutes.
    const race = new AbortController();
    const tooLate = sleep(RECOVER_AT_MOST_MS, undefined, { signal: race.signal }).catch(() => undefined);
    const dossierId = await Promise.race([declared, tooLate]).finally(() => race.abort());
    while (dossierId !== undefined && isWithin()) {
      const { status, text } = await prober.client.get(`/v1/dossiers/${dossierId}/clearance`, { accept: 'application/json' });
      if (status === 200 && (JSON.parse(text) as { final: boolean }).final) return Math.round(performance.now() - startedMs);
      await sleep(LOOK_EVERY_MS);
    }
    return undefined;
  }

  /** Until every submission is answered, every dossier final, and nobody behind. */
  private async drain(): Promise<{ drainedMs?: number; unrest?: string }> {
    const { stage, options } = this;
    const startedMs = performance.now();
    const left = (): number => options.drainWithinMs - (performance.now() - startedMs);
    for (const agent of stage.agents) await agent.finishWork(Math.max(left(), 1_000));
    let unrest: string | undefined = 'never looked';
    for (let quiet = 0; left() > 0; await sleep(LOOK_EVERY_MS * 2)) {
      stage.customs.wakeUp();
      unrest = await this.unrest();
      quiet = unrest === undefined ? quiet + 1 : 0;
      if (quiet === 2) return { drainedMs: Math.round(performance.now() - startedMs) };
    }
    return { unrest: unrest ?? 'only just' };
  }

  /** What is not at rest yet. */
  private async unrest(): Promise<string | undefined> {
    const { stage } = this;
    if (stage.customs.outstanding > 0) return `customs has ${String(stage.customs.outstanding)} decisions to write`;
    const waiting = stage.agents.flatMap(({ unresolved }) => [...unresolved]);
    if (waiting[0] !== undefined) return `${String(waiting.length)} submissions without an answer, ${waiting[0].messageId}`;
    const lag = await stage.operator.get('/v1/ops/lag');
    if (lag.status !== 200) return `the lag is answered with ${String(lag.status)}`;
    const behind = (JSON.parse(lag.text) as { items: { group: string; topic: string; lag: number }[] }).items.find((row) => row.lag > 0);
    if (behind !== undefined) return `${behind.group} is ${String(behind.lag)} records behind in ${behind.topic}`;
    for (const agent of stage.agents)
      for (const dossierId of agent.opened.keys()) {
        if (this.final.has(dossierId)) continue;
        const { status, text } = await agent.client.get(`/v1/dossiers/${dossierId}/clearance`, { accept: 'application/json' });
        if (status !== 200) return `${dossierId} is answered with ${String(status)}`;
        const clearance = JSON.parse(text) as { final: boolean; status: string };
        if (!clearance.final) return `${dossierId} is ${clearance.status}`;
        this.final.add(dossierId);
      }
    // What was final may have been opened again by a decision that was under way.
    this.final.clear();
    return undefined;
  }

  private readonly final = new Set<string>();

  private async readAsAgency(): Promise<void> {
    const { officer, journal } = this.stage;
    for (const state of ['open', 'decided']) {
      const what = `the work list of customs, ${state}`;
      const list = await officer.get(`/v1/agencies/customs/tasks?state=${state}`);
      journal.write({ kind: 'told', to: { agency: 'customs' }, what, status: list.status, body: list.text });
      if (list.status !== 200) continue;
      for (const { taskId } of (JSON.parse(list.text) as { items: { taskId: string }[] }).items.slice(0, 5)) {
        const task = await officer.get(`/v1/agencies/customs/tasks/${taskId}`);
        journal.write({ kind: 'told', to: { agency: 'customs' }, what: `the task ${taskId}`, status: task.status, body: task.text });
      }
    }
    const letters = await this.stage.operator.get('/v1/ops/dead-letters');
    journal.write({ kind: 'told', to: { role: 'operator' }, what: 'dead letters', status: letters.status, body: letters.text });
  }

  private async keepTexts(directory: string): Promise<void> {
    const { stage } = this;
    for (const { name, text } of stage.lastTexts.splice(0)) await keepText(directory, `${name}.log`, text);
    for (const process of stage.processes.values()) {
      await process.keepOutput(directory);
      const page = await pageOf(process.adminUrl);
      await keepText(directory, `${process.name}.metrics`, page);
    }
  }

  /** What the exchanges have counted in their lives. */
  private async counts(): Promise<Record<'applied' | 'duplicates' | 'rejected' | 'deadLettered', number>> {
    const counts = { applied: 0, duplicates: 0, rejected: 0, deadLettered: 0 };
    for (const { name, adminUrl } of this.stage.processes.values()) {
      if (!name.startsWith('exchange')) continue;
      for (const { metric, labels, value } of samplesOf(await pageOf(adminUrl))) {
        const ofRelay = labels.includes('decisions.');
        if (metric === 'seaport_applied_total') counts.applied += value;
        if (metric === 'seaport_duplicates_total') counts.duplicates += value;
        if (metric === 'seaport_rejected_total') counts.rejected += value;
        if (metric !== 'seaport_dead_letters_total') continue;
        // The relay counts what it refuses twice: as rejected and as set aside.
        if (ofRelay) counts.rejected -= value;
        else counts.deadLettered += value;
      }
    }
    return counts;
  }

  private async journalCounts(before: Awaited<ReturnType<Stretches['counts']>>, copiedBefore: Copied): Promise<void> {
    const after = await this.counts();
    let records = 0;
    for (const [place, offset] of this.copied) if (place.startsWith('dossiers ')) records += offset - (copiedBefore.get(place) ?? 0);
    this.stage.journal.write({
      kind: 'counted',
      records,
      applied: after.applied - before.applied,
      duplicates: after.duplicates - before.duplicates,
      rejected: after.rejected - before.rejected,
      deadLettered: after.deadLettered - before.deadLettered,
    });
  }
}

async function pageOf(adminUrl: string | undefined): Promise<string> {
  if (adminUrl === undefined) return '';
  return fetch(`${adminUrl}/metrics`, { signal: AbortSignal.timeout(10_000) }).then(
    (response) => response.text(),
    () => '',
  );
}

function samplesOf(page: string): { metric: string; labels: string; value: number }[] {
  return [...page.matchAll(/^(seaport_\w+)(?:\{(.*)\})? (\d+)$/gm)].map(([, metric = '', labels = '', value]) => ({
    metric,
    labels,
    value: Number(value),
  }));
}
