import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { arrivalXml, cancelXml, departureXml } from '../../../test/support/fixtures';
import { xmlConformanceSuite } from '../../../test/support/xml-conformance-suite';
import { mutated } from '../../../test/support/xml-mutations';
import { epcMessage } from '../../../test/support/xml-tree';
import { ElementTable, trimmed } from './element-table';
import { EPC_NAMESPACE, epcNames } from './epc-elements';
import { readEpc, readEpcStrictly } from './read-epc';
import { scanEpc } from './scan-epc';
import { MAX_XML_DEPTH, MAX_XML_TEXT_BYTES, readStrictXml, type XmlElement } from './strict-xml';

const fixtures = join(__dirname, '../../../test/fixtures/epc');
const ours = readdirSync(fixtures).map((name) => readFileSync(join(fixtures, name)));
const made = (['epc-2011', 'epc-2021'] as const).flatMap((dialect) => [
  arrivalXml({ dialect, crew: 2, passengers: 2, consignments: 2, stores: 1, dangerousGoods: 2 }),
  departureXml({ dialect, crew: 1, consignments: 1 }),
  cancelXml({ dialect }),
]);
const plain = [...ours, ...made.map((xml) => Buffer.from(xml))];

const isKnown = (bytes: Buffer | string) => scanEpc(Buffer.from(bytes as string), new ElementTable());

/** Depth first; texts without white space at their ends, which no reader of values looks at. */
function flat(element: XmlElement): unknown[] {
  return [[element.local, element.uri, trimmed(element.text), element.offset, element.id], ...element.children.flatMap(flat)];
}

/** The scanner's word is that of the strict reader, or it has none. */
function expectSame(bytes: Buffer): boolean {
  const table = new ElementTable();
  if (!scanEpc(bytes, table)) return false;
  const strict = readStrictXml(bytes);
  if ('unreadable' in strict) throw new Error(`taken, but ${JSON.stringify(strict.unreadable)}`);
  expect(strict.attributed).toEqual([]);
  expect(flat(table.elementOf(0))).toEqual(flat(strict.root));
  expectSameReading(bytes);
  return true;
}

function expectSameReading(bytes: Buffer): void {
  const [fast, strict] = [readEpc(bytes), readEpcStrictly(bytes)];
  if ('unreadable' in fast || 'unreadable' in strict) {
    expect(fast).toEqual(strict);
    return;
  }
  const { locate: _, ...read } = fast;
  expect(strict).toMatchObject(read);
  // The order of members as well: the record's bytes follow from it.
  expect(JSON.stringify(fast.candidate)).toBe(JSON.stringify(strict.candidate));
  for (const pointer of ['', '/header/sentAt', '/ship/name', '/portCall/portOfCall', '/formalities/crewList/members/1/name', '/nowhere']) {
    expect(fast.locate(pointer)).toEqual(strict.locate(pointer));
  }
}

describe('the scanner', () => {
  it.each(plain.map((bytes, i) => [i, bytes] as const))('knows our message %d', (_, bytes) => {
    expect(expectSame(bytes)).toBe(true);
  });

  it.each([
    ['references', '<GeneralRemark>&amp;&lt;&gt;&quot;&apos; &amp;amp;</GeneralRemark>'],
    ['line ends', '<GeneralRemark> a\r\nb\rc\nd\r\n</GeneralRemark>\r\n<ETA/>\r'],
    [
      'letters beyond ASCII',
      '<GeneralRemark>Đỗ 越 😀 \u0085\u00a0\ufffd\uffe5</GeneralRemark><Unmapped/>'.replace('<Unmapped/>', '<YearOfBuilt>1</YearOfBuilt>'),
    ],
    ['brackets', '<GeneralRemark>]] > a>b ]&gt;</GeneralRemark>'],
    ['empty elements', '<ETA/><ETD></ETD><Agent /><ShipID> </ShipID>'],
    ['the default namespace again', `<ETA xmlns="${EPC_NAMESPACE}">2026-11-24T00:00:00Z</ETA><ETD xmlns=''>2026-11-25T00:00:00Z</ETD>`],
    ['what has no canonical place', '<YearOfBuilt>1999</YearOfBuilt>\n<Beam>wide</Beam><Beam>1</Beam>'],
  ])('knows %s', (_, body) => {
    expect(expectSame(Buffer.from(epcMessage(body)))).toBe(true);
  });

  it.each([
    ['a declaration', '<?xml version="1.0" encoding="utf-8" standalone="yes"?>\r\n', '', ''],
    ["a declaration in '", "<?xml version='1.0'?>", '', '\n'],
    ['an instance prefix', '', ` xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:schemaLocation="${EPC_NAMESPACE} epc.xsd"`, ''],
    ['prefixes of others that are not used', '', ' xmlns:xsd="http://www.w3.org/2001/XMLSchema"\n', ' \t'],
  ])('knows a document with %s', (_, before, attributes, behind) => {
    const message = epcMessage('<ETA>2026-11-24T00:00:00Z</ETA>').replace('>', `${attributes}>`);
    expect(expectSame(Buffer.from(before + message + behind))).toBe(true);
  });

  it('knows prefixes of the EPC namespace', () => {
    const message = `<e:EPCMessage xmlns:e="${EPC_NAMESPACE}"><EPCMessageHeader><ShipMessageId>M</ShipMessageId></EPCMessageHeader><e:EPCRequestBody><e:ETA>2026-11-24T00:00:00Z</e:ETA></e:EPCRequestBody></e:EPCMessage>`;
    expect(expectSame(Buffer.from(message))).toBe(true);
  });

  it('knows every element that has a place in EPC', () => {
    const unknown = epcNames.filter((name) => !isKnown(`<EPCMessage xmlns="${EPC_NAMESPACE}"><${name}>1</${name}></EPCMessage>`));
    expect(unknown).toEqual([]);
  });

  it.each([
    ['a comment', '<!-- x --><ETA/>'],
    ['a CDATA section', '<ETA><![CDATA[x]]></ETA>'],
    ['a processing instruction', '<?x?>'],
    ['a character by number', '<GeneralRemark>&#65;</GeneralRemark>'],
    ['an entity', '<GeneralRemark>&nbsp;</GeneralRemark>'],
    ['text beside elements', '<ShipID>x<ShipName>A</ShipName></ShipID>'],
    ['an unknown element', '<Elsewhere/>'],
    ['a name that only begins as one of EPC', '<ETA-x/>'],
    ['an attribute', '<ETA x="1"/>'],
    ['a namespace of others', '<ETA xmlns="urn:x"/>'],
    ['a prefix that is not declared', '<x:ETA/>'],
    ['a control character', '<GeneralRemark>\u0001</GeneralRemark>'],
    ['U+FFFF', '<GeneralRemark>\uffff</GeneralRemark>'],
    ['the end of a CDATA section', '<GeneralRemark>]]></GeneralRemark>'],
    ['an end tag of another element', '<ETA></ETD>'],
    ['a long text', `<GeneralRemark>${'x'.repeat(MAX_XML_TEXT_BYTES + 1)}</GeneralRemark>`],
    ['long white space', ' '.repeat(MAX_XML_TEXT_BYTES + 1)],
    ['great depth', '<Port>'.repeat(MAX_XML_DEPTH) + '</Port>'.repeat(MAX_XML_DEPTH)],
  ])('leaves %s to the strict reader', (_, body) => {
    expect(isKnown(epcMessage(body))).toBe(false);
    expectSameReading(Buffer.from(epcMessage(body)));
  });

  it.each([
    ['nothing', ''],
    ['white space', ' \n'],
    ['a byte order mark', `\ufeff${made[0] ?? ''}`],
    ['another encoding', (made[0] ?? '').replace('UTF-8', 'latin1')],
    ['XML 1.1', (made[0] ?? '').replace('1.0', '1.1')],
    ['a second root', `${made[0] ?? ''}<EPCMessage/>`],
    ['a document type', `<!DOCTYPE EPCMessage>${epcMessage('')}`],
    ['UTF-16', Buffer.from(made[0] ?? '', 'utf16le')],
    ['bytes that are not UTF-8', Buffer.concat([Buffer.from(epcMessage('<ETA>').split('<ETA>')[0] ?? ''), Buffer.from([0xff])])],
  ])('leaves %s to the strict reader', (_, document) => {
    expect(isKnown(document)).toBe(false);
  });

  it('gives what the strict reader gives for messages that are cut off anywhere', () => {
    const message = Buffer.from(epcMessage('<ShipID xmlns="">\r\n<ShipName>A&amp;Đ</ShipName></ShipID><ETA/>'));
    for (let length = 0; length <= message.length; length++) expectSame(message.subarray(0, length));
  });

  it('gives what the strict reader gives, whatever is done to a message', () => {
    let known = 0;
    fc.assert(
      fc.property(mutated(plain), (bytes) => {
        if (expectSame(bytes)) known++;
      }),
      { numRuns: 1_500 },
    );
    expect(known).toBeGreaterThan(150);
  });

  describe('with the XML conformance suite', () => {
    // Its documents with names of EPC and without their document types, or every one of them would be left to the strict reader.
    const names = ['EPCMessage', 'EPCRequestBody', 'ShipID', 'ShipName', 'Agent', 'Company'];
    const disguised = xmlConformanceSuite().flatMap(({ content }) => {
      const roles = new Map<string, string>();
      const roleOf = (name: string): string => {
        const role = roles.get(name) ?? names[roles.size % names.length] ?? '';
        roles.set(name, role);
        return role;
      };
      const text = content
        .toString()
        .replace(/<!DOCTYPE[^[>]*(\[[^\]]*\])?[^>]*>/, '')
        .replace(/(<\/?)([A-Za-z]\w*)/g, (_, open: string, name: string) => `${open}${roleOf(name)}`);
      const inside = text.replace(/^\s*<\?xml[^>]*\?>/, '').replaceAll('EPCMessage', 'Port');
      return [
        content,
        Buffer.from(text),
        Buffer.from(epcMessage(inside)),
        Buffer.from(epcMessage(`<GeneralRemark>${inside}</GeneralRemark>`)),
      ];
    });

    it('gives what the strict reader gives for its documents', () => {
      expect(disguised.length).toBeGreaterThan(2_000);
      expect(disguised.filter(expectSame).length).toBeGreaterThan(300);
    });

    it('and for what is made of them', () => {
      fc.assert(
        fc.property(mutated(disguised), (bytes) => {
          expectSame(bytes);
        }),
        { numRuns: 1_500 },
      );
    });
  });
});

describe('one table for all messages', () => {
  it('says where things are in a message after others were read', () => {
    const first = readEpc(Buffer.from(epcMessage('<ETA>soon</ETA>')));
    readEpc(plain[0] ?? Buffer.alloc(0));
    if ('unreadable' in first) throw new Error('unreadable');
    expect(first.locate('/portCall/eta')).toEqual(first.locate('/portCall'));
    expect(first.problems).toMatchObject([{ code: 'format', xpath: '/EPCMessage/EPCRequestBody/ETA', line: 1 }]);
  });

  it('grows with a large message and is small again after it', () => {
    const large = Buffer.from(arrivalXml({ consignments: 400 }));
    expect(expectSame(large)).toBe(true);
    const table = new ElementTable();
    scanEpc(large, table);
    expect(table.count).toBeGreaterThan(5_000);
    expect(table.forNext()).toBe(table);
    const huge = new ElementTable();
    while (huge.ends.length <= 65_536) huge.grow();
    expect(huge.forNext().ends.length).toBe(1_024);
  });
});
