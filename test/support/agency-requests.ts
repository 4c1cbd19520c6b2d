import { dossierCodeOf, dossierIdOf, taskIdOf } from '../../gateway/core/identifiers';
import type { RequestMessage } from '../../gateway/core/messages';
import type { AgencyView, RuleFinding } from '../../adapters/runtime/assessment';

/** A plain good arrival of an unknown ship with an unknown agent: every agency accepts it. */
export const plainArrival = {
  header: { messageId: 'm-1', purpose: 'original', declarationType: 'arrival', sentAt: '2026-11-24T02:00:00Z' },
  portCall: {
    portOfCall: { unLocode: 'VNHPH', name: 'Hai Phong' },
    eta: '2026-11-26T02:00:00Z',
    etd: '2026-11-27T02:00:00Z',
    purposeOfCall: ['1'],
    lastPortOfCall: { unLocode: 'SGSIN' },
    previousPorts: [{ sequenceNumber: 1, port: { unLocode: 'SGSIN' }, from: '2026-11-20', to: '2026-11-22' }],
  },
  ship: {
    imoNumber: '9074729',
    callSign: '9VXX1',
    name: 'MORNING STAR',
    flagState: 'SG',
    grossTonnage: 15000,
    netTonnage: 8000,
    deadweight: 21000,
    lengthOverall: 170,
    beam: 27,
    shipTypeCode: '1511',
    registryCertificate: { identifier: 'R-1', expiryDate: '2030-01-01' },
  },
  voyage: { voyageNumber: '012N', voyageType: 'international' },
  declarant: { name: 'Unknown Agency Ltd' },
  agents: [{ name: 'Unknown Agency Ltd', roleCode: 'AG', taxCode: '0100109106' }],
  reportedFormalities: ['generalDeclaration', 'cargo', 'shipStores', 'crewEffects', 'security'],
  formalities: {
    generalDeclaration: {
      crewCount: 19,
      passengerCount: 0,
      personsOnboard: 19,
      cargoDescription: 'Containers',
      dangerousGoodsCarried: false,
      draughtFore: 8.1,
      draughtAft: 8.4,
    },
    cargo: {
      consignments: [
        {
          transportContractNumber: 'SINHPH001',
          portOfLoading: { unLocode: 'SGSIN' },
          portOfDischarge: { unLocode: 'VNHPH' },
          consignee: { name: 'Unknown Import Co', taxCode: '0200236845' },
          operation: 'discharge',
          items: [
            {
              itemNumber: 1,
              description: 'Laptop computers',
              hsCode: '847130',
              numberOfPackages: 400,
              packageTypeCode: 'CT',
              grossWeight: { value: 4200, unit: 'KGM' },
            },
          ],
        },
      ],
      equipment: [{ equipmentId: 'MSKU1234565', sizeTypeCode: '22G1', fullOrEmpty: 'full' }],
    },
    shipStores: { items: [{ sequenceNumber: 1, articleName: 'Cigarettes', quantity: { value: 4000, unit: 'NAR' } }] },
    crewEffects: {
      members: [
        { personSequenceNumber: 1, effects: [{ sequenceNumber: 1, description: 'Cigarettes', quantity: { value: 200, unit: 'NAR' } }] },
      ],
    },
    security: {
      isscValid: true,
      issc: { identifier: 'I-1', expiryDate: '2028-01-01' },
      securityPlanOnboard: true,
      currentSecurityLevel: '1',
      lastTenCalls: [{ port: { unLocode: 'SGSIN' }, securityLevel: '1' }],
    },
  },
} as const satisfies DeepReadonly<AgencyView>;

type DeepReadonly<T> = T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T;

export interface RequestChanges extends Partial<Omit<RequestMessage, 'view'>> {
  /** Merged into the plain arrival, deeply; arrays are replaced, null removes. */
  view?: Patch<AgencyView>;
  /** Instead of the plain arrival. */
  wholeView?: AgencyView;
}

type Patch<T> = T extends readonly unknown[] ? T : T extends object ? { [Key in keyof T]?: Patch<T[Key]> | null | undefined } : T;

/** A request to an agency, deeply frozen: assessing must not change it. */
export function agencyRequest(changes: RequestChanges = {}): RequestMessage {
  const { view, wholeView, ...rest } = changes;
  const dossierId = dossierIdOf('agent', 'm-1');
  const agency = rest.agency ?? 'customs';
  return deepFrozen({
    taskId: taskIdOf(dossierId, agency, 1),
    dossierId,
    dossierCode: dossierCodeOf(dossierId),
    revision: 1,
    agency,
    role: 'decides',
    dueAt: '2026-11-24T03:00:00Z',
    action: 'original',
    test: false,
    receivedAt: '2026-11-24T02:00:00Z',
    ruleSet: 'nd-336-2026',
    ...rest,
    view: (wholeView ?? merged(plainArrival, view)) as RequestMessage['view'],
  } satisfies RequestMessage);
}

function merged(base: unknown, patch: unknown): unknown {
  if (patch === undefined) return base;
  if (!isPlainObject(base) || !isPlainObject(patch)) return patch;
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merged(base[key], value);
  }
  return result;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function deepFrozen<T>(value: T): T {
  if (value !== null && typeof value === 'object' && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFrozen(member);
  }
  return value;
}

/** Codes of findings with their kinds: `HM-NOTICE-LATE condition`. */
export function codesOf(findings: RuleFinding[]): string[] {
  return findings.map((finding) => `${finding.code} ${finding.kind}`);
}
