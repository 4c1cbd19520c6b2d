import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { metricsPage } from '../../../scripts/documentation';
import { createMetrics } from './metrics';

test('docs/metrics.md is what the code says (npm run build && node scripts/generate-docs.js)', () => {
  expect(readFileSync(join(__dirname, '..', '..', '..', 'docs', 'metrics.md'), 'utf8')).toBe(metricsPage());
});

test('every metric of contract.md §5 exists with its labels', async () => {
  const metrics = createMetrics({ version: '1.2.3', node: 'v20' });
  const labels = Object.fromEntries(
    (metrics.registry.getMetricsAsArray() as unknown as { name: string; labelNames?: string[] }[]).map((metric) => [
      metric.name,
      metric.labelNames ?? [],
    ]),
  );
  expect(labels).toMatchObject({
    seaport_declarations_total: ['dialect', 'action', 'outcome'],
    seaport_intake_duration_seconds: ['dialect'],
    seaport_stage_duration_seconds: ['stage'],
    seaport_clearance_duration_seconds: ['status'],
    seaport_agency_decision_seconds: ['agency', 'outcome'],
    seaport_tasks_open: ['agency'],
    seaport_tasks_overdue: ['agency'],
    seaport_clearances_total: ['status'],
    seaport_dead_letters_total: ['topic', 'reason'],
    seaport_consumer_lag_records: ['group', 'topic'],
    seaport_duplicates_total: ['kind'],
    seaport_rejected_total: ['code'],
    seaport_inflight: [],
    seaport_ready: [],
  });
  expect(await metrics.registry.metrics()).toContain('seaport_build_info{version="1.2.3",node="v20"} 1');
});

test('the deployed alerts and dashboard name only metrics that exist', () => {
  const root = join(__dirname, '..', '..', '..');
  const names = new Set(
    createMetrics({ version: '', node: '' })
      .registry.getMetricsAsArray()
      .map((metric) => metric.name),
  );
  for (const file of ['deploy/prometheus/rules.yml', 'deploy/grafana/dashboard.json']) {
    const used = readFileSync(join(root, file), 'utf8').match(/\b(seaport|nodejs|process)_[a-z0-9_]+/g) ?? [];
    expect(used.length).toBeGreaterThan(5);
    for (const name of used) expect(names).toContain(name.replace(/_(bucket|count|sum)$/, ''));
  }
});
