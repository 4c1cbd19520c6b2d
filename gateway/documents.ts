import type { FoldRules } from './core/fold';
import { codeLists } from './core/code-lists';
import type { Documents } from './edges/http/gateway-api';
import { clearancePdf } from './edges/pdf/clearance-pdf';
import { clearanceHtml } from './wire/clearance-sheet/clearance-html';
import { createClearanceSheet } from './wire/clearance-sheet/clearance-sheet';

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
    openapi: {},
    asyncapi: {},
    services: { items: [] },
    codeLists,
  };
}
