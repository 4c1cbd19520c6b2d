import { isOwed } from './core/clearance';
import type { DossierBody, DossierState } from './core/dossier';
import { ExchangeError } from './core/exchange-error';
import { requestOf, type FoldRules } from './core/fold';
import { dossierIdOfTask, type DossierId } from './core/identifiers';
import { partitionOf } from './core/partition';
import type { JobItem } from './operator-jobs';
import type { DossierStore, IndexEntry } from './ports/dossier-store';
import { indexes, keys } from './read-model';
import { requestRecord } from './request-record';
import type { StoreReader } from './store-reader';

/**
 * Tasks that an agency owes, asked again: the same request with the same ce_id and taskId, so that who had it knows it (guarantees.md
 * G4). Operators see which tasks, and nothing of what is declared.
 */
export interface TaskFilter {
  /** A connected agency; all of them where it is not named. */
  agency?: string;
  dossierId?: DossierId;
  /** Asked before; milliseconds. What is asked later is not sent again. */
  askedBeforeMs: number;
}

/** `view-missing`: what was declared is not kept any more, so there is nothing to ask about. */
export type ResendOutcome = 'resent' | 'view-missing';

export interface TaskDeskPorts {
  store: DossierStore;
  reader: StoreReader;
  rules: FoldRules;
  partitions: number;
}

const PAGE = 50;

export class TaskDesk {
  private readonly ports: TaskDeskPorts;

  constructor(ports: TaskDeskPorts) {
    this.ports = ports;
  }

  /** Agencies that may be named. */
  agencies(): string[] {
    return this.ports.rules.agencies.filter(({ connected }) => connected).map(({ code }) => code);
  }

  /**
   * Requests of the open tasks that the filter lets through, by due time within a partition and agency.
   * @throws ExchangeError `rebuilding` where the store shows dossiers as they once were; StoreUnavailable
   */
  async *open(filter: TaskFilter): AsyncGenerator<JobItem & { outcome: ResendOutcome }> {
    const { partitions } = this.ports;
    const agencies = this.agencies().filter((code) => filter.agency === undefined || code === filter.agency);
    if (filter.dossierId !== undefined) {
      const partition = partitionOf(filter.dossierId, partitions);
      await this.assertWhole(partition);
      const state = await this.stateOf(partition, filter.dossierId);
      const tasks = state?.tasks.filter(({ agency }) => agencies.includes(agency)) ?? [];
      for (const { taskId } of tasks) yield* this.again(partition, taskId, filter);
      return;
    }
    for (let partition = 0; partition < partitions; partition++) {
      await this.assertWhole(partition);
      for (const agency of agencies)
        for await (const { member } of this.entries(partition, indexes.openTasks(agency))) yield* this.again(partition, member, filter);
    }
  }

  /** The request of a task, if it still stands open and was asked in time. */
  private async *again(partition: number, taskId: string, filter: TaskFilter): AsyncGenerator<JobItem & { outcome: ResendOutcome }> {
    const { store, rules } = this.ports;
    const dossierId = dossierIdOfTask(taskId);
    if (dossierId === undefined) return;
    const state = await this.stateOf(partition, dossierId);
    const task = state?.tasks.find((candidate) => candidate.taskId === taskId);
    if (state === undefined || task === undefined || !isOwed(task) || Date.parse(task.requestedAt) >= filter.askedBeforeMs) return;
    const [bytes] = await store.getMany(partition, [keys.body(dossierId)]);
    const about = {
      agency: task.agency,
      dossierCode: state.dossierCode,
      state: task.state,
      askedAt: task.requestedAt,
      dueAt: task.dueAt,
    };
    if (bytes == null) {
      yield { id: taskId, outcome: 'view-missing', about };
      return;
    }
    // By the list in force: what an agency may see no longer it is not shown again.
    const request = requestOf(state, task, JSON.parse(bytes.toString()) as DossierBody);
    const record = requestRecord(request, rules, { partition, time: task.requestedAt, traceparent: undefined });
    yield { id: taskId, outcome: 'resent', about, record };
  }

  /** All members of an index by score, a page at a time, though members come and go meanwhile. */
  private async *entries(partition: number, index: string): AsyncGenerator<IndexEntry> {
    let min = -Infinity;
    /** Members already given that stand at `min`. */
    let given = new Set<string>();
    for (let limit = PAGE; ;) {
      const page = await this.ports.store.range(partition, index, { ...(min === -Infinity ? {} : { min }), limit });
      for (const entry of page) {
        if (entry.score === min && given.has(entry.member)) continue;
        if (entry.score > min) given = new Set();
        min = entry.score;
        given.add(entry.member);
        yield entry;
      }
      if (page.length < limit) return;
      // More stand at one score than fit a page: look further next time.
      limit = PAGE + given.size;
    }
  }

  private async stateOf(partition: number, dossierId: DossierId): Promise<DossierState | undefined> {
    const [value] = await this.ports.store.getMany(partition, [keys.state(dossierId)]);
    return value == null ? undefined : (JSON.parse(value.toString()) as DossierState);
  }

  private async assertWhole(partition: number): Promise<void> {
    const [rebuilding] = await this.ports.store.getMany(partition, [keys.rebuilding]);
    if (rebuilding != null || (await this.ports.reader.isLost(partition)))
      throw new ExchangeError('rebuilding', `partition ${partition} is being rebuilt`, { retriable: true });
  }
}
