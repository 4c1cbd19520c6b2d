import { parseArgs } from 'node:util';
import { isHttpUrl } from '../submit/gateway-address';

/** What `npm run ops` was asked to do. */
export interface OpsOptions {
  request: OpsRequest;
  /** Undefined: as the development credentials say. */
  url: string | undefined;
  token: string | undefined;
  tokenFile: string | undefined;
  json: boolean;
}

export type OpsRequest =
  | { command: 'lag'; partitions: boolean }
  | { command: 'config' }
  | { command: 'dead-letters'; filter: Filter; limit: number; cursor: string | undefined }
  | { command: 'dead-letter'; id: string }
  | { command: 'redrive'; ids: string[]; preview: boolean }
  | ({ command: 'redrive-matching'; filter: Filter } & JobOrder)
  | ({ command: 'resend'; filter: Filter } & JobOrder)
  | { command: 'jobs' }
  | { command: 'job'; jobId: string; follow: boolean }
  | { command: 'stop'; jobId: string }
  | { command: 'erase'; dossier: string; reason: string; preview: boolean }
  | { command: 'audit'; after: string | undefined; chain: string | undefined; out: string | undefined };

/** As the API has it: of a query or of a body. */
export type Filter = Record<string, string>;

interface JobOrder {
  /** Undefined: as the gateway has it. */
  recordsPerSecond: number | undefined;
  preview: boolean;
  follow: boolean;
}

export type ParsedOps = { kind: 'run'; options: OpsOptions } | { kind: 'help' } | { kind: 'faults'; faults: string[] };

export const usage = `npm run ops -- COMMAND [options]

Looks at a running gateway and mends it, by its API and with an operator's key: the gateway decides who may, and records who did.

  lag [--partitions]             how far each group is; of each partition
  config                         settings without secrets, agencies, rule sets in force
  dead-letters [FILTER]          dead letters, newest first; --limit N (100), --cursor C goes on where a list ended
  dead-letter ID                 one of them: what is wrong and how it is built, no value
  redrive --id ID [--id ID …]    sends the named ones to their topics again, at once
  redrive FILTER | --all         a job that does it for all that match; --rate N records a second (50), --follow
  resend TASKS | --all           a job that asks agencies again what they owe; --rate N, --follow
  jobs                           the last jobs
  job ID [--follow]              how far one is; --follow until it ends
  stop ID                        stops one before its next records
  erase DOSSIER --reason CODE    erases the personal data of a dossier, by id or code; ordered again until it is done
  audit                          with an auditor's key: who did what, the oldest first; --after C goes on where it ended, --chain C,
                                 --out FILE writes a new file that npm run audit:verify -- --file reads; so does --json

  FILTER   --topic T  --reason R  --from TIME  --to TIME  --dossier ID-OR-CODE
  TASKS    --agency A  --dossier ID-OR-CODE  --asked-before TIME
  TIME     2026-11-24T02:00:00Z, or 2026-11-24

  --preview          with redrive, resend and erase: says what would be done, and does nothing
  --url URL          the gateway; default: baseUrl of var/dev-credentials.json, else http://127.0.0.1:8080
  --token-file FILE  the key on its first line
  --token KEY        the key itself: others on the machine may see it; default: "operator" (of audit: "auditor") of
                     var/dev-credentials.json
  --json             the gateway's answer as JSON
  --help

Exit code: 0 done · 1 refused, failed, or not done for one that was named or a job that was followed · 2 wrong usage, nothing was asked.`;

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const several = { type: 'string', multiple: true } as const;

const shared = { url: text, token: text, 'token-file': text, json: flag, help: { ...flag, short: 'h' } } as const;
const deadLetterFilter = { topic: text, reason: text, from: text, to: text, dossier: text } as const;
const jobOrder = { all: flag, rate: text, preview: flag, follow: flag } as const;

/** Options of each command beside those of all, and what it is given by place. */
const commands = {
  lag: { options: { partitions: flag } },
  config: { options: {} },
  'dead-letters': { options: { ...deadLetterFilter, limit: text, cursor: text } },
  'dead-letter': { options: {}, takes: 'the ID of a dead letter' },
  redrive: { options: { ...deadLetterFilter, ...jobOrder, id: several } },
  resend: { options: { agency: text, dossier: text, 'asked-before': text, ...jobOrder } },
  jobs: { options: {} },
  job: { options: { follow: flag }, takes: 'the ID of a job' },
  stop: { options: {}, takes: 'the ID of a job' },
  erase: { options: { reason: text, preview: flag }, takes: 'the id or code of a dossier' },
  audit: { options: { after: text, chain: text, out: text } },
} as const;

type CommandName = keyof typeof commands;

const MAX_LISTED = 100_000;
const MAX_RECORDS_PER_SECOND = 10_000;

/** Reads the arguments; all faults at once. */
export function parseOpsArguments(argv: readonly string[]): ParsedOps {
  const [name, ...args] = argv;
  if (name === '--help' || name === '-h') return { kind: 'help' };
  if (name === undefined) return { kind: 'faults', faults: ['no command is named'] };
  if (!isCommand(name)) return { kind: 'faults', faults: [`there is no command "${name}"; there are ${Object.keys(commands).join(', ')}`] };
  let parsed;
  try {
    parsed = parseArgs({ args, allowPositionals: true, options: { ...shared, ...commands[name].options } });
  } catch (cause) {
    return { kind: 'faults', faults: [(cause as Error).message] };
  }
  const given = new Given(parsed.values);
  if (given.flag('help')) return { kind: 'help' };
  const request = requestOf(name, given, parsed.positionals);
  const [url, token, tokenFile] = [given.text('url'), given.text('token'), given.text('token-file')];
  if (url !== undefined && !isHttpUrl(url)) given.faults.push(`--url must be an http or https address, not "${url}"`);
  if (token !== undefined && tokenFile !== undefined) given.faults.push('--token and --token-file exclude each other');
  if (given.faults.length > 0) return { kind: 'faults', faults: given.faults };
  return { kind: 'run', options: { request, url, token, tokenFile, json: given.flag('json') } };
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(commands, name);
}

function requestOf(command: CommandName, given: Given, positionals: readonly string[]): OpsRequest {
  const definition = commands[command];
  const [one = ''] = positionals;
  if ('takes' in definition && (positionals.length !== 1 || one === '')) given.faults.push(`${command} takes ${definition.takes}`);
  if (!('takes' in definition) && positionals.length > 0) given.faults.push(`${command} does not take "${positionals.join(' ')}"`);
  switch (command) {
    case 'lag':
      return { command, partitions: given.flag('partitions') };
    case 'config':
    case 'jobs':
      return { command };
    case 'dead-letters':
      return { command, filter: letterFilter(given), limit: given.whole('limit', 1, MAX_LISTED) ?? 100, cursor: given.text('cursor') };
    case 'dead-letter':
      return { command, id: one };
    case 'redrive':
      return redriveOf(given);
    case 'resend': {
      const filter = filterOf({ agency: given.text('agency'), dossier: given.text('dossier'), askedBefore: given.time('asked-before') });
      assertChosen(given, filter, 'resend takes --agency, --dossier, --asked-before, or --all');
      return { command, filter, ...orderOf(given) };
    }
    case 'job':
      return { command, jobId: one, follow: given.flag('follow') };
    case 'stop':
      return { command, jobId: one };
    case 'erase': {
      const reason = given.text('reason');
      if (reason === undefined) given.faults.push('erase takes --reason, a code without blanks: it is kept in the audit log');
      return { command, dossier: one, reason: reason ?? '', preview: given.flag('preview') };
    }
    case 'audit':
      return { command, after: given.text('after'), chain: given.text('chain'), out: given.text('out') };
  }
}

function redriveOf(given: Given): OpsRequest {
  const ids = given.texts('id');
  const filter = letterFilter(given);
  if (ids.length === 0) {
    assertChosen(given, filter, 'redrive takes --id, or --topic, --reason, --from, --to, --dossier, or --all');
    return { command: 'redrive-matching', filter, ...orderOf(given) };
  }
  if (Object.keys(filter).length > 0 || given.flag('all')) given.faults.push('redrive takes --id or a filter, not both');
  if (given.text('rate') !== undefined || given.flag('follow'))
    given.faults.push('--rate and --follow are for a filter: what is named is sent at once');
  return { command: 'redrive', ids, preview: given.flag('preview') };
}

/** Everything only where that is said: a filter that was forgotten is not one that lets everything through. */
function assertChosen(given: Given, filter: Filter, otherwise: string): void {
  const all = given.flag('all');
  if (Object.keys(filter).length === 0 && !all) given.faults.push(otherwise);
  if (Object.keys(filter).length > 0 && all) given.faults.push('--all and a filter exclude each other');
}

function orderOf(given: Given): JobOrder {
  const [preview, follow] = [given.flag('preview'), given.flag('follow')];
  if (preview && follow) given.faults.push('--preview begins no job to --follow');
  return { recordsPerSecond: given.whole('rate', 1, MAX_RECORDS_PER_SECOND), preview, follow };
}

function letterFilter(given: Given): Filter {
  const [topic, reason, dossier] = [given.text('topic'), given.text('reason'), given.text('dossier')];
  return filterOf({ topic, reason, from: given.time('from'), to: given.time('to'), dossier });
}

function filterOf(members: Record<string, string | undefined>): Filter {
  return Object.fromEntries(Object.entries(members).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** What was given by name, and what is wrong with it. */
class Given {
  readonly faults: string[] = [];
  private readonly values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.values = values;
  }

  flag(name: string): boolean {
    return this.values[name] === true;
  }

  texts(name: string): string[] {
    const value = this.values[name];
    return Array.isArray(value) ? value.map(String) : [];
  }

  text(name: string): string | undefined {
    const value = this.values[name];
    if (value !== '') return typeof value === 'string' ? value : undefined;
    this.faults.push(`--${name} is empty`);
    return undefined;
  }

  whole(name: string, min: number, max: number): number | undefined {
    const said = this.text(name);
    if (said === undefined) return undefined;
    const value = /^\d{1,9}$/.test(said) ? Number(said) : NaN;
    if (value >= min && value <= max) return value;
    this.faults.push(`--${name} must be a whole number from ${min} to ${max}, not "${said}"`);
    return undefined;
  }

  /** With its zone: a time without one means another hour on another machine. */
  time(name: string): string | undefined {
    const said = this.text(name);
    if (said === undefined) return undefined;
    const isTime = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/.test(said) && !Number.isNaN(Date.parse(said));
    if (!isTime) this.faults.push(`--${name} must be a time, as 2026-11-24T02:00:00Z, not "${said}"`);
    return said;
  }
}
