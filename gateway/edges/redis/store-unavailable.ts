import { StoreUnavailable } from '../../core/exchange-error';

/** What went wrong, in one word that is safe to log: an error code of Redis (OOM, READONLY …) or of the socket, or one of ours. */
export type RedisFailure = string;

const byMessage: readonly (readonly [RegExp, RedisFailure])[] = [
  [/command timed out/i, 'timeout'],
  [/socket timeout/i, 'timeout'],
  [/stream isn't writeable/i, 'not-connected'],
  [/connection is closed/i, 'not-connected'],
  [/max retries per request/i, 'connection-lost'],
  [/db index is out of range/i, 'no-such-database'],
];

/**
 * The kind of a failure without anything of the command: ioredis hangs the whole command on its errors (`err.command.args`: declarations,
 * persons), and Redis repeats arguments in some texts ("unknown command … with args beginning with"). So neither the error nor
 * its text is passed on.
 */
export function redisFailureOf(error: unknown): RedisFailure {
  if (typeof error !== 'object' || error === null) return 'unknown';
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code === 'string' && /^[A-Z_]{3,40}$/.test(code)) return code;
  if (typeof message !== 'string') return 'unknown';
  for (const [pattern, failure] of byMessage) if (pattern.test(message)) return failure;
  // Redis before 7 wraps the refusal of a script's command: "ERR Error running script … -OOM command not allowed …".
  const reply = /-(OOM|READONLY|MISCONF|NOPERM|WRONGTYPE)\b/.exec(message) ?? /^([A-Z]{2,20})\b/.exec(message);
  return reply?.[1] ?? 'unknown';
}

/** A StoreUnavailable whose cause carries the kind of the failure and our own stack, and nothing of what was sent. */
export function storeUnavailable(what: string, error: unknown): StoreUnavailable {
  if (error instanceof StoreUnavailable) return error;
  const failure = redisFailureOf(error);
  return new StoreUnavailable(`the store did not take ${what}: ${failure}`, Object.assign(new Error(failure), { code: failure }));
}
