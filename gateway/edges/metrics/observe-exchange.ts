import type { Logger } from 'pino';
import { isAnswered } from '../../core/clearance';
import type { DossierState } from '../../core/dossier';
import type { RelayedDecision } from '../../core/messages';
import type { ExchangeObserver } from '../../exchange';
import type { Clock } from '../../ports/clock';
import type { Metrics } from './metrics';

/** The exchange's observer on prom-client and the log. Test declarations stay out of business metrics. */
export function observeExchange(metrics: Metrics, logger: Pick<Logger, 'error' | 'warn' | 'info'>, clock: Clock): ExchangeObserver {
  const secondsSince = (stamp: string, untilMs = clock.nowMs()): number => Math.max(0, untilMs - Date.parse(stamp)) / 1000;

  /** In whatever way the agency decided: by its rules, over its topic, by HTTP or at a desk. Stamps of several clocks: never below 0. */
  function observeDecision(decision: RelayedDecision, state: DossierState): void {
    const { agency, outcome, receivedAt } = decision;
    const task = state.tasks.find(({ taskId }) => taskId === decision.taskId);
    if (task === undefined) return;
    metrics.agencySeconds.observe({ agency, outcome }, secondsSince(task.requestedAt, Date.parse(receivedAt)));
    // A word in between is no answer, and leaves the answer as it is.
    if (isAnswered(task) && task.state === outcome) metrics.stageSeconds.observe({ stage: 'agency' }, secondsSince(task.requestedAt));
    metrics.stageSeconds.observe({ stage: 'aggregate' }, secondsSince(receivedAt));
  }

  return {
    folded({ kind, position, exit, state, decision, issued }, again) {
      if (again) return;
      switch (exit.exit) {
        case 'applied':
          metrics.applied.inc({ kind });
          break;
        case 'duplicate':
          metrics.duplicates.inc({ kind: exit.kind });
          break;
        case 'rejected':
          metrics.rejected.inc({ code: exit.code });
          break;
        case 'dead-lettered':
          metrics.deadLetters.inc({ topic: 'dossiers', reason: exit.reason });
          logger.warn({ reason: exit.reason, topic: 'dossiers', ...position }, 'a record was set aside');
          break;
      }
      if (exit.exit === 'applied' && decision !== undefined && state?.test === false) observeDecision(decision, state);
      if (issued === undefined || state === undefined || state.test) return;
      metrics.clearances.inc({ status: issued.status });
      if (issued.version === 1) metrics.clearanceSeconds.observe({ status: issued.status }, secondsSince(state.openedAt));
    },
    poison(record, reason) {
      metrics.deadLetters.inc({ topic: record.topic, reason });
      logger.error(
        { topic: record.topic, partition: record.partition, offset: record.offset, reason },
        'a record of the log cannot be read and was set aside',
      );
    },
    voided(count) {
      metrics.voided.inc(count);
      logger.warn({ count }, 'clearance records came second to another of the same version');
    },
    differed(count) {
      metrics.differed.inc(count);
      logger.warn({ count }, 'what was issued before is not what would be issued now: it stands');
    },
    epochChanged(partition) {
      metrics.epochChanges.inc();
      logger.error(
        { partition },
        'the log, or the layout of the store, is not the one that the store was made by: the partition is rebuilt',
      );
    },
    rebuilding(partition, from) {
      logger.info({ partition, from }, 'the store is behind what the group had committed: reading again');
    },
    stage(stage, seconds) {
      metrics.stageSeconds.observe({ stage }, seconds);
    },
  };
}
