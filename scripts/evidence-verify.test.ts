import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalJson } from '../gateway/core/canonical-json';
import { EVIDENCE_FORMAT, partDigest, signedPartOfManifest } from '../gateway/core/evidence-bundle';
import { declarationIdOf, digestOf, dossierCodeOf, dossierIdOf } from '../gateway/core/identifiers';
import { createEd25519Signer } from '../gateway/edges/signing/ed25519-signer';
import { evidenceVerify } from './evidence-verify';

/** A bundle signed by a real key, as a file; then copies that were tampered with. */
const key = () => createEd25519Signer(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
const signer = key();
const message = Buffer.from('<EPCMessage/>');
const declarationId = declarationIdOf('agent', 'M-1', digestOf(message));
let folder: string;
let text: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'evidence-verify-'));
  const dossierId = dossierIdOf('agent', 'M-1');
  const receipt = { declarationId, dossierId };
  const parts = [
    { name: 'revisions/1', value: { revision: 1, declarationId, messageId: 'M-1', digest: digestOf(message) } },
    { name: `receipts/${declarationId}`, value: { ...receipt, signature: signer.sign(canonicalJson(receipt)) } },
  ];
  const manifest = {
    format: EVIDENCE_FORMAT,
    dossierId,
    dossierCode: dossierCodeOf(dossierId),
    tenant: 'agent',
    createdAt: '2026-11-24T03:00:00Z',
    upTo: { partition: 0, offset: 1 },
    versions: 0,
    revisions: 1,
    parts: parts.map(({ name, value }) => ({ name, sha256: partDigest(value) })),
  } as const;
  text = JSON.stringify({ manifest: { ...manifest, signature: signer.sign(signedPartOfManifest({ ...manifest })) }, parts });
  writeFileSync(join(folder, 'bundle.json'), text);
  writeFileSync(join(folder, 'jwks.json'), JSON.stringify(signer.jwks()));
  writeFileSync(join(folder, 'others.json'), JSON.stringify(key().jwks()));
  mkdirSync(join(folder, 'messages'));
  writeFileSync(join(folder, 'messages', declarationId), message);
});

afterAll(() => rmSync(folder, { recursive: true }));

function run(...argv: string[]): { code: number; text: string } {
  let said = '';
  const out = { write: (more: string) => (said += more) };
  return { code: evidenceVerify(argv, { out, err: out, directory: folder }), text: said };
}

test('finds nothing in a bundle as it was given, with its message', () => {
  expect(run('bundle.json', '--jwks', 'jwks.json', '--messages', 'messages')).toEqual({
    code: 0,
    text: '2 parts, 1 receipts, 0 clearances, 1 messages: nothing found\n',
  });
  expect(JSON.parse(run('bundle.json', '--jwks', 'jwks.json', '--json').text)).toMatchObject({ receipts: 1, findings: [] });
});

test.each<[string, () => string, string]>([
  ['changed', () => text.replace('"messageId":"M-1"', '"messageId":"M-2"'), 'part-changed'],
  ['cut off', () => text.slice(0, -10), 'manifest-unreadable'],
  ['signed by another key', () => text, 'manifest-signature'],
])('finds that it was %s', (what, changed, fault) => {
  writeFileSync(join(folder, 'copy.json'), changed());
  const { code, text: said } = run('copy.json', '--jwks', what === 'signed by another key' ? 'others.json' : 'jwks.json');
  expect([code, said]).toEqual([3, expect.stringContaining(fault)]);
});

test('finds that a message is another one, or missing', () => {
  writeFileSync(join(folder, 'messages', declarationId), 'other');
  expect(run('bundle.json', '--jwks', 'jwks.json', '--messages', 'messages').text).toContain('message-changed');
  expect(run('bundle.json', '--jwks', 'jwks.json', '--messages', 'absent').text).toContain('message-missing');
});

test('says what it cannot look at', () => {
  expect(run('absent.json', '--jwks', 'jwks.json')).toEqual({ code: 1, text: expect.stringContaining('ENOENT') as string });
  expect(run('bundle.json')).toEqual({ code: 1, text: expect.stringContaining('what to verify?') as string });
});
