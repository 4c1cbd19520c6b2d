import { createPublicKey, verify, type KeyObject } from 'node:crypto';

/** Whether a detached JWS over a text is of one of these keys (a JWKS): the counterpart of ed25519-signer.ts. */
export function createEd25519Verifier(jwks: { keys: readonly Record<string, string>[] }): (signature: string, text: string) => boolean {
  const byId = new Map<unknown, KeyObject>(jwks.keys.map((key) => [key['kid'], createPublicKey({ key, format: 'jwk' })]));
  return (signature, text) => {
    const [header = '', payload, bytes = '', ...rest] = signature.split('.');
    if (payload !== '' || rest.length > 0) return false;
    const key = byId.get(keyIdOf(header));
    const input = Buffer.from(`${header}.${Buffer.from(text).toString('base64url')}`);
    return key !== undefined && verify(null, input, key, Buffer.from(bytes, 'base64url'));
  };
}

/** Undefined where the header is none of ours. */
function keyIdOf(header: string): unknown {
  try {
    const { alg, kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { alg?: unknown; kid?: unknown };
    return alg === 'EdDSA' ? kid : undefined;
  } catch {
    return undefined;
  }
}
