/**
 * What a run leaves behind for the checker: the journals of whoever met the gateway from outside, everything that the topics hold, what
 * the processes wrote. Journals are JSON lines, each entry written before the step that it tells of, or at once after the answer.
 * Nothing here knows the gateway's code.
 */

/** A submission about to be sent. `attempt` names it within the run. */
export interface Attempt {
  kind: 'attempt';
  attempt: string;
  atMs: number;
  tenant: string;
  messageId: string;
  /** SHA-256 of the bytes sent, hexadecimal. */
  digest: string;
  dryRun?: boolean;
}

/** What a submission was answered; status 0 where there was no answer. */
export interface Answer extends Omit<Attempt, 'kind'> {
  kind: 'answer';
  status: number;
  body: string;
  /** The answer said `Idempotent-Replayed: true`. */
  replayed?: boolean;
  /** Asked when all faults were over and everything was folded. */
  atRest?: boolean;
}

/** A clearance that a client looked at while the run went on; `observer` looked at its dossiers one after the other. */
export interface Seen {
  kind: 'seen';
  atMs: number;
  observer: string;
  tenant: string;
  dossierId: string;
  version: number;
  /** SHA-256 of the body. */
  digest: string;
  /** What it said, for the explanation. */
  said?: string;
}

/** A dossier that was acknowledged, and that its tenant was told does not exist (404). */
export interface Unknown {
  kind: 'unknown';
  tenant: string;
  dossierId: string;
}

/** GET of a clearance at rest; without `version` the latest. */
export interface ReadAtRest {
  kind: 'read';
  tenant: string;
  dossierId: string;
  version?: number;
  status: number;
  body: string;
}

export interface FeedItem {
  id: string;
  dossierId: string;
  type: string;
  data: Record<string, unknown>;
}

/** A page of a tenant's feed; `reader` followed it from its beginning, or read it whole at rest. */
export interface FeedPage {
  kind: 'feed';
  tenant: string;
  reader: string;
  items: FeedItem[];
}

/** Anything else that was given to somebody: a dossier, a list, an error, a work list. */
export interface Told {
  kind: 'told';
  to: { tenant: string } | { agency: string } | { role: 'operator' };
  what: string;
  status: number;
  body: string;
  /** The reader has no business with what it asked for: must not be 200. */
  foreign?: boolean;
}

/** What reached an agency's own system, and whether it had an effect there (its inbox knows repeats by the key). */
export interface AgencyCall {
  kind: 'agency';
  agency: string;
  taskId: string;
  action: string;
  test: boolean;
  /** Idempotency-Key of a call over HTTP. */
  key?: string;
  effect: boolean;
}

/** A decision that an outside back-end has written, where that is known. */
export interface DecisionSent {
  kind: 'decision';
  agency: string;
  intent: 'genuine' | 'forged';
  topic: string;
  partition: number;
  offset: number;
}

/** Committed offsets, looked at during the run; `clearancesEnd` was asked after them. */
export interface Committed {
  kind: 'committed';
  group: string;
  topic: string;
  partition: number;
  offset: number;
  clearancesEnd?: number;
}

/** A group's offsets were reset on purpose. */
export interface GroupReset {
  kind: 'reset';
  group: string;
}

/** What the exchange counted between two moments of rest in which no process of it began or ended, and `dossiers` grew by `records`. */
export interface Counted {
  kind: 'counted';
  records: number;
  applied: number;
  duplicates: number;
  rejected: number;
  deadLettered: number;
}

export type JournalEntry =
  Attempt | Answer | Seen | Unknown | ReadAtRest | FeedPage | Told | AgencyCall | DecisionSent | Committed | GroupReset | Counted;

export interface LogEntry {
  /** Without prefix. */
  topic: string;
  partition: number;
  offset: number;
  key: string | null;
  value: Buffer;
  headers: Record<string, string>;
}

export interface About {
  /** Tenant → text that stands in each of its messages, and in nobody else's. */
  tenants: Record<string, string>;
  /** Text within what is personal (names of persons, travel documents, health) in the messages of the run. */
  personal: string[];
  /** How each connected agency answers, in the order of the routes. */
  agencyModes: Record<string, 'rules' | 'backend' | 'http'>;
  jwks: { keys: Record<string, string>[] };
  /** When rest was reached, wall clock. */
  restMs: number;
}

export interface History {
  about: About;
  /** Everything journaled; entries of one writer in its order. */
  journal(): AsyncIterable<JournalEntry>;
  topics(): Promise<string[]>;
  /** A topic's records, those of a partition in the order of their offsets. */
  records(topic: string): AsyncIterable<LogEntry>;
  /** Logs and metric pages of the processes, in pieces. */
  texts(): AsyncIterable<{ where: string; text: string }>;
}
