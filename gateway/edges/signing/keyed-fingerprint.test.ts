import { createHash } from 'node:crypto';
import { createFingerprint } from './keyed-fingerprint';

test('a fingerprint is the same with the same key, another with another, and no plain hash', () => {
  const [one, again, other] = [1, 1, 2].map((fill) => createFingerprint(Buffer.alloc(32, fill)));
  expect(one?.('secret')).toMatch(/^[0-9a-f]{32}$/);
  expect(one?.('secret')).toBe(again?.('secret'));
  expect(one?.('secret')).not.toBe(one?.('secret2'));
  expect(one?.('secret')).not.toBe(other?.('secret'));
  expect(createHash('sha256').update('secret').digest('hex')).not.toContain(one?.('secret'));
});
