import { problem } from '../../core/problem-catalogue';
import type { Reading, SourcePosition } from '../reading';
import { bodyRules, finishDeclaration, headerRules, SECURITY_ELEMENTS } from './epc-mapping';
import { childOf, childText, EPC_NAMESPACE, EpcReader, hasContent, isEpc, MIXED_CONTENT, trimmed } from './epc-reader';
import type { Facts } from './epc-rules';
import { boolean, Refusal } from './conversions';
import { readStrictXml, type XmlDocument, type XmlElement } from './strict-xml';

export { EPC_NAMESPACE } from './epc-reader';

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
 */
export function readEpc(bytes: Buffer): Reading {
  const document = readStrictXml(bytes);
  if ('unreadable' in document) return document;
  const { root } = document;
  if (root.local !== 'EPCMessage' || root.uri !== EPC_NAMESPACE) {
    return { unreadable: [problem('dialect-unknown', document.locate(root))] };
  }
  const parts = partsOf(document);
  if ('unreadable' in parts) return parts;

  const reader = new EpcReader(document);
  readMessage(reader, document, parts);
  let positions: Map<string, XmlElement> | undefined;
  return {
    dialect: dialectOf(parts.body),
    resendIsUpdate: true,
    candidate: reader.root.value ?? {},
    problems: reader.problems,
    locate(pointer: string): SourcePosition {
      // Positions are asked for when something is wrong: only then is the tree read again, noting what came from where.
      positions ??= positionsOf(document, parts);
      return document.locate(nearest(positions, pointer) ?? root);
    },
  };
}

interface Parts {
  header: XmlElement | undefined;
  body: XmlElement;
}

function partsOf(document: XmlDocument): Parts | { unreadable: [ReturnType<typeof problem>] } {
  const { root } = document;
  const elements = root.children.filter(isEpc);
  const header = elements.find(({ local }) => local === 'EPCMessageHeader');
  const body = elements.find(({ local }) => local === 'EPCRequestBody' || local === 'EPCCancelBody');
  if (body !== undefined) return { header, body };
  const answer = elements.find(({ local }) => BODIES.includes(local));
  const detail = answer === undefined ? NO_BODY : ANSWER_AS_SUBMISSION;
  const place = document.locate(answer ?? root);
  return { unreadable: [problem('required', { ...place, xpath: '/EPCMessage/EPCRequestBody' }, detail)] };
}

function dialectOf(body: XmlElement): EpcDialect {
  const { uri } = body.children.find(isEpc) ?? body;
  return uri === EPC_NAMESPACE ? 'epc-2011' : 'epc-2021';
}

function readMessage(reader: EpcReader, document: XmlDocument, { header, body }: Parts): void {
  for (const element of document.root.children) {
    if (element === header || element === body) continue;
    const isSecond = isEpc(element) && (element.local === 'EPCMessageHeader' || BODIES.includes(element.local));
    reader.report(isSecond ? 'element-repeated' : 'unknown-element', element, reader.root, '');
  }
  if (document.root.text !== '') reader.report('format', document.root, reader.root, '', MIXED_CONTENT);
  if (document.attributed[0] !== undefined) {
    reader.report('element-unmapped', document.attributed[0], reader.root, '', ATTRIBUTES_IGNORED, 'warning');
  }

  const isCancel = body.local === 'EPCCancelBody';
  reader.facts = factsOf(header, isCancel ? undefined : body);
  if (header === undefined) reader.report('required', document.root, reader.root, '/header', NO_HEADER);
  else reader.readChildren(header, headerRules, reader.root);

  const candidate = (reader.root.value ??= {});
  const declared = (candidate['header'] ??= {}) as Record<string, unknown>;
  declared['purpose'] = isCancel ? 'cancel' : 'original';
  const messageId = declared['messageId'];
  if (messageId === undefined && header !== undefined) reader.report('required', header, reader.root, '/header/messageId', NO_MESSAGE_ID);
  if (declared['declarationType'] === undefined && header !== undefined && childText(header, 'ArrivalDeparture') === undefined) {
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

function readCancel(reader: EpcReader, body: XmlElement, candidate: Record<string, unknown>, header: Record<string, unknown>): void {
  let isCancelled = false;
  for (const child of body.children) {
    if (child.local !== 'Cancel' || !isEpc(child)) {
      reader.report('unknown-element', child, reader.root, '/cancellation');
      continue;
    }
    const value = boolean(trimmed(child.text));
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
function factsOf(header: XmlElement | undefined, body: XmlElement | undefined): Facts {
  const present = new Map<string, XmlElement>();
  if (body !== undefined) {
    for (const child of body.children) if (!present.has(child.local) && hasContent(child)) present.set(child.local, child);
  }
  const has = (element: string): boolean => present.has(element);
  const said = header === undefined ? undefined : childText(header, 'ArrivalDeparture')?.toLowerCase();
  const declarationType =
    said === 'arrival' || said === 'departure' ? said : has('PortOfDeparture') && !has('PortOfArrival') ? 'departure' : 'arrival';

  const [wanted, other] =
    declarationType === 'departure' ? (['PortOfDeparture', 'PortOfArrival'] as const) : (['PortOfArrival', 'PortOfDeparture'] as const);
  const portOfCallElement = has(wanted) ? wanted : has(other) ? other : undefined;
  const second = portOfCallElement === wanted && has(other) ? present.get(other) : undefined;
  const first = present.get(wanted);
  const isSamePort = second !== undefined && first !== undefined && isSame(portCodeOf(first), portCodeOf(second));

  const cargo = present.get('CargoData');
  const registration = present.get('ShipID');
  const registrationPort = registration === undefined ? undefined : childOf(registration, 'RegistrationPort');
  return {
    declarationType,
    has,
    portOfCallElement,
    secondPortOfCallElement: isSamePort ? other : undefined,
    hasRegistryPort: registrationPort?.children.some((child) => child.local !== 'CountryCode' && hasContent(child)) === true,
    hasSecurity: SECURITY_ELEMENTS.some(has),
    hasHealth: has('HealthData') || has('Health'),
    hasDangerousGoodsSheets: has('GeneralDescriptionOfDG') && cargo !== undefined && hasSheet(cargo),
  };
}

function isSame(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && one === other;
}

function portCodeOf(element: XmlElement): string | undefined {
  const at = childOf(element, 'Location') ?? element;
  const code = childText(at, 'UNLoCode')?.toUpperCase().replace(/\s+/g, '');
  return code?.length === 3 ? `${childText(at, 'CountryCode')?.toUpperCase() ?? ''}${code}` : code;
}

function hasSheet(element: XmlElement): boolean {
  return element.local === 'DGSafetyDataSheet' ? hasContent(element) : element.children.some(hasSheet);
}

function positionsOf(document: XmlDocument, parts: Parts): Map<string, XmlElement> {
  const positions = new Map<string, XmlElement>();
  if (parts.header !== undefined) positions.set('/header', parts.header);
  for (const pointer of ['/portCall', '/formalities', '/cancellation']) positions.set(pointer, parts.body);
  const ship = childOf(parts.body, 'ShipID');
  readMessage(new EpcReader(document, positions), document, parts);
  if (ship !== undefined) positions.set('/ship', ship);
  return positions;
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
