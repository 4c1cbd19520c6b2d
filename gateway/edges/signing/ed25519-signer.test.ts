import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { flattenedVerify, importJWK } from 'jose';
import { canonicalJson } from '../../core/canonical-json';
import { createEd25519Signer, readPublicKeys } from './ed25519-signer';

const newKey = () => generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

const publicPem = (privatePem: string) => createPublicKey(privatePem).export({ type: 'spki', format: 'pem' }).toString();

async function verifies(signature: string, payload: string, jwk: Record<string, string>): Promise<boolean> {
  const [header, , bytes] = signature.split('.');
  const key = await importJWK(jwk, 'EdDSA');
  return flattenedVerify(
    { protected: header ?? '', payload: Buffer.from(payload).toString('base64url'), signature: bytes ?? '' },
    key,
  ).then(
    () => true,
    () => false,
  );
}

describe('the Ed25519 signer', () => {
  it('signs so that another library verifies with the published key', async () => {
    const signer = createEd25519Signer(newKey());
    const payload = canonicalJson({ status: 'granted', version: 1 });
    expect(await verifies(signer.sign(payload), payload, signer.jwks().keys[0] ?? {})).toBe(true);
  });

  it('signs the payload: another one does not verify', async () => {
    const signer = createEd25519Signer(newKey());
    expect(await verifies(signer.sign('{"a":1}'), '{"a":2}', signer.jwks().keys[0] ?? {})).toBe(false);
  });

  it('gives the same bytes for the same payload and key', async () => {
    const signer = createEd25519Signer(newKey());
    expect(signer.sign('{}')).toBe(signer.sign('{}'));
    expect(await signer.signAside('{}')).toBe(signer.sign('{}'));
  });

  it('publishes the keys that signed before: what they signed still verifies', async () => {
    const [old, older, now] = [newKey(), newKey(), newKey()];
    const file = ['# signed until 2027', publicPem(old), '# until 2026', publicPem(older), publicPem(now)].join('\n');
    const signer = createEd25519Signer(now, readPublicKeys(file));
    const { keys } = signer.jwks();
    expect(keys.map(({ kid }) => kid)).toEqual([now, old, older].map((pem) => createEd25519Signer(pem).keyId));
    const signedBefore = createEd25519Signer(older).sign('{}');
    expect(await verifies(signedBefore, '{}', keys[2] ?? {})).toBe(true);
    expect(await verifies(signedBefore, '{}', keys[1] ?? {})).toBe(false);
    for (const key of keys) expect(key).not.toHaveProperty('d');
  });

  it.each([
    ['nothing', () => 'no key'],
    ['a private key', () => newKey()],
    ['a key of another kind', () => generateKeyPairSync('x25519').publicKey.export({ type: 'spki', format: 'pem' }).toString()],
  ])('refuses %s for a retired key', (_what, file) => {
    expect(() => readPublicKeys(file())).toThrow(/no public key|private key|not Ed25519/);
  });

  it('refuses a key of another kind', () => {
    const pem = generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(() => createEd25519Signer(pem)).toThrow('not Ed25519');
  });
});
