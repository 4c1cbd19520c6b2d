import { protocolErrors, protocolErrorsCodesById } from '@platformatic/kafka';

/**
 * Errors of @platformatic/kafka in the form that kafka-faults.ts tells apart: what a broker answered carries Kafka's name of it, what became
 * of a connection is called BrokerAway.
 */
export class BrokerAnswer extends Error {
  override name = 'BrokerAnswer';
  /** Kafka's name of the error. */
  readonly type: string;
  readonly retriable: boolean;
  /** The member id that a coordinator gives with MEMBER_ID_REQUIRED. */
  readonly memberId: string | undefined;

  constructor(code: number, memberId?: string, cause?: unknown) {
    const type = (protocolErrorsCodesById as Record<number, string | undefined>)[code] ?? 'UNKNOWN_SERVER_ERROR';
    super(type, { cause });
    this.type = type;
    this.retriable = (protocolErrors as Record<string, { canRetry: boolean } | undefined>)[type]?.canRetry ?? false;
    this.memberId = memberId;
  }
}

export class BrokerAway extends Error {
  override name = 'BrokerAway';
}

interface LibraryError extends Error {
  code?: unknown;
  apiCode?: unknown;
  memberId?: unknown;
  errors?: unknown[];
}

/** A refusal counts more than credentials, and those more than a connection that was lost for them. */
export function faultOf(error: unknown): Error {
  const all = [...everyError(error, 0)];
  const answer = all.find(({ apiCode }) => typeof apiCode === 'number');
  if (answer) return new BrokerAnswer(answer.apiCode as number, answer.memberId as string | undefined, error);
  const refused = all.find(({ code }) => code === 'PLT_KFK_AUTHENTICATION' || code === 'PLT_KFK_USER');
  if (refused) return refused;
  if (all.some(({ code }) => code === 'PLT_KFK_NETWORK' || code === 'PLT_KFK_TIMEOUT'))
    return new BrokerAway('no connection', { cause: error });
  return error instanceof Error ? error : new Error('no error was given', { cause: error });
}

/** The error, what caused it, and those that it gathers. */
function* everyError(error: unknown, depth: number): Generator<LibraryError> {
  if (!(error instanceof Error) || depth > 8) return;
  const given = error as LibraryError;
  yield given;
  for (const inner of given.errors ?? []) yield* everyError(inner, depth + 1);
  yield* everyError(given.cause, depth + 1);
}
