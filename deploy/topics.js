'use strict';

/**
 * Creates the topics of a prefix, as the gateway itself does outside production:
 *
 *   npm run build
 *   node deploy/topics.js --brokers host:9092[,host:9092] [--prefix PREFIX] [--partitions 12]
 *                         [--replication N] [--retention-days 400] [--dry-run]
 *
 * What is not given comes from the gateway's own environment (docs/configuration.md), TLS and SASL included; so do the agencies:
 * AGENCIES_FILE and AGENCY_<CODE>_MODE connect some more. A topic that exists is left as it is.
 * Exit code 0 all there, 1 an existing topic differs in its partitions or something failed, 2 the command line or a setting is wrong.
 */
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');

const dist = path.resolve(__dirname, '..', 'dist');
if (!fs.existsSync(path.join(dist, 'gateway', 'topic-catalogue.js'))) {
  process.stderr.write('topics: dist/ is missing: run npm run build first\n');
  process.exit(2);
}
const { loadRules } = require(path.join(dist, 'config', 'load-rules.js'));
const { readKafkaCredentials } = require(path.join(dist, 'config', 'server-credentials.js'));
const { SettingsFault, readSettings } = require(path.join(dist, 'config', 'settings.js'));
const { openKafkaMessageLog } = require(path.join(dist, 'gateway', 'edges', 'kafka', 'kafka-message-log.js'));
const { topicCatalogue } = require(path.join(dist, 'gateway', 'topic-catalogue.js'));
const { createTopics } = require(path.join(dist, 'gateway', 'topics.js'));

const DAY_MS = 86_400_000;
const MIB = 1024 * 1024;

function readCommandLine() {
  const { values } = parseArgs({
    options: {
      brokers: { type: 'string' },
      prefix: { type: 'string' },
      partitions: { type: 'string' },
      replication: { type: 'string' },
      'retention-days': { type: 'string' },
      'dry-run': { type: 'boolean', default: false },
    },
  });
  const given = {
    KAFKA_BROKERS: values.brokers,
    TOPIC_PREFIX: values.prefix,
    TOPIC_PARTITIONS: values.partitions,
    TOPIC_REPLICATION_FACTOR: values.replication,
    LOG_RETENTION_DAYS: values['retention-days'],
  };
  const env = { ...process.env };
  for (const [name, value] of Object.entries(given)) if (value !== undefined) env[name] = value;
  // Topics need no keys and no roles: what production or a part of the roles asks for does not matter here.
  for (const name of ['NODE_ENV', 'ROLES', 'ADAPTERS', 'WORKERS']) delete env[name];
  const settings = readSettings(env);
  if (settings.kafkaBrokers.length === 0 && !values['dry-run']) throw new SettingsFault(['--brokers or KAFKA_BROKERS must be set']);
  return { settings, dryRun: values['dry-run'] };
}

function openLog(settings) {
  return openKafkaMessageLog({
    brokers: settings.kafkaBrokers,
    clientId: 'seaport-topics',
    topicPrefix: settings.topicPrefix,
    ...readKafkaCredentials(settings),
    ...(settings.topicReplicationFactor === -1 ? {} : { replicationFactor: settings.topicReplicationFactor }),
  });
}

function print(specs, prefix, stateOf) {
  const rows = specs.map((spec) => [
    prefix + spec.topic,
    String(spec.partitions),
    spec.maxRecordBytes === undefined ? 'broker' : `${spec.maxRecordBytes / MIB} MiB`,
    `${spec.retentionMs / DAY_MS} d`,
    stateOf(spec),
  ]);
  const table = [['topic', 'partitions', 'largest record', 'kept', 'state'], ...rows];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  );
  process.stdout.write(`${lines.join('\n')}\n`);
}

async function main() {
  const { settings, dryRun } = readCommandLine();
  const agencies = loadRules(settings).agencies.filter((agency) => agency.connected);
  const specs = topicCatalogue(
    agencies.map((agency) => agency.code),
    { partitions: settings.topicPartitions, retentionDays: settings.logRetentionDays },
  );
  if (settings.kafkaBrokers.length === 0) {
    print(specs, settings.topicPrefix, () => 'not looked up');
    return 0;
  }
  const log = await openLog(settings);
  try {
    const existing = new Map((await log.topics()).map(({ topic, partitions }) => [topic, partitions]));
    if (!dryRun) await createTopics(log, specs);
    const differs = specs.filter((spec) => existing.has(spec.topic) && existing.get(spec.topic) !== spec.partitions);
    print(specs, settings.topicPrefix, (spec) => {
      if (differs.includes(spec)) return `DIFFERS: has ${existing.get(spec.topic)} partitions`;
      if (existing.has(spec.topic)) return 'exists';
      return dryRun ? 'would be created' : 'created';
    });
    if (differs.length === 0) return 0;
    process.stderr.write('topics: the partition count is fixed for the life of a prefix: give the count that exists, or another prefix\n');
    return 1;
  } finally {
    await log.close();
  }
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (cause) => {
    process.stderr.write(`topics: ${cause.message}\n`);
    process.exitCode = cause instanceof SettingsFault || cause.code?.startsWith?.('ERR_PARSE_ARGS') ? 2 : 1;
  },
);
