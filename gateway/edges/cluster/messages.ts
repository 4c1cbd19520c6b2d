import type { ProcessReport } from '../../process-report';

/** What the primary and its workers say to each other over the channel that node:cluster opens. */
export interface ReportRequest {
  ask: 'report';
  id: number;
}

export type ToPrimary =
  | { tell: 'listening'; url: string }
  /** `id` of the question; none with the last words of a worker that ends. */
  | { tell: 'report'; id?: number; report: ProcessReport };
