import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import type { Bench, Benches } from './harness';
import { recordOf } from './materials';

/**
 * The same work one after the other, and each time after a pause: what else runs on the cores meanwhile, in this machine or in another one of
 * the same host, takes the caches. It says what of a declaration's cost at a low rate is the machine's, whatever the program does.
 */
const PAUSES_MS = [0, 1, 4, 16];

export const benches: Benches = async () => {
  const text = JSON.stringify(await recordOf());
  const bytes = Buffer.from(text);
  const { privateKey } = generateKeyPairSync('ed25519');
  const work: [string, () => unknown][] = [
    ['an Ed25519 signature', () => sign(null, bytes, privateKey)],
    ['JSON.parse of a record', () => JSON.parse(text) as unknown],
    ['SHA-256 of a record', () => createHash('sha256').update(bytes).digest('hex')],
  ];
  return work.flatMap(([name, run]) =>
    PAUSES_MS.map((pauseMs): Bench => ({ name: `${name}, after ${pauseMs} ms of nothing`, pauseMs, run })),
  );
};
