import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

/** An issuer of tokens as a test plays it, with node:crypto and nothing of the library that verifies: also tokens that no library makes. */
export type Algorithm = 'EdDSA' | 'ES256' | 'RS256' | 'PS256' | 'HS256' | 'none';

export interface IssuerKey {
  kid: string;
  privateKey: KeyObject;
  publicKey: KeyObject;
  jwk: Record<string, unknown>;
}

export function issuerKey(kid: string, kind: 'ed25519' | 'ec' | 'rsa' | 'short-rsa' = 'ed25519'): IssuerKey {
  const { privateKey, publicKey } =
    kind === 'ed25519'
      ? generateKeyPairSync('ed25519')
      : kind === 'ec'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('rsa', { modulusLength: kind === 'rsa' ? 2048 : 1024 });
  return { kid, privateKey, publicKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid } };
}

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

export function signed(key: IssuerKey, alg: Algorithm, claims: object, header: object = {}): string {
  const input = `${part({ alg, kid: key.kid, ...header })}.${part(claims)}`;
  return `${input}.${signatureOf(key, alg, Buffer.from(input)).toString('base64url')}`;
}

function signatureOf({ privateKey, publicKey }: IssuerKey, alg: Algorithm, input: Buffer): Buffer {
  switch (alg) {
    case 'EdDSA':
      return sign(null, input, privateKey);
    case 'ES256':
      return sign('sha256', input, { key: privateKey, dsaEncoding: 'ieee-p1363' });
    case 'RS256':
      return sign('sha256', input, privateKey);
    case 'PS256':
      // 6: RSA_PKCS1_PSS_PADDING, with a salt as long as the hash.
      return sign('sha256', input, { key: privateKey, padding: 6, saltLength: 32 });
    case 'HS256':
      // What everybody has: the public key as a shared secret.
      return createHmac('sha256', publicKey.export({ type: 'spki', format: 'pem' }))
        .update(input)
        .digest();
    case 'none':
      return Buffer.alloc(0);
  }
}
