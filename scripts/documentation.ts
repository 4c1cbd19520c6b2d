import { settingsTable } from '../config/settings';
import { createMetrics } from '../gateway/edges/metrics/metrics';

/** Pages of docs/ that are generated from code: `npm run build && node scripts/generate-docs.js`. Tests keep them equal. */

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

const code = (text: string): string => (text === '' ? '' : `\`${text}\``);

/** docs/configuration.md */
export function configurationPage(): string {
  const rows = settingsTable.map((row) => [
    code(row.env),
    row.unit,
    row.fallback === '' ? 'empty' : code(row.fallback),
    row.production ? 'yes' : '',
    row.meaning,
  ]);
  return `# Configuration

Generated from config/settings.ts by scripts/generate-docs.js; config/settings.test.ts keeps it equal. Do not edit.

Everything is set by environment variables, read once at start. A fault stops the start, and all faults are named at once. Only config/
reads the environment. "Production" marks what must be set when \`NODE_ENV=production\`.

${table(['variable', 'unit', 'default', 'production', 'meaning'], rows)}

And by pattern, for each row of config/agencies.json (or \`AGENCIES_FILE\`); \`-\` in a code is written \`_\`:

${table(
  ['variable', 'values', 'meaning'],
  [
    [code('AGENCY_<CODE>_MODE'), 'rules, backend, http, desk', 'Who answers for the agency. Connects an agency that is not'],
    [code('AGENCY_<CODE>_URL'), 'http or https URL', 'Its system; must be set in mode http'],
    [code('NODE_ENV'), 'production', 'Refuses development credentials and keys, and final authorities that are not connected'],
  ],
)}

Without \`KAFKA_BROKERS\` the embedded log is used, without \`REDIS_URL\` the embedded store. \`WORKERS\` above 1, \`ADAPTERS\`, and \`ROLES\` other
than all need both.

Keys and tokens that the gateway makes for development carry a mark in their own bytes, and production knows them wherever they were copied to.
The start is refused where \`SIGNING_KEY_FILE\` or \`DATA_KEY_FILE\` has such a key, or one of those in \`VAR_DIR\`, or where the file of
\`API_KEYS_FILE\` has the hash of a token in \`VAR_DIR\`. Of other tokens that file does not show what they are, so a marked one is nobody (401)
when it is presented. Keys that were made before they had the mark are known by those in \`VAR_DIR\` only.

## The four modes of an agency

- \`rules\`: the rules of adapters/<code>/ answer at once.
- \`backend\`: the agency's own system reads \`requests.<code>\` and writes \`decisions.<code>\`; the rules adapter answers test declarations only.
- \`http\`: the adapter calls \`AGENCY_<CODE>_URL\` with each request and takes the decision from the answer.
- \`desk\`: an officer decides, in the portal or through the decisions API.

## What else is data

- config/agencies.json: the agencies, their roles, and what they are asked about. Schema: schemas/agencies.schema.json.
- config/need-to-know.json: the fields that each agency sees; default deny.
- config/rule-sets/*.json: the law, by date. Schema: schemas/rule-set.schema.json. Sources: config/rule-sets/README.md.
- config/port-zones.json: the time zone of a port.
- config/validation-policy.json: reject or warn, for each rule on meaning (docs/errors.md).

config/load-rules.ts checks all of it at start and names all faults at once.
`;
}

interface MetricShape {
  name: string;
  help: string;
  type: string;
  labelNames?: string[];
  upperBounds?: number[];
}

/** docs/metrics.md */
export function metricsPage(): string {
  const { registry } = createMetrics({ version: '', node: '' });
  const all = registry.getMetricsAsArray() as unknown as MetricShape[];
  registry.clear();
  const ours = all.filter((metric) => metric.name.startsWith('seaport_'));
  const rows = ours.map((metric) => [code(metric.name), metric.type, (metric.labelNames ?? []).map(code).join(' '), metric.help]);
  const buckets = ours
    .filter((metric) => metric.upperBounds !== undefined)
    .map((metric) => `- ${code(metric.name)}: ${(metric.upperBounds ?? []).join(', ')}`);
  return `# Metrics

Generated from gateway/edges/metrics/metrics.ts by scripts/generate-docs.js; gateway/edges/metrics/metrics.test.ts keeps it equal. Do not
edit.

\`GET /metrics\` on the admin port, Prometheus text format. Base units: seconds, records, bytes. No label has unbounded values: no ids, no
tenants. Test declarations are outside \`seaport_clearances_total\`, \`seaport_clearance_duration_seconds\` and the tasks.

${table(['metric', 'type', 'labels', 'meaning'], rows)}

Upper bounds of the histograms' buckets, seconds:

${buckets.join('\n')}

With \`WORKERS\` above 1 the admin port shows all processes together: counters, histograms and gauges summed (also what workers that are gone
had counted), \`seaport_ready\` the least, event-loop delays averaged. \`/metrics?worker=N\` shows one worker alone.

Also the default metrics of prom-client about the process and its event loop: \`process_…\` and \`nodejs_…\`.

Alerts on these: deploy/prometheus/rules.yml. A dashboard: deploy/grafana/dashboard.json. What to do: docs/operations.md.
`;
}
