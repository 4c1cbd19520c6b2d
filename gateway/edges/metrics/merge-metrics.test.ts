import { countsOf, mergeMetrics, type MetricsSnapshot } from './merge-metrics';
import { createMetrics, type Metrics } from './metrics';

async function snapshot(tell: (metrics: Metrics) => void): Promise<MetricsSnapshot> {
  const metrics = createMetrics({ version: '1', node: 'v20' });
  tell(metrics);
  return await metrics.registry.getMetricsAsJSON();
}

const worker = (accepted: number, ready: number): Promise<MetricsSnapshot> =>
  snapshot((metrics) => {
    metrics.declarations.inc({ dialect: 'json', action: 'original', outcome: 'accepted' }, accepted);
    metrics.intakeSeconds.observe({ dialect: 'json' }, 0.02);
    metrics.inflight.set(accepted);
    metrics.ready.set(ready);
  });

test('counters, histograms and gauges of several processes are summed; readiness is that of the least, the build that of the first', async () => {
  const text = await mergeMetrics([await worker(2, 1), await worker(3, 0), []]).metrics();
  expect(text.split('\n')).toEqual(
    expect.arrayContaining([
      'seaport_declarations_total{dialect="json",action="original",outcome="accepted"} 5',
      'seaport_intake_duration_seconds_count{dialect="json"} 2',
      'seaport_intake_duration_seconds_bucket{le="0.01",dialect="json"} 0',
      'seaport_intake_duration_seconds_bucket{le="0.025",dialect="json"} 2',
      'seaport_inflight 5',
      'seaport_ready 0',
      'seaport_build_info{version="1",node="v20"} 1',
    ]),
  );
});

test('what a process leaves behind is what it counted, and no state', async () => {
  const left = await countsOf([await countsOf([[], await worker(2, 1)]), await worker(3, 1)]);
  const text = await mergeMetrics([left, await worker(1, 1)]).metrics();
  expect(text).toContain('outcome="accepted"} 6');
  expect(text).toContain('seaport_intake_duration_seconds_count{dialect="json"} 3');
  expect(text).toContain('seaport_inflight 1\n');
  expect(text).toContain('seaport_ready 1\n');
});
