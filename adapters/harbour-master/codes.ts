import { finderOf, type CodeRow } from '../runtime/assessment';

/** Every code of the harbour master; the README's table is kept equal by a test. */
export const harbourMasterCodes = {
  'HM-STOP-REFUSED': {
    rule: 'temporary-stop',
    kind: 'refuse',
    meaning: 'The ship, its last port or the port is stopped and the stop refuses the call (Maritime Code Art. 80, court arrest).',
  },
  'HM-STOP-HOLD': { rule: 'temporary-stop', kind: 'hold', meaning: 'A temporary stop (Art. 80) holds the call until it is lifted.' },
  'HM-STOP-CONDITION': { rule: 'temporary-stop', kind: 'condition', meaning: 'A stop lets the call go on under a condition.' },
  'HM-STOP-NOTE': { rule: 'temporary-stop', kind: 'note', meaning: 'A stop that only has to be told.' },
  'HM-STOP-LIFTED': {
    rule: 'temporary-stop',
    kind: 'release',
    meaning: 'A stop on this ship or port has ended: an amended call is released.',
  },
  'HM-NOTICE-LATE': {
    rule: 'notice-in-time',
    kind: 'condition',
    meaning: 'The general declaration, or the notice itself, came later than the law asks. Accepted on the condition named.',
  },
  'HM-DG-NOTICE-LATE': {
    rule: 'notice-in-time',
    kind: 'condition',
    meaning: 'The dangerous goods declaration came later than the law asks.',
  },
  'HM-SECURITY-NOTICE-LATE': { rule: 'notice-in-time', kind: 'note', meaning: 'The security notification came later than the law asks.' },
  'HM-CHANGED-AFTER-LIMIT': {
    rule: 'notice-in-time',
    kind: 'note',
    meaning: 'A later revision came within the notice time; the first notice is what counts.',
  },
  'HM-TIME-MISSING': { rule: 'notice-in-time', kind: 'moreInfo', meaning: 'Neither an expected nor an actual time of the call is given.' },
  'HM-SHIP-UNKNOWN': { rule: 'ship-identity', kind: 'note', meaning: 'The ship is not in the register of ships known here.' },
  'HM-SHIP-NO-IMO': {
    rule: 'ship-identity',
    kind: 'note',
    meaning: 'No IMO number, though the gross tonnage asks for one (SOLAS XI-1/3).',
  },
  'HM-SHIP-DIFFERS': {
    rule: 'ship-identity',
    kind: 'note',
    meaning: 'Name, call sign or flag differ from the register.',
  },
  'HM-SHIP-IDENTITY': {
    rule: 'ship-identity',
    kind: 'condition',
    meaning: 'Name, call sign and flag all differ from the register under this IMO number: the certificate of registry is to be shown.',
  },
  'HM-CERTIFICATE-EXPIRED': { rule: 'certificates', kind: 'condition', meaning: 'The certificate of registry ends before the call.' },
  'HM-CERTIFICATE-INVALID': { rule: 'certificates', kind: 'condition', meaning: 'The certificate of registry is declared as not valid.' },
  'HM-ISSC-NO-REASON': {
    rule: 'isps',
    kind: 'moreInfo',
    meaning: 'No valid International Ship Security Certificate and no reason given, at security level 1.',
  },
  'HM-ISSC-REFUSED': {
    rule: 'isps',
    kind: 'refuse',
    meaning: 'No valid International Ship Security Certificate and no reason given, at security level 2 or 3 of ship or port.',
  },
  'HM-ISSC-REASON': {
    rule: 'isps',
    kind: 'condition',
    meaning: 'No valid International Ship Security Certificate, with a reason: security check on arrival.',
  },
  'HM-ISSC-EXPIRED': { rule: 'isps', kind: 'condition', meaning: 'The security certificate is declared valid and ends before the call.' },
  'HM-SECURITY-LEVEL-BELOW-PORT': {
    rule: 'isps',
    kind: 'condition',
    meaning: 'The ship works at a lower security level than the port (ISPS A/4.3).',
  },
  'HM-SECURITY-LEVEL-ABOVE-PORT': { rule: 'isps', kind: 'note', meaning: 'The ship works at a higher security level than the port.' },
  'HM-SECURITY-NO-PLAN': { rule: 'isps', kind: 'condition', meaning: 'No approved ship security plan on board.' },
  'HM-DRAUGHT-EXCEEDED': {
    rule: 'berth-limits',
    kind: 'refuse',
    meaning: 'The draught is more than the facility named, or its channel, takes.',
  },
  'HM-LENGTH-EXCEEDED': {
    rule: 'berth-limits',
    kind: 'refuse',
    meaning: 'The length is more than the facility named, or its channel, takes.',
  },
  'HM-TONNAGE-EXCEEDED': { rule: 'berth-limits', kind: 'refuse', meaning: 'The gross tonnage is more than the facility named takes.' },
  'HM-FACILITY-UNKNOWN': {
    rule: 'berth-limits',
    kind: 'note',
    meaning: 'The facility named is not in the register: limits were not checked.',
  },
  'HM-DG-LIST-MISSING': {
    rule: 'dangerous-goods',
    kind: 'moreInfo',
    meaning: 'Dangerous goods are carried, none is listed and no manifest is on board.',
  },
  'HM-DG-MANIFEST': {
    rule: 'dangerous-goods',
    kind: 'condition',
    meaning: 'Dangerous goods are carried and none is listed: the manifest is to be shown before cargo work.',
  },
  'HM-DG-SPECIAL': {
    rule: 'dangerous-goods',
    kind: 'condition',
    meaning: 'Explosives, radioactive or INF cargo: berth, time and escort as ordered.',
  },
  'HM-DG-FACILITY': { rule: 'dangerous-goods', kind: 'refuse', meaning: 'The facility named does not take goods of this class.' },
  'HM-DG-CARRIED': { rule: 'dangerous-goods', kind: 'note', meaning: 'Dangerous goods on board, listed.' },
  'HM-PERSONS-COUNT': {
    rule: 'persons-on-board',
    kind: 'condition',
    meaning: 'Crew and passengers do not add up to the persons on board: the count is to be confirmed.',
  },
  'HM-PERSONS-UNKNOWN': { rule: 'persons-on-board', kind: 'note', meaning: 'The number of persons on board is not given.' },
  'HM-PREVIOUS-PORT-LEVEL': { rule: 'previous-ports', kind: 'note', meaning: 'One of the last ten calls was at security level 2 or 3.' },
  'HM-PREVIOUS-PORTS-MISSING': { rule: 'previous-ports', kind: 'note', meaning: 'No previous port is given on an international arrival.' },
} as const satisfies Record<string, CodeRow>;

export type HarbourMasterCode = keyof typeof harbourMasterCodes;

export const found = finderOf<HarbourMasterCode>(harbourMasterCodes);
