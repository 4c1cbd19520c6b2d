import type { DeadLetter, InspectedDeadLetter } from '../../gateway/dead-letter-desk';
import type { AuditRecord } from '../../gateway/core/audit-chain';
import type { Erasure, ErasurePreview } from '../../gateway/erasure-desk';
import type { GroupProgress } from '../../gateway/operator-desk';
import type { JobPreview, OperatorJob } from '../../gateway/operator-jobs';

/** What is printed for people: tables and pairs, each with its end of line. */
export function lagReport(groups: readonly GroupProgress[]): string {
  return table(
    ['group', 'topic', 'lag', 'behind', 'went on last'],
    groups.map(({ group, topic, lag, partitions }) => [
      group,
      topic,
      lag,
      `${partitions.filter((entry) => entry.lag > 0).length} of ${partitions.length}`,
      partitions
        .flatMap(({ progressAt }) => progressAt ?? [])
        .sort()
        .at(-1) ?? '-',
    ]),
  );
}

export function partitionReport(groups: readonly GroupProgress[]): string {
  return table(
    ['group', 'topic', 'partition', 'committed', 'end', 'lag', 'folded', 'went on last'],
    groups.flatMap(({ group, topic, partitions }) =>
      partitions.map(({ partition, committed, end, lag, folded, progressAt }) => [
        group,
        topic,
        partition,
        positionOf(committed),
        end,
        lag,
        folded === undefined ? '-' : positionOf(folded),
        progressAt ?? '-',
      ]),
    ),
  );
}

export function deadLettersReport({ items, next }: { items: readonly DeadLetter[]; next: string | null }): string {
  const rows = items.map(({ id, at, reason, source, attempts, bytes }) => [id, at, reason, placeOf(source), attempts, bytes]);
  const more = next === null ? '' : `there may be more: --cursor ${next}\n`;
  return `${rows.length === 0 ? 'no dead letters\n' : table(['id', 'set aside', 'reason', 'source', 'attempts', 'bytes'], rows)}${more}`;
}

export function deadLetterReport(letter: InspectedDeadLetter): string {
  const { id, at, source, attempts, digest, bytes, fault, record } = letter;
  const head = pairs([
    ['id', id],
    ['set aside', at],
    ['reason', fault.code],
    ['', fault.title],
    ['what to do', fault.remedy],
    ['source', placeOf(source)],
    ['attempts', attempts],
    ['digest', digest],
    ['bytes', bytes],
  ]);
  if (record === undefined) return `${head}it cannot be opened: its key is gone\n`;
  const { dossierId, format, keyBytes, valueBytes, headers, otherHeaders, structure, truncated, faults } = record;
  return [
    head,
    pairs([
      ['dossier', dossierId],
      ['record', `${format}, key of ${keyBytes} bytes, value of ${valueBytes} bytes`],
      ...Object.entries(headers).map(([name, value]): [string, string] => [`header ${name}`, value]),
      ['other headers', otherHeaders],
    ]),
    ...faults.map(({ code, pointer, message }) => `fault ${code}: ${printable(message)} [${printable(pointer ?? '')}]\n`),
    ...(structure.length === 0
      ? []
      : [
          '\n',
          table(
            ['path', 'type', 'count', 'largest'],
            structure.map(({ path, types, count, largest }) => [path === '' ? '(whole)' : path, types.join('|'), count, largest]),
          ),
        ]),
    ...(truncated ? ['there are more paths than are told\n'] : []),
  ].join('');
}

/** Of the first of them what is known of each; then how many came to what. */
export function previewReport({ outcomes, items, truncated }: JobPreview): string {
  const columns = [...new Set(items.flatMap((item) => Object.keys(item)))].sort((a, b) => rank(a) - rank(b));
  const rows = items.map((item) => columns.map((column) => item[column] ?? '-'));
  const found = Object.values(outcomes).reduce((sum, count) => sum + count, 0);
  return [
    ...(rows.length === 0 ? [] : [table(columns, rows)]),
    ...(found > rows.length ? [`the first ${rows.length} of ${found}\n`] : []),
    `would come to: ${outcomesOf(outcomes)}${truncated ? ', and more than were looked at' : ''}\n`,
  ].join('');
}

export function outcomesReport(items: readonly { id: string; outcome: string }[]): string {
  return table(
    ['id', 'outcome'],
    items.map(({ id, outcome }) => [id, outcome]),
  );
}

export function jobReport({ jobId, kind, state, code, startedBy, startedAt, updatedAt, recordsPerSecond, outcomes }: OperatorJob): string {
  return pairs([
    ['job', jobId],
    ['kind', kind],
    ['state', code === undefined ? state : `${state}: ${code}`],
    ['begun', `${startedAt} by ${startedBy}`],
    ['told', updatedAt],
    ['rate', `${recordsPerSecond}/s`],
    ['came to', outcomesOf(outcomes)],
  ]);
}

export function jobsReport(jobs: readonly OperatorJob[]): string {
  if (jobs.length === 0) return 'no jobs\n';
  return table(
    ['job', 'kind', 'state', 'begun', 'by', 'rate', 'came to'],
    jobs.map(({ jobId, kind, state, startedAt, startedBy, recordsPerSecond, outcomes }) => [
      jobId,
      kind,
      state,
      startedAt,
      startedBy,
      recordsPerSecond,
      outcomesOf(outcomes),
    ]),
  );
}

export function erasureReport({ dossierId, dossierCode, state, messages = [] }: Erasure | ErasurePreview): string {
  const head = pairs([
    ['dossier', `${dossierCode} (${dossierId})`],
    ['state', state],
  ]);
  if (messages.length === 0) return head;
  const rows = messages.map(({ declarationId, outcome }) => [declarationId, outcome]);
  return `${head}\n${table(['message', 'its key'], rows)}`;
}

/** An entry of the audit log as it is listed: of one that is none only its place. */
export interface PlacedEntry {
  partition: number;
  offset: number;
  record: AuditRecord | null;
}

export function auditReport(items: readonly PlacedEntry[]): string {
  return table(
    ['place', 'at', 'action', 'by', 'of', 'chain', 'n'],
    items.map(({ partition, offset, record }) => {
      const { at = '-', action = 'unreadable', by, subject = {}, chain = '-', n = '-' } = record ?? {};
      const of = Object.entries(subject).map(([name, value]) => `${name} ${value}`);
      return [`${partition}-${offset}`, at, action, by === undefined ? '-' : `${by.role} ${by.name}`, of.join(', ') || '-', chain, n];
    }),
  );
}

/** One line while a job is followed. */
export function progressLine({ state, outcomes }: OperatorJob): string {
  return `${state}: ${outcomesOf(outcomes)}`;
}

type Cell = string | number;

/** Columns as wide as they need to be; numbers stand at the right. */
export function table(columns: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const texts = [columns.map((name) => name.toUpperCase()), ...rows.map((row) => row.map((cell) => printable(String(cell))))];
  const widths = columns.map((_name, i) => Math.max(...texts.map((row) => row[i]?.length ?? 0)));
  const right = columns.map((_name, i) => rows.length > 0 && rows.every((row) => typeof row[i] === 'number' || row[i] === '-'));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => (right[i] === true ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  return texts.map((row) => `${line(row)}\n`).join('');
}

function pairs(entries: readonly (readonly [name: string, value: Cell | undefined])[]): string {
  const told = entries.filter(([, value]) => value !== undefined);
  const width = Math.max(...told.map(([name]) => name.length));
  return told.map(([name, value]) => `${printable(name).padEnd(width)}  ${printable(String(value))}\n`).join('');
}

/** A name that somebody else wrote does not steer the terminal. */
function printable(text: string): string {
  return text.replace(/\p{C}/gu, '?');
}

function positionOf(offset: number): Cell {
  return offset === -1 ? '-' : offset;
}

function placeOf({ topic, partition, offset }: DeadLetter['source']): string {
  return `${topic}/${partition}@${offset}`;
}

function outcomesOf(outcomes: Readonly<Record<string, number>>): string {
  const told = Object.entries(outcomes).map(([outcome, count]) => `${count} ${outcome}`);
  return told.length === 0 ? 'nothing' : told.join(', ');
}

/** What it is called first, what would become of it last. */
function rank(column: string): number {
  return column === 'id' ? -1 : column === 'outcome' ? 1 : 0;
}
