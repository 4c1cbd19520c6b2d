import { finderOf, type CodeRow } from '../runtime/assessment';

/** Every code of the tax authority; the README's table is kept equal by a test. */
export const taxCodes = {
  'TAX-CODE-NONE': { rule: 'tax-code', kind: 'note', meaning: 'Neither declarant nor agent gives a tax code.' },
  'TAX-CODE-CHECK-DIGIT': {
    rule: 'tax-code',
    kind: 'moreInfo',
    meaning: 'A tax code fails its check digit. A policy row makes it a note by default.',
  },
  'TAX-PAYER-UNKNOWN': { rule: 'known-taxpayer', kind: 'note', meaning: 'A tax code that is not in the register of taxpayers held here.' },
  'TAX-PAYER-CLOSED': { rule: 'known-taxpayer', kind: 'condition', meaning: 'The tax code of declarant or agent is closed.' },
  'TAX-PAYER-SUSPENDED': { rule: 'known-taxpayer', kind: 'note', meaning: 'The tax code of declarant or agent is suspended.' },
  'TAX-ENFORCEMENT-STOP': {
    rule: 'enforcement-stop',
    kind: 'refuse',
    meaning:
      'Declarant or agent is under enforcement by stopping customs procedures (Circular 38/2015/TT-BTC Art. 19.2a). Blocks by policy of the rule set.',
  },
  'TAX-ENFORCEMENT-GOODS': {
    rule: 'enforcement-stop',
    kind: 'condition',
    meaning: 'A consignee is under enforcement by stopping customs procedures: its goods are not released. The ship may come.',
  },
  'TAX-DUES-OUTSTANDING': {
    rule: 'ship-dues',
    kind: 'condition',
    meaning: 'Charges of the ship from earlier calls are not paid: to be paid before departure.',
  },
  'TAX-CHARGE': { rule: 'charges', kind: 'note', meaning: 'A charge of this call by the tariff in force on its date.' },
  'TAX-CHARGE-UNKNOWN': { rule: 'charges', kind: 'note', meaning: 'A charge cannot be computed from what is declared.' },
} as const satisfies Record<string, CodeRow>;

export type TaxRuleCode = keyof typeof taxCodes;

export const found = finderOf<TaxRuleCode>(taxCodes);
