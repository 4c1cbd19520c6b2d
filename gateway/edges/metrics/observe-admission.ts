import type { Admission } from '../../admission';
import type { Metrics } from './metrics';

/** Gauges of the admission, looked up when somebody asks. */
export function observeAdmission(
  metrics: Metrics,
  { received, underWay, window }: Pick<Admission, 'received' | 'underWay' | 'window'>,
): void {
  metrics.inflight.set(received);
  metrics.underWay.set(underWay);
  metrics.window.set(window);
}
