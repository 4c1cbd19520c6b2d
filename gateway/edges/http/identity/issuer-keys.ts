import type { JSONWebKeySet } from 'jose';
import type { Clock } from '../../../ports/clock';

/** The public keys of the issuer of tokens, as it publishes them now. */
export interface IssuerKeys {
  /** Undefined until they were read once. */
  current(): JSONWebKeySet | undefined;
  /** Asks again for a key that is not known, once a minute at most; resolves when there is something new to look at, or nothing. */
  refresh(): Promise<void>;
  /** False while nobody can say which keys the issuer has. */
  isReachable(): boolean;
  stop(): void;
}

/** Where the keys come from. @throws where they cannot be had, or are none */
export type FetchKeys = () => Promise<JSONWebKeySet>;

export interface IssuerKeysPorts {
  fetch: FetchKeys;
  clock: Clock;
  onChanged(): void;
  onWarning(message: string, cause: unknown): void;
}

/** Whoever sends tokens with made-up key ids makes us ask no more often. */
const ASK_AT_MOST_EVERY_MS = 60_000;
/** Asked anew in any case, so that a key that the issuer took back ends to count. */
const ASK_EVERY_MS = 600_000;

/** Keys of an issuer that is asked. That it is away takes no key that is known. */
export function issuerKeys({ fetch, clock, onChanged, onWarning }: IssuerKeysPorts): IssuerKeys {
  let keys: JSONWebKeySet | undefined;
  let isReachable = false;
  let askedMs = -Infinity;
  let asking: Promise<void> | undefined;
  const ask = (): Promise<void> => {
    askedMs = clock.monotonicMs();
    return (asking ??= fetch()
      .then((found) => {
        isReachable = true;
        if (JSON.stringify(found) === JSON.stringify(keys)) return;
        keys = found;
        onChanged();
      })
      .catch((cause: unknown) => {
        isReachable = false;
        onWarning('the keys of the issuer of tokens cannot be had; those of before stay in force', cause);
      })
      .finally(() => (asking = undefined)));
  };
  void ask();
  const ticker = setInterval(() => void ask(), ASK_EVERY_MS).unref();
  return {
    current: () => keys,
    isReachable: () => isReachable,
    refresh: async () => {
      if (asking !== undefined) await asking;
      else if (clock.monotonicMs() - askedMs >= ASK_AT_MOST_EVERY_MS) await ask();
    },
    stop: () => clearInterval(ticker),
  };
}

const ASK_WITHIN_MS = 5_000;
const MAX_ANSWER_BYTES = 256 * 1024;

/** By the discovery document of the issuer (OpenID Connect Discovery 1.0 §4). */
export function discoveredKeys(issuer: string): FetchKeys {
  return async () => {
    const discovery = (await getJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)) as Record<string, unknown> | null;
    // §4.3: MUST be identical.
    if (discovery?.['issuer'] !== issuer) throw new Error('the discovery document is of another issuer');
    const address = discovery['jwks_uri'];
    if (typeof address !== 'string' || !URL.canParse(address)) throw new Error('the discovery document names no jwks_uri');
    if (new URL(address).protocol !== 'https:' && new URL(issuer).protocol === 'https:') throw new Error('the jwks_uri is not https');
    return readKeySet(await getJson(address));
  };
}

/**
 * The keys that may verify: public ones for signatures, each with a name.
 * @throws Error when there is none
 */
export function readKeySet(content: unknown): JSONWebKeySet {
  const { keys } = (content ?? {}) as { keys?: unknown };
  if (!Array.isArray(keys)) throw new Error('it is not a set of keys');
  const usable = (keys as Record<string, unknown>[]).filter(
    (key) =>
      ['EC', 'OKP', 'RSA'].includes(String(key?.['kty'])) &&
      typeof key['kid'] === 'string' &&
      (key['use'] === undefined || key['use'] === 'sig') &&
      key['d'] === undefined,
  );
  if (usable.length === 0) throw new Error('it has no public key for signatures with a kid');
  return { keys: usable };
}

async function getJson(address: string): Promise<unknown> {
  const answer = await fetch(address, {
    headers: { accept: 'application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(ASK_WITHIN_MS),
  });
  if (answer.status !== 200) throw new Error(`${new URL(address).host} answered ${answer.status}`);
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of answer.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > MAX_ANSWER_BYTES) throw new Error(`${new URL(address).host} answered with too much`);
  }
  return JSON.parse(text);
}
