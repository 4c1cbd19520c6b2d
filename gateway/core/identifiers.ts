import { hash } from 'node:crypto';

/**
 * Identifiers that any process derives alone (architecture.md §5 "Identity").
 *
 * dossierId = hash(tenant) ‖ hash(tenant, root message id): 10 + 20 hexadecimal digits.
 * node:crypto's hash is the only import: a pure function of its input.
 */
export type DossierId = string;
export type DossierCode = string;
export type TaskId = string;
export type AgencyCode = string;
export type Tenant = string;

const TENANT_BYTES = 5;
const ROOT_BYTES = 10;
/** Hexadecimal digits of a dossierId, and of the tenant's part with which it begins. */
export const TENANT_HASH_LENGTH = 2 * TENANT_BYTES;
export const DOSSIER_ID_LENGTH = 2 * (TENANT_BYTES + ROOT_BYTES);
const TASK_SUFFIX_LENGTH = 16;
const DOSSIER_ID = /^[0-9a-f]{30}$/;
const TASK_ID = /^[0-9a-f]{30}-[0-9a-f]{16}$/;
/** Crockford base32: no I, L, O, U. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** Crockford's check symbols: value modulo 37. */
const CHECK_ALPHABET = `${ALPHABET}*~$=U`;

/** SHA-256 over length-prefixed parts, so that ('ab','c') and ('a','bc') differ. Hexadecimal, `length` digits. */
export function hashOf(length: number, ...parts: string[]): string {
  let text = '';
  for (const part of parts) text += `${Buffer.byteLength(part)}:${part}`;
  return hash('sha256', text, 'hex').slice(0, length);
}

/** SHA-256 of the bytes as received, hexadecimal. */
export function digestOf(bytes: Uint8Array | string): string {
  return hash('sha256', bytes, 'hex');
}

/** Asked several times for each message, and tenants are few. */
const tenantHashes = new Map<Tenant, string>();
const KEPT_TENANTS = 10_000;

export function tenantHashOf(tenant: Tenant): string {
  let tenantHash = tenantHashes.get(tenant);
  if (tenantHash === undefined) {
    if (tenantHashes.size >= KEPT_TENANTS) tenantHashes.clear();
    tenantHashes.set(tenant, (tenantHash = hashOf(TENANT_HASH_LENGTH, 'tenant', tenant)));
  }
  return tenantHash;
}

export function dossierIdOf(tenant: Tenant, rootMessageId: string): DossierId {
  return tenantHashOf(tenant) + hashOf(2 * ROOT_BYTES, 'dossier', tenant, rootMessageId);
}

export function isDossierId(text: string): boolean {
  return DOSSIER_ID.test(text);
}

/** True when the dossier is of this tenant: no store is asked. */
export function isDossierOf(tenant: Tenant, dossierId: DossierId): boolean {
  return dossierId.startsWith(tenantHashOf(tenant));
}

/** 24 characters of Crockford base32 and one check symbol; at most 35 characters (IMO0153). */
export function dossierCodeOf(dossierId: DossierId): DossierCode {
  let code = '';
  let check = 0;
  // Five hexadecimal digits are four symbols.
  for (let at = 0; at < DOSSIER_ID_LENGTH; at += 5) {
    const value = parseInt(dossierId.slice(at, at + 5), 16);
    code += symbol(value >> 15) + symbol(value >> 10) + symbol(value >> 5) + symbol(value);
    check = (check * 2 ** 20 + value) % 37;
  }
  return code + (CHECK_ALPHABET[check] ?? '');
}

function symbol(value: number): string {
  return ALPHABET[value & 31] ?? '';
}

/** The dossierId behind a code, or undefined when it is none (wrong length, symbol or check symbol). Case and I, L, O are forgiven. */
export function dossierIdFromCode(code: string): DossierId | undefined {
  const text = code.toUpperCase().replace(/O/g, '0').replace(/[IL]/g, '1');
  if (text.length !== (DOSSIER_ID_LENGTH * 4) / 5 + 1) return undefined;
  let value = 0n;
  for (const symbol of text.slice(0, -1)) {
    const digit = ALPHABET.indexOf(symbol);
    if (digit < 0) return undefined;
    value = (value << 5n) | BigInt(digit);
  }
  if (CHECK_ALPHABET[Number(value % 37n)] !== text.at(-1)) return undefined;
  return value.toString(16).padStart(DOSSIER_ID_LENGTH, '0');
}

/** taskId = dossierId ‖ hash(agency, revision that changed that agency's view): the relay finds the partition from it. */
export function taskIdOf(dossierId: DossierId, agency: AgencyCode, revision: number): TaskId {
  return `${dossierId}-${revision === 1 ? firstTaskSuffix(agency) : taskSuffix(agency, revision)}`;
}

function taskSuffix(agency: AgencyCode, revision: number): string {
  return hashOf(TASK_SUFFIX_LENGTH, 'task', agency, String(revision));
}

/** Suffix of an agency's task of revision 1, which most tasks are of: one for each configured agency. */
const firstTaskSuffixes = new Map<AgencyCode, string>();

function firstTaskSuffix(agency: AgencyCode): string {
  let suffix = firstTaskSuffixes.get(agency);
  if (suffix === undefined) firstTaskSuffixes.set(agency, (suffix = taskSuffix(agency, 1)));
  return suffix;
}

/** Revisions of a dossier of which a task's id tells its agency. */
const TOLD_REVISIONS = 200;

/** Tells of which agency a task would be, whether there is one or not: from its id alone. Undefined: of none of them, or of a late revision. */
export function agencyOfTaskAmong(agencies: readonly AgencyCode[]): (taskId: TaskId) => AgencyCode | undefined {
  const bySuffix = new Map<string, AgencyCode>();
  for (const agency of agencies)
    for (let revision = 1; revision <= TOLD_REVISIONS; revision++) bySuffix.set(taskSuffix(agency, revision), agency);
  return (taskId) => (TASK_ID.test(taskId) ? bySuffix.get(taskId.slice(-TASK_SUFFIX_LENGTH)) : undefined);
}

/** The dossier of a task, or undefined when the text is no taskId. */
export function dossierIdOfTask(taskId: string): DossierId | undefined {
  return TASK_ID.test(taskId) ? taskId.slice(0, DOSSIER_ID_LENGTH) : undefined;
}

export function clearanceIdOf(dossierId: DossierId, version: number): string {
  return `${dossierId}-v${version}`;
}

export function declarationIdOf(tenant: Tenant, messageId: string, digest: string): string {
  return hashOf(32, 'declaration', tenant, messageId, digest);
}

export function receiptIdOf(tenant: Tenant, messageId: string, digest: string): string {
  return hashOf(32, 'receipt', tenant, messageId, digest);
}
