import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** Metrics of contract.md §5, base units, no label with unbounded values. docs/metrics.md is kept equal by a test. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** One stage takes milliseconds, another the working day of an officer. */
const STAGE_SECONDS = [...SECONDS, 300, 1800, 3600, 21_600, 86_400];
const AGENCY_SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 5, 30, 60, 300, 900, 1800, 3600, 7200, 21_600, 86_400];

export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics(build: { version: string; node: string }) {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const metrics = {
    registry,
    declarations: new Counter({
      name: 'seaport_declarations_total',
      help: 'Submissions by what became of them at intake: accepted, replayed, refused, failed, shed',
      labelNames: ['dialect', 'action', 'outcome'],
      registers,
    }),
    intakeSeconds: new Histogram({
      name: 'seaport_intake_duration_seconds',
      help: 'Request to answer of a submission',
      labelNames: ['dialect'],
      buckets: SECONDS,
      registers,
    }),
    stageSeconds: new Histogram({
      name: 'seaport_stage_duration_seconds',
      help: 'Time in each stage of the way: intake, publish, transit, fold, agency, aggregate',
      labelNames: ['stage'],
      buckets: STAGE_SECONDS,
      registers,
    }),
    clearanceSeconds: new Histogram({
      name: 'seaport_clearance_duration_seconds',
      help: 'Declaration received to clearance issued',
      labelNames: ['status'],
      buckets: AGENCY_SECONDS,
      registers,
    }),
    agencySeconds: new Histogram({
      name: 'seaport_agency_decision_seconds',
      help: 'Request to decision of an agency, by the stamps in the log, in every mode',
      labelNames: ['agency', 'outcome'],
      buckets: AGENCY_SECONDS,
      registers,
    }),
    tasksOpen: new Gauge({
      name: 'seaport_tasks_open',
      help: 'Tasks that wait for an answer, in the partitions of this process',
      labelNames: ['agency'],
      registers,
    }),
    tasksOverdue: new Gauge({
      name: 'seaport_tasks_overdue',
      help: 'Open tasks past their due time, in the partitions of this process',
      labelNames: ['agency'],
      registers,
    }),
    clearances: new Counter({ name: 'seaport_clearances_total', help: 'Clearance versions issued', labelNames: ['status'], registers }),
    deadLetters: new Counter({ name: 'seaport_dead_letters_total', help: 'Records set aside', labelNames: ['topic', 'reason'], registers }),
    operatorRecords: new Counter({
      name: 'seaport_operator_records_total',
      help: 'What operators had sent again, by what became of each: redriven, resent, or why not',
      labelNames: ['kind', 'outcome'],
      registers,
    }),
    lag: new Gauge({
      name: 'seaport_consumer_lag_records',
      help: 'Records not yet committed by a group of this process',
      labelNames: ['group', 'topic'],
      registers,
    }),
    duplicates: new Counter({ name: 'seaport_duplicates_total', help: 'Repeats that had no effect', labelNames: ['kind'], registers }),
    rejected: new Counter({
      name: 'seaport_rejected_total',
      help: 'Declarations and decisions refused, by code',
      labelNames: ['code'],
      registers,
    }),
    applied: new Counter({
      name: 'seaport_applied_total',
      help: 'Records of dossiers that the fold applied',
      labelNames: ['kind'],
      registers,
    }),
    differed: new Counter({
      name: 'seaport_clearances_differ_total',
      help: 'Issued versions that this build and configuration would not issue so: they stand',
      registers,
    }),
    voided: new Counter({
      name: 'seaport_clearances_void_total',
      help: 'Clearance records that came second to another of the same version',
      registers,
    }),
    epochChanges: new Counter({
      name: 'seaport_epoch_changes_total',
      help: 'Partitions whose log was not the one that the store was made from',
      registers,
    }),
    shed: new Counter({
      name: 'seaport_shed_total',
      help: 'Submissions turned away unread, by code: overloaded, quota-exceeded (the tenant has had its share), stopping',
      labelNames: ['code'],
      registers,
    }),
    underWay: new Gauge({
      name: 'seaport_under_way',
      help: 'Declarations that an intake is receiving, or has appended and the fold has not reached; large ones count for several',
      registers,
    }),
    window: new Gauge({
      name: 'seaport_admission_window',
      help: 'How much may be under way before submissions are turned away (MAX_FOLD_DELAY_MS); +Inf: no bound',
      registers,
    }),
    inflight: new Gauge({ name: 'seaport_inflight', help: 'Submissions being received', registers }),
    ready: new Gauge({
      name: 'seaport_ready',
      help: '1 while the process is ready, as /health/ready says, else 0',
      registers,
      aggregator: 'min',
    }),
    credentialReloads: new Counter({
      name: 'seaport_credential_reloads_total',
      help: 'Files of keys and certificates read again: loaded, or refused, and what was read before stays in force',
      labelNames: ['what', 'outcome'],
      registers,
    }),
    workersReplaced: new Counter({
      name: 'seaport_workers_replaced_total',
      help: 'Intake workers that ended and were replaced (WORKERS above 1)',
      registers,
    }),
    buildInfo: new Gauge({ name: 'seaport_build_info', help: 'Always 1', labelNames: ['version', 'node'], registers, aggregator: 'first' }),
  };
  metrics.buildInfo.set(build, 1);
  return metrics;
}
