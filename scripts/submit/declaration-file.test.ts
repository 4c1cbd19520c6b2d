import { declarationTypeOf, messageIdReplacer } from './declaration-file';

test.each([
  ['call.xml', '', 'application/xml'],
  ['CALL.JSON', '', 'application/json'],
  ['call.txt', ' \n<a/>', 'application/xml'],
  ['call', '\ufeff{"header":{}}', 'application/json'],
  ['call.edi', "UNA:+.? '", undefined],
  ['empty', '', undefined],
])('%s beginning with %j is %s', (name, text, type) => {
  expect(declarationTypeOf(name, Buffer.from(text))).toBe(type);
});

test('only the message id of a JSON declaration changes', () => {
  const text = '{ "header": {"referenceMessageId": "r", "messageId" : "a\\"b", "senderId": "Đ"} }';
  const replace = messageIdReplacer(Buffer.from(text), 'application/json');
  expect(replace?.('new-1').toString()).toBe('{ "header": {"referenceMessageId": "r", "messageId" : "new-1", "senderId": "Đ"} }');
});

test('only the ShipMessageId of an EPC message changes, with and without a prefix', () => {
  const plain = messageIdReplacer(Buffer.from('<EPCMessage><ShipMessageId>1</ShipMessageId><x>1</x></EPCMessage>'), 'application/xml');
  expect(plain?.('n').toString()).toBe('<EPCMessage><ShipMessageId>n</ShipMessageId><x>1</x></EPCMessage>');
  const prefixed = messageIdReplacer(Buffer.from('<e:ShipMessageId a="b">1</e:ShipMessageId>'), 'application/xml');
  expect(prefixed?.('n').toString()).toBe('<e:ShipMessageId a="b">n</e:ShipMessageId>');
});

test('a document without message id cannot be made unique', () => {
  expect(messageIdReplacer(Buffer.from('{}'), 'application/json')).toBeUndefined();
  expect(messageIdReplacer(Buffer.from('<a/>'), 'application/xml')).toBeUndefined();
});
