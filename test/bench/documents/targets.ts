import { shown } from '../figures';
import { gatewayCpu } from '../gateway-cpu';
import { lineThrough } from '../figures';
import type { PhaseResult } from '../phase';
import { floorOf } from '../report';
import { BEST_OTHER, LEAST_CPU_MS } from './others';
import { figureOf, phaseOf, suiteNamed, suitesLike, type FoundSuite, type Summary } from './summary';

/** T1 to T11 and how far a summary reaches them. Pure. */
export interface TargetRow {
  id: string;
  what: string;
  target: string;
  measured: string;
  /** Undefined: not measured, or the run counts for nothing. */
  reached: boolean | undefined;
}

interface Bound {
  id: string;
  what: string;
  value: number | undefined;
  atLeast?: number;
  atMost?: number;
  unit?: string;
  note?: string;
}

function row({ id, what, value, atLeast, atMost, unit = '', note = '' }: Bound): TargetRow {
  const bound = atLeast ?? atMost ?? NaN;
  const withUnit = (number: number): string => [shown(number), unit].filter((part) => part !== '').join(' ');
  return {
    id,
    what,
    target: `${atLeast === undefined ? '≤' : '≥'} ${withUnit(bound)}`,
    measured: value === undefined ? 'not measured' : [withUnit(value), note].filter((part) => part !== '').join(', '),
    reached: value === undefined ? undefined : atLeast === undefined ? value <= bound : value >= bound,
  };
}

const FLOOR_MARGIN_MS = 0.35;
/** Memory that is not flat grows by more than this, MB an hour. */
const FLAT_MB_PER_HOUR = 20;
const NATIONAL_DAY = 89_000;

export function targetRows(summary: Summary): TargetRow[] {
  const kafkajs = bestOf(summary, /^kafka(, without results)?, (one process|a process a role)$/);
  const second = bestOf(summary, /^kafka(, without results)?, (one process|a process a role), platformatic$/);
  const embedded = suiteNamed(summary, 'embedded, one process');
  return [
    row({ id: 'T1', what: 'end to end, kafkajs : floor', ...rateToFloor(kafkajs), atLeast: 0.5 }),
    row({ id: 'T2', what: 'end to end, second client : kafkajs floor', ...rateToFloor(second), atLeast: 0.65 }),
    row({
      id: 'T3',
      what: 'embedded : floor',
      ...rateToFloor(ceilingOf(embedded, embedded?.floorRate ?? floorOfAny(summary))),
      atLeast: 0.55,
    }),
    row({ id: 'T4', what: 'intake alone : floor', ...rateToFloor(bestOf(summary, /^intake, intake alone/, 'xml')), atLeast: 0.9 }),
    cpuRow('gateway CPU, kafkajs', kafkajs),
    cpuRow('gateway CPU, second client', second),
    ...latencyRows(summary),
    ...growthRows(summary),
    ...loadRows(summary),
    ...otherRows(kafkajs, second),
  ];
}

interface Ceiling {
  found: FoundSuite;
  phase: PhaseResult;
  floorRate: number | undefined;
}

function ceilingOf(found: FoundSuite | undefined, floorRate = found?.floorRate, name = 'ceiling'): Ceiling | undefined {
  const phase = phaseOf(found, name);
  return found === undefined || phase === undefined || found.suite.faults.length > 0 ? undefined : { found, phase, floorRate };
}

/** The fastest of several ways to run it: which one is said. */
function bestOf(summary: Summary, pattern: RegExp, phase = 'ceiling'): Ceiling | undefined {
  return suitesLike(summary, pattern)
    .flatMap((found) => ceilingOf(found, found.floorRate, phase) ?? [])
    .sort((a, b) => ratio(b) - ratio(a))[0];
}

function ratio({ phase, floorRate }: Ceiling): number {
  return phase.donePerSecond.median / (floorRate ?? NaN);
}

function rateToFloor(ceiling: Ceiling | undefined): Pick<Bound, 'value' | 'note'> {
  if (ceiling?.floorRate === undefined) return { value: undefined };
  return { value: ratio(ceiling), note: `${shown(Math.round(ceiling.phase.donePerSecond.median))}/s, ${ceiling.found.suite.name}` };
}

/** A run without a floor of its own (embedded alone) is compared with that of the newest run that has one. */
function floorOfAny({ runs }: Summary): number | undefined {
  return runs.map((run) => floorOf(run.floors).rate).findLast((rate) => rate !== undefined);
}

function cpuRow(what: string, ceiling: Ceiling | undefined): TargetRow {
  const floorMs = ceiling?.found.floorCpuMs;
  if (ceiling === undefined || floorMs === undefined)
    return { id: 'T5', what, target: `≤ floor + ${FLOOR_MARGIN_MS} ms`, measured: 'not measured', reached: undefined };
  return row({
    id: 'T5',
    what,
    value: gatewayCpu(ceiling.phase.cpu),
    atMost: Number((floorMs + FLOOR_MARGIN_MS).toFixed(2)),
    unit: 'ms',
    note: ceiling.found.suite.name,
  });
}

function latencyRows(summary: Summary): TargetRow[] {
  const found = suiteNamed(summary, 'kafka, one process');
  const valid = found === undefined || found.suite.faults.length > 0 ? undefined : found;
  const [at500, half, full] = ['500/s', 'half of the ceiling', 'ceiling'].map((name) => phaseOf(valid, name));
  const cpuRatio = at500 === undefined || full === undefined ? undefined : gatewayCpu(at500.cpu) / gatewayCpu(full.cpu);
  const milliseconds = (what: string, value: number | undefined, atMost: number): TargetRow =>
    row({ id: 'T6', what, value, atMost, unit: 'ms' });
  return [
    milliseconds('at 500/s: 202 p99', at500?.answered?.p99, 15),
    milliseconds('at 500/s: clearance p50', at500?.cleared?.p50, 25),
    milliseconds('at 500/s: clearance p99', at500?.cleared?.p99, 80),
    milliseconds('half of the ceiling: clearance p50', half?.cleared?.p50, 60),
    milliseconds('half of the ceiling: clearance p99', half?.cleared?.p99, 200),
    row({ id: 'T6', what: 'CPU a declaration at 500/s : at full load', value: cpuRatio, atMost: 1.5 }),
  ];
}

function growthRows(summary: Summary): TargetRow[] {
  const day = suiteNamed(summary, 'day, one process');
  const declared = figureOf(day, 'declarations');
  const lastClearance = figureOf(day, 'last clearance after');
  const isWholeDay = declared !== undefined && declared >= NATIONAL_DAY;
  const dossiers = suitesLike(summary, /^growth, dossiers alive/).flatMap((found): { name: string; value: number }[] => {
    const last = found.suite.figures.findLast(({ name }) => name.includes(' dossiers alive : '));
    return last === undefined || found.suite.faults.length > 0 ? [] : [{ name: `${last.name}, ${found.suite.name}`, value: last.value }];
  });
  const soak = suiteNamed(summary, 'soak, one process');
  const agencies = pointsOf(summary, /^growth, \d+ agencies/, 'agencies');
  return [
    row({
      id: 'T7',
      what: 'a national day of 89,000',
      value: isWholeDay ? lastClearance : undefined,
      atMost: 60,
      unit: 's',
      note: declared === undefined ? '' : `${shown(declared)} declarations`,
    }),
    ...(dossiers.length === 0 ? [{ name: '', value: undefined }] : dossiers).map(({ name, value }) =>
      row({ id: 'T8', what: 'throughput, most dossiers alive : fewest', value, atLeast: 0.9, note: name }),
    ),
    row({
      id: 'T8',
      what: 'memory over time',
      value: figureOf(soak, 'RSS growth of gateway, second half'),
      atMost: FLAT_MB_PER_HOUR,
      unit: 'MB/h',
      note: soak === undefined ? '' : `${soak.run.settings.soakMinutes} minutes`,
    }),
    row({
      id: 'T8',
      what: 'cost linear in message size (share explained by a line)',
      value: figureOf(suiteNamed(summary, 'growth, message size, one process'), 'explained by a line'),
      atLeast: 0.98,
    }),
    row({
      id: 'T8',
      what: 'cost linear in agencies (share explained by a line)',
      value: agencies.length < 3 ? undefined : lineThrough(agencies).r2,
      atLeast: 0.98,
    }),
  ];
}

/** CPU by what a family of suites varies. */
export function pointsOf(summary: Summary, pattern: RegExp, what: string): [number, number][] {
  return suitesLike(summary, pattern)
    .flatMap((found): [number, number][] => {
      const [x, y] = [figureOf(found, what), figureOf(found, 'gateway CPU')];
      return x === undefined || y === undefined ? [] : [[x, y]];
    })
    .sort((a, b) => a[0] - b[0]);
}

function loadRows(summary: Summary): TargetRow[] {
  const overload = suiteNamed(summary, 'overload, one process');
  return [
    row({ id: 'T9', what: 'overload ×2: accepted : ceiling', value: figureOf(overload, 'accepted : ceiling'), atLeast: 0.9 }),
    row({ id: 'T9', what: 'overload ×2: 202 p99 : normal', value: figureOf(overload, '202 p99, overload : normal'), atMost: 2 }),
    row({
      id: 'T9',
      what: 'CPU a refusal',
      value: figureOf(suiteNamed(summary, 'refusing, intake alone'), 'CPU a refusal'),
      atMost: 0.1,
      unit: 'ms',
    }),
    ...['exchange stopped', 'customs down'].map((what) =>
      row({
        id: 'T10',
        what: `drain : live, ${what}`,
        value: figureOf(suiteNamed(summary, `drain, ${what}, a process a role`), 'drain : live'),
        atLeast: 1.5,
      }),
    ),
    row({
      id: 'T10',
      what: 'rebuild : ceiling, one process',
      value: figureOf(suiteNamed(summary, 'rebuild, one process'), 'rebuild : ceiling'),
      atLeast: 2.5,
    }),
  ];
}

function otherRows(kafkajs: Ceiling | undefined, second: Ceiling | undefined): TargetRow[] {
  const perCpu = (ceiling: Ceiling | undefined): number | undefined =>
    ceiling === undefined ? undefined : LEAST_CPU_MS / gatewayCpu(ceiling.phase.cpu);
  const fastest = [kafkajs, second]
    .map((ceiling) => ceiling?.phase.donePerSecond.median)
    .reduce((most, rate) => (rate === undefined ? most : Math.max(most ?? 0, rate)), undefined);
  return [
    row({ id: 'T11', what: 'declarations a CPU-second : best of the others, kafkajs', value: perCpu(kafkajs), atLeast: 2 }),
    row({ id: 'T11', what: 'declarations a CPU-second : best of the others, second client', value: perCpu(second), atLeast: 3 }),
    row({
      id: 'T11',
      what: `declarations a second, against ${BEST_OTHER.name}`,
      value: fastest === undefined ? undefined : Math.round(fastest),
      atLeast: BEST_OTHER.perSecond,
      unit: '/s',
    }),
  ];
}
