/**
 * Encrypts what may hold personal data and must be kept: dead letters, evidence. Authenticated: a changed byte does not open.
 * Implementation: edges/signing/aes-sealer.ts.
 */
export interface Sealer {
  /** Sealed bytes name their key, so that several keys may be in use while one is rotated. */
  seal(bytes: Uint8Array): Buffer;
  /** @throws ExchangeError `seal-broken` (not retriable) when the key is unknown or the bytes were changed. */
  open(sealed: Uint8Array): Buffer;
  /**
   * Seals with a key made for these bytes alone, and gives that key sealed: whoever destroys it destroys what it seals, wherever a copy of
   * the sealed bytes is.
   */
  sealApart(bytes: Uint8Array): { sealed: Buffer; key: Buffer };
  /** @throws ExchangeError `seal-broken` */
  openApart(sealed: Uint8Array, key: Uint8Array): Buffer;
}
