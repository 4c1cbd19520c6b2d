import { createHash, createPrivateKey, randomBytes, type KeyObject } from 'node:crypto';

/**
 * What the gateway makes for development is marked in itself, so that production knows it wherever it was copied to: the last 8 of its 32
 * bytes follow from the 24 before, which are random. 192 bits are enough for a key, and another one has the mark once in 2^64.
 */
const RANDOM_BYTES = 24;
const KEY_BYTES = 32;
/** RFC 8410: PKCS #8 of an Ed25519 key, ahead of its 32 bytes. */
const ED25519_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
/** Of 32 bytes in base64url. */
const TOKEN_CHARACTERS = 43;

/** 32 bytes with the mark. */
export function developmentBytes(): Buffer {
  const random = randomBytes(RANDOM_BYTES);
  return Buffer.concat([random, markOf(random)]);
}

export function isDevelopmentBytes(bytes: Uint8Array): boolean {
  return bytes.byteLength === KEY_BYTES && markOf(bytes.subarray(0, RANDOM_BYTES)).equals(bytes.subarray(RANDOM_BYTES));
}

export function isDevelopmentToken(token: string): boolean {
  return token.length === TOKEN_CHARACTERS && isDevelopmentBytes(Buffer.from(token, 'base64url'));
}

export function developmentSigningKey(): KeyObject {
  return createPrivateKey({ key: Buffer.concat([ED25519_HEAD, developmentBytes()]), format: 'der', type: 'pkcs8' });
}

export function isDevelopmentSigningKey(key: KeyObject): boolean {
  const { d } = key.export({ format: 'jwk' });
  return d !== undefined && isDevelopmentBytes(Buffer.from(d, 'base64url'));
}

function markOf(random: Uint8Array): Buffer {
  return createHash('sha256')
    .update('seaport development')
    .update(random)
    .digest()
    .subarray(0, KEY_BYTES - RANDOM_BYTES);
}
