import type { Clearance } from '../../gateway/core/messages';
import type { Problem } from '../../gateway/core/problem';
import type { ProblemAnswer, SubmitOutcome } from './submit-outcome';

/** What is printed of an outcome: one block per file. */
export function reportOf(file: string, outcome: SubmitOutcome): string {
  return [file, ...blockOf(file, outcome).map((line) => `  ${line}`)].join('\n');
}

function blockOf(file: string, outcome: SubmitOutcome): string[] {
  switch (outcome.kind) {
    case 'clearance':
      return [...clearanceLines(outcome.clearance, outcome.replayed), ...outcome.warnings.map((warning) => problemLine(file, warning))];
    case 'received': {
      const { receipt, replayed } = outcome;
      return [
        `pending: received, no clearance yet${replayed ? ' (sent before)' : ''}`,
        `dossier ${receipt.dossierCode} (${receipt.dossierId})`,
        ...(receipt.agencies.length === 0 ? [] : [`awaited: ${receipt.agencies.map(({ agency }) => agency).join(', ')}`]),
        ...receipt.warnings.map((warning) => problemLine(file, warning)),
      ];
    }
    case 'dry-run': {
      const { valid, errors, warnings, plan, predicted } = outcome.answer;
      return [
        valid ? 'dry run: valid, nothing was stored' : 'dry run: not valid, nothing was stored',
        ...[...errors, ...warnings].map((entry) => problemLine(file, entry)),
        ...(plan ?? []).map(
          ({ agency, role, mode, dueAt, asked, rules }) =>
            `${asked ? 'asks' : 'does not ask'} ${agency} (${role}, ${mode}), due ${dueAt}${rules.length === 0 ? '' : `: ${rules.join(', ')}`}`,
        ),
        ...(predicted === undefined ? [] : ['predicted:', ...clearanceLines(predicted, false).map((line) => `  ${line}`)]),
      ];
    }
    case 'fault':
      return [faultLine(outcome.httpStatus, outcome.problem), ...(outcome.problem.errors ?? []).map((entry) => problemLine(file, entry))];
    case 'failure':
      return [`error: ${outcome.message}`];
  }
}

function clearanceLines(clearance: Clearance, replayed: boolean): string[] {
  const { status, statusCode, version, final, dossierCode, dossierId, ruleSet, issuedAt, validTo, agencies, conditions, missing } =
    clearance;
  const awaited = agencies.filter((agency) => ['open', 'acknowledged', 'revoked'].includes(agency.status) && agency.role !== 'informed');
  const said = agencies.filter((agency) => agency.reasons.length > 0);
  return [
    `${status}${statusCode === undefined ? '' : ` (code ${statusCode})`}, version ${version}${final ? '' : ', not final'}${replayed ? ' (sent before)' : ''}`,
    clearance.summary,
    `dossier ${dossierCode} (${dossierId})`,
    ...(issuedAt === undefined ? [] : [`issued ${issuedAt} under ${ruleSet}${validTo === undefined ? '' : `, valid to ${validTo}`}`]),
    ...(awaited.length === 0
      ? []
      : [`awaited: ${awaited.map(({ agency, dueAt, overdue }) => `${agency} (due ${dueAt}${overdue ? ', overdue' : ''})`).join(', ')}`]),
    ...said.flatMap(({ agency, status: outcome, reasons }) => reasons.map(({ code, text }) => `${agency} ${outcome}: ${text} (${code})`)),
    ...conditions.map(({ agency, code, text }) => `condition of ${agency}: ${text} (${code})`),
    ...missing.map(({ formality, dueAt }) => `missing: ${formality}${dueAt === undefined ? '' : `, due ${dueAt}`}`),
  ];
}

/** Faults that follow say the rest; without them the detail says what to do. */
export function faultLine(httpStatus: number, { code, title, detail, errors }: ProblemAnswer): string {
  const texts = errors !== undefined && errors.length > 0 ? [title] : [title, detail];
  const said = texts.filter((text, i, all) => text !== undefined && all.indexOf(text) === i);
  return `error ${httpStatus}${code === undefined ? '' : ` ${code}`}: ${said.join(' ')}`;
}

/** `file:line:column`, as editors understand it; then where in the declaration. */
export function problemLine(file: string, entry: Problem): string {
  const place = entry.line === undefined ? file : `${file}:${entry.line}${entry.column === undefined ? '' : `:${entry.column}`}`;
  const paths = [entry.pointer, entry.xpath].filter((path) => path !== undefined && path !== '');
  return `${place}: ${entry.severity} ${entry.code}: ${entry.message}${paths.length === 0 ? '' : ` [${paths.join(' ')}]`}`;
}

/** A word for tallies and progress. */
export function wordOf(outcome: SubmitOutcome): string {
  switch (outcome.kind) {
    case 'clearance':
      return outcome.clearance.status;
    case 'received':
      return 'pending';
    case 'dry-run':
      return outcome.answer.valid ? `valid, would be ${outcome.answer.predicted?.status ?? 'pending'}` : 'not valid';
    case 'fault':
      return `error ${outcome.httpStatus}${outcome.problem.code === undefined ? '' : ` ${outcome.problem.code}`}`;
    case 'failure':
      return `error: ${outcome.message}`;
  }
}
