import asyncapi from '../schemas/asyncapi.json';
import auditRecordSchema from '../schemas/audit-record.schema.json';
import clearanceSchema from '../schemas/clearance.schema.json';
import decisionSchema from '../schemas/decision.schema.json';
import declarationRecordSchema from '../schemas/declaration-record.schema.json';
import declarationSchema from '../schemas/declaration.schema.json';
import openapi from '../schemas/openapi.json';
import receiptSchema from '../schemas/receipt.schema.json';
import requestSchema from '../schemas/request.schema.json';
import resultSchema from '../schemas/result.schema.json';
import servicesSchema from '../schemas/services.schema.json';
import { codeLists } from './core/code-lists';
import type { FoldRules } from './core/fold';
import { problemCodes } from './core/problem-catalogue';
import type { Documents } from './edges/http/gateway-api';
import { problemStatus } from './edges/http/problem-status';
import { clearancePdf } from './edges/pdf/clearance-pdf';
import { createServiceCatalogue } from './service-catalogue';
import { clearanceHtml } from './wire/clearance-sheet/clearance-html';
import { createClearanceSheet } from './wire/clearance-sheet/clearance-sheet';
import { inlineSchemas } from './wire/inline-schemas';

const schemaFiles = {
  'audit-record.schema.json': auditRecordSchema,
  'clearance.schema.json': clearanceSchema,
  'decision.schema.json': decisionSchema,
  'declaration-record.schema.json': declarationRecordSchema,
  'declaration.schema.json': declarationSchema,
  'receipt.schema.json': receiptSchema,
  'request.schema.json': requestSchema,
  'result.schema.json': resultSchema,
  'services.schema.json': servicesSchema,
};

/** Forms of a clearance for people, and the public documents, made once at start. */
export function createDocuments(rules: FoldRules): Documents {
  const sheetOf = createClearanceSheet(rules);
  return {
    clearanceHtml: (clearance, language) => clearanceHtml(sheetOf(clearance, language)),
    clearancePdf: (clearance, language) => {
      const sheet = sheetOf(clearance, language);
      const createdAt = new Date(clearance.issuedAt ?? clearance.stages['received'] ?? 0);
      return clearancePdf(sheet, { createdAt, author: sheet.subtitle });
    },
    openapi: withProblemCodes(inlineSchemas(openapi, schemaFiles)),
    asyncapi: inlineSchemas(asyncapi, schemaFiles),
    services: createServiceCatalogue(rules),
    codeLists,
  };
}

/** The codes of the catalogue, in the enumeration and at each problem answer by its status: said once, in core and problem-status.ts. */
function withProblemCodes(document: typeof openapi): object {
  const { components, paths } = document;
  const statuses = new Map<string, number>();
  for (const item of Object.values(paths)) {
    for (const operation of Object.values(item)) {
      const { responses } = operation as { responses?: Record<string, { $ref?: string }> };
      for (const [status, { $ref }] of Object.entries(responses ?? {})) if ($ref !== undefined) statuses.set($ref, Number(status));
    }
  }
  const responses = Object.entries(components.responses).map(([name, response]) => {
    const status = statuses.get(`#/components/responses/${name}`);
    return [name, { ...response, 'x-problem-codes': problemCodes.filter((code) => problemStatus[code] === status) }];
  });
  return {
    ...document,
    components: {
      ...components,
      responses: Object.fromEntries(responses) as object,
      schemas: { ...components.schemas, ProblemCode: { ...components.schemas.ProblemCode, enum: problemCodes } },
    },
  };
}
