import { finderOf, type CodeRow } from '../runtime/assessment';

/** Every code of planning and investment; the README's table is kept equal by a test. */
export const planningCodes = {
  'PLAN-ENTERPRISE-DISSOLVED': {
    rule: 'enterprise-status',
    kind: 'refuse',
    meaning: 'Declarant or agent is dissolved or has ended. Blocks by policy of the rule set.',
  },
  'PLAN-ENTERPRISE-REVOKED': {
    rule: 'enterprise-status',
    kind: 'refuse',
    meaning: 'The registration of declarant or agent is revoked. Blocks by policy of the rule set.',
  },
  'PLAN-ENTERPRISE-NOT-OPERATING': {
    rule: 'enterprise-status',
    kind: 'condition',
    meaning:
      'Declarant or agent is suspended, not at its address, in bankruptcy (condition) or being dissolved (note): as the dated list of statuses says.',
  },
  'PLAN-ENTERPRISE-OPERATING': {
    rule: 'enterprise-status',
    kind: 'note',
    meaning: 'Only where the list of statuses asks for it: operating.',
  },
  'PLAN-ENTERPRISE-UNKNOWN': {
    rule: 'enterprise-status',
    kind: 'note',
    meaning: 'An enterprise code that is not in the register held here.',
  },
  'PLAN-ENTERPRISE-NO-CODE': { rule: 'enterprise-status', kind: 'note', meaning: 'Neither declarant nor agent gives an enterprise code.' },
  'PLAN-CONSIGNEE-STATUS': {
    rule: 'enterprise-status',
    kind: 'condition',
    meaning: 'A consignee is dissolved or revoked: another consignee is named before its goods are released. The ship may come.',
  },
  'PLAN-BUSINESS-LINE': {
    rule: 'business-lines',
    kind: 'condition',
    meaning: 'A known agent has not registered a line of ship agency (Decree 160/2016).',
  },
  'PLAN-TRADE-LINE': { rule: 'business-lines', kind: 'note', meaning: 'A known consignee has not registered a line that its goods need.' },
  'PLAN-INVESTMENT-MISSING': {
    rule: 'investment-certificate',
    kind: 'condition',
    meaning: 'A foreign-invested consignee has no investment certificate on record.',
  },
  'PLAN-INVESTMENT-EXPIRED': {
    rule: 'investment-certificate',
    kind: 'condition',
    meaning: 'The investment certificate of a foreign-invested consignee is not in force on the date of the call.',
  },
  'PLAN-PROJECT-GOODS': { rule: 'project-goods', kind: 'note', meaning: 'Goods of the kinds of a declared investment project.' },
  'PLAN-PROJECT-OUTSIDE': {
    rule: 'project-goods',
    kind: 'note',
    meaning: 'Goods of other kinds than those of the project of the consignee.',
  },
  'PLAN-ZONE-GOODS': {
    rule: 'project-goods',
    kind: 'note',
    meaning: 'Goods for a free or export-processing zone: they go there under customs supervision.',
  },
  'PLAN-ZONE-OUTSIDE': {
    rule: 'project-goods',
    kind: 'condition',
    meaning: 'Goods for an enterprise in a zone that are not of the kinds of its project: the zone authority confirms them first.',
  },
} as const satisfies Record<string, CodeRow>;

export type PlanningCode = keyof typeof planningCodes;

export const found = finderOf<PlanningCode>(planningCodes);
