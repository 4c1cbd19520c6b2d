import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { declarationTypeOf, messageIdReplacer, type DeclarationType } from './submit/declaration-file';
import { gatewayAddress } from './submit/gateway-address';
import { GatewayClient } from './submit/gateway-client';
import { parseSubmitArguments, usage, type SubmitOptions } from './submit/submit-arguments';
import type { ExitCode } from './submit/submit-outcome';
import { reportOf, wordOf } from './submit/submit-report';
import { Progress, runBounded, Tally } from './submit/submit-run';

/** `npm run submit`: sends files to a running gateway, prints the clearance of each (contract.md §1). */
export interface SubmitIo {
  out: { write(text: string): unknown };
  err: { isTTY?: boolean; write(text: string): unknown };
  /** Where relative names begin. */
  directory: string;
  credentialsFile: string;
}

interface Declaration {
  name: string;
  type: DeclarationType;
  bytesOf: (index: number) => Buffer;
}

export async function submit(argv: readonly string[], io: SubmitIo): Promise<ExitCode> {
  const parsed = parseSubmitArguments(argv);
  if (parsed.kind === 'help') {
    io.out.write(`${usage}\n`);
    return 0;
  }
  if (parsed.kind === 'faults') return refuse(io, [...parsed.faults, 'npm run submit -- --help says more']);
  const { options } = parsed;
  const faults: string[] = [];
  const { url, token } = gatewayAddress(options, { account: 'agent', credentialsFile: io.credentialsFile }, faults);
  const declarations = readDeclarations(options, io.directory, faults);
  if (faults.length > 0) return refuse(io, faults);
  return await run(options, declarations, new GatewayClient({ url, token, concurrency: options.concurrency }), io);
}

async function run(options: SubmitOptions, declarations: Declaration[], client: GatewayClient, io: SubmitIo): Promise<ExitCode> {
  const total = declarations.length * options.repeat;
  const load = options.repeat > 1;
  const progress = new Progress(io.err, total);
  const tally = new Tally();
  const samples = new Map<string, string>();
  const startedMs = performance.now();
  const ticker = io.err.isTTY === true ? setInterval(() => progress.tick(), 1_000) : undefined;
  try {
    await runBounded(total, options.concurrency, async (index) => {
      const declaration = declarations[index % declarations.length] as Declaration;
      const { name, type } = declaration;
      progress.started(name, tally.done);
      const sentMs = performance.now();
      const outcome = await client.send({
        bytes: declaration.bytesOf(index),
        type,
        waitSeconds: options.waitSeconds,
        dryRun: options.dryRun,
        showPending: !load,
        onRetry: (reason) => {
          tally.retry();
          progress.retrying(name, reason);
        },
      });
      tally.add(outcome, performance.now() - sentMs);
      progress.finished(name, wordOf(outcome), tally.done, tally.retries);
      if (!load) {
        progress.clear();
        io.out.write(`${reportOf(name, outcome)}\n`);
      } else if ((outcome.kind === 'fault' || outcome.kind === 'failure') && samples.size < 10 && !samples.has(wordOf(outcome))) {
        samples.set(wordOf(outcome), reportOf(name, outcome));
      }
    });
  } finally {
    clearInterval(ticker);
    client.close();
    progress.clear();
  }
  for (const sample of samples.values()) io.out.write(`for example ${sample}\n`);
  if (total > 1) io.out.write(`${tally.summary(performance.now() - startedMs).join('\n')}\n`);
  return tally.exitCode();
}

function readDeclarations(options: SubmitOptions, directory: string, faults: string[]): Declaration[] {
  const run = randomBytes(4).toString('hex');
  return options.files.flatMap((file) => {
    let bytes: Buffer;
    try {
      bytes = readFileSync(resolve(directory, file));
    } catch (cause) {
      faults.push(`${file} cannot be read: ${(cause as NodeJS.ErrnoException).code ?? 'unknown fault'}`);
      return [];
    }
    const type = declarationTypeOf(basename(file), bytes);
    if (type === undefined) {
      faults.push(`${file} is neither XML nor JSON`);
      return [];
    }
    if (!options.unique) return [{ name: file, type, bytesOf: () => bytes }];
    const withMessageId = messageIdReplacer(bytes, type);
    if (withMessageId === undefined) {
      faults.push(`${file} has no message id to replace`);
      return [];
    }
    return [{ name: file, type, bytesOf: (index: number) => withMessageId(`submit-${run}-${index}`) }];
  });
}

function refuse(io: SubmitIo, faults: readonly string[]): ExitCode {
  for (const fault of faults) io.err.write(`${fault}\n`);
  return 1;
}

if (require.main === module) {
  // npm runs scripts in the folder of package.json; INIT_CWD is where the user stands.
  const directory = process.env['INIT_CWD'] ?? process.cwd();
  const credentialsFile = resolve(process.env['VAR_DIR'] ?? 'var', 'dev-credentials.json');
  void submit(process.argv.slice(2), { out: process.stdout, err: process.stderr, directory, credentialsFile }).then((code) => {
    process.exitCode = code;
  });
}
