import { canonicalJson } from './canonical-json';
import {
  EVIDENCE_FORMAT,
  partDigest,
  signedPartOfManifest,
  verifyEvidence,
  type EvidenceBundle,
  type EvidenceManifest,
  type EvidencePart,
} from './evidence-bundle';
import { declarationIdOf, digestOf, dossierCodeOf, dossierIdOf } from './identifiers';

const sign = (text: string): string => `key..${digestOf(`secret ${text}`)}`;
const verifies = (signature: string, text: string): boolean => signature === sign(text);
const signed = (value: object): object => ({ ...value, signature: sign(canonicalJson(value)) });

const tenant = 'agent';
const dossierId = dossierIdOf(tenant, 'M-1');
const messages = ['first', 'second'].map((text, i) => {
  const messageId = `M-${i + 1}`;
  const digest = digestOf(text);
  return { revision: i + 1, messageId, digest, declarationId: declarationIdOf(tenant, messageId, digest) };
});

function manifestOf(parts: readonly EvidencePart[]): EvidenceManifest {
  const manifest: EvidenceManifest = {
    format: EVIDENCE_FORMAT,
    dossierId,
    dossierCode: dossierCodeOf(dossierId),
    tenant,
    createdAt: '2026-11-24T03:00:00Z',
    upTo: { partition: 0, offset: 9 },
    versions: 2,
    revisions: 2,
    parts: parts.map(({ name, value }) => ({ name, sha256: partDigest(value) })),
  };
  return { ...manifest, signature: sign(signedPartOfManifest(manifest)) };
}

function bundle(): EvidenceBundle {
  const parts = [
    { name: 'dossier', value: { dossierId } },
    ...messages.map((message) => ({ name: `revisions/${message.revision}`, value: message })),
    ...messages.map(({ declarationId }) => ({ name: `receipts/${declarationId}`, value: signed({ declarationId, dossierId }) })),
    ...[1, 2].map((version) => ({
      name: `clearances/${version}`,
      value: signed({ dossierId, version, basis: { partition: 0, offset: version } }),
    })),
    { name: 'decisions/3', value: { decision: { outcome: 'accepted' } } },
  ];
  return { manifest: manifestOf(parts), parts };
}

const faults = (given: unknown, messageDigest?: (id: string) => string | undefined): string[] =>
  verifyEvidence(given, { verifies, ...(messageDigest === undefined ? {} : { messageDigest }) }).findings.map(({ fault }) => fault);

test('a bundle verifies as it was made, its messages too', () => {
  expect(verifyEvidence(bundle(), { verifies })).toEqual({ parts: 8, receipts: 2, clearances: 2, messages: 0, findings: [] });
  const digest = (id: string) => messages.find(({ declarationId }) => declarationId === id)?.digest;
  expect(verifyEvidence(bundle(), { verifies, messageDigest: digest })).toMatchObject({ messages: 2, findings: [] });
});

const names = bundle().parts.map(({ name }) => name);

test.each(names)('%s shows that it was changed, dropped, put in twice, moved or renamed', (name) => {
  const at = names.indexOf(name);
  const tampered = (change: (parts: EvidencePart[], part: EvidencePart) => EvidencePart[]): string[] => {
    const { manifest, parts } = bundle();
    return faults({ manifest, parts: change(parts, parts[at] as EvidencePart) });
  };
  expect(tampered((parts, part) => parts.with(at, { name, value: { ...(part.value as object), more: 1 } }))).toContain('part-changed');
  expect(tampered((parts) => parts.toSpliced(at, 1))).toContain('part-missing');
  expect(tampered((parts, part) => [...parts, part])).toContain('part-added');
  expect(tampered((parts, part) => [...parts, { ...part, name: 'decisions/99' }])).toContain('part-added');
  expect(tampered((parts, part) => (at === 0 ? [...parts.slice(1), part] : [part, ...parts.toSpliced(at, 1)]))).toContain('part-moved');
  expect(tampered((parts) => parts.slice(0, at))).toContain('part-missing');
});

test('two parts that are exchanged show', () => {
  const { manifest, parts } = bundle();
  const [first, second] = [parts[5], parts[6]] as [EvidencePart, EvidencePart];
  const exchanged = parts.with(5, { ...first, value: second.value }).with(6, { ...second, value: first.value });
  expect(faults({ manifest, parts: exchanged })).toEqual(expect.arrayContaining(['part-changed', 'clearance-missing']));
});

test.each<[keyof EvidenceManifest, unknown]>([
  ['dossierId', dossierIdOf(tenant, 'M-2')],
  ['tenant', 'agent2'],
  ['versions', 1],
  ['revisions', 1],
  ['upTo', { partition: 0, offset: 1 }],
  ['createdAt', '2026-11-25T03:00:00Z'],
  ['parts', []],
])('a manifest whose %s was changed has no signature of ours', (member, value) => {
  const { manifest, parts } = bundle();
  expect(faults({ manifest: { ...manifest, [member]: value }, parts })).toContain('manifest-signature');
});

test('a bundle that was made anew to fit has no signature of ours, and one by our key must hold what it should', () => {
  const made = (change: (parts: EvidencePart[]) => EvidencePart[], more: Partial<EvidenceManifest> = {}): string[] => {
    const parts = change(bundle().parts);
    const { signature: _signature, ...manifest } = { ...manifestOf(parts), ...more };
    const anew = { ...manifest, signature: sign(signedPartOfManifest(manifest)) };
    expect(faults({ manifest: { ...anew, signature: 'other..key' }, parts })).toContain('manifest-signature');
    return faults({ manifest: anew, parts });
  };
  expect(made((parts) => parts.filter(({ name }) => name !== 'clearances/1'))).toEqual(['clearance-missing']);
  expect(made((parts) => parts.filter(({ name }) => name !== 'revisions/2'))).toEqual(['revision-missing']);
  expect(made((parts) => parts.filter(({ name }) => !name.startsWith('receipts/')))).toEqual(['receipt-missing', 'receipt-missing']);
  const forged = (name: string, change: (value: Record<string, unknown>) => object) =>
    made((parts) => parts.map((part) => (part.name === name ? { name, value: change(part.value as Record<string, unknown>) } : part)));
  expect(forged('clearances/2', (value) => ({ ...value, status: 'granted' }))).toEqual(['clearance-signature']);
  expect(forged('clearances/2', () => signed({ dossierId, version: 2, basis: { offset: 1 } }))).toEqual(['basis-falls']);
  expect(forged(`receipts/${messages[0]?.declarationId}`, (value) => ({ ...value, action: 'amend' }))).toEqual(['receipt-signature']);
  expect(forged('revisions/1', (value) => ({ ...value, digest: digestOf('other') }))).toEqual(['digest-unbound']);
  const foreign = signed({ dossierId: dossierIdOf(tenant, 'M-9'), version: 1, basis: { offset: 1 } });
  expect(forged('clearances/1', () => foreign)).toEqual(['of-another-dossier']);
});

test('messages that were changed or are not there show', () => {
  expect(faults(bundle(), () => digestOf('other'))).toEqual(['message-changed', 'message-changed']);
  expect(faults(bundle(), () => undefined)).toEqual(['message-missing', 'message-missing']);
});

test.each([undefined, null, 7, 'text', {}, [], { manifest: {}, parts: [] }, { ...bundle(), parts: [{ name: 'dossier' }] }])(
  'what is no bundle is said to be none: %p',
  (given) => expect(faults(given)).toEqual(['manifest-unreadable']),
);
