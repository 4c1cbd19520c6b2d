import { generateKeyPairSync } from 'node:crypto';
import { flattenedVerify, importJWK } from 'jose';
import { canonicalJson } from '../../core/canonical-json';
import { createEd25519Signer } from './ed25519-signer';

const newKey = () => generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

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

  it('gives the same bytes for the same payload and key', () => {
    const signer = createEd25519Signer(newKey());
    expect(signer.sign('{}')).toBe(signer.sign('{}'));
  });

  it('refuses a key of another kind', () => {
    const pem = generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(() => createEd25519Signer(pem)).toThrow('not Ed25519');
  });
});
