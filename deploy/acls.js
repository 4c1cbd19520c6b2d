'use strict';

/**
 * The ACLs of a prefix (gateway/acl-catalogue.ts), one user per role:
 *
 *   npm run build
 *   node deploy/acls.js --print [--brokers host:9092] [--prefix PREFIX]     the commands of Kafka's own tool, nothing is done
 *   node deploy/acls.js --brokers host:9092[,host:9092] [--prefix PREFIX] [--dry-run]
 *
 * What is not given comes from the gateway's own environment (docs/configuration.md), TLS and SASL included: the user there must be an
 * administrator of Kafka. So do the agencies: AGENCIES_FILE and AGENCY_<CODE>_MODE. ACLs that exist are left as they are; those that let
 * somebody else at these topics and groups are shown, each with the command that takes it away.
 * Exit code 0 all there, 1 something failed, 2 the command line or a setting is wrong.
 */
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');

const dist = path.resolve(__dirname, '..', 'dist');
if (!fs.existsSync(path.join(dist, 'gateway', 'acl-catalogue.js'))) {
  process.stderr.write('acls: dist/ is missing: run npm run build first\n');
  process.exit(2);
}
const { loadRules } = require(path.join(dist, 'config', 'load-rules.js'));
const { readKafkaCredentials } = require(path.join(dist, 'config', 'server-credentials.js'));
const { SettingsFault, readSettings } = require(path.join(dist, 'config', 'settings.js'));
const { aclCatalogue } = require(path.join(dist, 'gateway', 'acl-catalogue.js'));
const { openKafkaAcls } = require(path.join(dist, 'gateway', 'edges', 'kafka', 'kafka-acls.js'));

function readCommandLine() {
  const { values } = parseArgs({
    options: {
      brokers: { type: 'string' },
      prefix: { type: 'string' },
      print: { type: 'boolean', default: false },
      'dry-run': { type: 'boolean', default: false },
    },
  });
  const env = { ...process.env };
  if (values.brokers !== undefined) env.KAFKA_BROKERS = values.brokers;
  if (values.prefix !== undefined) env.TOPIC_PREFIX = values.prefix;
  // What production or a part of the roles asks for does not matter here.
  for (const name of ['NODE_ENV', 'ROLES', 'ADAPTERS', 'WORKERS']) delete env[name];
  const settings = readSettings(env);
  if (settings.kafkaBrokers.length === 0 && !values.print) throw new SettingsFault(['--brokers or KAFKA_BROKERS must be set']);
  return { settings, print: values.print, dryRun: values['dry-run'] };
}

/** One command for all names that a user may do the same to. */
function commands(action, acls, brokers) {
  const grouped = new Map();
  for (const { principal, host, operation, resource, name, pattern } of acls) {
    const key = [principal, host, operation, resource, pattern].join('\n');
    const names = grouped.get(key) ?? [];
    names.push(name);
    grouped.set(key, names);
  }
  return [...grouped].map(([key, names]) => {
    const [principal, host, operation, resource, pattern] = key.split('\n');
    return [
      `kafka-acls.sh --bootstrap-server ${brokers} --command-config admin.properties --${action}${action === 'remove' ? ' --force' : ''}`,
      `--allow-principal ${quoted(principal)}${host === '*' ? '' : ` --allow-host ${quoted(host)}`} --operation ${operation}`,
      ...(pattern === 'prefixed' ? ['--resource-pattern-type prefixed'] : []),
      ...names.map((name) => `--${resource} ${quoted(name)}`),
    ].join(' \\\n  ');
  });
}

const quoted = (text) => (/^[A-Za-z0-9._:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
const asListed = ({ user, ...acl }) => ({ principal: `User:${user}`, host: '*', ...acl });
const keyOf = ({ principal, host, operation, resource, name, pattern }) => [principal, host, operation, resource, name, pattern].join('\n');

/** Whether it opens one of the topics or groups of the wanted ACLs. */
function reaches(acl, wanted) {
  return wanted.some(
    ({ resource, name }) =>
      resource === acl.resource && (acl.name === '*' || (acl.pattern === 'prefixed' ? name.startsWith(acl.name) : name === acl.name)),
  );
}

async function main() {
  const { settings, print, dryRun } = readCommandLine();
  const agencies = loadRules(settings).agencies.filter((agency) => agency.connected);
  const catalogue = aclCatalogue(agencies, settings.topicPrefix);
  const wanted = catalogue.map(asListed);
  const brokers = settings.kafkaBrokers.join(',') || '"$KAFKA_BROKERS"';
  if (print) {
    process.stdout.write(`${commands('add', wanted, brokers).join('\n')}\n`);
    return 0;
  }
  const acls = await openKafkaAcls({ brokers: [...settings.kafkaBrokers], clientId: 'seaport-acls', ...readKafkaCredentials(settings) });
  try {
    const existing = await acls.list();
    const known = new Set(existing.map(keyOf));
    const missing = catalogue.filter((acl) => !known.has(keyOf(asListed(acl))));
    if (!dryRun && missing.length > 0) await acls.add(missing);
    for (const user of new Set(catalogue.map((acl) => acl.user))) {
      const own = catalogue.filter((acl) => acl.user === user);
      const created = own.filter((acl) => missing.includes(acl)).length;
      process.stdout.write(`${user}: ${own.length} ACLs, ${created} ${dryRun ? 'would be created' : 'created'}\n`);
    }
    const set = new Set(wanted.map(keyOf));
    const others = existing.filter((acl) => !set.has(keyOf(acl)) && reaches(acl, wanted));
    if (others.length > 0)
      process.stdout.write(
        `\nNot of this set, and open to what is here. To take away:\n${commands('remove', others, brokers).join('\n')}\n`,
      );
    return 0;
  } finally {
    await acls.close();
  }
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (cause) => {
    process.stderr.write(`acls: ${cause.message}\n`);
    process.exitCode = cause instanceof SettingsFault || cause.code?.startsWith?.('ERR_PARSE_ARGS') ? 2 : 1;
  },
);
