import { problem } from '../../core/problem-catalogue';
import type { Problem } from '../../core/problem';
import type { Reading, SourcePosition } from '../reading';
import { boolean, Refusal } from './conversions';
import { ElementTable, EPC } from './element-table';
import { bodyRules, finishDeclaration, headerRules, SECURITY_ELEMENTS } from './epc-mapping';
import { EpcReader, MIXED_CONTENT } from './epc-reader';
import type { Facts } from './epc-rules';
import { scanEpc } from './scan-epc';
import { readStrictXml, type XmlElement } from './strict-xml';

export { EPC_NAMESPACE } from './epc-elements';

export type EpcDialect = 'epc-2011' | 'epc-2021';

const BODIES = ['EPCRequestBody', 'EPCCancelBody', 'EPCReceiptBody', 'EPCAcknowledgeBody'];

/**
 * Reads an ISO 28005 EPCMessage of either dialect (ship-messages.md §1) into a candidate in canonical shape. Elements are matched by
 * local name in any order; a message may mix both dialects' spellings. `dialect` is the namespace of the children of the body (of
 * the body itself where it has none): in the EPC namespace epc-2011, in none epc-2021.
 *
 * Unreadable are what `readStrictXml` refuses, `dialect-unknown` (another root or root namespace) and a message without a body that
 * can be submitted (`required`). All other faults are reported together in `problems`, at most 1,000 errors and 1,000 warnings; refused values are left out.
 * Times stay as written. Never throws on input.
 *
 * Plain documents are scanned; whatever the scanner does not know for sure is read strictly, with the same result.
 */
export function readEpc(bytes: Buffer): Reading {
  // One table for all plain messages: a reading is over before the next one begins.
  if (scanEpc(bytes, scanned)) {
    const reading = readTable(scanned, () => scannedAgain(bytes));
    scanned = scanned.forNext();
    return reading;
  }
  return readEpcStrictly(bytes);
}

let scanned = new ElementTable();

/** The same, never by the scanner. */
export function readEpcStrictly(bytes: Buffer): Reading {
  const document = readStrictXml(bytes);
  if ('unreadable' in document) return document;
  const table = ElementTable.of(document);
  return readTable(table, () => table);
}

function readTable(table: ElementTable, again: () => ElementTable): Reading {
  if (table.localOf(0) !== 'EPCMessage' || table.namespaceOf(0) !== EPC) {
    return { unreadable: [problem('dialect-unknown', table.locate(0))] };
  }
  const parts = partsOf(table);
  if ('unreadable' in parts) return parts;

  const reader = new EpcReader(table);
  readMessage(reader, parts);
  let locate: ReturnType<typeof locatorIn> | undefined;
  return {
    dialect: dialectOf(table, parts.body),
    resendIsUpdate: true,
    candidate: reader.root.value ?? {},
    problems: reader.problems,
    locate(pointer: string): SourcePosition {
      // Positions are asked for when something is wrong: only then is the message read again, noting what came from where.
      locate ??= locatorIn(again());
      return locate(pointer);
    },
  };
}

interface Parts {
  header: number | undefined;
  body: number;
}

function partsOf(table: ElementTable): Parts | { unreadable: Problem[] } {
  let header: number | undefined;
  let body: number | undefined;
  let answer: number | undefined;
  for (let row = 1; row < table.count; row = table.endOf(row)) {
    if (!table.isEpc(row)) continue;
    const local = table.localOf(row);
    if (local === 'EPCMessageHeader') header ??= row;
    if (local === 'EPCRequestBody' || local === 'EPCCancelBody') body ??= row;
    if (BODIES.includes(local)) answer ??= row;
  }
  if (body !== undefined) return { header, body };
  const detail = answer === undefined ? NO_BODY : ANSWER_AS_SUBMISSION;
  const place = table.locate(answer ?? 0);
  return { unreadable: [problem('required', { ...place, xpath: '/EPCMessage/EPCRequestBody' }, detail)] };
}

function dialectOf(table: ElementTable, body: number): EpcDialect {
  let of = body;
  for (let child = body + 1; child < table.endOf(body) && of === body; child = table.endOf(child)) if (table.isEpc(child)) of = child;
  return table.namespaceOf(of) === EPC ? 'epc-2011' : 'epc-2021';
}

function readMessage(reader: EpcReader, { header, body }: Parts): void {
  const { table } = reader;
  for (let row = 1; row < table.count; row = table.endOf(row)) {
    if (row === header || row === body) continue;
    const local = table.localOf(row);
    const isSecond = table.isEpc(row) && (local === 'EPCMessageHeader' || BODIES.includes(local));
    reader.report(isSecond ? 'element-repeated' : 'unknown-element', row, reader.root, '');
  }
  if (table.hasText(0)) reader.report('format', 0, reader.root, '', MIXED_CONTENT);
  if (table.attributed !== undefined) {
    reader.report('element-unmapped', table.attributed, reader.root, '', ATTRIBUTES_IGNORED, 'warning');
  }

  const isCancel = table.localOf(body) === 'EPCCancelBody';
  reader.facts = factsOf(table, header, isCancel ? undefined : body);
  if (header === undefined) reader.report('required', 0, reader.root, '/header', NO_HEADER);
  else reader.readChildren(header, headerRules, reader.root);

  const candidate = (reader.root.value ??= {});
  const declared = (candidate['header'] ??= {}) as Record<string, unknown>;
  declared['purpose'] = isCancel ? 'cancel' : 'original';
  const messageId = declared['messageId'];
  if (messageId === undefined && header !== undefined) reader.report('required', header, reader.root, '/header/messageId', NO_MESSAGE_ID);
  if (declared['declarationType'] === undefined && header !== undefined && table.childText(header, 'ArrivalDeparture') === undefined) {
    declared['declarationType'] = reader.facts.declarationType;
    reader.report('required', header, reader.root, '/header/declarationType', TYPE_ASSUMED[reader.facts.declarationType], 'warning');
  }

  if (isCancel) {
    readCancel(reader, body, candidate, declared);
  } else {
    reader.readChildren(body, bodyRules, reader.root);
    finishDeclaration(reader);
  }
  if (reader.hasExtensions) candidate['extensions'] = { epc: reader.extensions };
}

function readCancel(reader: EpcReader, body: number, candidate: Record<string, unknown>, header: Record<string, unknown>): void {
  const { table } = reader;
  let isCancelled = false;
  for (let child = body + 1; child < table.endOf(body); child = table.endOf(child)) {
    if (table.localOf(child) !== 'Cancel' || !table.isEpc(child)) {
      reader.report('unknown-element', child, reader.root, '/cancellation');
      continue;
    }
    const value = boolean(table.textOf(child));
    if (isCancelled) reader.report('element-repeated', child, reader.root, '/cancellation');
    else if (value instanceof Refusal) reader.report(value.code, child, reader.root, '/cancellation', value.detail);
    else if (value !== true) reader.report('value-not-allowed', child, reader.root, '/cancellation', CANCEL_FALSE);
    isCancelled = true;
  }
  if (!isCancelled) reader.report('required', body, reader.root, '/cancellation', CANCEL_MISSING);
  candidate['cancellation'] = {};
  if (header['messageId'] !== undefined) header['referenceMessageId'] = header['messageId'];
  // The journal number says which dossier; the canonical portCall needs a port beside it: the code of an unknown one.
  const portCall = candidate['portCall'] as Record<string, unknown> | undefined;
  if (portCall !== undefined) portCall['portOfCall'] = { unLocode: 'ZZUKN' };
}

/** What the rows ask about the message as a whole: looked up before the walk, so that the order of elements does not matter. */
function factsOf(table: ElementTable, header: number | undefined, body: number | undefined): Facts {
  const present = new Map<string, number>();
  if (body !== undefined) {
    const end = table.endOf(body);
    for (let child = body + 1; child < end; child = table.endOf(child)) {
      const local = table.localOf(child);
      if (!present.has(local) && table.hasContent(child)) present.set(local, child);
    }
  }
  const has = (element: string): boolean => present.has(element);
  const said = header === undefined ? undefined : table.childText(header, 'ArrivalDeparture')?.toLowerCase();
  const declarationType =
    said === 'arrival' || said === 'departure' ? said : has('PortOfDeparture') && !has('PortOfArrival') ? 'departure' : 'arrival';

  const [wanted, other] =
    declarationType === 'departure' ? (['PortOfDeparture', 'PortOfArrival'] as const) : (['PortOfArrival', 'PortOfDeparture'] as const);
  const portOfCallElement = has(wanted) ? wanted : has(other) ? other : undefined;
  const second = portOfCallElement === wanted && has(other) ? present.get(other) : undefined;
  const first = present.get(wanted);
  const isSamePort = second !== undefined && first !== undefined && isSame(portCodeOf(table, first), portCodeOf(table, second));

  const cargo = present.get('CargoData');
  const registration = present.get('ShipID');
  const registrationPort = registration === undefined ? undefined : table.childOf(registration, 'RegistrationPort');
  return {
    declarationType,
    has,
    portOfCallElement,
    secondPortOfCallElement: isSamePort ? other : undefined,
    hasRegistryPort: registrationPort !== undefined && namesPort(table, registrationPort),
    hasSecurity: SECURITY_ELEMENTS.some(has),
    hasCrewEffects: has('DutiableCrewEffects') || has('DutiableCrewEffect'),
    hasHealth: has('HealthData') || has('Health'),
    hasDangerousGoodsSheets: has('GeneralDescriptionOfDG') && cargo !== undefined && hasSheet(table, cargo),
  };
}

/** More than a country. */
function namesPort(table: ElementTable, registrationPort: number): boolean {
  const end = table.endOf(registrationPort);
  for (let child = registrationPort + 1; child < end; child = table.endOf(child)) {
    if (table.localOf(child) !== 'CountryCode' && table.hasContent(child)) return true;
  }
  return false;
}

function isSame(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && one === other;
}

function portCodeOf(table: ElementTable, port: number): string | undefined {
  const at = table.childOf(port, 'Location') ?? port;
  const code = table.childText(at, 'UNLoCode')?.toUpperCase().replace(/\s+/g, '');
  return code?.length === 3 ? `${table.childText(at, 'CountryCode')?.toUpperCase() ?? ''}${code}` : code;
}

function hasSheet(table: ElementTable, cargo: number): boolean {
  const end = table.endOf(cargo);
  for (let row = cargo; row < end; row++) if (table.localOf(row) === 'DGSafetyDataSheet' && table.hasContent(row)) return true;
  return false;
}

/** Reads the message once more, noting what came from where. */
function locatorIn(table: ElementTable): (pointer: string) => SourcePosition {
  const parts = partsOf(table) as Parts;
  const positions = new Map<string, XmlElement>();
  if (parts.header !== undefined) positions.set('/header', table.elementOf(parts.header));
  for (const pointer of ['/portCall', '/formalities', '/cancellation']) positions.set(pointer, table.elementOf(parts.body));
  const ship = table.childOf(parts.body, 'ShipID');
  readMessage(new EpcReader(table, positions), parts);
  if (ship !== undefined) positions.set('/ship', table.elementOf(ship));
  const { document } = table;
  return (pointer) => document.locate(nearest(positions, pointer) ?? document.root);
}

function scannedAgain(bytes: Buffer): ElementTable {
  const table = new ElementTable();
  if (!scanEpc(bytes, table)) throw new Error('the message is not what it was when it was read');
  return table;
}

function nearest(positions: ReadonlyMap<string, XmlElement>, pointer: string): XmlElement | undefined {
  for (let at = pointer; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
    const element = positions.get(at);
    if (element !== undefined) return element;
  }
  return undefined;
}

const NO_BODY = {
  en: 'The message has no EPCRequestBody and no EPCCancelBody.',
  vi: 'Thông điệp không có EPCRequestBody hoặc EPCCancelBody.',
};
const ANSWER_AS_SUBMISSION = {
  en: 'This is an answer (receipt or acknowledge), not a declaration: an EPCRequestBody or EPCCancelBody is needed.',
  vi: 'Đây là thông điệp trả lời, không phải tờ khai: cần EPCRequestBody hoặc EPCCancelBody.',
};
const NO_HEADER = { en: 'EPCMessageHeader is missing.', vi: 'Thiếu EPCMessageHeader.' };
const NO_MESSAGE_ID = { en: 'ShipMessageId is missing.', vi: 'Thiếu ShipMessageId.' };
const CANCEL_FALSE = { en: 'A cancel says Cancel = true.', vi: 'Thông điệp hủy cần Cancel = true.' };
const CANCEL_MISSING = { en: 'Cancel is missing.', vi: 'Thiếu Cancel.' };
const ATTRIBUTES_IGNORED = { en: 'EPC elements have no attributes; they were ignored.', vi: 'Phần tử EPC không có thuộc tính; đã bỏ qua.' };
const TYPE_ASSUMED: Record<string, { en: string; vi: string }> = {
  arrival: { en: 'ArrivalDeparture is missing; it was read as Arrival.', vi: 'Thiếu ArrivalDeparture; đã hiểu là Arrival.' },
  departure: { en: 'ArrivalDeparture is missing; it was read as Departure.', vi: 'Thiếu ArrivalDeparture; đã hiểu là Departure.' },
};
