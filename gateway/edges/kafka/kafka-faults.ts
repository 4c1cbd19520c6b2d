import { ExchangeError, LogUnavailable } from '../../core/exchange-error';

/**
 * What an error of a client means, decided here once. Errors are told apart by kafkajs's own names and Kafka's error types,
 * never by their text; edges/platformatic gives its errors the same form.
 */
interface KafkaFault extends Error {
  /** Kafka's name of an error that a broker answered. */
  type?: string;
  retriable?: boolean;
  originalError?: unknown;
  errors?: unknown[];
}

const AWAY_NAMES = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSBrokerNotFound',
  'KafkaJSGroupCoordinatorNotFound',
  'KafkaJSLockTimeout',
  'KafkaJSMetadataNotLoaded',
  'KafkaJSTopicMetadataNotLoaded',
  'KafkaJSNoBrokerAvailableError',
  'KafkaJSFetcherRebalanceError',
  'BrokerAway',
]);

/** The broker says that the membership has ended: somebody else may own the partitions. */
const MEMBERSHIP_LOST = new Set(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID']);

/** One record or one batch is at fault, not its topic. */
const RECORD_FAULTS = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'CORRUPT_MESSAGE',
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
]);

/** Answers of a broker to a produce request after which the records may be in the log all the same. */
const AMBIGUOUS_ANSWERS = new Set([
  'REQUEST_TIMED_OUT',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'NETWORK_EXCEPTION',
  'UNKNOWN',
  'UNKNOWN_SERVER_ERROR',
]);

/** Who we are, whom we speak to, what we may: nothing but an operator mends it. By Kafka's, Node's or a client's name of the error. */
const REFUSALS: readonly { names: ReadonlySet<string>; sentence: string }[] = [
  {
    names: new Set([
      'SASL_AUTHENTICATION_FAILED',
      'UNSUPPORTED_SASL_MECHANISM',
      'ILLEGAL_SASL_STATE',
      'KafkaJSSASLAuthenticationError',
      'PLT_KFK_AUTHENTICATION',
    ]),
    sentence: 'the user, its password or the mechanism is refused (KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD_FILE, KAFKA_SASL_MECHANISM)',
  },
  {
    names: new Set(['TOPIC_AUTHORIZATION_FAILED', 'GROUP_AUTHORIZATION_FAILED', 'CLUSTER_AUTHORIZATION_FAILED']),
    sentence: 'this user has no ACL for it (KAFKA_SASL_USERNAME; deploy/acls.js makes them)',
  },
  {
    names: new Set(['ERR_TLS_CERT_ALTNAME_INVALID']),
    sentence: "the broker's certificate is for another name than its address (KAFKA_BROKERS, and what the broker advertises)",
  },
  {
    names: new Set([
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'SELF_SIGNED_CERT_IN_CHAIN',
      'UNABLE_TO_GET_ISSUER_CERT',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'CERT_SIGNATURE_FAILURE',
    ]),
    sentence: "the broker's certificate is not of an authority that is trusted here (KAFKA_SSL_CA_FILE)",
  },
  {
    names: new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']),
    sentence: "the broker's certificate has expired, or is not valid yet",
  },
];

/** The error and everything it wraps. kafkajs wraps in `cause` and in `originalError`, an AggregateError in `errors`. */
function* chainOf(error: unknown): Generator<KafkaFault> {
  for (let current = error, depth = 0; current instanceof Error && depth < 8; depth++) {
    const fault = current as KafkaFault;
    yield fault;
    current = fault.cause ?? fault.originalError ?? fault.errors?.[0];
  }
}

/** Kafka's name of the error that a broker answered, or undefined when none answered. */
export function answerOf(error: unknown): string | undefined {
  for (const fault of chainOf(error)) if (typeof fault.type === 'string') return fault.type;
  return undefined;
}

export function isRetriableAnswer(error: unknown): boolean {
  for (const fault of chainOf(error)) if (typeof fault.type === 'string') return fault.retriable === true;
  return false;
}

/** The network, the broker or the coordinator is not there now: trying again is all there is to do. */
export function isAway(error: unknown): boolean {
  for (const fault of chainOf(error)) {
    if (AWAY_NAMES.has(fault.name)) return true;
    if (typeof fault.type === 'string') return fault.retriable === true;
    const code = (fault as { code?: unknown }).code;
    if (typeof code === 'string' && /^E[A-Z]+$/.test(code)) return true;
  }
  return false;
}

export function isMembershipLost(error: unknown): boolean {
  const answer = answerOf(error);
  return answer !== undefined && MEMBERSHIP_LOST.has(answer);
}

export function isRecordFault(error: unknown): boolean {
  const answer = answerOf(error);
  return answer !== undefined && RECORD_FAULTS.has(answer);
}

export function isTooLarge(error: unknown): boolean {
  const answer = answerOf(error);
  return answer === 'MESSAGE_TOO_LARGE' || answer === 'RECORD_LIST_TOO_LARGE';
}

/** True when a broker said no and nothing was stored in the partition it spoke of. */
export function isPlainNo(error: unknown): boolean {
  const answer = answerOf(error);
  return answer !== undefined && !AMBIGUOUS_ANSWERS.has(answer);
}

/** A sentence for an operator where the cluster refuses us, or we refuse the cluster; undefined for every other fault. */
export function refusalOf(error: unknown): string | undefined {
  for (const fault of chainOf(error))
    for (const name of [fault.type, (fault as { code?: unknown }).code, fault.name])
      if (typeof name === 'string') {
        const refusal = REFUSALS.find(({ names }) => names.has(name));
        if (refusal) return refusal.sentence;
      }
  return undefined;
}

/** One line about an error for a log: names only, as texts of a client may quote what was sent. */
export function describe(error: unknown): string {
  const names = [...chainOf(error)].map((fault) => fault.type ?? (fault as { code?: string }).code ?? fault.name);
  return [...new Set(names)].join(' < ') || 'unknown';
}

export function unavailable(what: string, cause: unknown): ExchangeError {
  if (cause instanceof ExchangeError) return cause;
  const refusal = refusalOf(cause);
  return new LogUnavailable(`${what}: ${refusal === undefined ? '' : `${refusal}: `}${describe(cause)}`, cause);
}

/** Rejects with `onTimeout()` when the promise has not settled after `withinMs`; the promise itself goes on unheard. */
export async function within<T>(promise: Promise<T>, withinMs: number, onTimeout: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(onTimeout());
    }, withinMs);
  });
  promise.catch(() => undefined);
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
