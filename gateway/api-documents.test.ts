import Ajv from 'ajv';
import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import asyncapiSchema from '@asyncapi/specs/schemas/3.0.0.json';
import openapiSchema from '@seriousme/openapi-schema-validator/schemas/v3.1/schema.json';
import { readSettings } from '../config/settings';
import { loadRules } from '../config/load-rules';
import { problemCodes } from './core/problem-catalogue';
import { EventType } from './core/messages';
import { createDocuments } from './documents';
import { problemStatus } from './edges/http/problem-status';
import { topicCatalogue } from './topic-catalogue';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const rules = loadRules(readSettings({}));
const documents = createDocuments(rules);
const openapi = documents.openapi as unknown as {
  paths: Record<string, Record<string, Json>>;
  components: Record<string, Record<string, Json>>;
};
const asyncapi = documents.asyncapi as unknown as {
  channels: Record<string, { address: string }>;
  components: { messages: Record<string, { name: string }> };
};

/** Every object of a document with its JSON Pointer. */
function* objectsOf(value: Json, pointer = ''): Generator<[string, { [key: string]: Json }]> {
  if (value === null || typeof value !== 'object') return;
  if (!Array.isArray(value)) yield [pointer, value];
  for (const [key, entry] of Object.entries(value))
    yield* objectsOf(entry, `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`);
}

function at(document: Json, pointer: string): Json | undefined {
  let value: Json | undefined = document;
  for (const part of pointer.split('/').slice(1))
    value = (value as Record<string, Json> | undefined)?.[part.replaceAll('~1', '/').replaceAll('~0', '~')];
  return value;
}

test('the OpenAPI document follows the schema of OpenAPI 3.1', () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats(ajv);
  ajv.addFormat('media-range', true);
  const validate = ajv.compile(openapiSchema);
  validate(openapi);
  expect(validate.errors).toBeNull();
});

test('the AsyncAPI document follows the schema of AsyncAPI 3.0', () => {
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false, meta: false, validateSchema: false });
  const validate = ajv.compile(asyncapiSchema);
  validate(asyncapi);
  expect(validate.errors).toBeNull();
});

test.each([
  ['OpenAPI', documents.openapi],
  ['AsyncAPI', documents.asyncapi],
])('every reference of the %s document has its target in it', (_name, document) => {
  let count = 0;
  for (const [pointer, object] of objectsOf(document as Json)) {
    const reference = object['$ref'];
    if (typeof reference !== 'string') continue;
    count++;
    expect([pointer, reference, at(document as Json, reference.slice(1)) !== undefined]).toEqual([pointer, reference, true]);
    expect(reference.startsWith('#/')).toBe(true);
  }
  expect(count).toBeGreaterThan(50);
});

test('every example of the OpenAPI document follows its schema', () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats(ajv);
  ajv.addSchema(openapi, 'openapi');
  const seen: string[] = [];
  for (const [pointer, object] of objectsOf(openapi)) {
    if (!('example' in object) || !('schema' in object)) continue;
    const validate = ajv.compile({ $ref: `openapi#${pointer.split('/').map(encodeURIComponent).join('/')}/schema` });
    seen.push(pointer);
    expect([pointer, validate(object['example']), validate.errors]).toEqual([pointer, true, null]);
  }
  expect(seen.length).toBeGreaterThan(15);
});

test('every schema of both documents compiles', () => {
  for (const document of [documents.openapi, documents.asyncapi]) {
    const ajv = new Ajv2020({ strict: false });
    addFormats(ajv);
    ajv.addSchema(document, 'document');
    const { schemas } = (document as { components: { schemas: object } }).components;
    for (const name of Object.keys(schemas)) expect(() => ajv.compile({ $ref: `document#/components/schemas/${name}` })).not.toThrow();
  }
});

test('every problem code stands in the enumeration, and at an answer with its status', () => {
  expect((openapi.components['schemas']?.['ProblemCode'] as { enum: string[] }).enum).toEqual(problemCodes);
  const named = Object.values(openapi.components['responses'] ?? {}).flatMap(
    (response) => (response as { 'x-problem-codes': string[] })['x-problem-codes'],
  );
  // 405 has no operation to stand at: it is the answer of a method that has none.
  const expected = problemCodes.filter((code) => problemStatus[code] !== 405);
  expect([...new Set(named)].sort()).toEqual([...expected].sort());
});

test('every operation says its summary, role, security and tag', () => {
  const tags = (documents.openapi as { tags: { name: string }[] }).tags.map((tag) => tag.name);
  const ids = new Set<string>();
  for (const item of Object.values(openapi.paths)) {
    for (const [method, entry] of Object.entries(item)) {
      if (method === 'parameters') continue;
      const operation = entry as {
        operationId: string;
        summary: string;
        tags: string[];
        security?: [];
        'x-role': string[];
        responses: Record<string, Json>;
      };
      expect(ids.has(operation.operationId)).toBe(false);
      ids.add(operation.operationId);
      expect(tags).toContain(operation.tags[0]);
      const roles = operation['x-role'];
      for (const role of roles) expect(['public', 'agent', 'agency', 'operator', 'auditor']).toContain(role);
      if (roles.includes('public')) expect(operation.security).toEqual([]);
      else expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['401', '403']));
    }
  }
});

test('the AsyncAPI document has the topics of the catalogue and no other', () => {
  const addresses = Object.values(asyncapi.channels).map((channel) => channel.address);
  const topics = topicCatalogue(['customs'], { partitions: 12, retentionDays: 400 }).map(({ topic }) =>
    topic.replace('customs', '{agency}'),
  );
  expect(addresses.sort()).toEqual(topics.sort());
});

test('the AsyncAPI document has every event type', () => {
  const names = new Set(Object.values(asyncapi.components.messages).map((message) => message.name));
  for (const type of Object.values(EventType)) expect(names).toContain(type);
});
