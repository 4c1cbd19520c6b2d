import fc from 'fast-check';
import {
  MAX_XML_ATTRIBUTES,
  MAX_XML_DEPTH,
  MAX_XML_ELEMENTS,
  MAX_XML_TEXT_BYTES,
  readStrictXml,
  xpathOf,
  type XmlDocument,
} from './strict-xml';

function refusal(bytes: Buffer | string): { code: string; line: number | undefined; column: number | undefined } | undefined {
  const read = readStrictXml(Buffer.from(bytes as string));
  if (!('unreadable' in read)) return undefined;
  expect(read.unreadable).toHaveLength(1);
  const [fault] = read.unreadable;
  return { code: fault?.code ?? '', line: fault?.line, column: fault?.column };
}

function read(xml: string | Buffer): XmlDocument {
  const document = readStrictXml(Buffer.from(xml as string));
  if ('unreadable' in document) throw new Error(JSON.stringify(document.unreadable));
  return document;
}

function utf16(text: string, bigEndian = false): Buffer {
  const bytes = Buffer.from(text, 'utf16le');
  return bigEndian ? bytes.swap16() : bytes;
}

const nested = (depth: number) => '<a>'.repeat(depth) + '</a>'.repeat(depth);
const attributes = (count: number) => `<a ${Array.from({ length: count }, (_, i) => `x${i}="1"`).join(' ')}/>`;

describe('strict XML', () => {
  describe('malformed XML is xml-malformed with line and column', () => {
    it.each<[string, string, number, number]>([
      ['two roots', '<a/>\n<b/>', 2, 3],
      ['text after the root', '<a/>x', 1, 6],
      ['text before the root', 'x<a/>', 1, 2],
      ['CDATA after the root', '<a/><![CDATA[x]]>', 1, 13],
      ['a raw ampersand', '<a>\n <b>x & y</b></a>', 2, 7],
      ['a raw ampersand before a good one', '<a><b>R&D</b><c>A &amp; B</c></a>', 1, 8],
      ['a raw ampersand behind a good one', '<a><b>A &amp; R&D</b></a>', 1, 16],
      ['an ampersand at the end', '<a>x &', 1, 6],
      ['a raw less-than in an attribute', '<a b="<"/>', 1, 7],
      ['a NUL', '<a>\u0000</a>', 1, 4],
      ['a control character', '<a>\u0001</a>', 1, 4],
      ['U+FFFF', '<a>\uffff</a>', 1, 4],
      ['a reference to NUL', '<a>&#0;</a>', 1, 4],
      ['a reference to a control character', '<a>&#x1F;</a>', 1, 9],
      ['a reference to a surrogate', '<a>&#xD800;</a>', 1, 11],
      ['a reference beyond Unicode', '<a>&#x110000;</a>', 1, 13],
      ['a reference without digits', '<a>&#;</a>', 1, 4],
      ['an unknown entity', '<a>&nbsp;</a>', 1, 4],
      ['an entity named like a property', '<a>&constructor;</a>', 1, 4],
      ['an unbound prefix', '<a><p:b/></a>', 1, 9],
      ['an unbound attribute prefix', '<a p:b="1"/>', 1, 12],
      ['a repeated attribute', '<a b="1" b="2"/>', 1, 16],
      ['an attribute repeated by namespace', '<a xmlns:p="u" xmlns:q="u" p:b="1" q:b="2"/>', 1, 44],
      ['an unquoted attribute', '<a b=1/>', 1, 6],
      ['an attribute without value', '<a b/>', 1, 5],
      ['no white space between attributes', '<a b="1"c="2"/>', 1, 9],
      ['tags that cross', '<a><b></a></b>', 1, 10],
      ['an open element at the end', '<a>\n<b>', 2, 4],
      ['nothing', '', 1, 1],
      ['white space only', ' \n ', 2, 2],
      [']]> in text', '<a>]]></a>', 1, 6],
      ['-- in a comment', '<a><!-- -- --></a>', 1, 11],
      ['an XML declaration after white space', ' <?xml version="1.0"?><a/>', 1, 7],
      ['an XML declaration without version', '<?xml encoding="UTF-8"?><a/>', 1, 15],
      ['a lower-case doctype', '<!doctype a><a/>', 1, 9],
      ['a name that starts with a digit', '<1a/>', 1, 2],
      ['a prefix undeclared as in Namespaces 1.1', '<a xmlns:p=""/>', 1, 13],
    ])('%s', (_, xml, line, column) => {
      expect(refusal(xml)).toEqual({ code: 'xml-malformed', line, column });
    });

    it('a second byte order mark is text before the root', () => {
      expect(refusal('\ufeff\ufeffx<a/>')?.code).toBe('xml-malformed');
    });
  });

  describe('any DOCTYPE is xml-doctype', () => {
    it.each([
      ['bare', '<!DOCTYPE a><a/>'],
      ['external', '<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><a/>'],
      ['an external entity', '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'],
      [
        'a billion laughs',
        `<!DOCTYPE a [<!ENTITY l0 "ha">${Array.from({ length: 9 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join('')}]><a>&l9;</a>`,
      ],
      ['malformed itself', '<?xml version="1.0"?>\n<!-- c --><!DOCTYPE a [ <!'],
      ['inside the root', '<a><!DOCTYPE a></a>'],
      ['after the root', '<a/><!DOCTYPE a>'],
      ['behind a processing instruction', '<?x y?><!DOCTYPE a><a/>'],
    ])('%s', (_, xml) => {
      expect(refusal(xml)?.code).toBe('xml-doctype');
    });
  });

  describe('xml-forbidden', () => {
    it.each([
      ['a processing instruction in the prolog', '<?xml-stylesheet href="x"?><a/>'],
      ['a processing instruction inside', '<a><?php x ?></a>'],
      ['a processing instruction at the end', '<a/><?x?>'],
      ['XML 1.1', '<?xml version="1.1"?><a/>'],
      ['XML 1.7', '<?xml version="1.7"?><a/>'],
      ['a comment inside a value', '<a><b>20<!-- x -->26</b></a>'],
      ['a comment before a value', '<a><b><!-- x -->2026</b></a>'],
      ['a comment after a value', '<a><b>2026<!-- x --></b></a>'],
      ['a comment between CDATA sections', '<a><b><![CDATA[1]]><!----><![CDATA[2]]></b></a>'],
    ])('%s', (_, xml) => {
      expect(refusal(xml)?.code).toBe('xml-forbidden');
    });
  });

  describe('is fine with', () => {
    it.each([
      ['an XML declaration with encoding', '<?xml version="1.0" encoding="utf-8" standalone="yes"?><a>x</a>', 'x'],
      ['one byte order mark', '\ufeff<a>x</a>', 'x'],
      ['CDATA as text', '<a>1 <![CDATA[< & >]]> 2</a>', '1 < & > 2'],
      ['the five entities and character references', '<a>&amp;&lt;&gt;&quot;&apos;&#65;&#x1F6A2;</a>', '&<>"\'A🚢'],
      ['comments outside values', '<!-- a --><a><!-- b --><b/><!-- c --></a><!-- d -->', ''],
      ['line ends of all kinds', '<a>1\r\n2\r3\n4</a>', '1\n2\n3\n4'],
      ['a prefix on everything', '<p:a xmlns:p="u">x</p:a>', 'x'],
      ['two brackets in text', '<a>]]</a>', ']]'],
    ])('%s', (_, xml, text) => {
      expect(read(xml).root.text).toBe(text);
    });
  });

  describe('encodings', () => {
    it.each<[string, Buffer, string]>([
      ['a lone continuation byte', Buffer.from([0x3c, 0x61, 0x3e, 0x80, 0x3c, 0x2f, 0x61, 0x3e]), 'encoding-invalid'],
      ['an overlong NUL', Buffer.from([0x3c, 0x61, 0x3e, 0xc0, 0x80, 0x3c, 0x2f, 0x61, 0x3e]), 'encoding-invalid'],
      ['a surrogate in UTF-8', Buffer.from([0x3c, 0x61, 0x3e, 0xed, 0xa0, 0x80, 0x3c, 0x2f, 0x61, 0x3e]), 'encoding-invalid'],
      ['Latin-1 that says UTF-8', Buffer.from('<?xml version="1.0" encoding="UTF-8"?><a>\u00e9</a>', 'latin1'), 'encoding-invalid'],
      ['UTF-16LE with a byte order mark', utf16('\ufeff<a/>'), 'charset-unsupported'],
      ['UTF-16BE with a byte order mark', utf16('\ufeff<a/>', true), 'charset-unsupported'],
      ['UTF-16LE without', utf16('<a/>'), 'charset-unsupported'],
      ['UTF-16BE without', utf16('<a/>', true), 'charset-unsupported'],
      ['UTF-32BE', Buffer.from([0, 0, 0, 0x3c, 0, 0, 0, 0x61]), 'charset-unsupported'],
      ['Latin-1 that says so', Buffer.from('<?xml version="1.0" encoding="ISO-8859-1"?><a>\u00e9</a>', 'latin1'), 'charset-unsupported'],
      ['ASCII bytes that say UTF-16', Buffer.from('<?xml version="1.0" encoding="UTF-16"?><a/>'), 'charset-unsupported'],
      ['ASCII bytes that say windows-1258', Buffer.from("<?xml version='1.0' encoding='windows-1258'?><a/>"), 'charset-unsupported'],
    ])('%s', (_, bytes, code) => {
      expect(refusal(bytes)?.code).toBe(code);
    });

    it('says where the first bad byte is', () => {
      const bytes = Buffer.concat([Buffer.from('<a>\n  é'), Buffer.from([0xff]), Buffer.from('</a>')]);
      expect(refusal(bytes)).toEqual({ code: 'encoding-invalid', line: 2, column: 4 });
    });
  });

  describe('limits', () => {
    it.each<[string, string, boolean]>([
      ['depth at the limit', nested(MAX_XML_DEPTH), true],
      ['depth beyond', nested(MAX_XML_DEPTH + 1), false],
      ['attributes at the limit', attributes(MAX_XML_ATTRIBUTES), true],
      ['attributes beyond', attributes(MAX_XML_ATTRIBUTES + 1), false],
      ['text at the limit', `<a>${'x'.repeat(MAX_XML_TEXT_BYTES)}</a>`, true],
      ['text beyond', `<a>${'x'.repeat(MAX_XML_TEXT_BYTES + 1)}</a>`, false],
      ['text beyond in bytes, not in characters', `<a>${'ệ'.repeat(MAX_XML_TEXT_BYTES / 3 + 1)}</a>`, false],
      ['text beyond in pieces', `<a>${'<![CDATA[xxxxxxxx]]>'.repeat(MAX_XML_TEXT_BYTES / 8 + 1)}</a>`, false],
      ['text beyond by references', `<a>${'&#65;'.repeat(MAX_XML_TEXT_BYTES + 1)}</a>`, false],
      ['an attribute value beyond', `<a b="${'x'.repeat(MAX_XML_TEXT_BYTES + 1)}"/>`, false],
      ['white space between many elements, which is no text', `<a>${`\n${' '.repeat(20)}<b/>`.repeat(5_000)}</a>`, true],
    ])('%s', (_, xml, isFine) => {
      expect(refusal(xml)?.code).toBe(isFine ? undefined : 'xml-limit');
    });

    it('elements at the limit and beyond', () => {
      expect(refusal(`<a>${'<b/>'.repeat(MAX_XML_ELEMENTS - 1)}</a>`)).toBeUndefined();
      expect(refusal(`<a>${'<b/>'.repeat(MAX_XML_ELEMENTS)}</a>`)?.code).toBe('xml-limit');
    });
  });

  it('gives the position of every start tag, whatever ends its name', () => {
    const document = read('<a>\n  <b\r\n x="1">1</b><b>2</b>\r\n<c/></a>');
    const [first, second, third] = document.root.children;
    expect(first && document.locate(first)).toEqual({ xpath: '/a/b[1]', line: 2, column: 3 });
    expect(second && document.locate(second)).toEqual({ xpath: '/a/b[2]', line: 3, column: 13 });
    expect(third && document.locate(third)).toEqual({ xpath: '/a/c', line: 4, column: 1 });
  });

  it('leaves out what a schema processor uses and tells of other attributes', () => {
    const document = read('<a xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="u v" xml:lang="vi"><b x="1"/></a>');
    expect(document.attributed.map(xpathOf)).toEqual(['/a/b']);
  });

  it('never throws, whatever the bytes', () => {
    const pieces = fc.array(
      fc.constantFrom(
        '<a>',
        '</a>',
        '<b x="1">',
        '</b>',
        '<a/>',
        '&amp;',
        '&#0;',
        '<!--',
        '-->',
        '<![CDATA[',
        ']]>',
        '<?',
        '?>',
        '\u0000',
        'x',
        ' ',
        'é',
        '"',
      ),
      { maxLength: 40 },
    );
    fc.assert(fc.property(pieces, (parts) => expect(readStrictXml(Buffer.from(parts.join('')))).toBeDefined()));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => expect(readStrictXml(Buffer.from(bytes))).toBeDefined()));
  });
});
