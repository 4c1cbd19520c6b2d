import { inlineSchemas } from './inline-schemas';

test('a schema file is put in its place, and its own references follow it there', () => {
  const document = { components: { schemas: { Ship: { $ref: 'ship.json' }, Plain: { type: 'string' } } } };
  const ship = {
    $id: 'urn:ship',
    $schema: 'x',
    properties: { flag: { $ref: '#/$defs/flag' }, self: { $ref: '#' } },
    $defs: { flag: true },
  };
  expect(inlineSchemas<{ components: { schemas: object } }>(document, { 'ship.json': ship }).components.schemas).toEqual({
    Ship: {
      properties: { flag: { $ref: '#/components/schemas/Ship/$defs/flag' }, self: { $ref: '#/components/schemas/Ship' } },
      $defs: { flag: true },
    },
    Plain: { type: 'string' },
  });
  expect(document.components.schemas.Ship).toEqual({ $ref: 'ship.json' });
});

test('a reference by $id points at the place of the other file', () => {
  const document = { components: { schemas: { A: { $ref: 'a.json' }, B: { $ref: 'b.json' } } } };
  const inlined = inlineSchemas<{ components: { schemas: object } }>(document, {
    'a.json': { $id: 'urn:a', items: [{ $ref: 'urn:b' }] },
    'b.json': { $id: 'urn:b', type: 'object' },
  });
  expect(inlined.components.schemas).toEqual({ A: { items: [{ $ref: '#/components/schemas/B' }] }, B: { type: 'object' } });
});

test('a file or a reference that is not there is a fault at start, not at a reader', () => {
  const document = { components: { schemas: { A: { $ref: 'a.json' } } } };
  expect(() => inlineSchemas(document, {})).toThrow('a.json');
  expect(() => inlineSchemas(document, { 'a.json': { $id: 'urn:a', $ref: 'urn:b' } })).toThrow('urn:b');
});
