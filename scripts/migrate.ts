import { parseArgs } from 'node:util';
import { loadRules } from '../config/load-rules';
import { readKafkaCredentials } from '../config/server-credentials';
import { readSettings, type Settings } from '../config/settings';
import { openKafkaGroupPositions } from '../gateway/edges/kafka/kafka-group-positions';
import { openKafkaMessageLog, type KafkaConnectionOptions } from '../gateway/edges/kafka/kafka-message-log';
import { migratePrefix, type MigratedGroup, type MigratedTopic } from '../gateway/migrate-prefix';
import { decisionTopics } from '../gateway/relay';
import { topicCatalogue } from '../gateway/topic-catalogue';

/** `npm run migrate`: everything under one topic prefix on Kafka to another with more partitions, the gateway stopped. */
const USAGE = `npm run migrate -- --from PREFIX --to PREFIX --partitions N [--json]
  --from        prefix to copy ("" for none); nothing of it is changed
  --to          prefix to make
  --partitions  of every topic of the new prefix
  --json        what was copied, as JSON
The cluster is that of KAFKA_BROKERS and the other KAFKA_ settings. Stop every process of the gateway first, once lag is 0. What was cut short goes on
when it is run again. Exit code 0 copied and compared, 3 it stands something against it or the copy is not the same, 1 run it again, 2 usage.`;

const APPEND_WITHIN_MS = 60_000;

export interface MigrateIo {
  out: { write(text: string): unknown };
  err: { write(text: string): unknown };
  env: Readonly<Record<string, string | undefined>>;
}

export async function migrate(argv: readonly string[], io: MigrateIo): Promise<0 | 1 | 2 | 3> {
  const given = argumentsOf(argv, io);
  if (given === undefined) return 2;
  if (given === 'help') {
    io.out.write(`${USAGE}\n`);
    return 0;
  }
  try {
    const migrated = await run(given, io);
    io.out.write(given.json ? `${JSON.stringify(migrated, null, 2)}\n` : tableOf(migrated));
    return 0;
  } catch (cause) {
    const { name, message } = cause as Error;
    io.err.write(`migrate: ${message}\n`);
    return name === 'MigrationFault' ? 3 : 1;
  }
}

interface Given {
  settings: Settings;
  from: string;
  to: string;
  partitions: number;
  json: boolean;
}

function argumentsOf(argv: readonly string[], io: MigrateIo): Given | 'help' | undefined {
  const refuse = (fault: string): undefined => void io.err.write(`migrate: ${fault}\n${USAGE}\n`);
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        from: { type: 'string' },
        to: { type: 'string' },
        partitions: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return 'help';
    const { from, to, json } = values;
    const partitions = Number(values.partitions);
    if (from === undefined || to === undefined || !Number.isInteger(partitions) || partitions < 1)
      return refuse('--from, --to and --partitions are needed');
    if (from === to) return refuse('--from and --to are one prefix');
    const env: Record<string, string | undefined> = { ...io.env, TOPIC_PREFIX: to, TOPIC_PARTITIONS: String(partitions) };
    // As for deploy/topics.js: what production or a part of the roles asks for does not matter here.
    for (const name of ['NODE_ENV', 'ROLES', 'ADAPTERS', 'WORKERS']) delete env[name];
    const settings = readSettings(env);
    if (settings.kafkaBrokers.length === 0) return refuse('KAFKA_BROKERS must be set: the embedded log is one process, and stays as it is');
    return { settings, from, to, partitions, json };
  } catch (cause) {
    return refuse((cause as Error).message);
  }
}

async function run({ settings, from, to, partitions }: Given, io: MigrateIo): Promise<MigratedTopic[]> {
  const connection = connectionOf(settings);
  const closers: (() => Promise<void>)[] = [];
  const opened = async <T extends { close(): Promise<void> }>(opening: Promise<T>): Promise<T> => {
    const one = await opening;
    closers.push(() => one.close());
    return one;
  };
  try {
    const replication = settings.topicReplicationFactor > 0 ? { replicationFactor: settings.topicReplicationFactor } : {};
    const source = await opened(openKafkaMessageLog({ ...connection, topicPrefix: from }));
    const copy = await opened(openKafkaMessageLog({ ...connection, ...replication, topicPrefix: to, appendDeadlineMs: APPEND_WITHIN_MS }));
    const positions = await opened(openKafkaGroupPositions({ ...connection, topicPrefix: to }));
    const { agencies } = loadRules(settings);
    const existing = new Set((await source.topics()).map(({ topic }) => topic));
    const options = { partitions, retentionDays: settings.logRetentionDays };
    const connected = new Set(
      topicCatalogue(
        agencies.filter((agency) => agency.connected).map(({ code }) => code),
        options,
      ).map(({ topic }) => topic),
    );
    const all = topicCatalogue(
      agencies.map(({ code }) => code),
      options,
    );
    // Of agencies that were connected once there is a history.
    const specs = all.filter(({ topic }) => connected.has(topic) || existing.has(topic));
    return await migratePrefix({
      from: source,
      to: copy,
      specs,
      groups: groupsOf(
        agencies.map(({ code }) => code),
        from,
        to,
      ),
      positions,
      progress: (topic, records) => io.err.write(`${topic}: ${records} records read\n`),
    });
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

/** Relay and exchange have made something of every record, and it is copied too; adapters may have some left. */
function groupsOf(agencies: readonly string[], from: string, to: string): MigratedGroup[] {
  const named = (name: string, topics: readonly string[], isDone: boolean): MigratedGroup => {
    return { from: `${from}${name}`, to: `${to}${name}`, topics, isDone };
  };
  return [
    named('relay', decisionTopics(agencies), true),
    named('exchange', ['dossiers'], true),
    ...agencies.map((agency) => named(`adapter.${agency}`, [`requests.${agency}`, `test.requests.${agency}`], false)),
  ];
}

function connectionOf(settings: Settings): KafkaConnectionOptions {
  return {
    brokers: [...settings.kafkaBrokers],
    clientId: 'seaport-migrate',
    ...readKafkaCredentials(settings),
  };
}

function tableOf(migrated: readonly MigratedTopic[]): string {
  const lines = migrated.map(({ topic, partitionsFrom, partitionsTo, records, repeats, digest, withoutBasis }) => {
    const notes = [
      ...(repeats === 0 ? [] : [`${repeats} of them twice`]),
      ...(withoutBasis === undefined || withoutBasis === 0 ? [] : [`${withoutBasis} of records that retention has removed`]),
    ];
    return `${topic}: ${partitionsFrom} → ${partitionsTo} partitions, ${records} records, sha256 ${digest}${notes.map((note) => `, ${note}`).join('')}\n`;
  });
  return `${lines.join('')}copied and compared\n`;
}

if (require.main === module) {
  void migrate(process.argv.slice(2), { out: process.stdout, err: process.stderr, env: process.env }).then((code) => {
    process.exitCode = code;
  });
}
