import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import schema from '../../../../schemas/credentials.schema.json';
import type { ApiKey } from '../authenticate';
import { validityOf } from './api-key-table';
import type { CertificateRow } from './certificate-table';

/** What the file of API_KEYS_FILE says (schemas/credentials.schema.json). */
export interface Credentials {
  keys: ApiKey[];
  certificates?: CertificateRow[];
}

/** Every fault of the file at once. */
export class CredentialsFault extends Error {
  readonly faults: string[];

  constructor(faults: string[]) {
    super(faults.join('; '));
    this.name = 'CredentialsFault';
    this.faults = faults;
  }
}

/** So many keys of one principal are valid at a time: the old and the new one while a client changes over. */
const VALID_AT_A_TIME = 2;
const MAX_FAULTS = 20;

const ajv = new Ajv2020({ allErrors: true, strict: true });
addFormats(ajv);
const isCredentials = ajv.compile<Credentials>(schema);

/**
 * Reads the text of the file.
 * @throws CredentialsFault naming every fault; none repeats a value, which might be a key by mistake
 */
export function readCredentials(text: string, agencies: readonly string[]): Credentials {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // The parser's message quotes the text.
    throw new CredentialsFault(['it is not JSON']);
  }
  if (!isCredentials(content)) {
    const faults = (isCredentials.errors ?? []).map(({ instancePath, message, keyword, params }) => {
      const name: unknown = params['additionalProperty'];
      return `${instancePath} ${message ?? keyword}${typeof name === 'string' ? ` (${name.slice(0, 40)})` : ''}`.trim();
    });
    throw new CredentialsFault([...new Set(faults)].slice(0, MAX_FAULTS));
  }
  const faults = [...agencyFaults(content, agencies), ...keyFaults(content.keys), ...certificateFaults(content.certificates ?? [])];
  if (faults.length > 0) throw new CredentialsFault(faults.slice(0, MAX_FAULTS));
  return content;
}

function certificateFaults(rows: readonly CertificateRow[]): string[] {
  const places = new Map<string, number>();
  return rows.flatMap(({ san, subject }, place) => {
    const name = JSON.stringify([san, subject]);
    const other = places.get(name);
    places.set(name, place);
    return other === undefined ? [] : [`/certificates/${place} is that of /certificates/${other} once more`];
  });
}

function agencyFaults({ keys, certificates = [] }: Credentials, agencies: readonly string[]): string[] {
  const faults = (rows: readonly { agency?: string }[], place: string): string[] =>
    rows.flatMap(({ agency }, i) => (agency === undefined || agencies.includes(agency) ? [] : [`${place}/${i} names an unknown agency`]));
  return [...faults(keys, '/keys'), ...faults(certificates, '/certificates')];
}

function keyFaults(keys: readonly ApiKey[]): string[] {
  const faults: string[] = [];
  const places = new Map<string, number>();
  const principals = new Map<string, { place: number; fromMs: number; untilMs: number }[]>();
  for (const [place, key] of keys.entries()) {
    const other = places.get(key.sha256);
    if (other !== undefined) faults.push(`/keys/${place} is the key of /keys/${other} once more`);
    places.set(key.sha256, place);
    const { fromMs, untilMs } = validityOf(key);
    if (untilMs <= fromMs) faults.push(`/keys/${place} expires before it is valid`);
    const principal = JSON.stringify([key.role, key.tenant, key.agency, key.name]);
    principals.set(principal, [...(principals.get(principal) ?? []), { place, fromMs, untilMs }]);
  }
  for (const own of principals.values()) {
    // The most are valid at a moment at which one begins.
    const crowded = own.find(({ fromMs }) => own.filter((key) => key.fromMs <= fromMs && fromMs < key.untilMs).length > VALID_AT_A_TIME);
    if (crowded !== undefined)
      faults.push(`${own.map(({ place }) => `/keys/${place}`).join(', ')}: more than two keys of one name are valid at a time`);
  }
  return faults;
}
