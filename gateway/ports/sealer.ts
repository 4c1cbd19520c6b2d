/**
 * Encrypts what may hold personal data and must be kept: dead letters, evidence. Authenticated: a changed byte does not open.
 * Implementation: edges/signing/aes-sealer.ts.
 */
export interface Sealer {
  /** Sealed bytes name their key, so that several keys may be in use while one is rotated. */
  seal(bytes: Uint8Array): Buffer;
  /** @throws ExchangeError `seal-broken` (not retriable) when the key is unknown or the bytes were changed. */
  open(sealed: Uint8Array): Buffer;
}
