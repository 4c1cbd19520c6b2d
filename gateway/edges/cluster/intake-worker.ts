import cluster from 'node:cluster';
import type { ProcessReport } from '../../process-report';
import type { ReportRequest, ToPrimary } from './messages';

/** The worker's side: answers its primary. A worker whose primary is gone is ended by node:cluster. */
export function isIntakeWorker(): boolean {
  return cluster.isWorker;
}

/** Tells the primary where this worker listens, and answers its questions from now on. */
export function answerPrimary(url: string, report: () => Promise<ProcessReport>): void {
  process.on('message', ({ id }: ReportRequest) => void report().then((told) => tell({ tell: 'report', id, report: told })));
  void tell({ tell: 'listening', url });
}

/** What a worker has counted, before it ends. */
export function tellLastReport(report: ProcessReport): Promise<void> {
  return tell({ tell: 'report', report });
}

/** Resolves when it was handed over, or when nobody is there to take it. */
function tell(message: ToPrimary): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, undefined, undefined, () => resolve());
  });
}
