import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readKafkaCredentials } from '../config/server-credentials';
import { readSettings, type Settings } from '../config/settings';
import { AUDIT_TOPIC } from '../gateway/audit-log';
import type { ChainHead } from '../gateway/core/audit-chain';
import { AuditVerifier, type AuditReport, type PlacedAuditRecord } from '../gateway/core/verify-audit';
import { openEmbeddedMessageLog } from '../gateway/edges/embedded/embedded-message-log';
import { openKafkaMessageLog } from '../gateway/edges/kafka/kafka-message-log';
import { createEd25519Signer, readPublicKeys } from '../gateway/edges/signing/ed25519-signer';
import { createEd25519Verifier } from '../gateway/edges/signing/ed25519-verifier';
import type { MessageLog } from '../gateway/ports/message-log';

/**
 * `npm run audit:verify`: hashes, links and signatures of the topic `audit` of Kafka, of the embedded log (the gateway stopped), or of a file of
 * JSON lines: records `{ "partition", "offset", "record" }`, as any Kafka client can write them, or pages of `GET /v1/audit`.
 */
const USAGE = `npm run audit:verify -- [--brokers LIST | --file FILE [--part]] [--heads FILE] [--jwks FILE] [--json]
  --brokers  read the topic of these Kafka brokers; KAFKA_BROKERS where it is set, else the embedded log in DATA_DIR. TOPIC_PREFIX, TLS and
           SASL as the gateway has them in its environment
  --file   lines of JSON, each a record { "partition": 0, "offset": 0, "record": { … } } or a page of GET /v1/audit
  --part   the file has some pages only, or one chain: what chains say of records that are not in it is left out
  --heads  heads kept elsewhere, the "heads" of an earlier report: [{ "chain", "n", "hash" }]; each must still be there
  --jwks   public keys, as /.well-known/jwks.json gives them, in place of those of SIGNING_KEY_FILE
  --json   the report as JSON, with the heads to copy elsewhere
Exit code 0 nothing found, 3 something found, 1 it could not be looked at.`;

export interface VerifyIo {
  out: { write(text: string): unknown };
  err: { write(text: string): unknown };
  env: Readonly<Record<string, string | undefined>>;
  /** Where relative names begin. */
  directory: string;
}

export async function auditVerify(argv: readonly string[], io: VerifyIo): Promise<0 | 1 | 3> {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        brokers: { type: 'string' },
        file: { type: 'string' },
        part: { type: 'boolean' },
        heads: { type: 'string' },
        jwks: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
    if (values.help === true) {
      io.out.write(`${USAGE}\n`);
      return 0;
    }
    const settings = readSettings(io.env);
    const read = (file: string): string => readFileSync(resolve(io.directory, file), 'utf8');
    const keys = values.jwks === undefined ? ownKeys(settings) : (JSON.parse(read(values.jwks)) as ReturnType<typeof ownKeys>);
    const heads = values.heads === undefined ? [] : (JSON.parse(read(values.heads)) as ChainHead[]);
    const kafkaBrokers = values.brokers?.split(',') ?? settings.kafkaBrokers;
    const { isTrimmed, each } = values.file === undefined ? await openLog({ ...settings, kafkaBrokers }) : recordsOfFile(read(values.file));
    const verifier = new AuditVerifier({ verifies: createEd25519Verifier(keys), heads, isTrimmed, isPart: values.part === true });
    await each((record) => verifier.add(record));
    const report = verifier.report();
    io.out.write(values.json === true ? `${JSON.stringify(report, null, 2)}\n` : textOf(report));
    return report.findings.length === 0 ? 0 : 3;
  } catch (cause) {
    io.err.write(`audit:verify: ${(cause as Error).message}\n`);
    return 1;
  }
}

function ownKeys({ signingKeyFile, signingRetiredKeysFile, varDir }: Settings): { keys: Record<string, string>[] } {
  const key = readFileSync(signingKeyFile === '' ? join(varDir, 'dev-signing-key.pem') : signingKeyFile, 'utf8');
  return createEd25519Signer(key, signingRetiredKeysFile === '' ? [] : readPublicKeys(readFileSync(signingRetiredKeysFile, 'utf8'))).jwks();
}

interface Found {
  isTrimmed: boolean;
  /** Gives the records one after the other, and closes what they come from. */
  each(add: (record: PlacedAuditRecord) => void): Promise<void> | void;
}

function recordsOfFile(text: string): Found {
  const records: PlacedAuditRecord[] = [];
  let isTrimmed = false;
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const { items, partitions, ...placed } = (parsed(line) ?? {}) as Partial<PlacedAuditRecord & AuditPageLine>;
    if (partitions?.some(({ start }) => start > 0) === true) isTrimmed = true;
    for (const { partition, offset, record } of items ?? [placed])
      // Heads name places, so a record without one proves nothing.
      records.push(
        partition === undefined || offset === undefined ? { partition: -1, offset: -1, record: undefined } : { partition, offset, record },
      );
  }
  return { isTrimmed, each: (add) => records.forEach(add) };
}

/** A page of `GET /v1/audit`. */
interface AuditPageLine {
  items: Partial<PlacedAuditRecord>[];
  partitions: { start: number }[];
}

async function openLog(settings: Settings): Promise<Found> {
  const { kafkaBrokers, dataDir, topicPrefix } = settings;
  const log = kafkaBrokers.length > 0 ? await openKafka(settings) : await openEmbeddedMessageLog({ path: dataDir, topicPrefix });
  try {
    const offsets = await log.offsets(AUDIT_TOPIC);
    const ranges = offsets.map(({ partition, start, end }) => ({ partition, from: start, to: end }));
    return {
      isTrimmed: offsets.some(({ start }) => start > 0),
      each: (add) =>
        log
          .read(AUDIT_TOPIC, ranges, ({ records }) => {
            for (const { partition, offset, value } of records) add({ partition, offset, record: parsed(value.toString()) });
          })
          .finally(() => log.close()),
    };
  } catch (cause) {
    await log.close();
    throw cause;
  }
}

function openKafka(settings: Settings): Promise<MessageLog> {
  return openKafkaMessageLog({
    brokers: [...settings.kafkaBrokers],
    clientId: 'seaport-audit-verify',
    topicPrefix: settings.topicPrefix,
    ...readKafkaCredentials(settings),
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function textOf({ records, chains, signatures, repeats, findings }: AuditReport): string {
  const found = findings.map(({ fault, chain, n, at }) => `  ${fault}  chain ${chain} n ${n}${at === undefined ? '' : ` at ${at}`}\n`);
  const verdict = findings.length === 0 ? 'nothing found' : `${findings.length} found`;
  return `${records} records, ${chains} chains, ${signatures} signatures, ${repeats} repeats: ${verdict}\n${found.join('')}`;
}

if (require.main === module) {
  // npm runs scripts in the folder of package.json; INIT_CWD is where the user stands.
  const directory = process.env['INIT_CWD'] ?? process.cwd();
  void auditVerify(process.argv.slice(2), { out: process.stdout, err: process.stderr, env: process.env, directory }).then((code) => {
    process.exitCode = code;
  });
}
