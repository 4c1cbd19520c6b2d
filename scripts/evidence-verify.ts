import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { verifyEvidence, type EvidenceReport } from '../gateway/core/evidence-bundle';
import { digestOf } from '../gateway/core/identifiers';
import { createEd25519Verifier } from '../gateway/edges/signing/ed25519-verifier';

/** `npm run evidence:verify`: a bundle of `GET /v1/evidence/{dossierId}` against the published keys, on any machine. */
const USAGE = `npm run evidence:verify -- FILE --jwks FILE [--messages FOLDER] [--json]
  FILE        as GET /v1/evidence/{dossierId} gave it
  --jwks      public keys, as /.well-known/jwks.json gave them, got by another way than the bundle
  --messages  a folder with each revision's message as received, in a file named after its declarationId
  --json      the report as JSON
Exit code 0 nothing found, 3 something found, 1 it could not be looked at.`;

export interface VerifyIo {
  out: { write(text: string): unknown };
  err: { write(text: string): unknown };
  /** Where relative names begin. */
  directory: string;
}

export function evidenceVerify(argv: readonly string[], io: VerifyIo): 0 | 1 | 3 {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { jwks: { type: 'string' }, messages: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean' } },
    });
    if (values.help === true) {
      io.out.write(`${USAGE}\n`);
      return 0;
    }
    const [file] = positionals;
    if (file === undefined || positionals.length > 1 || values.jwks === undefined) throw new Error(`what to verify?\n${USAGE}`);
    const read = (name: string): string => readFileSync(resolve(io.directory, name), 'utf8');
    const verifies = createEd25519Verifier(JSON.parse(read(values.jwks)) as Parameters<typeof createEd25519Verifier>[0]);
    const folder = values.messages === undefined ? undefined : resolve(io.directory, values.messages);
    const report = verifyEvidence(parsed(read(file)), {
      verifies,
      ...(folder === undefined ? {} : { messageDigest: (declarationId) => digestOfFile(folder, declarationId) }),
    });
    io.out.write(values.json === true ? `${JSON.stringify(report, null, 2)}\n` : textOf(report));
    return report.findings.length === 0 ? 0 : 3;
  } catch (cause) {
    io.err.write(`evidence:verify: ${(cause as Error).message}\n`);
    return 1;
  }
}

function digestOfFile(folder: string, declarationId: string): string | undefined {
  // Named by the bundle, which nobody has verified yet.
  if (!/^[0-9a-f]{32}$/.test(declarationId)) return undefined;
  const file = join(folder, declarationId);
  return existsSync(file) ? digestOf(readFileSync(file)) : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function textOf({ parts, receipts, clearances, messages, findings }: EvidenceReport): string {
  const found = findings.map(({ fault, of }) => `  ${fault}  ${of}\n`);
  const verdict = findings.length === 0 ? 'nothing found' : `${findings.length} found`;
  return `${parts} parts, ${receipts} receipts, ${clearances} clearances, ${messages} messages: ${verdict}\n${found.join('')}`;
}

if (require.main === module) {
  // npm runs scripts in the folder of package.json; INIT_CWD is where the user stands.
  const directory = process.env['INIT_CWD'] ?? process.cwd();
  process.exitCode = evidenceVerify(process.argv.slice(2), { out: process.stdout, err: process.stderr, directory });
}
