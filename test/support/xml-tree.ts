import { EPC_NAMESPACE } from '../../gateway/wire/epc/read-epc';
import { readStrictXml, type XmlElement } from '../../gateway/wire/epc/strict-xml';

/** Reads XML that must be well formed. */
export function xmlTree(xml: string): XmlElement {
  const document = readStrictXml(Buffer.from(xml));
  if ('unreadable' in document) throw new Error(`not well formed: ${JSON.stringify(document.unreadable)}`);
  return document.root;
}

/** The tree as XML text again, with two blanks a level; `order` may rearrange the children of each element. */
export function xmlText(
  root: XmlElement,
  order: (children: readonly XmlElement[]) => readonly XmlElement[] = (children) => children,
): string {
  const write = (element: XmlElement, inherited: string, margin: string): string => {
    const namespace = element.uri === inherited ? '' : ` xmlns="${element.uri}"`;
    const start = `${margin}<${element.local}${namespace}`;
    if (element.children.length === 0) {
      return element.text === '' ? `${start}/>\n` : `${start}>${escaped(element.text)}</${element.local}>\n`;
    }
    const inner = order(element.children).map((child) => write(child, element.uri, `${margin}  `));
    return `${start}>\n${inner.join('')}${margin}</${element.local}>\n`;
  };
  return `<?xml version="1.0" encoding="UTF-8"?>\n${write(root, '', '')}`;
}

/** Any order of elements that keeps those of one name in theirs: lists stay lists. `random` gives numbers of [0, 1). */
export function shuffledByName(random: () => number): (children: readonly XmlElement[]) => readonly XmlElement[] {
  return (children) => {
    const slots = children.map((child) => child.local);
    for (let i = slots.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      [slots[i], slots[j]] = [slots[j] as string, slots[i] as string];
    }
    const queues = new Map<string, XmlElement[]>();
    for (const child of children) queues.set(child.local, [...(queues.get(child.local) ?? []), child]);
    return slots.map((name) => queues.get(name)?.shift()).filter((child) => child !== undefined);
  };
}

export function childOf(element: XmlElement, local: string): XmlElement | undefined {
  return element.children.find((child) => child.local === local);
}

/** Text of a child, undefined where it is missing or empty. */
export function childText(element: XmlElement, local: string): string | undefined {
  const text = childOf(element, local)?.text.trim();
  return text === '' ? undefined : text;
}

/** A whole message around the given inner XML, for tests of single elements. */
export function epcMessage(body: string, header = '<ShipMessageId>M1</ShipMessageId><ArrivalDeparture>Arrival</ArrivalDeparture>'): string {
  return `<EPCMessage xmlns="${EPC_NAMESPACE}"><EPCMessageHeader>${header}</EPCMessageHeader><EPCRequestBody>${body}</EPCRequestBody></EPCMessage>`;
}

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/\r/g, '&#13;');
}
