import { timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../../ports/clock';
import { principalOf, type ApiKey, type Principal } from '../authenticate';

interface Entry {
  hash: Buffer;
  principal: Principal;
  fromMs: number;
  untilMs: number;
}

/** From when until when a key is valid, milliseconds. */
export function validityOf({ notBefore, expires }: Pick<ApiKey, 'notBefore' | 'expires'>): { fromMs: number; untilMs: number } {
  return {
    fromMs: notBefore === undefined ? -Infinity : Date.parse(notBefore),
    untilMs: expires === undefined ? Infinity : Date.parse(expires),
  };
}

const HASH_DIGITS = 64;
/** Digits of the hash by which a key is looked up: two keys hardly ever share them. */
const PLACE_DIGITS = 12;

/**
 * API keys by the first digits of their hash; the whole is compared in constant time. The time of the look-up may tell those digits, and
 * from a hash nobody gets to its key.
 * perf: 0.75 µs with the hash, which alone takes 0.55; Buffers instead of hexadecimal digits 1.6 µs.
 */
export class ApiKeyTable {
  private readonly clock: Clock;
  private readonly presented = Buffer.alloc(HASH_DIGITS);
  private entries: ReadonlyMap<string, readonly Entry[]> = new Map();

  constructor(clock: Clock, keys: readonly ApiKey[]) {
    this.clock = clock;
    this.replace(keys);
  }

  /** From now on these keys count and no others. */
  replace(keys: readonly ApiKey[]): void {
    const entries = new Map<string, Entry[]>();
    for (const key of keys) {
      const place = key.sha256.slice(0, PLACE_DIGITS);
      const entry = {
        hash: Buffer.from(key.sha256, 'latin1'),
        principal: principalOf(key),
        ...validityOf(key),
      };
      entries.set(place, [...(entries.get(place) ?? []), entry]);
    }
    this.entries = entries;
  }

  /** Whose key has this SHA-256 (hexadecimal, small letters), if it is valid now. */
  find(sha256: string): Principal | undefined {
    const entries = this.entries.get(sha256.slice(0, PLACE_DIGITS));
    if (entries === undefined) return undefined;
    this.presented.write(sha256, 'latin1');
    for (const { hash, principal, fromMs, untilMs } of entries) {
      if (!timingSafeEqual(hash, this.presented)) continue;
      const nowMs = this.clock.nowMs();
      return fromMs <= nowMs && nowMs < untilMs ? principal : undefined;
    }
    return undefined;
  }
}
