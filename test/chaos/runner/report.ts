import type { CheckReport } from '../checker/check-history';
import type { Row } from './run-stretch';

/** The table of a run. */
const COLUMNS = [
  ['fault', -24],
  ['injected', 9],
  ['declared', 9],
  ['turned away', 12],
  ['lost', 5],
  ['doubled', 8],
  ['leaked', 7],
  ['wrong', 6],
  ['recovered s', 12],
  ['drained s', 10],
  ['gave up', 8],
] as const;
const EXPLAINED = 6;

const line = (cells: readonly string[]): string =>
  cells
    .map((cell, i) => ((COLUMNS[i]?.[1] ?? 0) < 0 ? cell.padEnd(-(COLUMNS[i]?.[1] ?? 0)) : cell.padStart(COLUMNS[i]?.[1] ?? 0)))
    .join('');

export const TABLE_HEAD = line(COLUMNS.map(([name]) => name));

export function formatRow(row: Row): string {
  const { harms } = row;
  const late = row.recoveredMs !== undefined && row.recoveredMs > row.recoversWithinMs ? ' late' : '';
  const cells = line([
    row.fault,
    String(row.injections),
    String(row.accepted),
    String(row.turnedAway),
    String(harms.lost),
    String(harms.doubled),
    String(harms.leaked),
    String(harms.wrong),
    seconds(row.recoveredMs) + late,
    seconds(row.drainedMs),
    String(row.gaveUp),
  ]);
  const unrest = row.unrest === undefined ? [] : [`  NOT AT REST: ${row.unrest}`];
  return [cells, ...unrest, ...explanations(row)].join('\n');
}

export function formatWhole(report: CheckReport): string {
  const checked = Object.entries(report.checked).map(([invariant, count]) => `${invariant} ${String(count)}`);
  return [`the whole: held against ${checked.join(', ')}`, ...explanations(report)].join('\n');
}

function explanations({ violated, violations }: Pick<CheckReport, 'violated' | 'violations'>): string[] {
  if (violations.length === 0) return [];
  const counts = Object.entries(violated).map(([invariant, count]) => `${invariant} ${String(count)}`);
  const first = violations.slice(0, EXPLAINED).map(({ invariant, where, explanation }) => `    ${invariant} ${where}: ${explanation}`);
  return [`  VIOLATED ${counts.join(', ')}`, ...first];
}

function seconds(ms: number | undefined): string {
  return ms === undefined ? 'never' : (ms / 1000).toFixed(1);
}
