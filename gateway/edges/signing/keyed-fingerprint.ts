import { createHmac, hkdfSync } from 'node:crypto';

/**
 * A keyed hash (HMAC-SHA-256, 128 bits of it) of values that must be recognised again and never read: credentials, addresses. Its key
 * follows from the data key, so that every process says the same of the same value.
 */
export function createFingerprint(dataKey: Uint8Array): (text: string) => string {
  const key = Buffer.from(hkdfSync('sha256', dataKey, '', 'seaport fingerprint', 32));
  return (text) => createHmac('sha256', key).update(text).digest('hex').slice(0, 32);
}
