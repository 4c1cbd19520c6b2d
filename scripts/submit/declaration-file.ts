/** A declaration on the disk: its type, and its copies with other message ids. */
export type DeclarationType = 'application/xml' | 'application/json';

const JSON_MESSAGE_ID = /("messageId"\s*:\s*")(?:[^"\\]|\\.)*(")/;
const XML_MESSAGE_ID = /(<(?:[\w.-]+:)?ShipMessageId(?:\s[^>]*)?>)[^<]*(<\/)/;

/** By its extension, else by its first character; undefined when neither tells. */
export function declarationTypeOf(name: string, bytes: Buffer): DeclarationType | undefined {
  const extension = /\.([a-z]+)$/i.exec(name)?.[1]?.toLowerCase();
  if (extension === 'xml') return 'application/xml';
  if (extension === 'json') return 'application/json';
  const start = bytes
    .subarray(0, 1_024)
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trimStart()[0];
  if (start === '<') return 'application/xml';
  return start === '{' ? 'application/json' : undefined;
}

/**
 * The same bytes around another message id: made once per file, so that a load of ten thousand costs one concatenation each.
 * Undefined when the document has no message id (header.messageId, ShipMessageId).
 */
export function messageIdReplacer(bytes: Buffer, type: DeclarationType): ((messageId: string) => Buffer) | undefined {
  const text = bytes.toString('utf8');
  const match = (type === 'application/json' ? JSON_MESSAGE_ID : XML_MESSAGE_ID).exec(text);
  if (match === null) return undefined;
  const [whole, before = '', after = ''] = match;
  const head = Buffer.from(text.slice(0, match.index) + before);
  const tail = Buffer.from(after + text.slice(match.index + whole.length));
  return (messageId) => Buffer.concat([head, Buffer.from(messageId), tail]);
}
