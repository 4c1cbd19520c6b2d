import { requestText, type FoldedRequest, type FoldRules } from './core/fold';
import { EventType } from './core/messages';
import type { OutgoingRecord } from './ports/message-log';
import { eventHeaders } from './wire/event-envelope';

export interface RequestPlace {
  /** Of the dossier. */
  partition: number;
  /** Stamp of the record for which the agency is asked. */
  time: string;
  traceparent: string | undefined;
}

/** The record in `requests.<agency>`. Its ce_id is of the task, so that an inbox knows one that it had. */
export function requestRecord(
  request: FoldedRequest,
  rules: Pick<FoldRules, 'viewOf'>,
  { partition, time, traceparent }: RequestPlace,
): OutgoingRecord {
  const { taskId, action, agency, test, dossierId, dossierCode } = request;
  return {
    topic: `${test ? 'test.' : ''}requests.${agency}`,
    partition,
    key: dossierId,
    value: Buffer.from(requestText(request, rules)),
    headers: eventHeaders({
      type: EventType.request,
      id: `${taskId}-${action}`,
      source: '/seaport/exchange',
      time,
      subject: dossierCode,
      traceparent,
    }),
  };
}
