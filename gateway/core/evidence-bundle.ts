import { canonicalJson } from './canonical-json';
import { declarationIdOf, digestOf } from './identifiers';
import type { Clearance, Receipt } from './messages';

/**
 * What is known of a dossier, for somebody who trusts the published keys and nobody else: parts, and a signed manifest with the SHA-256
 * of each. Messages as received are got one by one; their digests stand in the revisions.
 */
export interface EvidencePart {
  /** Kind and what it is of: `receipts/<declarationId>`, `clearances/<version>`. Unique within a bundle. */
  name: string;
  value: unknown;
}

export interface EvidenceManifest {
  format: typeof EVIDENCE_FORMAT;
  dossierId: string;
  dossierCode: string;
  tenant: string;
  createdAt: string;
  /** Position in `dossiers` up to which this is everything. */
  upTo: { partition: number; offset: number };
  /** Versions of the clearance, revisions: none may be missing. */
  versions: number;
  revisions: number;
  /** Where the dossier has more decisions and deadlines than a bundle takes: the oldest are there. */
  truncated?: true;
  parts: { name: string; sha256: string }[];
  /** Detached JWS over the canonical JSON of the manifest without it. */
  signature?: string;
}

export interface EvidenceBundle {
  manifest: EvidenceManifest;
  parts: EvidencePart[];
}

/** A declaration that counts, as the fold knows it; its digest is of the message as received. */
export interface RevisionPart {
  revision: number;
  declarationId: string;
  messageId: string;
  digest: string;
}

export const EVIDENCE_FORMAT = 'seaport-evidence-1';

/** SHA-256 of the canonical JSON of a part's value. */
export function partDigest(value: unknown): string {
  return digestOf(canonicalJson(value));
}

/** What the signature of a manifest is over. */
export function signedPartOfManifest(manifest: EvidenceManifest): string {
  const { signature: _signature, ...signed } = manifest;
  return canonicalJson(signed);
}

export interface EvidenceFinding {
  fault:
    | 'manifest-unreadable'
    | 'manifest-signature'
    | 'part-changed'
    | 'part-missing'
    | 'part-added'
    | 'part-moved'
    | 'receipt-missing'
    | 'receipt-signature'
    | 'clearance-missing'
    | 'clearance-signature'
    | 'revision-missing'
    | 'digest-unbound'
    | 'of-another-dossier'
    | 'basis-falls'
    | 'message-changed'
    | 'message-missing';
  /** Name of the part, or of the message. */
  of: string;
}

export interface EvidenceReport {
  parts: number;
  receipts: number;
  clearances: number;
  messages: number;
  findings: EvidenceFinding[];
}

export interface EvidenceExpectations {
  /** Whether a signature is of a published key. */
  verifies(signature: string, signedPart: string): boolean;
  /** Digest of a message as received that was got, by declarationId; undefined: messages are not looked at. */
  messageDigest?: (declarationId: string) => string | undefined;
}

/**
 * Judges a bundle (guarantees.md I9): what was changed, dropped, put in, moved or cut off contradicts the manifest, and a manifest that
 * was made anew to fit has no signature of ours. Receipts and clearances have one of their own.
 */
export function verifyEvidence(bundle: unknown, expected: EvidenceExpectations): EvidenceReport {
  const findings: EvidenceFinding[] = [];
  const find = (fault: EvidenceFinding['fault'], of: string): void => void findings.push({ fault, of });
  const report = { parts: 0, receipts: 0, clearances: 0, messages: 0, findings };
  if (!isBundle(bundle)) {
    find('manifest-unreadable', 'manifest');
    return report;
  }
  const { manifest, parts } = bundle;
  if (!expected.verifies(manifest.signature ?? '', signedPartOfManifest(manifest))) find('manifest-signature', 'manifest');
  report.parts = parts.length;
  compareParts(manifest, parts, find);

  const partsOf = (kind: string): EvidencePart[] => parts.filter(({ name }) => name.startsWith(`${kind}/`));
  const holds = ({ signature, ...signed }: { signature?: string }): boolean => expected.verifies(signature ?? '', canonicalJson(signed));
  const receipts = partsOf('receipts') as { name: string; value: Receipt }[];
  for (const { name, value } of receipts) {
    report.receipts++;
    if (!holds(value)) find('receipt-signature', name);
    if (value.dossierId !== manifest.dossierId) find('of-another-dossier', name);
  }
  const clearances = partsOf('clearances') as { name: string; value: Clearance }[];
  let basis = -1;
  for (const { name, value } of clearances) {
    report.clearances++;
    if (!holds(value)) find('clearance-signature', name);
    if (value.dossierId !== manifest.dossierId) find('of-another-dossier', name);
    if (value.basis.offset <= basis) find('basis-falls', name);
    basis = value.basis.offset;
  }
  for (let version = 1; version <= manifest.versions; version++)
    if (!clearances.some(({ name, value }) => name === `clearances/${version}` && value.version === version))
      find('clearance-missing', `clearances/${version}`);

  const revisions = partsOf('revisions') as { name: string; value: RevisionPart }[];
  for (let number = 1; number <= manifest.revisions; number++)
    if (!revisions.some(({ value }) => value.revision === number)) find('revision-missing', `revisions/${number}`);
  for (const { name, value } of revisions) {
    const { declarationId, messageId, digest } = value;
    // The signed receipt names the declaration, and its id is the hash of tenant, message id and digest.
    if (declarationIdOf(manifest.tenant, messageId, digest) !== declarationId) find('digest-unbound', name);
    if (!receipts.some((receipt) => receipt.value.declarationId === declarationId)) find('receipt-missing', name);
    if (expected.messageDigest === undefined) continue;
    const got = expected.messageDigest(declarationId);
    if (got === undefined) find('message-missing', declarationId);
    else if (got !== digest) find('message-changed', declarationId);
    else report.messages++;
  }
  return report;
}

function compareParts(
  { parts: listed }: EvidenceManifest,
  parts: readonly EvidencePart[],
  find: (fault: EvidenceFinding['fault'], of: string) => void,
): void {
  const names = parts.map(({ name }) => name);
  for (const { name, sha256 } of listed) {
    const given = parts.filter((part) => part.name === name);
    if (given.length === 0) find('part-missing', name);
    else if (given.length > 1) find('part-added', name);
    else if (partDigest(given[0]?.value) !== sha256) find('part-changed', name);
  }
  const known = new Set(listed.map(({ name }) => name));
  for (const name of names) if (!known.has(name)) find('part-added', name);
  const both = listed.map(({ name }) => name).filter((name) => names.includes(name));
  const order = names.filter((name) => known.has(name));
  both.forEach((name, i) => {
    if (order[i] !== name) find('part-moved', name);
  });
}

function isBundle(value: unknown): value is EvidenceBundle {
  const { manifest, parts } = (value ?? {}) as Partial<Record<keyof EvidenceBundle, unknown>>;
  if (typeof manifest !== 'object' || manifest === null || !Array.isArray(parts)) return false;
  const { format, dossierId, tenant, versions, revisions, parts: listed } = manifest as Partial<Record<keyof EvidenceManifest, unknown>>;
  const isNamed = (entry: unknown): boolean => typeof (entry as { name?: unknown } | null)?.name === 'string';
  const isValued = (entry: unknown): boolean => typeof (entry as { value?: unknown }).value === 'object';
  return (
    format === EVIDENCE_FORMAT &&
    typeof dossierId === 'string' &&
    typeof tenant === 'string' &&
    Number.isSafeInteger(versions) &&
    Number.isSafeInteger(revisions) &&
    Array.isArray(listed) &&
    listed.every(isNamed) &&
    parts.every((part) => isNamed(part) && isValued(part) && (part as EvidencePart).value !== null)
  );
}
