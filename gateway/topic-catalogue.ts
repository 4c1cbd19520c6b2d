import type { TopicSpec } from './ports/message-log';

/** The one list of topics (contract.md §4, architecture.md §5), for the gateway's start and for deploy/topics.js. */
const DAY_MS = 86_400_000;
/** A canonical record has at most 8 MiB; its request, its sealed original and its dead letter may be larger. */
const LARGE_RECORD_BYTES = 16 * 1024 * 1024;
/** A dead letter is redriven or given up within a quarter. */
const DEAD_LETTER_DAYS = 90;
const TEST_DAYS = 30;

export interface TopicCatalogueOptions {
  /** The same for every topic: a dossier has one partition number everywhere. */
  partitions: number;
  /** Dead letters and test topics are kept no longer than this, and at most 90 and 30 days. */
  retentionDays: number;
}

/** Topics without prefix, those of connected agencies only. No topic of facts is compacted: an old version is evidence. */
export function topicCatalogue(agencies: readonly string[], options: TopicCatalogueOptions): TopicSpec[] {
  const { partitions, retentionDays } = options;
  const kept = (topic: string, days: number, large = false): TopicSpec => ({
    topic,
    partitions,
    retentionMs: Math.min(days, retentionDays) * DAY_MS,
    ...(large ? { maxRecordBytes: LARGE_RECORD_BYTES } : {}),
  });
  return [
    kept('dossiers', retentionDays, true),
    kept('clearances', retentionDays),
    kept('evidence', retentionDays, true),
    // The one that is compacted: a key that is destroyed must go.
    { ...kept('evidence-keys', retentionDays), compacted: true },
    kept('dead-letters', DEAD_LETTER_DAYS, true),
    kept('audit', retentionDays),
    ...agencies.flatMap((agency) => [
      kept(`requests.${agency}`, retentionDays, true),
      kept(`decisions.${agency}`, retentionDays),
      kept(`results.${agency}`, retentionDays),
      kept(`test.requests.${agency}`, TEST_DAYS, true),
      kept(`test.decisions.${agency}`, TEST_DAYS),
    ]),
  ];
}
