import { finderOf, type CodeRow } from '../runtime/assessment';

/** A customs finding may move the cargo out of the green channel. */
export interface CustomsCodeRow extends CodeRow {
  channel?: 'yellow' | 'red';
}

/** Every code of customs; the README's table is kept equal by a test. */
export const customsCodes = {
  'CUS-STOP-REFUSED': { rule: 'holds', kind: 'refuse', meaning: 'A stop of customs on this ship or bill refuses it.' },
  'CUS-HOLD': { rule: 'holds', kind: 'hold', channel: 'red', meaning: 'A bill, consignee or ship is under inquiry: held until released.' },
  'CUS-STOP-CONDITION': { rule: 'holds', kind: 'condition', meaning: 'A stop lets it go on under a condition.' },
  'CUS-STOP-NOTE': { rule: 'holds', kind: 'note', meaning: 'A stop that only has to be told.' },
  'CUS-RELEASED': { rule: 'holds', kind: 'release', meaning: 'The inquiry has ended: an amended call is released.' },
  'CUS-CARGO-MISSING': {
    rule: 'cargo-declaration',
    kind: 'moreInfo',
    meaning: 'A cargo declaration is announced, not there, and its time has passed.',
  },
  'CUS-CARGO-AWAITED': {
    rule: 'cargo-declaration',
    kind: 'condition',
    meaning: 'Cargo is described and to be worked, no cargo declaration is there and its time has passed: no cargo work before it.',
  },
  'CUS-CARGO-EXPECTED': { rule: 'cargo-declaration', kind: 'note', meaning: 'The cargo declaration is not there yet and still in time.' },
  'CUS-CARGO-LATE': { rule: 'cargo-declaration', kind: 'note', meaning: 'The cargo declaration came later than the law asks.' },
  'CUS-BILL-MISSING': { rule: 'bills-of-lading', kind: 'note', channel: 'yellow', meaning: 'A consignment has no bill of lading number.' },
  'CUS-BILL-REPEATED': {
    rule: 'bills-of-lading',
    kind: 'note',
    channel: 'yellow',
    meaning: 'A bill of lading number occurs in more than one consignment.',
  },
  'CUS-BILL-PORT': {
    rule: 'bills-of-lading',
    kind: 'note',
    channel: 'yellow',
    meaning: 'Cargo to be discharged or loaded here names another port for it.',
  },
  'CUS-HS-MISSING': { rule: 'goods-codes', kind: 'note', channel: 'yellow', meaning: 'Goods without an HS code.' },
  'CUS-HS-FORM': {
    rule: 'goods-codes',
    kind: 'note',
    channel: 'yellow',
    meaning: 'An HS code that cannot be: an odd number of digits, or a chapter that does not exist.',
  },
  'CUS-PROHIBITED': { rule: 'prohibited-goods', kind: 'refuse', channel: 'red', meaning: 'Goods whose import or export is prohibited.' },
  'CUS-PROHIBITED-ON-BOARD': {
    rule: 'prohibited-goods',
    kind: 'note',
    channel: 'yellow',
    meaning: 'Goods of the prohibited list stay on board or pass in transit.',
  },
  'CUS-LICENCE-MISSING': {
    rule: 'licensed-goods',
    kind: 'moreInfo',
    channel: 'yellow',
    meaning: 'Goods that need a licence, and none is attached.',
  },
  'CUS-LICENCE-ATTACHED': {
    rule: 'licensed-goods',
    kind: 'note',
    channel: 'yellow',
    meaning: 'Goods that need a licence; one is attached and will be read.',
  },
  'CUS-DG-CLASS': {
    rule: 'dangerous-goods',
    kind: 'condition',
    channel: 'red',
    meaning: 'The class declared does not belong to the UN number: the declaration is corrected before discharge.',
  },
  'CUS-DG-CONTRADICTION': {
    rule: 'dangerous-goods',
    kind: 'condition',
    channel: 'red',
    meaning: 'Dangerous goods are listed in the cargo and denied in the dangerous goods declaration.',
  },
  'CUS-DG-UNKNOWN': { rule: 'dangerous-goods', kind: 'note', channel: 'yellow', meaning: 'A UN number that is not in the list held here.' },
  'CUS-DG-PACKING-GROUP': {
    rule: 'dangerous-goods',
    kind: 'note',
    channel: 'yellow',
    meaning: 'The packing group is not one of the UN number.',
  },
  'CUS-DG-NOT-DECLARED': {
    rule: 'dangerous-goods',
    kind: 'note',
    channel: 'yellow',
    meaning: 'Dangerous goods are in the cargo or announced, and no dangerous goods declaration is there yet.',
  },
  'CUS-DG-PRESENT': {
    rule: 'dangerous-goods',
    kind: 'note',
    channel: 'yellow',
    meaning: 'Dangerous goods, held against the list of UN numbers.',
  },
  'CUS-STORES-SEAL': {
    rule: 'stores',
    kind: 'note',
    channel: 'yellow',
    meaning: 'Stores above the allowance: the surplus is sealed for the stay.',
  },
  'CUS-EFFECTS-SURPLUS': {
    rule: 'crew-effects',
    kind: 'note',
    channel: 'yellow',
    meaning: 'Effects above the allowance: duty is due when they are taken ashore.',
  },
  'CUS-EFFECTS-WEAPON': {
    rule: 'crew-effects',
    kind: 'condition',
    meaning: 'A weapon among the effects: handed over for safe keeping on arrival.',
  },
  'CUS-CHANNEL-GREEN': { rule: 'channel', kind: 'note', meaning: 'Green channel: no check.' },
  'CUS-CHANNEL-YELLOW': { rule: 'channel', kind: 'note', meaning: 'Yellow channel: documents are checked.' },
  'CUS-CHANNEL-RED': { rule: 'channel', kind: 'condition', meaning: 'Red channel: physical inspection before release.' },
} as const satisfies Record<string, CustomsCodeRow>;

export type CustomsCode = keyof typeof customsCodes;

export const found = finderOf<CustomsCode>(customsCodes);
