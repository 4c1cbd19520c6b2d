import fc from 'fast-check';

/** Messages with something done to them that a sender, a network or an attacker might do: most are still XML, many still right. */

/** What is put somewhere: of markup, of references, of characters, right and wrong. */
const PIECES = [
  '&amp;',
  '&lt;&gt;',
  '&quot;&apos;',
  '&#65;',
  '&#x41;',
  '&foo;',
  '&',
  '&amp',
  '<',
  '>',
  ']]>',
  ']] >',
  '<!-- c -->',
  '<![CDATA[x]]>',
  '<?pi x?>',
  '<!DOCTYPE a>',
  '<?xml version="1.0"?>',
  ' ',
  '\n',
  '\r',
  '\r\n',
  '\t',
  '\u00a0',
  '\u0085',
  '\u2028',
  '\ufeff',
  '\ufffd',
  '\uffff',
  '\u0000',
  '\u0001',
  '\u007f',
  'Đ',
  '越',
  '😀',
  ' xmlns="http://www.iso.org/28005-2"',
  ' xmlns=""',
  ' xmlns="urn:x"',
  ' xmlns:n="http://www.iso.org/28005-2"',
  ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"',
  ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a b"',
  ' xsi:nil="true"',
  ' xml:lang="en"',
  ' a="b"',
  " a='b'",
  ' a=b',
  ' a="<"',
  ' a="&#10;"',
  ' ',
  '/',
  'n:',
  'x:',
  '-',
  '"',
  '0',
  'text',
  '<Name>X</Name>',
  '<ETA/>',
  '<UCR>1</UCR>',
  '<Elsewhere/>',
] as const;

const SPACES = ['', ' ', '\n', '\r\n', '\t', '\n  '] as const;

type Change = (text: string, at: (length: number) => number) => string;

/** Offset of one of the matches; the end where there is none. */
function placeOf(text: string, pattern: RegExp, at: (length: number) => number): number {
  const places = [...text.matchAll(pattern)].map(({ index, 0: match }) => index + match.length);
  return places[at(places.length)] ?? text.length;
}

function spliced(text: string, place: number, removed: number, added: string): string {
  return text.slice(0, place) + added + text.slice(place + removed);
}

const VALUE = /<(\w+)>[^<]*<\/\1>/g;

const CHANGES: Record<string, Change> = {
  'a piece anywhere': (text, at) => spliced(text, at(text.length), 0, PIECES[at(PIECES.length)] ?? ''),
  'a piece behind a tag': (text, at) => spliced(text, placeOf(text, />/g, at), 0, PIECES[at(PIECES.length)] ?? ''),
  'a piece behind a name': (text, at) => spliced(text, placeOf(text, /<\/?\w+/g, at), 0, PIECES[at(PIECES.length)] ?? ''),
  'a piece at the beginning of a name': (text, at) => spliced(text, placeOf(text, /<\/?/g, at), 0, PIECES[at(PIECES.length)] ?? ''),
  'another value': (text, at) => {
    const place = placeOf(text, />(?=[^<>]+<)/g, at);
    return spliced(text, place, Math.max(0, text.indexOf('<', place) - place), PIECES[at(PIECES.length)] ?? '');
  },
  'a cut': (text, at) => spliced(text, at(text.length), 1 + at(5), ''),
  'an end': (text, at) => text.slice(0, at(text.length)),
  'a value twice': (text, at) => {
    const value = [...text.matchAll(VALUE)][at(200)]?.[0] ?? '';
    return spliced(text, placeOf(text, />/g, at), 0, value);
  },
  'a value less': (text, at) => {
    const values = [...text.matchAll(VALUE)];
    const value = values[at(values.length)];
    return value === undefined ? text : spliced(text, value.index, value[0].length, '');
  },
  'two values swapped': (text, at) => {
    const values = [...text.matchAll(VALUE)];
    const [one, other] = [values[at(values.length)], values[at(values.length)]];
    if (one === undefined || other === undefined || one.index >= other.index) return text;
    return spliced(spliced(text, other.index, other[0].length, one[0]), one.index, one[0].length, other[0]);
  },
  'another name': (text, at) => {
    const names = [...new Set([...text.matchAll(/<(\w+)/g)].map(([, name]) => name ?? ''))];
    const [one, other] = [names[at(names.length)], names[at(names.length)]];
    return one === undefined || other === undefined ? text : text.replace(new RegExp(`(</?)${one}\\b`, 'g'), `$1${other}`);
  },
  'another name of one tag': (text, at) => {
    const place = placeOf(text, /<\/?(?=\w)/g, at);
    const length = /^\w+/.exec(text.slice(place))?.[0].length ?? 0;
    return spliced(text, place, length, ['Name', 'ETA', 'PortOfArrival', 'Unknown'][at(4)] ?? '');
  },
  'a prefix': (text) =>
    text
      .replace(/<(\/?)(\w)/g, '<$1n:$2')
      .replace('xmlns="http://www.iso.org/28005-2"', 'xmlns:n="http://www.iso.org/28005-2"')
      .replaceAll(' xmlns=""', ''),
  'white space between elements': (text, at) => text.replace(/>\s*</g, () => `>${SPACES[at(SPACES.length)] ?? ''}<`),
  'white space around values': (text, at) =>
    text.replace(/>([^<>]+)</g, (_, value: string) => `>${SPACES[at(6)] ?? ''}${value}${SPACES[at(6)] ?? ''}<`),
  'empty elements': (text) => text.replace(/<(\w+)><\/\1>/g, '<$1/>'),
  'white space in end tags': (text, at) => text.replace(/<\/\w+/g, (tag) => (at(8) === 0 ? `${tag} ` : tag)),
};

const changes = fc.array(
  fc.tuple(fc.constantFrom(...Object.keys(CHANGES)), fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }))),
  {
    minLength: 1,
    maxLength: 2,
  },
);
const bits = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 7 })), { minLength: 1, maxLength: 2 });

/** One of the documents with one or two changes of its text, or with bits turned over. */
export function mutated(documents: readonly Buffer[]): fc.Arbitrary<Buffer> {
  const document = fc.constantFrom(...documents);
  return fc.oneof(
    {
      weight: 9,
      arbitrary: fc.tuple(document, changes).map(([bytes, list]) =>
        Buffer.from(
          list.reduce((text, [name, numbers]) => {
            const at = (length: number) => Math.floor((numbers.next().value as number) * length);
            return CHANGES[name]?.(text, at) ?? text;
          }, bytes.toString()),
        ),
      ),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(document, bits).map(([bytes, flips]) => {
        const copy = Buffer.from(bytes);
        for (const [place, bit] of flips) copy[place % copy.length] = (copy[place % copy.length] ?? 0) ^ (1 << bit);
        return copy;
      }),
    },
  );
}
