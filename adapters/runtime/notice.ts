import type { RequestMessage } from '../../gateway/core/messages';
import type { Registries } from '../registries/registries';
import type { NoticeLimitRow } from '../registries/rows';
import { declarationTypeOf, viewOf } from './assessment';

const HOUR_MS = 3_600_000;

export interface Notice {
  document: NoticeLimitRow['document'];
  /** How long before the expected time it was received; negative when after. */
  leadMs: number;
  limitMs: number;
  legalBasis: string;
}

/** How a document's notice compares with the dated limit; undefined when there is no limit or no time to count from. */
export function noticeOf(document: NoticeLimitRow['document'], request: RequestMessage, registries: Registries): Notice | undefined {
  const limit = registries.noticeLimit(request.ruleSet, declarationTypeOf(request), document);
  if (limit === undefined) return undefined;
  const call = viewOf(request).portCall;
  const expectedMs = Date.parse(call?.[limit.reference] ?? '');
  const receivedMs = Date.parse(request.receivedAt);
  if (Number.isNaN(expectedMs) || Number.isNaN(receivedMs)) return undefined;
  const hours =
    limit.hoursBeforeShortVoyage !== undefined && isShortVoyage(request, limit.shortVoyageDays ?? 0)
      ? limit.hoursBeforeShortVoyage
      : limit.hoursBefore;
  return { document, leadMs: expectedMs - receivedMs, limitMs: hours * HOUR_MS, legalBasis: limit.legalBasis };
}

/** From leaving the last port to the expected arrival. A length that is not known counts as short: doubt is not held against the ship. */
function isShortVoyage(request: RequestMessage, days: number): boolean {
  const call = viewOf(request).portCall;
  const left = call?.previousPorts?.[0]?.to;
  const lengthMs = Date.parse(call?.eta ?? '') - Date.parse(left ?? '');
  return Number.isNaN(lengthMs) || lengthMs < days * 24 * HOUR_MS;
}
