import { createHash, createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto';
import { canonicalJson } from '../../core/canonical-json';
import type { Signer } from '../../ports/signer';

/**
 * Ed25519 by node:crypto as detached JWS (RFC 7515 appendix F, RFC 8037): one call per signature, no library on the hot path.
 * A test verifies with jose.
 */
export function createEd25519Signer(privateKeyPem: string, retiredPublicKeyPems: readonly string[] = []): Signer {
  const key = createPrivateKey(privateKeyPem);
  if (key.asymmetricKeyType !== 'ed25519') throw new Error('the signing key is not Ed25519');
  const current = publicJwk(createPublicKey(key));
  // A key that went back to work is not listed twice.
  const retired = retiredPublicKeyPems.map((pem) => publicJwk(createPublicKey(pem))).filter(({ kid }) => kid !== current.kid);
  const header = base64url(JSON.stringify({ alg: 'EdDSA', kid: current.kid }));
  const inputOf = (canonical: string | Buffer): Buffer => Buffer.from(`${header}.${base64url(canonical)}`);
  const detached = (signature: Buffer): string => `${header}..${signature.toString('base64url')}`;
  return {
    keyId: current.kid,
    sign: (canonical) => detached(sign(null, inputOf(canonical), key)),
    signAside: (canonical) =>
      new Promise((resolve, reject) => {
        sign(null, inputOf(canonical), key, (cause, signature) => {
          if (cause) reject(cause);
          else resolve(detached(signature));
        });
      }),
    jwks: () => ({ keys: [current, ...retired] }),
  };
}

/**
 * The public keys of a file, PEM one after the other; what stands between them is a comment.
 * @throws Error when there is none, when one is no Ed25519 public key, or a private key, which has no business there
 */
export function readPublicKeys(text: string): string[] {
  const pems = text.match(/-----BEGIN [A-Z0-9 ]+-----[\s\S]*?-----END [A-Z0-9 ]+-----/g) ?? [];
  if (pems.length === 0) throw new Error('there is no public key in PEM');
  for (const pem of pems) {
    if (/^-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(pem)) throw new Error('a private key stands among the public keys');
    if (createPublicKey(pem).asymmetricKeyType !== 'ed25519') throw new Error('a retired key is not Ed25519');
  }
  return pems;
}

interface PublicJwk extends Record<string, string> {
  kid: string;
}

function publicJwk(key: KeyObject): PublicJwk {
  const { kty, crv, x } = key.export({ format: 'jwk' }) as { kty: string; crv: string; x: string };
  // RFC 7638: the thumbprint of the required members names the key.
  const kid = createHash('sha256').update(canonicalJson({ crv, kty, x })).digest('base64url');
  return { kty, crv, x, kid, alg: 'EdDSA', use: 'sig' };
}

function base64url(text: string | Buffer): string {
  return (typeof text === 'string' ? Buffer.from(text) : text).toString('base64url');
}
