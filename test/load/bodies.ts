import type { Declaration } from '../../gateway/core/declaration';
import { writeEpcDeclaration } from '../../gateway/wire/epc/write-epc';
import { arrivalJson, type ArrivalOptions } from '../support/fixtures';

/**
 * Bodies made ahead, of which only the message id and the ship's IMO number are written anew for each request: the generator shares
 * the machine with what it measures, so a request of 12 kB may cost it a copy and no more.
 */
export type NamedSize = 'small' | 'typical' | 'large' | 'huge';
/** A number: so many consignments, everything else as in a typical one. */
export type Size = NamedSize | number;
export type Format = 'xml' | 'json';
export type Kind = 'original' | 'amendment' | 'invalid';

export interface Body {
  bytes: Buffer;
  contentType: string;
  /** Where the message id stands, `ID_LENGTH` characters. */
  ids: number[];
  /** Where the message id of the dossier's first message stands, where that is another one. */
  roots: number[];
  /** Where the IMO number stands: a ship of its own for each dossier, or all would share one open call. */
  ships: number[];
}

const ID = 'bench-0000000000000';
const ROOT = 'bench-1111111111111';
const IMO = '9876543';
export const ID_LENGTH = ID.length;

const FORMALITIES = ['generalDeclaration', 'cargo', 'shipStores', 'crewList'] as const;
const TYPICAL_CONSIGNMENTS = 4;

/**
 * 2.2, 12, 600 and 3,000 kB of XML (docs/performance.md "The unit of work": 20 crew, 4 consignments, stores); all are valid without a
 * warning and cleared by the rules at once.
 */
function optionsOf(size: Size): ArrivalOptions {
  switch (size) {
    case 'small':
      return { crew: 0, consignments: 0, stores: 0, dangerousGoods: 0, formalities: ['generalDeclaration'] };
    case 'typical':
      return optionsOf(TYPICAL_CONSIGNMENTS);
    case 'large':
      return optionsOf(1_000);
    case 'huge':
      return optionsOf(5_000);
    default:
      return { crew: 20, consignments: size, stores: 3, dangerousGoods: 0, formalities: FORMALITIES };
  }
}

/** Of one declaration (schemas/declaration.schema.json). */
const MOST_CONSIGNMENTS = 9_999;

/** How many consignments a body of at most so many bytes may have. */
export function consignmentsWithin(bytes: number, format: Format, nowMs: number): number {
  const sizeOf = (consignments: number): number => makeBody(consignments, format, 'original', nowMs).bytes.length;
  const [few, many] = [1_000, 2_000];
  const each = (sizeOf(many) - sizeOf(few)) / (many - few);
  let count = Math.min(MOST_CONSIGNMENTS, few + Math.floor((bytes - sizeOf(few)) / each));
  while (count > 0 && sizeOf(count) > bytes) count -= Math.max(1, Math.ceil((sizeOf(count) - bytes) / each));
  return count;
}

/** Three days ahead: within every notice time. */
export function makeBody(size: Size, format: Format, kind: Kind, nowMs: number): Body {
  const options: ArrivalOptions = {
    ...optionsOf(size),
    messageId: ID,
    imoNumber: IMO,
    eta: isoSecond(nowMs + 3 * 86_400_000),
    sentAt: isoSecond(nowMs),
    // An amendment says something else of the ship, which every agency sees.
    ...(kind === 'amendment' ? { shipName: 'TRUONG DAT STAR II' } : {}),
    // A fault that only the last step of the validation can find.
    ...(kind === 'invalid' ? { port: 'VNZZZ' } : {}),
  };
  const declaration = lean(arrivalJson(options));
  const bytes = Buffer.from(format === 'xml' ? writeEpcDeclaration(declaration, 'epc-2021') : json(declaration, kind));
  return {
    bytes,
    contentType: format === 'xml' ? 'application/xml' : 'application/json',
    ids: placesOf(bytes, ID),
    roots: placesOf(bytes, ROOT),
    ships: placesOf(bytes, IMO),
  };
}

/** Without what few agents' systems fill in. */
function lean(declaration: Declaration): Declaration {
  for (const agent of declaration.agents ?? []) {
    delete agent.address;
    delete agent.contact;
  }
  if (declaration.ship !== undefined) delete declaration.ship.satelliteNumbers;
  for (const { items } of declaration.formalities?.cargo?.consignments ?? []) for (const item of items ?? []) delete item.marksAndNumbers;
  return declaration;
}

/** EPC amends by a resend under the same id; JSON by a message of its own that names the first. */
function json(declaration: Declaration, kind: Kind): string {
  if (kind === 'amendment') Object.assign(declaration.header, { purpose: 'amend', referenceMessageId: ROOT });
  return JSON.stringify(declaration);
}

function placesOf(bytes: Buffer, text: string): number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) places.push(at);
  return places;
}

function isoSecond(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** The nth message id of a run: `run` has five characters. */
export function idOf(run: string, n: number): string {
  return `${run}-${String(n).padStart(ID_LENGTH - run.length - 1, '0')}`;
}

/** The nth of 899,999 IMO numbers with a right check digit. */
export function shipOf(n: number): string {
  const serial = 100_000 + (n % 899_999);
  let sum = 0;
  for (let rest = serial, weight = 2; weight <= 7; rest = Math.floor(rest / 10), weight++) sum += (rest % 10) * weight;
  return `${serial}${sum % 10}`;
}
