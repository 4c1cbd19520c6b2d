import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DeadLetterPage, InspectedDeadLetter } from '../gateway/dead-letter-desk';
import type { Erasure, ErasurePreview } from '../gateway/erasure-desk';
import type { GroupProgress } from '../gateway/operator-desk';
import type { JobPreview, OperatorJob } from '../gateway/operator-jobs';
import { parseOpsArguments, usage, type OpsOptions, type OpsRequest } from './ops/ops-arguments';
import { NotDone, OpsClient } from './ops/ops-client';
import {
  auditReport,
  deadLetterReport,
  deadLettersReport,
  erasureReport,
  jobReport,
  jobsReport,
  lagReport,
  outcomesReport,
  partitionReport,
  previewReport,
  progressLine,
  type PlacedEntry,
} from './ops/ops-report';
import { gatewayAddress, type GatewayAddress } from './submit/gateway-address';

/**
 * `npm run ops`: what an operator does, by the gateway's API and by nothing else, so that the gateway allows and records all of it. It knows
 * neither Kafka nor Redis.
 */
export interface OpsIo {
  out: { write(text: string): unknown };
  err: { isTTY?: boolean; write(text: string): unknown };
  /** Where relative names begin. */
  directory: string;
  credentialsFile: string;
}

export type ExitCode = 0 | 1 | 2;

/** What is told of an answer, as JSON or for people, and whether it was what was asked for. */
interface Told {
  answer: unknown;
  text: string;
  isDone?: boolean;
}

export async function ops(argv: readonly string[], io: OpsIo): Promise<ExitCode> {
  const parsed = parseOpsArguments(argv);
  if (parsed.kind === 'help') {
    io.out.write(`${usage}\n`);
    return 0;
  }
  if (parsed.kind === 'faults') return misused(io, parsed.faults);
  const { options } = parsed;
  const faults: string[] = [];
  const address = addressOf(options, io, faults);
  if (address === undefined || faults.length > 0) return misused(io, faults);
  try {
    const client = new OpsClient(address);
    // Of any length, so it is told page by page.
    if (options.request.command === 'audit') return await tellAudit(options.request, options.json, client, io);
    const { answer, text, isDone = true } = await ask(options.request, client, io);
    io.out.write(options.json ? `${JSON.stringify(answer, null, 2)}\n` : text);
    return isDone ? 0 : 1;
  } catch (cause) {
    if (!(cause instanceof NotDone)) throw cause;
    io.err.write(`${cause.message}\n`);
    return 1;
  }
}

function misused(io: OpsIo, faults: readonly string[]): ExitCode {
  for (const fault of [...faults, 'npm run ops -- --help says more']) io.err.write(`${fault}\n`);
  return 2;
}

function addressOf({ request, url, token, tokenFile }: OpsOptions, io: OpsIo, faults: string[]): GatewayAddress | undefined {
  const given = tokenFile === undefined ? token : firstLineOf(tokenFile, io.directory, faults);
  if (faults.length > 0) return undefined;
  const account = request.command === 'audit' ? 'auditor' : 'operator';
  return gatewayAddress({ url, token: given }, { account, credentialsFile: io.credentialsFile }, faults);
}

function firstLineOf(file: string, directory: string, faults: string[]): string {
  try {
    return (readFileSync(resolve(directory, file), 'utf8').split('\n')[0] ?? '').trim();
  } catch (cause) {
    faults.push(`${file} cannot be read: ${(cause as NodeJS.ErrnoException).code ?? 'unknown fault'}`);
    return '';
  }
}

async function ask(request: Exclude<OpsRequest, { command: 'audit' }>, client: OpsClient, io: OpsIo): Promise<Told> {
  switch (request.command) {
    case 'lag': {
      const answer = await client.get<{ items: GroupProgress[] }>('/v1/ops/lag');
      return { answer, text: request.partitions ? partitionReport(answer.items) : lagReport(answer.items) };
    }
    case 'config': {
      const answer = await client.get<object>('/v1/ops/config');
      return { answer, text: `${JSON.stringify(answer, null, 2)}\n` };
    }
    case 'dead-letters': {
      const answer = await listDeadLetters(request, client);
      return { answer, text: deadLettersReport(answer) };
    }
    case 'dead-letter': {
      const answer = await client.get<InspectedDeadLetter>(`/v1/ops/dead-letters/${encodeURIComponent(request.id)}`);
      return { answer, text: deadLetterReport(answer) };
    }
    case 'redrive': {
      const { ids, preview } = request;
      const answer = await client.post<Pick<JobPreview, 'items'>>('/v1/ops/dead-letters/redrive', { ids, preview });
      const isDone = answer.items.every(({ outcome }) => outcome === 'redriven' || outcome === 'would-be-redriven');
      return { answer, text: outcomesReport(answer.items), isDone };
    }
    case 'redrive-matching':
      return order('/v1/ops/dead-letters/redrive', request, client, io);
    case 'resend':
      return order('/v1/ops/tasks/resend', request, client, io);
    case 'jobs': {
      const answer = await client.get<{ items: OperatorJob[] }>('/v1/ops/jobs');
      return { answer, text: jobsReport(answer.items) };
    }
    case 'job':
      return request.follow ? follow(request.jobId, client, io) : toldOf(await client.get<OperatorJob>(jobPath(request.jobId)));
    case 'stop':
      return toldOf(await client.post<OperatorJob>(`${jobPath(request.jobId)}/stop`));
    case 'erase':
      return erase(request, client);
  }
}

/** The most that the gateway gives at a time. */
const PAGE = 1_000;

/** Pages until there are as many as were wanted: a page may have fewer, and even none, while there is a next one. */
async function listDeadLetters(
  { filter, limit, cursor }: Extract<OpsRequest, { command: 'dead-letters' }>,
  client: OpsClient,
): Promise<DeadLetterPage> {
  const all: DeadLetterPage = { items: [], next: cursor ?? null };
  do {
    const query = new URLSearchParams({ ...filter, limit: String(Math.min(PAGE, limit - all.items.length)) });
    if (all.next !== null) query.set('cursor', all.next);
    const page = await client.get<DeadLetterPage>(`/v1/ops/dead-letters?${query.toString()}`);
    all.items.push(...page.items);
    all.next = page.next;
  } while (all.next !== null && all.items.length < limit);
  return all;
}

async function order(
  path: string,
  { filter, recordsPerSecond, preview, follow: isFollowed }: Extract<OpsRequest, { command: 'redrive-matching' | 'resend' }>,
  client: OpsClient,
  io: OpsIo,
): Promise<Told> {
  const body = { filter, ...(recordsPerSecond === undefined ? {} : { recordsPerSecond }), preview };
  if (preview) {
    const answer = await client.post<JobPreview>(path, body);
    return { answer, text: previewReport(answer) };
  }
  const job = await client.post<OperatorJob>(path, body);
  if (!isFollowed) return toldOf(job);
  // Whoever stops following can still stop the job.
  io.err.write(`job ${job.jobId}\n`);
  return follow(job.jobId, client, io);
}

const LOOK_MS = 1_000;
/** Where nobody looks on, a line so often. */
const TELL_MS = 10_000;
/** A gateway that restarts, or a store that is away for a moment, does not end it. */
const AWAY_MS = 60_000;

/** Until the job ends; not done where it was stopped, failed or lost. */
async function follow(jobId: string, client: OpsClient, io: OpsIo): Promise<Told> {
  const isTTY = io.err.isTTY === true;
  let heardMs = performance.now();
  let toldMs = -Infinity;
  for (;;) {
    const nowMs = performance.now();
    try {
      const job = await client.get<OperatorJob>(jobPath(jobId));
      heardMs = nowMs;
      if (job.state !== 'running') {
        if (isTTY) io.err.write('\r\x1b[2K');
        return { ...toldOf(job), isDone: job.state === 'done' };
      }
      if (isTTY) io.err.write(`\r\x1b[2K${progressLine(job)}`);
      else if (nowMs - toldMs >= TELL_MS) {
        io.err.write(`${progressLine(job)}\n`);
        toldMs = nowMs;
      }
    } catch (cause) {
      if (!(cause instanceof NotDone) || !cause.mayPass || nowMs - heardMs > AWAY_MS) throw cause;
    }
    await sleep(LOOK_MS);
  }
}

const ERASE_TRIES = 6;

/** Ordered again while it is not folded yet, as the gateway asks: a repeat is harmless, and each is recorded. */
async function erase({ dossier, reason, preview }: Extract<OpsRequest, { command: 'erase' }>, client: OpsClient): Promise<Told> {
  for (let tries = 1; ; tries++) {
    const answer = await client.post<Erasure | ErasurePreview>('/v1/ops/erasures', { dossier, reason, preview });
    if (answer.state !== 'ordered') return { answer, text: erasureReport(answer) };
    if (tries === ERASE_TRIES)
      return { answer, text: `${erasureReport(answer)}it is ordered and not done yet: order it again\n`, isDone: false };
    await sleep(LOOK_MS);
  }
}

/** A page of `GET /v1/audit`. */
interface AuditPage {
  items: PlacedEntry[];
  next: string;
  more: boolean;
}

async function tellAudit(
  { after, chain, out }: Extract<OpsRequest, { command: 'audit' }>,
  json: boolean,
  client: OpsClient,
  io: OpsIo,
): Promise<ExitCode> {
  const file = out === undefined ? undefined : newFile(resolve(io.directory, out));
  try {
    const query = new URLSearchParams({ limit: String(PAGE), ...(chain === undefined ? {} : { chain }) });
    let entries = 0;
    for (let next = after ?? '', more = true; more;) {
      query.set('after', next);
      const page = await client.get<AuditPage>(`/v1/audit?${query.toString()}`);
      ({ next, more } = page);
      entries += page.items.length;
      const line = `${JSON.stringify(page)}\n`;
      if (file !== undefined) writeSync(file, line);
      else if (json) io.out.write(line);
      else if (page.items.length > 0) io.out.write(auditReport(page.items));
      if (!more) io.err.write(`${entries} entries; what comes after them: --after ${next}\n`);
    }
    return 0;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Pages that were kept are not written over. */
function newFile(name: string): number {
  try {
    return openSync(name, 'wx', 0o600);
  } catch (cause) {
    throw new NotDone(`error: ${name} cannot be written: ${(cause as NodeJS.ErrnoException).code ?? 'unknown fault'}`, {
      mayPass: false,
      cause,
    });
  }
}

function toldOf(job: OperatorJob): Told {
  return { answer: job, text: jobReport(job) };
}

function jobPath(jobId: string): string {
  return `/v1/ops/jobs/${encodeURIComponent(jobId)}`;
}

if (require.main === module) {
  // npm runs scripts in the folder of package.json; INIT_CWD is where the user stands.
  const directory = process.env['INIT_CWD'] ?? process.cwd();
  const credentialsFile = resolve(process.env['VAR_DIR'] ?? 'var', 'dev-credentials.json');
  void ops(process.argv.slice(2), { out: process.stdout, err: process.stderr, directory, credentialsFile }).then((code) => {
    process.exitCode = code;
  });
}
