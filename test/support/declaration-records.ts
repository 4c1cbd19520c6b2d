import type { Declaration } from '../../gateway/core/declaration';
import { declarationIdOf, digestOf, dossierCodeOf, dossierIdOf, receiptIdOf } from '../../gateway/core/identifiers';
import type { DeclarationAction, DeclarationRecord } from '../../gateway/core/messages';
import { ruleSetOf } from '../../gateway/core/rule-set';
import { shippedRules } from './test-rules';

export interface RecordOptions {
  tenant?: string;
  messageId?: string;
  action?: DeclarationAction;
  /** Message id that opened the dossier; its own by default. */
  root?: string;
  dialect?: string;
  receivedAt?: string;
  sentAt?: string;
  baseRevision?: number;
  test?: boolean;
  /** Members that replace those of the small arrival; undefined removes one. */
  declaration?: { [Key in keyof Declaration]?: Declaration[Key] | undefined };
}

/** The least that every agency is asked about: an arrival two days ahead under Decree 336 that owes nothing but what it carries. */
export function smallArrival(): Declaration {
  return {
    header: { messageId: 'M-1', purpose: 'original', declarationType: 'arrival', sentAt: '2026-11-24T02:00:00Z' },
    portCall: {
      portOfCall: { unLocode: 'VNHPH' },
      eta: '2026-11-26T02:00:00Z',
      previousPorts: [{ sequenceNumber: 1, port: { unLocode: 'SGSIN' }, to: '2026-11-19' }],
    },
    ship: { name: 'SONG CAM STAR', imoNumber: '9074729' },
    formalities: {
      generalDeclaration: { crewCount: 0, passengerCount: 0 },
      cargo: { consignments: [{ transportContractNumber: 'BL-1', items: [{ itemNumber: 1, description: 'Rice' }] }] },
    },
  };
}

/** What intake would have appended. Other content makes another digest. */
export function declarationRecord(options: RecordOptions = {}): DeclarationRecord {
  const { tenant = 'agent', messageId = 'M-1', action = 'original', dialect = 'json', test = false } = options;
  const { receivedAt = '2026-11-24T03:00:00Z', sentAt = '2026-11-24T02:00:00Z', baseRevision } = options;
  const merged = Object.entries({ ...smallArrival(), ...options.declaration }).filter(([, value]) => value !== undefined);
  const declaration = Object.fromEntries(merged) as unknown as Declaration;
  declaration.header = {
    ...declaration.header,
    messageId,
    purpose: action,
    sentAt,
    ...(baseRevision === undefined ? {} : { baseRevision }),
    ...(test ? { testIndicator: true } : {}),
  };
  const dossierId = dossierIdOf(tenant, options.root ?? messageId);
  const dossierCode = dossierCodeOf(dossierId);
  const digest = digestOf(JSON.stringify([declaration, dialect]));
  const declarationId = declarationIdOf(tenant, messageId, digest);
  return {
    tenant,
    dossierId,
    dossierCode,
    declarationId,
    messageId,
    digest,
    dialect,
    action,
    receivedAt,
    test,
    ruleSet: ruleSetOf(declaration, receivedAt, shippedRules).id,
    receipt: {
      receiptId: receiptIdOf(tenant, messageId, digest),
      dossierId,
      dossierCode,
      declarationId,
      messageId,
      action,
      status: 'received',
      receivedAt,
      agencies: [],
      warnings: [],
      signature: 'test',
    },
    declaration,
  };
}
