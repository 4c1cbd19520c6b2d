import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { loadRules } from '../config/load-rules';
import { readSettings } from '../config/settings';
import type { ApiKey } from '../gateway/edges/http/authenticate';
import { CredentialsFault, readCredentials } from '../gateway/edges/http/identity/credentials-file';

/** `npm run api-key`: makes an API key, which is shown this once, and the row of its hash for the file of API_KEYS_FILE. */
const USAGE = `npm run api-key -- --role ROLE --name NAME [--tenant TENANT | --agency CODE] [--not-before TIME] [--expires TIME]
npm run api-key -- --check FILE
  --role        agent (of a --tenant), agency (an officer or system of an --agency), operator or auditor
  --name        the system or person that calls, as the audit log names it
  --not-before  valid from this time on, 2026-12-01T00:00:00Z or 2026-12-01
  --expires     valid until then
  --check       says what is wrong with such a file
The key is written once and kept nowhere; the row is to be added to "keys". For a change-over add the new row, hand the key over, then take
the old row out: two of one name may be valid at a time.
Exit code 0; 1 when something is wrong.`;

export interface ApiKeyIo {
  out: { write(text: string): unknown };
  err: { write(text: string): unknown };
  env: Readonly<Record<string, string | undefined>>;
  /** Where relative names begin. */
  directory: string;
}

export function apiKey(argv: readonly string[], io: ApiKeyIo): 0 | 1 {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        role: { type: 'string' },
        name: { type: 'string' },
        tenant: { type: 'string' },
        agency: { type: 'string' },
        'not-before': { type: 'string' },
        expires: { type: 'string' },
        check: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
    if (values.help === true) {
      io.out.write(`${USAGE}\n`);
      return 0;
    }
    const agencies = loadRules(readSettings(io.env)).agencies.map(({ code }) => code);
    if (values.check !== undefined) {
      const { keys } = readCredentials(readFileSync(resolve(io.directory, values.check), 'utf8'), agencies);
      io.out.write(`${keys.length} keys, nothing wrong\n`);
      return 0;
    }
    // 256 random bits; scanners for secrets know it by its first letters.
    const key = `seaport_${randomBytes(32).toString('base64url')}`;
    const row = {
      sha256: createHash('sha256').update(key).digest('hex'),
      role: values.role,
      ...(values.tenant === undefined ? {} : { tenant: values.tenant }),
      ...(values.agency === undefined ? {} : { agency: values.agency }),
      name: values.name,
      ...(values['not-before'] === undefined ? {} : { notBefore: timeOf(values['not-before'], '--not-before') }),
      ...(values.expires === undefined ? {} : { expires: timeOf(values.expires, '--expires') }),
    } as ApiKey;
    readCredentials(JSON.stringify({ keys: [row] }), agencies);
    io.out.write(
      `key, to be handed over and not kept:\n\n  ${key}\n\nrow for "keys" of the file of API_KEYS_FILE:\n\n${JSON.stringify(row)}\n`,
    );
    return 0;
  } catch (cause) {
    const faults = cause instanceof CredentialsFault ? cause.faults : [(cause as Error).message];
    io.err.write(faults.map((fault) => `api-key: ${fault}\n`).join(''));
    return 1;
  }
}

function timeOf(text: string, option: string): string {
  const ms = Date.parse(text);
  if (!/^\d{4}-\d\d-\d\d/.test(text) || Number.isNaN(ms)) throw new Error(`${option} must be a time, as 2026-12-01T00:00:00Z`);
  return new Date(ms).toISOString();
}

if (require.main === module) {
  // npm runs scripts in the folder of package.json; INIT_CWD is where the user stands.
  const directory = process.env['INIT_CWD'] ?? process.cwd();
  process.exitCode = apiKey(process.argv.slice(2), { out: process.stdout, err: process.stderr, env: process.env, directory });
}
