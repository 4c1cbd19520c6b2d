import { parseArgs } from 'node:util';
import { isHttpUrl } from './gateway-address';

/** What `npm run submit` was asked to do. */
export interface SubmitOptions {
  files: string[];
  /** Undefined: as the development credentials say. */
  url: string | undefined;
  token: string | undefined;
  waitSeconds: number;
  concurrency: number;
  repeat: number;
  unique: boolean;
  dryRun: boolean;
}

export type ParsedArguments = { kind: 'run'; options: SubmitOptions } | { kind: 'help' } | { kind: 'faults'; faults: string[] };

const DEFAULT_WAIT_SECONDS = 30;
/** Alone, files go one after the other, so that an amendment follows its original. */
const DEFAULT_CONCURRENCY_REPEATED = 16;

export const usage = `npm run submit -- FILE… [options]

Sends declarations (ISO 28005 XML, canonical JSON) to a running gateway and prints the clearance of each.

  --url URL          the gateway; default: baseUrl of var/dev-credentials.json, else http://127.0.0.1:8080
  --token TOKEN      a bearer token; default: the token of "agent" in var/dev-credentials.json
  --wait N           seconds to wait for the clearance of each, 0 to 3600 (${DEFAULT_WAIT_SECONDS})
  --concurrency N    declarations under way at once, 1 to 1000 (1; with --repeat ${DEFAULT_CONCURRENCY_REPEATED}): with 1, files are sent in their order
  --repeat N         sends each file N times, 1 to 10000000, and prints a summary
  --unique           gives each its own message id
  --dry-run          asks what would become of it; nothing is stored
  --help

Exit code: 0 granted or conditional · 3 refused, incomplete, held or cancelled · 4 still pending · 1 error; of several the worst (1, 4, 3, 0).`;

/** Reads the arguments; all faults at once. */
export function parseSubmitArguments(argv: readonly string[]): ParsedArguments {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        url: { type: 'string' },
        token: { type: 'string' },
        wait: { type: 'string' },
        concurrency: { type: 'string' },
        repeat: { type: 'string' },
        unique: { type: 'boolean' },
        'dry-run': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (cause) {
    return { kind: 'faults', faults: [(cause as Error).message] };
  }
  const { values, positionals } = parsed;
  if (values.help === true) return { kind: 'help' };
  const faults: string[] = [];
  const whole = (name: string, given: string | undefined, fallback: number, min: number, max: number): number => {
    if (given === undefined) return fallback;
    const value = /^\d{1,9}$/.test(given) ? Number(given) : NaN;
    if (value >= min && value <= max) return value;
    faults.push(`--${name} must be a whole number from ${min} to ${max}, not "${given}"`);
    return fallback;
  };
  const repeat = whole('repeat', values.repeat, 1, 1, 10_000_000);
  const options: SubmitOptions = {
    files: positionals,
    url: values.url,
    token: values.token,
    waitSeconds: whole('wait', values.wait, DEFAULT_WAIT_SECONDS, 0, 3_600),
    concurrency: whole('concurrency', values.concurrency, repeat > 1 ? DEFAULT_CONCURRENCY_REPEATED : 1, 1, 1_000),
    repeat,
    unique: values.unique === true,
    dryRun: values['dry-run'] === true,
  };
  if (options.files.length === 0) faults.push('no file is named');
  if (options.url !== undefined && !isHttpUrl(options.url)) faults.push(`--url must be an http or https address, not "${options.url}"`);
  return faults.length > 0 ? { kind: 'faults', faults } : { kind: 'run', options };
}
