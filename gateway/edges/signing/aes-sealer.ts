import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ExchangeError } from '../../core/exchange-error';
import type { Sealer } from '../../ports/sealer';

/**
 * AES-256-GCM. Sealed bytes: version (1) ‖ key id (8) ‖ nonce (12) ‖ ciphertext ‖ tag (16); version and key id are authenticated.
 * The nonce is random, so one key serves 2^32 messages (NIST SP 800-38D §8.3): rotate before.
 */
const VERSION = 1;
const KEY_BYTES = 32;
const KEY_ID_BYTES = 8;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + KEY_ID_BYTES;
/** What sealing adds to the length. */
export const SEAL_OVERHEAD_BYTES = HEAD_BYTES + NONCE_BYTES + TAG_BYTES;

/** Seals with the first key and opens with any of them. Each key has 32 bytes. */
export function createAesSealer(keys: readonly [Uint8Array, ...Uint8Array[]]): Sealer {
  const byId = new Map(keys.map((key) => [keyIdOf(key).toString('hex'), key]));
  const [current] = keys;
  const head = Buffer.concat([Buffer.from([VERSION]), keyIdOf(current)]);
  const sealer: Sealer = {
    seal(bytes) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', current, nonce, { authTagLength: TAG_BYTES }).setAAD(head);
      return Buffer.concat([head, nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
    },
    open(sealed) {
      const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
      const key = bytes.length < SEAL_OVERHEAD_BYTES || bytes[0] !== VERSION ? undefined : byId.get(bytes.toString('hex', 1, HEAD_BYTES));
      if (key === undefined) throw broken('sealed with an unknown key or version');
      const nonce = bytes.subarray(HEAD_BYTES, HEAD_BYTES + NONCE_BYTES);
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
        .setAAD(bytes.subarray(0, HEAD_BYTES))
        .setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
      try {
        return Buffer.concat([decipher.update(bytes.subarray(HEAD_BYTES + NONCE_BYTES, bytes.length - TAG_BYTES)), decipher.final()]);
      } catch (cause) {
        throw broken('the sealed bytes were changed', cause);
      }
    },
    sealApart(bytes) {
      const key = randomBytes(KEY_BYTES);
      return { sealed: createAesSealer([key]).seal(bytes), key: sealer.seal(key) };
    },
    openApart: (sealed, key) => createAesSealer([sealer.open(key)]).open(sealed),
  };
  return sealer;
}

function keyIdOf(key: Uint8Array): Buffer {
  if (key.byteLength !== KEY_BYTES) throw new RangeError('a data key has 32 bytes');
  return createHash('sha256').update('seaport data key').update(key).digest().subarray(0, KEY_ID_BYTES);
}

function broken(message: string, cause?: unknown): ExchangeError {
  return new ExchangeError('seal-broken', message, { retriable: false, cause });
}

/**
 * Reads the data keys of a file: one key of 64 hexadecimal digits a line, the first one seals, the others still open.
 * @throws ExchangeError `data-key-invalid` naming the file (never its content).
 */
export function readDataKeys(file: string): [Uint8Array, ...Uint8Array[]] {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.trim());
  const [first, ...others] = lines.filter((line) => line !== '');
  if (first === undefined || ![first, ...others].every((line) => /^[0-9a-f]{64}$/i.test(line)))
    throw new ExchangeError('data-key-invalid', `${file} must hold data keys of 64 hexadecimal digits, one a line`, { retriable: false });
  return [Buffer.from(first, 'hex'), ...others.map((line) => Buffer.from(line, 'hex'))];
}

/**
 * For development: the keys of the file, which is made with mode 0600 by whoever is first and kept over restarts.
 * A file that others may read is refused (`data-key-invalid`).
 */
export function ensureDataKeys(file: string, newKey: () => Buffer = () => randomBytes(KEY_BYTES)): [Uint8Array, ...Uint8Array[]] {
  mkdirSync(dirname(file), { recursive: true });
  const own = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    writeFileSync(own, `${newKey().toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
    // link(2) fails when the name exists, and the name never points at a half-written file.
    linkSync(own, file);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
  } finally {
    rmSync(own, { force: true });
  }
  if ((statSync(file).mode & 0o077) !== 0)
    throw new ExchangeError('data-key-invalid', `${file} must be readable by its owner only (mode 0600)`, { retriable: false });
  return readDataKeys(file);
}
