/** Signs and verifies with Ed25519 as detached JWS (RFC 7515 appendix F) over RFC 8785 canonical JSON. */
export interface Signer {
  /** Key id, as in the JWKS. */
  readonly keyId: string;
  /** Detached compact JWS of the UTF-8 bytes of canonical JSON: `header..signature`. */
  sign(canonicalJson: string | Buffer): string;
  /** The same signature, made beside the event loop: of the 50 µs that one takes the loop gives 10. */
  signAside(canonicalJson: string | Buffer): Promise<string>;
  /** Public keys, current and retired, for /.well-known/jwks.json. */
  jwks(): { keys: Record<string, string>[] };
}
