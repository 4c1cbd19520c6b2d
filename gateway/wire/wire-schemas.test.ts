import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { clearanceIdOf, declarationIdOf, digestOf, dossierCodeOf, dossierIdOf, receiptIdOf, taskIdOf } from '../core/identifiers';
import type { Clearance, DeclarationRecord, Receipt, RequestMessage, ResultMessage } from '../core/messages';

const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false, strictTypes: false });
addFormats(ajv);
for (const name of ['declaration', 'decision', 'request', 'result', 'clearance', 'receipt', 'declaration-record'])
  ajv.addSchema(JSON.parse(readFileSync(join(__dirname, '../../schemas', `${name}.schema.json`), 'utf8')) as object, name);

const at = '2026-11-24T03:00:00Z';
const dossierId = dossierIdOf('agent', 'm-1');
const dossierCode = dossierCodeOf(dossierId);
const digest = digestOf('{}');
const signature = 'eyJhbGciOiJFZERTQSJ9..c2lnbmF0dXJl';

const request: RequestMessage = {
  taskId: taskIdOf(dossierId, 'tax', 1),
  dossierId,
  dossierCode,
  revision: 1,
  agency: 'tax',
  role: 'advises',
  dueAt: at,
  action: 'original',
  test: false,
  receivedAt: at,
  ruleSet: 'nd-336-2026',
  view: {},
};
const receipt: Receipt = {
  receiptId: receiptIdOf('agent', 'm-1', digest),
  dossierId,
  dossierCode,
  declarationId: declarationIdOf('agent', 'm-1', digest),
  messageId: 'm-1',
  action: 'original',
  status: 'received',
  receivedAt: at,
  agencies: [{ agency: 'tax', role: 'advises', dueAt: at }],
  warnings: [
    {
      code: 'code-unknown',
      severity: 'warning',
      pointer: '/ship/shipTypeCode',
      message: 'The code is not in the list.',
      messageVi: 'Mã không có.',
    },
  ],
  signature,
};
const clearance: Clearance = {
  clearanceId: clearanceIdOf(dossierId, 1),
  dossierId,
  dossierCode,
  version: 1,
  revision: 1,
  status: 'conditional',
  statusCode: '3',
  final: true,
  ruleSet: 'nd-336-2026',
  issuedAt: at,
  summary: 's',
  summaryVi: 's',
  agencies: [
    {
      agency: 'tax',
      role: 'advises',
      status: 'accepted',
      decidedAt: at,
      dueAt: at,
      overdue: false,
      reasons: [{ code: 'TAX-CHARGE', text: 't' }],
      conditions: [],
    },
  ],
  conditions: [{ agency: 'customs', code: 'CUS-INSPECTION', text: 't' }],
  missing: [{ formality: 'cargo', dueAt: at }],
  stages: { received: at },
  basis: { partition: 0, offset: 12 },
  signature,
};
const result: ResultMessage = {
  dossierId,
  dossierCode,
  version: 1,
  status: 'granted',
  decisions: [{ agency: 'tax', outcome: 'withdrawn', conditions: [] }],
  dueAt: at,
};
const record: DeclarationRecord = {
  tenant: 'agent',
  dossierId,
  dossierCode,
  declarationId: receipt.declarationId,
  messageId: 'm-1',
  digest,
  dialect: 'json',
  action: 'cancel',
  receivedAt: at,
  test: false,
  ruleSet: 'nd-336-2026',
  receipt,
  declaration: {
    header: { messageId: 'm-2', referenceMessageId: 'm-1', purpose: 'cancel', declarationType: 'arrival', sentAt: at },
    cancellation: { reason: 'bad weather' },
  },
};

function faultsOf(schema: string, value: unknown): string[] {
  const validate = ajv.getSchema(schema);
  if (validate === undefined) throw new Error(`no schema ${schema}`);
  return validate(value) === true ? [] : (validate.errors ?? []).map((fault) => `${fault.instancePath} ${fault.message ?? ''}`);
}

describe('the schemas of what travels on the topics', () => {
  it.each([
    ['request', request],
    ['receipt', receipt],
    ['clearance', clearance],
    ['clearance', { ...clearance, version: 0, status: 'pending', statusCode: '45', issuedAt: undefined, signature: undefined }],
    ['result', result],
    ['declaration-record', record],
  ])('%s takes what core/messages.ts describes', (schema, value) => {
    expect(faultsOf(schema, JSON.parse(JSON.stringify(value)))).toEqual([]);
  });

  it('an issued clearance is signed', () => {
    const { signature: _signature, ...unsigned } = clearance;
    expect(faultsOf('clearance', unsigned)).not.toEqual([]);
  });

  it.each(['request', 'receipt', 'clearance', 'result', 'declaration-record'])('%s refuses an empty object', (schema) => {
    expect(faultsOf(schema, {})).not.toEqual([]);
  });

  it('a record holds a valid declaration and receipt', () => {
    expect(faultsOf('declaration-record', { ...record, declaration: { header: {} } })).not.toEqual([]);
    expect(faultsOf('declaration-record', { ...record, receipt: {} })).not.toEqual([]);
  });
});
